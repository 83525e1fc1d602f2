/* db_session.h - one connection to PostgreSQL of one's own, on the loop: for
 * what needs a session and any kind of statement (migrations, CREATE INDEX
 * CONCURRENTLY, session locks, snapshots). Everything else uses db.h. */
#ifndef GESYNC_DB_SESSION_H
#define GESYNC_DB_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"

struct db_session;

/* What the server said of the statement that failed last, borrowed until the
 * next one is run; "" where it said nothing. */
struct db_session_error {
	const char *sqlstate;           /* "" for a lost connection */
	const char *message, *detail, *hint, *context;
	int position;                   /* of the error in the text, in characters from 1; 0: unknown */
};

/* Called exactly once per run, never before the call that asked has returned.
 * rows: of the last statement in the text (0 rows where it has none), borrowed;
 * NULL with err. Errors are those of db_run(); after db_unavailable the session
 * is closed, its transaction rolled back or, if COMMIT was under way, unknown.
 * A session that is lost between two texts tells the next one so: nobody takes
 * a new connection, which holds no lock of the old one, for the old one. */
typedef void db_session_cb(const struct db_rows *rows, const struct err *err, void *data);

/* Opens nothing yet. conninfo: as for db_new(). */
struct db_session *db_session_new(struct loop *loop, const char *conninfo,
				  const char *application_name);
/* At any time, also from within a callback, NULL too. What runs is cancelled;
 * no call after this. */
void db_session_free(struct db_session *session);

/* What RAISE NOTICE and the like tell, one line each. */
void db_session_on_notice(struct db_session *session,
			  void (*cb)(const char *message, void *data), void *data);

/* Runs text, one statement or many, by the simple protocol; opens the
 * connection where it is closed. One at a time: another before the callback
 * has come aborts the program. There is no deadline but statement_timeout,
 * which is 0 until a statement sets it, and 10 s for the connection. A server
 * notices within 2 s that we are gone, whatever it is doing. */
void db_session_run(struct db_session *session, const char *text, db_session_cb *cb, void *data);
/* One statement with parameters (at most DB_SESSION_PARAMS; text, NULL is NULL). */
#define DB_SESSION_PARAMS 8
void db_session_query(struct db_session *session, const char *text, int nparams,
		      const char *const *params, db_session_cb *cb, void *data);
/* A text to run: settings and role are as on the day it was opened. For who runs texts
 * of others, which may change them. Advisory locks stay. */
extern const char db_session_reset[];
/* Asks the server to cancel what runs; its callback comes all the same. */
void db_session_cancel(struct db_session *session);

bool db_session_busy(const struct db_session *session);
bool db_session_is_open(const struct db_session *session);
/* The process id that the server gave us when we connected; a pooler's
 * invention where one stands between. 0 while closed. */
int db_session_pid(const struct db_session *session);
struct db_session_error db_session_error(const struct db_session *session);

#endif
