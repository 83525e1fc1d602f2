/* command.h - builds the call of one script: keys and arguments grow side by
 * side, since an argument often names a key by its index. */
#ifndef GESYNC_COMMAND_H
#define GESYNC_COMMAND_H

#include "keys.h"
#include "redis.h"

struct words {
	char *bytes;            /* owned, one after another */
	size_t len, size;
	size_t *ends;           /* owned: ends[i] is where word i ends */
	size_t count, cap;
};

struct command {
	const struct redis_script *script;
	const char *ns;
	struct words keys, args;
};

void command_init(struct command *c, const char *ns);
void command_clear(struct command *c);
/* Begins anew, with memory kept. */
void command_begin(struct command *c, const struct redis_script *script);
int command_key(struct command *c, enum key key);       /* returns its index, from 1 */
int command_key_of(struct command *c, const char *prefix, const char *name);
void command_arg(struct command *c, const char *text);  /* NULL is "" */
void command_arg_bytes(struct command *c, const char *bytes, size_t len);
void command_arg_int(struct command *c, int64_t n);
void command_send(struct command *c, struct redis *redis, redis_cb *cb, void *data);
/* As redis_ask(): the value is the caller's; NULL and err on failure. */
struct redis_value *command_ask(struct command *c, struct redis *redis, struct err *err);

#endif
