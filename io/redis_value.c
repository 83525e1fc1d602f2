/* redis_value.c - what Redis answered: hiredis' replies, which nobody else sees. */
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "redis_impl.h"

static const redisReply *reply_of(const struct redis_value *v)
{
	return (const redisReply *)v;
}

bool redis_is_nil(const struct redis_value *v)
{
	return !v || reply_of(v)->type == REDIS_REPLY_NIL;
}

const char *redis_text(const struct redis_value *v)
{
	return v && reply_of(v)->str ? reply_of(v)->str : "";
}

size_t redis_len(const struct redis_value *v)
{
	if (!v)
		return 0;
	return reply_of(v)->type == REDIS_REPLY_ARRAY ? reply_of(v)->elements : (size_t)reply_of(v)->len;
}

int64_t redis_int(const struct redis_value *v)
{
	if (!v)
		return 0;
	return reply_of(v)->type == REDIS_REPLY_INTEGER ? reply_of(v)->integer : strtoll(redis_text(v), NULL, 10);
}

const struct redis_value *redis_at(const struct redis_value *v, size_t i)
{
	if (!v || reply_of(v)->type != REDIS_REPLY_ARRAY || i >= reply_of(v)->elements)
		return NULL;
	return (const struct redis_value *)reply_of(v)->element[i];
}

const struct redis_value *redis_get(const struct redis_value *v, const char *key)
{
	for (size_t i = 0; i + 1 < redis_len(v); i += 2)
		if (!strcmp(redis_text(redis_at(v, i)), key))
			return redis_at(v, i + 1);
	return NULL;
}

/* ---- kept ---- */

static redisReply *copy_reply(const redisReply *from)
{
	redisReply *to = need(calloc(1, sizeof(*to)));

	to->type = from->type;
	to->integer = from->integer;
	if (from->str) {
		to->str = need(malloc(from->len + 1));
		memcpy(to->str, from->str, from->len);
		to->str[from->len] = '\0';
		to->len = from->len;
	}
	if (from->elements) {
		to->element = need(calloc(from->elements, sizeof(*to->element)));
		to->elements = from->elements;
		for (size_t i = 0; i < from->elements; i++)
			to->element[i] = copy_reply(from->element[i]);
	}
	return to;
}

struct redis_value *redis_value_copy(const struct redis_value *v)
{
	return (struct redis_value *)copy_reply(reply_of(v));
}

void redis_value_free(struct redis_value *value)
{
	freeReplyObject(value);
}
