/* gate.c - the structure step of a sync: no licence passes a broken structure.
 *
 *      check --clean, nothing pending---------------------------> open
 *        |                                                          ^
 *        +--pending--> migrate --done--> check --clean--------------+
 *        |                |                |
 *        +--broken--------+--failed--------+--broken, pending--> shut, and why
 *
 * The jobs have ids made of the run's: a successor that walks through the steps
 * again meets those that are there already, and waits for the same ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "fit.h"
#include "mem.h"
#include "scheduler.h"

#define REPORT_MAX      (256 * 1024)    /* bytes of a report that a run keeps */
#define ID_ROOM         (JOB_ID_MAX - 9)        /* beside ".migrate" */

static int renew(const json_t *outcome, void *data, struct err *err)
{
	struct step { struct app *app; struct run *run; } *step = data;

	(void)outcome;
	if (app_waited(step->app))
		return err_set(err, ERR_HOLD, "gave_up", "gave up waiting for the structure; a later sync goes on with the run %s",
			       step->run->id);
	return run_push(step->app, step->run, false, err);
}

static void job_id(const struct run *run, const char *step, char *out, size_t size)
{
	char sum[DIGEST_HEX];

	if (strlen(run->id) <= ID_ROOM)
		snprintf(out, size, "%s.%s", run->id, step);
	else
		snprintf(out, size, "%.40s.%s", digest_sha256(run->id, strlen(run->id), sum), step);
}

/* The run keeps it: what --wait --json and gesyncctl run tell. */
static int keep(struct app *app, const struct run *run, const char *field, json_t *outcome, struct err *err)
{
	char key[KEYS_MAX], *text;
	struct redis_value *v;

	if (json_is_object(json_object_get(outcome, "result")))
		fit_object(json_object_get(outcome, "result"), REPORT_MAX);
	text = need(json_dumps(outcome, JSON_COMPACT));
	v = redis_ask(app->redis, err, "HSET", keys_of(key, app->set.namespace_, "run", run->id), field, text, NULL);
	free(text);
	redis_value_free(v);
	return v ? 0 : -1;
}

/* Its outcome, the caller's; NULL and err where it did not end, or not well. */
static json_t *run_step(struct app *app, struct run *run, enum settings_queue queue, const char *step,
			json_t *fields, struct err *err)
{
	struct { struct app *app; struct run *run; } lease = { app, run };
	char id[JOB_ID_MAX + 1];
	json_t *outcome = NULL, *error;
	const char *status;

	run->queue = queue;
	job_id(run, step, id, sizeof(id));
	if (job_push(app, queue, id, fields, err) < 0 || job_wait(app, id, -1, renew, &lease, &outcome, err) < 0 ||
	    keep(app, run, !strcmp(step, "check") ? "before" : queue == QUEUE_CHECK ? "check" : "migrate", outcome, err) < 0) {
		json_decref(outcome);
		return NULL;
	}
	status = json_string_value(json_object_get(outcome, "status"));
	if (status && !strcmp(status, "done"))
		return outcome;
	error = json_object_get(outcome, "error");
	err_set(err, ERR_PERMANENT, "structure", "%s failed: %s", step,
		json_string_value(json_object_get(error, "message")) ? json_string_value(json_object_get(error, "message")) : "cancelled");
	json_decref(outcome);
	return NULL;
}

/* "table core_schemecode is missing", of the first error of a report. */
static void first_error(const json_t *report, char *out, size_t size)
{
	const json_t *missing = json_object_get(report, "missing"), *d;
	size_t i;

	snprintf(out, size, "gesyncctl report check tells");
	if (json_array_size(missing)) {
		snprintf(out, size, "table %s is missing", json_string_value(json_object_get(json_array_get(missing, 0), "table")));
		return;
	}
	json_array_foreach(json_object_get(report, "drift"), i, d) {
		const char *severity = json_string_value(json_object_get(d, "severity"));
		const json_t *what = json_object_get(d, "column") ? json_object_get(d, "column") : json_object_get(d, "name");

		if (severity && !strcmp(severity, "error")) {
			snprintf(out, size, "%s %s.%s", json_string_value(json_object_get(d, "kind")),
				 json_string_value(json_object_get(d, "table")), json_string_value(what) ? json_string_value(what) : "");
			return;
		}
	}
}

/* 1 clean, 0 migrations are pending, -1 broken. */
static int judge(const json_t *outcome, struct err *err)
{
	const json_t *report = json_object_get(outcome, "result");
	long long errors = json_integer_value(json_object_get(report, "errors"));
	char first[160];

	if (json_array_size(json_object_get(report, "pending")))
		return 0;
	if (!errors)
		return 1;
	first_error(report, first, sizeof(first));
	return err_set(err, ERR_PERMANENT, "structure", "the structure is broken (%lld error%s: %s) and no migration is pending: no licence was synced",
		       errors, errors == 1 ? "" : "s", first);
}

static int run_check(struct app *app, struct run *run, const char *step, struct err *err)
{
	json_t *outcome = run_step(app, run, QUEUE_CHECK, step, json_object(), err);
	int verdict = outcome ? judge(outcome, err) : -1;

	json_decref(outcome);
	return verdict;
}

int gate(struct app *app, struct run *run, struct err *err)
{
	int verdict = run_check(app, run, "check", err);
	json_t *outcome;

	if (verdict)
		return verdict < 0 ? -1 : 0;
	outcome = run_step(app, run, QUEUE_MIGRATE, "migrate", json_pack("{sb}", "fake_applied", 1), err);
	if (!outcome)
		return -1;
	json_decref(outcome);
	verdict = run_check(app, run, "recheck", err);
	if (!verdict)
		return err_set(err, ERR_PERMANENT, "structure", "migrations are still pending after migrate: no licence was synced");
	return verdict < 0 ? -1 : 0;
}
