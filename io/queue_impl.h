/* queue_impl.h - what the files of the queue share:
 * queue.c          making, leaving, looking; the turn of the loop
 * queue_claim.c    claims, and waiting for something to claim
 * queue_beat.c     the lease, and what is heard with it
 * queue_enter.c    coming in, coming back, being declared dead
 * queue_batch.c    starts and finishes, gathered over a turn of the loop
 * queue_ge.c       what GE is like: pause, session, breaker
 * queue_recover.c  what the dead held */
#ifndef GESYNC_QUEUE_IMPL_H
#define GESYNC_QUEUE_IMPL_H

#include "command.h"
#include "digest.h"
#include "queue.h"

#define JOB_HASH_S      "604800"        /* a week: longer than a job retries */
#define DAILY_S         "34560000"      /* 400 days (INTERFACE.md section 2) */

struct finish {
	struct queue_finish f;          /* strings owned below */
	char *outcome;
	char code[32];
	char **fields;
};

struct held_list { struct held *first, *last; };

/* The connection that blocks on one queue. */
struct blocked {
	struct queue *queue;
	enum settings_queue q;
	struct redis *redis;
	bool waiting;                   /* a BLMOVE is on its way */
};

struct queue {
	struct loop *loop;
	const struct settings *set;
	struct queue_events ev;
	void *data;

	struct redis *redis;
	struct command cmd;
	char name[128];
	char dead_name[128];            /* its last one that was declared dead, until it has come in again */
	char epoch[16], former[16];
	int epoch_number;
	enum { OUT, ENTERING, IN, LEAVING, GONE } state;
	int64_t clock_offset;           /* Redis' unix ms less the loop's */

	int room, asked;                /* slots; claims on their way */
	int claims;                     /* calls on their way */
	int64_t ticket;
	bool stopped, flush_due, look_inbox, dry;
	unsigned shut;                  /* bits of served queues that gave nothing: paused, held or paced */
	unsigned stuck;                 /* of these: paused or held */
	bool open[QUEUES];
	struct blocked blocked[QUEUES];
	struct timer *beat, *wake;
	int64_t beat_at;                /* loop ms of the last completed beat */
	bool beating;
	unsigned beats;
	int running;

	struct held_list starting, finishing;   /* to be sent */
	struct held_list sent;                  /* sent, or running */
	char session_known[DIGEST_HEX]; /* sum of the session in gesync:ge:session, "" for none */
	char session_sum[DIGEST_HEX];   /* of the one in use: that, or the settings' */
	int refund;                     /* tokens of jobs that asked nothing */
	char probe[32];                 /* ticket of the probe that is out, or "" */
	char why[200];                  /* why no job that needs GE is served, or "" */

	char stuck_why[256];            /* the last script that failed, and when that was said */
	int64_t stuck_ms;
	bool burying;
	int64_t since;                  /* loop ms of its making */
	int draining;                   /* questions of queue_drain.c on their way */
	loop_cb *left;
	void *left_data;
	struct queue_counts counts;
};

void held_move(struct held_list *from, struct held_list *to, struct held *h);
void queue_flush_later(struct queue *q);
void command_guard(struct queue *q, const struct redis_script *script);
void queue_jobs_key(struct queue *q);
int queue_today_key(struct queue *q);   /* the counters of the day */
void queue_keys_in_order(struct queue *q);      /* as finish.lua and reclaim.lua expect them */
void queue_learn_time(struct queue *q, int64_t redis_ms);
void queue_beat(void *data);            /* the beat timer's callback */
void queue_inbox_name(char *out, size_t size, const char *worker, enum settings_queue queue);
void claims_listen(struct queue *q);    /* makes the connections that block */
void claims_deafen(struct queue *q);    /* and frees them */
void claims_send(struct queue *q, int want);
void claims_flush(struct queue *q);     /* claims, or blocks, where that makes sense */
/* A claimed job finds its slot. */
void queue_take(struct queue *q, const char *ticket, const struct redis_value *bytes);

void queue_make_name(struct queue *q);
void queue_enter(struct queue *q);
void queue_free_list(struct held_list *list);
/* What every answer is looked at for first; false: it is no good. */
bool queue_answered(struct queue *q, const struct err *err);

const char *queue_lock_name(const struct job *job, char *out, size_t size);
void batch_flush(struct queue *q);
void finish_free(struct held *h);
void recover_bury(struct queue *q);

void ge_learn_own_session(struct queue *q);
/* v: what beat.lua tells of it. */
void ge_learn_session(struct queue *q, const struct redis_value *v);
/* The job leaves: what it took and did not use is for the next. */
void ge_leaves(struct queue *q, const struct held *h);
void ge_flush(struct queue *q);
bool queue_needs_ge(enum settings_queue queue);

#endif
