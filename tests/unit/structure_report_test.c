/* structure_report_test.c - what people read of a check and a migrate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "structure_report.h"

#define WELL "\"models\":37,\"tables\":64,\"missing\":[],\"orphaned\":[{\"table\":\"t\",\"expected\":true}],\"drift\":[],\"hidden\":21,\"apps\":{}"

typedef void report_fn(FILE *out, const json_t *outcome, bool colours);

/* The report of a job that ended so, to be freed. */
static char *report(report_fn *fn, const char *outcome, bool colours)
{
	json_error_t je;
	json_t *doc = json_loads(outcome, 0, &je);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!doc)
		fail_msg("%s", je.text);
	assert_non_null(out);
	fn(out, doc, colours);
	assert_int_equal(fclose(out), 0);
	json_decref(doc);
	return text;
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void silent_on(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

static void a_clean_check_is_one_line(void **state)
{
	char *text = report(structure_report_check, "{\"status\":\"done\",\"result\":{" WELL ",\"pending\":[]}}", false);

	(void)state;
	assert_string_equal(text, "ok  37 models, 64 tables: everything matches (1 orphans expected, 21 hidden)\n");
	free(text);
	text = report(structure_report_check, "{\"status\":\"done\",\"result\":{" WELL ",\"pending\":[]}}", true);
	says(text, "\033[32mok\033[0m  37 models");
	free(text);
}

static void what_is_pending_or_unknown_is_no_clean_check(void **state)
{
	char *text = report(structure_report_check, "{\"status\":\"done\",\"result\":{" WELL ",\"pending\":[\"core.0014_x\"]}}", false);

	(void)state;
	says(text, "  pending        1 migration\n");
	says(text, "Pending migrations\n  core.0014_x\n");
	says(text, "migrate --plan --wait");
	free(text);
	text = report(structure_report_check, "{\"status\":\"done\",\"result\":{" WELL ",\"pending\":null}}", false);
	says(text, "pending    unknown: this role may not read django_migrations");
	free(text);
}

#define DRIFT "{\"status\":\"done\",\"result\":{\"models\":2,\"tables\":2,\"missing\":[{\"table\":\"core_a\",\"app\":\"core\",\"model\":\"A\"," \
	"\"severity\":\"error\",\"fix\":\"CREATE TABLE core_a ();\",\"safe\":true}],\"orphaned\":[{\"table\":\"left\",\"expected\":false}]," \
	"\"drift\":[{\"table\":\"core_b\",\"column\":\"n\",\"kind\":\"type\",\"severity\":\"error\",\"declared\":\"bigint\",\"actual\":\"text\"," \
	"\"fix\":\"ALTER TABLE core_b\\n\\tALTER n TYPE bigint;\",\"safe\":false}],\"hidden\":0,\"apps\":{\"core\":{\"models\":2,\"missing\":1,\"errors\":2}}," \
	"\"truncated\":{\"drift\":900},\"pending\":["

static void drift_is_told_with_what_mends_it(void **state)
{
	char *text = report(structure_report_check, DRIFT "]}}", false);

	(void)state;
	says(text, "Missing tables\n  core_a  core.A\n");
	says(text, "  left  no model declares it\n");
	says(text, "  core_b.n  type  declared bigint,  is text\n      ALTER TABLE core_b\n      \tALTER n TYPE bigint;\n      -- not run by --fix");
	says(text, "check --fix --wait creates what is missing");
	says(text, "of 900 entries of drift the first 1 were kept");
	silent_on(text, "\033");
	free(text);
	text = report(structure_report_check, DRIFT "\"core.0002_x\"]}}", false);
	says(text, "core_b.n  type");
	silent_on(text, "ALTER TABLE");          /* the migrations come first */
	free(text);
}

static void what_came_from_outside_does_not_steer_the_terminal(void **state)
{
	char *text = report(structure_report_check, "{\"status\":\"dead\",\"error\":{\"code\":\"db_error\",\"message\":\"x\\u001b[2Jy\\u009bz\"}}", false);

	(void)state;
	assert_string_equal(text, "dead: db_error: x?[2Jy??z\n");
	free(text);
}

static void a_migrate_tells_what_it_did_and_where_it_failed(void **state)
{
	char *text = report(structure_report_migrate, "{\"status\":\"dead\",\"error\":{\"code\":\"migration_failed\",\"message\":\"m\"},"
		"\"result\":{\"applied\":[{\"migration\":\"core.0001_a\",\"duration_ms\":12}],\"faked\":[{\"migration\":\"core.0002_b\",\"why\":\"asked\"}],"
		"\"pending\":[\"core.0003_c\"],\"content_types\":2,\"permissions\":8,\"waited_ms\":0,"
		"\"failed\":{\"migration\":\"core.0003_c\",\"message\":\"no\",\"hint\":\"drop the view\",\"line\":7}}}", false);

	(void)state;
	says(text, "dead: migration_failed: m\n");
	says(text, "  core.0001_a      12 ms\n");
	says(text, "  core.0002_b  asked for\n");
	says(text, "  core.0003_c, line 7: no\n      drop the view\n      it was rolled back: nothing of it stands\n");
	says(text, "1 applied, 1 recorded only, 1 pending; 2 content types and 8 permissions made\n");
	free(text);
	text = report(structure_report_migrate, "{\"status\":\"done\",\"result\":{\"applied\":[],\"faked\":[],\"pending\":[]}}", false);
	assert_string_equal(text, "Nothing to do: every migration is applied.\n");
	free(text);
}

static void a_migrate_that_failed_says_nothing_that_is_not_so(void **state)
{
	char *text = report(structure_report_migrate, "{\"status\":\"dead\",\"error\":{\"code\":\"migration_failed\",\"message\":\"m\"},"
		"\"result\":{\"applied\":[],\"faked\":[],\"pending\":[]}}", false);

	(void)state;
	assert_string_equal(text, "dead: migration_failed: m\n");      /* it never came to look */
	free(text);
	text = report(structure_report_migrate, "{\"status\":\"dead\",\"error\":{\"code\":\"migration_failed\",\"message\":\"m\"},"
		"\"result\":{\"applied\":[],\"faked\":[],\"pending\":[\"core.0003_c\"],"
		"\"failed\":{\"migration\":\"core.0003_c\",\"message\":\"no\",\"transaction\":false}}}", false);
	says(text, "  core.0003_c: no\n      it runs without a transaction: what it did before this statement stands\n");
	free(text);
}

static void who_plans_hears_of_files_that_were_edited(void **state)
{
	char *text = report(structure_report_migrate, "{\"status\":\"done\",\"result\":{\"plan\":[],\"edited\":[\"core.0001_a\"]}}", false);

	(void)state;
	says(text, "-- core.0001_a was edited after it had been applied");
	free(text);
}

static void a_plan_is_sql_that_can_be_run(void **state)
{
	char *text = report(structure_report_migrate, "{\"status\":\"done\",\"result\":{\"plan\":[{\"migration\":\"core.0001_a\",\"transaction\":false,"
		"\"fake\":false,\"can_be_faked\":true,\"sql\":\"CREATE TABLE a (\\n\\tid bigint\\n);\\n\",\"lint\":[{\"rule\":\"r\",\"line\":2,"
		"\"severity\":\"error\",\"why\":\"w\",\"instead\":\"i\"}]},{\"migration\":\"core.0002_b\",\"fake\":true,\"sql\":\"DROP\"}]}}", false);

	(void)state;
	assert_string_equal(text, "-- 1 of 2: core.0001_a: outside a transaction\n"
		"-- its effect stands already in full: --fake-applied would record it\n"
		"-- lint: r, line 2: w\n--       instead: i\n"
		"CREATE TABLE a (\n\tid bigint\n);\n\n-- 2 of 2: core.0002_b: recorded, not run (--fake)\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_check_is_one_line),
		cmocka_unit_test(what_is_pending_or_unknown_is_no_clean_check),
		cmocka_unit_test(drift_is_told_with_what_mends_it),
		cmocka_unit_test(what_came_from_outside_does_not_steer_the_terminal),
		cmocka_unit_test(a_migrate_tells_what_it_did_and_where_it_failed),
		cmocka_unit_test(a_migrate_that_failed_says_nothing_that_is_not_so),
		cmocka_unit_test(who_plans_hears_of_files_that_were_edited),
		cmocka_unit_test(a_plan_is_sql_that_can_be_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
