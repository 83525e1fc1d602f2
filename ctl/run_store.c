/* run_store.c - what PostgreSQL has of runs: those that Redis has lost, too.
 *
 * What Redis still has to tell of failures is told first (io/news.c). */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "db.h"
#include "mem.h"
#include "news.h"
#include "queries.h"

#define CONNECT_MS      3000
#define QUERY_MS        30000

typedef void row_cb(json_t *list, const struct db_rows *rows, int i);

struct run_store {
	struct ctl *c;
	struct db *db;                  /* NULL until something is asked, and where nobody answered */
	struct news *news;
	json_t *list;
	row_cb *row;
	bool came, failed;
};

struct run_store *run_store_new(struct ctl *c)
{
	struct run_store *s = need(calloc(1, sizeof(*s)));

	s->c = c;
	return s;
}

static void close_db(struct run_store *s)
{
	if (!s->db)
		return;
	news_free(s->news);
	db_free(s->db);                 /* what waits is answered: it fails */
	s->db = NULL;
}

void run_store_free(struct run_store *s)
{
	close_db(s);
	free(s);
}

static void on_rows(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct run_store *s = data;

	s->came = true;
	s->failed = err != NULL;
	if (err)
		s->c->err = *err;
	for (int i = 0; !err && i < db_rows_count(rows[0]); i++)
		s->row(s->list, rows[0], i);
}

/* The first refusal is enough: a person waits. */
static int wait_answer(struct run_store *s)
{
	struct err away;

	while (!s->came && !*db_trouble(s->db))
		loop_run_once(s->c->loop);
	if (s->came)
		return s->failed ? -1 : 0;
	err_set(&away, ERR_HOLD, "db_unavailable", "PostgreSQL is away: %s", db_trouble(s->db));
	close_db(s);
	s->c->err = away;
	return -1;
}

static int run_stmt(struct run_store *s, const struct db_stmt *stmt, row_cb *row)
{
	s->row = row;
	s->came = false;
	db_run(s->db, stmt, 1, DB_COMMIT, on_rows, s);
	return wait_answer(s);
}

static void no_row(json_t *list, const struct db_rows *rows, int i)
{
	(void)list;
	(void)rows;
	(void)i;
}

static int open_db(struct run_store *s)
{
	struct db_stmt ready = { &sql_ready, 0, { NULL } };
	struct ctl *c = s->c;

	s->db = db_new(c->loop, c->set.database_url, 1, "gesyncctl");
	db_set_deadlines(s->db, CONNECT_MS, CONNECT_MS);
	s->news = news_new(c->loop, c->redis, s->db, c->set.namespace_);
	if (run_stmt(s, &ready, no_row) < 0)
		return -1;
	news_tell(s->news, CONNECT_MS);                 /* what is still on its way */
	db_set_deadlines(s->db, CONNECT_MS, QUERY_MS);
	return 0;
}

static json_t *ask(struct run_store *s, const struct db_sql *sql, int nparams, const char *id, row_cb *row)
{
	struct db_stmt stmt = { sql, nparams, { id, NULL } };

	s->list = json_array();
	if ((s->db || open_db(s) == 0) && run_stmt(s, &stmt, row) == 0)
		return s->list;
	json_decref(s->list);
	return NULL;
}

static void failure_row(json_t *list, const struct db_rows *rows, int i)
{
	json_array_append_new(list, json_pack("{ss ss ss ss}", "license", db_rows_get(rows, i, "license"),
					      "code", db_rows_get(rows, i, "code"), "message", db_rows_get(rows, i, "message"),
					      "died_at", db_rows_get(rows, i, "at")));
}

json_t *run_store_failures(struct run_store *s, const char *id)
{
	return ask(s, &sql_run_failed, 2, id, failure_row);
}

static void change_row(json_t *list, const struct db_rows *rows, int i)
{
	json_array_append_new(list, json_pack("{ss so ss}", "license", db_rows_get(rows, i, "license"),
					      "change", json_loads(db_rows_get(rows, i, "change"), 0, NULL),
					      "at", db_rows_get(rows, i, "at")));
}

json_t *run_store_changes(struct run_store *s, const char *id)
{
	return ask(s, &sql_run_changed, 1, id, change_row);
}

/* ---- runs ---- */

static void run_row(json_t *list, const struct db_rows *rows, int i)
{
	json_t *run = json_loads(db_rows_get(rows, i, "counts"), 0, NULL);
	const char *finished = db_rows_get(rows, i, "finished_at"), *state = db_rows_get(rows, i, "state");

	json_object_set_new(run, "id", json_string(db_rows_get(rows, i, "run")));
	json_object_set_new(run, "kind", json_string("sync"));
	json_object_set_new(run, "mode", json_string(db_rows_get(rows, i, "mode")));
	json_object_set_new(run, "state", json_string(strcmp(state, "running") ? state : "lost"));
	json_object_set_new(run, "started_at", json_integer(strtoll(db_rows_get(rows, i, "started_at"), NULL, 10)));
	if (finished)
		json_object_set_new(run, "finished_at", json_integer(strtoll(finished, NULL, 10)));
	json_array_append_new(list, run);
}

/* Of the run that stands in the list. */
static void so_far_row(json_t *list, const struct db_rows *rows, int i)
{
	static const char *const counts[] = { "done", "changed", "dead", "put_back" };
	json_t *so_far = json_object();

	for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++)
		json_object_set_new(so_far, counts[k], json_integer(strtoll(db_rows_get(rows, i, counts[k]), NULL, 10)));
	json_object_set(so_far, "failed", json_object_get(so_far, "dead"));
	json_array_append_new(list, so_far);
}

json_t *run_store_runs(struct run_store *s, const char *id)
{
	json_t *list = ask(s, &sql_run_stored, 1, id, run_row), *run = json_array_get(list, 0), *so_far;

	if (!list)
		fprintf(stderr, "gesyncctl: %s; only runs that Redis has are known\n", s->c->err.msg);
	if (!id || !run || strcmp(runs_text(run, "state"), "lost"))
		return list;
	so_far = ask(s, &sql_run_so_far, 1, id, so_far_row);
	json_object_update(run, json_array_get(so_far, 0));
	json_decref(so_far);
	return list;
}
