/* runs.c - runs: how many of their jobs are where. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#define RUNS_SHOWN "20"

static bool is_number(const char *field, const char *value)
{
	static const char *const texts[] = { "id", "kind", "mode", "state", "owner", "place", "signature" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(field, texts[i]))
			return false;
	value += *value == '-';
	return *value && strlen(value) < 18 && strspn(value, "0123456789") == strlen(value);
}

/* NULL if Redis went away; JSON null if there is no such run. */
static json_t *read_run(struct ctl *c, const char *id)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", ctl_key_of(c, "run", id));
	json_t *run;

	if (!v)
		return NULL;
	run = redis_len(v) ? json_object() : json_null();
	for (size_t i = 0; i + 1 < redis_len(v); i += 2) {
		const char *field = redis_text(redis_at(v, i)), *value = redis_text(redis_at(v, i + 1));
		json_t *item = is_number(field, value) ? json_integer(strtoll(value, NULL, 10)) : json_string(value);

		json_object_set_new(run, field, item ? item : json_null());
	}
	redis_value_free(v);
	return run;
}

static const char *text(const json_t *run, const char *key)
{
	const char *s = json_string_value(json_object_get(run, key));

	return s ? s : "-";
}

static long long number(const json_t *run, const char *key)
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
		const char *state = text(run, "state");

		table_add(&t, MARK_NONE, "%s", text(run, "id"));
		table_add(&t, MARK_NONE, "%s", text(run, "kind"));
		table_add(&t, !strcmp(state, "failed") ? MARK_BAD : !strcmp(state, "done") ? MARK_GOOD : MARK_NONE, "%s", state);
		table_add(&t, MARK_NONE, "%s", print_iso(number(run, "started_at"), at));
		for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++)
			table_add(&t, MARK_NONE, "%lld", number(run, counts[k]));
	}
	table_print(&t, stdout);
}

/* Of those that Redis still has. */
static json_t *gather_runs(struct ctl *c, const char *last)
{
	struct redis_value *ids = ctl_ask(c, "ZREVRANGE", ctl_key(c, KEY_RUNS), "0", last);
	json_t *list = ids ? json_array() : NULL;

	for (size_t i = 0; list && i < redis_len(ids); i++) {
		json_t *run = read_run(c, redis_text(redis_at(ids, i)));

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

int command_runs(struct ctl *c)
{
	int rc = ctl_words(c, 1, 0, 0, "runs [--limit N]");
	char last[24] = RUNS_SHOWN;
	json_t *list;

	if (rc)
		return rc;
	if (c->opt.limit)
		snprintf(last, sizeof(last), "%d", c->opt.limit - 1);
	list = gather_runs(c, last);
	if (!list)
		return ctl_fail(c);
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

/* ---- one run ---- */

struct failures {
	const char *run;
	json_t *list;
};

static bool add_failure(const struct record *r, void *data)
{
	struct failures *f = data;

	if (r->known && !strcmp(r->rec.run, f->run))
		json_array_append_new(f->list, record_json(r, KEY_DEAD));
	return true;
}

static void print_failures(const json_t *list)
{
	static const char *const titles[] = { "LICENCE", "CODE", "DIED", "JOB", "WHY", NULL };
	struct table t;
	json_t *r;
	size_t i;

	if (!json_array_size(list)) {
		puts("\nNone of its jobs is given up.");
		return;
	}
	table_init(&t, titles);
	json_array_foreach(list, i, r) {
		table_add(&t, MARK_NONE, "%s", text(r, "license"));
		table_add(&t, MARK_BAD, "%s", text(r, "code"));
		table_add(&t, MARK_NONE, "%s", text(r, "died_at"));
		table_add(&t, MARK_NONE, "%s", text(r, "id"));
		table_add(&t, MARK_DIM, "%s", text(r, "message"));
	}
	putchar('\n');
	table_print(&t, stdout);
}

static void print_run(const json_t *run, const char *id)
{
	static const char *const counts[] = {
		"total", "queued", "running", "done", "unchanged", "changed", "failed", "dead", "cancelled"
	};
	char at[TIME_MAX];

	print_tame(stdout, "run        %s", id);
	print_tame(stdout, "kind       %s", text(run, "kind"));
	print_tame(stdout, "state      %s", text(run, "state"));
	printf("started    %s\n", print_iso(number(run, "started_at"), at));
	if (number(run, "finished_at"))
		printf("finished   %s\n", print_iso(number(run, "finished_at"), at));
	if (json_object_get(run, "fanned") && !number(run, "fanned"))
		puts("           its jobs are not all on the lists yet");
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		printf("%-10s %lld\n", counts[i], number(run, counts[i]));
}

/* 1 if there is none; -1 on failure. */
static int last_run(struct ctl *c, char *id, size_t size)
{
	struct redis_value *v = ctl_ask(c, "ZREVRANGE", ctl_key(c, KEY_RUNS), "0", "0");
	int rc = !v ? -1 : redis_len(v) ? 0 : 1;

	snprintf(id, size, "%s", redis_text(redis_at(v, 0)));
	redis_value_free(v);
	return rc;
}

static int show_run(struct ctl *c, const char *id)
{
	struct failures f = { id, NULL };
	json_t *run = read_run(c, id);

	if (!run)
		return ctl_fail(c);
	if (json_is_null(run))
		return ctl_missing(c, "there is no run %s", id);
	if (c->opt.failures) {
		f.list = json_array();
		if (records_each(c, KEY_DEAD, add_failure, &f) < 0) {
			json_decref(f.list);
			json_decref(run);
			return ctl_fail(c);
		}
	}
	if (c->opt.json) {
		if (!json_object_get(run, "id"))
			json_object_set_new(run, "id", json_string(id));
		if (f.list)
			json_object_set(run, "failures", f.list);
		print_json(json_incref(run));
	} else {
		print_run(run, id);
		if (f.list)
			print_failures(f.list);
	}
	json_decref(f.list);
	json_decref(run);
	return EXIT_DONE;
}

int command_run(struct ctl *c)
{
	char id[JOB_ID_MAX + 1];
	int rc = ctl_words(c, 1, 0, 1, "run [ID] [--failures]");

	if (rc)
		return rc;
	if (c->args.n > 1) {
		if (!job_id_valid(c->args.v[1], strlen(c->args.v[1])))
			return ctl_usage("\"%.64s\" is no id: gesyncctl runs shows them", c->args.v[1]);
		return show_run(c, c->args.v[1]);
	}
	rc = last_run(c, id, sizeof(id));
	if (rc < 0)
		return ctl_fail(c);
	return rc ? ctl_missing(c, "no run is known") : show_run(c, id);
}
