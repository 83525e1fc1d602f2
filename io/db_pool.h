/* db_pool.h - what db.c and db_stream.c share (io/db*.c only). */
#ifndef GESYNC_IO_DB_POOL_H
#define GESYNC_IO_DB_POOL_H

#include "db_conn.h"

struct db_slot {                /* one connection of the pool */
	struct db *db;
	struct db_conn *conn;
	struct db_stream *stream;       /* that keeps it, or NULL */
};

struct db_request *db_request_new(const struct db_sql *before, const struct db_stmt *stmts,
				  int n, const struct db_sql *after, db_cb *cb, void *data);
void db_request_free(struct db_request *request);
/* Puts it at the end of the queue. */
void db_submit(struct db *db, struct db_request *request);
/* Takes it out again; not if it has been sent already. */
bool db_withdraw(struct db *db, struct db_request *request);
struct loop *db_loop(struct db *db);

extern const struct db_sql db_begin, db_commit, db_rollback;

/* The request of a stream has got its connection. */
void db_stream_started(struct db_stream *stream, struct db_slot *slot);
/* The connection that it kept is gone, or the pool is. */
void db_stream_lost(struct db_stream *stream, const struct err *why);

#endif
