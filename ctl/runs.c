/* runs.c - runs: how many of their jobs are where. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#define RUNS_SHOWN 20

static bool is_number(const char *field, const char *value)
{
	static const char *const texts[] = { "id", "kind", "mode", "state", "owner", "place", "signature", "asked_by", "error" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(field, texts[i]))
			return false;
	value += *value == '-';
	return *value && strlen(value) < 18 && strspn(value, "0123456789") == strlen(value);
}

/* NULL if Redis went away; JSON null if there is no such run. */
json_t *runs_read(struct ctl *c, const char *id)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", ctl_key_of(c, "run", id));
	json_t *run;

	if (!v)
		return NULL;
	run = redis_len(v) ? json_object() : json_null();
	for (size_t i = 0; i + 1 < redis_len(v); i += 2) {
		const char *field = redis_text(redis_at(v, i)), *value = redis_text(redis_at(v, i + 1));
		bool outcome = !strcmp(field, "before") || !strcmp(field, "check") || !strcmp(field, "migrate");
		json_t *item = outcome ? json_loads(value, 0, NULL) : is_number(field, value) ? json_integer(strtoll(value, NULL, 10)) : json_string(value);

		json_object_set_new(run, field, item ? item : json_null());
	}
	redis_value_free(v);
	return run;
}

const char *runs_text(const json_t *run, const char *key)
{
	const char *s = json_string_value(json_object_get(run, key));

	return s ? s : "-";
}

long long runs_number(const json_t *run, const char *key)
{
	return json_integer_value(json_object_get(run, key));
}

/* ---- runs ---- */

static void print_runs(const json_t *list)
{
	static const char *const titles[] = {
		"RUN", "KIND", "STATE", "STARTED", ">TOTAL", ">QUEUED", ">RUNNING", ">DONE", ">CHANGED", ">FAILED", ">DEAD", NULL
	};
	static const char *const counts[] = { "total", "queued", "running", "done", "changed", "failed", "dead" };
	char at[TIME_MAX];
	struct table t;
	json_t *run;
	size_t i;

	table_init(&t, titles);
	json_array_foreach(list, i, run) {
		const char *state = runs_text(run, "state");

		table_add(&t, MARK_NONE, "%s", runs_text(run, "id"));
		table_add(&t, MARK_NONE, "%s", runs_text(run, "kind"));
		table_add(&t, !strcmp(state, "failed") ? MARK_BAD : !strcmp(state, "done") ? MARK_GOOD : MARK_NONE, "%s", state);
		table_add(&t, MARK_NONE, "%s", print_iso(runs_number(run, "started_at"), at));
		for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++)
			table_add(&t, MARK_NONE, "%lld", runs_number(run, counts[k]));
	}
	table_print(&t, stdout);
}

/* Of those that Redis still has. */
static json_t *gather_runs(struct ctl *c, int most)
{
	char last[24];
	struct redis_value *ids;
	json_t *list;

	snprintf(last, sizeof(last), "%d", most - 1);
	ids = ctl_ask(c, "ZREVRANGE", ctl_key(c, KEY_RUNS), "0", last);
	list = ids ? json_array() : NULL;

	for (size_t i = 0; list && i < redis_len(ids); i++) {
		json_t *run = runs_read(c, redis_text(redis_at(ids, i)));

		if (!run) {
			json_decref(list);
			list = NULL;
		} else if (json_is_object(run)) {
			if (!json_object_get(run, "id"))
				json_object_set_new(run, "id", json_string(redis_text(redis_at(ids, i))));
			json_array_append_new(list, run);
		} else {
			json_decref(run);
		}
	}
	redis_value_free(ids);
	return list;
}

/* One that Redis has no more goes to its place among the others, the latest first. */
static void add_stored(json_t *list, json_t *run)
{
	size_t at = json_array_size(list), i;
	const json_t *one;

	json_array_foreach(list, i, one) {
		if (!strcmp(runs_text(one, "id"), runs_text(run, "id")))
			return;
		if (at > i && runs_number(one, "started_at") < runs_number(run, "started_at"))
			at = i;
	}
	json_array_insert(list, at, run);
}

/* 30 at the most, and those of licences alone, are in PostgreSQL. */
static void add_lost(struct ctl *c, json_t *list, size_t most)
{
	struct run_store *s = run_store_new(c);
	json_t *stored = run_store_runs(s, NULL), *run;
	size_t i;

	json_array_foreach(stored, i, run)
		add_stored(list, run);
	while (json_array_size(list) > most)
		json_array_remove(list, most);
	json_decref(stored);
	run_store_free(s);
}

int command_runs(struct ctl *c)
{
	int rc = ctl_words(c, 1, 0, 0, "runs [--limit N]");
	int most = c->opt.limit ? c->opt.limit : RUNS_SHOWN;
	json_t *list;

	if (rc)
		return rc;
	list = gather_runs(c, most);
	if (!list)
		return ctl_fail(c);
	add_lost(c, list, (size_t)most);
	if (c->opt.json) {
		print_json(json_pack("{so}", "runs", list));
		return EXIT_DONE;
	}
	if (json_array_size(list))
		print_runs(list);
	else
		puts("No run is known.");
	json_decref(list);
	return EXIT_DONE;
}
