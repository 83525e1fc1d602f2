/* own_schema.c - gesync's own schema in PostgreSQL.
 *
 *      ready? --yes--> there          a role that may not create a schema may not even try
 *        +--no--> db/migrations/gesync/0001_initial.sql --> there */
#include "own_schema.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "queries.h"

struct ensure {
	struct db *db;
	own_schema_cb *cb;
	void *data;
};

static void end(struct ensure *e, const struct err *err)
{
	e->cb(err, e->data);
	free(e);
}

static void on_created(const struct db_rows *const *rows, const struct err *err, void *data)
{
	(void)rows;
	if (err && err->kind != ERR_HOLD)
		log_error("schema=gesync missing, and could not be made: %s; let its owner run db/migrations/gesync/0001_initial.sql",
			  err->msg);
	end(data, err);
}

static void on_ready(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct ensure *e = data;
	struct db_stmt stmt = { &sql_gesync_0001_initial, 0, { NULL } };
	const char *ready = err ? NULL : db_rows_get(rows[0], 0, "ready");

	if (err || (ready && !strcmp(ready, "t")))
		end(e, err);
	else
		db_run(e->db, &stmt, 1, DB_COMMIT, on_created, e);
}

void own_schema_ensure(struct db *db, own_schema_cb *cb, void *data)
{
	struct ensure *e = need(calloc(1, sizeof(*e)));
	struct db_stmt stmt = { &sql_ready, 0, { NULL } };

	e->db = db;
	e->cb = cb;
	e->data = data;
	db_run(db, &stmt, 1, DB_COMMIT, on_ready, e);
}
