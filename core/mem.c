#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

char *need_vtext(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	return text;
}

char *need_text(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = need_vtext(fmt, ap);
	va_end(ap);
	return text;
}

char *need_copy(const char *text)
{
	return text ? need(strdup(text)) : NULL;
}
