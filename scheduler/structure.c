/* structure.c - check and migrate: a run of one job, and its report.
 *
 *      look at the arguments --> begin the run --> push its job --> (--wait) its outcome --> report
 *
 * The run's id is its job's too, so that both can be looked at by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "manifest.h"
#include "mem.h"
#include "migration_dir.h"
#include "scheduler.h"
#include "structure_report.h"
#include "terminal.h"

#define FIX_TIMEOUT_MS  3600000         /* an index of a large table takes its time */

/* ---- arguments ---- */

static int usage(const char *flag, const char *value, const char *what)
{
	fprintf(stderr, "gesync-scheduler: %s '%.100s' %s\n", flag, value, what);
	return EXIT_USAGE;
}

static bool fits(bool (*valid)(const char *, size_t), const char *value)
{
	return !value || valid(value, strlen(value));
}

static int check_names(const struct options *opt)
{
	if (!fits(job_table_valid, opt->table))
		return usage("--table", opt->table, "is no name of a table: 1 to 63 bytes");
	if (!fits(job_backup_valid, opt->backup))
		return usage("--backup", opt->backup, "must be a plain file name (letters, digits, . _ -): it is written in GESYNC_BACKUP_DIR");
	if (!fits(job_migration_valid, opt->to))
		return usage("--to", opt->to, "is no migration: APP.NAME, such as license.0007_add_is_restricted_field");
	for (size_t i = 0; i < opt->fake.n; i++)
		if (!fits(job_migration_valid, opt->fake.v[i]))
			return usage("--fake", opt->fake.v[i], "is no migration: APP.NAME, such as accounts.0002_initial");
	return EXIT_DONE;
}

struct labels {                         /* borrowed, each once */
	const char **v;
	size_t n;
};

static void labels_add(struct labels *l, const char *label)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], label))
			return;
	l->v = need(realloc(l->v, (l->n + 1) * sizeof(*l->v)));
	l->v[l->n++] = label;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int unknown_app(const char *app, const struct labels *known)
{
	qsort(known->v, known->n, sizeof(*known->v), by_text);
	fprintf(stderr, "gesync-scheduler: --app '%.63s' is unknown; the apps are", app);
	for (size_t i = 0; i < known->n; i++)
		fprintf(stderr, "%s %s", i ? "," : "", known->v[i]);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int check_apps(const struct options *opt, const struct labels *known)
{
	for (size_t i = 0; i < opt->apps.n; i++) {
		size_t k = 0;

		while (k < known->n && strcmp(known->v[k], opt->apps.v[i]))
			k++;
		if (k == known->n && strcmp(opt->apps.v[i], "all"))
			return unknown_app(opt->apps.v[i], known);
	}
	return EXIT_DONE;
}

static int wrong_files(const struct err *err)
{
	fprintf(stderr, "gesync-scheduler: %s\n", err->msg);
	return EXIT_USAGE;
}

/* Of a check: those that have models. */
static int check_modelled(const struct app *app)
{
	char *dir = home_dir(app->set.models_dir, "models");
	struct labels known = { NULL, 0 };
	struct err err;
	struct manifest *m = manifest_load(dir, &err);
	int status = m ? EXIT_DONE : wrong_files(&err);

	for (size_t i = 0; m && i < m->napps; i++)
		labels_add(&known, m->apps[i].label);
	if (m)
		status = check_apps(&app->opt, &known);
	free(known.v);
	manifest_free(m);
	free(dir);
	return status;
}

static int check_migrations(const struct options *opt, const struct migrations *set)
{
	if (opt->to && !migrations_find(set, opt->to))
		return usage("--to", opt->to, "is no migration that is there: gesyncctl migrations ls lists them");
	for (size_t i = 0; i < opt->fake.n; i++)
		if (!migrations_find(set, opt->fake.v[i]))
			return usage("--fake", opt->fake.v[i], "is no migration that is there: gesyncctl migrations ls lists them");
	return EXIT_DONE;
}

/* Of a migrate: those that have migrations. */
static int check_migrated(const struct app *app)
{
	char *dir = home_dir(app->set.migrations_dir, "migrations");
	struct migrations set = { NULL, 0 };
	struct labels known = { NULL, 0 };
	struct err err;
	int status = migration_dir_load(&set, dir, &err) < 0 ? wrong_files(&err) : EXIT_DONE;

	for (size_t i = 0; i < set.n; i++)
		labels_add(&known, set.v[i]->app);
	if (!status)
		status = check_apps(&app->opt, &known);
	if (!status)
		status = check_migrations(&app->opt, &set);
	free(known.v);
	migrations_clear(&set);
	free(dir);
	return status;
}

/* The files are read only where something is named. */
static int check_arguments(const struct app *app, enum settings_queue kind)
{
	const struct options *opt = &app->opt;
	int status = check_names(opt);

	if (status || !(opt->apps.n || opt->to || opt->fake.n))
		return status;
	return kind == QUEUE_CHECK ? check_modelled(app) : check_migrated(app);
}

/* ---- the job ---- */

static void set_list(json_t *job, const char *name, const struct strings *list)
{
	if (list->n)
		json_object_set_new(job, name, list_json(list));
}

static void set_flag(json_t *job, const char *name, bool value)
{
	if (value)
		json_object_set_new(job, name, json_true());
}

static void set_text(json_t *job, const char *name, const char *value)
{
	if (value)
		json_object_set_new(job, name, json_string(value));
}

static json_t *job_of(const struct options *opt)
{
	json_t *job = json_object();

	set_list(job, "app", &opt->apps);
	set_text(job, "table", opt->table);
	set_flag(job, "show_columns", opt->show_columns);
	set_flag(job, "fix", opt->fix);
	if (opt->fix)
		json_object_set_new(job, "timeout_ms", json_integer(FIX_TIMEOUT_MS));
	set_flag(job, "plan", opt->plan);
	set_text(job, "to", opt->to);
	set_list(job, "fake", &opt->fake);
	set_flag(job, "fake_applied", opt->fake_applied);
	set_flag(job, "repair", opt->repair);
	set_text(job, "backup", opt->backup);
	set_flag(job, "allow_data_loss", opt->allow_data_loss);
	return job;
}

static char *text_of(const json_t *job)
{
	return need(json_dumps(job, JSON_COMPACT));
}

/* The bounds of a job are those of the worker that reads it. */
static int check_job(const json_t *fields, enum settings_queue kind)
{
	char *text = text_of(fields);
	struct job job;
	struct err err;
	int status = job_parse(&job, kind, text, strlen(text), &err) < 0 ? EXIT_USAGE : EXIT_DONE;

	if (status)
		fprintf(stderr, "gesync-scheduler: %s\n", err.msg);
	job_clear(&job);
	free(text);
	return status;
}

static int push(struct app *app, struct run *run, json_t *fields, struct err *err)
{
	json_object_set_new(fields, "id", json_string(run->id));
	json_object_set_new(fields, "run", json_string(run->id));
	if (job_announce(app, run->id, err) < 0 || run_add(app, run, text_of(fields), err) < 0)
		return -1;
	return run_push(app, run, true, err);
}

/* ---- its outcome ---- */

int structure_status(const json_t *outcome)
{
	const json_t *result = json_object_get(outcome, "result");
	const char *status = json_string_value(json_object_get(outcome, "status"));
	const char *code = json_string_value(json_object_get(json_object_get(outcome, "error"), "code"));

	if (!status || strcmp(status, "done"))
		return code && !strcmp(code, "bad_job") ? EXIT_USAGE : EXIT_WRONG;
	if (json_integer_value(json_object_get(result, "errors")))
		return EXIT_WRONG;
	/* A migrate that was told how far to go has done what it was told. */
	if (!strcmp(json_string_value(json_object_get(outcome, "kind")), "check") &&
	    json_array_size(json_object_get(result, "pending")))
		return EXIT_PENDING;
	return EXIT_DONE;
}

static void print_document(json_t *doc)
{
	json_dumpf(doc, stdout, JSON_COMPACT);
	putchar('\n');
}

static void report(const struct app *app, enum settings_queue kind, json_t *outcome)
{
	if (app->opt.json) {
		print_document(outcome);
		return;
	}
	printf("%s %s in %lld ms\n", queue_names[kind], json_string_value(json_object_get(outcome, "status")),
	       (long long)json_integer_value(json_object_get(outcome, "duration_ms")));
	if (kind == QUEUE_CHECK)
		structure_report_check(stdout, outcome, terminal_colours());
	else
		structure_report_migrate(stdout, outcome, terminal_colours());
}

/* On a terminal: what happens now, on one line that is drawn anew. */
static int draw(const json_t *outcome, void *data, struct err *err)
{
	const char *status = json_string_value(json_object_get(outcome, "status"));
	const char *worker = json_string_value(json_object_get(outcome, "worker"));
	const char *progress = json_string_value(json_object_get(outcome, "progress"));

	(void)data;
	(void)err;
	fprintf(stderr, "\r%s%s%s  %s\033[K", status ? status : "", worker ? " in " : "", worker ? worker : "",
		progress ? progress : "");
	fflush(stderr);
	return 0;
}

static int wait_for(struct app *app, enum settings_queue kind, const char *id)
{
	bool terminal = isatty(STDERR_FILENO) && !app->opt.json;
	json_t *outcome = NULL;
	struct err err;
	int rc = job_wait(app, id, app->opt.wait_ms, terminal ? draw : NULL, NULL, &outcome, &err), status;

	if (terminal)
		fputs("\r\033[K", stderr);
	if (rc < 0)
		return app_fail(&err);
	if (rc > 0) {
		report(app, kind, outcome);
		status = structure_status(outcome);
	} else {
		if (app->opt.json)
			print_document(outcome);
		fprintf(stderr, "gesync-scheduler: gave up waiting; the job goes on: gesyncctl job %s\n", id);
		status = EXIT_GAVE_UP;
	}
	json_decref(outcome);
	return status;
}

static int push_and_follow(struct app *app, enum settings_queue kind, json_t *fields)
{
	const char *name = queue_names[kind];
	struct run run;
	struct err err;

	if (run_begin(app, &run, name, name, NULL, &err) < 0)
		return app_fail(&err);
	run.queue = kind;
	if (run.fill && push(app, &run, fields, &err) < 0)
		return app_fail(&err);
	follow_name(app, &run);
	return app->opt.wait_ms ? wait_for(app, kind, run.id) : EXIT_DONE;
}

int command_structure(struct app *app, enum settings_queue kind)
{
	json_t *fields = job_of(&app->opt);
	int status = check_arguments(app, kind);

	if (!status)
		status = check_job(fields, kind);
	if (!status)
		status = push_and_follow(app, kind, fields);
	json_decref(fields);
	return status;
}
