/* command.c - builds the call of one script. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void words_add(struct words *w, const char *bytes, size_t len)
{
	if (w->len + len > w->size) {
		w->size = (w->len + len) * 2;
		w->bytes = need(realloc(w->bytes, w->size));
	}
	if (w->count == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->ends = need(realloc(w->ends, w->cap * sizeof(*w->ends)));
	}
	if (len)
		memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
	w->ends[w->count++] = w->len;
}

static void words_list(const struct words *w, const char **argv, size_t *lens)
{
	size_t from = 0;

	for (size_t i = 0; i < w->count; i++) {
		argv[i] = w->bytes ? w->bytes + from : "";
		lens[i] = w->ends[i] - from;
		from = w->ends[i];
	}
}

void command_init(struct command *c, const char *ns)
{
	memset(c, 0, sizeof(*c));
	c->ns = ns;
}

void command_clear(struct command *c)
{
	free(c->keys.bytes);
	free(c->keys.ends);
	free(c->args.bytes);
	free(c->args.ends);
}

void command_begin(struct command *c, const struct redis_script *script)
{
	c->script = script;
	c->keys.len = c->keys.count = 0;
	c->args.len = c->args.count = 0;
}

int command_key(struct command *c, enum key key)
{
	char name[KEYS_MAX];

	keys_name(name, c->ns, key);
	words_add(&c->keys, name, strlen(name));
	return (int)c->keys.count;
}

int command_key_of(struct command *c, const char *prefix, const char *of)
{
	char name[KEYS_MAX];

	keys_of(name, c->ns, prefix, of);
	words_add(&c->keys, name, strlen(name));
	return (int)c->keys.count;
}

void command_arg_bytes(struct command *c, const char *bytes, size_t len)
{
	words_add(&c->args, bytes, len);
}

void command_arg(struct command *c, const char *text)
{
	words_add(&c->args, text, text ? strlen(text) : 0);
}

void command_arg_int(struct command *c, int64_t n)
{
	char text[24];

	words_add(&c->args, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)n));
}

/* The words of the whole command, in one vector: free() it. */
static const char **flatten(const struct command *c, size_t **lens, int *argc, char *nkeys, size_t size)
{
	size_t n = 3 + c->keys.count + c->args.count;
	const char **argv = need(malloc(n * sizeof(*argv)));

	*lens = need(malloc(n * sizeof(**lens)));
	snprintf(nkeys, size, "%zu", c->keys.count);
	argv[0] = "EVALSHA";
	argv[1] = c->script->sha1;
	argv[2] = nkeys;
	for (int i = 0; i < 3; i++)
		(*lens)[i] = strlen(argv[i]);
	words_list(&c->keys, argv + 3, *lens + 3);
	words_list(&c->args, argv + 3 + c->keys.count, *lens + 3 + c->keys.count);
	*argc = (int)n;
	return argv;
}

void command_send(struct command *c, struct redis *redis, redis_cb *cb, void *data)
{
	char nkeys[24];
	size_t *lens;
	int argc;
	const char **argv = flatten(c, &lens, &argc, nkeys, sizeof(nkeys));

	redis_send(redis, argc, argv, lens, 0, cb, data);
	free(argv);
	free(lens);
}

struct redis_value *command_ask(struct command *c, struct redis *redis, struct err *err)
{
	char nkeys[24];
	size_t *lens;
	int argc;
	const char **argv = flatten(c, &lens, &argc, nkeys, sizeof(nkeys));
	struct redis_value *v = redis_ask_argv(redis, argc, argv, lens, err);

	free(argv);
	free(lens);
	return v;
}
