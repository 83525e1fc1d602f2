/* fanout.c - the licences of a run become jobs on a list.
 *
 *      page from the cursor --> push (jobs, count and place in one step) --+
 *        ^                                                                 |
 *        +---------------------------- more ------------------------------+--> last push
 *
 * Server-side cursors stream the licences, so memory is bounded on both sides:
 * first those that the last night's deadline put back, lest it be the same ones
 * every night; then all that are due, most recently modified first. The place is
 * the key of the last row that was pushed ("!<licence>" of the first kind): all
 * that a successor needs to go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "outcome.h"
#include "mem.h"
#include "queries.h"
#include "scheduler.h"
#include "scheduler/seen.h"

/* ---- rows of the cursor ---- */

static void on_page(const struct db_rows *rows, const struct err *err, void *data)
{
	struct source *src = data;

	src->came = true;
	src->ended = !rows;
	src->failed = err != NULL;
	if (err)
		src->err = *err;
	for (int i = 0; rows && i < db_rows_count(rows); i++)
		src->row(src, rows, i);
}

static int wait_page(struct source *src)
{
	while (!src->came)
		loop_run_once(src->app->loop);
	src->came = false;
	return src->failed ? -1 : 0;
}

int source_begin(struct source *src, const struct db_stmt *stmt, int page)
{
	src->stream = db_stream(src->app->db, stmt, page, on_page, src);
	return wait_page(src);
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

	return source_begin(src, by_id ? &oldest : &recent, page);
}

/* Before the upgrade there is no modified_on (42703, undefined column): then
 * by id (DOMAIN.md section 2). */
int source_open(struct source *src, const char *place, int page)
{
	char from[160];

	snprintf(from, sizeof(from), "%s", place);      /* place moves on with the rows */
	if (open_by(src, from, page, false) == 0)
		return 0;
	return strstr(src->err.msg, "42703") ? open_by(src, from, page, true) : -1;
}

int source_put_back(struct source *src, const char *run, int page)
{
	struct db_stmt stmt = { &sql_put_back, 2, { run, src->app->opt.offline ? "true" : "false" } };

	return source_begin(src, &stmt, page);
}

int source_next(struct source *src)
{
	db_stream_next(src->stream);
	return wait_page(src);
}

void source_stop(struct source *src)
{
	if (!src->ended)
		db_stream_stop(src->stream);
}

/* ---- jobs ---- */

static char *element_of(const struct app *app, const struct run *run, const char *license)
{
	json_t *obj = json_pack("{ss ss}", "license", license, "run", run->id);
	char *text;

	if (app->opt.force)
		json_object_set_new(obj, "force", json_true());
	if (app->opt.offline)
		json_object_set_new(obj, "offline", json_true());
	text = need(json_dumps(obj, JSON_COMPACT));
	json_decref(obj);
	return text;
}

/* A number that no job can have, a space behind it for one: a worker would take it
 * for a job of nobody's. */
static char *refusal_of(const struct run *run, const char *license)
{
	struct job job = { .queue = run->queue };
	struct err err;
	struct outcome o = { .job = &job, .status = "dead", .err = &err, .now_ms = (int64_t)time(NULL) * 1000 };

	err_set(&err, ERR_PERMANENT, "bad_job", "the licence's number has white space or control characters in it, or is empty");
	snprintf(job.run, sizeof(job.run), "%.64s", run->id);
	snprintf(job.subject, sizeof(job.subject), "%s", *license ? license : "(empty)");
	return outcome_text(&o);
}

static void add_license(const struct app *app, struct run *run, const char *license)
{
	if (job_license_valid(license, strlen(license)))
		run->elements[run->n++] = element_of(app, run, license);
	else
		run->refused[run->nrefused++] = refusal_of(run, license);
}

struct fanout {
	struct source src;              /* first: a source is its fan-out */
	struct run *run;
	struct seen passed;             /* done by this run before Redis was lost, waiting already, or pushed first */
	char from[160];                 /* the place at which we began */
};

static void push_row(struct source *src, const struct db_rows *rows, int i)
{
	struct fanout *f = (struct fanout *)src;
	const char *license = db_rows_get(rows, i, "license");
	const char *modified = db_rows_get(rows, i, "modified_on");
	struct run *run = f->run;

	if (!seen_has(&f->passed, license))
		add_license(src->app, run, license);
	snprintf(run->place, sizeof(run->place), "%s|%s", modified ? modified : "", db_rows_get(rows, i, "id"));
}

/* Of a list that is the same for a successor: it passes by what lies before its place. */
static void push_first(struct source *src, const struct db_rows *rows, int i)
{
	struct fanout *f = (struct fanout *)src;
	const char *license = db_rows_get(rows, i, "license");
	struct run *run = f->run;

	if (!*f->from || (*f->from == '!' && strcmp(license, f->from + 1) > 0)) {
		if (!seen_has(&f->passed, license))
			add_license(src->app, run, license);
		snprintf(run->place, sizeof(run->place), "!%s", license);
	}
	seen_add(&f->passed, license);
}

/* From the first page, which has come, to the last. */
static int push_pages(struct fanout *f, struct err *err)
{
	int rc = 0;

	while (!rc && !f->src.ended) {
		if (run_push(f->src.app, f->run, false, err) < 0) {
			source_stop(&f->src);
			return -1;
		}
		rc = source_next(&f->src);
	}
	return rc;
}

static int fill_due(struct fanout *f, struct err *err)
{
	struct app *app = f->src.app;
	struct run *run = f->run;
	int rc;

	snprintf(f->from, sizeof(f->from), "%s", run->place);
	f->src.row = push_first;
	rc = source_put_back(&f->src, run->id, PUSH_MAX);
	if (!rc)
		rc = push_pages(f, err);
	f->src.row = push_row;
	if (!rc)
		rc = source_open(&f->src, *run->place == '!' ? "" : run->place, PUSH_MAX);
	if (!rc)
		rc = push_pages(f, err);
	if (rc < 0 && f->src.failed)
		*err = f->src.err;
	return rc < 0 ? -1 : run_push(app, run, true, err);
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

int fanout(struct app *app, struct run *run, struct err *err)
{
	struct fanout f = { .src = { .app = app }, .run = run };
	int rc = 0;

	if (app->opt.licenses.n)
		return fill_named(app, run, err);
	run->queue = app->opt.offline ? QUEUE_OFFLINE : QUEUE_BULK;
	/* A successor does not pass by what its predecessor has put on the list:
	 * its place lies behind that. */
	if (run->resumed)
		rc = resume_done(app, run, &f.passed, err);
	if (!rc)
		rc = waiting_licenses(app, &f.passed, err);
	if (!rc)
		rc = fill_due(&f, err);
	seen_clear(&f.passed);
	return rc;
}
