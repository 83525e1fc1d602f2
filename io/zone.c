/* zone.c - a time zone by its name. */
#include "zone.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Names stay within the folder, and are shown in messages. */
static bool good_name(const char *name)
{
	if (!isalpha((unsigned char)*name) || strlen(name) > 64 || strstr(name, ".."))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("/_+-.", *name))
			return false;
	return true;
}

struct tz *zone_load(const char *name, const char *folder, struct err *err)
{
	char path[512], bytes[TZ_BYTES_MAX + 1];
	struct stat st;
	struct tz *tz;
	FILE *f;
	size_t len;

	if (!strcmp(name, "UTC"))
		return tz_parse(NULL, 0, err);
	if (!folder)
		folder = getenv("TZDIR");
	snprintf(path, sizeof(path), "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", name);
	f = good_name(name) && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "re") : NULL;
	if (!f) {
		err_set(err, ERR_PERMANENT, "bad_zone", "there is no time zone '%.64s': give a name like Asia/Kolkata", name);
		return NULL;
	}
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	tz = tz_parse(bytes, len, err);
	if (!tz)
		err_set(err, ERR_PERMANENT, "bad_zone", "the time zone '%s' cannot be used (%s): %s", name, path, err->msg);
	return tz;
}
