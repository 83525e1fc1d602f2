/* ge_date.c - reads the dates of the GE server.
 *
 *      text --> struct moment, as written --> the same in Indian time --> ISO
 *
 * The calendar is the Gregorian one of PostgreSQL, for the years 1 to 9999:
 * what lies outside could be written by nobody but a broken program. */
#include "ge_date.h"

#include <stdbool.h>
#include <stdio.h>

#define INDIA_MIN 330           /* +05:30, without summer time since 1945 */
#define ZONE_MAX_HOURS 15       /* PostgreSQL refuses more */

struct moment {
	int year, month, day;
	int hour, minute, second, micros;
	int zone_min;           /* ahead of UTC */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip_blanks(const char **p)
{
	while (is_blank(**p))
		(*p)++;
}

/* min to max digits, and no digit after them; -1 where there are not. */
static int read_number(const char **p, int min, int max)
{
	int digits = 0, n = 0;

	for (; is_digit(**p); (*p)++) {
		if (++digits > max)
			return -1;
		n = n * 10 + (**p - '0');
	}
	return digits < min ? -1 : n;
}

static bool read_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* The separator after the first number tells the two orders apart; four digits
 * of the year, always, so that nothing can be taken for something else. */
static int read_day(const char **p, struct moment *m)
{
	const char *start = *p;
	int first = read_number(p, 1, 4);

	if (first < 0)
		return -1;
	if (*p - start == 4 && read_char(p, '-')) {
		m->year = first;
		m->month = read_number(p, 1, 2);
		if (!read_char(p, '-'))
			return -1;
		m->day = read_number(p, 1, 2);
	} else if (*p - start <= 2 && read_char(p, '/')) {
		m->day = first;
		m->month = read_number(p, 1, 2);
		if (!read_char(p, '/'))
			return -1;
		m->year = read_number(p, 4, 4);
	} else {
		return -1;
	}
	if (m->year < 1 || m->month < 1 || m->month > 12 || m->day < 1)
		return -1;
	return m->day <= days_in_month(m->year, m->month) ? 0 : -1;
}

/* The digits after the point; finer ones than microseconds are dropped. */
static int read_fraction(const char **p)
{
	int micros = 0, weight = 100000;

	if (!is_digit(**p))
		return -1;
	for (; is_digit(**p); (*p)++, weight /= 10)
		micros += (**p - '0') * weight;
	return micros;
}

static int read_time(const char **p, struct moment *m)
{
	m->hour = read_number(p, 1, 2);
	if (m->hour < 0 || m->hour > 23 || !read_char(p, ':'))
		return -1;
	m->minute = read_number(p, 1, 2);
	if (m->minute < 0 || m->minute > 59)
		return -1;
	if (!read_char(p, ':'))
		return 0;
	m->second = read_number(p, 1, 2);
	if (m->second < 0 || m->second > 59)
		return -1;
	if (read_char(p, '.') || read_char(p, ','))     /* ISO 8601 has both */
		m->micros = read_fraction(p);
	return m->micros < 0 ? -1 : 0;
}

static int read_zone(const char **p, struct moment *m)
{
	int sign = **p == '-' ? -1 : 1;
	const char *start;
	int hours, minutes = 0;

	if (read_char(p, 'Z') || read_char(p, 'z')) {
		m->zone_min = 0;
		return 0;
	}
	if (!read_char(p, '+') && !read_char(p, '-'))
		return -1;
	start = *p;
	hours = read_number(p, 1, 4);
	if (hours < 0 || *p - start == 3)
		return -1;
	if (*p - start == 4) {          /* +0530 */
		minutes = hours % 100;
		hours /= 100;
	} else if (read_char(p, ':')) {
		minutes = read_number(p, 2, 2);
	}
	if (hours > ZONE_MAX_HOURS || minutes < 0 || minutes > 59)
		return -1;
	m->zone_min = sign * (hours * 60 + minutes);
	return 0;
}

static int step_day(struct moment *m, int by)
{
	m->day += by;
	if (m->day < 1) {
		if (--m->month < 1) {
			m->month = 12;
			m->year--;
		}
		if (m->year < 1)
			return -1;
		m->day = days_in_month(m->year, m->month);
	} else if (m->day > days_in_month(m->year, m->month)) {
		m->day = 1;
		if (++m->month > 12) {
			m->month = 1;
			m->year++;
		}
	}
	return m->year > 9999 ? -1 : 0;
}

/* No zone is further than 20.5 hours from India: one step of a day is enough. */
static int to_india(struct moment *m)
{
	int minutes = m->hour * 60 + m->minute + INDIA_MIN - m->zone_min;
	int step = minutes < 0 ? -1 : minutes >= 24 * 60 ? 1 : 0;

	minutes -= step * 24 * 60;
	m->hour = minutes / 60;
	m->minute = minutes % 60;
	m->zone_min = INDIA_MIN;
	return step ? step_day(m, step) : 0;
}

static int read_moment(struct moment *m, const char *p)
{
	const char *gap;

	*m = (struct moment){ .zone_min = INDIA_MIN };
	skip_blanks(&p);
	if (read_day(&p, m) < 0)
		return -1;
	gap = p;
	if (!read_char(&p, 'T') && !read_char(&p, 't'))
		skip_blanks(&p);
	if (p > gap && (*p || !is_blank(*gap))) {
		if (read_time(&p, m) < 0)
			return -1;
		skip_blanks(&p);
		if (*p && read_zone(&p, m) < 0)
			return -1;
		skip_blanks(&p);
	}
	return *p ? -1 : to_india(m);
}

int ge_date_instant(char out[GE_DATE_SIZE], const char *text)
{
	struct moment m;
	int n;

	out[0] = '\0';
	if (read_moment(&m, text) < 0)
		return -1;
	n = snprintf(out, GE_DATE_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
		     m.year, m.month, m.day, m.hour, m.minute, m.second);
	if (m.micros) {
		n += snprintf(out + n, GE_DATE_SIZE - (size_t)n, ".%06d", m.micros);
		while (out[n - 1] == '0')       /* equal instants, equal texts */
			n--;
	}
	snprintf(out + n, GE_DATE_SIZE - (size_t)n, "+05:30");
	return 0;
}

int ge_date_day(char out[GE_DATE_SIZE], const char *text)
{
	struct moment m;

	out[0] = '\0';
	if (read_moment(&m, text) < 0)
		return -1;
	snprintf(out, GE_DATE_SIZE, "%04d-%02d-%02d", m.year, m.month, m.day);
	return 0;
}

int ge_date_form(char out[GE_DATE_SIZE], const char *text)
{
	struct moment m;

	out[0] = '\0';
	if (read_moment(&m, text) < 0)
		return -1;
	snprintf(out, GE_DATE_SIZE, "%02d/%02d/%04d", m.day, m.month, m.year);
	return 0;
}
