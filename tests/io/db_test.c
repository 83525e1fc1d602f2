/* db_test.c - the pool against a real PostgreSQL. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db.h"
#include "log.h"
#include "tests/support/servers.h"

static struct test_pg *pg;
static struct loop *loop;
static struct db *db;

static const struct db_sql one = { "one", "SELECT 1 AS n" };
static const struct db_sql echo = { "echo", "SELECT $1::text AS t, length($1::text) AS n, $2::text AS u" };
static const struct db_sql add = { "add", "INSERT INTO t (n) VALUES ($1::int)" };
static const struct db_sql all = { "all", "SELECT * FROM t ORDER BY n" };
static const struct db_sql bad = { "bad", "SELECT 1/(length($1::text) - 1)" };
static const struct db_sql wrong = { "wrong", "SELECT no_such_column FROM t" };
static const struct db_sql nap = { "nap", "SELECT pg_sleep($1::float8)" };
static const struct db_sql pid = { "pid", "SELECT pg_backend_pid() AS pid" };

/* What a callback got, copied. */
struct got {
	int calls;
	struct err err;
	bool failed;
	int rows[DB_STMTS_MAX];
	char *first;            /* first column named below, of the first row */
	const char *column;
	int want;               /* results to look at */
};

static void on_done(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct got *g = data;

	g->calls++;
	g->failed = err;
	if (err) {
		assert_null(rows);
		g->err = *err;
		return;
	}
	for (int i = 0; i < g->want; i++)
		g->rows[i] = db_rows_count(rows[i]);
	if (g->column)
		g->first = test_format("%s", db_rows_get(rows[0], 0, g->column));
}

static struct got run(const struct db_stmt *stmts, int n, enum db_end how)
{
	struct got g = { .want = n };

	db_run(db, stmts, n, how, on_done, &g);
	assert_int_equal(g.calls, 0);
	loop_until(loop, g.calls);
	assert_int_equal(g.calls, 1);
	return g;
}

static char *text(const struct db_sql *sql, const char *column)
{
	struct got g = { .want = 1, .column = column };

	db_run(db, &(struct db_stmt){ .sql = sql }, 1, DB_COMMIT, on_done, &g);
	loop_until(loop, g.calls);
	if (g.failed)
		fail_msg("%s: %s", g.err.code, g.err.msg);
	return g.first;
}

static void assert_ok(struct got g)
{
	if (g.failed)
		fail_msg("%s: %s", g.err.code, g.err.msg);
}

static void assert_failed(struct got g, enum err_kind kind, const char *code, const char *part)
{
	assert_true(g.failed);
	assert_string_equal(g.err.code, code);
	assert_int_equal(g.err.kind, kind);
	if (!strstr(g.err.msg, part))
		fail_msg("'%s' is not in '%s'", part, g.err.msg);
}

static char *rows_of_t(void)
{
	return test_pg_sql(pg, NULL, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM t");
}

static int begin_with(int size, const char *conninfo)
{
	test_pg_sql(pg, NULL, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int PRIMARY KEY, "
		    "u int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
	loop = loop_new();
	db = db_new(loop, conninfo, size, "db_test");
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with(2, pg->conninfo);
}

static int end(void **state)
{
	(void)state;
	db_free(db);
	loop_free(loop);
	return 0;
}

/* --- requests -------------------------------------------------------------------- */

static void parameters_go_there_and_back(void **state)
{
	struct got g = { .want = 1, .column = "t" };
	struct db_stmt s = { .sql = &echo, .nparams = 2, .params = { "a'\\\xc3\xa4", NULL } };

	(void)state;
	db_run(db, &s, 1, DB_COMMIT, on_done, &g);
	s.params[0] = "changed";        /* was copied */
	loop_until(loop, g.calls);
	assert_ok(g);
	assert_string_equal(g.first, "a'\\\xc3\xa4");
	g = (struct got){ .want = 1, .column = "u" };
	db_run(db, &s, 1, DB_COMMIT, on_done, &g);
	loop_until(loop, g.calls);
	assert_string_equal(g.first, "(null)");
}

static void a_parameter_of_megabytes_gets_through(void **state)
{
	size_t len = 16u << 20;
	char *big = malloc(len + 1);
	struct got g = { .want = 1, .column = "n" };

	(void)state;
	memset(big, 'x', len);
	big[len] = '\0';
	db_run(db, &(struct db_stmt){ &echo, 2, { big, big } }, 1, DB_COMMIT, on_done, &g);
	free(big);
	loop_until(loop, g.calls);
	assert_ok(g);
	assert_string_equal(g.first, "16777216");
}

static void several_statements_are_one_transaction(void **state)
{
	const struct db_stmt good[] = { { &add, 1, { "1" } }, { &add, 1, { "2" } }, { .sql = &all } };
	const struct db_stmt broken[] = { { &add, 1, { "3" } }, { &bad, 1, { "x" } }, { .sql = &all } };
	struct got g = run(good, 3, DB_COMMIT);

	(void)state;
	assert_ok(g);
	assert_int_equal(g.rows[2], 2);
	g = run(broken, 3, DB_COMMIT);
	assert_failed(g, ERR_RETRY, "db_error", "bad: division by zero (SQLSTATE 22012)");
	assert_string_equal(rows_of_t(), "1 2");
	assert_ok(run(good + 2, 1, DB_COMMIT));         /* and the connection is fine */
}

static void a_rollback_changes_nothing_but_shows_the_rows(void **state)
{
	const struct db_stmt stmts[] = { { &add, 1, { "1" } }, { .sql = &all } };
	struct got g = run(stmts, 2, DB_ROLLBACK);

	(void)state;
	assert_ok(g);
	assert_int_equal(g.rows[1], 1);
	assert_string_equal(rows_of_t(), "");
}

static void a_deferred_constraint_fails_at_commit(void **state)
{
	static const struct db_sql twice = { "twice", "INSERT INTO t (n, u) VALUES (1, 1), (2, 1)" };
	const struct db_stmt stmt = { .sql = &twice };

	(void)state;
	assert_failed(run(&stmt, 1, DB_COMMIT), ERR_RETRY, "db_error", "SQLSTATE 23505");
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
	assert_string_equal(rows_of_t(), "");
}

static void a_statement_that_cannot_be_prepared_fails_alone(void **state)
{
	const struct db_stmt stmts[] = { { .sql = &one }, { .sql = &wrong }, { .sql = &all } };

	(void)state;
	assert_failed(run(stmts, 3, DB_COMMIT), ERR_RETRY, "db_error", "wrong: column \"no_such_column\"");
	assert_ok(run(stmts, 1, DB_COMMIT));
	assert_ok(run(stmts + 2, 1, DB_COMMIT));
}

static void copy_is_refused_and_the_next_request_works(void **state)
{
	static const struct db_sql copy = { "copy", "COPY t TO STDOUT" };

	(void)state;
	assert_failed(run(&(struct db_stmt){ .sql = &copy }, 1, DB_COMMIT), ERR_RETRY, "db_error", "copy");
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
}

static void what_meddles_with_the_transaction_costs_its_connection_only(void **state)
{
	static const struct db_sql again = { "again", "COMMIT AND CHAIN" };
	static const struct db_sql chain = { "chain", "ROLLBACK" };
	const struct db_stmt stmts[] = { { .sql = &again }, { .sql = &chain } };

	(void)state;
	assert_ok(run(stmts, 2, DB_COMMIT));
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
	assert_string_equal(test_pg_sql(pg, NULL, "SELECT count(*) FROM pg_stat_activity "
					"WHERE application_name = 'db_test' AND state LIKE '%transaction%'"), "0");
}

static void many_requests_share_few_connections(void **state)
{
	enum { N = 300 };
	static struct got got[N];
	int done = 0;

	(void)state;
	memset(got, 0, sizeof(got));
	for (int i = 0; i < N; i++)
		db_run(db, &(struct db_stmt){ &add, 1, { test_format("%d", i) } }, 1, DB_COMMIT,
		       on_done, &got[i]);
	while (done < N) {
		loop_run_once(loop);
		for (done = 0; done < N && got[done].calls; done++)
			;
	}
	for (int i = 0; i < N; i++)
		assert_ok(got[i]);
	assert_string_equal(test_pg_sql(pg, NULL, "SELECT count(*) FROM t"), "300");
	assert_string_equal(test_pg_sql(pg, NULL, "SELECT count(*) FROM pg_stat_activity "
					"WHERE application_name = 'db_test'"), "2");
	assert_int_equal(db_idle(db), 2);
}

static void look(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct got *g = data;

	assert_null(err);
	g->calls++;
	assert_string_equal(db_rows_get(rows[0], 0, "n"), "1");
	assert_null(db_rows_get(rows[0], 0, "m"));
	assert_null(db_rows_get(rows[0], 1, "n"));
	assert_null(db_rows_get(rows[0], -1, "n"));
}

static void an_unknown_column_or_row_is_null(void **state)
{
	struct got g = { 0 };

	(void)state;
	db_run(db, &(struct db_stmt){ .sql = &one }, 1, DB_COMMIT, look, &g);
	loop_until(loop, g.calls);
}

static void a_result_type_that_ddl_has_changed_is_no_error(void **state)
{
	const struct db_stmt stmt = { .sql = &all };

	(void)state;
	assert_ok(run(&stmt, 1, DB_COMMIT));
	test_pg_sql(pg, NULL, "ALTER TABLE t ADD COLUMN more text; INSERT INTO t (n) VALUES (7)");
	assert_ok(run(&stmt, 1, DB_COMMIT));
}

static void prepared_statements_that_vanished_are_made_anew(void **state)
{
	static const struct db_sql discard = { "discard", "DEALLOCATE ALL" };
	const struct db_stmt stmt = { .sql = &one };

	(void)state;
	end(NULL);
	begin_with(1, pg->conninfo);
	assert_ok(run(&stmt, 1, DB_COMMIT));
	/* It takes COMMIT away too: that request fails and is sent again. */
	run(&(struct db_stmt){ .sql = &discard }, 1, DB_COMMIT);
	assert_ok(run(&stmt, 1, DB_COMMIT));
}

static void a_lock_that_is_held_is_lock_timeout(void **state)
{
	static const struct db_sql lock = { "lock", "LOCK TABLE t IN ACCESS EXCLUSIVE MODE NOWAIT" };
	static const struct db_sql hold = { "hold", "LOCK TABLE t" };
	const struct db_stmt first[] = { { .sql = &hold }, { &nap, 1, { "1.5" } } };
	struct got held = { .want = 0 }, g;

	(void)state;
	db_run(db, first, 2, DB_COMMIT, on_done, &held);
	loop_until(loop, *test_pg_sql(pg, NULL, "SELECT 1 FROM pg_locks "
				      "WHERE mode = 'AccessExclusiveLock' AND granted LIMIT 1"));
	g = run(&(struct db_stmt){ .sql = &lock }, 1, DB_COMMIT);
	assert_failed(g, ERR_RETRY, "lock_timeout", "SQLSTATE 55P03");
	loop_until(loop, held.calls);
}

static void sessions_have_their_settings(void **state)
{
	static const struct db_sql settings = { "settings",
		"SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), "
		"current_setting('TimeZone'), current_setting('client_encoding'), "
		"current_setting('application_name'), current_setting('search_path')) AS s" };

	(void)state;
	test_pg_sql(pg, NULL, "ALTER DATABASE postgres SET timezone = 'Asia/Kolkata'");
	assert_string_equal(text(&settings, "s"), "25s 5s UTC UTF8 db_test \"$user\", public");
	end(NULL);
	begin_with(1, test_format("%s options='-c statement_timeout=7s -c search_path=x,public' "
				  "application_name=mine", pg->conninfo));
	assert_string_equal(text(&settings, "s"), "7s 5s UTC UTF8 mine x,public");
	test_pg_sql(pg, NULL, "ALTER DATABASE postgres RESET timezone");
}

/* --- names ----------------------------------------------------------------------- */

static void names_and_lists_of_hosts_are_resolved(void **state)
{
	int nobody = test_free_port();
	const char *const conninfos[] = {
		test_format("host=localhost port=%d user=postgres dbname=postgres", pg->port),
		test_format("postgresql://postgres@localhost:%d/postgres", pg->port),
		test_format("postgresql://postgres@127.0.0.1:%d,localhost:%d/postgres", nobody, pg->port),
		test_format("host=no-such-host.invalid,localhost,%s port=%d,%d,%d user=postgres dbname=postgres",
			    pg->dir, nobody, nobody, pg->port),
		test_format("host=whatever hostaddr=127.0.0.1 port=%d user=postgres dbname=postgres", pg->port),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(conninfos) / sizeof(*conninfos); i++) {
		end(NULL);
		begin_with(1, conninfos[i]);
		assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
	}
}

static void the_environment_names_the_host_too(void **state)
{
	(void)state;
	end(NULL);
	setenv("PGHOST", "localhost", 1);
	setenv("PGPORT", test_format("%d", pg->port), 1);
	begin_with(1, "user=postgres dbname=postgres");
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
	unsetenv("PGHOST");
	unsetenv("PGPORT");
}

static void what_cannot_be_reached_is_unavailable_after_the_deadline(void **state)
{
	const char *const conninfos[] = {
		"host=no-such-host.invalid user=postgres",
		test_format("host=127.0.0.1 port=%d password=hunter2", test_free_port()),
		"what=is this secret hunter2",
		test_format("%s-no", test_pg_conninfo(pg, "none")),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(conninfos) / sizeof(*conninfos); i++) {
		end(NULL);
		begin_with(1, conninfos[i]);
		db_set_deadlines(db, 200, 300);
		assert_failed(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT), ERR_HOLD,
			      "db_unavailable", "");
		assert_false(db_up(db));
		assert_int_equal(db_idle(db), 0);
	}
}

/* --- when it goes away ------------------------------------------------------------ */

static void a_terminated_backend_is_replaced(void **state)
{
	struct got g = { .want = 1 };
	char *was = text(&pid, "pid");

	(void)state;
	db_run(db, &(struct db_stmt){ &nap, 1, { "20" } }, 1, DB_COMMIT, on_done, &g);
	loop_until(loop, *test_pg_sql(pg, NULL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
				      "WHERE query LIKE '%pg_sleep($1%' AND state = 'active' "
				      "AND application_name = 'db_test'"));
	loop_until(loop, g.calls);
	assert_failed(g, ERR_HOLD, "db_unavailable", "terminating connection");
	assert_string_not_equal(text(&pid, "pid"), was);
}

static void an_idle_connection_notices_its_end(void **state)
{
	(void)state;
	text(&one, "n");
	assert_true(db_up(db));
	test_pg_sql(pg, NULL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		    "WHERE application_name = 'db_test'");
	loop_until(loop, !db_up(db));
	loop_until(loop, db_up(db));            /* of itself */
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
}

static void a_restart_of_the_server_is_survived(void **state)
{
	struct got g = { .want = 1 };

	(void)state;
	text(&one, "n");
	test_pg_stop(pg);
	loop_until(loop, !db_up(db));
	db_run(db, &(struct db_stmt){ .sql = &one }, 1, DB_COMMIT, on_done, &g);
	for (int64_t since = test_now_ms(); test_now_ms() - since < 300; ) {
		struct timer *tick = test_tick(loop);

		loop_run_once(loop);
		timer_free(tick);
	}
	assert_int_equal(g.calls, 0);           /* it waits */
	test_pg_again(pg);
	loop_until(loop, g.calls);
	assert_ok(g);
}

static void a_mute_server_is_given_up_after_the_deadline(void **state)
{
	struct got g = { .want = 1 };

	(void)state;
	text(&one, "n");
	db_set_deadlines(db, 300, 300);
	test_pg_signal(pg, SIGSTOP);
	db_run(db, &(struct db_stmt){ .sql = &one }, 1, DB_COMMIT, on_done, &g);
	loop_until(loop, g.calls);
	test_pg_signal(pg, SIGCONT);
	assert_failed(g, ERR_HOLD, "db_unavailable", "no answer within 0.3 s");
	db_set_deadlines(db, 10000, 30000);
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
}

static void a_server_that_became_read_only_is_unavailable(void **state)
{
	(void)state;
	text(&one, "n");
	test_pg_sql(pg, NULL, "ALTER DATABASE postgres SET default_transaction_read_only = on");
	end(NULL);
	loop = loop_new();
	db = db_new(loop, pg->conninfo, 1, "db_test");
	db_set_deadlines(db, 10000, 500);
	assert_failed(run(&(struct db_stmt){ &add, 1, { "1" } }, 1, DB_COMMIT), ERR_HOLD,
		      "db_unavailable", "no database connection became free");
	assert_false(db_up(db));
	assert_non_null(strstr(db_trouble(db), "read-only"));
	db_set_deadlines(db, 10000, 30000);
	test_pg_sql(pg, "template1", "ALTER DATABASE postgres RESET default_transaction_read_only");
	assert_ok(run(&(struct db_stmt){ &add, 1, { "1" } }, 1, DB_COMMIT));
}

static void fewer_connections_than_wished_for_are_enough(void **state)
{
	static struct got got[20];
	int done = 0;

	(void)state;
	memset(got, 0, sizeof(got));
	test_pg_sql(pg, NULL, "DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 2");
	end(NULL);
	begin_with(20, test_format("host=%s port=%d user=few dbname=postgres", pg->dir, pg->port));
	for (int i = 0; i < 20; i++)
		db_run(db, &(struct db_stmt){ &nap, 1, { "0.01" } }, 1, DB_COMMIT, on_done, &got[i]);
	while (done < 20) {
		loop_run_once(loop);
		for (done = 0; done < 20 && got[done].calls; done++)
			;
	}
	for (int i = 0; i < 20; i++)
		assert_ok(got[i]);
	assert_true(db_up(db));
}

static void what_is_pending_when_it_is_freed_fails(void **state)
{
	struct got a = { .want = 1 }, b = { .want = 1 }, c = { .want = 1 };

	(void)state;
	text(&one, "n");
	db_run(db, &(struct db_stmt){ &nap, 1, { "20" } }, 1, DB_COMMIT, on_done, &a);
	db_run(db, &(struct db_stmt){ &nap, 1, { "20" } }, 1, DB_COMMIT, on_done, &b);
	db_run(db, &(struct db_stmt){ &nap, 1, { "20" } }, 1, DB_COMMIT, on_done, &c);
	for (int i = 0; i < 5; i++) {
		struct timer *tick = test_tick(loop);

		loop_run_once(loop);
		timer_free(tick);
	}
	db_free(db);
	assert_failed(a, ERR_HOLD, "db_unavailable", "stopping");
	assert_failed(b, ERR_HOLD, "db_unavailable", "stopping");
	assert_failed(c, ERR_HOLD, "db_unavailable", "stopping");
	db = db_new(loop, pg->conninfo, 1, "db_test");
}

struct freeing {
	int calls, refused;
};

static void on_refused(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct freeing *f = data;

	assert_null(rows);
	assert_string_equal(err->code, "db_unavailable");
	f->refused++;
}

static void on_done_free(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct freeing *f = data;

	assert_non_null(rows);
	assert_null(err);
	db_free(db);
	db_run(db, &(struct db_stmt){ .sql = &one }, 1, DB_COMMIT, on_refused, f);
	assert_int_equal(f->refused, 0);
	f->calls++;
}

static void it_may_be_freed_from_a_callback(void **state)
{
	struct freeing f = { 0 };

	(void)state;
	db_run(db, &(struct db_stmt){ .sql = &one }, 1, DB_COMMIT, on_done_free, &f);
	loop_until(loop, f.calls && f.refused);
	db = db_new(loop, pg->conninfo, 1, "db_test");
}

/* --- streams ----------------------------------------------------------------------- */

static const struct db_sql series = { "series", "SELECT g AS n FROM generate_series(1, $1::int) g" };

struct reader {
	struct db_stream *stream;
	int rows, pages, biggest, stop_after;
	bool ended, failed, paused;
	struct err err;
	bool pause;
};

static void on_page(const struct db_rows *rows, const struct err *err, void *data)
{
	struct reader *r = data;

	assert_false(r->ended);
	if (!rows) {
		r->ended = true;
		r->failed = err;
		if (err)
			r->err = *err;
		return;
	}
	for (int i = 0; i < db_rows_count(rows); i++)
		assert_int_equal(atoi(db_rows_get(rows, i, "n")), ++r->rows);
	r->pages++;
	if (db_rows_count(rows) > r->biggest)
		r->biggest = db_rows_count(rows);
	if (r->stop_after && r->pages == r->stop_after) {
		db_stream_stop(r->stream);
		r->ended = true;
	} else if (r->pause) {
		r->paused = true;
	} else {
		db_stream_next(r->stream);
	}
}

static struct reader *reader_new(const char *rows, int page, int stop_after, bool pause)
{
	struct reader *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->stop_after = stop_after;
	r->pause = pause;
	r->stream = db_stream(db, &(struct db_stmt){ &series, 1, { rows } }, page, on_page, r);
	return r;
}

static void a_stream_comes_in_pages(void **state)
{
	const char *const sizes[] = { "0", "1", "99", "100", "101", "25000" };
	const int pages[] = { 0, 1, 1, 1, 2, 250 };

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct reader *r = reader_new(sizes[i], 100, 0, false);

		loop_until(loop, r->ended);
		assert_false(r->failed);
		assert_int_equal(r->rows, atoi(sizes[i]));
		assert_int_equal(r->pages, pages[i]);
		assert_true(r->biggest <= 100);
		free(r);
	}
	loop_until(loop, db_idle(db) == 2);
	assert_string_equal(test_pg_sql(pg, NULL, "SELECT count(*) FROM pg_stat_activity WHERE "
					"application_name = 'db_test' AND state LIKE 'idle in%'"), "0");
}

static void a_stream_waits_for_its_reader_while_others_work(void **state)
{
	struct reader *r = reader_new("250", 100, 0, true);

	(void)state;
	loop_until(loop, r->paused);
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
	assert_int_equal(r->rows, 100);
	r->pause = false;
	db_stream_next(r->stream);
	loop_until(loop, r->ended);
	assert_int_equal(r->rows, 250);
	free(r);
}

static void a_stream_may_be_stopped_at_any_time(void **state)
{
	struct reader *inside = reader_new("1000", 10, 3, false);
	struct reader *paused, *early, *running;

	(void)state;
	loop_until(loop, inside->ended);
	assert_int_equal(inside->rows, 30);
	paused = reader_new("1000", 10, 0, true);
	loop_until(loop, paused->paused);
	db_stream_stop(paused->stream);
	paused = (free(paused), reader_new("1000", 10, 0, true));
	loop_until(loop, paused->paused);
	db_stream_next(paused->stream);
	db_stream_stop(paused->stream);
	early = reader_new("1000", 10, 0, false);
	db_stream_stop(early->stream);
	running = reader_new("1000000", 100000, 0, false);
	loop_run_once(loop);
	loop_run_once(loop);
	db_stream_stop(running->stream);
	loop_until(loop, db_idle(db) == 2);
	assert_ok(run(&(struct db_stmt){ .sql = &one }, 1, DB_COMMIT));
	assert_int_equal(early->pages + running->pages, 0);
	free(inside);
	free(paused);
	free(early);
	free(running);
}

static void a_stream_fails_with_its_statement_or_its_connection(void **state)
{
	struct reader *r = calloc(1, sizeof(*r));

	(void)state;
	r->stream = db_stream(db, &(struct db_stmt){ .sql = &wrong }, 10, on_page, r);
	loop_until(loop, r->ended);
	assert_true(r->failed);
	assert_string_equal(r->err.code, "db_error");
	free(r);
	r = reader_new("1000", 10, 0, true);
	loop_until(loop, r->paused);
	test_pg_sql(pg, NULL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		    "WHERE application_name = 'db_test' AND state LIKE 'idle in%'");
	loop_until(loop, db_idle(db) == 2 || !db_up(db));
	assert_false(r->ended);         /* told when it asks */
	db_stream_next(r->stream);
	loop_until(loop, r->ended);
	assert_true(r->failed);
	assert_string_equal(r->err.code, "db_unavailable");
	free(r);
}

static void streams_outlive_the_pool(void **state)
{
	struct reader *paused = reader_new("1000", 10, 0, true), *waiting, *third, *other;

	(void)state;
	loop_until(loop, paused->paused);
	other = reader_new("1000", 10, 0, true);
	loop_until(loop, other->paused);
	waiting = reader_new("10", 10, 0, false);
	third = reader_new("10", 10, 0, false);
	db_stream_stop(third->stream);
	db_free(db);
	assert_true(waiting->failed);
	assert_false(paused->ended);
	db_stream_stop(paused->stream);
	db_stream_next(other->stream);
	loop_until(loop, other->ended);
	assert_string_equal(other->err.code, "db_unavailable");
	free(paused);
	free(other);
	free(waiting);
	free(third);
	db = db_new(loop, pg->conninfo, 1, "db_test");
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(parameters_go_there_and_back),
		DB_TEST(a_parameter_of_megabytes_gets_through),
		DB_TEST(several_statements_are_one_transaction),
		DB_TEST(a_rollback_changes_nothing_but_shows_the_rows),
		DB_TEST(a_deferred_constraint_fails_at_commit),
		DB_TEST(a_statement_that_cannot_be_prepared_fails_alone),
		DB_TEST(copy_is_refused_and_the_next_request_works),
		DB_TEST(what_meddles_with_the_transaction_costs_its_connection_only),
		DB_TEST(many_requests_share_few_connections),
		DB_TEST(an_unknown_column_or_row_is_null),
		DB_TEST(a_result_type_that_ddl_has_changed_is_no_error),
		DB_TEST(prepared_statements_that_vanished_are_made_anew),
		DB_TEST(a_lock_that_is_held_is_lock_timeout),
		DB_TEST(sessions_have_their_settings),
		DB_TEST(names_and_lists_of_hosts_are_resolved),
		DB_TEST(the_environment_names_the_host_too),
		DB_TEST(what_cannot_be_reached_is_unavailable_after_the_deadline),
		DB_TEST(a_terminated_backend_is_replaced),
		DB_TEST(an_idle_connection_notices_its_end),
		DB_TEST(a_restart_of_the_server_is_survived),
		DB_TEST(a_mute_server_is_given_up_after_the_deadline),
		DB_TEST(a_server_that_became_read_only_is_unavailable),
		DB_TEST(fewer_connections_than_wished_for_are_enough),
		DB_TEST(what_is_pending_when_it_is_freed_fails),
		DB_TEST(it_may_be_freed_from_a_callback),
		DB_TEST(a_stream_comes_in_pages),
		DB_TEST(a_stream_waits_for_its_reader_while_others_work),
		DB_TEST(a_stream_may_be_stopped_at_any_time),
		DB_TEST(a_stream_fails_with_its_statement_or_its_connection),
		DB_TEST(streams_outlive_the_pool),
	};

	log_setup(LOG_LEVEL_ERROR, false);
	pg = test_pg_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
