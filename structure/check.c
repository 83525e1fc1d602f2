/* check.c - reads the catalogue, compares, mends if asked, reports.
 *
 *   BEGIN --> READ --> RECORDS --> report
 *
 *   fix:  LOCK --> BEGIN --> READ --> RECORDS --> MEND --> BEGIN --> READ --> RECORDS --> report
 *          |  ^                                   |  ^
 *          +--+ somebody else has it              +--+ statement by statement
 *
 * READ and RECORDS are one snapshot: two queries in a transaction that is read-only. The
 * files of models and migrations are read while PostgreSQL reads its catalogue.
 * LOCK is the migrations' own, of the session; nobody waits for it inside PostgreSQL. */
#include "mem.h"
#include "structure/check.h"

#include <stdlib.h>
#include <string.h>

#include "db_session.h"
#include "home.h"
#include "log.h"
#include "manifest.h"
#include "migration_dir.h"
#include "noise.h"
#include "queries.h"
#include "schema.h"

#define PROGRAM "gesync-check"  /* application_name */
#define WAIT_MS 1000            /* for the lock, about */

/* A snapshot of the catalogue waits for nobody's ALTER TABLE for long. */
static const char read_begin[] = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;"
				 "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '60s';"
				 "SET LOCAL jit = off";  /* of no use to one query, and slow */
static const char records_query[] = "SELECT app || '.' || name AS id FROM django_migrations";
/* An index of any size may be built; no statement may wait for a lock and hold up others. */
static const char mend_begin[] = "SET lock_timeout = '5s'; SET statement_timeout = '1h'";

enum check_state { LOCK, BEGIN, READ, RECORDS, MEND };
static const char *const state_names[] = { "lock", "begin", "read", "records", "mend" };

struct check {
	struct loop *loop;                      /* borrowed */
	const struct settings *settings;        /* borrowed */
	struct strings apps;                    /* owned, with its strings */
	char *table;                            /* owned or NULL */
	bool show_columns, fix, dry_run;
	check_cb *cb;
	void *data;

	enum check_state state;
	bool sending, freed;                    /* on_sent() is still to come; and will find us gone */
	struct timer *timer;                    /* owned */
	struct db_session *session;             /* owned */
	struct manifest *manifest;              /* owned */
	struct catalogue *catalogue;            /* owned */
	struct schema *schema;                  /* owned */
	struct migrations migrations;
	struct migration_records records;
	bool records_known;                     /* the role may read them */
	const struct schema_statement **todo;   /* owned list, of the schema's */
	size_t ntodo, at;
	json_t *fixed;                          /* owned; NULL until mended */
};

static void enter(struct check *c, enum check_state state);

/* ---- its life ---- */

static void forget_reading(struct check *c)
{
	schema_free(c->schema);
	catalogue_free(c->catalogue);
	migration_records_clear(&c->records);
	c->schema = NULL;
	c->catalogue = NULL;
}

static void check_free(struct check *c)
{
	forget_reading(c);
	db_session_free(c->session);
	timer_free(c->timer);
	manifest_free(c->manifest);
	migrations_clear(&c->migrations);
	for (size_t i = 0; i < c->apps.n; i++)
		free(c->apps.v[i]);
	free(c->apps.v);
	free(c->table);
	free(c->todo);
	json_decref(c->fixed);
	c->freed = true;
	if (!c->sending)
		free(c);
}

static void finish(struct check *c, json_t *report, const struct err *err)
{
	check_cb *cb = c->cb;
	void *data = c->data;
	struct err copy;

	if (err)
		copy = *err;
	check_free(c);
	cb(report, err ? &copy : NULL, data);
	json_decref(report);
}

static struct schema_scope scope_of(const struct check *c)
{
	return (struct schema_scope){ (const char *const *)c->apps.v, c->apps.n, c->table };
}

/* ---- models and migrations ---- */

static int load(struct check *c, struct err *err)
{
	char *models = home_dir(c->settings->models_dir, "models");
	char *migrations = home_dir(c->settings->migrations_dir, "migrations");
	struct schema_scope scope = scope_of(c);
	int status = -1;

	c->manifest = manifest_load(models, err);
	if (c->manifest && schema_scope_check(&scope, c->manifest, NULL, err) == 0)
		status = migration_dir_load(&c->migrations, migrations, err);
	free(models);
	free(migrations);
	return status;
}

/* ---- LOCK ---- */

static void on_lock(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;
	const char *got = err ? NULL : db_rows_get(rows, 0, "got");
	struct err standby;

	if (err) {
		finish(c, NULL, err);
	} else if (*db_rows_get(rows, 0, "standby") == 't') {
		err_set(&standby, ERR_PERMANENT, "db_error",
			"this PostgreSQL is a standby, which cannot be written to: --fix needs the primary");
		finish(c, NULL, &standby);
	} else if (got && *got == 't') {
		enter(c, BEGIN);
	} else {
		log_info("check: the structure is being changed by %s: waiting", db_rows_get(rows, 0, "holder"));
		timer_set(c->timer, WAIT_MS / 2 + (int64_t)(WAIT_MS * noise_unit()));
	}
}

/* ---- READ, RECORDS ---- */

static bool may_read_records(const struct db_rows *rows, int row)
{
	return !strcmp(db_rows_get(rows, row, "name"), "django_migrations") &&
	       *db_rows_get(rows, row, "readable") == 't';
}

static void on_read(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;
	struct schema_scope scope = scope_of(c);
	int n = err ? 0 : db_rows_count(rows);
	const char **definitions = need(calloc((size_t)n + 1, sizeof(*definitions)));
	struct err bad;

	c->records_known = false;
	for (int i = 0; i < n; i++) {
		definitions[i] = db_rows_get(rows, i, "definition");
		c->records_known |= may_read_records(rows, i);
	}
	if (!err) {
		c->catalogue = catalogue_read(definitions, (size_t)n, &bad);
		if (!c->catalogue || schema_scope_check(&scope, c->manifest, c->catalogue, &bad) < 0)
			err = &bad;
	}
	free(definitions);
	if (err)
		finish(c, NULL, err);
	else
		enter(c, RECORDS);
}

static void on_sent(void *data)
{
	struct check *c = data;
	struct err err;

	c->sending = false;
	if (c->freed)
		free(c);
	else if (!c->manifest && load(c, &err) < 0)
		finish(c, NULL, &err);
}

/* The session sends when the loop turns, and before what is deferred after it. */
static void read_catalogue(struct check *c)
{
	db_session_run(c->session, sql_catalogue.text, on_read, c);
	c->sending = true;
	loop_defer(c->loop, on_sent, c);
}

static void on_begun(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;

	(void)rows;
	if (err)
		finish(c, NULL, err);
	else
		enter(c, READ);
}

static void compared(struct check *c);

static void on_committed(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;
	struct schema_scope scope = scope_of(c);

	(void)rows;
	if (err) {
		finish(c, NULL, err);
		return;
	}
	c->schema = schema_compare(c->manifest, c->catalogue, &scope);
	compared(c);
}

/* The snapshot goes at once: CREATE INDEX CONCURRENTLY waits for every one that is held. */
static void on_records(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;

	if (err) {
		finish(c, NULL, err);
		return;
	}
	for (int i = 0; i < db_rows_count(rows); i++)
		migration_records_add(&c->records, db_rows_get(rows, i, "id"), NULL, NULL, -1, false);
	db_session_run(c->session, "COMMIT", on_committed, c);
}

/* A database without the table has no migration applied. */
static void read_records(struct check *c)
{
	db_session_run(c->session, c->records_known ? records_query : "SELECT 1 WHERE false", on_records, c);
}

/* ---- MEND ---- */

static void add_todo(struct check *c, const struct schema_fix *fix, enum schema_phase phase)
{
	for (const struct schema_statement *s = fix->first; s; s = s->next) {
		if (s->phase != phase)
			continue;
		c->todo = need(realloc(c->todo, (c->ntodo + 1) * sizeof(struct schema_statement *)));
		c->todo[c->ntodo++] = s;
	}
}

static void make_todo(struct check *c)
{
	const struct schema *s = c->schema;

	c->ntodo = c->at = 0;
	for (int phase = 0; phase < SCHEMA_PHASES; phase++) {
		for (size_t i = 0; i < s->missing.n; i++)
			if (!s->missing.v[i].is)
				add_todo(c, &s->missing.v[i].fix, (enum schema_phase)phase);
		for (size_t i = 0; i < s->drift.n; i++)
			if (schema_creates(s->drift.v[i]))
				add_todo(c, &s->drift.v[i]->fix, (enum schema_phase)phase);
	}
}

static void note_fixed(struct check *c, const char *error)
{
	const char *sql = c->todo[c->at]->sql;
	json_t *o = json_pack("{s:s,s:o}", "sql", sql, "ok", c->dry_run ? json_null() : json_boolean(!error));

	if (error)
		json_object_set_new(o, "error", json_string(error));
	json_array_append_new(c->fixed, o);
}

static void mend_next(struct check *c);

static void on_undone(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;

	(void)rows;
	if (err && !strcmp(err->code, "db_unavailable"))
		finish(c, NULL, err);
	else
		mend_next(c);
}

/* What failed because something has its name already left nothing behind (class 42). */
static bool wants_undo(const struct check *c)
{
	return c->todo[c->at]->undo && strncmp(db_session_error(c->session).sqlstate, "42", 2);
}

static void on_mended(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;
	bool undo = err && wants_undo(c);

	(void)rows;
	if (err && !strcmp(err->code, "db_unavailable")) {
		finish(c, NULL, err);
		return;
	}
	log_info("check: %s sql=\"%.120s\"%s%s", err ? "failed" : "done", c->todo[c->at]->sql,
		 err ? " err=" : "", err ? err->msg : "");
	note_fixed(c, err ? err->msg : NULL);
	c->at++;
	if (undo)
		db_session_run(c->session, c->todo[c->at - 1]->undo, on_undone, c);
	else
		mend_next(c);
}

static void mend_next(struct check *c)
{
	if (c->at == c->ntodo)
		enter(c, BEGIN);
	else
		db_session_run(c->session, c->todo[c->at]->sql, on_mended, c);
}

static void on_mend(const struct db_rows *rows, const struct err *err, void *data)
{
	struct check *c = data;

	(void)rows;
	if (err)
		finish(c, NULL, err);
	else
		mend_next(c);
}

/* ---- the report ---- */

static int add_pending(struct check *c, json_t *report, struct err *err)
{
	struct migration_goal goal = { (const char *const *)c->apps.v, c->apps.n, NULL };
	const struct migration **pending;
	json_t *list = json_array();
	size_t n;

	if (migrations_pending(&c->migrations, &c->records, &goal, &pending, &n, err) < 0) {
		json_decref(list);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(pending[i]->id));
	free(pending);
	json_object_set_new(report, "pending", list);
	return 0;
}

static void report(struct check *c)
{
	struct schema_scope scope = scope_of(c);
	json_t *report = schema_report(c->schema, &scope);
	bool hidden = !c->records_known && catalogue_table(c->catalogue, "django_migrations");
	struct err err;

	if (hidden) {
		log_warn("check: this role may not read django_migrations: what is pending is unknown");
		json_object_set_new(report, "pending", json_null());
	} else if (add_pending(c, report, &err) < 0) {
		json_decref(report);
		finish(c, NULL, &err);
		return;
	}
	if (c->show_columns)
		json_object_set_new(report, "columns", schema_columns_report(c->schema, &scope));
	if (c->fixed)
		json_object_set(report, "fixed", c->fixed);
	finish(c, report, NULL);
}

static void compared(struct check *c)
{
	if (!c->fix || c->fixed) {
		report(c);
		return;
	}
	c->fixed = json_array();
	make_todo(c);
	for (; c->dry_run && c->at < c->ntodo; c->at++)
		note_fixed(c, NULL);
	if (c->at == c->ntodo)
		report(c);
	else
		enter(c, MEND);
}

/* ---- what the header promised ---- */

static void enter(struct check *c, enum check_state state)
{
	log_debug("check: %s", state_names[state]);
	c->state = state;
	switch (state) {
	case LOCK:
		db_session_run(c->session, sql_migrate_lock.text, on_lock, c);
		return;
	case BEGIN:
		forget_reading(c);
		db_session_run(c->session, read_begin, on_begun, c);
		return;
	case READ:
		read_catalogue(c);
		return;
	case RECORDS:
		read_records(c);
		return;
	case MEND:
		db_session_run(c->session, mend_begin, on_mend, c);
		return;
	}
}

/* The first turn, or the lock is worth another try. */
static void on_timer(void *data)
{
	struct check *c = data;

	enter(c, c->state);
}

struct check *check_start(struct loop *loop, const struct settings *settings,
			  const struct check_request *request, check_cb *cb, void *data)
{
	struct check *c = need(calloc(1, sizeof(*c)));

	c->loop = loop;
	c->settings = settings;
	c->apps.v = need(calloc(request->apps.n + 1, sizeof(char *)));
	for (; c->apps.n < request->apps.n; c->apps.n++)
		c->apps.v[c->apps.n] = need_copy(request->apps.v[c->apps.n]);
	c->table = need_copy(request->table);
	c->show_columns = request->show_columns;
	c->fix = request->fix;
	c->dry_run = request->dry_run;
	c->cb = cb;
	c->data = data;
	c->session = db_session_new(loop, settings->database_url, PROGRAM);
	c->state = c->fix && !c->dry_run ? LOCK : BEGIN;
	c->timer = timer_new(loop, on_timer, c);
	timer_set(c->timer, 0);
	return c;
}

void check_stop(struct check *c)
{
	if (c)
		check_free(c);
}
