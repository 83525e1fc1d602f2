/* resume.c - sync --resume: after Redis was lost, what the last run has not done.
 *
 * The run is in PostgreSQL with what was asked for, and each licence it did
 * bears its id. It begins again under that id, counts what was done, and passes
 * it by in its fan-out. Where Redis has the run still, it is joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "queries.h"
#include "scheduler.h"
#include "scheduler/seen.h"

struct last {
	char id[JOB_ID_MAX + 1], mode[16], state[16];
	json_t *request;                /* owned */
};

static void on_last(const struct db_rows *const *rows, void *data)
{
	struct last *last = data;

	if (!db_rows_count(rows[0]))
		return;
	snprintf(last->id, sizeof(last->id), "%s", db_rows_get(rows[0], 0, "run"));
	snprintf(last->mode, sizeof(last->mode), "%s", db_rows_get(rows[0], 0, "mode"));
	snprintf(last->state, sizeof(last->state), "%s", db_rows_get(rows[0], 0, "state"));
	last->request = json_loads(db_rows_get(rows[0], 0, "request"), 0, NULL);
}

/* The options of that run are now ours. Texts are borrowed from its request. */
static void adopt(struct app *app, struct last *last)
{
	struct options *opt = &app->opt;
	const json_t *licenses = json_object_get(last->request, "licenses"), *one;
	size_t i;

	opt->data_only = !strcmp(last->mode, "data");
	opt->force = json_is_true(json_object_get(last->request, "force"));
	opt->offline = json_is_true(json_object_get(last->request, "offline"));
	opt->id = last->id;
	if (!opt->deadline)
		opt->deadline = (char *)json_string_value(json_object_get(last->request, "deadline"));
	opt->licenses.v = need(calloc(json_array_size(licenses) + 1, sizeof(*opt->licenses.v)));
	json_array_foreach(licenses, i, one)
		opt->licenses.v[opt->licenses.n++] = (char *)json_string_value(one);
}

static int nothing(const struct app *app, const struct last *last)
{
	if (app->opt.json)
		printf("{\"id\":null,\"joined\":false}\n");
	else if (*last->id)
		printf("The last run, %s, has ended (%s): there is nothing to resume.\n", last->id, last->state);
	else
		puts("No run is known: there is nothing to resume.");
	return EXIT_DONE;
}

int command_resume(struct app *app)
{
	struct last last = { .id = "" };
	struct db_stmt stmt = { &sql_run_last, 0, { NULL } };
	struct err err;
	int status;

	news_tell(app->news, NEWS_MS);          /* it may have ended meanwhile */
	if (app_schema(app, &err) < 0 || app_query(app, &stmt, 1, on_last, &last, &err) < 0)
		return app_fail(&err);
	if (!*last.id || strcmp(last.state, "running")) {
		status = nothing(app, &last);
	} else {
		adopt(app, &last);
		status = command_sync_run(app);
	}
	json_decref(last.request);
	return status;
}

/* ---- what it has done ---- */

struct counts { char done[24], changed[24], unchanged[24]; };

static void on_counts(const struct db_rows *const *rows, void *data)
{
	struct counts *c = data;
	long long done = strtoll(db_rows_get(rows[0], 0, "done"), NULL, 10);
	long long changed = strtoll(db_rows_get(rows[0], 0, "changed"), NULL, 10);

	if (changed > done)
		changed = done;
	snprintf(c->done, sizeof(c->done), "%lld", done);
	snprintf(c->changed, sizeof(c->changed), "%lld", changed);
	snprintf(c->unchanged, sizeof(c->unchanged), "%lld", done - changed);
}

int resume_counts(struct app *app, struct run *run, struct err *err)
{
	struct db_stmt stmt = { &sql_run_resume, 1, { run->id } };
	struct counts c;
	char key[KEYS_MAX];
	struct redis_value *v;

	if (app_query(app, &stmt, 1, on_counts, &c, err) < 0)
		return -1;
	v = redis_ask(app->redis, err, "HSET", keys_of(key, app->set.namespace_, "run", run->id), "resumed", "1",
		      "done_before", c.done,
		      "total", c.done, "done", c.done, "changed", c.changed, "unchanged", c.unchanged, NULL);
	redis_value_free(v);
	run->resumed = true;
	return v ? 0 : -1;
}

struct done {
	struct source src;              /* first: a source is its list */
	struct seen *seen;
};

static void add_done(struct source *src, const struct db_rows *rows, int i)
{
	seen_add(((struct done *)src)->seen, db_rows_get(rows, i, "license"));
}

int resume_done(struct app *app, const struct run *run, struct seen *seen, struct err *err)
{
	struct done d = { .src = { .app = app, .row = add_done }, .seen = seen };
	struct db_stmt stmt = { &sql_run_done, 1, { run->id } };
	int rc = source_begin(&d.src, &stmt, PUSH_MAX);

	while (!rc && !d.src.ended)
		rc = source_next(&d.src);
	if (rc < 0)
		*err = d.src.err;
	return rc;
}
