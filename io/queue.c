/* queue.c - the pool's queues as one worker sees them.
 *
 *      OUT --> ENTERING --> IN --> LEAVING --> GONE
 *       ^                    |
 *       +--------------------+   connection lost: a new epoch on the way back
 *
 * While there is room and there may be something to claim, claims go out, two
 * at a time so that Redis and the worker both have work. Once a claim came
 * back with less than was wanted, the queues are dry: then one connection for
 * each served queue blocks in BLMOVE, which wakes one worker for one LPUSH. */
#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "queue_impl.h"
#include "scripts.h"

#define CLAIM_MAX       512
#define CLAIM_BYTES     "4194304"
#define CLAIM_HEAD      6       /* words of its reply before the first job */
#define PROBE_MARGIN_MS 5000    /* LOAD, beside the time that GE has */
#define DUE_MAX         "200"
#define INBOX_BEATS     4       /* once a lease: an idle worker sends little */

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

static void inbox_name(char *out, size_t size, const char *worker, enum settings_queue queue)
{
	snprintf(out, size, "%s:in:%s", worker, queue_names[queue]);
}

/* ---- claims ---- */

void queue_learn_time(struct queue *q, int64_t redis_ms)
{
	q->clock_offset = redis_ms - loop_now_ms(q->loop);
}

int64_t queue_now_ms(const struct queue *q)
{
	return loop_now_ms(q->loop) + q->clock_offset;
}

static void block(struct queue *q);

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

static void send_claim(struct queue *q, int want)
{
	struct claim *claim = malloc(sizeof(*claim));
	char inbox[200];

	if (!claim)
		abort();
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
		inbox_name(inbox, sizeof(inbox), q->name, at);
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

static void maybe_claim(struct queue *q)
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
		send_claim(q, want);
	if (q->dry && !q->stopped && q->room - q->asked > 0)
		block(q);
}

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
	maybe_claim(q);
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
		inbox_name(name, sizeof(name), q->name, at);
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

/* ---- beats ---- */

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
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		abort();
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
	for (int i = 0; i < set->nqueues; i++) {
		struct blocked *b = &q->blocked[set->queues[i]];

		b->queue = q;
		b->q = set->queues[i];
		b->redis = redis_new(loop, set->redis_url, NULL, on_blocked_state, b, err);
		redis_set_quiet(b->redis);
		q->open[set->queues[i]] = true;
	}
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	q->state = GONE;
	while (q->flush_due || q->draining)     /* on their way, and they name the queue */
		loop_run_once(q->loop);
	for (int i = 0; i < QUEUES; i++)
		redis_free(q->blocked[i].redis);
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
	send_claim(q, 0);               /* gives back what landed in an inbox */
	q->state = LEAVING;
	command_guard(q, &lua_leave);
	command_key(&q->cmd, KEY_LEASES);
	queue_jobs_key(q);
	command_key_of(&q->cmd, "worker", q->name);
	command_key(&q->cmd, KEY_GRAVES);
	command_key(&q->cmd, KEY_DEATHS);
	for (int i = 0; i < q->set->nqueues; i++) {
		inbox_name(inbox, sizeof(inbox), q->name, q->set->queues[i]);
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
	for (int i = 0; i < QUEUES; i++) {
		redis_free(q->blocked[i].redis);
		q->blocked[i].redis = NULL;
	}
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
