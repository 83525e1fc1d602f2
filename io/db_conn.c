/* db_conn.c - one connection of the pool: one request at a time, as a pipeline.
 *
 *      BEGIN  [PREPARE a] a  [PREPARE b] b  COMMIT  SYNC
 *
 * What is new to the connection is prepared in the same round trip. BEGIN and
 * COMMIT are sent although a pipeline is a transaction by itself: so an error
 * of a deferred constraint is COMMIT's, and not one of a SYNC, for which libpq
 * has no place.
 *
 * After an error a second pipeline cleans up: ROLLBACK, DEALLOCATE ALL, SYNC.
 * Forgetting what was prepared costs little, and whatever DDL has made stale is
 * prepared anew; a request that failed for that reason alone is sent again once. */
#include <stdio.h>
#include <stdlib.h>

#include "db_conn.h"
#include "db_error.h"
#include "db_link.h"
#include "loop_uv.h"
#include "mem.h"

enum step_kind { STEP_PREPARE, STEP_RUN, STEP_CLEAN };

struct step {                   /* one entry of the pipeline */
	enum step_kind kind;
	int send;
};

struct db_conn {
	const struct db_conn_events *events;    /* borrowed */
	void *data;
	enum db_conn_state state;
	struct db_link *link;                   /* owned */
	struct timer *deadline;                 /* of a request */
	int64_t connect_ms, request_ms;

	struct db_request *request;             /* BUSY; owned */
	struct step steps[2 * (DB_STMTS_MAX + 2)];
	int nsteps, step;
	bool cleaning;                          /* the second pipeline is under way */
	bool failed, stale;                     /* the first one; err says how */
	struct err err;

	const struct db_sql **prepared;         /* owned; on this connection */
	size_t nprepared, max_prepared;
};

static const struct db_sql clean[] = {
	{ NULL, "ROLLBACK" }, { NULL, "DEALLOCATE ALL" },
};

/* --- its end -------------------------------------------------------------- */

static void disconnect(struct db_conn *c)
{
	timer_stop(c->deadline);
	db_link_close(c->link);
	c->nprepared = 0;
	c->state = DB_CONN_CLOSED;
}

static struct db_request *take_request(struct db_conn *c)
{
	struct db_request *r = c->request;

	c->request = NULL;
	return r;
}

static void on_lost(const char *why, void *data)
{
	struct db_conn *c = data;
	struct db_request *r = take_request(c);
	struct err err;

	err_set(&err, ERR_HOLD, "db_unavailable", "%s", why);
	disconnect(c);
	if (r)
		c->events->done(c, r, c->failed ? &c->err : &err, c->data);
	c->events->closed(c, &err, c->data);
}

static void on_deadline(void *data)
{
	struct db_conn *c = data;
	char why[64];

	snprintf(why, sizeof(why), "no answer within %.3g s", (double)c->request_ms / 1000);
	db_link_lost(c->link, why);
}

static void note_error(struct db_conn *c, const PGresult *res, const struct db_sql *sql)
{
	c->failed = true;
	c->stale = db_error_is_stale(res);
	db_error_set(&c->err, res, sql && sql->name ? sql->name : "statement");
}

/* --- a request ------------------------------------------------------------ */

static bool is_prepared(const struct db_conn *c, const struct db_sql *sql)
{
	for (size_t i = 0; i < c->nprepared; i++)
		if (c->prepared[i] == sql)
			return true;
	for (int i = 0; i < c->nsteps; i++)
		if (c->steps[i].kind == STEP_PREPARE && c->request->sends[c->steps[i].send].sql == sql)
			return true;
	return false;
}

static void set_prepared(struct db_conn *c, const struct db_sql *sql)
{
	if (c->nprepared == c->max_prepared) {
		c->max_prepared = c->max_prepared ? 2 * c->max_prepared : 16;
		c->prepared = need(reallocarray(c->prepared, c->max_prepared, sizeof(*c->prepared)));
	}
	c->prepared[c->nprepared++] = sql;
}

static int add_step(struct db_conn *c, enum step_kind kind, int i)
{
	const struct db_send *s = kind == STEP_CLEAN ? NULL : &c->request->sends[i];
	PGconn *pg = db_link_pg(c->link);
	int ok;

	if (kind == STEP_CLEAN)
		ok = PQsendQueryParams(pg, clean[i].text, 0, NULL, NULL, NULL, NULL, 0);
	else if (kind == STEP_PREPARE)
		ok = PQsendPrepare(pg, s->sql->name, s->sql->text, 0, NULL);
	else if (s->sql->name)
		ok = PQsendQueryPrepared(pg, s->sql->name, s->nparams, s->params, NULL, NULL, 0);
	else
		ok = PQsendQueryParams(pg, s->sql->text, s->nparams, NULL, s->params, NULL, NULL, 0);
	c->steps[c->nsteps++] = (struct step){ kind, i };
	return ok ? 0 : -1;
}

static int end_pipeline(struct db_conn *c)
{
	return PQpipelineSync(db_link_pg(c->link)) ? db_link_flush(c->link) : -1;
}

static int send_request(struct db_conn *c)
{
	struct db_request *r = c->request;

	c->nsteps = c->step = 0;
	c->cleaning = c->failed = c->stale = false;
	for (int i = 0; i < r->n; i++) {
		const struct db_sql *sql = r->sends[i].sql;

		if (sql->name && !is_prepared(c, sql) && add_step(c, STEP_PREPARE, i) < 0)
			return -1;
		if (add_step(c, STEP_RUN, i) < 0)
			return -1;
	}
	return end_pipeline(c);
}

static int send_clean(struct db_conn *c)
{
	c->nsteps = c->step = 0;
	c->cleaning = true;
	c->nprepared = 0;
	for (int i = 0; i < 2; i++)
		if (add_step(c, STEP_CLEAN, i) < 0)
			return -1;
	return end_pipeline(c);
}

static void clear_results(struct db_request *r)
{
	for (int i = 0; i < r->n; i++) {
		PQclear(r->sends[i].result);
		r->sends[i].result = NULL;
	}
}

/* One result of the pipeline's current step. Returns -1 if the connection
 * cannot go on. */
static int take_result(struct db_conn *c, PGresult *res)
{
	const struct step *st = &c->steps[c->step < c->nsteps ? c->step : c->nsteps - 1];
	struct db_send *s = st->kind == STEP_CLEAN ? NULL : &c->request->sends[st->send];
	ExecStatusType status = PQresultStatus(res);
	bool fatal = false;

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
		if (st->kind == STEP_PREPARE)
			set_prepared(c, s->sql);
		if (st->kind == STEP_RUN) {
			PQclear(s->result);
			s->result = res;
			return 0;
		}
	} else if (status == PGRES_PIPELINE_ABORTED) {
		;                       /* what follows an error */
	} else if (status != PGRES_FATAL_ERROR) {
		c->failed = true;       /* COPY and the like */
		err_set(&c->err, ERR_RETRY, "db_error", "%s: a kind of statement that cannot be run here",
			s && s->sql->name ? s->sql->name : "statement");
		fatal = true;
	} else if (!c->failed) {
		if (!PQresultErrorField(res, PG_DIAG_SQLSTATE)) {       /* libpq's own: the connection is gone */
			PQclear(res);
			return -1;
		}
		note_error(c, res, s ? s->sql : NULL);
		fatal = db_error_is_fatal(res);
	} else {
		fatal = c->cleaning;
	}
	PQclear(res);
	return fatal ? -1 : 0;
}

static void finish(struct db_conn *c)
{
	struct db_request *r = take_request(c);

	timer_stop(c->deadline);
	c->state = DB_CONN_IDLE;
	c->events->done(c, r, c->failed ? &c->err : NULL, c->data);
}

/* The pipeline's end. Returns -1 if the connection cannot go on. */
static int synced(struct db_conn *c)
{
	if (c->failed && !c->cleaning) {
		clear_results(c->request);
		return send_clean(c);
	}
	if (c->cleaning && c->stale && !c->request->retried) {
		c->request->retried = true;
		return send_request(c);
	}
	finish(c);
	return 0;
}

/* Takes all results that have come. */
static void take_results(struct db_conn *c)
{
	while (c->state == DB_CONN_BUSY && !PQisBusy(db_link_pg(c->link))) {
		PGresult *res = PQgetResult(db_link_pg(c->link));
		int rc = 0;

		if (!res) {
			if (PQstatus(db_link_pg(c->link)) == CONNECTION_BAD || c->step >= c->nsteps) {
				db_link_lost(c->link, NULL);
				return;
			}
			c->step++;
		} else if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			rc = synced(c);
		} else {
			rc = take_result(c, res);
		}
		if (rc < 0) {
			db_link_lost(c->link, NULL);
			return;
		}
	}
}

/* --- events --------------------------------------------------------------- */

static void on_opened(void *data)
{
	struct db_conn *c = data;

	if (!PQenterPipelineMode(db_link_pg(c->link))) {
		db_link_lost(c->link, NULL);
		return;
	}
	c->state = DB_CONN_IDLE;
	c->events->opened(c, c->data);
}

/* What came unasked: libpq reads it, nobody wants it. */
static void drop_unasked(struct db_conn *c)
{
	PGconn *pg = db_link_pg(c->link);
	PGnotify *note;

	PQisBusy(pg);
	while ((note = PQnotifies(pg)))
		PQfreemem(note);
	if (PQstatus(pg) == CONNECTION_BAD)
		db_link_lost(c->link, NULL);
}

static void on_ready(int events, void *data)
{
	struct db_conn *c = data;

	if (events & UV_READABLE && !PQconsumeInput(db_link_pg(c->link))) {
		/* What came before the end counts: FATAL 57P01 says why. */
		take_results(c);
		if (c->state >= DB_CONN_IDLE)
			db_link_lost(c->link, NULL);
	} else if (c->state == DB_CONN_IDLE) {
		drop_unasked(c);
	} else if (db_link_flush(c->link) < 0) {
		db_link_lost(c->link, NULL);
	} else {
		take_results(c);
	}
}

static const struct db_link_events link_events = { on_opened, on_ready, on_lost, NULL };

/* --- what the header promised --------------------------------------------- */

struct db_conn *db_conn_new(struct loop *loop, const char *conninfo,
			    const char *application_name,
			    const struct db_conn_events *events, void *data)
{
	struct db_conn *c = need(calloc(1, sizeof(*c)));

	c->events = events;
	c->data = data;
	c->link = db_link_new(loop, conninfo, application_name, true, &link_events, c);
	c->deadline = timer_new(loop, on_deadline, c);
	db_conn_set_deadlines(c, DB_CONNECT_MS, DB_REQUEST_MS);
	return c;
}

void db_conn_set_deadlines(struct db_conn *c, int64_t connect_ms, int64_t request_ms)
{
	c->connect_ms = connect_ms;
	c->request_ms = request_ms;
}

void db_conn_free(struct db_conn *c)
{
	disconnect(c);
	timer_free(c->deadline);
	db_link_free(c->link);
	free(c->prepared);
	free(c);
}

enum db_conn_state db_conn_state(const struct db_conn *c)
{
	return c->state;
}

void db_conn_open(struct db_conn *c, unsigned attempt)
{
	c->state = DB_CONN_OPENING;
	c->failed = false;
	db_link_open(c->link, c->connect_ms, attempt);
}

struct db_request *db_conn_close(struct db_conn *c)
{
	struct db_request *r = take_request(c);

	disconnect(c);
	return r;
}

void db_conn_send(struct db_conn *c, struct db_request *request)
{
	c->request = request;
	c->state = DB_CONN_BUSY;
	timer_set(c->deadline, c->request_ms);
	if (send_request(c) < 0)
		db_link_lost(c->link, NULL);
}

bool db_conn_in_transaction(const struct db_conn *c)
{
	return db_link_pg(c->link) && PQtransactionStatus(db_link_pg(c->link)) != PQTRANS_IDLE;
}
