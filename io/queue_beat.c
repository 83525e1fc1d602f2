/* queue_beat.c - what keeps a worker alive, and what it hears meanwhile.
 *
 * A beat renews the lease, moves what is due in `retry` and `scheduled` to its
 * queues, and tells whom to recover, the GE session and what was cancelled. The
 * next comes after a quarter of a lease, or when Redis said that something is due. */
#include <string.h>

#include "queue_impl.h"
#include "scripts.h"

#define DUE_MAX         "200"
#define INBOX_BEATS     4       /* once a lease: an idle worker sends little */

static int64_t beat_ms(const struct queue *q)
{
	return q->set->lease_ms / 4;
}

/* "#<id>" or "@<run>" (cancel.lua). */
static bool is_cancelled(const struct job *job, const char *who)
{
	return (*who == '#' && !strcmp(job->id, who + 1)) || (*who == '@' && !strcmp(job->run, who + 1));
}

static void learn_cancelled(struct queue *q, const struct redis_value *v)
{
	for (size_t i = 0; i < redis_len(v); i++) {
		struct held *next, *h = q->sent.first;

		for (; h; h = next) {
			next = h->next;
			if (h->state == HELD_RUNNING && is_cancelled(&h->job, redis_text(redis_at(v, i))))
				q->ev.cancelled(h, q->data);
		}
	}
}

static void on_beaten(const struct redis_value *v, const struct err *err, void *data)
{
	struct queue *q = data;
	int64_t next = beat_ms(q), wake;

	q->beating = false;
	if (!queue_answered(q, err))
		return;
	queue_learn_time(q, redis_int(redis_at(v, 0)));
	wake = redis_int(redis_at(v, 1));
	q->beat_at = loop_now_ms(q->loop);
	if (wake >= 0 && wake < next)
		next = wake + 5;
	timer_set(q->beat, next);
	if (redis_int(redis_at(v, 2)))
		recover_bury(q);
	ge_learn_session(q, redis_at(v, 3));
	learn_cancelled(q, redis_at(v, 4));
	q->ev.beaten(q->data);
	if (q->shut)
		q->dry = false;         /* what was paused or held may be open again */
	/* A connection that Redis took for alive may have been served after its end. */
	if (++q->beats % INBOX_BEATS == 0)
		q->look_inbox = true;
	queue_flush_later(q);
}

void queue_beat(void *data)
{
	struct queue *q = data;

	if ((q->state != IN && q->state != LEAVING) || q->beating)
		return;
	q->beating = true;
	timer_set(q->beat, beat_ms(q));
	command_guard(q, &lua_beat);
	command_key(&q->cmd, KEY_LEASES);
	command_key(&q->cmd, KEY_BEAT);
	command_key(&q->cmd, KEY_RETRY);
	command_key(&q->cmd, KEY_SCHEDULED);
	command_key(&q->cmd, KEY_GRAVES);
	command_key_of(&q->cmd, "worker", q->name);
	command_key(&q->cmd, KEY_LOCKS);
	command_key(&q->cmd, KEY_WAITING);
	command_key(&q->cmd, KEY_SESSION);
	command_key(&q->cmd, KEY_CANCEL);
	command_key(&q->cmd, KEY_DEAD);
	command_arg_int(&q->cmd, q->set->lease_ms);
	command_arg_int(&q->cmd, q->running);
	command_arg(&q->cmd, DUE_MAX);
	command_arg(&q->cmd, q->why);
	for (int i = 0; i < QUEUES; i++) {
		command_key_of(&q->cmd, "queue", queue_names[i]);
		command_arg(&q->cmd, queue_names[i]);
	}
	command_send(&q->cmd, q->redis, on_beaten, q);
}
