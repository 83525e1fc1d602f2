/* rebuild_proof.c - a scratch database, from CREATE to DROP.
 *
 *   CREATE --> BUILD --> READ --> DROP --> callback
 *     |          |         |       ^
 *     +----------+---------+-------+  with what went wrong */
#include "structure/rebuild_proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_conninfo.h"
#include "db_session.h"
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

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

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
	if (asprintf(&text, "DROP DATABASE IF EXISTS %s WITH (FORCE)", p->database) < 0)
		abort();
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
		p->lines[p->n] = need(strdup(db_rows_get(rows, (int)p->n, "line")));
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
	p->session = db_session_new(p->loop, p->url, "gesync-rebuild");
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

struct proof *proof_start(struct loop *loop, const struct settings *settings, const char *name,
			  const char *dir, proof_cb *cb, void *data)
{
	struct proof *p = need(calloc(1, sizeof(*p)));
	char *text;

	p->loop = loop;
	p->cb = cb;
	p->data = data;
	if (asprintf(&p->database, "gesync_proof_%s", name) < 0)
		abort();
	p->scratch = *settings;
	/* One that cannot be parsed fails at the first connection. */
	p->url = db_conninfo_for(settings->database_url, p->database);
	p->dir = need(strdup(dir));
	p->scratch.database_url = p->url;
	p->scratch.migrations_dir = p->dir;
	p->server = db_session_new(loop, settings->database_url, "gesync-rebuild");
	if (asprintf(&text, "CREATE DATABASE %s TEMPLATE template0", p->database) < 0)
		abort();
	db_session_run(p->server, text, on_created, p);
	free(text);
	return p;
}

void proof_stop(struct proof *p)
{
	if (p)
		proof_free(p);
}
