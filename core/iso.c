/* iso.c - an instant as text. */
#include "iso.h"

#include <stdio.h>
#include <time.h>

char *iso_time(int64_t ms, char *out)
{
	int part = (int)((ms % 1000 + 1000) % 1000);    /* before 1970 too */
	time_t at = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm tm;
	size_t n;

	gmtime_r(&at, &tm);
	n = strftime(out, ISO_TIME - 5, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, ISO_TIME - n, ".%03dZ", part);
	return out;
}
