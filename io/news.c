/* news.c - what Redis knows of runs is told to PostgreSQL.
 *
 *      IDLE --soon--> SCHEMA --> LIST --some--> INSERT --> REMOVE --+
 *        ^              |         ^ |                               |
 *        |              |         +-|-------------------------------+
 *        |   failed     |           +--none--> UNFINISHED --> LOOK (a run's hash) --ended--> END --+
 *        +---(again in 5 s)                                    ^  +--running, gone--+              |
 *        +--------------------------------none left------------+--------------------+--------------+ */
#include "news.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "log.h"
#include "mem.h"
#include "queries.h"
#include "own_schema.h"

#define PAGE            500
#define SOON_MS         1000    /* the news of a second go together */
#define AGAIN_MS        5000

struct news {
	struct loop *loop;
	struct redis *redis;
	struct db *db;
	const char *ns;
	struct timer *timer;
	bool busy, asked, failed, gone; /* gone: freed, its callback is still to come */
	bool schema;
	struct redis_members { char **v; size_t n; } members;   /* owned: as they stand in Redis */
	char **runs;                    /* owned: unfinished, as PostgreSQL knows */
	size_t nruns;
};

static void list_page(struct news *n);
static void look_next(struct news *n);

static void clear_list(char ***list, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
	*n = 0;
}

static char **list_of(size_t n)
{
	return need(calloc(n + 1, sizeof(char *)));
}

static void really_free(struct news *n)
{
	clear_list(&n->members.v, &n->members.n);
	clear_list(&n->runs, &n->nruns);
	free(n);
}

/* Every callback begins here: false where there is nothing to go on with. */
static bool goes_on(struct news *n, const struct err *err)
{
	if (n->gone) {
		really_free(n);
		return false;
	}
	if (!err)
		return true;
	n->busy = false;
	n->failed = true;
	timer_set(n->timer, AGAIN_MS);
	return false;
}

static void ended(struct news *n)
{
	n->busy = false;
	if (n->asked)
		timer_set(n->timer, SOON_MS);
}

/* ---- failures ---- */

static void on_removed(const struct redis_value *v, const struct err *err, void *data)
{
	(void)v;
	if (goes_on(data, err))
		list_page(data);
}

static void on_inserted(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct news *n = data;
	const char **argv;
	char key[KEYS_MAX];

	(void)rows;
	if (!goes_on(n, err))
		return;
	argv = need(malloc((n->members.n + 2) * sizeof(*argv)));
	argv[0] = "ZREM";
	argv[1] = keys_name(key, n->ns, KEY_NEWS);
	memcpy(argv + 2, n->members.v, n->members.n * sizeof(*argv));
	redis_send(n->redis, (int)n->members.n + 2, argv, NULL, 0, on_removed, n);
	free(argv);
}

/* An outcome becomes what run_failures.sql takes; NULL for what is none. */
static json_t *failure_of(const char *text)
{
	json_t *o = json_loads(text, 0, NULL), *error = json_object_get(o, "error"), *f = NULL;
	const char *subject = json_string_value(json_object_get(o, "license"));

	if (!subject)
		subject = json_string_value(json_object_get(o, "id"));
	if (subject && error)
		f = json_pack("{sO? ss sO? sO? sO?}", "run", json_object_get(o, "run"), "license", subject,
			      "code", json_object_get(error, "code"), "message", json_object_get(error, "message"),
			      "at", json_object_get(o, "finished_at"));
	json_decref(o);
	if (!f)
		log_error("news: no outcome of a job: %.100s", text);
	return f;
}

static void insert(struct news *n)
{
	json_t *list = json_array();
	char *text;
	struct db_stmt stmt = { &sql_run_failures, 1, { NULL } };

	for (size_t i = 0; i < n->members.n; i++) {
		json_t *f = failure_of(n->members.v[i]);

		if (f)
			json_array_append_new(list, f);
	}
	text = need(json_dumps(list, JSON_COMPACT));
	json_decref(list);
	stmt.params[0] = text;
	db_run(n->db, &stmt, 1, DB_COMMIT, on_inserted, n);
	free(text);
}

static void on_unfinished(const struct db_rows *const *rows, const struct err *err, void *data);

static void on_listed(const struct redis_value *v, const struct err *err, void *data)
{
	struct news *n = data;
	struct db_stmt unfinished = { &sql_runs_unfinished, 0, { NULL } };

	if (!goes_on(n, err))
		return;
	clear_list(&n->members.v, &n->members.n);
	n->members.v = list_of(redis_len(v));
	for (; n->members.n < redis_len(v); n->members.n++)
		n->members.v[n->members.n] = need_copy(redis_text(redis_at(v, n->members.n)));
	if (n->members.n)
		insert(n);
	else
		db_run(n->db, &unfinished, 1, DB_COMMIT, on_unfinished, n);
}

static void list_page(struct news *n)
{
	char key[KEYS_MAX], last[16];

	snprintf(last, sizeof(last), "%d", PAGE - 1);
	redis_call(n->redis, on_listed, n, "ZRANGE", keys_name(key, n->ns, KEY_NEWS), "0", last, NULL);
}

/* ---- runs that have ended ---- */

static void on_unfinished(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct news *n = data;
	size_t count;

	if (!goes_on(n, err))
		return;
	clear_list(&n->runs, &n->nruns);
	count = (size_t)db_rows_count(rows[0]);
	n->runs = list_of(count);
	for (; n->nruns < count; n->nruns++)
		n->runs[n->nruns] = need_copy(db_rows_get(rows[0], (int)n->nruns, "run"));
	look_next(n);
}

static void on_ended(const struct db_rows *const *rows, const struct err *err, void *data)
{
	(void)rows;
	if (goes_on(data, err))
		look_next(data);
}

static json_t *counts_of(const struct redis_value *run)
{
	static const char *const names[] = { "total", "done", "unchanged", "changed", "failed", "dead", "cancelled", "put_back" };
	json_t *counts = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		json_object_set_new(counts, names[i], json_integer(redis_int(redis_get(run, names[i]))));
	return counts;
}

static void on_looked(const struct redis_value *run, const struct err *err, void *data)
{
	struct news *n = data;
	struct db_stmt stmt = { &sql_run_end, 4, { NULL } };
	const char *state;
	json_t *counts;
	char *text;

	if (!goes_on(n, err))
		return;
	state = redis_text(redis_get(run, "state"));
	if (!*state || !strcmp(state, "running") || !redis_int(redis_get(run, "finished_at"))) {
		look_next(n);
		return;
	}
	counts = counts_of(run);
	text = need(json_dumps(counts, JSON_COMPACT));
	json_decref(counts);
	stmt.params[0] = redis_text(redis_get(run, "id"));
	stmt.params[1] = state;
	stmt.params[2] = redis_text(redis_get(run, "finished_at"));
	stmt.params[3] = text;
	db_run(n->db, &stmt, 1, DB_COMMIT, on_ended, n);
	free(text);
}

static void look_next(struct news *n)
{
	char key[KEYS_MAX];

	if (!n->nruns) {
		ended(n);
		return;
	}
	keys_of(key, n->ns, "run", n->runs[--n->nruns]);
	free(n->runs[n->nruns]);
	redis_call(n->redis, on_looked, n, "HGETALL", key, NULL);
}

/* ---- asked ---- */

static void on_schema(const struct err *err, void *data)
{
	struct news *n = data;

	if (!goes_on(n, err))
		return;
	n->schema = true;
	list_page(n);
}

static void look(void *data)
{
	struct news *n = data;

	if (n->busy)
		return;
	n->busy = true;
	n->asked = n->failed = false;
	if (n->schema)
		list_page(n);
	else
		own_schema_ensure(n->db, on_schema, n);
}

struct news *news_new(struct loop *loop, struct redis *redis, struct db *db, const char *ns)
{
	struct news *n = need(calloc(1, sizeof(*n)));

	n->loop = loop;
	n->redis = redis;
	n->db = db;
	n->ns = ns;
	n->timer = timer_new(loop, look, n);
	return n;
}

void news_free(struct news *n)
{
	if (!n)
		return;
	timer_free(n->timer);
	n->gone = true;
	if (!n->busy)
		really_free(n);
}

void news_soon(struct news *n)
{
	if (n->asked)
		return;
	n->asked = true;
	if (!n->busy)
		timer_set(n->timer, SOON_MS);
}

bool news_waiting(const struct news *n)
{
	return n->asked || n->busy || n->failed;
}

static void on_over(void *data)
{
	*(bool *)data = true;
}

bool news_tell(struct news *n, int64_t ms)
{
	bool over = false;
	struct timer *limit = timer_new(n->loop, on_over, &over);

	timer_set(limit, ms);
	while (n->busy && !over)        /* what was under way began before */
		loop_run_once(n->loop);
	if (!over)
		look(n);
	while (n->busy && !over)
		loop_run_once(n->loop);
	timer_free(limit);
	return !n->busy && !n->failed;
}
