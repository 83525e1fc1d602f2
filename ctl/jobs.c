/* jobs.c - one licence: what happened last, and where it waits now; one job. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "outcome.h"

#define LOOK_PAGE       1000
#define LOOK_MAX        100000  /* elements over all queues; a person waits for the answer */
#define PLACES_MAX      10      /* of one licence that are told */

struct look {
	const char *license, *id;       /* one of them */
	enum key zset;
	json_t *places;
	int pages;                      /* left for the lists */
};

static const char *text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/* ---- where it is ---- */

static const char *const zset_names[KEYS] = {
	[KEY_RETRY] = "retry", [KEY_SCHEDULED] = "scheduled", [KEY_DEAD] = "dead"
};

static bool full(const struct look *l)
{
	return json_array_size(l->places) >= PLACES_MAX;
}

static bool note_record(const struct record *r, void *data)
{
	struct look *l = data;
	json_t *place;

	if (!r->known || strcmp(l->license ? l->license : l->id, l->license ? r->rec.subject : r->rec.id))
		return true;
	place = record_json(r, l->zset);
	json_object_set_new(place, "place", json_string(zset_names[l->zset]));
	json_array_append_new(l->places, place);
	return !full(l);
}

static int look_records(struct ctl *c, struct look *l)
{
	static const enum key zsets[] = { KEY_RETRY, KEY_SCHEDULED, KEY_DEAD };

	for (size_t i = 0; i < sizeof(zsets) / sizeof(*zsets); i++) {
		l->zset = zsets[i];
		if (records_find(c, l->zset, l->license ? l->license : l->id, note_record, l) < 0)
			return -1;
	}
	return 0;
}

static int look_lock(struct ctl *c, struct look *l)
{
	char name[JOB_SUBJECT_MAX + 2], low[JOB_SUBJECT_MAX + 8], high[JOB_SUBJECT_MAX + 8];
	struct redis_value *v;
	const char *space;

	snprintf(name, sizeof(name), "%c%s", l->license ? '=' : '#', l->license ? l->license : l->id);
	v = ctl_ask(c, "HGET", ctl_key(c, KEY_LOCKS), name);
	if (!v)
		return -1;
	space = strchr(redis_text(v), ' ');
	if (space)
		json_array_append_new(l->places, json_pack("{ss ss# ss}", "place", "running", "worker", redis_text(v),
							   (int)(space - redis_text(v)), "ticket", space + 1));
	redis_value_free(v);
	snprintf(low, sizeof(low), "[%s ", name);
	snprintf(high, sizeof(high), "(%s!", name);
	v = ctl_ask(c, "ZLEXCOUNT", ctl_key(c, KEY_WAITING), low, high);
	if (!v)
		return -1;
	if (redis_int(v))
		json_array_append_new(l->places, json_pack("{ss sI}", "place", "waiting", "count", (json_int_t)redis_int(v)));
	redis_value_free(v);
	return 0;
}

static bool is_of(const struct look *l, enum settings_queue queue, const struct redis_value *element)
{
	const char *bytes = redis_text(element), *word = l->license ? l->license : l->id;
	size_t len = redis_len(element);
	struct job job;
	struct err err;
	bool found;

	/* JSON may write a character in another way; else the word must be in it. */
	if (!memmem(bytes, len, word, strlen(word)) && !memchr(bytes, '\\', len))
		return false;
	if (job_parse(&job, queue, bytes, len, &err) < 0)
		return false;
	found = !strcmp(l->license ? job.subject : job.id, word);
	job_clear(&job);
	return found;
}

static void note_element(struct look *l, enum settings_queue queue, long position)
{
	if (!full(l))
		json_array_append_new(l->places, json_pack("{ss ss sI}", "place", "queue", "queue", queue_names[queue],
							   "position", (json_int_t)position));
}

/* From the right, which is served first. Returns 1 if there is more than was looked at. */
static int look_list(struct ctl *c, struct look *l, enum settings_queue queue)
{
	for (long from = 0; l->pages > 0; from += LOOK_PAGE, l->pages--) {
		char a[24], b[24];
		struct redis_value *v;
		size_t n;

		snprintf(a, sizeof(a), "%ld", -from - LOOK_PAGE);
		snprintf(b, sizeof(b), "%ld", -from - 1);
		v = ctl_ask(c, "LRANGE", ctl_key_of(c, "queue", queue_names[queue]), a, b);
		if (!v)
			return c->err.kind == ERR_HOLD ? -1 : 0;        /* a key that is no list holds no job */
		n = redis_len(v);
		for (size_t i = n; i-- > 0; )
			if (is_of(l, queue, redis_at(v, i)))
				note_element(l, queue, from + (long)(n - i));
		redis_value_free(v);
		if (n < LOOK_PAGE)
			return 0;
	}
	return 1;
}

static int look_lists(struct ctl *c, struct look *l)
{
	static const enum settings_queue queues[] = {
		QUEUE_FETCH, QUEUE_BULK, QUEUE_OFFLINE, QUEUE_CHECK, QUEUE_MIGRATE, QUEUE_PING
	};
	size_t n = l->license ? 3 : sizeof(queues) / sizeof(*queues);   /* of a licence the first three */
	int found = 0, rc = 0;

	l->pages = LOOK_MAX / LOOK_PAGE;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		rc = look_list(c, l, queues[i]);
		found |= rc;
	}
	return rc < 0 ? -1 : found;
}

/* ---- told ---- */

static void print_place(const json_t *p)
{
	const char *place = text(p, "place");

	if (!strcmp(place, "running"))
		print_tame(stdout, "now         runs in %s", text(p, "worker"));
	else if (!strcmp(place, "waiting"))
		print_tame(stdout, "now         waits for the one that runs to end (%lld)", (long long)json_integer_value(json_object_get(p, "count")));
	else if (!strcmp(place, "queue"))
		print_tame(stdout, "now         in the queue %s, at place %lld", text(p, "queue"),
		       (long long)json_integer_value(json_object_get(p, "position")));
	else if (!strcmp(place, "retry"))
		print_tame(stdout, "now         in retry: next attempt %s (job %s, %lld so far), %s: %s", text(p, "next_attempt_at"), text(p, "id"),
		       (long long)json_integer_value(json_object_get(p, "attempts")), text(p, "code"), text(p, "message"));
	else if (!strcmp(place, "scheduled"))
		print_tame(stdout, "now         scheduled: not before %s (job %s)", text(p, "not_before"), text(p, "id"));
	else
		print_tame(stdout, "now         dead since %s (gesyncctl dead show %s), %s: %s", text(p, "died_at"), text(p, "id"),
		       text(p, "code"), text(p, "message"));
}

static void print_changes(const json_t *result)
{
	const json_t *from = json_object_get(result, "balance_cif"), *transfers = json_object_get(result, "transfers");

	if (!json_is_object(result))
		return;
	print_tame(stdout, "changed     %s", json_is_true(json_object_get(result, "changed")) ? "yes" : "nothing");
	if (json_object_get(result, "owner"))
		print_tame(stdout, "owner       %s %s", text(json_object_get(result, "owner"), "iec"), text(json_object_get(result, "owner"), "name"));
	if (json_is_object(from))
		print_tame(stdout, "balance     %s -> %s", text(from, "from"), text(from, "to"));
	if (json_is_object(transfers))
		print_tame(stdout, "transfers   %lld added, %lld updated",
		       (long long)json_integer_value(json_object_get(transfers, "added")),
		       (long long)json_integer_value(json_object_get(transfers, "updated")));
}

static void print_outcome(const json_t *o)
{
	const json_t *error = json_object_get(o, "error");

	print_tame(stdout, "last        %s at %s by %s (job %s, attempt %lld, %lld ms)", text(o, "status"), text(o, "finished_at"),
	       text(o, "worker"), text(o, "id"), (long long)json_integer_value(json_object_get(o, "attempt")),
	       (long long)json_integer_value(json_object_get(o, "duration_ms")));
	if (error)
		print_tame(stdout, "error       %s: %s", text(error, "code"), text(error, "message"));
	if (*text(o, "next_attempt_at"))
		print_tame(stdout, "next        %s", text(o, "next_attempt_at"));
	print_changes(json_object_get(o, "result"));
}

/* ---- why ---- */

/* JSON null where there is none; NULL on failure. */
static json_t *read_outcome(struct ctl *c, const char *license)
{
	struct redis_value *v = ctl_ask(c, "HGET", ctl_key(c, KEY_OUTCOME_FETCH), license);
	json_t *o = v ? json_loadb(redis_text(v), redis_len(v), 0, NULL) : NULL;

	if (v && !o)
		o = json_null();
	redis_value_free(v);
	return o;
}

static void tell_why(const struct ctl *c, const struct look *l, json_t *outcome, bool more)
{
	const json_t *p;
	size_t i;

	if (c->opt.json) {
		print_json(json_pack("{ss sO sO sb}", "license", l->license, "outcome", outcome, "now", l->places,
				     "looked_at_all", !more));
		return;
	}
	print_tame(stdout, "licence     %s", l->license);
	json_array_foreach(l->places, i, p)
		print_place(p);
	if (!json_array_size(l->places))
		print_tame(stdout, "now         nowhere%s", more ? " in the first 100,000 elements of the queues" : ": neither waits nor runs");
	if (json_is_object(outcome))
		print_outcome(outcome);
	else
		puts("last        no outcome is known");
}

int command_why(struct ctl *c)
{
	struct look l = { .license = c->args.n > 1 ? c->args.v[1] : "" };
	int rc = ctl_words(c, 1, 1, 1, "why LICENSE"), more = -1;
	json_t *outcome;

	if (rc)
		return rc;
	if (!job_license_valid(l.license, strlen(l.license)))
		return ctl_usage("a licence number has 1 to 50 characters and no white space");
	l.places = json_array();
	outcome = read_outcome(c, l.license);
	if (outcome && look_lock(c, &l) == 0 && look_records(c, &l) == 0)
		more = look_lists(c, &l);
	if (more < 0)
		rc = ctl_fail(c);
	else if (json_is_null(outcome) && !json_array_size(l.places) && !more)
		rc = ctl_missing(c, "nothing is known of the licence %s: it neither waits nor ran", l.license);
	else
		tell_why(c, &l, outcome, more);
	json_decref(outcome);
	json_decref(l.places);
	return rc;
}

/* ---- job ---- */

/* The hash's fields are the outcome's: what was JSON there is JSON again. */
static json_t *hash_json(const struct redis_value *v)
{
	json_t *obj = json_object();

	for (size_t i = 0; i + 1 < redis_len(v); i += 2)
		outcome_set_field(obj, redis_text(redis_at(v, i)), redis_text(redis_at(v, i + 1)));
	return obj;
}

static void print_field(const char *key, const json_t *value)
{
	char *dump = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	const char *shown = dump ? dump : json_string_value(value);

	printf("%-12s ", key);
	print_escaped(stdout, shown, strlen(shown));
	putchar('\n');
	free(dump);
}

static void tell_job(const struct ctl *c, json_t *job, json_t *places)
{
	const json_t *p;
	const char *key;
	json_t *value;
	size_t i;

	if (c->opt.json) {
		json_object_set(job, "now", places);
		print_json(json_incref(job));
		return;
	}
	json_object_foreach(job, key, value)
		if (!json_is_null(value))
			print_field(key, value);
	json_array_foreach(places, i, p)
		print_place(p);
}

int command_job(struct ctl *c)
{
	struct look l = { .id = c->args.n > 1 ? c->args.v[1] : "" };
	int rc = ctl_words(c, 1, 1, 1, "job ID"), more = 0;
	struct redis_value *v;
	json_t *job;

	if (rc)
		return rc;
	if (!job_id_valid(l.id, strlen(l.id)))
		return ctl_usage("an id has 1 to 64 letters, digits or any of . _ : -");
	l.places = json_array();
	v = ctl_ask(c, "HGETALL", ctl_key_of(c, "job", l.id));
	job = hash_json(v);
	if (!json_object_get(job, "id"))
		json_object_set_new(job, "id", json_string(l.id));
	if (!v || look_records(c, &l) < 0 || (more = look_lists(c, &l)) < 0)
		rc = ctl_fail(c);
	else if (!redis_len(v) && !json_array_size(l.places))
		rc = ctl_missing(c, "there is no job %s%s: only jobs that were given an id, wait for another attempt or are dead are known by it",
				 l.id, more ? " in the first 100,000 elements of the queues" : "");
	else
		tell_job(c, job, l.places);
	redis_value_free(v);
	json_decref(job);
	json_decref(l.places);
	return rc;
}
