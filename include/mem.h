/* mem.h - memory that is there: without it gesync ends, and what it had
 * claimed goes to others. */
#ifndef GESYNC_MEM_H
#define GESYNC_MEM_H

#include <stdarg.h>

/* p, which is not NULL: else the program aborts. For what only lack of memory
 * makes fail. */
void *need(void *p) __attribute__((returns_nonnull));
/* A text as of printf, which the caller frees. */
char *need_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *need_vtext(const char *fmt, va_list ap);
/* A copy, which the caller frees; NULL of NULL. */
char *need_copy(const char *text);

#endif
