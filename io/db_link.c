/* db_link.c - a PGconn on the loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_addr.h"
#include "db_link.h"
#include "log.h"
#include "loop_uv.h"
#include "mem.h"

/* One descriptor that is polled. libpq may change sockets while it connects:
 * then the old one is closed and a new one made. */
struct sock {
	uv_poll_t uv;
	int fd;
	struct db_link *link;   /* NULL: closing */
};

struct db_link {
	struct loop *loop;                      /* borrowed */
	char *conninfo, *application_name;      /* owned */
	bool writes;
	const struct db_link_events *events;    /* borrowed */
	void *data;
	struct db_addr *addr;                   /* while the name is looked up */
	PGconn *pg;
	struct sock *sock;
	struct timer *deadline;                 /* of opening */
	int64_t timeout_ms;
	bool open;
};

/* --- what is watched ----------------------------------------------------- */

static void on_sock_closed(uv_handle_t *h)
{
	free(container_of(h, struct sock, uv));
}

static void unwatch(struct db_link *l)
{
	if (!l->sock)
		return;
	l->sock->link = NULL;
	uv_close((uv_handle_t *)&l->sock->uv, on_sock_closed);
	l->sock = NULL;
}

static void on_ready(uv_poll_t *uv, int status, int events);

/* Returns -1 if the descriptor cannot be polled. */
static int watch(struct db_link *l, int events)
{
	int fd = PQsocket(l->pg);

	if (l->sock && l->sock->fd != fd)
		unwatch(l);
	if (!l->sock) {
		struct sock *s = need(calloc(1, sizeof(*s)));

		if (fd < 0 || uv_poll_init(loop_uv(l->loop), &s->uv, fd) < 0) {
			free(s);
			return -1;
		}
		s->fd = fd;
		s->link = l;
		l->sock = s;
	}
	return uv_poll_start(&l->sock->uv, events, on_ready) < 0 ? -1 : 0;
}

int db_link_flush(struct db_link *l)
{
	int left = PQflush(l->pg);

	if (left < 0)
		return -1;
	return watch(l, UV_READABLE | (left ? UV_WRITABLE : 0));
}

/* --- its end -------------------------------------------------------------- */

/* Always in this order: libuv lets go of the descriptor before libpq closes it. */
void db_link_close(struct db_link *l)
{
	db_addr_cancel(l->addr);
	l->addr = NULL;
	unwatch(l);
	timer_stop(l->deadline);
	PQfinish(l->pg);
	l->pg = NULL;
	l->open = false;
}

void db_link_lost(struct db_link *l, const char *why)
{
	/* Copied: the message goes with the connection. */
	char text[256];

	if (!why)
		why = l->pg ? PQerrorMessage(l->pg) : "";
	if (!*why)
		why = "the connection was lost";
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(why, "\n"), why);
	db_link_close(l);
	l->events->lost(text, l->data);
}

static void on_deadline(void *data)
{
	struct db_link *l = data;
	char why[64];

	snprintf(why, sizeof(why), "no connection within %.3g s", (double)l->timeout_ms / 1000);
	db_link_lost(l, why);
}

/* --- its beginning --------------------------------------------------------- */

static void on_notice(void *data, const PGresult *res)
{
	struct db_link *l = data;
	const char *msg = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	log_debug("database notice: %s", msg ? msg : "");
	if (l->events->notice && msg)
		l->events->notice(msg, l->data);
}

static void opened(struct db_link *l)
{
	if (PQsetnonblocking(l->pg, 1) < 0 || watch(l, UV_READABLE) < 0) {
		db_link_lost(l, NULL);
		return;
	}
	timer_stop(l->deadline);
	l->open = true;
	l->events->opened(l->data);
}

static void go_on_connecting(struct db_link *l)
{
	int rc = 0;

	uv_poll_stop(&l->sock->uv);     /* PQconnectPoll() may close this socket */
	switch (PQconnectPoll(l->pg)) {
	case PGRES_POLLING_READING:
		rc = watch(l, UV_READABLE);
		break;
	case PGRES_POLLING_WRITING:
		rc = watch(l, UV_WRITABLE);
		break;
	case PGRES_POLLING_OK:
		opened(l);
		return;
	default:
		rc = -1;
	}
	if (rc < 0)
		db_link_lost(l, NULL);
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
	struct db_link *l = container_of(uv, struct sock, uv)->link;

	if (!l)
		return;
	if (status < 0)                 /* let libpq find out what is wrong */
		events = UV_READABLE | UV_WRITABLE;
	if (l->open)
		l->events->ready(events, l->data);
	else
		go_on_connecting(l);
}

static void on_addr(const char *const *keys, const char *const *values,
		    const struct err *err, void *data)
{
	struct db_link *l = data;

	l->addr = NULL;
	if (err) {
		db_link_lost(l, err->msg);
		return;
	}
	l->pg = need(PQconnectStartParams(keys, values, 0));
	PQsetNoticeReceiver(l->pg, on_notice, l);
	if (PQstatus(l->pg) == CONNECTION_BAD || watch(l, UV_WRITABLE) < 0)
		db_link_lost(l, NULL);
}

/* --- what the header promised --------------------------------------------- */

struct db_link *db_link_new(struct loop *loop, const char *conninfo, const char *application_name, bool writes,
			    const struct db_link_events *events, void *data)
{
	struct db_link *l = need(calloc(1, sizeof(*l)));

	l->loop = loop;
	l->conninfo = need_copy(conninfo);
	l->application_name = need_copy(application_name);
	l->writes = writes;
	l->events = events;
	l->data = data;
	l->deadline = timer_new(loop, on_deadline, l);
	return l;
}

void db_link_free(struct db_link *l)
{
	db_link_close(l);
	timer_free(l->deadline);
	free(l->conninfo);
	free(l->application_name);
	free(l);
}

void db_link_open(struct db_link *l, int64_t timeout_ms, unsigned attempt)
{
	l->timeout_ms = timeout_ms;
	timer_set(l->deadline, timeout_ms);
	l->addr = db_addr_find(l->loop, l->conninfo, l->application_name, l->writes, attempt, on_addr, l);
}

PGconn *db_link_pg(const struct db_link *l)
{
	return l->pg;
}
