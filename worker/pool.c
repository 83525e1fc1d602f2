/* pool.c - the slots of a worker: a job from its claim to its finish.
 *
 * Plain pings need nothing started in Redis and leave nothing but a counter;
 * every other job is started (lock, id, run) before its handler sees it. */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "job_fetch.h"
#include "log.h"
#include "mem.h"
#include "news.h"
#include "noise.h"
#include "notify.h"
#include "outcome.h"
#include "retry.h"

#define NEWS_MS 3000            /* for the last news, when a worker leaves */
#define BIG     (1024 * 1024)   /* of a larger element the first 64 KiB are kept */
#define HOLD_MS 1000            /* until a job whose queue is not closed by a hold looks again */

static struct slot *slot_of(struct held *held)
{
	return (struct slot *)held;
}

static void tell_room(struct pool *p)
{
	queue_set_room(p->queue, p->set->concurrency - p->busy);
	if (!p->busy && p->on_idle)
		p->on_idle(p->on_idle_data);
}

static struct held *on_take(void *data)
{
	struct pool *p = data;
	struct slot *s = p->free;

	if (!s)
		return NULL;
	p->free = s->next_free;
	p->busy++;
	s->run = NULL;
	s->may_have_stored = s->yields = false;
	tell_room(p);
	return &s->held;
}

static void slot_free(struct slot *s)
{
	struct pool *p = s->pool;

	if (s->deadline)
		timer_stop(s->deadline);
	s->run = NULL;
	job_clear(&s->held.job);
	s->next_free = p->free;
	p->free = s;
	p->busy--;
	tell_room(p);
}

/* ---- finishing ---- */

static const char *const statuses[4] = { "done", "retry", "dead", "cancelled" };

static void count(struct pool *p, const char *status)
{
	for (int i = 0; i < 4; i++)
		if (!strcmp(status, statuses[i]))
			p->finished[i]++;
}

static void hand_back(struct slot *s)
{
	static const char *const fields[] = { "status", "queued", "worker", "" };
	struct queue_finish f = { .op = s->yields ? OP_LAST : OP_BACK, .changed = -1, .keep = -1,
				  .fields = fields, .nfields = 4 };

	if (!s->may_have_stored && !s->held.job.known) {
		f.raw = !s->held.job.deaths;
		f.code = JOB_NEW;
	}
	queue_finish(s->pool->queue, &s->held, &f);
}

/* A hold of a job that its queue is not closed for: it waits in retry, with the
 * reason, and burns no attempt. */
static void put_off(struct slot *s, struct outcome *o)
{
	static const char *const fields[] = { "status", "queued", "worker", "" };
	struct queue_finish f = { .op = OP_RETRY, .quiet = true, .changed = -1, .keep = -1, .fields = fields, .nfields = 4 };
	char *text;

	o->job = &s->held.job;
	o->worker = queue_worker(s->pool->queue);
	o->started_ms = s->started_ms;
	o->status = "retry";
	o->next_ms = f.at_ms = o->now_ms + HOLD_MS;
	f.code = o->err->code;
	text = outcome_text(o);
	f.outcome = text;
	queue_finish(s->pool->queue, &s->held, &f);
	free(text);
}

static bool is_plain_ping(const struct job *job)
{
	return job->queue == QUEUE_PING && !job->has_id && !*job->run;
}

static void log_finish(const struct slot *s, const struct outcome *o)
{
	const struct job *job = &s->held.job;
	const char *what = job->fields ? "app" : "licence";

	if (!o->err)
		log_debug("job=%s kind=%s %s=%s outcome=%s attempt=%d ms=%lld", job->id, job_kind(job->queue), what,
			  job->subject, o->status, job->attempt + 1, (long long)(o->now_ms - s->started_ms));
	else
		log_info("job=%s kind=%s %s=%s outcome=%s attempt=%d wait_ms=%lld code=%s err=\"%s\"", job->id,
			 job_kind(job->queue), what, job->subject, o->status, job->attempt + 1,
			 (long long)(o->next_ms ? o->next_ms - o->now_ms : 0), o->err->code, o->err->msg);
}

static void finish_with(struct slot *s, enum queue_op op, struct outcome *o, int changed, int64_t keep)
{
	struct job *job = &s->held.job;
	struct queue_finish f = {
		.op = op, .at_ms = o->next_ms, .status = o->status, .changed = changed, .keep = keep,
		.code = o->err ? o->err->code : NULL
	};
	struct outcome_fields fields = { .n = 0 };
	char *text;

	o->job = job;
	o->worker = queue_worker(s->pool->queue);
	o->started_ms = s->started_ms;
	count(s->pool, o->status);
	log_finish(s, o);
	text = outcome_text(o);
	if (job->has_id)
		outcome_fields(text, &fields);
	f.outcome = text;
	f.fields = (const char *const *)fields.v;
	f.nfields = fields.n;
	if (op == OP_RETRY)
		job->attempt++;         /* burnt: the record says so */
	queue_finish(s->pool->queue, &s->held, &f);
	outcome_fields_clear(&fields);
	free(text);
}

void slot_finish(struct slot *s, const struct err *err, json_t *result, int changed)
{
	struct pool *p = s->pool;
	const struct job *job = &s->held.job;
	struct retry_policy policy = {
		job->max_attempts ? job->max_attempts : p->set->max_attempts, p->set->retry_base_ms, p->set->retry_cap_ms
	};
	struct outcome o = { .err = err, .result = result, .now_ms = queue_now_ms(p->queue) };
	struct verdict v = { .kind = VERDICT_DEAD };

	s->run = NULL;
	if (s->deadline)
		timer_stop(s->deadline);
	if (err)
		v = retry_decide(&policy, err, job->attempt + 1, noise_unit());
	if (s->held.state == HELD_FREE) {               /* handed on to another: nothing to say */
		slot_free(s);
	} else if (!err && is_plain_ping(job)) {
		struct queue_finish f = { .op = OP_DONE, .status = "done", .changed = -1, .keep = -1 };

		p->finished[0]++;
		queue_finish(p->queue, &s->held, &f);
	} else if (err && v.kind == VERDICT_HOLD && handlers[job->queue]->puts_off) {
		put_off(s, &o);
	} else if (err && v.kind == VERDICT_HOLD) {
		hand_back(s);
	} else {
		o.status = !err ? "done" : v.kind == VERDICT_RETRY ? "retry" : "dead";
		o.next_ms = err && v.kind == VERDICT_RETRY ? o.now_ms + v.wait_ms : 0;
		finish_with(s, !err ? OP_DONE : v.kind == VERDICT_RETRY ? OP_RETRY : OP_DEAD, &o, changed, -1);
	}
	json_decref(result);
}

/* Its run's deadline was over before it started: nothing failed, and the next
 * full sync fetches it. */
static void put_back(struct slot *s)
{
	struct outcome o = { .status = "cancelled", .now_ms = queue_now_ms(s->pool->queue) };
	struct err err;

	err_set(&err, ERR_PERMANENT, "put_back", "the run's deadline was over before it started: put back for the next one");
	o.err = &err;
	finish_with(s, OP_LATE, &o, -1, -1);
}

static void cancel(struct slot *s, const char *when)
{
	struct outcome o = { .status = "cancelled", .now_ms = queue_now_ms(s->pool->queue) };
	struct err err;

	err_set(&err, ERR_PERMANENT, "cancelled", "cancelled %s", when);
	o.err = &err;
	finish_with(s, *s->held.job.run ? OP_CANCELLED : OP_DONE, &o, -1, -1);
}

/* ---- claiming and starting ---- */

static void make_id(struct slot *s)
{
	const char *worker = queue_worker(s->pool->queue);
	const char *tail = strrchr(worker, '-');
	const char *number = strchr(s->held.ticket, ':');

	snprintf(s->held.job.id, sizeof(s->held.job.id), "%.12s-%llx", tail ? tail + 1 : worker,
		 number ? strtoull(number + 1, NULL, 10) : 0ull);
}

/* Of an element past 1 MiB: its length and its sum, so that it can be told
 * from another; the script keeps the first 64 KiB. */
static json_t *describe_big(const char *bytes, size_t len)
{
	char hex[DIGEST_HEX];

	return json_pack("{sI ss}", "length", (json_int_t)len, "sha256", digest_sha256(bytes, len, hex));
}

static void refuse(struct slot *s, const struct err *err, const char *bytes, size_t len)
{
	struct outcome o = { .status = "dead", .err = err, .now_ms = queue_now_ms(s->pool->queue) };
	size_t head = s->held.job.head_len;

	if (!*s->held.job.id)
		make_id(s);
	s->started_ms = o.now_ms;
	s->held.job.run[0] = '\0';
	s->held.job.subject[0] = '\0';
	if (len - head > BIG)
		o.result = describe_big(bytes + head, len - head);
	finish_with(s, OP_DEAD, &o, -1, len - head > BIG ? 65536 : -1);
	json_decref(o.result);
}

static void on_claimed(struct held *held, const char *bytes, size_t len, void *data)
{
	struct pool *p = data;
	struct slot *s = slot_of(held);
	enum settings_queue queue = held->job.queue;
	int64_t now = queue_now_ms(p->queue);
	struct err err;
	bool good = job_parse(&held->job, queue, bytes, len, &err) == 0;
	struct job *job = &held->job;

	if (!job->queued_ms)
		job->queued_ms = now;
	if (!good) {
		refuse(s, &err, bytes, len);
		return;
	}
	if (is_plain_ping(job) && job->not_before <= now && !job->deaths) {
		s->started_ms = now;
		handlers[queue]->start(s);
		return;
	}
	if (p->stopping) {
		hand_back(s);
		return;
	}
	if (!*job->id)
		make_id(s);
	if (job->not_before > now) {
		static const char *const fields[] = { "status", "scheduled" };
		struct queue_finish f = { .op = OP_SCHEDULED, .at_ms = job->not_before, .changed = -1, .keep = -1,
					  .code = JOB_NEW, .fields = fields, .nfields = 2 };

		queue_finish(p->queue, held, &f);
		return;
	}
	queue_start(p->queue, held);
}

static void on_deadline(void *data)
{
	struct slot *s = data;
	struct err err;

	if (!s->run || !handlers[s->held.job.queue]->stop(s))
		return;                 /* storing: PostgreSQL's own deadline holds */
	err_set(&err, ERR_RETRY, "job_timeout", "the job took longer than %lld ms",
		(long long)(s->held.job.timeout_ms ? s->held.job.timeout_ms : s->pool->set->job_timeout_ms));
	slot_finish(s, &err, NULL, -1);
}

static void on_started(struct held *held, enum queue_start result, void *data)
{
	struct pool *p = data;
	struct slot *s = slot_of(held);

	s->started_ms = queue_now_ms(p->queue);
	if (result == START_CANCELLED) {
		cancel(s, "before it ran");
	} else if (result == START_LATE) {
		put_back(s);
	} else if (result == START_RUNS) {
		if (p->leaving) {
			hand_back(s);
			return;
		}
		if (!s->deadline)
			s->deadline = timer_new(p->loop, on_deadline, s);
		if (held->job.timeout_ms || !handlers[held->job.queue]->untimed)
			timer_set(s->deadline, held->job.timeout_ms ? held->job.timeout_ms : p->set->job_timeout_ms);
		handlers[held->job.queue]->start(s);
	} else if (!s->run || handlers[held->job.queue]->stop(s)) {
		slot_free(s);
	}
}

/* What cannot be stopped (it is being stored) ends by itself. */
static void on_cancelled(struct held *held, void *data)
{
	struct slot *s = slot_of(held);

	(void)data;
	if (!s->run || !handlers[held->job.queue]->stop(s))
		return;
	s->run = NULL;
	timer_stop(s->deadline);
	cancel(s, "while it ran");
}

/* Of a run, some may be dead. */
static void on_recovered(void *data)
{
	struct pool *p = data;

	news_soon(p->news);
}

static void on_released(struct held *held, void *data)
{
	struct pool *p = data;

	if (*held->job.run && held->job.queue != QUEUE_PING)    /* dead, or the last one of its run */
		news_soon(p->news);
	slot_free(slot_of(held));
}

/* Declared dead. What is being stored is fenced off by PostgreSQL, and its
 * slot is free when that has told so. */
static void on_lost(void *data)
{
	struct pool *p = data;

	for (int i = 0; i < p->set->concurrency; i++) {
		struct slot *s = &p->slots[i];
		bool in_use = true;

		for (struct slot *f = p->free; f; f = f->next_free)
			if (f == s) {
				in_use = false;
				break;
			}
		if (in_use && (!s->run || handlers[s->held.job.queue]->stop(s)))
			slot_free(s);
	}
}

static void on_beaten(void *data)
{
	struct pool *p = data;

	if (queue_healthy(p->queue))
		notify_works();
}

static void on_fatal(const char *why, void *data)
{
	struct pool *p = data;

	p->fatal = need_copy(why);
	p->status = 2;
	loop_stop(p->loop);
}

static void on_session(const char *jsessionid, const char *csrf, const char *awsalb, void *data)
{
	struct pool *p = data;

	fetcher_set_session(p->fetcher, jsessionid, csrf, awsalb);
}

static int by_number(const void *a, const void *b)
{
	const struct slot *const *x = a, *const *y = b;

	return strcmp(strchr((*x)->held.ticket, ':'), strchr((*y)->held.ticket, ':'));
}

/* In the order in which they were claimed, which is that of the queues again. */
void pool_hand_back(struct pool *p)
{
	struct slot **running = need(calloc((size_t)p->set->concurrency, sizeof(*running)));
	size_t n = 0;

	p->leaving = true;
	for (int i = 0; i < p->set->concurrency; i++) {
		struct slot *s = &p->slots[i];

		if (s->held.state == HELD_RUNNING && s->run && handlers[s->held.job.queue]->stop(s)) {
			s->run = NULL;
			running[n++] = s;
		}
	}
	qsort(running, n, sizeof(*running), by_number);
	for (size_t i = 0; i < n; i++)
		hand_back(running[i]);
	free(running);
}

int pool_init(struct pool *p, struct loop *loop, const struct settings *set, struct err *err)
{
	static const struct queue_events events = {
		on_take, on_claimed, on_started, on_cancelled, on_released, on_recovered, on_lost, on_beaten, on_fatal,
		on_session
	};

	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->set = set;
	p->queue = queue_new(loop, set, &events, p, err);
	if (!p->queue)
		return -1;
	p->slots = need(calloc((size_t)set->concurrency, sizeof(*p->slots)));
	for (int i = set->concurrency; i-- > 0; ) {
		p->slots[i].pool = p;
		p->slots[i].next_free = p->free;
		p->free = &p->slots[i];
	}
	p->fetcher = fetcher_new(p);
	p->news = news_new(loop, queue_redis(p->queue), p->db, set->namespace_);
	tell_room(p);
	return 0;
}

void pool_clear(struct pool *p)
{
	for (int i = 0; i < p->set->concurrency; i++)   /* where the process ends at once */
		if (p->slots[i].run && handlers[p->slots[i].held.job.queue]->stop(&p->slots[i]))
			p->slots[i].run = NULL;
	if (news_waiting(p->news))
		news_tell(p->news, NEWS_MS);
	news_free(p->news);
	fetcher_free(p->fetcher);
	for (int i = 0; i < p->set->concurrency; i++) {
		timer_free(p->slots[i].deadline);
		job_clear(&p->slots[i].held.job);
	}
	queue_free(p->queue);
	free(p->slots);
}
