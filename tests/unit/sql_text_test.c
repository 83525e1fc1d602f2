/* sql_text_test.c - SQL's names and expressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sql_text.h"

static const char *written(void (*write)(FILE *, const char *), const char *text)
{
	static char *result;
	size_t size;
	FILE *out;

	free(result);
	out = open_memstream(&result, &size);
	write(out, text);
	fclose(out);
	return result;
}

static void a_name_is_quoted_where_it_must_be(void **state)
{
	(void)state;
	assert_string_equal(written(sql_name, "core_port2"), "core_port2");
	assert_string_equal(written(sql_name, "_a$"), "_a$");
	assert_string_equal(written(sql_name, "eScrap_x"), "\"eScrap_x\"");
	assert_string_equal(written(sql_name, "order"), "\"order\"");
	assert_string_equal(written(sql_name, "user"), "\"user\"");
	assert_string_equal(written(sql_name, "2nd"), "\"2nd\"");
	assert_string_equal(written(sql_name, "a\"; DROP TABLE x"), "\"a\"\"; DROP TABLE x\"");
	assert_string_equal(written(sql_name, "größe"), "\"größe\"");
	assert_string_equal(written(sql_literal, "it's"), "'it''s'");
}

static void an_open_end_is_seen(void **state)
{
	static const char *const closed[] = {
		"", "a + 1", "(a)::text", "'x;--'", "'it''s ('", "\"a)\" > 0", "btree (a[1])", "a - -1", "(((())))",
	};
	static const char *const open[] = {
		"a; b", "(a", "a)", "'a", "\"a", "a -- b", "a /* b", "(a]", "$$ x $$", "a\nb",
	};
	char deep[200];

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++)
		assert_true(sql_closed(closed[i]));
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		assert_false(sql_closed(open[i]));
	memset(deep, '(', 65);
	memset(deep + 65, ')', 65);
	deep[130] = '\0';
	assert_false(sql_closed(deep));
}

static void quotes_that_mean_nothing_do_not_count(void **state)
{
	char *text = sql_unquoted("btree (\"date\", \"Order\", \"a b\") WHERE (x = '\"y\"'::text)");

	(void)state;
	assert_string_equal(text, "btree (date, \"Order\", \"a b\") WHERE (x = '\"y\"'::text)");
	free(text);
	text = sql_unquoted("never 'closed");
	assert_string_equal(text, "never 'closed");
	free(text);
}

static void a_column_is_renamed_in_an_expression(void **state)
{
	char *text = sql_renamed("btree (a, aa, \"a\") WHERE (a = 'a'::text)", "a", "b");

	(void)state;
	assert_string_equal(text, "btree (b, aa, b) WHERE (b = 'a'::text)");
	free(text);
	assert_true(sql_mentions("btree (aa, \"A b\")", "A b"));
	assert_false(sql_mentions("btree (aa) WHERE (b = 'a'::text)", "a"));
}

static void casts_and_brackets_go(void **state)
{
	char *text = sql_uncast("((kind)::text = 'a::b'::character varying) AND (n >= (0)::numeric)");

	(void)state;
	assert_string_equal(text, "kind = 'a::b' AND n >= 0");
	free(text);
}

static void statements_are_printed_with_names_and_literals(void **state)
{
	const char *v[] = { "a", "Order" };
	struct table_names names = { v, 2 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	sql_print(out, "UPDATE %I SET x = %L WHERE (%N) %s 1", "user", "it's", &names, "=");
	fclose(out);
	assert_string_equal(text, "UPDATE \"user\" SET x = 'it''s' WHERE (a, \"Order\") = 1");
	free(text);
}

static void the_columns_of_a_plain_index_are_found(void **state)
{
	static const char *const others[] = {
		"hash (a)", "btree (a DESC)", "btree (lower(a))", "btree (a) WHERE b", "btree ()",
		"btree (a text_ops)", "btree (a, )", "btree (a", "btree", "",
	};
	struct table_names names;
	char *buffer;

	(void)state;
	assert_true(sql_index_columns("btree (a, \"Odd \"\"one\")", &buffer, &names));
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "a");
	assert_string_equal(names.v[1], "Odd \"one");
	free(names.v);
	free(buffer);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		assert_false(sql_index_columns(others[i], &buffer, &names));
		assert_null(buffer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_quoted_where_it_must_be),
		cmocka_unit_test(an_open_end_is_seen),
		cmocka_unit_test(quotes_that_mean_nothing_do_not_count),
		cmocka_unit_test(a_column_is_renamed_in_an_expression),
		cmocka_unit_test(casts_and_brackets_go),
		cmocka_unit_test(statements_are_printed_with_names_and_literals),
		cmocka_unit_test(the_columns_of_a_plain_index_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
