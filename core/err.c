/* err.c - fills an error, one line of it. */
#include "err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* Messages quote what others sent, and end up in JSON, which takes UTF-8
 * only: one wrong byte would cost the whole outcome. */
static void clean(char *msg, bool cut)
{
	size_t len = strlen(msg), n;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = utf8_char(msg + i, len - i);
		if (!n && cut && len - i < 4) {
			msg[i] = '\0';          /* half a character */
			return;
		}
		if (!n)
			msg[i] = '?';
		else if ((unsigned char)msg[i] < ' ' || msg[i] == 0x7f)
			msg[i] = ' ';
		else if (n == 2 && (unsigned char)msg[i] == 0xc2 && (unsigned char)msg[i + 1] < 0xa0)
			memset(msg + i, ' ', 2);        /* C1 controls: NEL is a line's end too */
	}
}

int err_set(struct err *err, enum err_kind kind, const char *code,
	    const char *fmt, ...)
{
	char msg[sizeof(err->msg)];     /* an argument may be err's own message */
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (n < 0)
		*msg = '\0';
	clean(msg, n >= (int)sizeof(msg));
	if (code != err->code)
		snprintf(err->code, sizeof(err->code), "%s", code);
	memcpy(err->msg, msg, sizeof(msg));
	err->kind = kind;
	return -1;
}
