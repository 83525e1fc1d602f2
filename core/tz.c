/* tz.c - the rules of one time zone.
 *
 * A TZif file (RFC 8536) is a header and data with 32-bit times, for programs
 * of the last century, and again with 64-bit times, which we read; then a line
 * with the rule that holds ever after ("CET-1CEST,M3.5.0,M10.5.0/3", POSIX TZ
 * as RFC 8536 section 3.3.1 extends it). */
#include "tz.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define HEADER          44
#define DAY             86400
#define OFFSET_MAX      (26 * 3600)     /* RFC 8536 section 3.2: from -25 to 26 hours */

struct change { int64_t at; int offset; };

/* A day of the year on which the clocks change. */
struct rule {
	char form;              /* 'M' month week weekday; 'J' 1 to 365, no leap day; 'N' 0 to 365 */
	int month, week, day;
	int time;               /* seconds of the local day, may be negative or past it */
};

struct tz {
	int first;              /* offset before the first change */
	struct change *changes; /* owned, ascending */
	size_t n;
	bool has_dst;           /* the rule behind the last change */
	int std, dst;
	struct rule to_dst, to_std;
};

/* ---- the calendar ---- */

/* Counted in years that begin in March, so that a leap day is the last of its
 * year: 146,097 days make 400 years, 153 days any five months from March. */
int64_t tz_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void tz_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* ---- the rule behind the last change ---- */

static int number(const char **p, int most, int *out)
{
	int n = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p) && n <= most; (*p)++)
		n = n * 10 + (**p - '0');
	*out = n;
	return n <= most ? 0 : -1;
}

static int skip_name(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		*p = strchr(*p, '>');
		if (!*p)
			return -1;
		(*p)++;
	} else {
		while (isalpha((unsigned char)**p))
			(*p)++;
	}
	return *p - from >= 3 ? 0 : -1;
}

/* [+-]h[:mm[:ss]] in seconds. */
static int clock_time(const char **p, int *out)
{
	bool minus = **p == '-';
	int h, m = 0, s = 0;

	if (minus || **p == '+')
		(*p)++;
	if (number(p, 167, &h) < 0)
		return -1;
	if (**p == ':' && (++*p, number(p, 59, &m) < 0))
		return -1;
	if (**p == ':' && (++*p, number(p, 59, &s) < 0))
		return -1;
	*out = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
	return 0;
}

static int read_rule(const char **p, struct rule *r)
{
	r->time = 2 * 3600;
	r->form = 'N';
	if (**p != ',')
		return -1;
	++*p;
	if (**p == 'M' || **p == 'J')
		r->form = *(*p)++;
	if (r->form != 'M') {
		if (number(p, 365, &r->day) < 0 || (r->form == 'J' && !r->day))
			return -1;
	} else if (number(p, 12, &r->month) < 0 || !r->month || *(*p)++ != '.' || number(p, 5, &r->week) < 0 ||
		   !r->week || *(*p)++ != '.' || number(p, 6, &r->day) < 0) {
		return -1;
	}
	if (**p != '/')
		return 0;
	++*p;
	return clock_time(p, &r->time);
}

/* POSIX counts offsets west of Greenwich. */
static int read_footer(struct tz *tz, const char *p)
{
	int west;

	if (skip_name(&p) < 0 || clock_time(&p, &west) < 0)
		return -1;
	tz->std = -west;
	if (!*p)
		return 0;
	tz->has_dst = true;
	tz->dst = tz->std + 3600;
	if (skip_name(&p) < 0)
		return -1;
	if (*p != ',') {
		if (clock_time(&p, &west) < 0)
			return -1;
		tz->dst = -west;
	}
	return read_rule(&p, &tz->to_dst) < 0 || read_rule(&p, &tz->to_std) < 0 || *p ? -1 : 0;
}

static int64_t rule_day(const struct rule *r, int64_t year)
{
	int64_t first = tz_days(year, r->form == 'M' ? r->month : 1, 1), next;

	if (r->form == 'N')
		return first + r->day;
	if (r->form == 'J')
		return first + r->day - 1 + (is_leap(year) && r->day >= 60);
	next = r->month == 12 ? tz_days(year + 1, 1, 1) : tz_days(year, r->month + 1, 1);
	first += ((r->day - first - 4) % 7 + 7) % 7;             /* 1970-01-01 was a Thursday */
	first += 7 * (r->week - 1);
	return first < next ? first : first - 7;                /* week 5 is the last one */
}

/* The changes of the years around t, in order. */
static size_t rule_changes(const struct tz *tz, int64_t t, struct change out[6])
{
	int64_t year;
	int month, day;
	size_t n = 0;

	tz_date((t - (t % DAY + DAY) % DAY) / DAY, &year, &month, &day);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		struct change on = { rule_day(&tz->to_dst, y) * DAY + tz->to_dst.time - tz->std, tz->dst };
		struct change off = { rule_day(&tz->to_std, y) * DAY + tz->to_std.time - tz->dst, tz->std };

		out[n++] = on.at < off.at ? on : off;
		out[n++] = on.at < off.at ? off : on;
	}
	return n;
}

/* ---- the file ---- */

static int64_t big_endian(const unsigned char *p, int bytes)
{
	uint64_t n = p[0] & 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return (int64_t)n;
}

struct counts { int64_t isut, isstd, leap, time, type, chars; };

static int read_counts(const unsigned char *p, size_t len, struct counts *c)
{
	int64_t *const field[] = { &c->isut, &c->isstd, &c->leap, &c->time, &c->type, &c->chars };

	if (len < HEADER || memcmp(p, "TZif", 4))
		return -1;
	for (int i = 0; i < 6; i++) {
		*field[i] = big_endian(p + 20 + 4 * i, 4);
		if (*field[i] < 0 || *field[i] > TZ_BYTES_MAX)
			return -1;
	}
	return 0;
}

static int64_t body_len(const struct counts *c, int time_bytes)
{
	return c->time * (time_bytes + 1) + c->type * 6 + c->chars + c->leap * (time_bytes + 4) + c->isstd + c->isut;
}

static int read_changes(struct tz *tz, const unsigned char *p, const struct counts *c)
{
	const unsigned char *index = p + c->time * 8, *types = index + c->time;

	tz->changes = need(calloc((size_t)c->time + 1, sizeof(*tz->changes)));
	tz->first = (int)big_endian(types, 4);
	for (int64_t i = 0; i < c->time; i++) {
		struct change *ch = &tz->changes[tz->n];

		if (index[i] >= c->type)
			return -1;
		ch->at = big_endian(p + i * 8, 8);
		ch->offset = (int)big_endian(types + 6 * index[i], 4);
		if (ch->offset <= -OFFSET_MAX || ch->offset >= OFFSET_MAX || (tz->n && ch->at <= ch[-1].at))
			return -1;
		tz->n++;
	}
	return tz->first <= -OFFSET_MAX || tz->first >= OFFSET_MAX ? -1 : 0;
}

static int read_file(struct tz *tz, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len;
	struct counts c;
	char footer[128];

	if (read_counts(p, len, &c) < 0 || p[4] < '2' || HEADER + body_len(&c, 4) > end - p)
		return -1;
	p += HEADER + body_len(&c, 4);
	if (read_counts(p, (size_t)(end - p), &c) < 0 || !c.type || c.leap || HEADER + body_len(&c, 8) > end - p)
		return -1;
	if (read_changes(tz, p + HEADER, &c) < 0)
		return -1;
	p += HEADER + body_len(&c, 8);
	if (end - p < 2 || *p != '\n' || end[-1] != '\n' || (size_t)(end - p - 2) >= sizeof(footer))
		return -1;
	memcpy(footer, p + 1, (size_t)(end - p - 2));
	footer[end - p - 2] = '\0';
	if (*footer)
		return read_footer(tz, footer);
	tz->std = tz->n ? tz->changes[tz->n - 1].offset : tz->first;    /* no rule: as it was last */
	return 0;
}

struct tz *tz_parse(const char *bytes, size_t len, struct err *err)
{
	struct tz *tz = need(calloc(1, sizeof(*tz)));

	if (!bytes || (len <= TZ_BYTES_MAX && read_file(tz, (const unsigned char *)bytes, len) == 0))
		return tz;
	tz_free(tz);
	err_set(err, ERR_PERMANENT, "bad_zone", "it is no time zone file of version 2 or later");
	return NULL;
}

void tz_free(struct tz *tz)
{
	if (tz)
		free(tz->changes);
	free(tz);
}

/* ---- what it tells ---- */

/* In list, behind the last change at or before t; before is what held earlier. */
static struct tz_span span_in(const struct change *list, size_t n, int64_t t, struct tz_span before)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (list[mid].at <= t)
			low = mid + 1;
		else
			high = mid;
	}
	if (low) {
		before.from = list[low - 1].at;
		before.offset = list[low - 1].offset;
	}
	if (low < n)
		before.until = list[low].at;
	return before;
}

struct tz_span tz_span_at(const struct tz *tz, int64_t t)
{
	struct tz_span span = span_in(tz->changes, tz->n, t, (struct tz_span){ INT64_MIN, INT64_MAX, tz->first });
	struct change yearly[6];
	struct tz_span ruled = { span.from, INT64_MAX, tz->std };

	if (span.until != INT64_MAX)
		return span;
	if (tz->has_dst)
		ruled = span_in(yearly, rule_changes(tz, t, yearly), t, ruled);
	/* The file's last change begins what the rule goes on with. */
	if (ruled.from < span.from)
		ruled.from = span.from;
	return ruled;
}

int64_t tz_instant(const struct tz *tz, int64_t local)
{
	struct tz_span span = tz_span_at(tz, local - OFFSET_MAX);

	while (span.until != INT64_MAX && local - span.offset >= span.until)
		span = tz_span_at(tz, span.until);
	return local - span.offset < span.from ? span.from : local - span.offset;
}
