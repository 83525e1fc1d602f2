/* err.h - what went wrong, and what to do about it.
 *
 * The kind says what to do, the code is one of INTERFACE.md section 4, the
 * message says what happened and to what, in one line, without secrets. */
#ifndef GESYNC_ERR_H
#define GESYNC_ERR_H

enum err_kind {
	ERR_RETRY,              /* burns an attempt, tried again later */
	ERR_HOLD,               /* not the job's fault: burns no attempt */
	ERR_PERMANENT           /* would fail again: dead at once */
};

struct err {
	enum err_kind kind;
	char code[32];
	char msg[256];
};

/* Fills err and returns -1, so that a failing function can
 * `return err_set(...)`. A message too long is cut; control characters in it
 * become spaces, so that it stays one line, and bytes that are no UTF-8 become
 * '?', so that it fits into JSON. Its arguments may be parts of err itself. */
int err_set(struct err *err, enum err_kind kind, const char *code,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
