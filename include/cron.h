/* cron.h - a crontab that any number of schedulers share, through Redis.
 *
 *      line: fired up to <instant> --step--> occurrences due --take--> in hand --done--> gone
 *                                                  ^                     |
 *                                                  +-- lease is over ----+
 *
 * A step moves a line on and makes its occurrences due in one script; a line
 * that somebody else has moved stays as it is. So whichever scheduler dies,
 * nothing is missed, and nothing becomes due twice. What is in hand of one that
 * died is taken again: its run has the occurrence's id, which makes the second
 * start of it go on where the first stopped.
 *
 * All of it waits for Redis (redis_ask()), on a connection that has the scripts
 * cron_fire and cron_take; errors are those of redis.h. */
#ifndef GESYNC_CRON_H
#define GESYNC_CRON_H

#include "command.h"
#include "crontab.h"

/* What becomes of occurrences that are late by more than CRON_LATE_S, since no
 * scheduler was there: none of them fires; the last one, where no later one
 * fires anyway; all do. */
enum cron_catch_up { CRON_CATCH_NONE, CRON_CATCH_LAST, CRON_CATCH_ALL };

#define CRON_LATE_S     300
#define CRON_STEP_MAX   200     /* occurrences of one line that become due in one step; more follow in the next */
#define CRON_LEASE_MS   30000

/* now_ms: the pool's clock, which is Redis'. A line that is seen for the first
 * time begins now. */
int cron_step(struct redis *redis, struct command *cmd, const struct crontab *tab,
	      enum cron_catch_up catch_up, int64_t now_ms, struct err *err);
/* Unix ms of the first occurrence of any line after now. INT64_MAX: none. */
int64_t cron_next_ms(const struct crontab *tab, int64_t now_ms);

struct cron_due {
	char *text;             /* owned: as it stands in Redis */
	char id[CRON_ID];
	int64_t at;             /* unix seconds */
	const char *args;       /* in text */
};

/* Takes up to max (1 to 100) in hand for a lease; returns how many, or -1. */
int cron_take(struct redis *redis, struct command *cmd, int64_t now_ms, int max,
	      struct cron_due *due, struct err *err);
/* Keeps it in hand until until_ms; now: anybody may take it. */
int cron_keep(struct redis *redis, struct command *cmd, const struct cron_due *due, int64_t until_ms, struct err *err);
int cron_done(struct redis *redis, struct command *cmd, const struct cron_due *due, struct err *err);
void cron_due_clear(struct cron_due *due);

#endif
