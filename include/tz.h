/* tz.h - the rules of one time zone, read from the bytes of a TZif file
 * (RFC 8536; what /usr/share/zoneinfo holds). io/zone.c finds the file. */
#ifndef GESYNC_TZ_H
#define GESYNC_TZ_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define TZ_BYTES_MAX (64 * 1024)        /* the largest of tzdata has 4 KiB */

struct tz;

/* A stretch of time with one offset: from <= t < until, unix seconds. Local
 * time there is t + offset, as if it were UTC. */
struct tz_span {
	int64_t from, until;    /* INT64_MIN and INT64_MAX: for ever */
	int offset;             /* seconds east of Greenwich */
};

/* UTC where bytes is NULL. NULL and err (bad_zone) for what is no TZif file of
 * version 2 or later, holds leap seconds, or is past TZ_BYTES_MAX. */
struct tz *tz_parse(const char *bytes, size_t len, struct err *err);
void tz_free(struct tz *tz);            /* NULL is fine */

/* t: within the years 1 to 9999. */
struct tz_span tz_span_at(const struct tz *tz, int64_t t);
/* The first instant at which clocks show local (seconds, as if it were UTC);
 * the instant of the change where they skip it. */
int64_t tz_instant(const struct tz *tz, int64_t local);

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. month: 1 to 12. */
int64_t tz_days(int64_t year, int month, int day);
void tz_date(int64_t days, int64_t *year, int *month, int *day);

#endif
