/* redis_sentinel.h - where the master is just now, asked of sentinels. */
#ifndef GESYNC_IO_REDIS_SENTINEL_H
#define GESYNC_IO_REDIS_SENTINEL_H

#include "loop.h"
#include "redis_url.h"

struct redis_sentinel;

/* Either master (borrowed) or why is NULL. Called once, from the loop, unless
 * redis_sentinel_free() came before; the asker frees the handle, then or later. */
typedef void redis_sentinel_cb(const struct redis_place *master, const char *why, void *data);

/* Asks url's sentinels in turn, each for a second at the most, the one of number
 * `attempt` (modulo how many there are) first: one that is behind the times is
 * not asked for ever. url is borrowed as long as the handle lives. Its user and
 * password are offered to a sentinel too, which need not want them. */
struct redis_sentinel *redis_sentinel_ask(struct loop *loop, const struct redis_url *url, unsigned attempt,
					  redis_sentinel_cb *cb, void *data);
void redis_sentinel_free(struct redis_sentinel *s);     /* NULL is fine */

#endif
