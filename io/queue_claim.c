/* queue_claim.c - what a worker claims, and how it hears that there is something.
 *
 * While there is room and there may be something to claim, claims go out, two
 * at a time so that Redis and the worker both have work. Once a claim came
 * back with less than was wanted, the queues are dry: then one connection for
 * each served queue blocks in BLMOVE, which wakes one worker for one LPUSH. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "queue_impl.h"
#include "scripts.h"

#define CLAIM_MAX       512
#define CLAIM_BYTES     "4194304"
#define CLAIM_HEAD      6       /* words of its reply before the first job */
#define PROBE_MARGIN_MS 5000    /* LOAD, beside the time that GE has */

void queue_inbox_name(char *out, size_t size, const char *worker, enum settings_queue queue)
{
	snprintf(out, size, "%s:in:%s", worker, queue_names[queue]);
}

/* ---- claims ---- */

void queue_take(struct queue *q, const char *ticket, const struct redis_value *bytes)
{
	const char *colon = strchr(ticket, ':');
	int queue = colon ? job_queue(ticket, (size_t)(colon - ticket)) : -1;
	struct held *h = queue < 0 ? NULL : q->ev.take(q->data);

	if (!h) {
		log_error("ticket=%s no slot: kept until this worker leaves", ticket);
		return;
	}
	snprintf(h->ticket, sizeof(h->ticket), "%s", ticket);
	h->job.queue = (enum settings_queue)queue;
	h->state = HELD_CLAIMED;
	h->started = h->asked = h->answered = false;
	held_move(NULL, &q->sent, h);
	q->counts.claimed++;
	q->running++;
	q->ev.claimed(h, redis_text(bytes), redis_len(bytes), q->data);
}

struct claim {
	struct queue *queue;
	int want;
	int64_t epoch;
};

static void on_claimed(const struct redis_value *v, const struct err *err, void *data)
{
	struct claim *claim = data;
	struct queue *q = claim->queue;
	int want = claim->want, got;
	bool current = claim->epoch == q->epoch_number;
	int64_t wait;

	free(claim);
	if (current) {
		q->claims--;
		q->asked -= want;
	}
	if (!queue_answered(q, err) || !current)
		return;
	queue_learn_time(q, redis_int(redis_at(v, 0)));
	wait = redis_int(redis_at(v, 1));
	q->shut = (unsigned)redis_int(redis_at(v, 2));
	q->stuck = (unsigned)redis_int(redis_at(v, 3));
	if (*redis_text(redis_at(v, 4)))
		snprintf(q->probe, sizeof(q->probe), "%s", redis_text(redis_at(v, 4)));
	if (redis_int(redis_at(v, 5)))
		queue_beat(q);          /* it brings the session */
	got = (int)((redis_len(v) - CLAIM_HEAD) / 2);
	if (want)
		q->dry = got < want;
	for (size_t i = CLAIM_HEAD; i + 1 < redis_len(v); i += 2)
		queue_take(q, redis_text(redis_at(v, i)), redis_at(v, i + 1));
	if (wait >= 0)
		timer_set(q->wake, wait + 1);
	queue_flush_later(q);
}

void claims_send(struct queue *q, int want)
{
	struct claim *claim = need(malloc(sizeof(*claim)));
	char inbox[200];

	*claim = (struct claim){ q, want, q->epoch_number };
	command_guard(q, &lua_claim);
	queue_jobs_key(q);
	command_key(&q->cmd, KEY_PAUSED);
	command_key(&q->cmd, KEY_GE);
	command_key(&q->cmd, KEY_SESSION);
	command_arg_int(&q->cmd, q->ticket);
	command_arg_int(&q->cmd, want);
	command_arg(&q->cmd, q->look_inbox ? "1" : "0");
	char rate[32], burst[32];
	snprintf(rate, sizeof(rate), "%.6f", q->set->ge_rate);
	snprintf(burst, sizeof(burst), "%.6f", q->set->ge_burst);
	command_arg(&q->cmd, rate);
	command_arg(&q->cmd, burst);
	command_arg(&q->cmd, CLAIM_BYTES);
	command_arg(&q->cmd, q->session_known);
	command_arg(&q->cmd, q->session_sum);
	command_arg_int(&q->cmd, q->set->ge_timeout_ms + PROBE_MARGIN_MS);
	command_arg_int(&q->cmd, q->set->ge_breaker_open_ms);
	for (int i = 0; i < q->set->nqueues; i++) {
		enum settings_queue at = q->set->queues[i];

		command_key_of(&q->cmd, "queue", queue_names[at]);
		queue_inbox_name(inbox, sizeof(inbox), q->name, at);
		command_key_of(&q->cmd, "worker", inbox);
		command_arg(&q->cmd, queue_names[at]);
		command_arg(&q->cmd, queue_needs_ge(at) ? "ge" : "");
		command_arg(&q->cmd, q->open[at] && !q->stopped ? "1" : "0");
	}
	q->ticket += want + 16;         /* an inbox may hold more than was wanted */
	q->claims++;
	q->asked += want;
	q->look_inbox = false;
	q->counts.claims++;
	command_send(&q->cmd, q->redis, on_claimed, claim);
}

/* ---- blocking ---- */

static int64_t block_ms(const struct queue *q)
{
	return q->set->lease_ms / 3;    /* with a beat's quarter it stays below the lease */
}

static void on_blocked(const struct redis_value *v, const struct err *err, void *data)
{
	struct blocked *b = data;
	struct queue *q = b->queue;

	b->waiting = false;
	if (q->state != IN)
		return;
	if (!err && !redis_is_nil(v)) {
		q->look_inbox = true;
		q->dry = false;
	} else if (err && err->kind == ERR_RETRY) {
		return;                 /* WRONGTYPE: the next beat tries again */
	}
	if (!err)
		queue_flush_later(q);
}

static void block(struct queue *q)
{
	for (int i = 0; i < q->set->nqueues; i++) {
		enum settings_queue at = q->set->queues[i];
		struct blocked *b = &q->blocked[at];
		char list[KEYS_MAX], inbox[KEYS_MAX], name[200], seconds[32];
		const char *argv[] = { "BLMOVE", list, inbox, "RIGHT", "LEFT", seconds };

		if (b->waiting || !q->open[at] || (q->shut & (1u << i)) || !redis_up(b->redis))
			continue;
		keys_of(list, q->set->namespace_, "queue", queue_names[at]);
		queue_inbox_name(name, sizeof(name), q->name, at);
		keys_of(inbox, q->set->namespace_, "worker", name);
		snprintf(seconds, sizeof(seconds), "%.3f", (double)block_ms(q) / 1000);
		b->waiting = true;
		redis_send(b->redis, 6, argv, NULL, block_ms(q) + 2000, on_blocked, b);
	}
}

static void on_blocked_state(bool up, void *data)
{
	struct blocked *b = data;

	/* Its last reply may be lost: look whether something landed. */
	b->queue->look_inbox = true;
	if (up)
		queue_flush_later(b->queue);
}

void claims_listen(struct queue *q)
{
	struct err err;                 /* the URL was good for the first connection */

	for (int i = 0; i < q->set->nqueues; i++) {
		struct blocked *b = &q->blocked[q->set->queues[i]];

		b->queue = q;
		b->q = q->set->queues[i];
		b->redis = redis_new(q->loop, q->set->redis_url, NULL, on_blocked_state, b, &err);
		redis_set_quiet(b->redis);
	}
}

void claims_deafen(struct queue *q)
{
	for (int i = 0; i < QUEUES; i++) {
		redis_free(q->blocked[i].redis);
		q->blocked[i].redis = NULL;
	}
}

/* ---- either ---- */

void claims_flush(struct queue *q)
{
	int half = (q->set->concurrency + 1) / 2;
	int want = q->room - q->asked;

	if (q->state != IN)
		return;
	if (want > half)
		want = half;
	if (want > CLAIM_MAX)
		want = CLAIM_MAX;
	if (q->stopped || q->dry || want < 0)
		want = 0;
	/* While a claim is on its way, wait until the next is worth its trip. */
	if (q->claims >= 2 || (q->claims && want * 4 < half))
		want = 0;
	if (want > 0 || (q->look_inbox && !q->claims))
		claims_send(q, want);
	if (q->dry && !q->stopped && q->room - q->asked > 0)
		block(q);
}
