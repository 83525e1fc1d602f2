/* fit_test.c - a report of any size becomes one that fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fit.h"

static json_t *entries(size_t n, const char *text)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{ss si}", "table", text, "n", (int)i));
	return list;
}

static size_t size_of(const json_t *v)
{
	return json_dumpb(v, NULL, 0, JSON_COMPACT);
}

static void what_fits_stays_as_it_is(void **state)
{
	json_t *obj = json_pack("{si so}", "models", 37, "drift", entries(10, "a")), *copy = json_deep_copy(obj);

	(void)state;
	fit_object(obj, size_of(obj));
	assert_true(json_equal(obj, copy));
	json_decref(obj);
	json_decref(copy);
}

static void the_largest_list_is_cut_and_the_report_says_so(void **state)
{
	json_t *obj = json_pack("{si so so}", "models", 37, "drift", entries(10000, "license_invoice"), "missing", entries(5, "b"));

	(void)state;
	fit_object(obj, 20000);
	assert_true(size_of(obj) <= 20000);
	assert_int_equal(json_array_size(json_object_get(obj, "missing")), 5);
	assert_in_range(json_array_size(json_object_get(obj, "drift")), 100, 1000);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(obj, "truncated"), "drift")), 10000);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(obj, "drift"), 7), "n")), 7);
	json_decref(obj);
}

static void one_entry_and_one_text_too_large_go(void **state)
{
	char *big = calloc(1, 50001);
	json_t *obj, *cut;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 50000);
	obj = json_pack("{si so ss}", "models", 37, "plan", entries(1, big), "backup", big);
	fit_object(obj, 1000);
	cut = json_object_get(obj, "truncated");
	assert_int_equal(json_array_size(json_object_get(obj, "plan")), 0);
	assert_int_equal(json_integer_value(json_object_get(cut, "plan")), 1);
	assert_null(json_object_get(obj, "backup"));
	assert_true(json_is_null(json_object_get(cut, "backup")));
	assert_int_equal(json_integer_value(json_object_get(obj, "models")), 37);
	json_decref(obj);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays_as_it_is),
		cmocka_unit_test(the_largest_list_is_cut_and_the_report_says_so),
		cmocka_unit_test(one_entry_and_one_text_too_large_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
