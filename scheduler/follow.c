/* follow.c - --wait: a run to its end, and what is told of it.
 *
 *      look at the run --running--> progress bar (on a terminal) --+
 *         ^      |                                                 |
 *         |      +--ended, or time is over--> report               |
 *         +------------------ a quarter of a second ---------------+ */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "queries.h"
#include "scheduler.h"
#include "structure_report.h"
#include "tame.h"
#include "terminal.h"

#define LOOK_MS         250
#define BAR             30
#define FAILURES_SHOWN  "10"    /* gesyncctl run ID --failures has all, as --json has */

static const char *const counts[] = {
	"total", "queued", "running", "done", "unchanged", "changed", "failed", "dead"
};

struct view {
	struct redis_value *run;
	int64_t total, done, failed, dead, cancelled, put_back, started, finished;
	int64_t over, over_before;      /* how many have ended; before this run was resumed */
	bool ended;
};

static int64_t field(const struct redis_value *run, const char *name)
{
	return redis_int(redis_get(run, name));
}

static int look(struct app *app, const struct run *run, struct view *v, struct err *err)
{
	char key[KEYS_MAX];

	redis_value_free(v->run);
	v->run = redis_ask(app->redis, err, "HGETALL", keys_of(key, app->set.namespace_, "run", run->id), NULL);
	if (!v->run)
		return -1;
	if (!redis_len(v->run))
		return err_set(err, ERR_PERMANENT, "no_run", "the run %s is gone from Redis", run->id);
	v->total = field(v->run, "total");
	v->done = field(v->run, "done");
	v->failed = field(v->run, "failed");
	v->dead = field(v->run, "dead");
	v->cancelled = field(v->run, "cancelled");
	v->put_back = field(v->run, "put_back");
	v->over = v->done + v->dead + v->cancelled + v->put_back;
	v->over_before = field(v->run, "done_before");
	/* The structure's time is not the licences'. */
	v->started = field(v->run, field(v->run, "pushed_at") ? "pushed_at" : "started_at");
	v->finished = field(v->run, "finished_at");
	v->ended = strcmp(redis_text(redis_get(v->run, "state")), "running") != 0;
	return 0;
}

/* ---- the bar ---- */

/* first: how many had ended when we began to look, elapsed_ms ago. */
static void draw(const struct view *v, int64_t first, int64_t elapsed_ms, bool last)
{
	double part = v->total ? (double)v->over / (double)v->total : 1;
	double rate = elapsed_ms > 0 ? (double)(v->over - first) * 1000 / (double)elapsed_ms : 0;
	char bar[BAR + 1];

	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)(part * BAR));
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3.0f%%  %lld of %lld", bar, part * 100, (long long)v->over, (long long)v->total);
	if (rate > 0)
		fprintf(stderr, "  %.0f/s", rate);
	if (v->failed)
		fprintf(stderr, "  %lld failing", (long long)v->failed);
	if (!last && rate > 0)
		fprintf(stderr, "  %.0f s left", (double)(v->total - v->over) / rate);
	fputs(last ? "\033[K\n" : "\033[K", stderr);
	fflush(stderr);
}

/* ---- failures, as PostgreSQL has them ---- */

static void on_failures(const struct db_rows *const *rows, void *data)
{
	for (int i = 0; i < db_rows_count(rows[0]); i++)
		json_array_append_new(data, json_pack("{ss ss ss ss}", "license", db_rows_get(rows[0], i, "license"),
						      "code", db_rows_get(rows[0], i, "code"), "message",
						      db_rows_get(rows[0], i, "message"), "at", db_rows_get(rows[0], i, "at")));
}

/* Those of a ping, which needs no PostgreSQL, are with the dead. */
static json_t *failures(struct app *app, const struct run *run, const struct view *v, const char *most)
{
	json_t *list = json_array();
	struct db_stmt stmt = { &sql_run_failed, 2, { run->id, most } };
	struct err err;

	if (v->dead + v->put_back == 0 || !strcmp(redis_text(redis_get(v->run, "kind")), "ping"))
		return list;
	if (!news_tell(app->news, NEWS_MS))
		fprintf(stderr, "gesync-scheduler: PostgreSQL does not answer: its list of failures may not be whole\n");
	else if (app_query(app, &stmt, 1, on_failures, list, &err) < 0)
		fprintf(stderr, "gesync-scheduler: %s\n", err.msg);
	return list;
}

/* ---- reports ---- */

/* Of the structure step; null where there was none. */
static void set_outcome(json_t *doc, const struct view *v, const char *name)
{
	const struct redis_value *text = redis_get(v->run, name);

	if (redis_is_nil(text) && !strcmp(name, "check"))       /* nothing was migrated: the first check is the last */
		text = redis_get(v->run, "before");
	json_t *outcome = json_loadb(redis_text(text), redis_len(text), 0, NULL);

	json_object_set_new(doc, name, outcome ? outcome : json_null());
}

static json_t *run_object(struct app *app, const struct run *run, const struct view *v)
{
	json_t *doc = json_object();

	for (size_t i = 0; i + 1 < redis_len(v->run); i += 2) {
		const char *name = redis_text(redis_at(v->run, i)), *text = redis_text(redis_at(v->run, i + 1));
		bool number = *text && strspn(text, "-0123456789") == strlen(text) && strcmp(name, "id") && strcmp(name, "owner");

		if (!strcmp(name, "owner") || !strcmp(name, "lease_until") || !strcmp(name, "place") || !strcmp(name, "fanned") ||
		    !strcmp(name, "before") || !strcmp(name, "check") || !strcmp(name, "migrate"))
			continue;               /* the scheduler's own */
		json_object_set_new(doc, name, number ? json_integer(strtoll(text, NULL, 10)) : json_string(text));
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (!json_object_get(doc, counts[i]))
			json_object_set_new(doc, counts[i], json_integer(0));
	set_outcome(doc, v, "check");
	set_outcome(doc, v, "migrate");
	json_object_set_new(doc, "failures", failures(app, run, v, NULL));
	return doc;
}

/* Of a single licence: its outcome, if it is this run's. */
static json_t *outcome_of(struct app *app, const struct run *run, const char *license)
{
	char key[KEYS_MAX];
	struct err err;
	struct redis_value *v = redis_ask(app->redis, &err, "HGET",
					  keys_name(key, app->set.namespace_, KEY_OUTCOME_FETCH), license, NULL);
	json_t *doc = json_loadb(redis_text(v), redis_len(v), 0, NULL);
	const char *of = json_string_value(json_object_get(doc, "run"));

	redis_value_free(v);
	if (of && !strcmp(of, run->id))
		return doc;
	json_decref(doc);
	return NULL;
}

static void print_json(json_t *doc)
{
	json_dumpf(doc, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(doc);
}

static void print_structure(const struct view *v)
{
	json_t *doc = json_object();

	set_outcome(doc, v, "check");
	set_outcome(doc, v, "migrate");
	if (json_is_object(json_object_get(doc, "migrate")))
		structure_report_migrate(stdout, json_object_get(doc, "migrate"), terminal_colours());
	if (json_is_object(json_object_get(doc, "check"))) {
		const json_t *report = json_object_get(json_object_get(doc, "check"), "result");
		long long errors = json_integer_value(json_object_get(report, "errors"));

		printf("structure: %lld models, %lld tables, %lld error%s, %zu migrations pending\n",
		       json_integer_value(json_object_get(report, "models")), json_integer_value(json_object_get(report, "tables")),
		       errors, errors == 1 ? "" : "s", json_array_size(json_object_get(report, "pending")));
	}
	json_decref(doc);
}

static void print_failures(struct app *app, const struct run *run, const struct view *v)
{
	json_t *list = failures(app, run, v, FAILURES_SHOWN), *one;
	size_t i;

	json_array_foreach(list, i, one) {
		char *line = need_text("  %s  %s  %s", json_string_value(json_object_get(one, "license")),
				       json_string_value(json_object_get(one, "code")), json_string_value(json_object_get(one, "message")));

		tame(line, false);
		puts(line);
		free(line);
	}
	if ((int64_t)json_array_size(list) < v->dead + v->put_back)
		printf("  all of them: gesyncctl run %s --failures\n", run->id);
	json_decref(list);
}

static void print_report(struct app *app, const struct run *run, const struct view *v)
{
	bool ping = !strcmp(redis_text(redis_get(v->run, "kind")), "ping");
	const char *why = redis_text(redis_get(v->run, "error"));
	double seconds = (double)(v->finished > v->started ? v->finished - v->started : 1) / 1000;

	print_structure(v);
	if (*why) {
		printf("stopped: %s\n", why);
		return;
	}
	printf("%lld %s%s: %lld done", (long long)v->total, ping ? "ping" : "licence", v->total == 1 ? "" : "s", (long long)v->done);
	if (!ping)
		printf(" (%lld changed, %lld unchanged)", (long long)field(v->run, "changed"), (long long)field(v->run, "unchanged"));
	printf(", %lld failed", (long long)v->failed);
	if (v->put_back)
		printf(", %lld put back for the next night", (long long)v->put_back);
	if (!strcmp(redis_text(redis_get(v->run, "state")), "cancelled"))
		fputs(", cancelled", stdout);
	if (v->ended)
		printf(", in %.1f s (%.0f/s)", seconds, (double)(v->total - v->over_before) / seconds);
	putchar('\n');
	if (v->dead + v->put_back)
		print_failures(app, run, v);
}

static void report(struct app *app, const struct run *run, const struct view *v, const char *license)
{
	json_t *doc = NULL;

	if (!app->opt.json) {
		print_report(app, run, v);
		return;
	}
	if (license && v->ended)
		doc = outcome_of(app, run, license);
	print_json(doc ? doc : run_object(app, run, v));
}

static int wait_for(struct app *app, const struct run *run, const char *license)
{
	struct view v = { .run = NULL };
	struct still still = { 0 };
	int64_t first = -1, since = loop_now_ms(app->loop);
	bool bar = isatty(STDERR_FILENO) && !app->opt.json;
	int status = EXIT_GAVE_UP;
	struct err err;

	for (;;) {
		bool over = app_waited(app);

		if (look(app, run, &v, &err) < 0) {
			if (err.kind == ERR_HOLD && !over)
				continue;               /* Redis comes back, or the time is over */
			status = app_fail(&err);
			break;
		}
		if (first < 0)
			first = v.over;
		if (bar)
			draw(&v, first, loop_now_ms(app->loop) - since, v.ended || over);
		if (v.ended || over) {
			report(app, run, &v, license);
			if (v.ended)
				status = v.failed || strcmp(redis_text(redis_get(v.run, "state")), "done") ? EXIT_WRONG : EXIT_DONE;
			else
				fprintf(stderr, "gesync-scheduler: gave up waiting; the run goes on: gesyncctl run %s\n", run->id);
			break;
		}
		still_look(&still, app, v.over + v.failed + field(v.run, "running"));
		app_sleep(app, LOOK_MS);
	}
	redis_value_free(v.run);
	return status;
}

void follow_name(const struct app *app, const struct run *run)
{
	if (!app->opt.json)
		printf("%s\n", run->id);
	else if (!app->opt.wait_ms)
		print_json(json_pack("{ss sb}", "id", run->id, "joined", !run->fill));
	fflush(stdout);
}

void follow_now(struct app *app, const struct run *run)
{
	struct view v = { .run = NULL };
	struct err err;

	if (app->opt.json && app->opt.wait_ms && look(app, run, &v, &err) == 0)
		print_json(run_object(app, run, &v));
	redis_value_free(v.run);
}

int follow(struct app *app, const struct run *run, const char *license)
{
	return app->opt.wait_ms ? wait_for(app, run, license) : EXIT_DONE;
}
