/* keys.h - the names of the Redis keys (INTERFACE.md section 2 and
 * docs/protocol.md), built from the namespace. */
#ifndef GESYNC_KEYS_H
#define GESYNC_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS_PROTOCOL_VERSION "1"
#define KEYS_DAY 16
#define KEYS_MAX 192    /* bytes of a key: namespace 64, prefix, name of a worker or an id */

enum key {
	KEY_WORKERS, KEY_LEASES, KEY_BEAT, KEY_GRAVES, KEY_DEATHS, KEY_LOCKS, KEY_WAITING, KEY_WAITER, KEY_CANCEL,
	KEY_PROTOCOL, KEY_PAUSED, KEY_GE, KEY_SESSION, KEY_RETRY, KEY_SCHEDULED, KEY_DEAD, KEY_DEAD_BYTES,
	KEY_OUTCOME_FETCH, KEY_STATS, KEY_RUNS, KEY_RUNS_ACTIVE,
	KEY_CRON, KEY_CRON_DUE, KEY_NEWS, KEYS
};

/* Writes the key's name to out, which holds KEYS_MAX bytes; returns out. */
char *keys_name(char *out, const char *ns, enum key key);
/* ns:prefix:name, for the kinds of keys with a name in them: "queue", "job",
 * "run", "outcome", "stats", "worker". */
char *keys_of(char *out, const char *ns, const char *prefix, const char *name);
/* "20261123", the name behind "stats" of the counters of the day (UTC) in which
 * unix ms falls. Returns out. */
char *keys_day(char out[KEYS_DAY], int64_t ms);

#endif
