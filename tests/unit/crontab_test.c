/* crontab_test.c - crontabs, and the zones they are read in.
 *
 * The property tests compare with a slow reference: every minute of years is
 * looked at on the clock of the C library, against sets that the fields were
 * written from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "crontab.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const zones[] = { "UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York" };

static struct tz *load(const char *name)
{
	static char bytes[TZ_BYTES_MAX];
	char path[200];
	struct err err;
	struct tz *tz;
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	tz = tz_parse(bytes, len, &err);
	if (!tz)
		fail_msg("%s: %s", name, err.msg);
	return tz;
}

static void use_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

/* What the C library's clock shows, as if it were UTC. */
static int64_t libc_local(int64_t t)
{
	time_t at = t;
	struct tm tm;

	localtime_r(&at, &tm);
	return t + tm.tm_gmtoff;
}

/* ---- zones ---- */

static void a_zone_says_what_the_c_library_says(void **state)
{
	static const char *const more[] = {
		"UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns",
		"Pacific/Apia", "Africa/Casablanca", "Asia/Tehran", "America/Sao_Paulo", "Asia/Gaza", "Europe/Dublin",
		"Antarctica/Troll", "Pacific/Chatham", "Africa/Monrovia", "Etc/GMT+12"
	};

	(void)state;
	for (size_t z = 0; z < COUNT(more); z++) {
		struct tz *tz = load(more[z]);

		use_zone(more[z]);
		for (int64_t t = -INT64_C(2500000000); t < INT64_C(4500000000); t += 7919 * 13) {
			struct tz_span span = tz_span_at(tz, t);

			if (t + span.offset != libc_local(t))
				fail_msg("%s at %lld: %d", more[z], (long long)t, span.offset);
			assert_true(span.from <= t && t < span.until);
			if (span.until != INT64_MAX) {
				assert_int_equal(span.until - 1 + span.offset, libc_local(span.until - 1));
				assert_int_equal(tz_span_at(tz, span.until).from, span.until);
			}
		}
		tz_free(tz);
	}
}

static void an_instant_is_the_first_at_which_the_clock_shows_it(void **state)
{
	(void)state;
	for (size_t z = 0; z < COUNT(zones); z++) {
		struct tz *tz = load(zones[z]);
		int64_t seen = INT64_MIN;

		use_zone(zones[z]);
		/* two years of quarters of an hour: whatever the clock passes or skips, once */
		for (int64_t t = 1767225600; t < 1767225600 + 2 * 31536000; t += 900) {
			int64_t local = libc_local(t);

			for (int64_t l = seen == INT64_MIN ? local : seen + 900; l <= local; l += 900)
				assert_int_equal(tz_instant(tz, l), t);
			seen = local > seen ? local : seen;
		}
		tz_free(tz);
	}
}

static void what_is_no_zone_file_is_refused(void **state)
{
	static char bytes[TZ_BYTES_MAX + 1], broken[TZ_BYTES_MAX + 1];
	FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
	struct err err;
	size_t len;

	(void)state;
	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_null(tz_parse("", 0, &err));
	assert_null(tz_parse("TZif", 4, &err));
	assert_null(tz_parse(broken, sizeof(broken), &err));
	assert_string_equal(err.code, "bad_zone");
	for (size_t cut = 0; cut < len; cut++) {        /* ASan watches that nothing behind it is read */
		char *exact = malloc(cut + 1);

		memcpy(exact, bytes, cut);
		assert_null(tz_parse(exact, cut, &err));
		free(exact);
	}
	for (size_t i = 0; i < 20000; i++) {            /* may be taken or not, but must not crash */
		struct tz *tz;

		memcpy(broken, bytes, len);
		for (int k = 0; k < 3; k++)
			broken[(size_t)rand() % len] = (char)rand();
		tz = tz_parse(broken, len, &err);
		if (tz) {
			tz_span_at(tz, 1767225600);
			tz_span_at(tz, INT64_C(4102444800));
		}
		tz_free(tz);
	}
}

/* ---- what a line may be ---- */

static int parse(struct crontab *tab, const char *text, struct err *err)
{
	return crontab_parse(tab, text, strlen(text), "UTC", NULL, err);
}

static void a_crontab_has_lines_zones_and_comments(void **state)
{
	static const char text[] =
		"# nightly\n"
		"\n"
		"  15 3 * * *  sync --data-only \n"
		"CRON_TZ=Asia/Kolkata\r\n"
		"30 1 * jan,Jul mon-fri sync --license '0310 x' --license \"a b\" c\\ d\n"
		"CRON_TZ=\"Europe/Berlin\" @daily check\n"
		"\t@hourly\tping --count 3";
	struct crontab tab;
	struct err err;
	char *words[CRONTAB_ARGS_MAX + 1];

	(void)state;
	assert_int_equal(parse(&tab, text, &err), 0);
	assert_int_equal(tab.n, 4);
	assert_int_equal(tab.lines[0].number, 3);
	assert_string_equal(tab.lines[0].schedule, "15 3 * * *");
	assert_string_equal(tab.lines[0].zone, "UTC");
	assert_string_equal(tab.lines[0].args, "sync --data-only");
	assert_true(tab.lines[0].fixed);
	assert_string_equal(tab.lines[1].zone, "Asia/Kolkata");
	assert_int_equal(tab.lines[1].months, 1 << 1 | 1 << 7);
	assert_int_equal(tab.lines[1].weekdays, 0x3e);
	assert_string_equal(tab.lines[2].zone, "Europe/Berlin");
	assert_string_equal(tab.lines[2].schedule, "@daily");
	assert_string_equal(tab.lines[3].zone, "Asia/Kolkata");
	assert_false(tab.lines[3].fixed);
	assert_int_equal(cron_words(tab.lines[1].args, strlen(tab.lines[1].args), words, &err), 6);
	assert_string_equal(words[2], "0310 x");
	assert_string_equal(words[4], "a b");
	assert_string_equal(words[5], "c d");
	assert_null(words[6]);
	cron_words_clear(words);
	crontab_clear(&tab);
}

static void a_line_that_cannot_be_is_named_with_what_is_wrong(void **state)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "* * * *", "line 1: the weekday is missing" },
		{ "\n\n60 * * * * ping", "line 3: the minute '60' cannot be" },
		{ "* 24 * * * ping", "the hour '24' cannot be: 0 to 23" },
		{ "* * 0 * * ping", "the day '0'" },
		{ "* * 32 * * ping", "the day '32'" },
		{ "* * * 13 * ping", "the month '13'" },
		{ "* * * foo * ping", "the month 'foo' cannot be: names, 1 to 12" },
		{ "* * * * 8 ping", "the weekday '8'" },
		{ "5-1 * * * * ping", "the minute '5-1'" },
		{ "*/0 * * * * ping", "the minute '*/0'" },
		{ "5/10 * * * * ping", "the minute '5/10'" },
		{ "1,,2 * * * * ping", "the minute '1,,2'" },
		{ "1-2-3 * * * * ping", "the minute '1-2-3'" },
		{ "99999999999999999999 * * * * ping", "the minute '99999" },
		{ "-1 * * * * ping", "the minute '-1'" },
		{ "* * * * *", "nothing is to be started" },
		{ "* * * * * ping 'a", "a quote is not closed" },
		{ "@reboot ping", "'@reboot' is not known: @hourly" },
		{ "0 0 30 2 * ping", "it never fires" },
		{ "0 0 31 4,6,9,11 * ping", "it never fires" },
		{ "0 1 * * * ping\n0 1 * * * ping", "line 2: it is line 1 again" },
		{ "0 1 * * * ping\a", "a control character" },
	};
	struct crontab tab;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(parse(&tab, rows[i].text, &err), -1);
		assert_string_equal(err.code, "bad_crontab");
		if (!strstr(err.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
}

static void a_crontab_has_bounds(void **state)
{
	static char text[CRONTAB_BYTES_MAX + 2];
	struct crontab tab;
	struct err err;
	size_t at = 0;

	(void)state;
	memset(text, '\n', sizeof(text));
	assert_int_equal(crontab_parse(&tab, text, CRONTAB_BYTES_MAX, "UTC", NULL, &err), 0);
	assert_int_equal(crontab_parse(&tab, text, CRONTAB_BYTES_MAX + 1, "UTC", NULL, &err), -1);
	assert_non_null(strstr(err.msg, "more than 262144 bytes"));

	for (int i = 0; i <= CRONTAB_LINES_MAX; i++)
		at += (size_t)sprintf(text + at, "0 0 * * * ping --count %d\n", i + 1);
	assert_int_equal(crontab_parse(&tab, text, at, "UTC", NULL, &err), -1);
	assert_non_null(strstr(err.msg, "line 501: there are more than 500"));

	memset(text, 'x', CRONTAB_LINE_MAX + 1);
	memcpy(text, "0 0 * * * ", 10);
	assert_int_equal(crontab_parse(&tab, text, CRONTAB_LINE_MAX, "UTC", NULL, &err), 0);
	crontab_clear(&tab);
	assert_int_equal(crontab_parse(&tab, text, CRONTAB_LINE_MAX + 1, "UTC", NULL, &err), -1);
	assert_non_null(strstr(err.msg, "more than 1000 bytes"));

	at = (size_t)sprintf(text, "0 0 * * *");
	for (int i = 0; i <= CRONTAB_ARGS_MAX; i++)
		at += (size_t)sprintf(text + at, " a");
	assert_int_equal(crontab_parse(&tab, text, at, "UTC", NULL, &err), -1);
	assert_non_null(strstr(err.msg, "more than 64 words"));
}

static void the_same_line_has_the_same_key_everywhere(void **state)
{
	struct crontab a, b, c;
	struct err err;

	(void)state;
	assert_int_equal(parse(&a, "0 1 * * * ping", &err), 0);
	assert_int_equal(parse(&b, "# other\n0 2 * * * ping\n   0 1 * * *   ping\n", &err), 0);
	assert_int_equal(parse(&c, "CRON_TZ=Asia/Kolkata 0 1 * * * ping", &err), 0);
	assert_string_equal(a.lines[0].key, b.lines[1].key);
	assert_string_not_equal(a.lines[0].key, b.lines[0].key);
	assert_string_not_equal(a.lines[0].key, c.lines[0].key);
	crontab_clear(&a);
	crontab_clear(&b);
	crontab_clear(&c);
}

/* ---- when ---- */

/* The occurrences of one line from an instant on: "MM-DD HH:MM" of UTC. */
static void expect(const char *zone, const char *text, const char *from, const char *const *times)
{
	struct crontab tab;
	struct err err;
	struct tz *tz = load(zone);
	struct tm tm = { .tm_sec = 0 };
	struct cron_time t = { 0, CRON_NOTHING_YET };
	char line[200], got[32];

	snprintf(line, sizeof(line), "%s ping", text);
	assert_int_equal(parse(&tab, line, &err), 0);
	tab.lines[0].tz = tz;
	assert_non_null(strptime(from, "%Y-%m-%d %H:%M", &tm));
	t.at = timegm(&tm);
	for (; *times; times++) {
		time_t at;

		assert_true(cron_next(&tab.lines[0], t, &t));
		at = t.at;
		gmtime_r(&at, &tm);
		strftime(got, sizeof(got), "%m-%d %H:%M", &tm);
		if (strcmp(got, *times))
			fail_msg("%s in %s: %s, not %s", text, zone, got, *times);
	}
	crontab_clear(&tab);
	tz_free(tz);
}
#define EXPECT(zone, text, from, ...) expect(zone, text, from, (const char *const[]){ __VA_ARGS__, NULL })

static void a_fixed_time_that_is_skipped_fires_at_the_change(void **state)
{
	(void)state;
	/* Berlin, 29 March 2026: 01:59 is followed by 03:00, at 01:00 UTC. */
	EXPECT("Europe/Berlin", "30 2 * * *", "2026-03-27 12:00", "03-28 01:30", "03-29 01:00", "03-30 00:30");
	EXPECT("Europe/Berlin", "15,45 2 * * *", "2026-03-28 12:00", "03-29 01:00", "03-29 01:00", "03-30 00:15");
	EXPECT("Europe/Berlin", "0 3 * * *", "2026-03-28 12:00", "03-29 01:00", "03-30 01:00");
}

static void a_fixed_time_that_comes_twice_fires_once(void **state)
{
	(void)state;
	/* Berlin, 25 October 2026: 02:59 is followed by 02:00, at 01:00 UTC. */
	EXPECT("Europe/Berlin", "30 2 * * *", "2026-10-24 12:00", "10-25 00:30", "10-26 01:30");
	EXPECT("Europe/Berlin", "30 2 * * *", "2026-10-25 00:45", "10-26 01:30");
	EXPECT("America/New_York", "30 1 * * *", "2026-10-31 12:00", "11-01 05:30", "11-02 06:30");
}

static void other_lines_follow_elapsed_time(void **state)
{
	(void)state;
	EXPECT("Europe/Berlin", "30 * * * *", "2026-10-24 23:45", "10-25 00:30", "10-25 01:30", "10-25 02:30");
	EXPECT("Europe/Berlin", "*/30 2 * * *", "2026-10-24 23:45", "10-25 00:00", "10-25 00:30", "10-25 01:00",
	       "10-25 01:30", "10-26 01:00");
	EXPECT("Europe/Berlin", "30 * * * *", "2026-03-29 00:00", "03-29 00:30", "03-29 01:30");
	EXPECT("Europe/Berlin", "*/30 2 * * *", "2026-03-28 12:00", "03-30 00:00");
}

static void a_day_or_a_weekday_will_do_where_both_are_given(void **state)
{
	(void)state;
	EXPECT("UTC", "0 0 13 * fri", "2026-11-25 00:00", "11-27 00:00", "12-04 00:00", "12-11 00:00", "12-13 00:00");
	EXPECT("UTC", "0 0 */2 * sun", "2026-11-25 00:00", "11-29 00:00", "12-13 00:00", "12-27 00:00");
	EXPECT("UTC", "0 0 * * 7", "2026-11-25 00:00", "11-29 00:00", "12-06 00:00");
	EXPECT("UTC", "0 0 * * sat-sun", "2026-11-25 00:00", "11-28 00:00", "11-29 00:00", "12-05 00:00");
	EXPECT("UTC", "0 0 29 2 *", "2096-03-01 00:00", "02-29 00:00");         /* 2104 */
	EXPECT("UTC", "@weekly", "2026-11-25 00:00", "11-29 00:00");
	EXPECT("UTC", "@monthly", "2026-11-25 00:00", "12-01 00:00");
	EXPECT("UTC", "@yearly", "2026-11-25 00:00", "01-01 00:00");
	EXPECT("Asia/Kolkata", "@daily", "2026-11-25 00:00", "11-25 18:30");
}

static void an_occurrence_has_a_name_of_its_own(void **state)
{
	struct crontab tab;
	struct err err;
	struct tz *tz = load("Europe/Berlin");
	struct cron_time t = { 1774734000, CRON_NOTHING_YET };  /* 2026-03-28 21:40 UTC */
	char one[CRON_ID], two[CRON_ID];

	(void)state;
	assert_int_equal(parse(&tab, "15,45 2 * * * ping\n@hourly ping", &err), 0);
	tab.lines[0].tz = tab.lines[1].tz = tz;
	assert_true(cron_next(&tab.lines[0], t, &t));
	assert_non_null(strstr(cron_id(&tab.lines[0], t, one), "-20260329T0215"));
	assert_true(cron_next(&tab.lines[0], t, &t));
	assert_non_null(strstr(cron_id(&tab.lines[0], t, two), "-20260329T0245"));
	t = (struct cron_time){ 1774734000, CRON_NOTHING_YET };
	assert_true(cron_next(&tab.lines[1], t, &t));
	assert_non_null(strstr(cron_id(&tab.lines[1], t, two), "-20260328T2200Z"));
	crontab_clear(&tab);
	tz_free(tz);
}

/* ---- against the slow reference ---- */

struct sets { bool minute[60], hour[24], day[32], month[13], weekday[7]; bool fixed, either; };

static int pick(int n)
{
	return rand() % n;
}

/* Writes a random field, and which values it stands for. */
static bool write_field(char *out, bool *set, int least, int most, int wraps)
{
	int lists = 1 + pick(3), kind = pick(3);

	memset(set, 0, (size_t)(wraps ? wraps : most + 1));
	if (kind == 0) {
		int step = 1 + pick(most / 2 + 1);

		out += step == 1 ? sprintf(out, "* ") : sprintf(out, "*/%d ", step);
		for (int n = least; n <= (wraps ? wraps - 1 : most); n += step)
			set[n] = true;
		return true;
	}
	for (int i = 0; i < lists; i++) {
		int a = least + pick(most - least + 1), b = kind == 1 ? a : a + pick(most - a + 1), step = 1 + pick(5);

		if (i)
			*out++ = ',';
		out += kind == 1 ? sprintf(out, "%d", a) : sprintf(out, "%d-%d/%d", a, b, step);
		for (int n = a; n <= b; n += kind == 1 ? 1 : step)
			set[wraps ? n % wraps : n] = true;
	}
	sprintf(out, " ");
	return false;
}

static void write_line(char *text, struct sets *s)
{
	bool m, h, d, w;

	*text = '\0';
	m = write_field(text, s->minute, 0, 59, 0);
	h = write_field(strchr(text, '\0'), s->hour, 0, 23, 0);
	d = write_field(strchr(text, '\0'), s->day, 1, 31, 0);
	write_field(strchr(text, '\0'), s->month, 1, 12, 0);
	w = write_field(strchr(text, '\0'), s->weekday, 0, 7, 7);
	s->fixed = !m && !h;
	s->either = !d && !w;
	strcat(text, "ping");
}

static bool matches(const struct sets *s, int64_t local)
{
	time_t t = local;
	struct tm tm;

	gmtime_r(&t, &tm);
	return s->minute[tm.tm_min] && s->hour[tm.tm_hour] && s->month[tm.tm_mon + 1] &&
	       (s->either ? s->day[tm.tm_mday] || s->weekday[tm.tm_wday] : s->day[tm.tm_mday] && s->weekday[tm.tm_wday]);
}

static void expect_at(const struct cron_line *line, const char *zone, struct cron_time *t, int64_t at, int64_t local)
{
	if (!cron_next(line, *t, t) || t->at != at || t->wall != local)
		fail_msg("%s in %s: %lld (%lld), not %lld (%lld)", line->schedule, zone, (long long)t->at,
			 (long long)t->wall, (long long)at, (long long)local);
}

/* Every minute of some weeks around `from`. */
static void compare(const struct cron_line *line, const struct sets *s, const char *zone, int64_t from, int64_t days)
{
	struct cron_time t = { from, CRON_NOTHING_YET };
	int64_t seen = libc_local(from);

	for (int64_t at = from + 60; at < from + days * 86400; at += 60) {
		int64_t local = libc_local(at);

		if (!s->fixed) {
			if (matches(s, local))
				expect_at(line, zone, &t, at, local);
			continue;
		}
		for (; seen < local; seen += 60)
			if (matches(s, seen + 60))
				expect_at(line, zone, &t, at, seen + 60);
	}
}

static void every_occurrence_is_the_slow_references(void **state)
{
	/* weeks with and without a change, now and where the rules go on alone (2045) */
	static const int64_t begins[] = { 1772323200, 1774483200, 1792800000, 1793404800, 1761436800, 1798675200, 2374000020 };
	struct crontab tab;
	struct err err;
	struct sets s;
	char text[400];

	(void)state;
	srand(20251119);
	for (size_t z = 0; z < COUNT(zones); z++) {
		struct tz *tz = load(zones[z]);

		use_zone(zones[z]);
		for (int i = 0; i < 40; i++) {
			do
				write_line(text, &s);
			while (parse(&tab, text, &err) < 0);    /* 30 February */
			tab.lines[0].tz = tz;
			for (size_t b = 0; b < COUNT(begins); b++)
				compare(&tab.lines[0], &s, zones[z], begins[b], 9);
			crontab_clear(&tab);
		}
		tz_free(tz);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_says_what_the_c_library_says),
		cmocka_unit_test(an_instant_is_the_first_at_which_the_clock_shows_it),
		cmocka_unit_test(what_is_no_zone_file_is_refused),
		cmocka_unit_test(a_crontab_has_lines_zones_and_comments),
		cmocka_unit_test(a_line_that_cannot_be_is_named_with_what_is_wrong),
		cmocka_unit_test(a_crontab_has_bounds),
		cmocka_unit_test(the_same_line_has_the_same_key_everywhere),
		cmocka_unit_test(a_fixed_time_that_is_skipped_fires_at_the_change),
		cmocka_unit_test(a_fixed_time_that_comes_twice_fires_once),
		cmocka_unit_test(other_lines_follow_elapsed_time),
		cmocka_unit_test(a_day_or_a_weekday_will_do_where_both_are_given),
		cmocka_unit_test(an_occurrence_has_a_name_of_its_own),
		cmocka_unit_test(every_occurrence_is_the_slow_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
