/* migrate_pooler.c - a pooler stands between (the server's process id is not the one
 * that we were told when we connected). One that keeps a server for each session will
 * do; one that hands it on after each transaction would scatter our lock.
 *
 *   A: pid, again and again        B: BEGIN, pid
 *
 * B's open transaction takes the server that A has just left, or a server taken in
 * turn gives A another one: either way somebody's pid is wrong. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "structure/migrate_impl.h"

#define LOOKS 4

struct migrate_pooler {
	struct db_session *other;
	migrate_step_cb *cb;
	int looks;
};

void migrate_pooler_stop(struct migrate *m)
{
	if (!m->pooler)
		return;
	db_session_free(m->pooler->other);
	free(m->pooler);
	m->pooler = NULL;
}

static void finish(struct migrate *m, const struct err *err)
{
	migrate_step_cb *cb = m->pooler->cb;

	migrate_pooler_stop(m);
	cb(m, err);
}

static void refuse(struct migrate *m)
{
	struct err err;

	err_set(&err, ERR_PERMANENT, "migration_failed", "a pooler in transaction mode stands before PostgreSQL: migrate "
		"needs a session of its own, so a direct connection or a pool in session mode (--database-url)");
	finish(m, &err);
}

static void on_ours(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	if (err)
		finish(m, err);
	else if (atoi(db_rows_get(rows, 0, "pid")) != m->backend_pid)
		refuse(m);
	else if (++m->pooler->looks == LOOKS)
		finish(m, NULL);
	else
		db_session_run(m->session, "SELECT pg_backend_pid() AS pid", on_ours, m);
}

static void on_other(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	if (err && !strstr(err->msg, "pooling mode"))   /* which knows no BEGIN, and hangs up */
		finish(m, err);
	else if (err || atoi(db_rows_get(rows, 0, "pid")) == m->backend_pid)
		refuse(m);
	else
		db_session_run(m->session, "SELECT pg_backend_pid() AS pid", on_ours, m);
}

void migrate_pooler(struct migrate *m, migrate_step_cb *cb)
{
	struct migrate_pooler *p = need(calloc(1, sizeof(*p)));

	p->cb = cb;
	p->other = db_session_new(m->loop, m->settings->database_url, MIGRATE_PROGRAM);
	m->pooler = p;
	db_session_run(p->other, "BEGIN; SELECT pg_backend_pid() AS pid", on_other, m);
}
