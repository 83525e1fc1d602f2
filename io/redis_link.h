/* redis_link.h - one connection's way to a Redis: its name, its socket and,
 * for rediss://, its TLS. Bytes in, bytes out; what they mean is for others. */
#ifndef GESYNC_IO_REDIS_LINK_H
#define GESYNC_IO_REDIS_LINK_H

#include <stddef.h>

#include "loop.h"
#include "redis_url.h"

struct redis_link;

/* All come from the loop, never from within redis_link_new(). */
struct redis_link_events {
	void (*open)(void *data);               /* it may be written to; once */
	void (*bytes)(const char *bytes, size_t len, void *data);       /* borrowed */
	void (*lost)(const char *why, void *data);      /* one line; once, and nothing after it but redis_link_free() */
};

/* to is copied. attempt: a name may have several addresses, at one of which
 * nobody listens; attempts take turns. What is not open within 4 s of having
 * an address is lost. */
struct redis_link *redis_link_new(struct loop *loop, const struct redis_place *to, unsigned attempt,
				  const struct redis_link_events *ev, void *data);
/* Only when open. The bytes are copied; whether they arrived only an answer tells. */
void redis_link_write(struct redis_link *link, const char *bytes, size_t len);
void redis_link_free(struct redis_link *link);  /* NULL is fine; no event after this */

#endif
