/* setting_values.c - what a value may be: numbers, times, names, lists. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/setting_values.h"
#include "log.h"
#include "mem.h"

const char *const queue_names[QUEUES] = { "migrate", "check", "fetch", "bulk", "ping", "offline" };

int setting_wrong(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, WHY_LEN, fmt, ap);
	va_end(ap);
	return -1;
}

int setting_keep(const char *text, void *field)
{
	*(char **)field = need_copy(text);
	return 0;
}

bool setting_letters(const char *text, size_t len, const char *allowed)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (!text[i] || !strchr(allowed, text[i])))
			return false;
	return true;
}

bool setting_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return len > 0;
}

bool setting_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

int setting_text(const struct setting *set, const char *text, void *field, char *why)
{
	(void)set;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return setting_wrong(why, "it holds a control character: leave that out");
	return setting_keep(text, field);
}

int setting_secret(const struct setting *set, const char *text, void *field, char *why)
{
	(void)set;
	if (!setting_printable(text) || strchr(text, ';'))      /* a cookie's end */
		return setting_wrong(why, "it holds a blank, a ';' or a control character: give the bare value, "
			     "on one line");
	return setting_keep(text, field);
}

int setting_int(const struct setting *set, const char *text, void *field, char *why)
{
	size_t len = strlen(text);
	long n = setting_digits(text, len) && len < 10 ? strtol(text, NULL, 10) : -1;

	if (n < set->min || n > set->max)
		return setting_wrong(why, "give a whole number from %d to %d",
			     (int)set->min, (int)set->max);
	*(int *)field = (int)n;
	return 0;
}

int setting_number(const struct setting *set, const char *text, void *field, char *why)
{
	size_t whole = strspn(text, "0123456789");
	const char *point = text + whole;
	size_t part = *point == '.' ? strspn(point + 1, "0123456789") : 0;
	const char *end = *point == '.' ? point + 1 + part : point;
	double n = whole + part && !*end ? strtod(text, NULL) : -1;

	if (n < (double)set->min || n > (double)set->max)
		return setting_wrong(why, "give a number from %d to %d, like 0.5 or 20",
			     (int)set->min, (int)set->max);
	*(double *)field = n;
	return 0;
}

int setting_bool(const struct setting *set, const char *text, void *field, char *why)
{
	static const char *const yes[] = { "1", "true", "yes", "on" };
	static const char *const no[] = { "0", "false", "no", "off" };

	(void)set;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*(bool *)field = true;
			return 0;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*(bool *)field = false;
			return 0;
		}
	}
	return setting_wrong(why, "give 1 or 0");
}

/* Milliseconds of one unit; 0 for an unknown one. */
static int64_t unit_ms(const char *unit)
{
	static const struct { const char *name; int64_t ms; } units[] = {
		{ "", SECOND }, { "ms", 1 }, { "s", SECOND },
		{ "m", 60 * SECOND }, { "h", HOUR }, { "d", DAY },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ms;
	return 0;
}

int64_t settings_duration_ms(const char *text)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	const char *unit = text + whole;
	int64_t thousandths = 0, ms;

	if (!whole || whole > 13)
		return -1;
	if (*unit == '.') {
		part = strspn(unit + 1, "0123456789");
		unit += 1 + part;
		if (!part || part > 3)
			return -1;
	}
	for (size_t i = 0; i < whole + 3; i++) {        /* 13 + 3 digits fit; a hundred years are 13 digits of ms */
		size_t at = i < whole ? i : i + 1;

		thousandths *= 10;
		if (i < whole + part)
			thousandths += text[at] - '0';
	}
	ms = unit_ms(unit);
	if (!ms || thousandths > 36525 * DAY / ms * 1000 || thousandths * ms % 1000)
		return -1;
	return thousandths * ms / 1000;
}

/* 5000 as "5s". */
static const char *shown_ms(int64_t ms, char buf[24])
{
	if (ms % HOUR == 0 && ms)
		snprintf(buf, 24, "%dh", (int)(ms / HOUR));
	else if (ms % SECOND == 0)
		snprintf(buf, 24, "%ds", (int)(ms / SECOND));
	else
		snprintf(buf, 24, "%dms", (int)ms);
	return buf;
}

int setting_duration(const struct setting *set, const char *text, void *field, char *why)
{
	int64_t ms = settings_duration_ms(text);
	char least[24], most[24];

	if (ms < set->min || ms > set->max)
		return setting_wrong(why, "give a time from %s to %s, like 250ms, 15s, 5m or 1h",
			     shown_ms(set->min, least), shown_ms(set->max, most));
	*(int64_t *)field = ms;
	return 0;
}

int setting_namespace(const struct setting *set, const char *text, void *field, char *why)
{
	size_t len = strlen(text);

	(void)set;
	if (len > 64 || !setting_letters(text, len, "._:{}-"))
		return setting_wrong(why, "give 1 to 64 letters, digits or any of ._:{}-");
	return setting_keep(text, field);
}

int setting_zone(const struct setting *set, const char *text, void *field, char *why)
{
	size_t len = strlen(text);

	(void)set;
	/* It names a file below /usr/share/zoneinfo: no way out of there. */
	if (len > 64 || *text == '/' || !setting_letters(text, len, "/_+-"))
		return setting_wrong(why, "give the name of a time zone, like UTC or Asia/Kolkata");
	return setting_keep(text, field);
}

int setting_date(const struct setting *set, const char *text, void *field, char *why)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d, last;

	(void)set;
	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !setting_digits(text, 4) ||
	    !setting_digits(text + 5, 2) || !setting_digits(text + 8, 2))
		return setting_wrong(why, "give a date as yyyy-mm-dd");
	y = (int)strtol(text, NULL, 10);
	m = (int)strtol(text + 5, NULL, 10);
	d = (int)strtol(text + 8, NULL, 10);
	if (y < 1900 || m < 1 || m > 12)
		return setting_wrong(why, "give a date of this age, as yyyy-mm-dd");
	last = days[m - 1] + (m == 2 && (y % 4 == 0 && (y % 100 || y % 400 == 0)));
	if (d < 1 || d > last)
		return setting_wrong(why, "there is no such day: that month has %d", last);
	return setting_keep(text, field);
}

static int find_queue(const char *name, size_t len)
{
	for (int q = 0; q < QUEUES; q++)
		if (strlen(queue_names[q]) == len && strncmp(queue_names[q], name, len) == 0)
			return q;
	return -1;
}

/* The field is the first of queues[]; nqueues is counted by count_queues(). */
int setting_queues(const struct setting *set, const char *text, void *field, char *why)
{
	struct settings *s = (struct settings *)((char *)field - set->offset);
	const char *at = text, *comma;

	do {
		size_t len;
		int queue;

		comma = strchr(at, ',');
		len = comma ? (size_t)(comma - at) : strlen(at);
		for (; len && *at == ' '; len--)
			at++;
		for (; len && at[len - 1] == ' '; len--)
			;
		queue = find_queue(at, len);
		if (queue < 0)
			return setting_wrong(why, "\"%.*s\" is no queue: give some of migrate,check,fetch,"
				     "bulk,ping,offline", (int)(len < SETTING_SHOWN ? len : SETTING_SHOWN), at);
		for (int i = 0; i < s->nqueues; i++)
			if ((int)s->queues[i] == queue)
				return setting_wrong(why, "%s stands there twice: name it once",
					     queue_names[queue]);
		s->queues[s->nqueues++] = (enum settings_queue)queue;
		at = comma ? comma + 1 : NULL;
	} while (at);
	return 0;
}

int setting_level(const struct setting *set, const char *text, void *field, char *why)
{
	static const char *const levels[] = {
		[LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_ERROR] = "error",
	};

	(void)set;
	for (int i = 0; i <= LOG_LEVEL_ERROR; i++)
		if (strcmp(text, levels[i]) == 0) {
			*(int *)field = i;
			return 0;
		}
	return setting_wrong(why, "give one of debug, info, warn, error");
}

int setting_format(const struct setting *set, const char *text, void *field, char *why)
{
	(void)set;
	*(bool *)field = strcmp(text, "json") == 0;
	if (*(bool *)field || strcmp(text, "text") == 0)
		return 0;
	return setting_wrong(why, "give text or json");
}
