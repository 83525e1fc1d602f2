/* fsck_runs.c - what a run counts, against the jobs that are there.
 *
 * Of a run that goes on, total = queued + running + failed + done + put_back, where
 * failed counts those that are tried again, the dead and the cancelled. A list that
 * somebody deleted leaves a run that never ends: no script can tell what is right
 * then, so a person is told. */
#include <string.h>

#include "fsck_impl.h"

void fsck_count_run(struct fsck *f, const struct place *p, const char *bytes, size_t len)
{
	struct job_record rec;
	json_t *element = NULL;
	const char *run = NULL;

	if (!p->prefix && p->zset == KEY_DEAD)
		return;
	if (job_record_parse(&rec, bytes, len) == 0)
		run = rec.run;
	else if (len && *bytes == '{' && (element = json_loadb(bytes, len, 0, NULL)))
		run = json_string_value(json_object_get(element, "run"));
	if (run && *run)
		json_object_set_new(f->runs, run, json_integer(json_integer_value(json_object_get(f->runs, run)) + 1));
	json_decref(element);
}

static void look_at_run(struct fsck *f, const json_t *run, const char *id)
{
	long long left = runs_number(run, "total") - runs_number(run, "done") - runs_number(run, "dead") -
			 runs_number(run, "cancelled") - runs_number(run, "put_back");
	long long there = json_integer_value(json_object_get(f->runs, id));
	long long sum = runs_number(run, "queued") + runs_number(run, "running") + runs_number(run, "failed") +
			runs_number(run, "done") + runs_number(run, "put_back");

	if (left != there)
		fsck_problem(f, "run", "the run %s counts %lld jobs that wait or run, but %lld are there: gesyncctl cancel --run %s ends it",
			     id, left, there, id);
	else if (sum != runs_number(run, "total"))
		fsck_problem(f, "run", "the run %s counts %lld jobs in all, but %lld in their states", id, runs_number(run, "total"), sum);
}

int fsck_runs(struct fsck *f)
{
	struct redis_value *ids = ctl_ask(f->c, "ZRANGE", ctl_key(f->c, KEY_RUNS), "0", "-1");
	int rc = ids ? 0 : -1;

	for (size_t i = 0; !rc && i < redis_len(ids); i++) {
		const char *id = redis_text(redis_at(ids, i));
		json_t *run = runs_read(f->c, id);

		if (!run)
			rc = -1;
		else if (!strcmp(runs_text(run, "state"), "running"))
			look_at_run(f, run, id);
		json_decref(run);
	}
	redis_value_free(ids);
	return rc;
}
