/* dry_run.c - sync --dry-run: what a run would do. It needs no worker, and
 * changes nothing: no key, no row, no file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "queries.h"
#include "scheduler.h"
#include "scheduler/seen.h"
#include "structure/check.h"
#include "structure/migrate.h"
#include "tame.h"

#define SHOWN           10      /* licences that are named */

/* file: NULL where the licence is not in the database. */
static void name_license(const struct app *app, json_t *named, const char *license, const char *file)
{
	char *line;

	if (app->opt.json) {
		json_array_append_new(named, json_pack("{ss so}", "license", license, "ge_file_number",
				      file ? json_integer(strtoll(file, NULL, 10)) : json_null()));
		return;
	}
	line = file ? need_text("  %s  (file %s)", license, file) : need_text("  %s  (not in the database)", license);
	tame(line, false);
	puts(line);
	free(line);
}

/* ---- the structure step ---- */

struct answer {
	bool came;
	json_t *report;
	struct err err;
};

static void on_report(json_t *report, const struct err *err, void *data)
{
	struct answer *a = data;

	a->came = true;
	a->report = json_incref(report);
	if (err)
		a->err = *err;
}

static json_t *wait_answer(const struct app *app, struct answer *a, struct err *err)
{
	while (!a->came)
		loop_run_once(app->loop);
	*err = a->err;
	if (!*a->err.code)
		return a->report;
	json_decref(a->report);
	return NULL;
}

static json_t *check(const struct app *app, struct err *err)
{
	static const struct check_request all;
	struct answer a = { .came = false };

	check_start(app->loop, &app->set, &all, on_report, &a);
	return wait_answer(app, &a, err);
}

static json_t *plan(const struct app *app, struct err *err)
{
	const struct migrate_request request = { .plan = true, .dry_run = true, .fake_applied = true };
	struct answer a = { .came = false };

	migrate_start(app->loop, &app->set, &request, NULL, on_report, &a);
	return wait_answer(app, &a, err);
}

static void print_plan(const json_t *report, const json_t *planned)
{
	const json_t *step;
	size_t i;

	printf("Structure: %zu tables missing, %lld errors in all, %zu migrations pending\n",
	       json_array_size(json_object_get(report, "missing")), json_integer_value(json_object_get(report, "errors")),
	       json_array_size(json_object_get(report, "pending")));
	json_array_foreach(json_object_get(planned, "plan"), i, step)
		printf("  would %s %s\n", json_is_true(json_object_get(step, "can_be_faked")) ? "record as faked" : "migrate",
		       json_string_value(json_object_get(step, "migration")));
	if (json_integer_value(json_object_get(report, "errors")) && !json_array_size(json_object_get(report, "pending")))
		puts("  no migration mends that: no licence would be synced");
}

/* NULL where the mode has no such step, JSON null; -1 on failure. */
static int look_at_structure(const struct app *app, json_t **structure, struct err *err)
{
	json_t *report, *planned = NULL;

	*structure = json_null();
	if (app->opt.data_only)
		return 0;
	report = check(app, err);
	if (report && json_array_size(json_object_get(report, "pending")))
		planned = plan(app, err);
	if (!report || (!planned && *err->code)) {
		json_decref(report);
		return -1;
	}
	if (!app->opt.json)
		print_plan(report, planned);
	*structure = json_pack("{sO so}", "check", report, "plan", planned ?
			       json_incref(json_object_get(planned, "plan")) : json_array());
	json_decref(report);
	json_decref(planned);
	return 0;
}

/* ---- the licences ---- */

struct shown {
	struct source src;              /* first: a source is what it shows */
	json_t *named;
	struct seen seen;
};

static void show_row(struct source *src, const struct db_rows *rows, int i)
{
	struct shown *s = (struct shown *)src;
	const char *license = db_rows_get(rows, i, "license");

	if (s->seen.n == SHOWN || seen_has(&s->seen, license))
		return;
	seen_add(&s->seen, license);
	name_license(src->app, s->named, license, db_rows_get(rows, i, "ge_file_number"));
}

/* The first page of each list is enough: what was put back, then what is due. */
static int show_first(struct shown *s)
{
	/* Where no run was ever made there is no schema of ours (42P01, undefined table). */
	if (source_put_back(&s->src, "", SHOWN) == 0)
		source_stop(&s->src);
	else if (!strstr(s->src.err.msg, "42P01"))
		return -1;
	if (source_open(&s->src, "", 2 * SHOWN) < 0)
		return -1;
	source_stop(&s->src);
	return 0;
}

static void on_count(const struct db_rows *const *rows, void *data)
{
	*(int64_t *)data = strtoll(db_rows_get(rows[0], 0, "count"), NULL, 10);
}

/* In an empty database the structure step will make the licences' tables (42P01,
 * undefined table), and nothing stands in them. */
static bool unmade(const struct app *app, const struct err *err)
{
	return !app->opt.data_only && strstr(err->msg, "42P01");
}

static int name_due(struct app *app, json_t *named, int64_t *total, struct err *err)
{
	struct shown s = { .src = { .app = app, .row = show_row }, .named = named };
	struct db_stmt count = { &sql_due_count, 0, { NULL } };

	if (app_query(app, &count, 1, on_count, total, err) < 0 && !unmade(app, err))
		return -1;
	if (!app->opt.json)
		printf("Found %lld licenses with GE status\n", (long long)*total);
	if (*total && show_first(&s) < 0) {
		*err = s.src.err;
		seen_clear(&s.seen);
		return -1;
	}
	seen_clear(&s.seen);
	return 0;
}

struct asked {
	const struct app *app;
	json_t *named;
	int64_t known;
};

static void on_asked(const struct db_rows *const *rows, void *data)
{
	struct asked *a = data;

	for (int i = 0; i < db_rows_count(rows[0]); i++) {
		const char *file = db_rows_get(rows[0], i, "ge_file_number");

		a->known += file != NULL;
		if (i < SHOWN)
			name_license(a->app, a->named, db_rows_get(rows[0], i, "license"), file);
	}
}

/* Those that nobody knows would be dead at the first attempt: none of them is fetched. */
static int name_asked(struct app *app, json_t *named, int64_t *total, struct err *err)
{
	struct asked a = { app, named, 0 };
	json_t *names = list_json(&app->opt.licenses);
	char *list = json_dumps(names, JSON_COMPACT);
	struct db_stmt stmt = { &sql_named, 1, { list } };
	int rc = app_query(app, &stmt, 1, on_asked, &a, err);

	if (rc < 0 && unmade(app, err))
		rc = 0;
	json_decref(names);
	free(list);
	*total = a.known;
	if (!rc && !app->opt.json && a.known < (int64_t)app->opt.licenses.n)
		printf("Not in the database: %lld of %zu\n", (long long)app->opt.licenses.n - (long long)a.known, app->opt.licenses.n);
	return rc;
}

static int name_all(struct app *app, json_t *named, int64_t *total, struct err *err)
{
	*total = 0;
	if (app->opt.structure_only)
		return 0;
	return app->opt.licenses.n ? name_asked(app, named, total, err) : name_due(app, named, total, err);
}

int dry_run(struct app *app)
{
	json_t *named = json_array(), *structure = NULL;
	int64_t total;
	struct err err = { .code = "" };
	int rc = look_at_structure(app, &structure, &err);

	if (!rc)
		rc = name_all(app, named, &total, &err);
	if (!rc && app->opt.json) {
		json_t *doc = json_pack("{sb sO sI sO}", "dry_run", 1, "structure", structure,
					"licenses", (json_int_t)total, "first", named);

		json_dumpf(doc, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(doc);
	} else if (!rc && !app->opt.structure_only) {
		printf("Would sync %lld licenses\n", (long long)total);
	}
	json_decref(named);
	json_decref(structure);
	return rc < 0 ? app_fail(&err) : EXIT_DONE;
}
