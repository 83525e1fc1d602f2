/* sql_lex_test.c - SQL as words and statements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sql_lex.h"

/* "2:SELECT 1|4:SELECT 2": line and text of each statement. */
static const char *split(const char *text)
{
	static char out[1000];
	struct sql_statement st;
	int line = 1;
	size_t n = 0;

	*out = '\0';
	while (sql_next_statement(&text, &line, &st))
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%d:%.*s", n ? "|" : "", st.line, (int)st.len, st.text);
	return out;
}

static void statements_end_at_semicolons_outside_quotes_and_comments(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "", "" },
		{ " ; ;\n-- nothing\n/* ; */;", "" },
		{ "SELECT 1", "1:SELECT 1" },
		{ "SELECT 1; SELECT 2 ;", "1:SELECT 1|1:SELECT 2" },
		{ "-- a; b\nSELECT 1;\n\nSELECT 2;", "2:SELECT 1|4:SELECT 2" },
		{ "SELECT ';', ';''', \"a;\"\"\";x", "1:SELECT ';', ';''', \"a;\"\"\"|1:x" },
		{ "SELECT E'\\';';x", "1:SELECT E'\\';'|1:x" },
		{ "SELECT '\\';x", "1:SELECT '\\'|1:x" },
		{ "DO $$ BEGIN; $a$;$a$; END $$;x", "1:DO $$ BEGIN; $a$;$a$; END $$|1:x" },
		{ "DO $a$ ; $$ ; $a$;x", "1:DO $a$ ; $$ ; $a$|1:x" },
		{ "SELECT a$1$b;x", "1:SELECT a$1$b|1:x" },
		{ "SELECT $1;x", "1:SELECT $1|1:x" },
		{ "/* a /* b; */ c; */ x;y", "1:x|1:y" },
		{ "CREATE RULE r AS ON INSERT TO t DO (a; b);x", "1:CREATE RULE r AS ON INSERT TO t DO (a; b)|1:x" },
		{ "SELECT 'open", "1:SELECT 'open" },
		{ "SELECT $x$ open;", "1:SELECT $x$ open;" },
		{ "x /* open", "1:x /* open" },
		{ "x;\n/* open; y", "1:x|2:/* open|2:y" },
		{ "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END;x",
		  "1:CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END|1:x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(split(cases[i].text), cases[i].want);
}

static struct sql_statement only(const char *text)
{
	struct sql_statement st;
	int line = 1;

	assert_true(sql_next_statement(&text, &line, &st));
	return st;
}

static void what_handles_transactions_is_told(void **state)
{
	static const char *const yes[] = { "BEGIN", "start transaction", "Commit;", "END", "rollback to x", "abort",
					   "savepoint a", "release a", "PREPARE TRANSACTION 'x'", "/* x */ begin" };
	static const char *const no[] = { "DO $$ BEGIN END $$", "SELECT 'commit'", "PREPARE x AS SELECT 1", "\"begin\"" };
	struct sql_statement st;

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		st = only(yes[i]);
		assert_true(sql_controls_transaction(&st));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		st = only(no[i]);
		assert_false(sql_controls_transaction(&st));
	}
}

static void an_index_made_concurrently_has_a_name(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "CREATE INDEX CONCURRENTLY a ON t (x)", "a" },
		{ "create unique index concurrently if not exists \"A b\" on t (x)", "\"A b\"" },
		{ "CREATE INDEX CONCURRENTLY IF NOT EXISTS s.a ON t (x)", "s.a" },
		{ "CREATE INDEX CONCURRENTLY ON t (x)", NULL },
		{ "CREATE INDEX a ON t (x)", NULL },
		{ "DROP INDEX CONCURRENTLY a", NULL },
		{ "CREATE INDEX CONCURRENTLY", NULL },
	};
	char name[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sql_statement st = only(cases[i].text);
		const char *got = sql_concurrent_index(&st, name, sizeof(name));

		if (!cases[i].want)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].want);
	}
}

static void a_name_is_folded_unless_it_is_quoted(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "Core_X", "core_x" }, { "\"Core_X\"", "Core_X" }, { "\"a\"\"b\"", "a\"b" }, { "\"\"", "" },
	};
	char out[20];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *at = cases[i].text;
		struct sql_token t = sql_next(&at, at + strlen(at));

		assert_string_equal(sql_ident(&t, out, sizeof(out)), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_end_at_semicolons_outside_quotes_and_comments),
		cmocka_unit_test(what_handles_transactions_is_told),
		cmocka_unit_test(an_index_made_concurrently_has_a_name),
		cmocka_unit_test(a_name_is_folded_unless_it_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
