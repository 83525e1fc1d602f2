/* queue_drain.c - is anything left for a worker that wants to be done?
 *
 *      PAUSED --> length of each served queue --> RETRY, a page at a time --> verdict
 *
 * Asked only where nothing runs and nothing could be claimed: never in the way
 * of a busy worker. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "queue_impl.h"

#define OPEN_MS 10000   /* PostgreSQL's time to answer for the first time */

struct drain {
	struct queue *queue;
	void (*cb)(int verdict, void *data);
	void *data;
	int64_t waiting, stuck;         /* jobs that could run; jobs of a paused or held queue */
	bool paused[QUEUES];
	int next;
	bool unknown;
};

static void ask_next(struct drain *d);

static void conclude(struct drain *d)
{
	int verdict = d->unknown || d->waiting ? -1 : d->stuck ? 75 : 0;

	d->queue->draining--;
	d->cb(verdict, d->data);
	free(d);
}

static bool serves(const struct queue *q, int queue)
{
	for (int i = 0; i < q->set->nqueues; i++)
		if (q->set->queues[i] == (enum settings_queue)queue)
			return true;
	return false;
}

static void on_retry(const struct redis_value *v, const struct err *err, void *data)
{
	struct drain *d = data;
	const struct redis_value *page = redis_at(v, 1);
	struct job_record rec;
	char key[KEYS_MAX];

	if (err) {
		d->unknown = true;
		conclude(d);
		return;
	}
	for (size_t i = 0; i < redis_len(page); i += 2) {
		const struct redis_value *m = redis_at(page, i);
		int queue = job_record_parse(&rec, redis_text(m), redis_len(m)) < 0 ? -1 :
			    job_queue(rec.queue, strlen(rec.queue));

		if (queue >= 0 && serves(d->queue, queue))
			*(d->paused[queue] ? &d->stuck : &d->waiting) += 1;
	}
	if (!strcmp(redis_text(redis_at(v, 0)), "0"))
		conclude(d);
	else
		redis_call(d->queue->redis, on_retry, d, "ZSCAN",
			   keys_name(key, d->queue->set->namespace_, KEY_RETRY), redis_text(redis_at(v, 0)),
			   "COUNT", "200", NULL);
}

static void on_length(const struct redis_value *v, const struct err *err, void *data)
{
	struct drain *d = data;
	struct queue *q = d->queue;
	enum settings_queue at = q->set->queues[d->next];
	/* Closed for want of a URL, or by a hold, it does not drain by waiting;
	 * at first it may be closed just because PostgreSQL has not answered yet. */
	bool soon = q->set->ge_url && loop_now_ms(q->loop) - q->since < OPEN_MS;
	bool held = d->paused[at] || (!q->open[at] && !soon) || (q->open[at] && (q->stuck & (1u << d->next)));

	if (err && err->kind == ERR_HOLD) {
		d->unknown = true;
		conclude(d);
		return;
	}
	if (err)
		d->stuck++;             /* no list: nothing that waiting drains */
	else
		*(held ? &d->stuck : &d->waiting) += redis_int(v);
	d->next++;
	ask_next(d);
}

static void ask_next(struct drain *d)
{
	struct queue *q = d->queue;
	char key[KEYS_MAX];

	if (d->next < q->set->nqueues)
		redis_call(q->redis, on_length, d, "LLEN",
			   keys_of(key, q->set->namespace_, "queue", queue_names[q->set->queues[d->next]]), NULL);
	else
		redis_call(q->redis, on_retry, d, "ZSCAN", keys_name(key, q->set->namespace_, KEY_RETRY), "0",
			   "COUNT", "200", NULL);
}

static void on_paused(const struct redis_value *v, const struct err *err, void *data)
{
	struct drain *d = data;

	if (err) {
		d->unknown = true;
		conclude(d);
		return;
	}
	for (size_t i = 0; i < redis_len(v); i++) {
		const struct redis_value *name = redis_at(v, i);
		int queue = job_queue(redis_text(name), redis_len(name));

		if (queue >= 0)
			d->paused[queue] = true;
	}
	ask_next(d);
}

void queue_ask_drained(struct queue *q, void (*cb)(int verdict, void *data), void *data)
{
	struct drain *d = need(calloc(1, sizeof(*d)));
	char key[KEYS_MAX];

	d->queue = q;
	q->draining++;
	d->cb = cb;
	d->data = data;
	redis_call(q->redis, on_paused, d, "SMEMBERS", keys_name(key, q->set->namespace_, KEY_PAUSED), NULL);
}
