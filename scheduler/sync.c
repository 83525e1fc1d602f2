/* sync.c - a request becomes a run, its licences jobs on a list.
 *
 *      begin --joined--> follow
 *        | new, or taken over from a scheduler that died
 *        v
 *      page of licences --> push (jobs, count and place in one step) --+
 *        ^                                                             |
 *        +---------------------- more --------------------------------+--> follow
 *
 * Licences come in pages by key, most recently modified first, since the sync
 * itself changes modified_on: memory is bounded on both sides, and the place
 * reached is all that a successor needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "job.h"
#include "log.h"
#include "queries.h"
#include "scheduler.h"

#define PAGE            "20000"
#define SHOWN           "10"    /* licences that a dry run names */

/* What came of one query. */
struct page {
	bool done, failed, by_id;
	struct err err;
	struct app *app;
	const struct run *run;          /* NULL: a dry run names them instead */
	int rows;
	char **elements;                /* owned; each is taken over by run_push() */
	char (*places)[96];             /* "<modified_on>|<id>" of each row */
	int64_t count;                  /* of due_count */
};

static char *element_of(const struct app *app, const struct run *run, const char *license)
{
	json_t *obj = json_pack("{ss ss}", "license", license, "run", run->id);
	char *text;

	if (app->opt.force)
		json_object_set_new(obj, "force", json_true());
	text = json_dumps(obj, JSON_COMPACT);
	json_decref(obj);
	if (!text)
		abort();
	return text;
}

static void name_license(struct app *app, const char *license, const char *file)
{
	if (app->opt.json)
		json_array_append_new(app->named, json_pack("{ss ss}", "license", license, "ge_file_number", file));
	else
		printf("  %s  (file %s)\n", license, file);
}

static void take_row(struct page *p, const struct db_rows *rows, int i)
{
	const char *license = db_rows_get(rows, i, "license");
	const char *modified = db_rows_get(rows, i, "modified_on");

	snprintf(p->places[i], sizeof(p->places[i]), "%s|%s", modified ? modified : "", db_rows_get(rows, i, "id"));
	if (p->run)
		p->elements[i] = element_of(p->app, p->run, license);
	else
		name_license(p->app, license, db_rows_get(rows, i, "ge_file_number"));
}

static void on_page(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct page *p = data;

	p->done = true;
	p->failed = err != NULL;
	if (err) {
		p->err = *err;
		return;
	}
	p->count = strtoll(db_rows_get(rows[0], 0, "count") ? db_rows_get(rows[0], 0, "count") : "0", NULL, 10);
	p->rows = db_rows_count(rows[0]);
	p->elements = calloc((size_t)p->rows + 1, sizeof(*p->elements));
	p->places = calloc((size_t)p->rows + 1, sizeof(*p->places));
	if (!p->elements || !p->places)
		abort();
	for (int i = 0; !p->count && i < p->rows; i++)
		take_row(p, rows[0], i);
}

static void page_clear(struct page *p)
{
	free(p->elements);
	free(p->places);
	p->elements = NULL;
	p->places = NULL;
	p->rows = 0;
}

static int ask(struct page *p, const struct db_stmt *stmt)
{
	page_clear(p);
	p->done = false;
	db_run(p->app->db, stmt, 1, DB_COMMIT, on_page, p);
	while (!p->done)
		loop_run_once(p->app->loop);
	return p->failed ? -1 : 0;
}

/* The licences behind place, "" for the first. Before the upgrade there is no
 * modified_on (42703, undefined column): then by id (DOMAIN.md section 2). */
static int ask_page(struct page *p, const char *place, const char *limit)
{
	const char *bar = strchr(place, '|');
	char modified[64] = "";
	const char *at = NULL, *id = bar ? bar + 1 : NULL;

	if (bar && bar > place) {
		snprintf(modified, sizeof(modified), "%.*s", (int)(bar - place), place);
		at = modified;
	}
	struct db_stmt recent = { &sql_due, 3, { at, id, limit } };
	struct db_stmt by_id = { &sql_due_by_id, 2, { id, limit } };

	if (!p->by_id && ask(p, &recent) < 0) {
		if (!strstr(p->err.msg, "42703"))
			return -1;
		p->by_id = true;
	}
	return p->by_id ? ask(p, &by_id) : 0;
}

static int push_page(struct app *app, struct run *run, struct page *p, struct err *err)
{
	for (int i = 0; i < p->rows; ) {
		while (i < p->rows && run->n < PUSH_MAX)
			run->elements[run->n++] = p->elements[i++];
		snprintf(run->place, sizeof(run->place), "%s", p->places[i - 1]);
		if (run_push(app, run, false, err) < 0)
			return -1;
	}
	return 0;
}

static int fill_due(struct app *app, struct run *run, struct err *err)
{
	struct page p = { .app = app, .run = run };
	int rc = 0;

	do {
		rc = ask_page(&p, run->place, PAGE);
		if (rc < 0)
			*err = p.err;
		else
			rc = push_page(app, run, &p, err);
	} while (!rc && p.rows);
	page_clear(&p);
	return rc ? rc : run_push(app, run, true, err);
}

static int fill_named(struct app *app, struct run *run, struct err *err)
{
	run->queue = QUEUE_FETCH;
	for (size_t i = 0; i < app->opt.licenses.n; i++)
		if (run_add(app, run, element_of(app, run, app->opt.licenses.v[i]), err) < 0)
			return -1;
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
	fprintf(f, "data force=%d", app->opt.force);
	for (size_t i = 0; i < app->opt.licenses.n; i++)
		fprintf(f, " %s", app->opt.licenses.v[i]);
	if (fclose(f))
		abort();
	digest_sha256(text, len, out);
	free(text);
}

/* ---- dry run ---- */

static int name_due(struct app *app, int64_t *total)
{
	struct page p = { .app = app };
	struct db_stmt count = { &sql_due_count, 0, { NULL } };
	int status = EXIT_DONE;

	if (ask(&p, &count) < 0)
		status = app_fail(&p.err);
	*total = p.count;
	if (!app->opt.json)
		printf("Found %lld licenses with GE status\n", (long long)*total);
	if (!status && ask_page(&p, "", SHOWN) < 0)
		status = app_fail(&p.err);
	page_clear(&p);
	return status;
}

static int dry_run(struct app *app)
{
	int64_t total = (int64_t)app->opt.licenses.n;
	int status = EXIT_DONE;

	app->named = json_array();
	for (size_t i = 0; i < app->opt.licenses.n && i < 10; i++)
		name_license(app, app->opt.licenses.v[i], "as given");
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
	if (run_begin(app, &run, "sync", "data", sum, &err) < 0)
		return app_fail(&err);
	if (run.fill) {
		run.queue = QUEUE_BULK;
		rc = names->n ? fill_named(app, &run, &err) : fill_due(app, &run, &err);
		if (rc < 0)
			return app_fail(&err);
	}
	return follow(app, &run, names->n == 1 ? names->v[0] : NULL);
}
