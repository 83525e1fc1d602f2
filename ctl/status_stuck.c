/* status_stuck.c - what stands still beside the queues: runs whose scheduler is
 * gone, changes of the structure that wait, errors that come again and again. */

#include "status_impl.h"

#define RUNS_LOOKED_AT  "19"    /* index of the last */
#define RUNS_SHOWN      3
#define RETRIES_LOOKED_AT 200

/* ---- runs ---- */

static json_t *stuck_run(struct ctl *c, const char *id, int64_t now)
{
	struct redis_value *v = ctl_ask(c, "HMGET", ctl_key_of(c, "run", id), "state", "fanned", "lease_until");
	int64_t until = redis_int(redis_at(v, 2));
	json_t *run = json_null();

	if (!v)
		return NULL;
	if (!strcmp(redis_text(redis_at(v, 0)), "running") && !redis_int(redis_at(v, 1)) && until && until < now)
		run = json_pack("{so so}", "id", status_safe_text(id), "since", print_iso_json(until));
	redis_value_free(v);
	return run;
}

json_t *status_stuck_runs(struct ctl *c, int64_t now)
{
	struct redis_value *ids = ctl_ask(c, "ZREVRANGE", ctl_key(c, KEY_RUNS), "0", RUNS_LOOKED_AT);
	json_t *list = ids ? json_array() : NULL;

	for (size_t i = 0; list && i < redis_len(ids) && json_array_size(list) < RUNS_SHOWN; i++) {
		json_t *run = stuck_run(c, redis_text(redis_at(ids, i)), now);

		if (json_is_object(run)) {
			json_array_append_new(list, run);
		} else if (!run) {
			json_decref(list);
			list = NULL;
		}
	}
	redis_value_free(ids);
	return list;
}

/* ---- the structure ---- */

/* What a job says of itself; null for nothing. */
static json_t *progress_of(struct ctl *c, const char *id)
{
	struct redis_value *v = ctl_ask(c, "HGET", ctl_key_of(c, "job", id), "progress");
	json_t *text = redis_len(v) ? status_safe_text(redis_text(v)) : json_null();

	redis_value_free(v);
	return text;
}

/* holder: "<worker> <ticket>", as a lock names it. */
static void add_holder(struct ctl *c, json_t *list, const char *holder)
{
	size_t name = strcspn(holder, " ");
	char jobs[KEYS_MAX];
	struct redis_value *v;
	struct job_record rec;

	if (!holder[name] || name > 120)
		return;
	snprintf(jobs, sizeof(jobs), "%.*s:jobs", (int)name, holder);
	v = ctl_ask(c, "HGET", ctl_key_of(c, "worker", jobs), holder + name + 1);
	if (v && job_record_parse(&rec, redis_text(v), redis_len(v)) == 0)
		json_array_append_new(list, json_pack("{ss ss ss# so}", "kind", rec.queue, "id", rec.id, "worker", holder, (int)name,
						      "progress", progress_of(c, rec.id)));
	redis_value_free(v);
}

json_t *status_structure_jobs(struct ctl *c)
{
	struct redis_value *v = ctl_ask(c, "HMGET", ctl_key(c, KEY_LOCKS), "@change", "@look");
	json_t *list = v ? json_array() : NULL;

	for (size_t i = 0; i < redis_len(v); i++)
		add_holder(c, list, redis_text(redis_at(v, i)));
	redis_value_free(v);
	return list;
}

/* ---- retry ---- */

struct errors {
	json_t *codes;                  /* code -> how many */
	json_t *first;                  /* message of the one that is due first */
	int n;
};

static bool count_error(const struct record *r, void *data)
{
	struct errors *e = data;
	json_t *outcome = r->known ? record_outcome(r) : NULL;

	if (!e->n && outcome)
		e->first = json_incref(json_object_get(json_object_get(outcome, "error"), "message"));
	json_decref(outcome);
	if (r->known && strcmp(r->rec.code, "*"))
		json_object_set_new(e->codes, r->rec.code, json_integer(number(e->codes, r->rec.code) + 1));
	return ++e->n < RETRIES_LOOKED_AT;
}

json_t *status_retry_errors(struct ctl *c)
{
	struct errors e = { json_object(), NULL, 0 };
	int rc = records_each(c, KEY_RETRY, count_error, &e);
	json_t *doc = json_pack("{so so}", "codes", e.codes, "first", e.first ? e.first : json_null());

	if (rc == 0 || c->err.kind != ERR_HOLD)         /* another type stands there */
		return doc;
	json_decref(doc);
	return NULL;
}
