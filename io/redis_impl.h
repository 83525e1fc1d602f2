/* redis_impl.h - between the files of redis.h, nobody else's. */
#ifndef GESYNC_IO_REDIS_IMPL_H
#define GESYNC_IO_REDIS_IMPL_H

#include "redis.h"

struct loop *redis_loop(const struct redis *redis);
const char *redis_why(const struct redis *redis);       /* it was last lost; "" for never */
struct redis_value *redis_value_copy(const struct redis_value *v);      /* owned: redis_value_free() */

#endif
