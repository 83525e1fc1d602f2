/* db.h - a pool of PostgreSQL connections on the loop: pipeline mode,
 * prepared statements, one transaction a request. */
#ifndef GESYNC_DB_H
#define GESYNC_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loop.h"

struct db;
struct db_rows;                 /* the rows of one statement */

/* A file of db/query/, embedded at build as `const struct db_sql sql_<file>`. */
struct db_sql {
	const char *name;       /* also the prepared statement's */
	const char *text;
};

struct db_stmt {
	const struct db_sql *sql;
	int nparams;
	const char *params[4];  /* text format; NULL is SQL's NULL */
};

enum db_end { DB_COMMIT, DB_ROLLBACK };

#define DB_STMTS_MAX 8

/* Called exactly once, never before db_run() has returned. With err NULL,
 * rows[i] are the rows of statement i. Borrowed: gone when the call returns.
 * Errors: db_unavailable (ERR_HOLD: no connection within the deadline, or it
 * went away; a COMMIT may or may not have happened), lock_timeout (ERR_RETRY:
 * 55P03, 40P01, 40001), db_error (ERR_RETRY; the message names the SQLSTATE). */
typedef void db_cb(const struct db_rows *const *rows, const struct err *err,
		   void *data);

/* conninfo: whatever libpq takes; names in it are resolved without blocking.
 * size: connections, 1 to 1000, opened as they are needed. Never fails: a
 * server that is away is tried again with jittered back-off, and logged once
 * per change of state. */
struct db *db_new(struct loop *loop, const char *conninfo, int size,
		  const char *application_name);
void db_free(struct db *db);    /* pending callbacks get db_unavailable */

/* Runs n (1 to DB_STMTS_MAX) statements in one transaction, in one round trip
 * (pipelined BEGIN, statements, COMMIT or ROLLBACK). Parameters and the array
 * are copied, the db_sql are not. Requests wait for a free connection in the
 * order they came; one that waited or ran for 30 s fails. */
void db_run(struct db *db, const struct db_stmt *stmts, int n, enum db_end end,
	    db_cb *cb, void *data);

/* Deadlines for all that is asked from now on: of a connection (10 s), of a
 * request (30 s: for its wait and again for its run). */
void db_set_deadlines(struct db *db, int64_t connect_ms, int64_t request_ms);
/* Of its wait alone. */
void db_set_patience(struct db *db, int64_t wait_ms);

/* Rows of any number, a page at a time: a cursor in a transaction of its own
 * keeps one connection from the first page to the end, so memory is bounded by
 * a page whatever the caller's pace (five minutes between two pages at most).
 *
 * cb gets page after page; the next is fetched when db_stream_next() asks for
 * it, once a page, at once or later. After the last page rows is NULL, and err
 * too; on failure rows is NULL and err as in db_run(), except that nothing is
 * said until the next page is asked for. Both end the stream: not touched after. */
struct db_stream;
typedef void db_page_cb(const struct db_rows *rows, const struct err *err,
			void *data);
/* stmt: one SELECT, copied. page: rows, 1 to 100000. The first page is fetched
 * unasked. */
struct db_stream *db_stream(struct db *db, const struct db_stmt *stmt, int page,
			    db_page_cb *cb, void *data);
void db_stream_next(struct db_stream *stream);
/* Ends it early, also from within cb, also after db_free(); no call after. */
void db_stream_stop(struct db_stream *stream);

/* How many requests could be sent this moment without waiting for another
 * one to finish; connections that could still be opened count. 0 while down. */
int db_idle(const struct db *db);
/* True if the last thing known of the server is that it answers. */
bool db_up(const struct db *db);
/* Why it does not, in one line; "" before anything is known. */
const char *db_trouble(const struct db *db);

int db_rows_count(const struct db_rows *rows);
/* NULL for SQL's NULL, for a row past the end, and for an unknown column. */
const char *db_rows_get(const struct db_rows *rows, int row, const char *column);

#endif
