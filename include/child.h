/* child.h - another program, run to its end on the loop. */
#ifndef GESYNC_CHILD_H
#define GESYNC_CHILD_H

#include "loop.h"

struct child;

#define CHILD_SAID 256  /* bytes of its last line that are kept */

/* status: of exit, 128 + n for signal n, -1 where it could not be started. said: its
 * last line on standard error, or why it could not be started. Called once, never
 * before child_start() has returned; the child is gone then. */
typedef void child_cb(int status, const char *said, void *data);

/* argv: NULL-ended; the name is looked up in PATH. env: "K=V" beside our own, which
 * they replace; secrets belong there, since other users can read a command line.
 * Both copied. Standard input and output are closed. */
struct child *child_start(struct loop *loop, const char *const *argv, const char *const *env,
			  child_cb *cb, void *data);
void child_stop(struct child *child);   /* kills it; no call after this; NULL is fine */

#endif
