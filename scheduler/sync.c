/* sync.c - a request becomes a run, its licences jobs on a list.
 *
 *      begin --joined--> follow
 *        | new, or taken over from a scheduler that died
 *        v
 *      page from the cursor --> push (jobs, count and place in one step) --+
 *        ^                                                                 |
 *        +---------------------------- more ------------------------------+--> follow
 *
 * A server-side cursor streams the licences, most recently modified first, so
 * memory is bounded on both sides. The place is the key of the last row that
 * was pushed: all that a successor needs to go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "job.h"
#include "log.h"
#include "queries.h"
#include "scheduler.h"

#define SHOWN           10      /* licences that a dry run names */

/* What came of the cursor so far. */
struct source {
	struct app *app;
	struct run *run;                /* NULL: a dry run names the rows instead */
	struct db_stream *stream;
	bool came, ended, failed;
	struct err err;
};

static char *element_of(const struct app *app, const struct run *run, const char *license)
{
	json_t *obj = json_pack("{ss ss}", "license", license, "run", run->id);
	char *text;

	if (app->opt.force)
		json_object_set_new(obj, "force", json_true());
	if (app->opt.offline)
		json_object_set_new(obj, "offline", json_true());
	text = json_dumps(obj, JSON_COMPACT);
	json_decref(obj);
	if (!text)
		abort();
	return text;
}

/* file: NULL where it was not asked for. */
static void name_license(struct app *app, const char *license, const char *file)
{
	if (app->opt.json)
		json_array_append_new(app->named, json_pack("{ss so}", "license", license, "ge_file_number",
				      file ? json_integer(strtoll(file, NULL, 10)) : json_null()));
	else if (file)
		printf("  %s  (file %s)\n", license, file);
	else
		printf("  %s\n", license);
}

static void take_row(struct source *src, const struct db_rows *rows, int i)
{
	const char *license = db_rows_get(rows, i, "license");
	const char *modified = db_rows_get(rows, i, "modified_on");
	struct run *run = src->run;

	if (!run) {
		name_license(src->app, license, db_rows_get(rows, i, "ge_file_number"));
		return;
	}
	run->elements[run->n++] = element_of(src->app, run, license);
	snprintf(run->place, sizeof(run->place), "%s|%s", modified ? modified : "", db_rows_get(rows, i, "id"));
}

static void on_page(const struct db_rows *rows, const struct err *err, void *data)
{
	struct source *src = data;

	src->came = true;
	src->ended = !rows;
	src->failed = err != NULL;
	if (err)
		src->err = *err;
	for (int i = 0; rows && i < db_rows_count(rows); i++)
		take_row(src, rows, i);
}

static int wait_page(struct source *src)
{
	while (!src->came)
		loop_run_once(src->app->loop);
	src->came = false;
	return src->failed ? -1 : 0;
}

/* Opens the cursor behind place, "" for the beginning, and waits for its first page. */
static int open_by(struct source *src, const char *place, int page, bool by_id)
{
	const char *bar = strchr(place, '|');
	char modified[64] = "";
	const char *at = NULL, *id = bar ? bar + 1 : NULL;

	if (bar && bar > place) {
		snprintf(modified, sizeof(modified), "%.*s", (int)(bar - place), place);
		at = modified;
	}
	struct db_stmt recent = { &sql_due, 3, { at, id, NULL } };
	struct db_stmt oldest = { &sql_due_by_id, 2, { id, NULL } };

	src->stream = db_stream(src->app->db, by_id ? &oldest : &recent, page, on_page, src);
	return wait_page(src);
}

/* Before the upgrade there is no modified_on (42703, undefined column): then
 * by id (DOMAIN.md section 2). */
static int open_source(struct source *src, const char *place, int page)
{
	char from[160];

	snprintf(from, sizeof(from), "%s", place);      /* place moves on with the rows */
	if (open_by(src, from, page, false) == 0)
		return 0;
	return strstr(src->err.msg, "42703") ? open_by(src, from, page, true) : -1;
}

static int fill_due(struct app *app, struct run *run, struct err *err)
{
	struct source src = { .app = app, .run = run };
	int rc = open_source(&src, run->place, PUSH_MAX);

	while (!rc && !src.ended) {
		if (run_push(app, run, false, err) < 0) {
			db_stream_stop(src.stream);
			return -1;
		}
		db_stream_next(src.stream);
		rc = wait_page(&src);
	}
	if (rc < 0) {
		*err = src.err;
		return -1;
	}
	return run_push(app, run, true, err);
}

/* The place is how many of them, sorted, have been pushed. */
static int fill_named(struct app *app, struct run *run, struct err *err)
{
	run->queue = app->opt.offline ? QUEUE_OFFLINE : QUEUE_FETCH;
	for (size_t i = strtoul(run->place, NULL, 10); i < app->opt.licenses.n; i++) {
		snprintf(run->place, sizeof(run->place), "%zu", i + 1);
		if (run_add(app, run, element_of(app, run, app->opt.licenses.v[i]), err) < 0)
			return -1;
	}
	return run_push(app, run, true, err);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once: asked for twice a licence is still one job. */
static void normalise(struct strings *list)
{
	size_t kept = 0;

	if (!list->n)
		return;
	qsort(list->v, list->n, sizeof(*list->v), by_text);
	for (size_t i = 0; i < list->n; i++)
		if (!kept || strcmp(list->v[i], list->v[kept - 1]))
			list->v[kept++] = list->v[i];
	list->n = kept;
}

static void signature(const struct app *app, char *out)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		abort();
	fprintf(f, "%s force=%d", app->opt.offline ? "offline" : "data", app->opt.force);
	for (size_t i = 0; i < app->opt.licenses.n; i++)
		fprintf(f, " %s", app->opt.licenses.v[i]);
	if (fclose(f))
		abort();
	digest_sha256(text, len, out);
	free(text);
}

/* ---- dry run ---- */

struct total { bool done; int64_t count; struct err err; bool failed; };

static void on_count(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct total *t = data;

	t->done = true;
	t->failed = err != NULL;
	if (err)
		t->err = *err;
	else
		t->count = strtoll(db_rows_get(rows[0], 0, "count"), NULL, 10);
}

static int name_due(struct app *app, int64_t *total)
{
	struct total t = { .done = false };
	struct source src = { .app = app };
	struct db_stmt count = { &sql_due_count, 0, { NULL } };

	db_run(app->db, &count, 1, DB_COMMIT, on_count, &t);
	while (!t.done)
		loop_run_once(app->loop);
	if (t.failed)
		return app_fail(&t.err);
	*total = t.count;
	if (!app->opt.json)
		printf("Found %lld licenses with GE status\n", (long long)*total);
	if (open_source(&src, "", SHOWN) < 0)
		return app_fail(&src.err);
	if (!src.ended)
		db_stream_stop(src.stream);
	return EXIT_DONE;
}

static int dry_run(struct app *app)
{
	int64_t total = (int64_t)app->opt.licenses.n;
	int status = EXIT_DONE;

	app->named = json_array();
	for (size_t i = 0; i < app->opt.licenses.n && i < SHOWN; i++)
		name_license(app, app->opt.licenses.v[i], NULL);
	if (!total)
		status = name_due(app, &total);
	if (!status && app->opt.json) {
		json_t *doc = json_pack("{sb sI sO}", "dry_run", 1, "licenses", (json_int_t)total, "first", app->named);

		json_dumpf(doc, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(doc);
	} else if (!status) {
		printf("Would sync %lld licenses\n", (long long)total);
	}
	json_decref(app->named);
	return status;
}

int command_sync(struct app *app)
{
	struct run run;
	struct err err;
	char sum[DIGEST_HEX];
	const struct strings *names = &app->opt.licenses;
	int rc;

	for (size_t i = 0; i < names->n; i++) {
		if (!job_license_valid(names->v[i], strlen(names->v[i]))) {
			fprintf(stderr, "gesync-scheduler: --license '%s' is no licence number: 1 to 50 characters without white space\n",
				names->v[i]);
			return EXIT_USAGE;
		}
	}
	normalise(&app->opt.licenses);
	if (app->opt.dry_run)
		return dry_run(app);
	signature(app, sum);
	if (run_begin(app, &run, "sync", app->opt.offline ? "offline" : "data", sum, &err) < 0)
		return app_fail(&err);
	if (run.fill) {
		run.queue = app->opt.offline ? QUEUE_OFFLINE : QUEUE_BULK;
		rc = names->n ? fill_named(app, &run, &err) : fill_due(app, &run, &err);
		if (rc < 0)
			return app_fail(&err);
	}
	return follow(app, &run, names->n == 1 ? names->v[0] : NULL);
}
