/* queue.h - the pool's queues as one worker sees them: claims, starts,
 * finishes, beats, and recovery of the dead (docs/protocol.md).
 *
 * What one turn of the loop wants is sent at its end, in one write. A claimed
 * job is held until Redis has confirmed its finish; after a broken connection
 * what Redis holds for this worker is compared with what the worker holds, and
 * what was not confirmed is sent again. */
#ifndef GESYNC_QUEUE_H
#define GESYNC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "job.h"
#include "loop.h"
#include "settings.h"

struct queue;
struct redis;

enum held_state { HELD_FREE, HELD_CLAIMED, HELD_STARTING, HELD_RUNNING, HELD_FINISHING };

/* A job that this worker holds. Embedded in the slot that runs it. */
struct held {
	struct job job;                 /* filled by the pool when claimed */
	char ticket[32];
	enum held_state state;
	bool started;                   /* its start was confirmed: its run counts it as running */
	bool asked, answered;           /* of GE, by GE */
	struct finish *finish;          /* owned by queue.c, while HELD_FINISHING */
	struct held *next, *prev;
};

enum queue_start { START_GONE, START_RUNS, START_WAITS, START_SHARED, START_CANCELLED, START_LATE };

/* OP_LATE, OP_CANCELLED: of a run, which has lost the job and tells of it. */
enum queue_op { OP_DONE, OP_LATE, OP_CANCELLED, OP_RETRY, OP_SCHEDULED, OP_DEAD, OP_BACK, OP_LAST };

struct queue_finish {
	enum queue_op op;
	int64_t at_ms;                  /* of OP_RETRY and OP_SCHEDULED: unix ms */
	const char *status;             /* done retry dead cancelled: the counter; NULL for none */
	const char *code;               /* of the error, or NULL */
	const char *outcome;            /* one line of JSON, for outcome:<kind> and the record; or NULL */
	const char *const *fields;      /* of the job hash: name, value, ...; copied */
	size_t nfields;
	int changed;                    /* 1 changed, 0 unchanged: counted in the run; -1 neither */
	bool quiet;                     /* the outcome stands in the record alone */
	bool raw;                       /* OP_BACK: as it came, nothing to remember */
	int64_t keep;                   /* bytes of the element to keep; -1: all */
};

struct queue_events {
	/* A slot for a job, or NULL: never more than queue_set_room() told. */
	struct held *(*take)(void *data);
	/* bytes are borrowed. */
	void (*claimed)(struct held *held, const char *bytes, size_t len, void *data);
	/* All but START_RUNS: the job is not ours any more, its slot is free
	 * (START_CANCELLED, START_LATE: it is, and wants finishing). */
	void (*started)(struct held *held, enum queue_start result, void *data);
	/* A running job is to be cancelled, if it can be stopped. */
	void (*cancelled)(struct held *held, void *data);
	/* Redis has confirmed the finish: the slot is free. */
	void (*released)(struct held *held, void *data);
	/* Jobs of a dead worker went back to their queues, or to the dead. */
	void (*recovered)(void *data);
	/* This worker was declared dead: nothing it holds is its own any more. */
	void (*lost)(void *data);
	/* A beat went to Redis and back: every quarter of a lease, while all is well. */
	void (*beaten)(void *data);
	/* What no retry mends: another protocol version, an evicting Redis. */
	void (*fatal)(const char *why, void *data);
	/* The session in gesync:ge:session changed; "" for what is not there. */
	void (*session)(const char *jsessionid, const char *csrf, const char *awsalb, void *data);
};

struct queue *queue_new(struct loop *loop, const struct settings *settings,
			const struct queue_events *events, void *data, struct err *err);
void queue_free(struct queue *queue);

/* How many more jobs could be taken now. Claims follow by themselves. */
void queue_set_room(struct queue *queue, int room);
/* Which queues may be served now; claims of others stop. */
void queue_set_open(struct queue *queue, enum settings_queue q, bool open);
void queue_stop_claims(struct queue *queue, bool stop);

/* lock: what no two jobs may hold at once, or NULL. */
void queue_start(struct queue *queue, struct held *held);
/* How far a running job has come: in its hash, if it has one, until it ends. */
void queue_progress(struct queue *queue, const struct held *held, const char *line);
void queue_finish(struct queue *queue, struct held *held, const struct queue_finish *finish);

/* Why the queues that need GE are closed, for status to tell; "" when they are open. */
void queue_tell(struct queue *queue, const char *why);

/* ---- what GE is like, shared by the pool (docs/protocol.md) ---- */

/* GE asked for a pause (429, or another status with Retry-After). */
void queue_ge_pause(struct queue *queue, int64_t ms, int status);
/* GE refused the session that queue_session() named when the request was made. */
void queue_ge_expired(struct queue *queue, const char *session);
const char *queue_session(const struct queue *queue);   /* a sum */
/* A request goes out. The pace counts requests: a job that ends without one gives its token back. */
void queue_ge_asks(struct held *held);
/* GE answered the job's request. accepted: and knew the session. */
void queue_ge_answered(struct queue *queue, struct held *held, bool accepted);
/* A time-out, no connection, 5xx. cb is called once, unless the queue goes before. */
enum queue_breaker {
	BREAKER_CLOSED,                 /* or it opened by this: the attempt is burnt */
	BREAKER_OPEN,                   /* no attempt is burnt */
	BREAKER_PROBED                  /* nor here; and another job should go first next time */
};
typedef void queue_ge_cb(enum queue_breaker breaker, void *data);
void queue_ge_failed(struct queue *queue, const struct held *held, const struct err *why,
		     queue_ge_cb *cb, void *data);

/* Leaves the pool, then calls cb; at once if Redis is away. */
void queue_leave(struct queue *queue, loop_cb *cb, void *data);

/* Nothing is waiting in the served queues or in retry for them: cb(0); what is
 * left is paused or held: cb(75); there is more: cb(-1). */
void queue_ask_drained(struct queue *queue, void (*cb)(int verdict, void *data), void *data);

/* Its connection, for what is no move of a job. */
struct redis *queue_redis(const struct queue *queue);
const char *queue_worker(const struct queue *queue);    /* this worker's name */
int64_t queue_now_ms(const struct queue *queue);        /* Redis' unix time */
bool queue_healthy(const struct queue *queue);          /* claims complete in time */
bool queue_up(const struct queue *queue);

struct queue_counts { uint64_t claims, claimed, started, finished, recovered; };
struct queue_counts queue_counts(const struct queue *queue);

#endif
