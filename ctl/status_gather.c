/* status_gather.c - all that status tells, as one document. */
#include <stdlib.h>
#include <time.h>

#include "status_impl.h"

#define SCAN_ROUNDS     100     /* of 1,000 keys: Redis may hold much that is not ours */
#define STRANGERS_MAX   20      /* misspelt lists that are shown */

json_t *status_safe_text(const char *bytes)
{
	json_t *v = json_string(bytes);

	return v ? v : json_string("?");
}

/* ---- workers ---- */

static json_t *gather_worker(struct ctl *c, const char *name, int64_t lease_end, int64_t now)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", ctl_key_of(c, "worker", name));
	int64_t beat = redis_int(redis_get(v, "beat"));
	const char *why;
	json_t *obj;

	if (!v)
		return NULL;
	obj = json_pack("{so so sI sI so so sb}", "name", status_safe_text(name),
			"queues", status_safe_text(redis_text(redis_get(v, "queues"))),
			"concurrency", (json_int_t)redis_int(redis_get(v, "concurrency")),
			"running", (json_int_t)redis_int(redis_get(v, "running")),
			"version", status_safe_text(redis_text(redis_get(v, "version"))),
			"beat_at", print_iso_json(beat), "alive", lease_end > now);
	why = redis_text(redis_get(v, "why"));
	json_object_set_new(obj, "why", *why ? status_safe_text(why) : json_null());
	json_object_set_new(obj, "why_since", *why ? print_iso_json(redis_int(redis_get(v, "why_since"))) : json_null());
	json_object_set_new(obj, "rate", json_real(strtod(redis_text(redis_get(v, "rate")), NULL)));
	json_object_set_new(obj, "beat_ms_ago", beat ? json_integer(now > beat ? now - beat : 0) : json_null());
	redis_value_free(v);
	return obj;
}

json_t *status_workers(struct ctl *c, int64_t now)
{
	struct redis_value *v = ctl_ask(c, "ZRANGE", ctl_key(c, KEY_LEASES), "0", "9999", "WITHSCORES");
	json_t *list = v ? json_array() : NULL;

	for (size_t i = 0; list && i + 1 < redis_len(v); i += 2) {
		json_t *w = gather_worker(c, redis_text(redis_at(v, i)), redis_int(redis_at(v, i + 1)), now);

		if (w) {
			json_array_append_new(list, w);
		} else {
			json_decref(list);
			list = NULL;
		}
	}
	redis_value_free(v);
	return list;
}

static int count_servers(const json_t *workers, const char *queue)
{
	const json_t *w;
	size_t i;
	int n = 0;

	json_array_foreach(workers, i, w)
		n += json_is_true(json_object_get(w, "alive")) && status_listed(text(w, "queues"), queue);
	return n;
}

/* ---- queues ---- */

/* The oldest element's age is known where it is a record: others carry no time. */
static json_t *oldest_at(struct ctl *c, const char *queue)
{
	struct redis_value *v = ctl_ask(c, "LINDEX", ctl_key_of(c, "queue", queue), "-1");
	struct job_record rec;
	json_t *at = json_null();

	if (v && job_record_parse(&rec, redis_text(v), redis_len(v)) == 0 && rec.queued_ms)
		at = print_iso_json(rec.queued_ms);
	redis_value_free(v);
	return at;
}

/* Null where the key holds no list; -1 from the function is a lost Redis. */
static int gather_depth(struct ctl *c, json_t *obj, const char *queue)
{
	struct redis_value *v = ctl_ask(c, "LLEN", ctl_key_of(c, "queue", queue));

	if (!v && c->err.kind == ERR_HOLD)
		return -1;
	json_object_set_new(obj, "depth", v ? json_integer(redis_int(v)) : json_null());
	redis_value_free(v);
	return 0;
}

static json_t *gather_queues(struct ctl *c, const json_t *workers, const json_t *ge)
{
	static const enum settings_queue order[] = { QUEUE_MIGRATE, QUEUE_CHECK, QUEUE_FETCH, QUEUE_BULK, QUEUE_PING,
						     QUEUE_OFFLINE };
	struct redis_value *paused = ctl_ask(c, "SMEMBERS", ctl_key(c, KEY_PAUSED));
	json_t *held = ge_held(ge), *list = paused ? json_array() : NULL;

	for (size_t i = 0; list && i < QUEUES; i++) {
		const char *name = queue_names[order[i]];
		bool needs_ge = order[i] == QUEUE_FETCH || order[i] == QUEUE_BULK, is_paused = false;
		json_t *q;

		for (size_t k = 0; k < redis_len(paused); k++)
			is_paused |= !strcmp(redis_text(redis_at(paused, k)), name);
		q = json_pack("{ss sb sO sI}", "name", name, "paused", is_paused,
			      "held", needs_ge ? held : json_null(), "workers", (json_int_t)count_servers(workers, name));
		json_array_append_new(list, q);
		if (gather_depth(c, q, name) < 0) {
			json_decref(list);
			list = NULL;
			break;
		}
		json_object_set_new(q, "oldest_at", number(q, "depth") ? oldest_at(c, name) : json_null());
	}
	json_decref(held);
	redis_value_free(paused);
	return list;
}

/* ---- lists that nobody knows ---- */

static void note_stranger(const struct ctl *c, json_t *names, const char *key)
{
	const char *name = key + strlen(c->set.namespace_) + strlen(":queue:");
	json_t *v;
	size_t i;

	if (strlen(key) >= KEYS_MAX || job_queue(name, strlen(name)) >= 0 || json_array_size(names) == STRANGERS_MAX)
		return;
	json_array_foreach(names, i, v)         /* SCAN may tell a key again */
		if (!strcmp(json_string_value(v), name))
			return;
	json_array_append_new(names, json_string(name));
}

json_t *status_strangers(struct ctl *c)
{
	char pattern[KEYS_MAX], cursor[32] = "0";
	json_t *names = json_array();

	keys_of(pattern, c->set.namespace_, "queue", "*");
	for (int round = 0; round < SCAN_ROUNDS; round++) {
		struct redis_value *v = ctl_ask(c, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000");

		if (!v) {
			json_decref(names);
			return NULL;
		}
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		for (size_t i = 0; i < redis_len(redis_at(v, 1)); i++)
			note_stranger(c, names, redis_text(redis_at(redis_at(v, 1), i)));
		redis_value_free(v);
		if (!strcmp(cursor, "0"))
			break;
	}
	return names;
}

static json_t *gather_strangers(struct ctl *c, const json_t *names)
{
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach(names, i, name) {
		json_t *q = json_pack("{sO}", "name", name);

		json_array_append_new(list, q);
		if (gather_depth(c, q, json_string_value(name)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- the rest ---- */

/* when: what the lowest score is called, or NULL. */
static json_t *gather_zset(struct ctl *c, enum key key, const char *when)
{
	struct redis_value *n = ctl_ask(c, "ZCARD", ctl_key(c, key)), *first = NULL;
	json_t *obj;

	if (!n)
		return NULL;
	obj = json_pack("{sI}", "count", (json_int_t)redis_int(n));
	if (when) {
		first = ctl_ask(c, "ZRANGE", ctl_key(c, key), "0", "0", "WITHSCORES");
		json_object_set_new(obj, when, print_iso_json(redis_int(redis_at(first, 1))));
		json_object_set_new(obj, "next_ms", json_integer(redis_int(redis_at(first, 1))));
	}
	redis_value_free(n);
	redis_value_free(first);
	return obj;
}

static json_t *gather_counters(struct ctl *c, const char *key)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", key);
	json_t *obj = v ? json_object() : NULL;

	for (size_t i = 0; i + 1 < redis_len(v); i += 2)
		json_object_set_new(obj, redis_text(redis_at(v, i)), json_integer(redis_int(redis_at(v, i + 1))));
	redis_value_free(v);
	return obj;
}

static const char *today_key(struct ctl *c, int64_t now)
{
	char day[KEYS_DAY];

	return ctl_key_of(c, "stats", keys_day(day, now));
}

/* False if any part could not be had. */
static bool add_part(json_t *doc, const char *key, json_t *part)
{
	return part && json_object_set_new(doc, key, part) == 0;
}

static bool gather_parts(struct ctl *c, json_t *doc, const json_t *strangers, int64_t now)
{
	return add_part(doc, "workers", status_workers(c, now)) &&
	       add_part(doc, "ge", ge_gather(c)) &&
	       add_part(doc, "queues", gather_queues(c, json_object_get(doc, "workers"), json_object_get(doc, "ge"))) &&
	       add_part(doc, "unknown_queues", gather_strangers(c, strangers)) &&
	       add_part(doc, "waiting", gather_zset(c, KEY_WAITING, NULL)) &&
	       add_part(doc, "stuck_runs", status_stuck_runs(c, now)) &&
	       add_part(doc, "structure_jobs", status_structure_jobs(c)) &&
	       add_part(doc, "retry_errors", status_retry_errors(c)) &&
	       add_part(doc, "retry", gather_zset(c, KEY_RETRY, "next_at")) &&
	       add_part(doc, "scheduled", gather_zset(c, KEY_SCHEDULED, "next_at")) &&
	       add_part(doc, "dead", gather_zset(c, KEY_DEAD, NULL)) &&
	       add_part(doc, "today", gather_counters(c, today_key(c, now))) &&
	       add_part(doc, "totals", gather_counters(c, ctl_key(c, KEY_STATS)));
}

json_t *status_gather(struct ctl *c, const json_t *strangers, int64_t *now)
{
	json_t *doc;
	char *still;

	*now = ctl_now_ms(c);
	if (*now < 0)
		return NULL;
	doc = json_pack("{so ss}", "at", print_iso_json(*now), "namespace", c->set.namespace_);
	if (!gather_parts(c, doc, strangers, *now)) {
		json_decref(doc);
		return NULL;
	}
	json_object_set_new(doc, "running", json_integer(sum(json_object_get(doc, "workers"), "running")));
	still = status_why(doc, *now);
	json_object_set_new(doc, "still", still ? status_safe_text(still) : json_null());
	free(still);
	return doc;
}
