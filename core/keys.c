/* keys.c - the names of the Redis keys. */
#include "keys.h"

#include <stdio.h>
#include <time.h>

static const char *const suffix[KEYS] = {
	/* private: who lives, who died, who holds and who waits */
	[KEY_WORKERS] = "workers",      [KEY_LEASES] = "leases",
	[KEY_BEAT] = "beat",            [KEY_GRAVES] = "graves",
	[KEY_DEATHS] = "deaths",        [KEY_LOCKS] = "locks",
	[KEY_WAITING] = "waiting",      [KEY_WAITER] = "waiter",
	[KEY_CANCEL] = "cancel",
	[KEY_GE] = "ge",                [KEY_DEAD_BYTES] = "dead:bytes",
	[KEY_RUNS_ACTIVE] = "runs:active",
	[KEY_CRON] = "cron",            [KEY_CRON_DUE] = "cron:due",
	[KEY_NEWS] = "news",
	/* promised to users */
	[KEY_PROTOCOL] = "protocol",    [KEY_PAUSED] = "paused",
	[KEY_SESSION] = "ge:session",   [KEY_RETRY] = "retry",
	[KEY_SCHEDULED] = "scheduled",  [KEY_DEAD] = "dead",
	[KEY_OUTCOME_FETCH] = "outcome:fetch",
	[KEY_STATS] = "stats",          [KEY_RUNS] = "runs",
};

char *keys_name(char *out, const char *ns, enum key key)
{
	snprintf(out, KEYS_MAX, "%s:%s", ns, suffix[key]);
	return out;
}

char *keys_of(char *out, const char *ns, const char *prefix, const char *name)
{
	snprintf(out, KEYS_MAX, "%s:%s:%s", ns, prefix, name);
	return out;
}

char *keys_day(char out[KEYS_DAY], int64_t ms)
{
	time_t at = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, KEYS_DAY, "%Y%m%d", &tm);
	return out;
}
