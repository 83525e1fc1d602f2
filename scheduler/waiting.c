/* waiting.c - licences that wait or run already: a full sync passes them by.
 *
 * What lies on the lists, waits in retry or is locked is looked through in
 * pages while the pool goes on. Whoever moves meanwhile is missed at worst, and
 * then fetched once more. */
#include <stdio.h>
#include <string.h>

#include "scheduler.h"
#include "scheduler/seen.h"

#define PAGE 1000

/* A job that does what this run would have it do. */
static void add_job(const struct app *app, enum settings_queue queue, const struct redis_value *v, struct seen *seen)
{
	struct job job;
	struct err err;

	if (job_parse(&job, queue, redis_text(v), redis_len(v), &err) == 0 && !job.dry_run && !job.not_before &&
	    (job.force || !app->opt.force) && job.offline == app->opt.offline)
		seen_add(seen, job.subject);
	job_clear(&job);
}

/* Of a list, or of a sorted set of records, whose queue stands in them. */
static int add_all(struct app *app, const char *command, const char *key, int queue, struct seen *seen, struct err *err)
{
	size_t n = PAGE;

	for (int64_t at = 0; n == PAGE && at < SEEN_MAX; at += PAGE) {
		char from[24], to[24];
		struct redis_value *v;

		snprintf(from, sizeof(from), "%lld", (long long)at);
		snprintf(to, sizeof(to), "%lld", (long long)at + PAGE - 1);
		v = redis_ask(app->redis, err, command, key, from, to, NULL);
		if (!v)
			return -1;
		n = redis_len(v);
		for (size_t i = 0; i < n; i++) {
			struct job_record rec;
			const struct redis_value *m = redis_at(v, i);
			int of = queue;

			if (of < 0 && job_record_parse(&rec, redis_text(m), redis_len(m)) == 0)
				of = job_queue(rec.queue, strlen(rec.queue));
			if (of == QUEUE_FETCH || of == QUEUE_BULK || of == QUEUE_OFFLINE)
				add_job(app, (enum settings_queue)of, m, seen);
		}
		redis_value_free(v);
	}
	return 0;
}

/* Locks of licences are "=<licence>". What runs may be no forced one. */
static int add_running(struct app *app, struct seen *seen, struct err *err)
{
	char key[KEYS_MAX], cursor[32] = "0";

	do {
		struct redis_value *v = redis_ask(app->redis, err, "HSCAN", keys_name(key, app->set.namespace_, KEY_LOCKS),
						  cursor, "COUNT", "1000", NULL);
		const struct redis_value *pairs = redis_at(v, 1);

		if (!v)
			return -1;
		for (size_t i = 0; i < redis_len(pairs); i += 2)
			if (*redis_text(redis_at(pairs, i)) == '=')
				seen_add(seen, redis_text(redis_at(pairs, i)) + 1);
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
	} while (strcmp(cursor, "0"));
	return 0;
}

int waiting_licenses(struct app *app, struct seen *seen, struct err *err)
{
	static const enum settings_queue lists[] = { QUEUE_FETCH, QUEUE_BULK, QUEUE_OFFLINE };
	char key[KEYS_MAX];

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (add_all(app, "LRANGE", keys_of(key, app->set.namespace_, "queue", queue_names[lists[i]]),
			    (int)lists[i], seen, err) < 0)
			return -1;
	if (add_all(app, "ZRANGE", keys_name(key, app->set.namespace_, KEY_RETRY), -1, seen, err) < 0)
		return -1;
	return app->opt.force || app->opt.offline ? 0 : add_running(app, seen, err);
}
