/* fsck_impl.h - what the files of the command fsck share:
 * fsck.c          all places, twice; one job, one place
 * fsck_workers.c  workers, what they hold, and their locks
 * fsck_runs.c     what a run counts, against the jobs that are there */
#ifndef GESYNC_CTL_FSCK_IMPL_H
#define GESYNC_CTL_FSCK_IMPL_H

#include "ctl.h"
#include "scripts.h"

struct fsck {
	struct ctl *c;
	json_t *before, *seen;          /* sets: what the first look found; what this one did */
	json_t *found;                  /* list: what both did */
	json_t *places;                 /* "<id> <queued ms>" -> where that job stands */
	json_t *runs;                   /* id of a run -> how many of its jobs wait or run */
	bool second, anybody_lives;
	int64_t jobs, repaired;
};

/* True if this is to be repaired now: c->cmd is then begun, for fsck.lua. */
bool fsck_problem(struct fsck *f, const char *problem, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sends the repair that c->cmd holds. */
int fsck_repair(struct fsck *f);

/* where: how people name the place; prefix and name: its key. */
struct place { const char *where, *prefix, *name; enum key zset; };

/* bytes: the record in member, or an element as it came. */
int fsck_record(struct fsck *f, const struct place *p, const struct redis_value *member, const char *bytes, size_t len);

int fsck_workers(struct fsck *f);
/* A job that stands in that place belongs to its run. */
void fsck_count_run(struct fsck *f, const struct place *p, const char *bytes, size_t len);
/* Once all places were gone through. */
int fsck_runs(struct fsck *f);

#endif
