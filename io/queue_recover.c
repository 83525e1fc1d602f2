/* queue_recover.c - what the dead held.
 *
 *      beat tells of dead --> BURY --> for each grave: EXHUME --> RECLAIM --+
 *                              ^                          ^                 |
 *                              |                          +--- more --------+
 *                              +-- next beat
 *
 * Any living worker does it. A grave is told to one at a time, and a job moves
 * only where it still lies, so two who dig at one grave move each job once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "outcome.h"
#include "queue_impl.h"
#include "retry.h"
#include "scripts.h"

#define PIECE_JOBS      "1000"
#define PIECE_BYTES     "4194304"

struct grave {
	struct queue *queue;
	char name[128];
};

static void exhume(struct grave *g);

static void on_reclaimed(const struct redis_value *v, const struct err *err, void *data)
{
	struct grave *g = data;
	struct queue *q = g->queue;

	if (!queue_answered(q, err)) {
		free(g);
		return;
	}
	q->counts.recovered += (uint64_t)redis_int(v);
	log_warn("worker=%s dead: %lld of its jobs are back in their queues", g->name, (long long)redis_int(v));
	q->ev.recovered(q->data);
	exhume(g);                      /* until nothing is left */
}

/* What is known of a job whose third worker died. */
static char *worker_lost(const struct queue *q, const struct job *job, const char *dead)
{
	struct outcome o = { .job = job, .worker = dead, .status = "dead", .now_ms = queue_now_ms(q) };
	struct err err;

	err_set(&err, ERR_PERMANENT, "worker_lost", "the worker %s died, the third over this job", dead);
	o.err = &err;
	return outcome_text(&o);
}

static void add_head(struct command *c, const struct job *job, const char *code, const char *outcome)
{
	size_t size = JOB_HEAD_MAX + (outcome ? strlen(outcome) : 0) + 2;
	char *head = need(malloc(size));

	command_arg_bytes(c, head, job_head(job, code, outcome, head, size));
	free(head);
}

static void add_job_hash(struct command *c, const struct job *job, const char *outcome)
{
	struct outcome_fields fields = { .n = 0 };

	if (!job->has_id) {
		command_arg_int(c, 0);
		command_arg_int(c, 0);
		return;
	}
	outcome_fields(outcome ? outcome : "{\"status\":\"queued\",\"worker\":null}", &fields);
	command_arg_int(c, command_key_of(c, "job", job->id));
	command_arg_int(c, (int64_t)fields.n);
	for (size_t i = 0; i < fields.n; i++)
		command_arg(c, fields.v[i]);
	outcome_fields_clear(&fields);
}

static void make_id(const struct queue *q, const char *ticket, struct job *job)
{
	size_t len = strlen(q->name);

	snprintf(job->id, sizeof(job->id), "%.16s.%.40s", q->name + (len > 16 ? len - 16 : 0), ticket);
}

static void add_job(struct queue *q, const struct grave *g, const char *ticket,
		    const struct redis_value *bytes)
{
	const char *colon = strchr(ticket, ':');
	int queue = colon ? job_queue(ticket, (size_t)(colon - ticket)) : -1;
	struct command *c = &q->cmd;
	struct job job;
	struct err err;
	char lock[JOB_SUBJECT_MAX + 2], *outcome = NULL;

	if (queue < 0)
		return;
	if (job_parse(&job, (enum settings_queue)queue, redis_text(bytes), redis_len(bytes), &err) < 0) {
		job.has_id = false;     /* as when it is refused: it has neither hash nor run */
		job.run[0] = job.subject[0] = '\0';
	}
	queue_lock_name(&job, lock, sizeof(lock));
	if (!*job.id)
		make_id(q, ticket, &job);
	if (!job.queued_ms)
		job.queued_ms = queue_now_ms(q);
	if (++job.deaths >= RETRY_DEATHS_DEAD)
		outcome = worker_lost(q, &job, g->name);
	command_arg(c, ticket);
	command_arg(c, queue_names[queue]);
	command_arg(c, outcome ? "1" : "0");
	command_arg(c, lock);
	add_head(c, &job, outcome ? "worker_lost" : job.known ? NULL : JOB_NEW, outcome);
	command_arg_int(c, (int64_t)job.head_len);
	command_arg_int(c, *job.run ? command_key_of(c, "run", job.run) : 0);
	command_arg(c, job.attempt ? "1" : "0");
	command_arg(c, job_kind(job.queue));
	command_arg_int(c, job.queue != QUEUE_PING && *job.subject ? command_key_of(c, "outcome", job_kind(job.queue)) : 0);
	command_arg(c, job.subject);
	command_arg(c, outcome);
	add_job_hash(c, &job, outcome);
	job_clear(&job);
	free(outcome);
}

static void on_exhumed(const struct redis_value *v, const struct err *err, void *data)
{
	struct grave *g = data;
	struct queue *q = g->queue;
	char of[200];

	if (!queue_answered(q, err) || redis_len(v) < 2) {
		free(g);
		return;
	}
	command_guard(q, &lua_reclaim);
	snprintf(of, sizeof(of), "%s:jobs", g->name);
	command_key_of(&q->cmd, "worker", of);
	command_key(&q->cmd, KEY_LOCKS);
	command_key(&q->cmd, KEY_WAITING);
	command_key(&q->cmd, KEY_RETRY);
	command_key(&q->cmd, KEY_DEAD);
	command_key(&q->cmd, KEY_DEAD_BYTES);
	command_key(&q->cmd, KEY_OUTCOME_FETCH);
	command_key(&q->cmd, KEY_STATS);
	queue_today_key(q);
	queue_keys_in_order(q);
	command_key(&q->cmd, KEY_NEWS);
	command_arg(&q->cmd, g->name);
	command_arg(&q->cmd, JOB_HASH_S);
	command_arg(&q->cmd, DAILY_S);
	for (size_t i = 0; i + 1 < redis_len(v); i += 2)
		add_job(q, g, redis_text(redis_at(v, i)), redis_at(v, i + 1));
	command_send(&q->cmd, q->redis, on_reclaimed, g);
}

static void exhume(struct grave *g)
{
	struct queue *q = g->queue;
	char of[200];

	command_guard(q, &lua_exhume);
	snprintf(of, sizeof(of), "%s:jobs", g->name);
	command_key_of(&q->cmd, "worker", of);
	command_key(&q->cmd, KEY_GRAVES);
	command_key(&q->cmd, KEY_DEATHS);
	command_arg(&q->cmd, g->name);
	command_arg(&q->cmd, PIECE_JOBS);
	command_arg(&q->cmd, PIECE_BYTES);
	for (int i = 0; i < QUEUES; i++) {
		snprintf(of, sizeof(of), "%s:in:%s", g->name, queue_names[i]);
		command_key_of(&q->cmd, "worker", of);
		command_arg(&q->cmd, queue_names[i]);
	}
	command_send(&q->cmd, q->redis, on_exhumed, g);
}

static void on_buried(const struct redis_value *v, const struct err *err, void *data)
{
	struct queue *q = data;

	q->burying = false;
	if (!queue_answered(q, err))
		return;
	for (size_t i = 0; i < redis_len(v); i++) {
		struct grave *g = need(malloc(sizeof(*g)));

		g->queue = q;
		snprintf(g->name, sizeof(g->name), "%s", redis_text(redis_at(v, i)));
		exhume(g);
	}
}

void recover_bury(struct queue *q)
{
	if (q->burying)
		return;
	q->burying = true;
	command_guard(q, &lua_bury);
	command_key(&q->cmd, KEY_LEASES);
	command_key(&q->cmd, KEY_GRAVES);
	command_key(&q->cmd, KEY_DEATHS);
	command_key(&q->cmd, KEY_BEAT);
	command_arg_int(&q->cmd, q->set->lease_ms);
	command_send(&q->cmd, q->redis, on_buried, q);
}
