/* ge_date_test.c - every way in which GE writes a date, and many it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ge_date.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct reads {
	const char *text, *instant;
};

static void check_instants(const struct reads *rows, size_t count)
{
	char out[GE_DATE_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (ge_date_instant(out, rows[i].text) < 0)
			fail_msg("'%s' is unreadable", rows[i].text);
		assert_string_equal(out, rows[i].instant);
	}
}

static void the_portals_own_format_is_read(void **state)
{
	static const struct reads rows[] = {
		{ "2026-02-02 13:12:0.0", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-03 10:00:0.0", "2026-02-03T10:00:00+05:30" },
		{ "2026-02-02 3:2:1.0", "2026-02-02T03:02:01+05:30" },
		{ "2026-02-02 13:12:59", "2026-02-02T13:12:59+05:30" },
		{ "2026-02-02 13:12", "2026-02-02T13:12:00+05:30" },
		{ "  2026-02-02   13:12:0.0\n", "2026-02-02T13:12:00+05:30" },
		{ "2026-2-3 1:2:3", "2026-02-03T01:02:03+05:30" },
	};

	(void)state;
	check_instants(rows, COUNT(rows));
}

static void days_with_slashes_begin_with_the_day(void **state)
{
	static const struct reads rows[] = {
		{ "14/01/2027", "2027-01-14T00:00:00+05:30" },
		{ "01/02/2026", "2026-02-01T00:00:00+05:30" },
		{ "1/2/2026", "2026-02-01T00:00:00+05:30" },
		{ "31/12/2025 23:59:59", "2025-12-31T23:59:59+05:30" },
		{ "02/02/2026 1:02:03.5", "2026-02-02T01:02:03.5+05:30" },
		{ "02/02/2026 13:12", "2026-02-02T13:12:00+05:30" },
	};

	(void)state;
	check_instants(rows, COUNT(rows));
}

static void iso_dates_are_read_with_and_without_zone(void **state)
{
	static const struct reads rows[] = {
		{ "2026-02-02", "2026-02-02T00:00:00+05:30" },
		{ "2026-02-02 ", "2026-02-02T00:00:00+05:30" },
		{ "2026-02-02T13:12:00", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02t13:12:00", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T13:12:00+05:30", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T13:12:00 +0530", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T07:42:00Z", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T07:42z", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02 07:42:00.000Z", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T07:42:00+00", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T07:42:00-00:00", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T08:42:00+1", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02T02:42:00-5:00", "2026-02-02T13:12:00+05:30" },
	};

	(void)state;
	check_instants(rows, COUNT(rows));
}

static void a_zone_may_move_the_day_the_month_and_the_year(void **state)
{
	static const struct reads rows[] = {
		{ "2026-02-02T20:00:00Z", "2026-02-03T01:30:00+05:30" },
		{ "2025-12-31T18:30:00Z", "2026-01-01T00:00:00+05:30" },
		{ "2025-12-31T18:29:59Z", "2025-12-31T23:59:59+05:30" },
		{ "2024-02-28T20:00:00Z", "2024-02-29T01:30:00+05:30" },
		{ "2025-02-28T20:00:00Z", "2025-03-01T01:30:00+05:30" },
		{ "2026-03-01T00:00:00+14:00", "2026-02-28T15:30:00+05:30" },
		{ "2024-03-01T00:00:00+14:00", "2024-02-29T15:30:00+05:30" },
		{ "2026-01-01T00:00:00+15:59", "2025-12-31T13:31:00+05:30" },
		{ "2026-01-01T23:59:00-15:59", "2026-01-02T21:28:00+05:30" },
	};

	(void)state;
	check_instants(rows, COUNT(rows));
}

static void fractions_are_kept_to_the_microsecond(void **state)
{
	static const struct reads rows[] = {
		{ "2026-02-02 13:12:00.5", "2026-02-02T13:12:00.5+05:30" },
		{ "2026-02-02 13:12:00,5", "2026-02-02T13:12:00.5+05:30" },
		{ "2026-02-02 13:12:00.500000", "2026-02-02T13:12:00.5+05:30" },
		{ "2026-02-02 13:12:00.123456", "2026-02-02T13:12:00.123456+05:30" },
		{ "2026-02-02 13:12:00.1234569999", "2026-02-02T13:12:00.123456+05:30" },
		{ "2026-02-02 13:12:00.000001", "2026-02-02T13:12:00.000001+05:30" },
		{ "2026-02-02 13:12:00.0000001", "2026-02-02T13:12:00+05:30" },
		{ "2026-02-02 13:12:00.00000000000000000000000000000000000009", "2026-02-02T13:12:00+05:30" },
	};

	(void)state;
	check_instants(rows, COUNT(rows));
}

static void the_calendar_is_the_real_one(void **state)
{
	static const struct reads rows[] = {
		{ "2024-02-29", "2024-02-29T00:00:00+05:30" },
		{ "2000-02-29", "2000-02-29T00:00:00+05:30" },
		{ "0001-01-01", "0001-01-01T00:00:00+05:30" },
		{ "9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999+05:30" },
	};

	(void)state;
	check_instants(rows, COUNT(rows));
}

static void what_is_no_date_is_unreadable(void **state)
{
	static const char *const rows[] = {
		"", " ", "-", "x", "null", "N/A", "0", "1770000000000", "2026", "2026-02", "20260202",
		"2026-02-31", "31/02/2026", "2025-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-01",
		"2026-01-00", "0000-01-01", "0000-00-00", "00/00/0000", "14/13/2026", "32/01/2026", "01/14/2026",
		"14/01/27", "14/01/20267", "026-01-01", "12026-01-01", "14-01-2027", "2027/01/14", "2027/1/14",
		"2026-02-02 24:00:00", "2026-02-02 23:60:00", "2026-02-02 23:59:60", "2026-02-02 13", "2026-02-02 13:",
		"2026-02-02 13:1:", "2026-02-02 :12:00", "2026-02-02 013:12:00", "2026-02-02 13:012:00", "2026-02-02T",
		"2026-02-02 T13:12", "2026-02-02TT13:12", "2026-02-0213:12", "2026-02-02 13:12:00.", "2026-02-02 13:12:00.x",
		"2026-02-02 13:12:00 IST", "2026-02-02 01:12:00 PM", "2026-02-02 13:12:00 x", "2026-02-02x", "x2026-02-02",
		"2026-02-02T13:12:00+", "2026-02-02T13:12:00+5:3", "2026-02-02T13:12:00+16:00", "2026-02-02T13:12:00+05:60",
		"2026-02-02T13:12:00+053", "2026-02-02T13:12:00+05300", "2026-02-02T13:12:00Z5", "2026-02-02T13:12:00ZZ",
		"2026-02-02Z", "2026-02-02+05:30", "+2026-02-02", "-2026-02-02", "2026--02-02", "2026-02--2", "2026-02- 2",
		"9999-12-31T20:00:00Z", "0001-01-01T00:00:00+14:00", "99999999999999999999-01-01",
		"2026-02-02 99999999999999999999:00:00", "\xc2\xa0""2026-02-02", "2026\xe2\x80\x91""02-02",
	};
	char out[GE_DATE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(out, 'x', sizeof(out));
		if (!ge_date_instant(out, rows[i]))
			fail_msg("'%s' was read as %s", rows[i], out);
		assert_string_equal(out, "");
		assert_int_equal(ge_date_day(out, rows[i]), -1);
		assert_string_equal(out, "");
		assert_int_equal(ge_date_form(out, rows[i]), -1);
		assert_string_equal(out, "");
	}
}

static void instants_sort_as_texts(void **state)
{
	static const char *const rows[] = {
		"2025-12-31 23:59:59", "2025-12-31T18:30:00Z", "01/01/2026 0:00:00.1", "2026-01-01 0:0:0.15",
		"2026-01-01 0:0:0.2", "2026-01-01 0:0:1", "2026-01-01 0:0:10", "2026-01-01 0:1:0", "2026-01-01 10:0:0",
	};
	char last[GE_DATE_SIZE] = "", now[GE_DATE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ge_date_instant(now, rows[i]), 0);
		assert_true(strcmp(last, now) < 0);
		memcpy(last, now, sizeof(last));
	}
}

static void a_day_is_the_one_it_was_in_india(void **state)
{
	static const struct reads rows[] = {
		{ "2026-02-03", "2026-02-03" },
		{ "03/02/2026", "2026-02-03" },
		{ "2026-02-03 23:59:59.9", "2026-02-03" },
		{ "2026-02-02T20:00:00Z", "2026-02-03" },
		{ "2026-02-03T00:00:00+09:00", "2026-02-02" },
	};
	char out[GE_DATE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ge_date_day(out, rows[i].text), 0);
		assert_string_equal(out, rows[i].instant);
	}
}

static void a_form_has_the_day_first(void **state)
{
	char out[GE_DATE_SIZE];

	(void)state;
	assert_int_equal(ge_date_form(out, "2025-01-05"), 0);
	assert_string_equal(out, "05/01/2025");
	assert_int_equal(ge_date_form(out, "0987-12-31"), 0);
	assert_string_equal(out, "31/12/0987");
}

static void every_day_of_four_centuries_survives_the_round(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	char text[64], day[GE_DATE_SIZE], form[GE_DATE_SIZE];

	(void)state;
	for (int y = 1900; y < 2300; y++)
		for (int m = 1; m <= 12; m++) {
			int last = days[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y == 2000));

			for (int d = 1; d <= 32; d++) {
				snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, d);
				assert_int_equal(ge_date_form(form, text), d <= last ? 0 : -1);
				if (d > last)
					continue;
				assert_int_equal(ge_date_day(day, form), 0);
				assert_string_equal(day, text);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_portals_own_format_is_read),
		cmocka_unit_test(days_with_slashes_begin_with_the_day),
		cmocka_unit_test(iso_dates_are_read_with_and_without_zone),
		cmocka_unit_test(a_zone_may_move_the_day_the_month_and_the_year),
		cmocka_unit_test(fractions_are_kept_to_the_microsecond),
		cmocka_unit_test(the_calendar_is_the_real_one),
		cmocka_unit_test(what_is_no_date_is_unreadable),
		cmocka_unit_test(instants_sort_as_texts),
		cmocka_unit_test(a_day_is_the_one_it_was_in_india),
		cmocka_unit_test(a_form_has_the_day_first),
		cmocka_unit_test(every_day_of_four_centuries_survives_the_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
