/* queue.c - the pool's queues as one worker sees them.
 *
 *      OUT --> ENTERING --> IN --> LEAVING --> GONE
 *       ^                    |
 *       +--------------------+   connection lost: a new epoch on the way back
 *
 * queue_impl.h tells which file does what; here is what holds them together. */
#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "queue_impl.h"
#include "scripts.h"

static const struct redis_script *const scripts[] = {
	&lua_enter, &lua_leave, &lua_beat, &lua_claim, &lua_start, &lua_finish, &lua_progress,
	&lua_bury, &lua_exhume, &lua_reclaim, &lua_ge_pause, &lua_ge_expire, &lua_ge_report, NULL
};

bool queue_needs_ge(enum settings_queue q)
{
	return q == QUEUE_FETCH || q == QUEUE_BULK;
}

void held_move(struct held_list *from, struct held_list *to, struct held *h)
{
	if (from) {
		*(h->prev ? &h->prev->next : &from->first) = h->next;
		*(h->next ? &h->next->prev : &from->last) = h->prev;
	}
	h->next = h->prev = NULL;
	if (to) {
		h->prev = to->last;
		*(to->last ? &to->last->next : &to->first) = h;
		to->last = h;
	}
}

void command_guard(struct queue *q, const struct redis_script *script)
{
	command_begin(&q->cmd, script);
	command_key(&q->cmd, KEY_WORKERS);
	command_arg(&q->cmd, q->name);
	command_arg(&q->cmd, q->epoch);
}

void queue_jobs_key(struct queue *q)
{
	char of[200];

	snprintf(of, sizeof(of), "%s:jobs", q->name);
	command_key_of(&q->cmd, "worker", of);
}

/* ---- Redis' clock ---- */

void queue_learn_time(struct queue *q, int64_t redis_ms)
{
	q->clock_offset = redis_ms - loop_now_ms(q->loop);
}

int64_t queue_now_ms(const struct queue *q)
{
	return loop_now_ms(q->loop) + q->clock_offset;
}

/* ---- the turn of the loop ---- */

/* What claims bring is handed back, and what is handed back arrives, before
 * this worker leaves. What runs and cannot be let go, others recover. */
static bool nothing_on_its_way(const struct queue *q)
{
	if (q->asked || q->claims || q->starting.first || q->finishing.first)
		return false;
	for (const struct held *h = q->sent.first; h; h = h->next)
		if (h->state != HELD_RUNNING)
			return false;
	return true;
}

static void send_leave(struct queue *q);

static void on_flush(void *data)
{
	struct queue *q = data;

	q->flush_due = false;
	if (q->state != IN && q->state != LEAVING)
		return;
	batch_flush(q);
	claims_flush(q);
	if (q->left && q->state == IN && nothing_on_its_way(q))
		send_leave(q);
}

void queue_flush_later(struct queue *q)
{
	if (!q->flush_due && q->state != GONE) {
		q->flush_due = true;
		loop_defer(q->loop, on_flush, q);
	}
}

static void on_wake(void *data)
{
	struct queue *q = data;

	q->dry = false;
	if (q->state == OUT && redis_up(q->redis))
		queue_enter(q);
	else
		queue_flush_later(q);
}

/* ---- the connection ---- */

static void on_memory(const struct redis_value *v, const struct err *err, void *data)
{
	struct queue *q = data;
	const char *policy = err ? NULL : strstr(redis_text(v), "maxmemory_policy:");

	if (q->state != OUT || err)
		return;
	if (policy && strncmp(policy, "maxmemory_policy:noeviction", 27) && !q->set->allow_eviction) {
		q->ev.fatal("this Redis may evict keys, and with them jobs: set maxmemory-policy noeviction, "
			    "or GESYNC_ALLOW_EVICTION=1", q->data);
		return;
	}
	queue_enter(q);
}

static void on_state(bool up, void *data)
{
	struct queue *q = data;

	if (up && q->state == OUT) {
		redis_call(q->redis, on_memory, q, "INFO", "memory", NULL);
	} else if (!up && q->state != GONE) {
		q->state = OUT;
		if (q->left) {          /* leaving must not wait for a Redis that is away */
			loop_defer(q->loop, q->left, q->left_data);
			q->left = NULL;
			q->state = GONE;
		}
	}
}

struct queue *queue_new(struct loop *loop, const struct settings *set,
			const struct queue_events *ev, void *data, struct err *err)
{
	struct queue *q = need(calloc(1, sizeof(*q)));

	q->loop = loop;
	q->set = set;
	q->since = loop_now_ms(loop);
	q->ev = *ev;
	q->data = data;
	command_init(&q->cmd, set->namespace_);
	queue_make_name(q);
	ge_learn_own_session(q);
	q->redis = redis_new(loop, set->redis_url, scripts, on_state, q, err);
	if (!q->redis) {
		free(q);
		return NULL;
	}
	q->beat = timer_new(loop, queue_beat, q);
	q->wake = timer_new(loop, on_wake, q);
	for (int i = 0; i < set->nqueues; i++)
		q->open[set->queues[i]] = true;
	claims_listen(q);
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	q->state = GONE;
	while (q->flush_due || q->draining)     /* on their way, and they name the queue */
		loop_run_once(q->loop);
	claims_deafen(q);
	redis_free(q->redis);
	timer_free(q->beat);
	timer_free(q->wake);
	queue_free_list(&q->starting);
	queue_free_list(&q->finishing);
	queue_free_list(&q->sent);
	command_clear(&q->cmd);
	free(q);
}

void queue_set_room(struct queue *q, int room)
{
	q->room = room;
	if (room > q->asked)
		queue_flush_later(q);
}

void queue_set_open(struct queue *queue, enum settings_queue q, bool open)
{
	if (queue->open[q] == open)
		return;
	queue->open[q] = open;
	queue->dry = false;
	queue_flush_later(queue);
}

void queue_stop_claims(struct queue *q, bool stop)
{
	q->stopped = stop;
	q->dry = false;
	queue_flush_later(q);
}

/* ---- leaving, looking ---- */

static void on_left(const struct redis_value *v, const struct err *err, void *data)
{
	struct queue *q = data;

	if (!err && !redis_int(v))
		log_warn("worker=%s leaves something behind: the others will recover it", q->name);
	q->state = GONE;                /* a beat that was sent behind it is told that we are dead */
	if (q->left)
		q->left(q->left_data);
	q->left = NULL;
}

static void send_leave(struct queue *q)
{
	char inbox[200];

	q->look_inbox = true;
	claims_send(q, 0);               /* gives back what landed in an inbox */
	q->state = LEAVING;
	command_guard(q, &lua_leave);
	command_key(&q->cmd, KEY_LEASES);
	queue_jobs_key(q);
	command_key_of(&q->cmd, "worker", q->name);
	command_key(&q->cmd, KEY_GRAVES);
	command_key(&q->cmd, KEY_DEATHS);
	for (int i = 0; i < q->set->nqueues; i++) {
		queue_inbox_name(inbox, sizeof(inbox), q->name, q->set->queues[i]);
		command_key_of(&q->cmd, "worker", inbox);
	}
	command_send(&q->cmd, q->redis, on_left, q);
}

void queue_leave(struct queue *q, loop_cb *cb, void *data)
{
	q->left = cb;
	q->left_data = data;
	if (q->state != IN) {
		q->state = GONE;
		q->left = NULL;
		loop_defer(q->loop, cb, data);
		return;
	}
	/* Closing the blocked connections first: none may swallow an element now. */
	claims_deafen(q);
	q->stopped = true;
	queue_flush_later(q);
}

struct redis *queue_redis(const struct queue *q)
{
	return q->redis;
}

const char *queue_worker(const struct queue *q)
{
	return q->name;
}

bool queue_up(const struct queue *q)
{
	return q->state == IN;
}

bool queue_healthy(const struct queue *q)
{
	if (q->state != IN || loop_now_ms(q->loop) - q->beat_at > q->set->lease_ms)
		return false;
	for (int i = 0; i < q->set->nqueues; i++)
		if (q->blocked[q->set->queues[i]].redis && !redis_up(q->blocked[q->set->queues[i]].redis))
			return false;
	return true;
}

struct queue_counts queue_counts(const struct queue *q)
{
	return q->counts;
}
