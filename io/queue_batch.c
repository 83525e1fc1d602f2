/* queue_batch.c - starts and finishes, gathered over a turn of the loop and
 * sent as one script each.
 *
 *      CLAIMED --start--> STARTING --> RUNNING --finish--> FINISHING --> free
 *
 * What is sent stays in the list `sent` until Redis has answered; after a
 * broken connection queue.c moves it back, so nothing here tries again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "iso.h"
#include "mem.h"
#include "queue_impl.h"
#include "scripts.h"

#define BATCH_MAX       256     /* jobs of one script: it stays well under a millisecond or two */
#define RUNS_MAX        16      /* different runs in one batch; more wait for the next */

struct batch {
	struct queue *queue;
	int64_t epoch;
	size_t n;
	struct held *held[BATCH_MAX];
	char tickets[BATCH_MAX][32];    /* a slot may have been given to another job since */
};

static bool still(const struct batch *b, size_t i, enum held_state state)
{
	return b->held[i]->state == state && !strcmp(b->held[i]->ticket, b->tickets[i]);
}

/* Finishes go latest first, one batch behind another: given back to the head
 * of a queue, the earliest comes out first. */
static struct batch *batch_new(struct queue *q, struct held_list *list, bool latest_first)
{
	struct batch *b = need(malloc(sizeof(*b)));

	b->queue = q;
	b->epoch = q->epoch_number;
	b->n = 0;
	while (list->first && b->n < BATCH_MAX) {
		struct held *h = latest_first ? list->last : list->first;

		held_move(list, &q->sent, h);
		b->held[b->n] = h;
		memcpy(b->tickets[b->n++], h->ticket, sizeof(h->ticket));
	}
	return b;
}

void finish_free(struct held *h)
{
	struct finish *f = h->finish;

	if (!f)
		return;
	for (size_t i = 0; i < f->f.nfields; i++)
		free(f->fields[i]);
	free(f->fields);
	free(f->outcome);
	free(f);
	h->finish = NULL;
}

/* ---- what a job locks ---- */

/* One licence is fetched by one job at a time. One job of the pool changes the
 * structure, and one looks at it: the others wait in Redis, with neither a slot nor
 * a connection. Any other job locks its own id. */
const char *queue_lock_name(const struct job *job, char *out, size_t size)
{
	out[0] = '\0';
	if (job_is_fetch(job) && *job->subject)
		snprintf(out, size, "=%s", job->subject);
	else if (job->fields)
		snprintf(out, size, job_changes_structure(job) ? "@change" : "@look");
	else if (*job->id)
		snprintf(out, size, "#%s", job->id);
	return out;
}

static const char *second_lock(const struct job *job)
{
	return job->deaths >= 2 ? "!" : "";     /* RETRY_DEATHS_ALONE */
}

/* ---- starts ---- */

static void on_started(const struct redis_value *v, const struct err *err, void *data)
{
	struct batch *b = data;
	struct queue *q = b->queue;
	char head[JOB_HEAD_MAX];

	if (queue_answered(q, err) && b->epoch == q->epoch_number) {
		for (size_t i = 0; i < b->n; i++) {
			enum queue_start result = (enum queue_start)redis_int(redis_at(v, i));
			struct held *h = b->held[i];

			if (!still(b, i, HELD_STARTING))
				continue;
			h->started = result == START_RUNS;
			if (result == START_RUNS)
				h->job.head_len = job_head(&h->job, NULL, NULL, head, sizeof(head));
			h->state = result == START_RUNS || result == START_CANCELLED || result == START_LATE ? HELD_RUNNING : HELD_FREE;
			if (h->state == HELD_FREE) {
				ge_leaves(q, h);
				held_move(&q->sent, NULL, h);
				q->running--;
			}
			q->counts.started++;
			q->ev.started(h, result, q->data);
		}
		queue_flush_later(q);
	}
	free(b);
}

static void add_start(struct queue *q, const struct held *h, const char *at)
{
	const struct job *job = &h->job;
	struct command *c = &q->cmd;
	char head[JOB_HEAD_MAX], lock[JOB_SUBJECT_MAX + 2];

	command_arg(c, h->ticket);
	command_arg(c, queue_names[job->queue]);
	command_arg(c, queue_lock_name(job, lock, sizeof(lock)));
	command_arg(c, second_lock(job));
	command_arg(c, job->bare && !job->head_len && job_is_fetch(job) && !job->offline ? "1" : "0");
	command_arg_bytes(c, head, job_head(job, NULL, NULL, head, sizeof(head)));
	command_arg_int(c, (int64_t)job->head_len);
	command_arg_int(c, job->has_id ? command_key_of(c, "job", job->id) : 0);
	command_arg_int(c, *job->run ? command_key_of(c, "run", job->run) : 0);
	command_arg_int(c, job->attempt);
	command_arg(c, job->id);
	command_arg(c, at);
}

static void send_starts(struct queue *q)
{
	struct batch *b = batch_new(q, &q->starting, false);
	char of[200], at[ISO_TIME];

	command_guard(q, &lua_start);
	snprintf(of, sizeof(of), "%s:jobs", q->name);
	command_key_of(&q->cmd, "worker", of);
	command_key(&q->cmd, KEY_LOCKS);
	command_key(&q->cmd, KEY_WAITING);
	command_key(&q->cmd, KEY_WAITER);
	command_key(&q->cmd, KEY_CANCEL);
	command_arg(&q->cmd, JOB_HASH_S);
	iso_time(queue_now_ms(q), at);
	for (size_t i = 0; i < b->n; i++)
		add_start(q, b->held[i], at);
	command_send(&q->cmd, q->redis, on_started, b);
}

void queue_start(struct queue *q, struct held *h)
{
	h->state = HELD_STARTING;
	held_move(&q->sent, &q->starting, h);
	queue_flush_later(q);
}

void queue_progress(struct queue *q, const struct held *h, const char *line)
{
	if (q->state != IN || h->state != HELD_RUNNING || !h->job.has_id)
		return;
	command_guard(q, &lua_progress);
	queue_jobs_key(q);
	command_key_of(&q->cmd, "job", h->job.id);
	command_arg(&q->cmd, h->ticket);
	command_arg(&q->cmd, line);
	command_send(&q->cmd, q->redis, NULL, NULL);
}

/* ---- finishes ---- */

static void on_finished(const struct redis_value *v, const struct err *err, void *data)
{
	struct batch *b = data;
	struct queue *q = b->queue;

	(void)v;
	if (queue_answered(q, err) && b->epoch == q->epoch_number) {
		for (size_t i = 0; i < b->n; i++) {
			struct held *h = b->held[i];

			if (!still(b, i, HELD_FINISHING))
				continue;
			held_move(&q->sent, NULL, h);
			finish_free(h);
			h->state = HELD_FREE;
			q->running--;
			q->counts.finished++;
			q->ev.released(h, q->data);
		}
		queue_flush_later(q);
	}
	free(b);
}

/* Nothing but a counter: a ping that went well, and was not started, so that it has no lock. */
static bool is_plain(const struct held *h)
{
	const struct queue_finish *f = &h->finish->f;

	return f->op == OP_DONE && !h->started && !f->outcome && !f->nfields && !*h->job.run && !*h->job.subject;
}

enum { RUN_QUEUED, RUN_RUNNING, RUN_DONE, RUN_UNCHANGED, RUN_CHANGED, RUN_FAILED, RUN_DEAD, RUN_CANCELLED, RUN_PUT_BACK,
       RUN_FIELDS };

struct counters {
	int64_t status[QUEUES][4];
	size_t nruns;
	const char *run[RUNS_MAX];
	int key[RUNS_MAX];
	int64_t by[RUNS_MAX][RUN_FIELDS];
};

static const char *const statuses[4] = { "done", "retry", "dead", "cancelled" };
static const char *const run_fields[RUN_FIELDS] = {
	"queued", "running", "done", "unchanged", "changed", "failed", "dead", "cancelled", "put_back"
};

static int run_index(struct counters *c, const char *run)
{
	for (size_t i = 0; i < c->nruns; i++)
		if (!strcmp(c->run[i], run))
			return (int)i;
	if (c->nruns == RUNS_MAX)
		return -1;
	c->run[c->nruns] = run;
	return (int)c->nruns++;
}

static void count_run(int64_t *by, const struct held *h)
{
	const struct queue_finish *f = &h->finish->f;

	/* Where start.lua has put it; one that never started is where it was. */
	by[h->started ? RUN_RUNNING : h->job.attempt ? RUN_FAILED : RUN_QUEUED]--;
	if (f->op == OP_DONE) {
		by[RUN_DONE]++;
		if (f->changed >= 0)
			by[f->changed ? RUN_CHANGED : RUN_UNCHANGED]++;
	} else if (f->op == OP_LATE) {
		by[RUN_PUT_BACK]++;
	} else if (f->op == OP_CANCELLED) {
		by[RUN_FAILED]++;
		by[RUN_CANCELLED]++;
	} else if (f->op == OP_DEAD) {
		by[RUN_FAILED]++;
		by[RUN_DEAD]++;
	} else {
		by[h->job.attempt ? RUN_FAILED : RUN_QUEUED]++;
	}
}

/* False if the job's run finds no place in this batch. */
static bool count(struct counters *c, const struct held *h)
{
	const struct queue_finish *f = &h->finish->f;
	enum settings_queue q = job_is_fetch(&h->job) ? QUEUE_FETCH : h->job.queue;

	if (*h->job.run) {
		int run = run_index(c, h->job.run);

		if (run < 0)
			return false;
		count_run(c->by[run], h);
	}
	for (int s = 0; f->status && s < 4; s++)
		if (!strcmp(f->status, statuses[s]))
			c->status[q][s]++;
	return true;
}

int queue_today_key(struct queue *q)
{
	char day[KEYS_DAY];

	return command_key_of(&q->cmd, "stats", keys_day(day, queue_now_ms(q)));
}

static void add_counters(struct queue *q, struct counters *c)
{
	struct command *cmd = &q->cmd;
	char field[32], at[24];
	int all = command_key(cmd, KEY_STATS);
	int today = queue_today_key(q);
	int64_t n = 0;

	command_arg_int(cmd, (int64_t)c->nruns);
	snprintf(at, sizeof(at), "%lld", (long long)queue_now_ms(q));
	for (size_t r = 0; r < c->nruns; r++) {
		c->key[r] = command_key_of(cmd, "run", c->run[r]);
		command_arg_int(cmd, c->key[r]);
		command_arg(cmd, at);
	}
	for (int i = 0; i < QUEUES; i++)
		for (int s = 0; s < 4; s++)
			n += c->status[i][s] ? 2 : 0;
	for (size_t r = 0; r < c->nruns; r++)
		for (int f = 0; f < RUN_FIELDS; f++)
			n += c->by[r][f] ? 1 : 0;
	command_arg_int(cmd, n);
	for (int i = 0; i < QUEUES; i++) {
		for (int s = 0; s < 4; s++) {
			if (!c->status[i][s])
				continue;
			snprintf(field, sizeof(field), "%s:%s", job_kind((enum settings_queue)i), statuses[s]);
			for (int k = 0; k < 2; k++) {
				command_arg_int(cmd, k ? today : all);
				command_arg(cmd, field);
				command_arg_int(cmd, c->status[i][s]);
			}
		}
	}
	for (size_t r = 0; r < c->nruns; r++) {
		for (int f = 0; f < RUN_FIELDS; f++) {
			if (!c->by[r][f])
				continue;
			command_arg_int(cmd, c->key[r]);
			command_arg(cmd, run_fields[f]);
			command_arg_int(cmd, c->by[r][f]);
		}
	}
	command_arg_int(cmd, 1);
	command_arg_int(cmd, today);
}

static const char *const op_names[] = {
	[OP_DONE] = "done", [OP_LATE] = "told", [OP_CANCELLED] = "told", [OP_RETRY] = "retry", [OP_SCHEDULED] = "scheduled", [OP_DEAD] = "dead",
	[OP_BACK] = "back", [OP_LAST] = "last"
};

static void add_head(struct command *c, const struct job *job, const struct queue_finish *f)
{
	size_t size = JOB_HEAD_MAX + (f->outcome ? strlen(f->outcome) : 0) + 2;
	char *head;

	if (f->op == OP_DONE || f->op == OP_LATE || f->op == OP_CANCELLED || f->raw) {
		command_arg(c, "");
		return;
	}
	head = need(malloc(size));
	command_arg_bytes(c, head, job_head(job, f->code, f->outcome, head, size));
	free(head);
}

static void add_finish(struct queue *q, const struct held *h)
{
	const struct queue_finish *f = &h->finish->f;
	const struct job *job = &h->job;
	struct command *c = &q->cmd;
	char lock[JOB_SUBJECT_MAX + 2];
	bool keeps_outcome = f->outcome && !f->quiet && job->queue != QUEUE_PING && *job->subject;

	command_arg(c, h->ticket);
	command_arg(c, job->id);
	command_arg(c, queue_lock_name(job, lock, sizeof(lock)));
	command_arg(c, second_lock(job));
	command_arg(c, op_names[f->op]);
	if (f->op == OP_BACK || f->op == OP_LAST)
		command_arg(c, queue_names[job->queue]);
	else
		command_arg_int(c, f->at_ms);
	command_arg_int(c, keeps_outcome ? command_key_of(c, "outcome", job_kind(job->queue)) : 0);
	command_arg(c, job->subject);
	command_arg(c, f->outcome);
	command_arg_int(c, f->nfields && job->has_id ? command_key_of(c, "job", job->id) : 0);
	add_head(c, job, f);
	command_arg_int(c, (int64_t)job->head_len);
	command_arg_int(c, f->keep);
	command_arg_int(c, job->has_id ? (int64_t)f->nfields : 0);
	for (size_t i = 0; job->has_id && i < f->nfields; i++)
		command_arg(c, f->fields[i]);
}

void queue_keys_in_order(struct queue *q)
{
	static const enum settings_queue order[] = { QUEUE_FETCH, QUEUE_BULK, QUEUE_CHECK, QUEUE_MIGRATE, QUEUE_PING,
						     QUEUE_OFFLINE };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		command_key_of(&q->cmd, "queue", queue_names[order[i]]);
}

static void add_finish_keys(struct queue *q)
{
	queue_jobs_key(q);
	command_key(&q->cmd, KEY_LOCKS);
	command_key(&q->cmd, KEY_WAITING);
	command_key(&q->cmd, KEY_RETRY);
	command_key(&q->cmd, KEY_SCHEDULED);
	command_key(&q->cmd, KEY_DEAD);
	command_key(&q->cmd, KEY_DEAD_BYTES);
	command_key(&q->cmd, KEY_OUTCOME_FETCH);
	queue_keys_in_order(q);
	command_key(&q->cmd, KEY_CANCEL);
	command_key(&q->cmd, KEY_GE);
	command_key(&q->cmd, KEY_NEWS);
}

static void send_finishes(struct queue *q)
{
	struct batch *b = batch_new(q, &q->finishing, true);
	struct counters c = { .nruns = 0 };
	size_t kept = 0, plain = 0;
	bool answered = false;

	for (size_t i = 0; i < b->n; i++) {     /* a seventeenth run waits for the next batch */
		struct held *h = b->held[i];

		if (!count(&c, h)) {
			held_move(&q->sent, &q->finishing, h);
			continue;
		}
		plain += is_plain(h);
		answered |= h->answered;
		b->held[kept] = h;
		memcpy(b->tickets[kept++], h->ticket, sizeof(h->ticket));
	}
	b->n = kept;
	command_guard(q, &lua_finish);
	add_finish_keys(q);
	command_arg(&q->cmd, JOB_HASH_S);
	command_arg(&q->cmd, DAILY_S);
	command_arg(&q->cmd, answered ? "1" : "0");
	command_arg_int(&q->cmd, (int64_t)plain);
	for (size_t i = 0; i < b->n; i++)
		if (is_plain(b->held[i]))
			command_arg(&q->cmd, b->held[i]->ticket);
	add_counters(q, &c);
	for (size_t i = 0; i < b->n; i++)
		if (!is_plain(b->held[i]))
			add_finish(q, b->held[i]);
	command_send(&q->cmd, q->redis, on_finished, b);
}

void queue_finish(struct queue *q, struct held *h, const struct queue_finish *from)
{
	struct finish *f = need(calloc(1, sizeof(*f)));

	f->f = *from;
	f->f.outcome = f->outcome = need_copy(from->outcome);
	if (from->code)
		f->f.code = strncpy(f->code, from->code, sizeof(f->code) - 1);
	f->fields = need(calloc(from->nfields + 1, sizeof(*f->fields)));
	for (size_t i = 0; i < from->nfields; i++)
		f->fields[i] = need_copy(from->fields[i] ? from->fields[i] : "");
	f->f.fields = (const char *const *)f->fields;
	h->finish = f;
	ge_leaves(q, h);
	h->state = HELD_FINISHING;
	held_move(&q->sent, &q->finishing, h);
	queue_flush_later(q);
}

void batch_flush(struct queue *q)
{
	while (q->finishing.first)
		send_finishes(q);
	while (q->starting.first)
		send_starts(q);
	ge_flush(q);
}
