/* rebuild_proof.c - a scratch database, from CREATE to DROP.
 *
 *   SWEEP --> CREATE --> BUILD --> READ --> DROP --> callback
 *   |  ^        |          |         |       ^
 *   +--+        +----------+---------+-------+  with what went wrong
 *   drops one that a rebuild which was killed has left */
#include "mem.h"
#include "structure/rebuild_proof.h"

#include <stdlib.h>
#include <string.h>

#include "db_conninfo.h"
#include "db_session.h"
#include "log.h"
#include "queries.h"
#include "structure/migrate.h"

struct proof {
	struct loop *loop;                      /* borrowed */
	const struct settings *settings;        /* borrowed */
	struct settings scratch;                /* a copy, of which are owned: */
	char *url, *dir;
	char *database;                         /* owned */
	struct db_session *server, *session;    /* owned: of the settings' database, of the scratch one */
	struct migrate *build;
	bool made, failed;
	struct err err;
	char **lines;                           /* owned */
	size_t n;
	proof_cb *cb;
	void *data;
};

static void proof_free(struct proof *p)
{
	migrate_stop(p->build);
	db_session_free(p->session);
	db_session_free(p->server);
	for (size_t i = 0; i < p->n; i++)
		free(p->lines[i]);
	free(p->lines);
	if (p->url)
		explicit_bzero(p->url, strlen(p->url));
	free(p->url);
	free(p->dir);
	free(p->database);
	free(p);
}

static void finish(struct proof *p)
{
	p->cb((const char *const *)p->lines, p->n, p->failed ? &p->err : NULL, p->data);
	proof_free(p);
}

static void fail(struct proof *p, const struct err *err)
{
	if (!p->failed)
		p->err = *err;
	p->failed = true;
}

/* ---- DROP ---- */

static void on_dropped(const struct db_rows *rows, const struct err *err, void *data)
{
	struct proof *p = data;

	(void)rows;
	if (err)
		fail(p, err);
	finish(p);
}

static void enter_drop(struct proof *p)
{
	char *text;

	db_session_free(p->session);
	p->session = NULL;
	if (!p->made) {
		finish(p);
		return;
	}
	/* The session that was just closed may still be on its way out. */
	text = need_text("DROP DATABASE IF EXISTS %s WITH (FORCE)", p->database);
	db_session_run(p->server, text, on_dropped, p);
	free(text);
}

/* ---- READ ---- */

static void on_read(const struct db_rows *rows, const struct err *err, void *data)
{
	struct proof *p = data;
	int n = err ? 0 : db_rows_count(rows);

	if (err)
		fail(p, err);
	p->lines = need(calloc((size_t)n + 1, sizeof(char *)));
	for (; p->n < (size_t)n; p->n++)
		p->lines[p->n] = need_copy(db_rows_get(rows, (int)p->n, "line"));
	enter_drop(p);
}

/* ---- BUILD ---- */

static void on_built(json_t *result, const struct err *err, void *data)
{
	struct proof *p = data;

	(void)result;
	p->build = NULL;
	if (err) {
		fail(p, err);
		enter_drop(p);
		return;
	}
	p->session = db_session_new(p->loop, p->url, REBUILD_PROGRAM);
	db_session_run(p->session, sql_structure.text, on_read, p);
}

static void on_created(const struct db_rows *rows, const struct err *err, void *data)
{
	struct proof *p = data;
	struct migrate_request request = { .job = NULL };
	bool forbidden = err && !strcmp(db_session_error(p->server).sqlstate, "42501");
	struct err bad;

	(void)rows;
	if (forbidden) {
		err_set(&bad, ERR_PERMANENT, "migration_failed",
			"this role may not create databases, and a baseline is proven in two of its own: ALTER ROLE ... CREATEDB");
		err = &bad;
	}
	if (err) {
		fail(p, err);
		finish(p);
		return;
	}
	p->made = true;
	p->build = migrate_start(p->loop, &p->scratch, &request, NULL, on_built, p);
}

static void enter_create(struct proof *p)
{
	char *text;

	text = need_text("CREATE DATABASE %s TEMPLATE template0", p->database);
	db_session_run(p->server, text, on_created, p);
	free(text);
}

/* ---- SWEEP ---- */

static const char leftover_query[] =
	"SELECT datname AS name FROM pg_database WHERE datname ~ '^gesync_proof_[0-9]+_' AND pg_get_userbyid(datdba) = current_user "
	"AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid::text = split_part(datname, '_', 3) AND application_name = '" REBUILD_PROGRAM "') "
	"LIMIT 1";

static void enter_sweep(struct proof *p);

static void on_swept(const struct db_rows *rows, const struct err *err, void *data)
{
	struct proof *p = data;

	(void)rows;
	if (err)                /* the next one may have more luck */
		enter_create(p);
	else
		enter_sweep(p);
}

static void on_leftover(const struct db_rows *rows, const struct err *err, void *data)
{
	struct proof *p = data;
	char *text;

	if (err || !db_rows_count(rows)) {
		enter_create(p);        /* which tells what is wrong */
		return;
	}
	log_info("rebuild: drops %s, which a rebuild that was killed has left", db_rows_get(rows, 0, "name"));
	text = need_text("DROP DATABASE IF EXISTS \"%s\"", db_rows_get(rows, 0, "name"));
	db_session_run(p->server, text, on_swept, p);
	free(text);
}

static void enter_sweep(struct proof *p)
{
	db_session_run(p->server, leftover_query, on_leftover, p);
}

struct proof *proof_start(struct loop *loop, const struct settings *settings, const char *name,
			  const char *dir, proof_cb *cb, void *data)
{
	struct proof *p = need(calloc(1, sizeof(*p)));

	p->loop = loop;
	p->cb = cb;
	p->data = data;
	p->database = need_text("gesync_proof_%s", name);
	p->scratch = *settings;
	/* One that cannot be parsed fails at the first connection. */
	p->url = db_conninfo_for(settings->database_url, p->database);
	p->dir = need_copy(dir);
	p->scratch.database_url = p->url;
	p->scratch.migrations_dir = p->dir;
	p->server = db_session_new(loop, settings->database_url, REBUILD_PROGRAM);
	enter_sweep(p);
	return p;
}

void proof_stop(struct proof *p)
{
	if (p)
		proof_free(p);
}
