/* iso.c - an instant as text. */
#include "iso.h"

#include <stdio.h>
#include <time.h>

char *iso_time(int64_t ms, char *out)
{
	time_t at = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&at, &tm);
	n = strftime(out, ISO_TIME - 5, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, ISO_TIME - n, ".%03dZ", (int)(ms % 1000));
	return out;
}
