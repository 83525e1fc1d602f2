/* redis_link.c - one connection's way to a Redis.
 *
 *      RESOLVE --> CONNECT --> OPEN
 *         |           |          |
 *         +-----------+----------+--> lost(why)
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
#include "resolve.h"

#define CONNECT_MS      5000
#define KEEPALIVE_S     5
#define READ_SIZE       (64 * 1024)

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
	bool over;                      /* lost or freed: no event any more */
	struct resolve *resolve;        /* NULL: there is a stream */
	struct timer *timer;
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
	lose(data, "no connection within 5 s");
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

void redis_link_write(struct redis_link *link, const char *bytes, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
	int n = uv_try_write(&link->uv.stream, &buf, 1);
	size_t done = n > 0 ? (size_t)n : 0;
	struct write *w;

	if (done == len)
		return;
	w = malloc(sizeof(*w) + len - done);
	if (!w)
		abort();
	memcpy(w->bytes, bytes + done, len - done);
	buf = uv_buf_init(w->bytes, (unsigned)(len - done));
	if (uv_write(&w->uv, &link->uv.stream, &buf, 1, on_written) < 0)
		free(w);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct redis_link *link = handle->data;

	(void)suggested;
	*buf = uv_buf_init(link->read_buf, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct redis_link *link = stream->data;

	if (link->over || !n)
		return;
	if (n < 0)
		lose(link, n == UV_EOF ? "it closed the connection" : uv_strerror((int)n));
	else
		link->ev.bytes(buf->base, (size_t)n, link->data);
}

/* ---- up and down ---- */

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
	timer_stop(link->timer);
	uv_read_start(&link->uv.stream, on_alloc, on_read);
	link->ev.open(link->data);
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
	struct redis_link *link = calloc(1, sizeof(*link));

	if (!link || !(link->read_buf = malloc(READ_SIZE)))
		abort();
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
