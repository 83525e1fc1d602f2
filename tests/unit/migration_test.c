/* migration_test.c - migration files: headers, order, what remains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "migration.h"

static struct migrations set;
static struct migration_records records;
static struct err err;

static int begin(void **state)
{
	(void)state;
	memset(&set, 0, sizeof(set));
	memset(&records, 0, sizeof(records));
	memset(&err, 0, sizeof(err));
	return 0;
}

static int end(void **state)
{
	(void)state;
	migrations_clear(&set);
	migration_records_clear(&records);
	return 0;
}

static struct migration *parse(const char *text)
{
	return migration_parse("core", "0002_x", text, strlen(text), "sum", &err);
}

static void add(const char *app, const char *name, const char *text)
{
	struct migration *m = migration_parse(app, name, text, strlen(text), name, &err);

	assert_non_null(m);
	migrations_add(&set, m);
}

static void assert_err(const char *part)
{
	assert_string_equal(err.code, strstr(part, "no app") ? "unknown_app" : "migration_failed");
	assert_int_equal(err.kind, ERR_PERMANENT);
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
}

/* The ids of what remains, in order, a space between two. */
static const char *pending(const char *app, const char *to)
{
	static char text[1000];
	struct migration_goal goal = { &app, app ? 1 : 0, to };
	const struct migration **out;
	size_t n;

	*text = '\0';
	if (migrations_pending(&set, &records, &goal, &out, &n, &err) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, out[i]->id);
	}
	free(out);
	return text;
}

static void applied(const char *id, const char *checksum)
{
	migration_records_add(&records, id, "2025-11-19", checksum, 5, false);
}

static void a_header_says_what_a_file_needs(void **state)
{
	struct migration *m = parse("-- Adds a flag: prose.\n"
				    "-- depends: core.0001_initial, auth.0002_y\r\n"
				    "--depends:license.0001_initial\n\n"
				    "-- transaction: off\n-- statement_timeout: 2h\n"
				    "-- replaces: core.0001_old\n"
				    "SELECT 1;\n-- depends: no.0001_more\n");

	(void)state;
	assert_non_null(m);
	assert_string_equal(m->id, "core.0002_x");
	assert_int_equal(m->depends.n, 3);
	assert_string_equal(m->depends.v[0], "core.0001_initial");
	assert_string_equal(m->depends.v[1], "auth.0002_y");
	assert_string_equal(m->depends.v[2], "license.0001_initial");
	assert_int_equal(m->replaces.n, 1);
	assert_false(m->transaction);
	assert_int_equal(m->statement_timeout_ms, 7200000);
	migration_free(m);
	m = parse("\xef\xbb\xbf-- transaction: off\nSELECT 1;\n");    /* an editor's mark before it */
	assert_false(m->transaction);
	assert_string_equal(m->sql, "-- transaction: off\nSELECT 1;\n");
	migration_free(m);
	m = parse("");
	assert_true(m->transaction);
	assert_int_equal(m->statement_timeout_ms, MIGRATION_TIMEOUT_MS);
	migration_free(m);
}

static void a_wrong_header_is_named_by_file_and_line(void **state)
{
	static const struct { const char *text, *part; } cases[] = {
		{ "-- depends: core\n", "core/0002_x.sql:1: 'core' is no migration" },
		{ "-- a\n-- depends: core.initial\n", "core/0002_x.sql:2: 'core.initial' is no migration" },
		{ "-- depends:\n", "names no migration" },
		{ "-- depends: ../x.0001_a\n", "is no migration" },
		{ "-- depend: core.0001_a\n", "'depends' was meant" },
		{ "-- Transaction: off\n", "'transaction' was meant" },
		{ "\n\n-- transaction: maybe\n", "core/0002_x.sql:3: transaction is on or off" },
		{ "-- statement_timeout: soon\n", "is a time like 30m" },
		{ "-- statement_timeout: 0\n", "is a time like 30m" },
		{ "SELECT 1;\nSELECT '\xff';\n", "core/0002_x.sql:2: the file is no UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_null(parse(cases[i].text));
		assert_err(cases[i].part);
	}
	assert_null(migration_parse("core", "0002_x", "a\0b", 3, "sum", &err));
	assert_err("no UTF-8");
}

static void a_file_has_a_longest_length(void **state)
{
	char *text = malloc(MIGRATION_BYTES_MAX + 1);
	struct migration *m;

	(void)state;
	memset(text, ' ', MIGRATION_BYTES_MAX + 1);
	assert_null(migration_parse("core", "0002_x", text, MIGRATION_BYTES_MAX + 1, "sum", &err));
	assert_err("longer than");
	m = migration_parse("core", "0002_x", text, MIGRATION_BYTES_MAX, "sum", &err);
	assert_non_null(m);
	migration_free(m);
	free(text);
}

static void names_are_those_of_django(void **state)
{
	(void)state;
	assert_true(migration_app_valid("bill_of_entry"));
	assert_true(migration_app_valid("eScrap"));
	assert_false(migration_app_valid("core.backup-20251119"));
	assert_false(migration_app_valid("1core"));
	assert_false(migration_app_valid(""));
	assert_true(migration_name_valid("0001_initial"));
	assert_false(migration_name_valid("initial"));
	assert_false(migration_name_valid("0001_"));
	assert_false(migration_name_valid("00012_x"));
	assert_false(migration_name_valid("0001_a/b"));
}

static void parents_come_first_in_an_order_that_never_changes(void **state)
{
	static const char *const want[] = {
		"core.0001_a", "license.0001_a", "core.0002_b", "accounts.0001_a", "license.0002_b",
	};

	(void)state;
	add("license", "0002_b", "-- depends: license.0001_a\n");
	add("accounts", "0001_a", "-- depends: core.0002_b\n");
	add("core", "0002_b", "-- depends: core.0001_a, license.0001_a\n");
	add("license", "0001_a", "-- depends: core.0001_a\n");
	add("core", "0001_a", "");
	assert_int_equal(migrations_order(&set, &err), 0);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(set.v[i]->id, want[i]);
}

static void a_missing_parent_is_named(void **state)
{
	(void)state;
	add("core", "0002_b", "-- depends: core.0001_a\n");
	assert_int_equal(migrations_order(&set, &err), -1);
	assert_err("core.0002_b depends on core.0001_a, which is not there");
}

static void a_circle_is_told_in_full(void **state)
{
	(void)state;
	add("a", "0001_x", "-- depends: b.0001_x\n");
	add("b", "0001_x", "-- depends: c.0001_x\n");
	add("c", "0001_x", "-- depends: b.0001_x\n");
	assert_int_equal(migrations_order(&set, &err), -1);
	assert_err("b.0001_x -> c.0001_x -> b.0001_x");
}

static void a_file_that_is_there_twice_is_refused(void **state)
{
	(void)state;
	add("a", "0001_x", "");
	add("a", "0001_x", "");
	assert_int_equal(migrations_order(&set, &err), -1);
	assert_err("a.0001_x is there twice");
}

static void three(void)
{
	add("core", "0001_a", "");
	add("core", "0002_b", "-- depends: core.0001_a\n");
	add("license", "0001_a", "-- depends: core.0001_a\n");
	add("license", "0002_b", "-- depends: license.0001_a\n");
	assert_int_equal(migrations_order(&set, &err), 0);
}

static void what_is_not_recorded_remains(void **state)
{
	(void)state;
	three();
	assert_string_equal(pending(NULL, NULL), "core.0001_a core.0002_b license.0001_a license.0002_b");
	applied("core.0001_a", NULL);
	applied("gone.0001_a", NULL);
	assert_string_equal(pending(NULL, NULL), "core.0002_b license.0001_a license.0002_b");
}

static void an_app_brings_what_it_depends_on(void **state)
{
	(void)state;
	three();
	assert_string_equal(pending("license", NULL), "core.0001_a license.0001_a license.0002_b");
	assert_null(pending("licence", NULL));
	assert_err("no app 'licence'");
}

static void to_goes_as_far_as_that_and_never_back(void **state)
{
	(void)state;
	three();
	assert_string_equal(pending(NULL, "license.0001_a"), "core.0001_a license.0001_a");
	assert_null(pending(NULL, "license.0009_z"));
	assert_err("no migration 'license.0009_z'");
	assert_null(pending("core", "license.0001_a"));
	assert_err("none of the apps");
	applied("core.0001_a", NULL);
	applied("license.0001_a", NULL);
	assert_string_equal(pending(NULL, "license.0001_a"), "");
	applied("license.0002_b", NULL);
	assert_null(pending(NULL, "license.0001_a"));
	assert_err("forward only");
}

static void what_an_applied_one_needs_is_overtaken_where_it_is_not_applied(void **state)
{
	(void)state;
	three();
	applied("license.0001_a", NULL);
	assert_string_equal(migrations_overtaker(&set, &records, migrations_find(&set, "core.0001_a"))->id, "license.0001_a");
	assert_null(migrations_overtaker(&set, &records, migrations_find(&set, "license.0001_a")));
}

static void an_applied_file_that_changed_is_edited(void **state)
{
	(void)state;
	three();
	applied("core.0001_a", "0001_a");
	applied("core.0002_b", "other");
	applied("license.0001_a", NULL);
	assert_int_equal(migration_state(migrations_find(&set, "core.0001_a"), &records), MIGRATION_APPLIED);
	assert_int_equal(migration_state(migrations_find(&set, "core.0002_b"), &records), MIGRATION_EDITED);
	assert_int_equal(migration_state(migrations_find(&set, "license.0001_a"), &records), MIGRATION_APPLIED);
}

static void a_baseline_stands_for_what_it_replaces(void **state)
{
	const struct migration *m;

	(void)state;
	add("core", "0001_a", "-- replaces: core.0001_a, core.0002_b, core.0003_c\n");
	add("license", "0001_a", "-- depends: core.0003_c\n");
	assert_int_equal(migrations_order(&set, &err), 0);
	m = migrations_find(&set, "core.0002_b");
	assert_string_equal(m->id, "core.0001_a");
	assert_string_equal(pending(NULL, NULL), "core.0001_a license.0001_a");

	applied("core.0001_a", "old");
	assert_int_equal(migration_state(m, &records), MIGRATION_PARTLY);
	assert_null(pending(NULL, NULL));
	assert_err("stands for 3 migrations of which this database has some");
	applied("core.0002_b", "older");
	applied("core.0003_c", NULL);
	assert_int_equal(migration_state(m, &records), MIGRATION_APPLIED);      /* one by one, long ago */
	assert_string_equal(pending(NULL, NULL), "license.0001_a");
}

static void a_baseline_that_was_applied_can_be_edited_too(void **state)
{
	(void)state;
	add("core", "0001_a", "-- replaces: core.0001_a, core.0002_b\n");
	applied("core.0001_a", "before");
	applied("core.0002_b", "before");
	assert_int_equal(migration_state(set.v[0], &records), MIGRATION_EDITED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_header_says_what_a_file_needs, begin, end),
		cmocka_unit_test_setup_teardown(a_wrong_header_is_named_by_file_and_line, begin, end),
		cmocka_unit_test_setup_teardown(a_file_has_a_longest_length, begin, end),
		cmocka_unit_test_setup_teardown(names_are_those_of_django, begin, end),
		cmocka_unit_test_setup_teardown(parents_come_first_in_an_order_that_never_changes, begin, end),
		cmocka_unit_test_setup_teardown(a_missing_parent_is_named, begin, end),
		cmocka_unit_test_setup_teardown(a_circle_is_told_in_full, begin, end),
		cmocka_unit_test_setup_teardown(a_file_that_is_there_twice_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_recorded_remains, begin, end),
		cmocka_unit_test_setup_teardown(an_app_brings_what_it_depends_on, begin, end),
		cmocka_unit_test_setup_teardown(to_goes_as_far_as_that_and_never_back, begin, end),
		cmocka_unit_test_setup_teardown(what_an_applied_one_needs_is_overtaken_where_it_is_not_applied, begin, end),
		cmocka_unit_test_setup_teardown(an_applied_file_that_changed_is_edited, begin, end),
		cmocka_unit_test_setup_teardown(a_baseline_stands_for_what_it_replaces, begin, end),
		cmocka_unit_test_setup_teardown(a_baseline_that_was_applied_can_be_edited_too, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
