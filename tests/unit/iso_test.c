/* iso_test.c - instants as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "iso.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void an_instant_is_written_to_the_millisecond_in_utc(void **state)
{
	static const struct { int64_t ms; const char *text; } rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ 999, "1970-01-01T00:00:00.999Z" },
		{ 1000, "1970-01-01T00:00:01.000Z" },
		{ INT64_C(1763515800101), "2025-11-19T01:30:00.101Z" },
		{ INT64_C(951782399999), "2000-02-28T23:59:59.999Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(1709164800000), "2024-02-29T00:00:00.000Z" },
		{ INT64_C(2147483648000), "2038-01-19T03:14:08.000Z" },
		{ INT64_C(4107542400000), "2100-03-01T00:00:00.000Z" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59.000Z" },
		{ -1001, "1969-12-31T23:59:58.999Z" },
	};
	char out[ISO_TIME];

	(void)state;
	setenv("TZ", "Asia/Kolkata", 1);        /* must not matter */
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_ptr_equal(iso_time(rows[i].ms, out), out);
		assert_string_equal(out, rows[i].text);
	}
}

static void no_instant_leaves_its_buffer(void **state)
{
	static const int64_t rows[] = {
		INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, INT64_C(253402300800000),
		INT64_C(99999999999999999), -INT64_C(99999999999999999),
	};
	struct { char out[ISO_TIME]; char guard[4]; } box;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&box, 'x', sizeof(box));
		iso_time(rows[i], box.out);
		assert_true(strlen(box.out) < ISO_TIME);
		assert_memory_equal(box.guard, "xxxx", 4);
		assert_int_equal(box.out[strlen(box.out) - 1], 'Z');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_is_written_to_the_millisecond_in_utc),
		cmocka_unit_test(no_instant_leaves_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
