/* redis.h - one connection to Redis on the loop, kept up.
 *
 *      CONNECTING --> GREETING (AUTH, SELECT, scripts) --> UP
 *          ^  back-off with jitter                          |
 *          +------------------ DOWN <-----------------------+
 *
 * A request has a deadline; one that passes it, or an error reply of the
 * family LOADING, BUSY, READONLY, OOM, NOSCRIPT..., takes the connection down:
 * every pending request fails, and it is made anew. Requests while it is not
 * up fail from the loop. Nothing is sent twice by this file: who asked decides. */
#ifndef GESYNC_REDIS_H
#define GESYNC_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loop.h"

struct redis;
struct redis_value;             /* a reply, or a part of one */

/* A file of lua/, embedded at build as `const struct redis_script lua_<file>`. */
struct redis_script {
	const char *name;
	const char *text;
	const char *sha1;       /* hex */
};

/* Either value or err is NULL. Called exactly once per request, never before
 * it has been made. Errors: redis_unavailable (ERR_HOLD), redis_error
 * (ERR_RETRY: an error reply; the message is Redis's). Values are borrowed. */
typedef void redis_cb(const struct redis_value *value, const struct err *err,
		      void *data);
/* The connection went up (true) or down (false), from the loop. */
typedef void redis_state_cb(bool up, void *data);

/* url: INTERFACE.md section 6. Fails (NULL, err) only for a URL that cannot be;
 * a server that is away is tried again for ever. scripts: NULL-ended list that
 * is loaded on each connect, or NULL. state may be NULL. */
struct redis *redis_new(struct loop *loop, const char *url,
			const struct redis_script *const *scripts,
			redis_state_cb *state, void *data, struct err *err);
void redis_free(struct redis *redis);   /* pending callbacks get an error */
bool redis_up(const struct redis *redis);
/* Its changes of state are not logged: another connection to the same server tells. */
void redis_set_quiet(struct redis *redis);

/* Binary-safe; arguments are copied. deadline_ms: 0 for the usual 5 s. */
void redis_send(struct redis *redis, int argc, const char *const *argv,
		const size_t *lens, int64_t deadline_ms, redis_cb *cb, void *data);
/* Words of text, NULL-ended. */
void redis_call(struct redis *redis, redis_cb *cb, void *data, ...)
	__attribute__((sentinel));

/* For programs that do one thing after another (scheduler, ctl): run the loop
 * until the answer is there. The value is owned by the caller; NULL and err
 * filled on failure. Waits up to 5 s for a connection that is not up yet. */
struct redis_value *redis_ask(struct redis *redis, struct err *err, ...)
	__attribute__((sentinel));
struct redis_value *redis_ask_argv(struct redis *redis, int argc,
				   const char *const *argv, const size_t *lens,
				   struct err *err);
void redis_value_free(struct redis_value *value);

/* What a value is. All take NULL, which is like nil. */
bool redis_is_nil(const struct redis_value *v);
const char *redis_text(const struct redis_value *v);    /* "" if it is no string; NUL-terminated */
size_t redis_len(const struct redis_value *v);          /* bytes of text, or elements */
int64_t redis_int(const struct redis_value *v);         /* integers, and strings that are one; else 0 */
const struct redis_value *redis_at(const struct redis_value *v, size_t i);
/* The value after the first key that is equal, in a flat list of pairs. */
const struct redis_value *redis_get(const struct redis_value *v, const char *key);

#endif
