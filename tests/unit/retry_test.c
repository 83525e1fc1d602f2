/* retry_test.c - what becomes of a failed attempt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "retry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HOUR     3600000

static const struct err busy = { ERR_RETRY, "ge_http_503", "GE answered 503" };
static const struct err held = { ERR_HOLD, "ge_session_expired", "the session has expired" };
static const struct err gone = { ERR_PERMANENT, "ge_not_found", "GE does not know it" };

static const struct retry_policy usual = { 8, 5000, HOUR };

static void the_wait_doubles_with_every_attempt_up_to_the_cap(void **state)
{
	static const struct { int attempt; int64_t whole; } rows[] = {
		{ 1, 5000 }, { 2, 10000 }, { 3, 20000 }, { 4, 40000 }, { 5, 80000 },
		{ 9, 1280000 }, { 10, 2560000 }, { 11, HOUR }, { 12, HOUR }, { 99, HOUR },
	};
	struct retry_policy policy = { 100, 5000, HOUR };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict v = retry_decide(&policy, &busy, rows[i].attempt, 1.0);

		assert_int_equal(v.kind, VERDICT_RETRY);
		assert_int_equal(v.wait_ms, rows[i].whole);
		v = retry_decide(&policy, &busy, rows[i].attempt, 0.0);
		assert_int_equal(v.wait_ms, rows[i].whole / 2);
		v = retry_decide(&policy, &busy, rows[i].attempt, 0.5);
		assert_int_equal(v.wait_ms, rows[i].whole / 4 * 3);
	}
}

static void the_last_attempt_that_fails_is_dead(void **state)
{
	(void)state;
	for (int max = 1; max <= 20; max++) {
		struct retry_policy policy = { max, 5000, HOUR };

		for (int attempt = 1; attempt <= max + 3; attempt++)
			assert_int_equal(retry_decide(&policy, &busy, attempt, 0.3).kind,
					 attempt < max ? VERDICT_RETRY : VERDICT_DEAD);
	}
}

static void a_hold_never_kills_whatever_the_attempt(void **state)
{
	static const int attempts[] = { 1, 2, 7, 8, 9, 1000, INT32_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		struct verdict v = retry_decide(&usual, &held, attempts[i], 0.9);

		assert_int_equal(v.kind, VERDICT_HOLD);
		assert_int_equal(v.wait_ms, 0);
	}
}

static void a_permanent_failure_is_dead_at_the_first_attempt(void **state)
{
	(void)state;
	for (int attempt = 1; attempt < 10; attempt++)
		assert_int_equal(retry_decide(&usual, &gone, attempt, 0.0).kind, VERDICT_DEAD);
}

static void a_base_above_the_cap_waits_for_the_cap(void **state)
{
	struct retry_policy policy = { 8, 10000, 3000 };

	(void)state;
	assert_int_equal(retry_decide(&policy, &busy, 1, 1.0).wait_ms, 3000);
	assert_int_equal(retry_decide(&policy, &busy, 5, 0.0).wait_ms, 1500);
}

static void a_base_of_nothing_waits_for_nothing(void **state)
{
	struct retry_policy policy = { 1000, 0, HOUR };

	(void)state;
	assert_int_equal(retry_decide(&policy, &busy, 1, 1.0).wait_ms, 0);
	assert_int_equal(retry_decide(&policy, &busy, 999, 1.0).wait_ms, 0);
}

static void a_cap_of_a_hundred_years_does_not_overflow(void **state)
{
	struct retry_policy policy = { INT32_MAX, 1, INT64_C(100) * 366 * 24 * HOUR };

	(void)state;
	assert_int_equal(retry_decide(&policy, &busy, INT32_MAX - 1, 1.0).wait_ms, policy.cap_ms);
	assert_int_equal(retry_decide(&policy, &busy, 40, 1.0).wait_ms, INT64_C(1) << 39);
}

static void the_wait_is_never_outside_of_half_and_whole(void **state)
{
	(void)state;
	for (int attempt = 1; attempt < 8; attempt++)
		for (int n = 0; n <= 1000; n++) {
			int64_t whole = INT64_C(5000) << (attempt - 1);
			int64_t wait = retry_decide(&usual, &busy, attempt, n / 1000.0).wait_ms;

			assert_true(wait >= whole / 2 && wait <= whole);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_doubles_with_every_attempt_up_to_the_cap),
		cmocka_unit_test(the_last_attempt_that_fails_is_dead),
		cmocka_unit_test(a_hold_never_kills_whatever_the_attempt),
		cmocka_unit_test(a_permanent_failure_is_dead_at_the_first_attempt),
		cmocka_unit_test(a_base_above_the_cap_waits_for_the_cap),
		cmocka_unit_test(a_base_of_nothing_waits_for_nothing),
		cmocka_unit_test(a_cap_of_a_hundred_years_does_not_overflow),
		cmocka_unit_test(the_wait_is_never_outside_of_half_and_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
