/* sync.c - a request becomes a run: the structure, then the licences.
 *
 *      begin --joined------------------------------------------> follow
 *        | new, or taken over from a scheduler that died            ^
 *        v                                                          |
 *      gate (--data-only: passed by) --open--> fan-out -------------+
 *        |                                 (--structure-only: none) |
 *        +--shut: the run has failed, and says why -----------------+ */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"
#include "job.h"
#include "mem.h"
#include "queries.h"
#include "scheduler.h"
#include "scripts.h"
#include "zone.h"

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

static const char *mode_of(const struct options *opt)
{
	return opt->structure_only ? "structure" : opt->data_only ? "data" : "full";
}

/* Of two runs that want the same, one is unfinished at a time. */
static void signature(const struct app *app, char *out)
{
	char *text = NULL;
	size_t len;
	FILE *f = need(open_memstream(&text, &len));

	fprintf(f, "%s%s force=%d", mode_of(&app->opt), app->opt.offline ? " offline" : "", app->opt.force);
	for (size_t i = 0; i < app->opt.licenses.n; i++)
		fprintf(f, " %s", app->opt.licenses.v[i]);
	if (fclose(f))
		abort();
	digest_sha256(text, len, out);
	free(text);
}

/* ---- the run in PostgreSQL ---- */

json_t *list_json(const struct strings *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static char *request_of(const struct options *opt)
{
	json_t *request = json_pack("{sb sb so ss?}", "force", opt->force, "offline", opt->offline, "licenses",
				    list_json(&opt->licenses), "deadline", opt->deadline);
	char *text = need(json_dumps(request, JSON_COMPACT));

	json_decref(request);
	return text;
}

/* Known there before the first of its jobs is, so that it can be resumed. */
static int note(struct app *app, const struct run *run, struct err *err)
{
	char *request = request_of(&app->opt);
	bool anew = !run->taken && !app->opt.resume;
	struct db_stmt stmt = { &sql_run_begin, 4, { run->id, mode_of(&app->opt), request, anew ? "true" : "false" } };
	int rc = app_schema(app, err);

	if (!rc)
		rc = app_query(app, &stmt, 1, NULL, NULL, err);
	free(request);
	return rc;
}

/* ---- ends ---- */

/* What the structure did not let through has failed, and why is kept. */
static int stop(struct app *app, struct run *run, const struct err *why)
{
	struct command *c = &app->cmd;
	struct err err;

	if (strcmp(why->code, "structure")) {
		if (!strcmp(why->code, "gave_up") || !strcmp(why->code, "db_unavailable"))
			run_leave(app, run);    /* a later sync goes on with it, at once */
		follow_now(app, run);
		return app_fail(why);
	}
	command_begin(c, &lua_run_stop);
	command_key_of(c, "run", run->id);
	command_arg(c, run->owner);
	command_arg(c, why->msg);
	redis_value_free(command_ask(c, app->redis, &err));
	return app->opt.wait_ms ? follow(app, run, NULL) : app_fail(why);
}

static int fill(struct app *app, struct run *run, struct err *err)
{
	if (app->opt.resume && !run->taken && resume_counts(app, run, err) < 0)
		return -1;
	if (!app->opt.data_only && gate(app, run, err) < 0)
		return -1;
	if (!app->opt.structure_only)
		return fanout(app, run, err);
	return run_push(app, run, true, err);
}

/* The next time that clocks in GESYNC_TZ show HH:MM. */
static int64_t deadline_ms(const struct app *app, struct err *err)
{
	struct cron_time t = { time(NULL), CRON_NOTHING_YET };
	struct crontab tab;
	struct tz *tz = zone_load(app->set.tz, NULL, err);
	char line[64];
	int h = -1, m = -1;

	sscanf(app->opt.deadline, "%d:%d", &h, &m);     /* sync_refuse() has read it; or a resumed run's */
	snprintf(line, sizeof(line), "%d %d * * * sync", m, h);
	if (!tz || crontab_parse(&tab, line, strlen(line), app->set.tz, NULL, err) < 0)
		return -1;
	tab.lines[0].tz = tz;
	cron_next(&tab.lines[0], t, &t);
	crontab_clear(&tab);
	tz_free(tz);
	return t.at * 1000;
}

static int fill_and_follow(struct app *app, struct run *run)
{
	const struct strings *names = &app->opt.licenses;
	struct err err;

	follow_name(app, run);
	if (run->fill && (note(app, run, &err) < 0 || fill(app, run, &err) < 0))
		return stop(app, run, &err);
	return follow(app, run, names->n == 1 ? names->v[0] : NULL);
}

int command_sync_run(struct app *app)
{
	struct run *run = need(calloc(1, sizeof(*run)));
	char sum[DIGEST_HEX];
	struct err err;
	int status;

	signature(app, sum);
	if (app->opt.deadline && (app->deadline_ms = deadline_ms(app, &err)) < 0)
		status = app_usage(err.msg);
	else if (run_begin(app, run, "sync", mode_of(&app->opt), sum, &err) < 0)
		status = app_fail(&err);
	else
		status = fill_and_follow(app, run);
	free(run);
	return status;
}

static bool is_time(const char *text)
{
	size_t hour = strspn(text, "0123456789"), minute = text[hour] ? strspn(text + hour + 1, "0123456789") : 0;

	return (hour == 1 || hour == 2) && text[hour] == ':' && minute == 2 && !text[hour + 3] && atoi(text) < 24 &&
	       atoi(text + hour + 1) < 60;
}

const char *sync_refuse(const struct options *opt)
{
	if (opt->full + opt->data_only + opt->structure_only > 1)
		return "give one of --full, --data-only and --structure-only";
	if (opt->structure_only && (opt->licenses.n || opt->force || opt->offline || opt->deadline || opt->resume))
		return "--structure-only syncs no licence: leave out --license, --force, --offline, --deadline and --resume";
	if (opt->deadline && !is_time(opt->deadline))
		return "--deadline must be a time of the day: 00:00 to 23:59";
	if (opt->resume && (opt->licenses.n || opt->force || opt->offline || opt->full || opt->data_only || opt->id || opt->dry_run))
		return "--resume goes on with what the last run was asked for: leave out what to sync, --id and --dry-run";
	for (size_t i = 0; i < opt->licenses.n; i++)
		if (!job_license_valid(opt->licenses.v[i], strlen(opt->licenses.v[i])))
			return "--license must be a licence number: 1 to 50 characters without white space";
	return NULL;
}

int command_sync(struct app *app)
{
	normalise(&app->opt.licenses);
	return app->opt.dry_run ? dry_run(app) : app->opt.resume ? command_resume(app) : command_sync_run(app);
}
