/* migrate.c - the database through its migrations, step by step.
 *
 *   LOOK --> POOLER --> LOCK --> SCHEMA --> RECORDS --> BACKUP --> NEXT --> MODELS --> done
 *    ^      (if any)     |                                         |  ^
 *    +-- jittered wait --+ somebody else has it                  one migration
 *
 *   a plan:  LOOK --> RECORDS --> NEXT --> done, each migration only probed
 *
 * Whoever waits for the lock has no connection open meanwhile: fifty waiters
 * cost PostgreSQL nothing. The session that has it does all the work, so the lock
 * goes with whoever does. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "home.h"
#include "mem.h"
#include "migration_dir.h"
#include "noise.h"
#include "queries.h"
#include "structure/migrate_impl.h"

#define WAIT_FIRST_MS   300
#define WAIT_MOST_MS    5000

static void enter_look(struct migrate *m);
static void enter_records(struct migrate *m);
static void enter_next(struct migrate *m);

/* ---- its life ---- */

static struct strings copy_strings(const struct strings *from)
{
	struct strings to = { need(calloc(from->n + 1, sizeof(char *))), from->n };

	for (size_t i = 0; i < from->n; i++)
		to.v[i] = need_copy(from->v[i]);
	return to;
}

static void free_strings(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
}

static void migrate_free(struct migrate *m)
{
	migrate_run_stop(m);
	migrate_backup_stop(m);
	migrate_pooler_stop(m);
	migrate_watch_free(m->watch);
	db_session_free(m->session);
	timer_free(m->timer);
	migrations_clear(&m->set);
	migration_records_clear(&m->records);
	free(m->pending);
	json_decref(m->result);
	free(m->dir);
	free((char *)(uintptr_t)m->req.job);
	free((char *)(uintptr_t)m->req.to);
	free((char *)(uintptr_t)m->req.backup);
	free_strings(&m->req.apps);
	free_strings(&m->req.fake);
	free(m);
}

/* A role that may not read or write the records will not be let in by waiting. */
static bool is_forbidden(const struct migrate *m, const struct err *err)
{
	return m->session && !strcmp(err->code, "db_error") && !strcmp(db_session_error(m->session).sqlstate, "42501");
}

void migrate_finish(struct migrate *m, const struct err *err)
{
	struct err copied;

	if (err && is_forbidden(m, err))
		err_set(&copied, ERR_PERMANENT, "migration_failed", "%s: migrate is for the role that owns the tables", err->msg);
	else if (err)
		copied = *err;
	migrate_result_pending(m);
	m->done(m->result, err ? &copied : NULL, m->data);
	migrate_free(m);
}

void migrate_say(struct migrate *m, const char *fmt, ...)
{
	char line[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (m->progress)
		m->progress(line, m->data);
}

static void refuse(struct migrate *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct migrate *m, const char *fmt, ...)
{
	char text[256];
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, ERR_PERMANENT, "migration_failed", "%s", text);
	migrate_finish(m, &err);
}

static bool is_true(const struct db_rows *rows, const char *column)
{
	const char *value = db_rows_get(rows, 0, column);

	return value && *value == 't';
}

/* ---- the lock ---- */

/* The session is closed and made anew: so nothing is held while we wait. */
static void wait_for_lock(struct migrate *m, const char *holder)
{
	db_session_free(m->session);
	m->session = NULL;
	if (!m->told_wait)
		migrate_say(m, "waits: another migrate is at work (%s)", holder ? holder : "somewhere");
	m->told_wait = true;
	timer_set(m->timer, m->wait_ms / 2 + (int64_t)((double)m->wait_ms / 2 * noise_unit()));
	m->wait_ms = m->wait_ms * 2 > WAIT_MOST_MS ? WAIT_MOST_MS : m->wait_ms * 2;
}

static void enter_schema(struct migrate *m);

static void on_lock(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	if (err) {
		migrate_finish(m, err);
		return;
	}
	if (!is_true(rows, "got")) {
		wait_for_lock(m, db_rows_get(rows, 0, "holder"));
		return;
	}
	json_object_set_new(m->result, "waited_ms", json_integer(loop_now_ms(m->loop) - m->asked_ms));
	enter_schema(m);
}

static void enter_lock(struct migrate *m)
{
	db_session_run(m->session, sql_migrate_lock.text, on_lock, m);
}

/* ---- LOOK: what kind of server is this? ---- */

static void on_pooler(struct migrate *m, const struct err *err)
{
	if (err) {
		migrate_finish(m, err);
		return;
	}
	m->pooler_seen = true;
	if (migrate_is_plan(m))
		enter_records(m);
	else
		enter_lock(m);
}

static void look_further(struct migrate *m)
{
	if (m->backend_pid != db_session_pid(m->session) && !m->pooler_seen)
		migrate_pooler(m, on_pooler);
	else if (migrate_is_plan(m))
		enter_records(m);
	else
		enter_lock(m);
}

static void on_look(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	if (err && strstr(err->msg, "unsupported startup parameter")) {
		refuse(m, "a pooler stands before PostgreSQL and refuses our settings: "
		       "migrate needs a direct connection (--database-url)");
	} else if (err) {
		migrate_finish(m, err);
	} else if (is_true(rows, "standby") && !migrate_is_plan(m)) {
		refuse(m, "this PostgreSQL is a standby, which cannot be written to: migrate needs the primary");
	} else {
		m->standby = is_true(rows, "standby");
		snprintf(m->role, sizeof(m->role), "%s", db_rows_get(rows, 0, "role"));
		m->has_django = is_true(rows, "has_django");
		m->has_initial = is_true(rows, "has_initial");
		m->has_migration = is_true(rows, "has_migration");
		m->backend_pid = atoi(db_rows_get(rows, 0, "pid"));
		look_further(m);
	}
}

static void enter_look(struct migrate *m)
{
	if (!m->session)
		m->session = db_session_new(m->loop, m->settings->database_url, MIGRATE_PROGRAM);
	if (!m->asked_ms)
		m->asked_ms = loop_now_ms(m->loop);
	db_session_run(m->session, sql_migrate_look.text, on_look, m);
}

/* ---- SCHEMA: where it is written down what was done ---- */

static void on_schema(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	(void)rows;
	if (err && !strcmp(db_session_error(m->session).sqlstate, "42501")) {
		json_object_set_new(m->result, "run_as_owner", json_string(
			"psql -1 -f db/migrations/gesync/0001_initial.sql -f db/migrations/gesync/0002_migration.sql"));
		refuse(m, "role %.60s may not make gesync's tables: as their owner run psql -1 -f 0001_initial.sql "
		       "-f 0002_migration.sql in %.100s/gesync", m->role, m->dir);
		return;
	}
	if (err) {
		migrate_finish(m, err);
		return;
	}
	/* They may have been made by somebody else before we had the lock. */
	m->has_django = m->has_initial = m->has_migration = true;
	enter_records(m);
}

static void enter_schema(struct migrate *m)
{
	char *text;

	text = need_text("%s;%s;%s", m->has_initial ? "" : sql_gesync_0001_initial.text,
			 m->has_migration ? "" : sql_gesync_0002_migration.text,
			 m->has_django ? "" : sql_migrate_django.text);
	db_session_run(m->session, text, on_schema, m);
	free(text);
}

/* ---- RECORDS: what remains ---- */

static void enter_backup(struct migrate *m);

static void on_pending(struct migrate *m, const struct err *err)
{
	if (err)
		migrate_finish(m, err);
	else
		enter_backup(m);
}

static void enter_records(struct migrate *m)
{
	migrate_pending(m, on_pending);
}

/* ---- BACKUP ---- */

static void on_backup(struct migrate *m, const struct err *err)
{
	if (err)
		migrate_finish(m, err);
	else
		enter_next(m);
}

static void enter_backup(struct migrate *m)
{
	if (m->req.backup && !migrate_is_plan(m))
		migrate_backup(m, on_backup);
	else
		enter_next(m);
}

/* ---- NEXT: one migration after another ---- */

static void on_models(struct migrate *m, const struct err *err)
{
	migrate_finish(m, err);
}

static void on_run(struct migrate *m, const struct migration *mig, enum migrate_outcome outcome,
		   int64_t duration_ms, const struct err *err);

/* What a run comes to, for the records that we hold. */
static void note_done(struct migrate *m, const struct migration *mig)
{
	migration_records_add(&m->records, mig->id, "", mig->checksum, -1, false);
	for (size_t i = 0; i < mig->replaces.n; i++)
		if (!migration_records_find(&m->records, mig->replaces.v[i]))
			migration_records_add(&m->records, mig->replaces.v[i], "", mig->checksum, -1, false);
	m->next++;
}

static void applied(struct migrate *m, const struct migration *mig, int64_t ms)
{
	note_done(m, mig);
	migrate_result_applied(m, mig, ms);
	migrate_say(m, "%s: applied in %lld ms (%zu of %zu)", mig->id, (long long)ms, m->next, m->npending);
}

static void faked(struct migrate *m, const struct migration *mig)
{
	const char *why = migrate_is_asked_fake(m, mig) ? "asked" : "stands";

	note_done(m, mig);
	migrate_result_faked(m, mig, why);
	migrate_say(m, "%s: recorded without being run, %s (%zu of %zu)", mig->id,
		    *why == 'a' ? "as asked" : "its effect stands", m->next, m->npending);
}

static void probed(struct migrate *m, const struct migration *mig, enum migrate_outcome outcome)
{
	struct err err;

	if (migrate_is_plan(m)) {
		migrate_result_planned(m, mig, false, outcome);
		m->next++;
		enter_next(m);
	} else if (outcome == MIGRATE_STANDS) {
		migrate_run(m, mig, MIGRATE_FAKE, on_run);
	} else if (migrate_look_at_history(m, mig, &err) < 0) {
		migrate_finish(m, &err);
	} else {
		migrate_run(m, mig, MIGRATE_APPLY, on_run);
	}
}

static void on_run(struct migrate *m, const struct migration *mig, enum migrate_outcome outcome,
		   int64_t duration_ms, const struct err *err)
{
	if (err) {
		migrate_finish(m, err);
		return;
	}
	if (outcome >= MIGRATE_STANDS) {
		probed(m, mig, outcome);
		return;
	}
	if (outcome == MIGRATE_APPLIED)
		applied(m, mig, duration_ms);
	else
		faked(m, mig);
	enter_next(m);
}

static void enter_next(struct migrate *m)
{
	const struct migration *mig = m->next < m->npending ? m->pending[m->next] : NULL;
	bool fake = mig && migrate_is_asked_fake(m, mig);

	if (!mig && migrate_is_plan(m)) {
		migrate_finish(m, NULL);
	} else if (!mig) {
		migrate_models(m, on_models);
	} else if (migrate_is_plan(m) && (fake || m->standby)) {
		migrate_result_planned(m, mig, fake, MIGRATE_UNKNOWN);
		m->next++;
		enter_next(m);
	} else if (fake) {
		migrate_run(m, mig, MIGRATE_FAKE, on_run);
	} else {
		migrate_run(m, mig, migrate_is_plan(m) || m->req.fake_applied ? MIGRATE_PROBE : MIGRATE_APPLY, on_run);
	}
}

/* ---- what the header promised ---- */

static void on_timer(void *data)
{
	struct migrate *m = data;
	struct err err;

	if (!m->dir) {                          /* the beginning */
		m->dir = home_dir(m->settings->migrations_dir, "migrations");
		if (migration_dir_load(&m->set, m->dir, &err) < 0) {
			migrate_finish(m, &err);
			return;
		}
	}
	enter_look(m);
}

struct migrate *migrate_start(struct loop *loop, const struct settings *settings,
			      const struct migrate_request *request,
			      migrate_progress_cb *progress, migrate_done_cb *done, void *data)
{
	struct migrate *m = need(calloc(1, sizeof(*m)));

	m->loop = loop;
	m->settings = settings;
	m->req = *request;
	m->req.job = need_copy(request->job);
	m->req.to = need_copy(request->to);
	m->req.backup = need_copy(request->backup);
	m->req.apps = copy_strings(&request->apps);
	m->req.fake = copy_strings(&request->fake);
	m->progress = progress;
	m->done = done;
	m->data = data;
	m->result = json_pack("{s[] s[] s[] si si si}", "applied", "faked", "pending",
			      "content_types", 0, "permissions", 0, "waited_ms", 0);
	m->wait_ms = WAIT_FIRST_MS;
	m->watch = migrate_watch_new(m);
	m->timer = timer_new(loop, on_timer, m);
	timer_set(m->timer, 0);
	return m;
}

void migrate_stop(struct migrate *m)
{
	if (m)
		migrate_free(m);
}
