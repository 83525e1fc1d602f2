/* db_stream.c - many rows, a page at a time.
 *
 *      WAITING --> FETCHING <--> PAUSED --> (gone)
 *
 * BEGIN, DECLARE and the first FETCH go in one pipeline; the connection stays
 * the stream's, its transaction open, until the cursor is at its end. */
#include <stdio.h>
#include <stdlib.h>

#include "db_pool.h"
#include "mem.h"

enum stream_state { STREAM_WAITING, STREAM_FETCHING, STREAM_PAUSED };

struct db_stream {
	struct loop *loop;              /* borrowed */
	struct db *db;                  /* borrowed; not used while PAUSED */
	struct db_slot *slot;           /* ours, or NULL */
	struct db_request *request;     /* WAITING: in the queue */
	enum stream_state state;
	bool deferred;                  /* go_on() is on its way */
	bool stopped;                   /* freed as soon as nothing points here */
	bool at_end;
	bool failed;
	struct err err;                 /* where it failed while PAUSED */
	int page;
	int fetched;                    /* which result of the request is the page */
	char *declare, fetch[64];       /* owned; SQL */
	struct db_sql sql_declare, sql_fetch;
	db_page_cb *cb;
	void *data;
};

static void stream_free(struct db_stream *s)
{
	free(s->declare);
	free(s);
}

/* Gives the connection back, its transaction ended. */
static void release(struct db_stream *s)
{
	struct db_slot *slot = s->slot;

	if (!slot)
		return;
	s->slot = NULL;
	slot->stream = NULL;
	if (db_conn_state(slot->conn) == DB_CONN_IDLE && db_conn_in_transaction(slot->conn))
		db_conn_send(slot->conn, db_request_new(&db_commit, NULL, 0, NULL, NULL, NULL));
}

static void end(struct db_stream *s, const struct err *err)
{
	release(s);
	if (!s->stopped)
		s->cb(NULL, err, s->data);
	stream_free(s);
}

static void on_page(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct db_stream *s = data;
	int n;

	s->state = STREAM_PAUSED;
	s->request = NULL;
	if (err || s->stopped) {
		end(s, err);
		return;
	}
	n = db_rows_count(rows[s->fetched]);
	s->at_end = n < s->page;
	if (s->at_end)
		release(s);             /* somebody else may have it at once */
	if (n)
		s->cb(rows[s->fetched], NULL, s->data);  /* may stop the stream: nothing after this */
	else
		end(s, NULL);
}

static struct db_request *request_new(struct db_stream *s, const struct db_sql *before,
				      const struct db_stmt *stmts, int n)
{
	struct db_request *r = db_request_new(before, stmts, n, NULL, on_page, s);

	s->fetched = n - 1;
	r->stream = s;
	r->retried = true;      /* half a transaction cannot be sent again */
	return r;
}

static void go_on(void *data)
{
	struct db_stream *s = data;
	const struct db_stmt fetch = { .sql = &s->sql_fetch };

	s->deferred = false;
	if (s->stopped || s->at_end || s->failed) {
		end(s, s->failed ? &s->err : NULL);
		return;
	}
	s->state = STREAM_FETCHING;
	db_conn_send(s->slot->conn, request_new(s, NULL, &fetch, 1));
}

void db_stream_started(struct db_stream *s, struct db_slot *slot)
{
	s->state = STREAM_FETCHING;
	s->request = NULL;
	s->slot = slot;
	slot->stream = s;
}

void db_stream_lost(struct db_stream *s, const struct err *why)
{
	s->slot->stream = NULL;
	s->slot = NULL;
	s->failed = true;
	s->err = *why;
}

struct db_stream *db_stream(struct db *db, const struct db_stmt *stmt, int page,
			    db_page_cb *cb, void *data)
{
	struct db_stream *s = need(calloc(1, sizeof(*s)));
	struct db_stmt stmts[2] = { *stmt, { 0 } };

	s->declare = need_text("DECLARE gesync_stream NO SCROLL CURSOR FOR %s", stmt->sql->text);
	s->loop = db_loop(db);
	s->db = db;
	s->page = page < 1 ? 1 : page;
	snprintf(s->fetch, sizeof(s->fetch), "FETCH FORWARD %d FROM gesync_stream", s->page);
	s->sql_declare.text = s->declare;
	s->sql_fetch.text = s->fetch;
	s->cb = cb;
	s->data = data;
	stmts[0].sql = &s->sql_declare;
	stmts[1].sql = &s->sql_fetch;
	s->request = request_new(s, &db_begin, stmts, 2);
	db_submit(db, s->request);
	return s;
}

void db_stream_next(struct db_stream *s)
{
	if (s->deferred || s->state != STREAM_PAUSED)
		return;
	s->deferred = true;
	loop_defer(s->loop, go_on, s);
}

void db_stream_stop(struct db_stream *s)
{
	s->stopped = true;
	if (s->state == STREAM_WAITING && db_withdraw(s->db, s->request)) {
		db_request_free(s->request);
		stream_free(s);
	} else if (s->state == STREAM_PAUSED && !s->deferred) {
		end(s, NULL);
	}
}
