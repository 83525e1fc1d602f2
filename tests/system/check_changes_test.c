/* check_changes_test.c - random single changes to the application's database, with rows in
 * it: each is told as what it is, where it is, and nothing else is; the fix, where it is
 * called safe, brings the database back.
 *
 * Most are made in a transaction that is rolled back, and compared in it, the fix without
 * CONCURRENTLY; every tenth for good, by a check from its own connection.
 *
 * GESYNC_CHANGES (100): how many. GESYNC_SEED: to do the same again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "noise.h"
#include "queries.h"
#include "schema.h"
#include "tests/support/changes.h"
#include "tests/support/check_run.h"

#ifndef CHANGES_USUAL
#define CHANGES_USUAL 100
#endif

static struct test_pg *pg;
static struct loop *loop;
static struct manifest *manifest;
static PGconn *db;

static bool run(const char *sql)
{
	PGresult *result = PQexec(db, sql);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

	PQclear(result);
	return done;
}

static void connect_db(void)
{
	db = PQconnectdb(test_pg_conninfo(pg, "changed"));
	assert_int_equal(PQstatus(db), CONNECTION_OK);
	assert_true(run("SET statement_timeout = '30s'; SET client_min_messages = error"));
}

static void begin_anew(void)
{
	PQfinish(db);
	check_copy(pg, "changed", "base");
	connect_db();
}

/* What a check tells, within our own transaction. */
static json_t *compare(void)
{
	PGresult *result = PQexec(db, sql_catalogue.text);
	size_t n = (size_t)PQntuples(result);
	const char **rows = calloc(n + 1, sizeof(*rows));
	struct schema_scope scope = { .table = NULL };
	struct catalogue *catalogue;
	struct schema *schema;
	struct err err;
	json_t *report;

	for (size_t i = 0; i < n; i++)
		rows[i] = PQgetvalue(result, (int)i, PQfnumber(result, "definition"));
	catalogue = catalogue_read(rows, n, &err);
	if (!catalogue)
		fail_msg("%s", err.msg);
	schema = schema_compare(manifest, catalogue, &scope);
	report = schema_report(schema, &scope);
	schema_free(schema);
	catalogue_free(catalogue);
	free(rows);
	PQclear(result);
	return report;
}

static json_t *check(bool real)
{
	return real ? check_run(loop, test_pg_conninfo(pg, "changed"), NULL, NULL) : compare();
}

/* All that is told but the orphans which are expected. */
static size_t told(const json_t *report)
{
	json_t *o;
	size_t i, n = check_count(report, "drift") + check_count(report, "missing");

	json_array_foreach(json_object_get(report, "orphaned"), i, o)
		n += !json_is_true(json_object_get(o, "expected"));
	return n;
}

static bool is_said(const json_t *o, const char *key, const char *text)
{
	return !text || !strcmp(check_text(o, key), text);
}

/* The entry that the change must have; NULL if it has not. */
static json_t *entry(const json_t *report, const struct change *change)
{
	json_t *o;
	size_t i;

	json_array_foreach(json_object_get(report, change->list), i, o)
		if (is_said(o, "table", change->table) && is_said(o, "kind", change->kind) &&
		    is_said(o, "column", change->column) && is_said(o, "name", change->name) &&
		    is_said(o, "severity", change->severity))
			return o;
	return NULL;
}

static bool is_safe(const json_t *o)
{
	return json_is_true(json_object_get(o, "safe"));
}

static void run_statement(const struct change *change, char *sql, bool real)
{
	static const char word[] = "CONCURRENTLY ";
	char *at = strstr(sql, word);

	if (at && !real)
		memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
	if (!run(sql))
		fail_msg("after %s\nthe fix failed: %s\n%s", change->sql, sql, PQerrorMessage(db));
}

/* The statements of a fix, one by one, as psql would run them. */
static void run_fix(const struct change *change, const json_t *o, bool real)
{
	char *fix = test_format("%s", check_text(o, "fix")), *end;

	for (; (end = strstr(fix, ";\n")); fix = end + 2) {
		*end = '\0';
		run_statement(change, fix, real);
	}
	run_statement(change, fix, real);
}

/* True if the database is as it was before. */
static bool look(const struct change *change, bool real)
{
	json_t *report = check(real), *o = change->list ? entry(report, change) : NULL;
	bool mended = false;

	if (told(report) != (change->list != NULL) || (change->list && !o))
		fail_msg("after %s (%s), wanted %s %s %s %s\n%s", change->sql, change->what, change->list,
			 change->kind, change->table, change->column ? change->column : change->name,
			 check_show(json_object_get(report, "drift")));
	if (o && is_safe(o)) {
		json_t *again;

		run_fix(change, o, real);
		again = check(real);
		if (told(again))
			fail_msg("after %s\nand its fix %s\n%s", change->sql, check_text(o, "fix"), check_show(json_object_get(again, "drift")));
		json_decref(again);
		mended = true;
	}
	json_decref(report);
	return mended;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void every_single_change_is_told_and_mended(void **state)
{
	uint64_t seed = number("GESYNC_SEED", (uint64_t)noise_word() + 1), n = number("GESYNC_CHANGES", CHANGES_USUAL);
	struct changes changes = { manifest, NULL, seed };
	size_t mended = 0, refused = 0;

	(void)state;
	print_message("GESYNC_SEED=%llu GESYNC_CHANGES=%llu\n", (unsigned long long)seed, (unsigned long long)n);
	begin_anew();
	for (uint64_t i = 0; i < n;) {
		bool real = i % 10 == 0, good = false;
		struct change change;

		changes.db = db;
		change = changes_pick(&changes);
		assert_true(real || run("BEGIN"));
		if (!run(change.sql)) {         /* the rows do not allow it */
			assert_true(++refused < n);
		} else {
			good = look(&change, real);
			mended += good;
			i++;
		}
		if (!real)
			assert_true(run("ROLLBACK"));
		else if (!good)
			begin_anew();
	}
	print_message("%llu changes told, %zu mended by their own fix, %zu refused by the rows\n",
		      (unsigned long long)n, mended, refused);
	assert_true(mended > n / 4);
}

static int start(void **state)
{
	struct err err;

	(void)state;
	pg = test_pg_start();
	loop = loop_new();
	manifest = manifest_load("db/models", &err);
	check_database(pg, "base", NULL);
	test_pg_file(pg, "base", "tests/data/facts/balance_cases/data.sql");
	/* The five doubled keys are what a check tells of it otherwise. */
	test_pg_sql(pg, "base",
		"ALTER TABLE bill_of_entry_billofentrymodel DROP CONSTRAINT bill_of_entry_billofentrymodel_created_by_id_fkey,"
		" DROP CONSTRAINT bill_of_entry_billofentrymodel_modified_by_id_fkey;"
		"ALTER TABLE bill_of_entry_rowdetails DROP CONSTRAINT bill_of_entry_rowdetails_created_by_id_fkey,"
		" DROP CONSTRAINT bill_of_entry_rowdetails_modified_by_id_fkey;"
		"ALTER TABLE license_licenseimportitemsmodel_items DROP CONSTRAINT"
		" license_licenseimportitem_licenseimportitemsmodel_i_6758fb0d_fk");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	PQfinish(db);
	manifest_free(manifest);
	loop_free(loop);
	test_pg_stop(pg);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_single_change_is_told_and_mended),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
