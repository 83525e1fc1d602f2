/* db.c - the pool: requests wait in a queue, connections take from its head.
 *
 * Connections are opened as requests wait for them, and one is kept in any
 * case, so that the pool knows whether the server is there. While it is not,
 * one connection at a time is tried, with back-off. All work is put off to
 * the loop's next turn (pump()): so no callback comes from within a call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_link.h"
#include "db_pool.h"
#include "log.h"
#include "mem.h"
#include "noise.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000

struct db {
	struct loop *loop;                      /* borrowed */
	char *conninfo, *application_name;      /* owned */
	int64_t connect_ms, request_ms, wait_ms;
	struct db_slot **slots;                 /* owned; nslots of size are made */
	int size, nslots;
	struct db_request *head, **tail;        /* owned; wait for a connection */
	int waiting;
	struct timer *expire;                   /* of the head */
	struct timer *retry;                    /* runs while backing off */
	bool backing_off;
	int64_t backoff_ms;
	unsigned attempt;
	bool up, told;                          /* told: the log knows */
	char trouble[256];                      /* why it is not up */
	bool pumping, freed;
};

const struct db_sql db_begin = { "gesync_begin", "BEGIN ISOLATION LEVEL READ COMMITTED" };
const struct db_sql db_commit = { "gesync_commit", "COMMIT" };
const struct db_sql db_rollback = { "gesync_rollback", "ROLLBACK" };

/* --- requests -------------------------------------------------------------- */

static void add_send(struct db_request *r, const struct db_sql *sql)
{
	r->sends[r->n++] = (struct db_send){ .sql = sql };
}

struct db_request *db_request_new(const struct db_sql *before, const struct db_stmt *stmts,
				  int n, const struct db_sql *after, db_cb *cb, void *data)
{
	struct db_request *r;
	size_t size = 0, used = 0;

	if (n < 0 || n > DB_STMTS_MAX)
		abort();
	for (int i = 0; i < n; i++)
		for (int j = 0; j < stmts[i].nparams; j++)
			size += stmts[i].params[j] ? strlen(stmts[i].params[j]) + 1 : 0;
	r = need(calloc(1, sizeof(*r) + size));
	r->cb = cb;
	r->data = data;
	if (before)
		add_send(r, before);
	r->first = r->n;
	r->count = n;
	for (int i = 0; i < n; i++) {
		struct db_send *s = &r->sends[r->n];

		add_send(r, stmts[i].sql);
		s->nparams = stmts[i].nparams;
		for (int j = 0; j < s->nparams; j++) {
			const char *p = stmts[i].params[j];

			s->params[j] = p ? strcpy(r->text + used, p) : NULL;
			used += p ? strlen(p) + 1 : 0;
		}
	}
	if (after)
		add_send(r, after);
	return r;
}

void db_request_free(struct db_request *r)
{
	if (!r)
		return;
	for (int i = 0; i < r->n; i++)
		PQclear(r->sends[i].result);
	free(r);
}

/* Calls back and frees. */
static void answer(struct db_request *r, const struct err *err)
{
	const struct db_rows *rows[DB_STMTS_MAX];

	for (int i = 0; i < r->count; i++)
		rows[i] = (const struct db_rows *)r->sends[r->first + i].result;
	if (r->cb)
		r->cb(err ? NULL : rows, err, r->data);
	db_request_free(r);
}

static struct db_request *dequeue(struct db *db)
{
	struct db_request *r = db->head;

	if (r) {
		db->head = r->next;
		if (!db->head)
			db->tail = &db->head;
		db->waiting--;
	}
	return r;
}

static void on_expire(void *data)
{
	struct db *db = data;
	struct err err;

	err_set(&err, ERR_HOLD, "db_unavailable", "no database connection became free within %.3g s%s%s",
		(double)db->wait_ms / 1000, *db->trouble ? ": " : "", db->trouble);
	while (db->head && db->head->deadline <= loop_now_ms(db->loop) && !db->freed)
		answer(dequeue(db), &err);
	if (db->head && !db->freed)
		timer_set(db->expire, db->head->deadline - loop_now_ms(db->loop));
}

/* --- connections ----------------------------------------------------------- */

static int count(const struct db *db, enum db_conn_state least, enum db_conn_state most)
{
	int n = 0;

	for (int i = 0; i < db->nslots; i++) {
		enum db_conn_state state = db_conn_state(db->slots[i]->conn);

		n += state >= least && state <= most;
	}
	return n;
}

static void set_up(struct db *db, bool up, const char *why)
{
	if (up != db->up || !db->told) {
		if (up)
			log_info("database available");
		else
			log_warn("database unavailable: %s", why);
	}
	snprintf(db->trouble, sizeof(db->trouble), "%s", up ? "" : why);
	db->up = up;
	db->told = true;
}

static void pump(void *data);

static void pump_soon(struct db *db)
{
	if (db->pumping || db->freed)
		return;
	db->pumping = true;
	loop_defer(db->loop, pump, db);
}

static void on_retry(void *data)
{
	struct db *db = data;

	db->backing_off = false;
	pump_soon(db);
}

static void back_off(struct db *db)
{
	int64_t half;

	if (db->backing_off)
		return;
	db->backoff_ms = db->backoff_ms ? 2 * db->backoff_ms : BACKOFF_MIN_MS;
	if (db->backoff_ms > BACKOFF_MAX_MS)
		db->backoff_ms = BACKOFF_MAX_MS;
	half = db->backoff_ms / 2;
	db->backing_off = true;
	timer_set(db->retry, half + (int64_t)((double)half * noise_unit()));
}

static void on_opened(struct db_conn *conn, void *data)
{
	struct db_slot *slot = data;

	(void)conn;
	set_up(slot->db, true, NULL);
	pump_soon(slot->db);
}

/* Backs off also where a connection that stood was lost: a server or proxy
 * which accepts and hangs up at once must not be met with a tight loop. */
static void on_closed(struct db_conn *conn, const struct err *why, void *data)
{
	struct db_slot *slot = data;
	struct db *db = slot->db;

	(void)conn;
	if (slot->stream)
		db_stream_lost(slot->stream, why);
	if (db->freed)
		return;
	db->attempt++;
	log_debug("database connection lost: %s", why->msg);
	if (!count(db, DB_CONN_IDLE, DB_CONN_BUSY))
		set_up(db, false, why->msg);
	back_off(db);
	pump_soon(db);
}

static void on_done(struct db_conn *conn, struct db_request *r, const struct err *err, void *data)
{
	struct db_slot *slot = data;
	struct db *db = slot->db;

	if (db_conn_state(conn) == DB_CONN_IDLE)
		db->backoff_ms = 0;             /* it does answer */
	if (db_conn_state(conn) == DB_CONN_IDLE && !slot->stream && db_conn_in_transaction(conn)) {
		struct err open;

		/* A statement has meddled with the transaction. */
		err_set(&open, ERR_HOLD, "db_unavailable", "a transaction was left open");
		db_conn_close(conn);
		on_closed(conn, &open, slot);
	}
	pump_soon(db);
	answer(r, err);
}

static const struct db_conn_events events = { on_opened, on_closed, on_done };

static struct db_slot *slot_in(struct db *db, enum db_conn_state state)
{
	for (int i = 0; i < db->nslots; i++)
		if (db_conn_state(db->slots[i]->conn) == state && !db->slots[i]->stream)
			return db->slots[i];
	return NULL;
}

static struct db_slot *slot_closed(struct db *db)
{
	struct db_slot *slot = slot_in(db, DB_CONN_CLOSED);

	if (slot || db->nslots == db->size)
		return slot;
	slot = need(calloc(1, sizeof(*slot)));
	slot->db = db;
	slot->conn = db_conn_new(db->loop, db->conninfo, db->application_name, &events, slot);
	db->slots[db->nslots++] = slot;
	return slot;
}

static void open_more(struct db *db)
{
	int opening = count(db, DB_CONN_OPENING, DB_CONN_OPENING);
	int want = db->waiting;
	struct db_slot *slot;

	if (!db->up)
		want = 1;
	while (!db->backing_off && opening < want && (slot = slot_closed(db))) {
		db_conn_set_deadlines(slot->conn, db->connect_ms, db->request_ms);
		db_conn_open(slot->conn, db->attempt);
		opening++;
	}
}

static void pump(void *data)
{
	struct db *db = data;
	struct db_slot *slot;

	db->pumping = false;
	while (!db->freed && db->head && (slot = slot_in(db, DB_CONN_IDLE))) {
		struct db_request *r = dequeue(db);

		if (r->stream)
			db_stream_started(r->stream, slot);
		db_conn_set_deadlines(slot->conn, db->connect_ms, db->request_ms);
		db_conn_send(slot->conn, r);
	}
	if (!db->freed)
		open_more(db);
}

static void on_refused(void *data)
{
	struct err err;

	err_set(&err, ERR_HOLD, "db_unavailable", "the program is stopping");
	answer(data, &err);
}

void db_submit(struct db *db, struct db_request *r)
{
	if (db->freed) {                /* by one of its own callbacks, this turn */
		loop_defer(db->loop, on_refused, r);
		return;
	}
	if (!db->head)
		timer_set(db->expire, db->wait_ms);
	r->deadline = loop_now_ms(db->loop) + db->wait_ms;
	*db->tail = r;
	db->tail = &r->next;
	db->waiting++;
	pump_soon(db);
}

bool db_withdraw(struct db *db, struct db_request *request)
{
	for (struct db_request **p = &db->head; *p; p = &(*p)->next) {
		if (*p != request)
			continue;
		*p = request->next;
		if (!*p)
			db->tail = p;
		db->waiting--;
		return true;
	}
	return false;
}

struct loop *db_loop(struct db *db)
{
	return db->loop;
}

/* --- what the header promised ---------------------------------------------- */

struct db *db_new(struct loop *loop, const char *conninfo, int size,
		  const char *application_name)
{
	struct db *db = need(calloc(1, sizeof(*db)));

	db->loop = loop;
	db->conninfo = need_copy(conninfo);
	db->application_name = need_copy(application_name);
	db->size = size < 1 ? 1 : size;
	db->slots = need(calloc((size_t)db->size, sizeof(*db->slots)));
	db->tail = &db->head;
	db->expire = timer_new(loop, on_expire, db);
	db->retry = timer_new(loop, on_retry, db);
	db_set_deadlines(db, DB_CONNECT_MS, DB_REQUEST_MS);
	pump_soon(db);
	return db;
}

void db_set_deadlines(struct db *db, int64_t connect_ms, int64_t request_ms)
{
	db->connect_ms = connect_ms;
	db->request_ms = db->wait_ms = request_ms;
}

void db_set_patience(struct db *db, int64_t wait_ms)
{
	db->wait_ms = wait_ms;
}

/* A turn later: db_free() may have been called from a callback of the pool's. */
static void on_free(void *data)
{
	struct db *db = data;

	for (int i = 0; i < db->nslots; i++) {
		db_conn_free(db->slots[i]->conn);
		free(db->slots[i]);
	}
	free(db->slots);
	free(db->conninfo);
	free(db->application_name);
	free(db);
}

void db_free(struct db *db)
{
	struct db_request *r;
	struct err err;

	if (!db || db->freed)
		return;
	db->freed = true;
	err_set(&err, ERR_HOLD, "db_unavailable", "the program is stopping");
	timer_free(db->expire);
	timer_free(db->retry);
	for (int i = 0; i < db->nslots; i++) {
		struct db_slot *slot = db->slots[i];

		r = db_conn_close(slot->conn);
		if (r)
			answer(r, &err);
		if (slot->stream)
			db_stream_lost(slot->stream, &err);
	}
	while ((r = dequeue(db)))
		answer(r, &err);
	loop_defer(db->loop, on_free, db);
}

void db_run(struct db *db, const struct db_stmt *stmts, int n, enum db_end end,
	    db_cb *cb, void *data)
{
	struct db_request *r = db_request_new(&db_begin, stmts, n,
					      end == DB_COMMIT ? &db_commit : &db_rollback,
					      cb, data);

	db_submit(db, r);
}

int db_idle(const struct db *db)
{
	int n = db->size - db->waiting;

	if (!db->up)
		return 0;
	for (int i = 0; i < db->nslots; i++)
		n -= db_conn_state(db->slots[i]->conn) == DB_CONN_BUSY || db->slots[i]->stream;
	return n > 0 ? n : 0;
}

bool db_up(const struct db *db)
{
	return db->up;
}

const char *db_trouble(const struct db *db)
{
	return db->trouble;
}

/* --- rows ------------------------------------------------------------------ */

int db_rows_count(const struct db_rows *rows)
{
	return PQntuples((const PGresult *)rows);
}

const char *db_rows_get(const struct db_rows *rows, int row, const char *column)
{
	const PGresult *res = (const PGresult *)rows;

	if (row < 0 || row >= PQntuples(res))
		return NULL;
	for (int i = 0; i < PQnfields(res); i++)        /* PQfnumber() folds case and allocates */
		if (!strcmp(PQfname(res, i), column))
			return PQgetisnull(res, row, i) ? NULL : PQgetvalue(res, row, i);
	return NULL;
}
