/* pool.h - the slots of a worker: a job from its claim to its finish.
 *
 *      claimed -> parsed -> started in Redis -> its handler runs -> finished
 *
 * A new kind of job is one file, one row in handlers.c, one test. */
#ifndef GESYNC_POOL_H
#define GESYNC_POOL_H

#include <jansson.h>
#include <stdbool.h>

#include "db.h"
#include "err.h"
#include "http.h"
#include "loop.h"
#include "queue.h"
#include "settings.h"

struct pool;
struct fetcher;

struct slot {
	struct held held;               /* first: a held is its slot */
	struct pool *pool;
	int64_t started_ms;             /* Redis' unix time */
	struct timer *deadline;         /* made when first needed */
	void *run;                      /* the handler's own; NULL: nothing runs */
	bool may_have_stored;           /* its id must not be forgotten */
	bool yields;                    /* handed back, it goes to the end of its queue */
	struct slot *next_free;
};

/* A kind of job. start() must lead to slot_finish() exactly once, from within
 * or later; stop() means: do not call slot_finish() any more, let go of the
 * slot. It returns false if that cannot be now (an effect is being stored). */
struct handler {
	void (*start)(struct slot *slot);
	bool (*stop)(struct slot *slot);
	bool untimed;                   /* no timeout but the job's own */
	bool puts_off;                  /* a hold waits in retry: the queue is not closed for it */
};

extern const struct handler *const handlers[QUEUES];

struct pool {
	struct loop *loop;
	const struct settings *set;
	struct queue *queue;
	struct db *db;
	struct http *http;
	struct fetcher *fetcher;
	struct news *news;
	struct slot *slots, *free;
	int busy;                       /* slots in use */
	bool leaving;                   /* nothing starts any more */
	bool stopping;                  /* what claims still bring is handed back */
	const char *fatal;              /* why the process must end, or NULL */
	int status;                     /* its exit status then */
	loop_cb *on_idle;               /* nothing runs any more; may be NULL */
	void *on_idle_data;
	uint64_t finished[4];           /* done retry dead cancelled */
};

int pool_init(struct pool *pool, struct loop *loop, const struct settings *set, struct err *err);
void pool_clear(struct pool *pool);

/* Hands back what runs and can be let go; the rest finishes. */
void pool_hand_back(struct pool *pool);

/* err NULL: done, with its result (taken over; may be NULL). Otherwise the
 * retry policy decides; result may hold what was done all the same. */
void slot_finish(struct slot *slot, const struct err *err, json_t *result, int changed);

#endif
