/* status_why.c - in words, why nothing moves when nothing does, and what is
 * blocked while other jobs run. */
#include <stdlib.h>

#include "mem.h"
#include "status_impl.h"

#define MANY 100        /* in retry: worth a word while other jobs run */

bool status_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, len) && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

const json_t *status_find_worker(const json_t *workers, const char *queue, bool able)
{
	const json_t *w;
	size_t i;

	json_array_foreach(workers, i, w)
		if (json_is_true(json_object_get(w, "alive")) && status_listed(text(w, "queues"), queue) && able == !*text(w, "why"))
			return w;
	return NULL;
}

bool status_needs_ge(const char *queue)
{
	return !strcmp(queue, "fetch") || !strcmp(queue, "bulk");
}

/* Why nobody claims from the queue now, or false. */
static bool blocked(FILE *out, const json_t *q, const json_t *workers)
{
	const json_t *held = json_object_get(q, "held"), *w;
	const char *name = text(q, "name");

	if (json_is_true(json_object_get(q, "paused")))
		fprintf(out, "%s is paused (gesyncctl resume %s)", name, name);
	else if (json_is_object(held))
		fprintf(out, "%s is held since %.19sZ: %s%s", name, text(held, "since"), text(held, "reason"),
			strstr(text(held, "reason"), "session") ? " (gesyncctl session set)" : "");
	else if (!number(q, "workers"))
		fprintf(out, "no living worker serves %s", name);
	else if (status_needs_ge(name) && !status_find_worker(workers, name, true) && (w = status_find_worker(workers, name, false)))
		fprintf(out, "no worker can serve %s since %.19sZ: %s", name, text(w, "why_since"), text(w, "why"));
	else
		return false;
	return true;
}

/* Nothing holds it, and yet nothing runs. */
static void say_open(FILE *out, const json_t *q, const json_t *doc)
{
	const json_t *w = status_find_worker(json_object_get(doc, "workers"), text(q, "name"), true);
	double rate = json_real_value(json_object_get(w, "rate")), pace = json_real_value(json_object_get(json_object_get(doc, "ge"), "pace"));

	if (status_needs_ge(text(q, "name")) && rate > 0)
		fprintf(out, "%s is paced: %.3g requests a second over the pool%s", text(q, "name"), rate * pace,
			pace < 1 ? ", slowed down since GE asked for it" : "");
	else
		fprintf(out, "%s is open and served, yet nothing of it runs at this moment; if it stays so, ask the workers' logs",
			text(q, "name"));
}

static void say_later(FILE *out, const json_t *doc, int64_t now)
{
	static const char *const where[] = { "retry", "scheduled" };
	char span[TIME_MAX];
	bool said = false;

	for (int i = 0; i < 2; i++) {
		const json_t *z = json_object_get(doc, where[i]);

		if (!number(z, "count"))
			continue;
		fprintf(out, "%s%lld in %s, the next one due %s%s", said ? "; " : "Nothing runs now: ",
			(long long)number(z, "count"), where[i], number(z, "next_ms") > now ? "in " : "now",
			number(z, "next_ms") > now ? print_span(number(z, "next_ms") - now, span) : "");
		said = true;
	}
	fputs(said ? "." : "Nothing to do: all queues are empty.", out);
	if (number(json_object_get(doc, "waiting"), "count"))
		fprintf(out, " %lld wait for a lock that a job or a dead worker holds.",
			(long long)number(json_object_get(doc, "waiting"), "count"));
}

/* What lies where no worker will ever look. */
static void say_strangers(FILE *out, const json_t *strangers)
{
	const json_t *q;
	size_t i;

	json_array_foreach(strangers, i, q)
		if (number(q, "depth"))
			fprintf(out, " %lld in %s, a queue that nobody knows.", (long long)number(q, "depth"), text(q, "name"));
}

/* What comes again and again: of interest where nothing runs, or where there are many. */
static void say_errors(FILE *out, const json_t *doc, bool still)
{
	const json_t *errors = json_object_get(doc, "retry_errors"), *n;
	const char *code, *before = " What waits in retry failed of ";

	if (!still && number(json_object_get(doc, "retry"), "count") < MANY)
		return;
	json_object_foreach(json_object_get(errors, "codes"), code, n) {
		fprintf(out, "%s%s (%lld)", before, code, (long long)json_integer_value(n));
		before = ", ";
	}
	if (*before == ',')
		fprintf(out, "; the next one: %s.", text(errors, "first"));
}

static void say_structure(FILE *out, const json_t *jobs)
{
	const json_t *j;
	size_t i;

	json_array_foreach(jobs, i, j)
		if (*text(j, "progress"))
			fprintf(out, " %s %s in %s: %s.", text(j, "kind"), text(j, "id"), text(j, "worker"), text(j, "progress"));
}

static void say_runs(FILE *out, const json_t *runs)
{
	const json_t *r;
	size_t i;

	json_array_foreach(runs, i, r)
		fprintf(out, " The run %s stands since %.19sZ: its scheduler died or gave up before all its jobs were on the lists; "
			"the next sync that asks the same goes on with it.", text(r, "id"), text(r, "since"));
}

static int count_alive(const json_t *workers)
{
	const json_t *w;
	size_t i;
	int n = 0;

	json_array_foreach(workers, i, w)
		n += json_is_true(json_object_get(w, "alive"));
	return n;
}

/* Queues that have jobs and are blocked; where nothing runs, the open ones too. */
static bool say_queues(FILE *out, const json_t *doc, bool still)
{
	const char *before = still ? "Nothing moves: " : "";
	const json_t *q;
	bool said = false;
	size_t i;

	json_array_foreach(json_object_get(doc, "queues"), i, q) {
		char *why = NULL;
		size_t size;
		FILE *one = need(open_memstream(&why, &size));

		if (number(q, "depth") && !blocked(one, q, json_object_get(doc, "workers")) && still)
			say_open(one, q, doc);
		fclose(one);
		if (*why) {
			fprintf(out, "%s%s", said ? "; " : before, why);
			said = true;
		}
		free(why);
	}
	if (said)
		fputc('.', out);
	return said;
}

char *status_why(const json_t *doc, int64_t now)
{
	const json_t *workers = json_object_get(doc, "workers");
	bool still = !sum(workers, "running"), alive = count_alive(workers), work = sum(json_object_get(doc, "queues"), "depth") > 0;
	char *line = NULL;
	size_t size;
	FILE *out = need(open_memstream(&line, &size));

	if (still && !work)
		say_later(out, doc, now);
	else if (still && !alive)
		fputs("Nothing moves: no worker is alive. Start gesync-worker.", out);
	else
		say_queues(out, doc, still);
	if (still && !work && !alive)
		fputs(" No worker is alive.", out);
	say_strangers(out, json_object_get(doc, "unknown_queues"));
	say_errors(out, doc, still);
	say_structure(out, json_object_get(doc, "structure_jobs"));
	say_runs(out, json_object_get(doc, "stuck_runs"));
	fclose(out);
	if (*line)
		return line;
	free(line);
	return NULL;
}
