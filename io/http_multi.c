/* http_multi.c - libcurl's multi handles on the loop.
 *
 * A multi handle slows with the number of its requests, so each takes a bounded
 * number and more are made as they are needed. libcurl says through callbacks
 * what it wants watched; it is only ever called from the loop, never from
 * within a callback of its own.
 *
 *      libcurl wants --> a socket watched, a timer set --> the loop --> act --> done */
#include "http_multi.h"

#include <stdlib.h>

#include "loop_uv.h"
#include "mem.h"

#define MULTI_MAX 256           /* requests in flight on one multi handle */

struct http_multis {
	struct loop *loop;              /* borrowed */
	http_multi_cb *done;
	struct http_multi *first;       /* owned */
};

struct http_multi {
	struct http_multi *next;
	struct http_multis *all;
	CURLM *curl;
	struct timer *timer;
	int inflight;
};

struct sock {                   /* one descriptor that libcurl wants watched */
	uv_poll_t uv;
	curl_socket_t fd;
	struct http_multi *multi;       /* NULL: closing */
};

/* --- what libcurl calls: nothing here may call libcurl --------------------- */

static int on_want_timer(CURLM *curl, long ms, void *data)
{
	struct http_multi *m = data;

	(void)curl;
	if (ms < 0)
		timer_stop(m->timer);
	else
		timer_set(m->timer, ms);
	return 0;
}

static void on_sock_closed(uv_handle_t *h)
{
	free(container_of(h, struct sock, uv));
}

static void on_ready(uv_poll_t *uv, int status, int events);

static struct sock *sock_new(struct http_multi *m, curl_socket_t fd)
{
	struct sock *s = need(calloc(1, sizeof(*s)));

	if (uv_poll_init_socket(loop_uv(m->all->loop), &s->uv, fd) < 0) {
		free(s);
		return NULL;
	}
	s->fd = fd;
	s->multi = m;
	return s;
}

static int on_want_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *of_socket)
{
	struct http_multi *m = data;
	struct sock *s = of_socket;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			curl_multi_assign(m->curl, fd, NULL);   /* allowed here by its manual */
			s->multi = NULL;
			uv_close((uv_handle_t *)&s->uv, on_sock_closed);
		}
		return 0;
	}
	if (!s) {
		s = sock_new(m, fd);
		if (!s)
			return -1;
		curl_multi_assign(m->curl, fd, s);
	}
	uv_poll_start(&s->uv, (what & CURL_POLL_IN ? UV_READABLE : 0) |
			      (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_ready);
	return 0;
}

/* --- what the loop calls ---------------------------------------------------- */

static void take_done(struct http_multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)))
		if (msg->msg == CURLMSG_DONE)
			m->all->done(msg->easy_handle, msg->data.result);
}

static void act(struct http_multi *m, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(m->curl, fd, events, &running);
	take_done(m);
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
	struct sock *s = container_of(uv, struct sock, uv);
	int what = 0;

	if (!s->multi)
		return;
	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	act(s->multi, s->fd, what);
}

static void on_timer(void *data)
{
	act(data, CURL_SOCKET_TIMEOUT, 0);
}

/* --- what the header promised ----------------------------------------------- */

static struct http_multi *with_room(struct http_multis *all)
{
	struct http_multi *m = all->first;

	while (m && m->inflight >= MULTI_MAX)
		m = m->next;
	if (m)
		return m;
	m = need(calloc(1, sizeof(*m)));
	m->next = all->first;
	all->first = m;
	m->all = all;
	m->timer = timer_new(all->loop, on_timer, m);
	m->curl = need(curl_multi_init());
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_want_socket);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)MULTI_MAX);
	return m;
}

struct http_multis *http_multis_new(struct loop *loop, http_multi_cb *done)
{
	struct http_multis *all = need(calloc(1, sizeof(*all)));

	all->loop = loop;
	all->done = done;
	return all;
}

void http_multis_free(struct http_multis *all)
{
	struct http_multi *m;

	while ((m = all->first)) {
		all->first = m->next;
		curl_multi_cleanup(m->curl);    /* may still want sockets removed */
		timer_free(m->timer);
		free(m);
	}
	free(all);
}

struct http_multi *http_multis_add(struct http_multis *all, CURL *easy)
{
	struct http_multi *m = with_room(all);

	m->inflight++;
	if (curl_multi_add_handle(m->curl, easy) != CURLM_OK)
		abort();
	return m;
}

void http_multi_remove(struct http_multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->curl, easy);
	m->inflight--;
}
