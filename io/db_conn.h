/* db_conn.h - one connection to PostgreSQL (io/db*.c only).
 *
 *      CLOSED --> OPENING --> IDLE <--> BUSY
 *        ^           |         |         |
 *        +-----------+---------+---------+
 */
#ifndef GESYNC_IO_DB_CONN_H
#define GESYNC_IO_DB_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "db.h"

#define DB_REQUEST_MS 30000     /* the server's statement_timeout is below it */

enum db_conn_state {
	DB_CONN_CLOSED, DB_CONN_OPENING, DB_CONN_IDLE, DB_CONN_BUSY
};

/* A statement on its way: of a request, or one that frames them (BEGIN). */
struct db_send {
	const struct db_sql *sql;       /* borrowed; no name: not prepared */
	int nparams;
	const char *params[4];          /* into the request's text */
	PGresult *result;               /* owned */
};

struct db_request {
	struct db_request *next;        /* in the pool's queue */
	int64_t deadline;               /* of the wait for a connection */
	struct db_send sends[DB_STMTS_MAX + 2];
	int n;
	int first, count;               /* which of them the caller asked for */
	bool retried;
	db_cb *cb;
	void *data;
	struct db_stream *stream;       /* that it fetches a page for, or NULL */
	char text[];                    /* the parameters */
};

struct db_conn;

/* All come from the loop, or from within db_conn_send(). */
struct db_conn_events {
	void (*opened)(struct db_conn *conn, void *data);
	/* It was opened and is lost, or could not be opened. A request that was
	 * under way has been answered by done() before. */
	void (*closed)(struct db_conn *conn, const struct err *why, void *data);
	/* conn is IDLE again (or CLOSED); err is NULL if all went well. The
	 * results in the request are there for the call. */
	void (*done)(struct db_conn *conn, struct db_request *request,
		     const struct err *err, void *data);
};

struct db_conn *db_conn_new(struct loop *loop, const char *conninfo,
			    const char *application_name,
			    const struct db_conn_events *events, void *data);
void db_conn_set_deadlines(struct db_conn *conn, int64_t connect_ms, int64_t request_ms);
/* From a turn of its own only, when nobody can be within one of its events. */
void db_conn_free(struct db_conn *conn);

enum db_conn_state db_conn_state(const struct db_conn *conn);
void db_conn_open(struct db_conn *conn, unsigned attempt);      /* when CLOSED */
/* Silently: no event. A request under way is the caller's again. */
struct db_request *db_conn_close(struct db_conn *conn);
void db_conn_send(struct db_conn *conn, struct db_request *request);    /* when IDLE */
/* True between the requests of a transaction that one of them left open. */
bool db_conn_in_transaction(const struct db_conn *conn);

#endif
