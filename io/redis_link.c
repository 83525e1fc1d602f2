/* redis_link.c - one connection's way to a Redis.
 *
 *      RESOLVE --> CONNECT --> SHAKE HANDS (rediss://) --> OPEN
 *         |           |             |                       |
 *         +-----------+-------------+-----------------------+--> lost(why)
 *
 * The socket is a libuv stream, since hiredis' own adapter of 0.14 swallows
 * poll errors and has no connect timeout.
 *
 * Once there is a stream the link lives until the stream's close callback,
 * whatever its owner does in an event. */
#include "redis_link.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "loop_uv.h"
#include "mem.h"
#include "redis_tls.h"
#include "resolve.h"

#define CONNECT_MS      4000    /* who waits 5 s for it (redis_ask) is told why */
#define KEEPALIVE_S     5
#define BUF_SIZE       (64 * 1024)

struct redis_link {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	uv_connect_t connect;
	struct loop *loop;
	struct redis_place to;
	struct redis_link_events ev;
	void *data;
	bool open;
	bool over;                      /* lost or freed: no event any more */
	struct resolve *resolve;        /* NULL: there is a stream */
	struct timer *timer;
	struct redis_tls *tls;          /* NULL: bytes go as they are */
	char *read_buf;
};

static void lose(struct redis_link *link, const char *why)
{
	if (link->over)
		return;
	link->over = true;
	link->ev.lost(why, link->data);
}

static void on_timer(void *data)
{
	struct redis_link *link = data;

	lose(link, link->tls ? "no TLS handshake within 4 s: is this its tls-port?" : "no connection within 4 s");
}

/* ---- bytes ---- */

struct write {
	uv_write_t uv;
	char bytes[];
};

static void on_written(uv_write_t *req, int status)
{
	(void)status;           /* a broken stream reports itself when read */
	free(req);
}

static void send_bytes(struct redis_link *link, const char *bytes, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
	int n = uv_try_write(&link->uv.stream, &buf, 1);
	size_t done = n > 0 ? (size_t)n : 0;
	struct write *w;

	if (done == len)
		return;
	w = need(malloc(sizeof(*w) + len - done));
	memcpy(w->bytes, bytes + done, len - done);
	buf = uv_buf_init(w->bytes, (unsigned)(len - done));
	if (uv_write(&w->uv, &link->uv.stream, &buf, 1, on_written) < 0)
		free(w);
}

static void send_tls(struct redis_link *link)
{
	char buf[BUF_SIZE];
	size_t len;

	while ((len = redis_tls_take(link->tls, buf, sizeof(buf))))
		send_bytes(link, buf, len);
}

void redis_link_write(struct redis_link *link, const char *bytes, size_t len)
{
	if (!link->tls) {
		send_bytes(link, bytes, len);
		return;
	}
	redis_tls_write(link->tls, bytes, len);
	send_tls(link);
}

static void open_up(struct redis_link *link)
{
	link->open = true;
	timer_stop(link->timer);
	link->ev.open(link->data);
}

static void shake(struct redis_link *link)
{
	struct err err;
	int done = redis_tls_shake(link->tls, &err);

	send_tls(link);                 /* an alert too tells the server why */
	if (done < 0)
		lose(link, err.msg);
	else if (done)
		open_up(link);
}

/* The buffer was fed: it serves for what was in it. */
static void read_tls(struct redis_link *link)
{
	struct err err;
	ssize_t n;

	while (!link->over && (n = redis_tls_read(link->tls, link->read_buf, BUF_SIZE, &err))) {
		if (n < 0)
			lose(link, err.msg);
		else
			link->ev.bytes(link->read_buf, (size_t)n, link->data);
	}
	if (!link->over)
		send_tls(link);         /* TLS may have had a word to say itself */
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct redis_link *link = handle->data;

	(void)suggested;
	*buf = uv_buf_init(link->read_buf, BUF_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct redis_link *link = stream->data;

	if (link->over || !n)
		return;
	if (n < 0) {
		lose(link, n == UV_EOF ? "it closed the connection" : uv_strerror((int)n));
	} else if (link->tls) {
		redis_tls_feed(link->tls, buf->base, (size_t)n);
		if (!link->open)
			shake(link);
		if (link->open)
			read_tls(link);
	} else {
		link->ev.bytes(buf->base, (size_t)n, link->data);
	}
}

/* ---- up and down ---- */

static void begin_tls(struct redis_link *link)
{
	struct err err;

	link->tls = redis_tls_new(link->to.host, &err);
	if (link->tls)
		shake(link);
	else
		lose(link, err.msg);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct redis_link *link = req->data;

	if (link->over)
		return;
	if (status < 0) {
		lose(link, uv_strerror(status));
		return;
	}
	if (!*link->to.path) {
		uv_tcp_nodelay(&link->uv.tcp, 1);
		uv_tcp_keepalive(&link->uv.tcp, 1, KEEPALIVE_S);
	}
	uv_read_start(&link->uv.stream, on_alloc, on_read);
	if (link->to.tls)
		begin_tls(link);
	else
		open_up(link);
}

static void connect_unix(struct redis_link *link)
{
	uv_pipe_init(loop_uv(link->loop), &link->uv.pipe, 0);
	link->uv.handle.data = link;
	timer_set(link->timer, CONNECT_MS);
	uv_pipe_connect(&link->connect, &link->uv.pipe, link->to.path, on_connected);
}

static void on_resolved(const char *ip, const struct err *err, void *data)
{
	struct redis_link *link = data;
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } addr;
	int rc;

	link->resolve = NULL;
	uv_tcp_init(loop_uv(link->loop), &link->uv.tcp);
	link->uv.handle.data = link;
	if (err) {
		lose(link, err->msg);
		return;
	}
	if (uv_ip4_addr(ip, link->to.port, &addr.v4) < 0)
		uv_ip6_addr(ip, link->to.port, &addr.v6);
	timer_set(link->timer, CONNECT_MS);
	rc = uv_tcp_connect(&link->connect, &link->uv.tcp, &addr.any, on_connected);
	if (rc < 0)
		lose(link, uv_strerror(rc));
}

struct redis_link *redis_link_new(struct loop *loop, const struct redis_place *to, unsigned attempt,
				  const struct redis_link_events *ev, void *data)
{
	struct redis_link *link = need(calloc(1, sizeof(*link)));

	link->read_buf = need(malloc(BUF_SIZE));
	link->loop = loop;
	link->to = *to;
	link->ev = *ev;
	link->data = data;
	link->connect.data = link;
	link->timer = timer_new(loop, on_timer, link);
	if (*to->path)
		connect_unix(link);
	else
		link->resolve = resolve_nth(loop, to->host, attempt, on_resolved, link);
	return link;
}

static void release(struct redis_link *link)
{
	redis_tls_free(link->tls);
	free(link->read_buf);
	free(link);
}

static void on_closed(uv_handle_t *handle)
{
	release(handle->data);
}

void redis_link_free(struct redis_link *link)
{
	if (!link)
		return;
	link->over = true;
	timer_free(link->timer);
	if (link->resolve) {
		resolve_cancel(link->resolve);
		release(link);
	} else {
		uv_close(&link->uv.handle, on_closed);
	}
}
