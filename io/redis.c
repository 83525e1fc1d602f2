/* redis.c - one connection to Redis on the loop, kept up.
 *
 *      RESOLVE --> CONNECT --> GREET (AUTH, SELECT, scripts) --> UP
 *         ^           |          |                                |
 *         |           v          v                                |
 *         +------- DOWN <-----------------------------------------+
 *           back-off with jitter
 *
 * hiredis formats commands and parses replies; the socket is a libuv stream,
 * since hiredis' own adapter of 0.14 swallows poll errors and has no connect
 * timeout. Commands of one loop turn leave in one write.
 *
 * A connection lives in a struct link of its own, freed in its stream's close
 * callback; struct redis goes from link to link. */
#include "redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "log.h"
#include "loop_uv.h"
#include "noise.h"
#include "redis_url.h"
#include "resolve.h"

#define CONNECT_MS      5000
#define DEADLINE_MS     5000    /* a dropped connection is noticed well within 15 s */
#define BACKOFF_MIN_MS  50
#define BACKOFF_MAX_MS  2000
#define PROBATION_MS    3000    /* connected, it may still refuse all that matters */
#define KEEPALIVE_S     5
#define READ_SIZE       (64 * 1024)

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

struct link {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	uv_connect_t connect;
	struct redis *redis;    /* NULL once abandoned */
	char *read_buf;
};

enum state { DOWN, RESOLVE, CONNECT, GREET, UP };

struct redis {
	struct loop *loop;
	struct redis_url url;
	const struct redis_script *const *scripts;
	redis_state_cb *on_state;
	void *data;

	enum state state;
	struct link *link;
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
		struct request *at = malloc(size * sizeof(*at));

		if (!at)
			abort();
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

struct write {
	uv_write_t uv;
	char bytes[];
};

static void on_written(uv_write_t *req, int status)
{
	(void)status;           /* a broken stream reports itself when read */
	free(req);
}

static void write_all(struct redis *r)
{
	uv_stream_t *stream = &r->link->uv.stream;
	uv_buf_t buf = uv_buf_init(r->out, (unsigned)r->out_len);
	int n = uv_try_write(stream, &buf, 1);
	size_t done = n > 0 ? (size_t)n : 0;
	struct write *w;

	if (done < r->out_len) {
		w = malloc(sizeof(*w) + r->out_len - done);
		if (!w)
			abort();
		memcpy(w->bytes, r->out + done, r->out_len - done);
		buf = uv_buf_init(w->bytes, (unsigned)(r->out_len - done));
		if (uv_write(&w->uv, stream, &buf, 1, on_written) < 0)
			free(w);
	}
	r->out_len = 0;
}

static void on_flush(void *data)
{
	struct redis *r = data;

	r->busy--;
	r->flush_due = false;
	if (!r->freed && r->out_len && (r->state == UP || r->state == GREET))
		write_all(r);
	release(r);
}

static void out_append(struct redis *r, const char *bytes, size_t len)
{
	if (r->out_len + len > r->out_size) {
		size_t size = (r->out_len + len) * 2;
		char *out = realloc(r->out, size);

		if (!out)
			abort();
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
	struct refusal *ref = malloc(sizeof(*ref));

	if (!ref)
		abort();
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

#define WORDS_MAX 32

static int collect(const char **argv, va_list ap)
{
	int argc = 0;
	const char *word;

	while ((word = va_arg(ap, const char *)) && argc < WORDS_MAX)
		argv[argc++] = word;
	return argc;
}

void redis_call(struct redis *r, redis_cb *cb, void *data, ...)
{
	const char *argv[WORDS_MAX];
	va_list ap;
	int argc;

	va_start(ap, data);
	argc = collect(argv, ap);
	va_end(ap);
	redis_send(r, argc, argv, NULL, 0, cb, data);
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
	struct link *link = r->link;
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

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct link *link = handle->data;

	(void)suggested;
	*buf = uv_buf_init(link->read_buf, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct link *link = stream->data;
	struct redis *r = link->redis;

	if (!r || !n)
		return;
	if (n < 0) {
		connection_lost(r, n == UV_EOF ? "it closed the connection" : uv_strerror((int)n));
		return;
	}
	redisReaderFeed(r->reader, buf->base, (size_t)n);
	consume(r);
}

/* ---- up and down ---- */

static void on_link_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	free(link->read_buf);
	free(link);
}

static void drop_link(struct redis *r)
{
	if (r->link) {
		r->link->redis = NULL;
		uv_close(&r->link->uv.handle, on_link_closed);
		r->link = NULL;
	}
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

static void greet_word(struct redis *r, redis_cb *cb, const char *a, const char *b, const char *c)
{
	const char *argv[] = { a, b, c };

	enqueue(r, c ? 3 : b ? 2 : 1, argv, NULL, 0, cb, r);
}

static void greet(struct redis *r)
{
	char db[16];

	r->state = GREET;
	r->reader = redisReaderCreate();
	if (!r->reader)
		abort();
	if (*r->url.user)
		greet_word(r, on_greeted, "AUTH", r->url.user, r->url.password);
	else if (*r->url.password)
		greet_word(r, on_greeted, "AUTH", r->url.password, NULL);
	snprintf(db, sizeof(db), "%d", r->url.db);
	if (r->url.db)
		greet_word(r, on_greeted, "SELECT", db, NULL);
	for (size_t i = 0; r->scripts && r->scripts[i]; i++)
		greet_word(r, on_greeted, "SCRIPT", "LOAD", r->scripts[i]->text);
	greet_word(r, on_ready, "PING", NULL, NULL);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct link *link = req->data;
	struct redis *r = link->redis;

	if (!r)
		return;
	if (status < 0) {
		connection_lost(r, uv_strerror(status));
		return;
	}
	if (!*r->url.path) {
		uv_tcp_nodelay(&link->uv.tcp, 1);
		uv_tcp_keepalive(&link->uv.tcp, 1, KEEPALIVE_S);
	}
	uv_read_start(&link->uv.stream, on_alloc, on_read);
	greet(r);
}

static struct link *link_new(struct redis *r)
{
	struct link *link = calloc(1, sizeof(*link));
	uv_loop_t *uv = loop_uv(r->loop);

	if (!link || !(link->read_buf = malloc(READ_SIZE)))
		abort();
	link->redis = r;
	if (*r->url.path)
		uv_pipe_init(uv, &link->uv.pipe, 0);
	else
		uv_tcp_init(uv, &link->uv.tcp);
	link->uv.handle.data = link;
	link->connect.data = link;
	r->link = link;
	return link;
}

static void connect_unix(struct redis *r)
{
	struct link *link = link_new(r);

	r->state = CONNECT;
	timer_set(r->timer, CONNECT_MS);
	uv_pipe_connect(&link->connect, &link->uv.pipe, r->url.path, on_connected);
}

static void on_resolved(const char *ip, const struct err *err, void *data)
{
	struct redis *r = data;
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } addr;
	struct link *link;
	int rc;

	r->busy--;
	if (r->freed || r->state != RESOLVE) {
		release(r);
		return;
	}
	if (err) {
		connection_lost(r, err->msg);
		return;
	}
	if (uv_ip4_addr(ip, r->url.port, &addr.v4) < 0)
		uv_ip6_addr(ip, r->url.port, &addr.v6);
	link = link_new(r);
	r->state = CONNECT;
	timer_set(r->timer, CONNECT_MS);
	rc = uv_tcp_connect(&link->connect, &link->uv.tcp, &addr.any, on_connected);
	if (rc < 0)
		connection_lost(r, uv_strerror(rc));
}

static void on_timer(void *data)
{
	struct redis *r = data;

	switch (r->state) {
	case DOWN:
		if (*r->url.path) {
			connect_unix(r);
			return;
		}
		r->state = RESOLVE;
		r->busy++;
		/* A name may have an address at which nobody listens: take turns. */
		resolve_nth(r->loop, r->url.host, r->tries++, on_resolved, r);
		return;
	case RESOLVE:
		return;
	case CONNECT:
		connection_lost(r, "no connection within 5 s");
		return;
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
	struct redis *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
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

/* ---- one after another ---- */

struct ask {
	bool done;
	struct redis_value *value;
	struct err *err;
	int rc;
};

static redisReply *copy_reply(const redisReply *from)
{
	redisReply *to = calloc(1, sizeof(*to));

	if (!to)
		abort();
	to->type = from->type;
	to->integer = from->integer;
	if (from->str) {
		to->str = malloc(from->len + 1);
		if (!to->str)
			abort();
		memcpy(to->str, from->str, from->len);
		to->str[from->len] = '\0';
		to->len = from->len;
	}
	if (from->elements) {
		to->element = calloc(from->elements, sizeof(*to->element));
		if (!to->element)
			abort();
		to->elements = from->elements;
		for (size_t i = 0; i < from->elements; i++)
			to->element[i] = copy_reply(from->element[i]);
	}
	return to;
}

static void on_asked(const struct redis_value *value, const struct err *err, void *data)
{
	struct ask *ask = data;

	ask->done = true;
	if (err)
		*ask->err = *err;
	else
		ask->value = (struct redis_value *)copy_reply((const redisReply *)value);
}

static void on_tick(void *data)
{
	(void)data;                     /* only wakes the loop */
}

static int wait_up(struct redis *r, struct err *err)
{
	int64_t end = loop_now_ms(r->loop) + CONNECT_MS;
	struct timer *tick = timer_new(r->loop, on_tick, NULL);

	while (r->state != UP && loop_now_ms(r->loop) < end) {
		timer_set(tick, end - loop_now_ms(r->loop));
		loop_run_once(r->loop);
	}
	timer_free(tick);
	if (r->state == UP)
		return 0;
	return err_set(err, ERR_HOLD, "redis_unavailable", "Redis could not be reached within 5 s");
}

struct redis_value *redis_ask_argv(struct redis *r, int argc, const char *const *argv,
				   const size_t *lens, struct err *err)
{
	struct ask ask = { .err = err };

	if (wait_up(r, err) < 0)
		return NULL;
	redis_send(r, argc, argv, lens, 0, on_asked, &ask);
	while (!ask.done)
		loop_run_once(r->loop);
	return ask.value;
}

struct redis_value *redis_ask(struct redis *r, struct err *err, ...)
{
	const char *argv[WORDS_MAX];
	va_list ap;
	int argc;

	va_start(ap, err);
	argc = collect(argv, ap);
	va_end(ap);
	return redis_ask_argv(r, argc, argv, NULL, err);
}

void redis_value_free(struct redis_value *value)
{
	freeReplyObject(value);
}

/* ---- values ---- */

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
