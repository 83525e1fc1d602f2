/* db_session.c - one connection of one's own, one text at a time.
 *
 *      CLOSED --run--> OPENING --> SETTING UP --> RUNNING <--run--> READY
 *        ^                |            |             |               |
 *        +----------------+------------+-------------+---------------+
 *
 * A session that is freed while it runs is cancelled by a thread of its own,
 * because PQcancel() blocks; its socket is closed at once all the same. */
#include "db_session.h"

#include <stdlib.h>

#include "db_error.h"
#include "db_link.h"
#include "loop_uv.h"
#include "mem.h"

/* Without the first (new in PostgreSQL 14), a server goes on with the statement
 * of a client that was killed. */
#define SETUP \
	"SELECT set_config('client_connection_check_interval', '2000', false)" \
	" WHERE current_setting('client_connection_check_interval', true) IS NOT NULL;" \
	"SET statement_timeout = 0; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '5min'"

const char db_session_reset[] = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;" SETUP;

enum session_state { SESSION_CLOSED, SESSION_OPENING, SESSION_SETUP, SESSION_RUNNING, SESSION_READY };

struct db_session {
	struct loop *loop;              /* borrowed */
	struct db_link *link;           /* owned */
	enum session_state state;
	unsigned attempt;
	struct err lost;                /* code set: lost while READY, not told yet */
	char *text;                     /* owned: what is to be run, or runs */
	char *params[DB_SESSION_PARAMS];        /* owned */
	int nparams;                    /* -1: by the simple protocol */
	PGresult *result;               /* the last one */
	PGresult *error;                /* of the text that failed, until the next one */
	db_session_cb *cb;              /* NULL: nothing is asked */
	void *data;
	void (*on_notice)(const char *message, void *data);
	void *notice_data;
	bool freed;
};

/* --- cancelling ------------------------------------------------------------ */

struct cancel {
	uv_work_t work;
	PGcancel *pg;
};

static void do_cancel(uv_work_t *work)
{
	char why[256];

	/* Nothing to be done where it fails: the statement ends by itself. */
	PQcancel(container_of(work, struct cancel, work)->pg, why, sizeof(why));
}

static void on_cancelled(uv_work_t *work, int status)
{
	struct cancel *c = container_of(work, struct cancel, work);

	(void)status;
	PQfreeCancel(c->pg);
	free(c);
}

void db_session_cancel(struct db_session *s)
{
	struct cancel *c;

	if (s->state != SESSION_RUNNING)
		return;
	c = need(calloc(1, sizeof(*c)));
	c->pg = PQgetCancel(db_link_pg(s->link));
	if (!c->pg || uv_queue_work(loop_uv(s->loop), &c->work, do_cancel, on_cancelled) < 0) {
		PQfreeCancel(c->pg);
		free(c);
	}
}

/* --- its end ---------------------------------------------------------------- */

static void forget_text(struct db_session *s)
{
	free(s->text);
	s->text = NULL;
	for (int i = 0; i < DB_SESSION_PARAMS; i++) {
		free(s->params[i]);
		s->params[i] = NULL;
	}
}

static void on_free(void *data)
{
	struct db_session *s = data;

	db_link_free(s->link);
	PQclear(s->result);
	PQclear(s->error);
	forget_text(s);
	free(s);
}

/* Tells the caller, who may free us or run the next text. */
static void answer(struct db_session *s, const struct err *err)
{
	db_session_cb *cb = s->cb;
	PGresult *result = s->result;

	s->cb = NULL;
	s->result = NULL;
	forget_text(s);
	if (cb && !s->freed)
		cb(err ? NULL : (const struct db_rows *)result, err, s->data);
	PQclear(result);
}

static void on_lost(const char *why, void *data)
{
	struct db_session *s = data;
	struct err err;

	/* What the server said before it hung up tells more. */
	err_set(&err, ERR_HOLD, "db_unavailable", "%s",
		s->cb && s->error ? PQresultErrorField(s->error, PG_DIAG_MESSAGE_PRIMARY) : why);
	if (!s->cb)
		s->lost = err;
	s->state = SESSION_CLOSED;
	s->attempt++;
	answer(s, &err);
}

/* --- a text ------------------------------------------------------------------ */

static int send_text(struct db_session *s)
{
	PGconn *pg = db_link_pg(s->link);
	int ok;

	if (s->state == SESSION_SETUP)
		ok = PQsendQuery(pg, SETUP);
	else if (s->nparams < 0)
		ok = PQsendQuery(pg, s->text);
	else
		ok = PQsendQueryParams(pg, s->text, s->nparams, NULL, (const char *const *)s->params,
				       NULL, NULL, 0);
	return ok ? db_link_flush(s->link) : -1;
}

static void enter(struct db_session *s, enum session_state next)
{
	s->state = next;
	if (send_text(s) < 0)
		db_link_lost(s->link, NULL);
}

static void finished(struct db_session *s)
{
	struct err err;

	if (s->error && db_error_is_fatal(s->error)) {
		db_link_lost(s->link, NULL);
	} else if (s->state == SESSION_SETUP) {
		if (s->error)
			db_link_lost(s->link, PQresultErrorMessage(s->error));
		else
			enter(s, SESSION_RUNNING);
	} else {
		s->state = SESSION_READY;
		if (s->error)
			db_error_set(&err, s->error, "statement");
		answer(s, s->error ? &err : NULL);
	}
}

/* Returns -1 where the connection cannot go on: COPY, which nothing here can
 * feed, and libpq's own errors, which have no SQLSTATE. */
static int take(struct db_session *s, PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);
	bool failed = status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
	PGresult **to = failed ? &s->error : &s->result;

	if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
	    (failed && !PQresultErrorField(res, PG_DIAG_SQLSTATE))) {
		PQclear(res);
		return -1;
	}
	PQclear(*to);
	*to = res;
	return 0;
}

static void take_results(struct db_session *s)
{
	while (!s->freed && (s->state == SESSION_SETUP || s->state == SESSION_RUNNING) &&
	       !PQisBusy(db_link_pg(s->link))) {
		PGresult *res = PQgetResult(db_link_pg(s->link));

		if (!res)
			finished(s);
		else if (take(s, res) < 0)
			db_link_lost(s->link, NULL);
	}
}

static void on_opened(void *data)
{
	enter(data, SESSION_SETUP);
}

static void ready(struct db_session *s, int events)
{
	PGconn *pg = db_link_pg(s->link);

	if (events & UV_READABLE && !PQconsumeInput(pg)) {
		take_results(s);
		if (s->state != SESSION_CLOSED)
			db_link_lost(s->link, NULL);
	} else if (s->state == SESSION_READY) {
		PQisBusy(pg);           /* has libpq read what came unasked */
		if (PQstatus(pg) == CONNECTION_BAD)
			db_link_lost(s->link, NULL);
	} else if (db_link_flush(s->link) < 0) {
		db_link_lost(s->link, NULL);
	} else {
		take_results(s);
	}
}

static void on_ready(int events, void *data)
{
	struct db_session *s = data;

	if (!s->freed)
		ready(s, events);
}

static void on_notice(const char *message, void *data)
{
	struct db_session *s = data;

	if (s->on_notice && !s->freed)
		s->on_notice(message, s->notice_data);
}

static const struct db_link_events link_events = { on_opened, on_ready, on_lost, on_notice };

/* --- what the header promised -------------------------------------------------- */

struct db_session *db_session_new(struct loop *loop, const char *conninfo, const char *application_name)
{
	struct db_session *s = need(calloc(1, sizeof(*s)));

	s->loop = loop;
	s->link = db_link_new(loop, conninfo, application_name, false, &link_events, s);
	return s;
}

/* The link goes a turn later: we may be within one of its events. */
void db_session_free(struct db_session *s)
{
	if (!s || s->freed)
		return;
	db_session_cancel(s);
	s->freed = true;
	loop_defer(s->loop, on_free, s);
}

void db_session_on_notice(struct db_session *s, void (*cb)(const char *message, void *data), void *data)
{
	s->on_notice = cb;
	s->notice_data = data;
}

/* A turn later, so that the callback never comes from within the call. */
static void on_asked(void *data)
{
	struct db_session *s = data;

	if (s->freed)
		return;
	if (*s->lost.code) {
		struct err lost = s->lost;

		*s->lost.code = '\0';
		answer(s, &lost);
	} else if (s->state == SESSION_READY) {
		enter(s, SESSION_RUNNING);
	} else {
		s->state = SESSION_OPENING;
		db_link_open(s->link, DB_CONNECT_MS, s->attempt);
	}
}

static void ask(struct db_session *s, const char *text, int nparams, db_session_cb *cb, void *data)
{
	if (s->cb)
		abort();
	PQclear(s->error);
	s->error = NULL;
	s->text = need_copy(text);
	s->nparams = nparams;
	s->cb = cb;
	s->data = data;
	loop_defer(s->loop, on_asked, s);
}

void db_session_run(struct db_session *s, const char *text, db_session_cb *cb, void *data)
{
	ask(s, text, -1, cb, data);
}

void db_session_query(struct db_session *s, const char *text, int nparams,
		      const char *const *params, db_session_cb *cb, void *data)
{
	if (nparams > DB_SESSION_PARAMS)
		abort();
	for (int i = 0; i < nparams; i++)
		s->params[i] = params[i] ? need_copy(params[i]) : NULL;
	ask(s, text, nparams, cb, data);
}

bool db_session_busy(const struct db_session *s)
{
	return s->cb;
}

bool db_session_is_open(const struct db_session *s)
{
	return s->state == SESSION_READY || s->state == SESSION_RUNNING;
}

int db_session_pid(const struct db_session *s)
{
	return db_link_pg(s->link) ? PQbackendPID(db_link_pg(s->link)) : 0;
}

static const char *field(const struct db_session *s, int code)
{
	const char *text = s->error ? PQresultErrorField(s->error, code) : NULL;

	return text ? text : "";
}

struct db_session_error db_session_error(const struct db_session *s)
{
	return (struct db_session_error){
		field(s, PG_DIAG_SQLSTATE), field(s, PG_DIAG_MESSAGE_PRIMARY),
		field(s, PG_DIAG_MESSAGE_DETAIL), field(s, PG_DIAG_MESSAGE_HINT),
		field(s, PG_DIAG_CONTEXT), atoi(field(s, PG_DIAG_STATEMENT_POSITION)),
	};
}
