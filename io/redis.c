/* redis.c - one connection to Redis on the loop, kept up.
 *
 *   (ASK -->) CONNECT --> GREET (AUTH, SELECT, scripts) --> UP
 *      ^         ^          |                                |
 *      |         |          v                                |
 *      +---------+------- DOWN <-----------------------------+
 *                  back-off with jitter
 *
 * ASK is of redis+sentinel://: where the master is; the greeting then asks the
 * server whether it is one, since a sentinel may be behind the times.
 *
 * hiredis parses replies; bytes go by a struct redis_link, and struct redis
 * goes from link to link. Commands of one loop turn leave in one write. */
#include "redis.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "noise.h"
#include "redis_impl.h"
#include "redis_link.h"
#include "redis_sentinel.h"
#include "redis_url.h"

#define DEADLINE_MS     5000    /* a dropped connection is noticed well within 15 s */
#define BACKOFF_MIN_MS  50
#define BACKOFF_MAX_MS  2000
#define PROBATION_MS    3000    /* connected, it may still refuse all that matters */

struct request {
	redis_cb *cb;
	void *data;
	int64_t deadline;       /* loop ms */
};

/* Requests in the order in which they were sent: a ring. */
struct ring {
	struct request *at;
	size_t size, head, count;
};

enum state { DOWN, ASK, CONNECT, GREET, UP };

struct redis {
	struct loop *loop;
	struct redis_url url;
	const struct redis_script *const *scripts;
	redis_state_cb *on_state;
	void *data;

	enum state state;
	struct redis_sentinel *sentinel;        /* in ASK */
	struct redis_link *link;
	redisReader *reader;
	struct ring pending;
	char *out;              /* commands not yet written */
	size_t out_len, out_size;
	bool flush_due;
	struct timer *timer;    /* DOWN: next try; else: deadline */
	int64_t backoff_ms;
	unsigned tries;                 /* connections asked for since it was up */
	bool said_down;         /* one line per change of state */
	bool in_trouble;        /* lost by an error reply: up again is what holds out */
	int64_t up_ms;          /* loop ms at which it last went up */
	char why[128];          /* it was last lost */
	bool quiet;             /* another connection tells */
	bool freed;
	int busy;               /* callbacks on the stack, and deferred calls */
};

static void connection_lost(struct redis *r, const char *why);

/* ---- pending requests ---- */

static void ring_push(struct ring *ring, struct request req)
{
	if (ring->count == ring->size) {
		size_t size = ring->size ? ring->size * 2 : 16;
		struct request *at = need(malloc(size * sizeof(*at)));

		for (size_t i = 0; i < ring->count; i++)
			at[i] = ring->at[(ring->head + i) & (ring->size - 1)];
		free(ring->at);
		ring->at = at;
		ring->size = size;
		ring->head = 0;
	}
	ring->at[(ring->head + ring->count++) & (ring->size - 1)] = req;
}

static struct request ring_pop(struct ring *ring)
{
	struct request req = ring->at[ring->head];

	ring->head = (ring->head + 1) & (ring->size - 1);
	ring->count--;
	return req;
}

static void release(struct redis *r)
{
	if (!r->freed || r->busy)
		return;
	free(r->pending.at);
	free(r->out);
	free(r);
}

static void watch_deadline(struct redis *r)
{
	if (r->state == DOWN || r->freed)
		return;
	if (r->pending.count) {
		int64_t left = r->pending.at[r->pending.head].deadline - loop_now_ms(r->loop);

		timer_set(r->timer, left > 0 ? left : 0);
	} else if (r->state == UP) {
		timer_stop(r->timer);
	}
}

/* ---- writing ---- */

static void on_flush(void *data)
{
	struct redis *r = data;

	r->busy--;
	r->flush_due = false;
	if (!r->freed && r->out_len && (r->state == UP || r->state == GREET)) {
		redis_link_write(r->link, r->out, r->out_len);
		r->out_len = 0;
	}
	release(r);
}

static void out_append(struct redis *r, const char *bytes, size_t len)
{
	if (r->out_len + len > r->out_size) {
		size_t size = (r->out_len + len) * 2;
		char *out = need(realloc(r->out, size));

		r->out = out;
		r->out_size = size;
	}
	memcpy(r->out + r->out_len, bytes, len);
	r->out_len += len;
}

static void out_header(struct redis *r, char mark, size_t n)
{
	char line[32];

	out_append(r, line, (size_t)snprintf(line, sizeof(line), "%c%zu\r\n", mark, n));
}

static void enqueue(struct redis *r, int argc, const char *const *argv,
		    const size_t *lens, int64_t deadline_ms, redis_cb *cb, void *data)
{
	out_header(r, '*', (size_t)argc);
	for (int i = 0; i < argc; i++) {
		size_t len = lens ? lens[i] : strlen(argv[i]);

		out_header(r, '$', len);
		out_append(r, argv[i], len);
		out_append(r, "\r\n", 2);
	}
	ring_push(&r->pending, (struct request){ cb, data,
		loop_now_ms(r->loop) + (deadline_ms ? deadline_ms : DEADLINE_MS) });
	if (r->pending.count == 1)
		watch_deadline(r);
	if (!r->flush_due) {
		r->flush_due = true;
		r->busy++;
		loop_defer(r->loop, on_flush, r);
	}
}

/* ---- refused at once, told from the loop ---- */

struct refusal {
	struct redis *redis;
	redis_cb *cb;
	void *data;
};

static void on_refused(void *data)
{
	struct refusal *ref = data;
	struct redis *r = ref->redis;
	struct err err;

	err_set(&err, ERR_HOLD, "redis_unavailable", "Redis is not connected");
	if (ref->cb)
		ref->cb(NULL, &err, ref->data);
	free(ref);
	r->busy--;
	release(r);
}

static void refuse(struct redis *r, redis_cb *cb, void *data)
{
	struct refusal *ref = need(malloc(sizeof(*ref)));

	*ref = (struct refusal){ r, cb, data };
	r->busy++;
	loop_defer(r->loop, on_refused, ref);
}

void redis_send(struct redis *r, int argc, const char *const *argv,
		const size_t *lens, int64_t deadline_ms, redis_cb *cb, void *data)
{
	if (r->state == UP)
		enqueue(r, argc, argv, lens, deadline_ms, cb, data);
	else
		refuse(r, cb, data);
}

/* ---- replies ---- */

/* Error replies which mean that the server, not the request, is in trouble:
 * reconnect, and let the asker send again. */
static bool means_trouble(const char *msg)
{
	static const char *const family[] = {
		"BUSY", "LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN",
		"OOM", "NOSCRIPT", "UNBLOCKED", "MISCONF", "NOAUTH", "NOPERM", "WRONGPASS"
	};

	for (size_t i = 0; i < sizeof(family) / sizeof(*family); i++) {
		size_t n = strlen(family[i]);

		if (!strncmp(msg, family[i], n) && (msg[n] == ' ' || !msg[n]))
			return true;
	}
	return false;
}

static void say_up(struct redis *r)
{
	r->backoff_ms = 0;
	r->in_trouble = false;
	if (r->said_down && !r->quiet)
		log_info("redis=up");
	r->said_down = false;
}

/* Redis wraps an error of a script's inner call: "... script: ..., on @user_script:3." */
static void answer(struct redis *r, struct request req, redisReply *reply)
{
	struct err err;

	if (reply->type != REDIS_REPLY_ERROR) {
		if (r->in_trouble && r->state == UP && loop_now_ms(r->loop) - r->up_ms >= PROBATION_MS)
			say_up(r);
		if (req.cb)
			req.cb((const struct redis_value *)reply, NULL, req.data);
		return;
	}
	if (!means_trouble(reply->str)) {
		err_set(&err, ERR_RETRY, "redis_error", "Redis: %s", reply->str);
		if (req.cb)
			req.cb(NULL, &err, req.data);
		return;
	}
	err_set(&err, ERR_HOLD, "redis_unavailable", "Redis: %s", reply->str);
	if (req.cb)
		req.cb(NULL, &err, req.data);
	if (!r->freed && r->state != DOWN) {
		r->in_trouble |= r->state == UP;        /* one in the greeting does not make an older one forgotten */
		connection_lost(r, reply->str);
	}
}

static void consume(struct redis *r)
{
	const struct redis_link *link = r->link;
	void *reply;

	r->busy++;
	while (!r->freed && r->link == link) {
		if (redisReaderGetReply(r->reader, &reply) != REDIS_OK) {
			connection_lost(r, "it sent something that is no Redis protocol");
			break;
		}
		if (!reply)
			break;
		if (r->pending.count)
			answer(r, ring_pop(&r->pending), reply);
		freeReplyObject(reply);
	}
	if (!r->freed && r->link == link)
		watch_deadline(r);
	r->busy--;
	release(r);
}

static void on_bytes(const char *bytes, size_t len, void *data)
{
	struct redis *r = data;

	redisReaderFeed(r->reader, bytes, len);
	consume(r);
}

/* ---- up and down ---- */

static void drop_link(struct redis *r)
{
	redis_sentinel_free(r->sentinel);
	r->sentinel = NULL;
	redis_link_free(r->link);
	r->link = NULL;
	if (r->reader) {
		/* Its reply may be on the stack of consume(): a reader holds no reply it gave out. */
		redisReaderFree(r->reader);
		r->reader = NULL;
	}
	r->out_len = 0;
}

static void fail_pending(struct redis *r, const char *why)
{
	struct ring old = r->pending;
	struct err err;

	memset(&r->pending, 0, sizeof(r->pending));
	err_set(&err, ERR_HOLD, "redis_unavailable", "Redis went away: %s", why);
	while (old.count) {
		struct request req = ring_pop(&old);

		if (req.cb)
			req.cb(NULL, &err, req.data);
	}
	free(old.at);
}

/* Half to the whole of the current back-off. Noise: which of two workers comes
 * first is all it decides. */
static int64_t next_backoff(struct redis *r)
{
	int64_t ms;

	r->backoff_ms = r->backoff_ms ? r->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (r->backoff_ms > BACKOFF_MAX_MS)
		r->backoff_ms = BACKOFF_MAX_MS;
	ms = r->backoff_ms / 2;
	return ms + (int64_t)((double)ms * noise_unit());
}

static void connection_lost(struct redis *r, const char *why)
{
	bool was_up = r->state == UP;

	r->busy++;
	r->state = DOWN;
	if (!r->said_down && !r->quiet)
		log_warn("redis=down why=\"%s\"", why);
	r->said_down = true;
	snprintf(r->why, sizeof(r->why), "%s", why);
	drop_link(r);
	timer_set(r->timer, next_backoff(r));
	if (was_up && r->on_state)
		r->on_state(false, r->data);
	fail_pending(r, why);
	r->busy--;
	release(r);
}

static void on_ready(const struct redis_value *value, const struct err *err, void *data)
{
	struct redis *r = data;

	(void)value;
	if (err && err->kind == ERR_RETRY && !r->freed && r->state == GREET)
		connection_lost(r, err->msg);   /* it is full, or refuses us */
	if (err || r->freed)
		return;                 /* answer() or connection_lost() has seen to it */
	r->state = UP;
	r->up_ms = loop_now_ms(r->loop);
	r->tries = 0;
	if (!r->in_trouble)
		say_up(r);
	if (r->on_state)
		r->on_state(true, r->data);
}

static void on_greeted(const struct redis_value *value, const struct err *err, void *data)
{
	struct redis *r = data;

	(void)value;
	if (err && err->kind == ERR_RETRY && !r->freed && r->state == GREET)
		connection_lost(r, err->msg);
}

static void on_role(const struct redis_value *value, const struct err *err, void *data)
{
	struct redis *r = data;

	on_greeted(value, err, data);
	if (!err && !r->freed && strcmp(redis_text(redis_at(value, 0)), "master") != 0)
		connection_lost(r, "the server that the sentinels tell is no master");
}

static void greet_word(struct redis *r, redis_cb *cb, const char *a, const char *b, const char *c)
{
	const char *argv[] = { a, b, c };

	enqueue(r, c ? 3 : b ? 2 : 1, argv, NULL, 0, cb, r);
}

static void greet(void *data)
{
	struct redis *r = data;
	char db[16];

	r->state = GREET;
	r->reader = need(redisReaderCreate());
	if (*r->url.user)
		greet_word(r, on_greeted, "AUTH", r->url.user, r->url.password);
	else if (*r->url.password)
		greet_word(r, on_greeted, "AUTH", r->url.password, NULL);
	if (r->url.nsentinels)
		greet_word(r, on_role, "ROLE", NULL, NULL);
	snprintf(db, sizeof(db), "%d", r->url.db);
	if (r->url.db)
		greet_word(r, on_greeted, "SELECT", db, NULL);
	for (size_t i = 0; r->scripts && r->scripts[i]; i++)
		greet_word(r, on_greeted, "SCRIPT", "LOAD", r->scripts[i]->text);
	greet_word(r, on_ready, "PING", NULL, NULL);
}

static void on_lost(const char *why, void *data)
{
	connection_lost(data, why);
}

static void connect_to(struct redis *r, const struct redis_place *to)
{
	static const struct redis_link_events ev = { greet, on_bytes, on_lost };

	r->state = CONNECT;
	r->link = redis_link_new(r->loop, to, r->tries - 1, &ev, r);
}

static void on_told(const struct redis_place *master, const char *why, void *data)
{
	struct redis *r = data;

	if (!master) {
		connection_lost(r, why);
		return;
	}
	connect_to(r, master);
	redis_sentinel_free(r->sentinel);
	r->sentinel = NULL;
}

/* A name may have an address at which nobody listens, a sentinel may know less
 * than another: tries take turns. */
static void begin(struct redis *r)
{
	r->tries++;
	if (!r->url.nsentinels) {
		connect_to(r, &r->url.at);
		return;
	}
	r->state = ASK;
	r->sentinel = redis_sentinel_ask(r->loop, &r->url, r->tries - 1, on_told, r);
}

static void on_timer(void *data)
{
	struct redis *r = data;

	switch (r->state) {
	case DOWN:
		begin(r);
		return;
	case ASK:
	case CONNECT:
		return;                 /* these have deadlines of their own */
	case GREET:
	case UP:
		if (r->pending.count && r->pending.at[r->pending.head].deadline <= loop_now_ms(r->loop))
			connection_lost(r, "no answer in time");
		else
			watch_deadline(r);
		return;
	}
}

struct redis *redis_new(struct loop *loop, const char *url,
			const struct redis_script *const *scripts,
			redis_state_cb *state, void *data, struct err *err)
{
	struct redis *r = need(calloc(1, sizeof(*r)));

	if (redis_url_parse(&r->url, url, err) < 0) {
		free(r);
		return NULL;
	}
	r->loop = loop;
	r->scripts = scripts;
	r->on_state = state;
	r->data = data;
	r->timer = timer_new(loop, on_timer, r);
	timer_set(r->timer, 0);
	return r;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	r->freed = true;
	r->busy++;
	r->state = DOWN;
	r->on_state = NULL;
	drop_link(r);
	timer_free(r->timer);
	fail_pending(r, "shut down");
	r->busy--;
	release(r);
}

void redis_set_quiet(struct redis *r)
{
	r->quiet = true;
}

bool redis_up(const struct redis *r)
{
	return r->state == UP;
}

struct loop *redis_loop(const struct redis *r)
{
	return r->loop;
}

const char *redis_why(const struct redis *r)
{
	return r->why;
}
