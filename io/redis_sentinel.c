/* redis_sentinel.c - asks sentinels in turn where the master is.
 *
 *      next sentinel --> CONNECT --> ASKED --> told: the master
 *            ^              |           |
 *            +--------------+-----------+   away, too slow, or does not know
 *            |
 *            +--> none is left: why not
 *
 * What a sentinel says is only where to look: redis.c asks the server there
 * whether it is a master (Redis' manual, "Guidelines for Redis clients with
 * support for Redis Sentinel"). */
#include "redis_sentinel.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "redis_link.h"

#define SENTINEL_MS     1000    /* for one of them: there are others */
#define ANSWER_MAX      4096    /* an address; whoever says more is no sentinel */

struct redis_sentinel {
	struct loop *loop;
	const struct redis_url *url;    /* borrowed */
	redis_sentinel_cb *cb;
	void *data;

	unsigned attempt;
	int asked;                      /* how many were */
	struct redis_link *link;
	redisReader *reader;
	struct timer *timer;
	size_t got;                     /* bytes */
	int skip;                       /* replies that stand before the one that counts */
};

static const struct redis_place *current(const struct redis_sentinel *s)
{
	return &s->url->sentinels[(s->attempt + (unsigned)s->asked - 1) % (unsigned)s->url->nsentinels];
}

static void hang_up(struct redis_sentinel *s)
{
	redis_link_free(s->link);
	s->link = NULL;
	if (s->reader)
		redisReaderFree(s->reader);
	s->reader = NULL;
	timer_stop(s->timer);
}

static void ask_next(struct redis_sentinel *s);

static void next(struct redis_sentinel *s, const char *why)
{
	char all[200];

	hang_up(s);
	if (s->asked < s->url->nsentinels) {
		ask_next(s);
		return;
	}
	snprintf(all, sizeof(all), "no sentinel tells where %.40s is; %.60s:%d: %.60s", s->url->master, current(s)->host,
		 current(s)->port, why);
	s->cb(NULL, all, s->data);
}

/* ---- the answer ---- */

static void told(struct redis_sentinel *s, const redisReply *host, const redisReply *port)
{
	struct redis_place master = { .port = (int)strtol(port->str, NULL, 10) };

	if (!host->len || (size_t)host->len >= sizeof(master.host) || master.port < 1 || master.port > 65535) {
		next(s, "it tells an address that cannot be");
		return;
	}
	memcpy(master.host, host->str, (size_t)host->len);
	hang_up(s);
	s->cb(&master, NULL, s->data);
}

static void answer(struct redis_sentinel *s, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ERROR)
		next(s, reply->str);
	else if (reply->type == REDIS_REPLY_NIL)
		next(s, "it does not know it");
	else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		 reply->element[0]->type == REDIS_REPLY_STRING && reply->element[1]->type == REDIS_REPLY_STRING)
		told(s, reply->element[0], reply->element[1]);
	else
		next(s, "it answers what no sentinel would");
}

static void on_bytes(const char *bytes, size_t len, void *data)
{
	struct redis_sentinel *s = data;
	void *reply;
	int rc;

	s->got += len;
	if (s->got > ANSWER_MAX || redisReaderFeed(s->reader, bytes, len) != REDIS_OK) {
		next(s, "it says more than an address");
		return;
	}
	while ((rc = redisReaderGetReply(s->reader, &reply)) == REDIS_OK && reply) {
		bool counts = !s->skip;

		if (counts)
			answer(s, reply);       /* s may be gone now */
		else
			s->skip--;              /* AUTH: a sentinel without users refuses it, and answers all the same */
		freeReplyObject(reply);
		if (counts)
			return;
	}
	if (rc != REDIS_OK)
		next(s, "it sent something that is no Redis protocol");
}

/* ---- the question ---- */

static void send_words(struct redis_sentinel *s, int argc, const char **argv)
{
	char *text;
	long long len = redisFormatCommandArgv(&text, argc, argv, NULL);

	if (len < 0)
		abort();
	redis_link_write(s->link, text, (size_t)len);
	free(text);
}

static void on_open(void *data)
{
	struct redis_sentinel *s = data;
	const struct redis_url *url = s->url;

	if (*url->user)
		send_words(s, 3, (const char *[]){ "AUTH", url->user, url->password });
	else if (*url->password)
		send_words(s, 2, (const char *[]){ "AUTH", url->password });
	s->skip = *url->user || *url->password;
	send_words(s, 3, (const char *[]){ "SENTINEL", "get-master-addr-by-name", url->master });
}

static void on_lost(const char *why, void *data)
{
	next(data, why);
}

static void on_timer(void *data)
{
	next(data, "no answer within 1 s");
}

static void ask_next(struct redis_sentinel *s)
{
	static const struct redis_link_events ev = { on_open, on_bytes, on_lost };

	s->asked++;
	s->got = 0;
	s->reader = need(redisReaderCreate());
	s->link = redis_link_new(s->loop, current(s), s->attempt, &ev, s);
	timer_set(s->timer, SENTINEL_MS);
}

struct redis_sentinel *redis_sentinel_ask(struct loop *loop, const struct redis_url *url, unsigned attempt,
					  redis_sentinel_cb *cb, void *data)
{
	struct redis_sentinel *s = need(calloc(1, sizeof(*s)));

	s->loop = loop;
	s->url = url;
	s->cb = cb;
	s->data = data;
	s->attempt = attempt;
	s->timer = timer_new(loop, on_timer, s);
	ask_next(s);
	return s;
}

void redis_sentinel_free(struct redis_sentinel *s)
{
	if (!s)
		return;
	hang_up(s);
	timer_free(s->timer);
	free(s);
}
