/* keys_test.c - the names that users and scripts rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "keys.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void promised_keys_have_their_promised_names(void **state)
{
	static const struct { enum key key; const char *name; } rows[] = {
		{ KEY_RETRY, "gesync:retry" }, { KEY_SCHEDULED, "gesync:scheduled" }, { KEY_DEAD, "gesync:dead" },
		{ KEY_OUTCOME_FETCH, "gesync:outcome:fetch" }, { KEY_RUNS, "gesync:runs" },
		{ KEY_PAUSED, "gesync:paused" }, { KEY_SESSION, "gesync:ge:session" },
		{ KEY_STATS, "gesync:stats" }, { KEY_PROTOCOL, "gesync:protocol" },
	};
	char out[KEYS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_ptr_equal(keys_name(out, "gesync", rows[i].key), out);
		assert_string_equal(out, rows[i].name);
	}
}

static void keys_with_a_name_in_them_are_put_together(void **state)
{
	static const struct { const char *prefix, *name, *key; } rows[] = {
		{ "queue", "fetch", "gesync:queue:fetch" }, { "queue", "bulk", "gesync:queue:bulk" },
		{ "job", "ops-42", "gesync:job:ops-42" }, { "run", "a.b:c", "gesync:run:a.b:c" },
		{ "outcome", "migrate", "gesync:outcome:migrate" }, { "stats", "20251119", "gesync:stats:20251119" },
	};
	char out[KEYS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(keys_of(out, "gesync", rows[i].prefix, rows[i].name), rows[i].key);
}

static void every_key_has_a_name_of_its_own(void **state)
{
	char a[KEYS_MAX], b[KEYS_MAX];

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		keys_name(a, "n", (enum key)i);
		assert_null(strstr(a, "(null)"));
		assert_true(strlen(a) > 2);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(a, keys_name(b, "n", (enum key)j));
	}
}

static void a_hash_tag_stays_around_the_namespace(void **state)
{
	char out[KEYS_MAX];

	(void)state;
	for (int i = 0; i < KEYS; i++)
		assert_memory_equal(keys_name(out, "{gesync}", (enum key)i), "{gesync}:", 9);
	assert_string_equal(keys_of(out, "{gesync}", "queue", "bulk"), "{gesync}:queue:bulk");
}

static void the_longest_names_fit_and_longer_ones_are_cut(void **state)
{
	char ns[65], name[1001];
	struct { char out[KEYS_MAX]; char guard; } box = { .guard = 'x' };

	(void)state;
	memset(ns, 'n', 64);
	ns[64] = '\0';
	memset(name, 'i', 1000);
	name[64] = '\0';
	keys_of(box.out, ns, "outcome", name);
	assert_int_equal(strlen(box.out), 64 + 1 + 7 + 1 + 64);
	name[64] = 'i';
	name[1000] = '\0';
	keys_of(box.out, ns, "outcome", name);
	assert_int_equal(strlen(box.out), KEYS_MAX - 1);
	keys_name(box.out, name, KEY_DEAD);
	assert_int_equal(strlen(box.out), KEYS_MAX - 1);
	assert_int_equal(box.guard, 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promised_keys_have_their_promised_names),
		cmocka_unit_test(keys_with_a_name_in_them_are_put_together),
		cmocka_unit_test(every_key_has_a_name_of_its_own),
		cmocka_unit_test(a_hash_tag_stays_around_the_namespace),
		cmocka_unit_test(the_longest_names_fit_and_longer_ones_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
