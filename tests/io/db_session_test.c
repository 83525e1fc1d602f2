/* db_session_test.c - a session of one's own against a real PostgreSQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db_session.h"
#include "tests/support/servers.h"

static struct test_pg *pg;
static struct loop *loop;
static struct db_session *session;

struct got {
	int calls, rows;
	struct err err;         /* no code: none */
	char *first;            /* column x of the first row, or "" */
	bool free_within;
};

static void on_done(const struct db_rows *rows, const struct err *err, void *data)
{
	struct got *g = data;

	g->calls++;
	if (err)
		g->err = *err;
	else
		g->rows = db_rows_count(rows);
	g->first = test_format("%s", !err && db_rows_get(rows, 0, "x") ? db_rows_get(rows, 0, "x") : "");
	if (g->free_within) {
		db_session_free(session);
		session = NULL;
	}
}

static struct got run(const char *text)
{
	struct got g = { .calls = 0 };

	db_session_run(session, text, on_done, &g);
	assert_int_equal(g.calls, 0);
	loop_until(loop, g.calls);
	return g;
}

static char *ask(const char *text)
{
	struct got g = run(text);

	if (*g.err.code)
		fail_msg("%s: %s", g.err.code, g.err.msg);
	return g.first;
}

/* How many of our sessions run something the server has not finished with. */
static bool server_is_quiet(void)
{
	return !strcmp(test_pg_sql(pg, NULL, "SELECT count(*) FROM pg_stat_activity "
				   "WHERE application_name = 'session_test' AND state = 'active'"), "0");
}

static int begin(void **state)
{
	(void)state;
	loop = loop_new();
	session = db_session_new(loop, pg->conninfo, "session_test");
	return 0;
}

static int end(void **state)
{
	(void)state;
	db_session_free(session);
	loop_free(loop);
	return 0;
}

static void many_statements_are_one_text(void **state)
{
	(void)state;
	assert_string_equal(ask("CREATE TEMP TABLE t (n int); INSERT INTO t VALUES (1), (2);"
				"SELECT sum(n) AS x FROM t"), "3");
	assert_string_equal(ask("SELECT count(*) AS x FROM t"), "2");   /* the same session */
	assert_int_equal(run("").rows, 0);
}

static void a_parameter_is_never_part_of_the_text(void **state)
{
	const char *params[] = { "'; DROP TABLE t; --", NULL };
	struct got g = { .calls = 0 };

	(void)state;
	db_session_query(session, "SELECT $1::text || coalesce($2::text, ' null') AS x", 2, params, on_done, &g);
	loop_until(loop, g.calls);
	assert_string_equal(g.first, "'; DROP TABLE t; -- null");
}

static void what_no_transaction_may_hold_can_be_run(void **state)
{
	(void)state;
	ask("DROP TABLE IF EXISTS c; CREATE TABLE c (n int)");
	ask("CREATE INDEX CONCURRENTLY c_n ON c (n)");
	assert_string_equal(ask("SELECT indisvalid AS x FROM pg_index WHERE indexrelid = 'c_n'::regclass"), "t");
}

static void an_error_tells_all_that_the_server_told(void **state)
{
	struct got g;

	(void)state;
	g = run("DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'rows 1, 2', HINT = 'look' , ERRCODE = '22000'; END $$");
	assert_string_equal(g.err.code, "db_error");
	assert_string_equal(db_session_error(session).sqlstate, "22000");
	assert_string_equal(db_session_error(session).message, "no");
	assert_string_equal(db_session_error(session).detail, "rows 1, 2");
	assert_string_equal(db_session_error(session).hint, "look");
	run("SELECT 1 FROM nowhere");
	assert_int_equal(db_session_error(session).position, 15);
	assert_string_equal(ask("SELECT 1 AS x"), "1");
	assert_string_equal(db_session_error(session).sqlstate, "");
}

static void keep_notice(const char *message, void *data)
{
	char **all = data;

	*all = test_format("%s%s;", *all, message);
}

static void notices_are_handed_on(void **state)
{
	char *all = "";

	(void)state;
	db_session_on_notice(session, keep_notice, &all);
	ask("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$");
	assert_string_equal(all, "one;two;");
}

static void what_runs_can_be_cancelled(void **state)
{
	struct got g = { .calls = 0 };

	(void)state;
	ask("SELECT 1 AS x");
	db_session_run(session, "SELECT pg_sleep(600)", on_done, &g);
	loop_until(loop, !server_is_quiet());
	db_session_cancel(session);
	loop_until(loop, g.calls);
	assert_string_equal(db_session_error(session).sqlstate, "57014");
	assert_string_equal(ask("SELECT 1 AS x"), "1");
}

static void what_is_freed_while_it_runs_ends_on_the_server_too(void **state)
{
	struct got g = { .calls = 0 };

	(void)state;
	ask("DROP TABLE IF EXISTS d; CREATE TABLE d (n int)");
	db_session_run(session, "BEGIN; INSERT INTO d VALUES (1); SELECT pg_sleep(600)", on_done, &g);
	loop_until(loop, !server_is_quiet());
	db_session_free(session);
	session = NULL;
	loop_until(loop, server_is_quiet());
	assert_int_equal(g.calls, 0);
	assert_string_equal(test_pg_sql(pg, NULL, "SELECT count(*) FROM d"), "0");
}

static void it_may_be_freed_in_its_callback_and_before_it_was_opened(void **state)
{
	struct got g = { .free_within = true };

	(void)state;
	db_session_run(session, "SELECT 1 AS x", on_done, &g);
	loop_until(loop, !session);
	session = db_session_new(loop, pg->conninfo, "session_test");
	db_session_run(session, "SELECT 1 AS x", on_done, &g);
	db_session_free(session);
	session = db_session_new(loop, pg->conninfo, "session_test");
	assert_string_equal(ask("SELECT 2 AS x"), "2");
	assert_int_equal(g.calls, 1);
}

static void a_lost_session_is_told_and_never_silently_replaced(void **state)
{
	struct got g = { .calls = 0 };
	char *pid;

	(void)state;
	pid = ask("SELECT pg_backend_pid() AS x");
	assert_int_equal(atoi(pid), db_session_pid(session));
	db_session_run(session, "SELECT pg_sleep(600)", on_done, &g);
	loop_until(loop, !server_is_quiet());
	test_pg_sql(pg, NULL, test_format("SELECT pg_terminate_backend(%s)", pid));
	loop_until(loop, g.calls);
	assert_string_equal(g.err.code, "db_unavailable");
	assert_int_equal(g.err.kind, ERR_HOLD);
	assert_non_null(strstr(g.err.msg, "terminating connection"));

	pid = ask("SELECT pg_backend_pid() AS x");      /* told: opens anew */
	test_pg_sql(pg, NULL, test_format("SELECT pg_terminate_backend(%s)", pid));
	loop_until(loop, !db_session_is_open(session));
	assert_string_equal(run("SELECT 1 AS x").err.code, "db_unavailable");
	assert_string_equal(ask("SELECT 1 AS x"), "1");
}

static void an_absent_server_is_said(void **state)
{
	struct db_session *away = db_session_new(loop, "host=/nowhere", "session_test");
	struct got g = { .calls = 0 };

	(void)state;
	db_session_run(away, "SELECT 1", on_done, &g);
	loop_until(loop, g.calls);
	assert_string_equal(g.err.code, "db_unavailable");
	db_session_free(away);
}

static void copy_from_the_client_ends_the_session(void **state)
{
	(void)state;
	ask("DROP TABLE IF EXISTS e; CREATE TABLE e (n int)");
	assert_string_equal(run("COPY e FROM STDIN").err.code, "db_unavailable");
	assert_string_equal(ask("SELECT count(*) AS x FROM e"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_statements_are_one_text, begin, end),
		cmocka_unit_test_setup_teardown(a_parameter_is_never_part_of_the_text, begin, end),
		cmocka_unit_test_setup_teardown(what_no_transaction_may_hold_can_be_run, begin, end),
		cmocka_unit_test_setup_teardown(an_error_tells_all_that_the_server_told, begin, end),
		cmocka_unit_test_setup_teardown(notices_are_handed_on, begin, end),
		cmocka_unit_test_setup_teardown(what_runs_can_be_cancelled, begin, end),
		cmocka_unit_test_setup_teardown(what_is_freed_while_it_runs_ends_on_the_server_too, begin, end),
		cmocka_unit_test_setup_teardown(it_may_be_freed_in_its_callback_and_before_it_was_opened, begin, end),
		cmocka_unit_test_setup_teardown(a_lost_session_is_told_and_never_silently_replaced, begin, end),
		cmocka_unit_test_setup_teardown(an_absent_server_is_said, begin, end),
		cmocka_unit_test_setup_teardown(copy_from_the_client_ends_the_session, begin, end),
	};

	pg = test_pg_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
