/* rebuild.c - a baseline in the place of the old migrations, once it is proven.
 *
 *   LOAD --> LOCK --> CHECK --> OLD --> STAGE --> NEW --> LOOK --> RECORD... --> COMMIT --> done
 *            |  ^                         |                                        |
 *            +--+ held                    +- from here, a failure removes          +- and here takes
 *                                            the staged folder                        the exchange back
 *
 * The lock of the pool's migrations is held from LOCK on, by the session that records: nobody
 * migrates meanwhile. The folder is exchanged between the last record and COMMIT. Should
 * we die between the two, the new files stand with the old records: 0001_initial counts as
 * applied, for all it replaces is, and 0002_foreign_keys can be run again. */
#include "mem.h"
#include "structure/rebuild.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db_session.h"
#include "log.h"
#include "noise.h"
#include "queries.h"
#include "structure/check.h"
#include "structure/rebuild_files.h"
#include "structure/rebuild_proof.h"
#include "tree.h"

#define WAIT_MS         1000    /* for the lock, about */
#define DIFFERS_MOST    20      /* that are told */

struct rebuild {
	struct loop *loop;                      /* borrowed */
	const struct settings *settings;        /* borrowed */
	struct rebuild_request req;             /* a copy, strings borrowed */
	rebuild_progress_cb *progress;
	rebuild_done_cb *done;
	void *data;
	json_t *result;                         /* owned */

	struct timer *timer;
	bool loaded;                            /* the timer is for the lock now */
	struct rebuild_files files;
	bool exchanged;                         /* what is staged is the old folder */
	struct check *check;
	struct proof *proof;
	struct proof_lines before;              /* what the old files build */
	struct db_session *session;             /* owned */
	size_t at;                              /* of baseline: recorded next */
};

static void say(struct rebuild *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct rebuild *r, const char *fmt, ...)
{
	char line[PATH_MAX + 200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (r->progress)
		r->progress(line, r->data);
}

/* ---- its life ---- */

static void rebuild_free(struct rebuild *r)
{
	struct err err;

	if (r->exchanged && tree_exchange(r->files.dir, r->files.staged, &err) < 0) {
		log_error("rebuild: the old migrations are in %s: %s", r->files.staged, err.msg);
		r->files.stands = false;
	}
	rebuild_files_clear(&r->files);
	check_stop(r->check);
	proof_stop(r->proof);
	db_session_free(r->session);
	timer_free(r->timer);
	proof_lines_clear(&r->before);
	json_decref(r->result);
	free(r);
}

/* What is undone is undone before anybody hears of it. */
static void finish(struct rebuild *r, const struct err *err)
{
	rebuild_done_cb *done = r->done;
	void *data = r->data;
	json_t *result = json_incref(r->result);
	struct err copy;

	if (err)
		copy = *err;
	rebuild_free(r);
	done(result, err ? &copy : NULL, data);
	json_decref(result);
}

static void refuse(struct rebuild *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct rebuild *r, const char *fmt, ...)
{
	char text[256];
	struct err err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&err, ERR_PERMANENT, "migration_failed", "%s", text);
	finish(r, &err);
}

/* ---- COMMIT ---- */

static void on_committed(const struct db_rows *rows, const struct err *err, void *data)
{
	struct rebuild *r = data;

	(void)rows;
	if (err) {
		finish(r, err);
		return;
	}
	r->exchanged = r->files.stands = false;
	if (rename(r->files.staged, r->files.kept) < 0) {
		log_warn("rebuild: %s could not be renamed to %s: %s", r->files.staged, r->files.kept, strerror(errno));
		json_object_set_new(r->result, "kept", json_string(r->files.staged));
	}
	finish(r, NULL);
}

static void enter_commit(struct rebuild *r)
{
	struct err err;

	if (tree_exchange(r->files.dir, r->files.staged, &err) < 0) {
		finish(r, &err);
		return;
	}
	r->exchanged = true;
	db_session_run(r->session, "COMMIT", on_committed, r);
}

/* ---- RECORD ---- */

static void enter_record(struct rebuild *r);

static void on_recorded(const struct db_rows *rows, const struct err *err, void *data)
{
	struct rebuild *r = data;

	(void)rows;
	if (err) {
		finish(r, err);
		return;
	}
	r->at++;
	enter_record(r);
}

/* ["core.0001_initial", what it replaces, ...] */
static json_t *names_of(const struct migration *m)
{
	json_t *names = json_pack("[s]", m->id);

	for (size_t i = 0; i < m->replaces.n; i++)
		json_array_append_new(names, json_string(m->replaces.v[i]));
	return names;
}

static void enter_record(struct rebuild *r)
{
	const struct migration *m;
	json_t *names;
	char *text;

	if (r->at == r->files.baseline.n) {
		enter_commit(r);
		return;
	}
	m = rebuild_files_new(&r->files, r->at);
	names = names_of(m);
	text = need(json_dumps(names, JSON_COMPACT));
	json_array_append_new(json_object_get(r->result, "recorded"), json_string(m->id));
	db_session_query(r->session, sql_migrate_record.text, 3,
			 (const char *const[]){ text, m->checksum, NULL }, on_recorded, r);
	free(text);
	json_decref(names);
}

/* ---- LOOK ---- */

static void on_begun(const struct db_rows *rows, const struct err *err, void *data)
{
	struct rebuild *r = data;

	(void)rows;
	if (err)
		finish(r, err);
	else
		enter_record(r);
}

static bool is_true(const struct db_rows *rows, const char *column)
{
	return *db_rows_get(rows, 0, column) == 't';
}

/* gesync's tables are made within the same transaction, where they are missing. */
static void on_look(const struct db_rows *rows, const struct err *err, void *data)
{
	struct rebuild *r = data;
	char *text;

	if (err) {
		finish(r, err);
		return;
	}
	text = need_text("BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '60s'; %s; %s",
			 is_true(rows, "has_initial") ? "" : sql_gesync_0001_initial.text,
			 is_true(rows, "has_migration") ? "" : sql_gesync_0002_migration.text);
	db_session_run(r->session, text, on_begun, r);
	free(text);
}

/* ---- OLD, NEW: the proof ---- */

/* A file of an app that stays as it is was written for what the old files made. */
static void cannot_build(struct rebuild *r, const struct err *err)
{
	struct err more;

	err_set(&more, err->kind, err->code, "this app has to be rebuilt together with those that were asked for: %s", err->msg);
	finish(r, rebuild_files_is_other(&r->files, err->msg) ? &more : err);
}

/* The old files of one app may have changed tables of others, which stay as they are. */
static void refuse_difference(struct rebuild *r, json_t *differs)
{
	char *others = rebuild_files_others(&r->files, differs);
	size_t n = json_array_size(differs);

	while (json_array_size(differs) > DIFFERS_MOST)
		json_array_remove(differs, json_array_size(differs) - 1);
	json_object_set(r->result, "differs", differs);
	if (*others)
		refuse(r, "the baseline builds another database than the old files, which changed tables of %s, too: "
		       "rebuild these apps together (%zu differences)", others, n);
	else
		refuse(r, "the baseline builds another database than the old files: %zu differences, the first is %s",
		       n, json_string_value(json_array_get(differs, 0)));
	free(others);
}

static void on_new(const char *const *v, size_t n, const struct err *err, void *data)
{
	struct rebuild *r = data;
	struct proof_lines after;
	json_t *differs;

	r->proof = NULL;
	if (err) {
		cannot_build(r, err);
		return;
	}
	after = proof_lines_sorted(v, n);
	differs = proof_lines_compare(&r->before, &after);
	proof_lines_clear(&after);
	if (json_array_size(differs)) {
		refuse_difference(r, differs);
	} else {
		say(r, "proven: the baseline builds the same database as the old files (%zu columns, keys and indexes)", n);
		db_session_run(r->session, sql_migrate_look.text, on_look, r);
	}
	json_decref(differs);
}

static char *proof_name(const struct rebuild *r, const char *which)
{
	static char name[60];

	snprintf(name, sizeof(name), "%d_%08x_%s", db_session_pid(r->session), noise_word(), which);
	return name;
}

/* ---- STAGE ---- */

static void on_old(const char *const *v, size_t n, const struct err *err, void *data)
{
	struct rebuild *r = data;
	struct err bad;

	r->proof = NULL;
	if (!err) {
		r->before = proof_lines_sorted(v, n);
		if (rebuild_files_stage(&r->files, (const char *const *)r->before.v, &bad) < 0)
			err = &bad;
	}
	if (err) {
		finish(r, err);
		return;
	}
	say(r, "the baseline is built in a database of its own");
	r->proof = proof_start(r->loop, r->settings, proof_name(r, "new"), r->files.staged, on_new, r);
}

static void enter_old(struct rebuild *r)
{
	say(r, "the old files are built in a database of their own");
	r->proof = proof_start(r->loop, r->settings, proof_name(r, "old"), r->files.dir, on_old, r);
}

/* ---- CHECK ---- */

static void on_checked(json_t *report, const struct err *err, void *data)
{
	struct rebuild *r = data;
	const json_t *pending = json_object_get(report, "pending");
	json_int_t errors = json_integer_value(json_object_get(report, "errors"));

	r->check = NULL;
	if (err)
		finish(r, err);
	else if (!json_is_array(pending))
		refuse(r, "this role may not read django_migrations");
	else if (json_array_size(pending))
		refuse(r, "%zu migrations are pending, the first is %s: apply them first", json_array_size(pending),
		       json_string_value(json_array_get(pending, 0)));
	else if (errors)
		refuse(r, "the database is not what the models say: check finds %lld errors", (long long)errors);
	else
		enter_old(r);
}

/* ---- LOCK ---- */

static void on_lock(const struct db_rows *rows, const struct err *err, void *data)
{
	struct rebuild *r = data;
	struct check_request request = { .table = NULL };

	if (err) {
		finish(r, err);
	} else if (is_true(rows, "got")) {
		r->check = check_start(r->loop, r->settings, &request, on_checked, r);
	} else {
		say(r, "the structure is being changed by %s: waiting", db_rows_get(rows, 0, "holder"));
		timer_set(r->timer, WAIT_MS / 2 + (int64_t)(WAIT_MS * noise_unit()));
	}
}

static void enter_lock(struct rebuild *r)
{
	db_session_run(r->session, sql_migrate_lock.text, on_lock, r);
}

/* ---- LOAD ---- */

static void only_backup(struct rebuild *r)
{
	struct err err;

	finish(r, r->req.dry_run || tree_copy(r->files.dir, r->files.kept, &err) == 0 ? NULL : &err);
}

static void enter_load(struct rebuild *r)
{
	char *leftover;
	struct err err;

	r->loaded = true;
	if (rebuild_files_load(&r->files, r->settings, &r->req, &err) < 0) {
		finish(r, &err);
		return;
	}
	leftover = rebuild_files_leftover(&r->files);
	if (leftover)
		say(r, "%s was left by a rebuild that was killed, and nobody uses it", leftover);
	free(leftover);
	json_object_set_new(r->result, "kept", json_string(r->files.kept));
	if (!r->req.recreate && !r->req.remove_alters) {
		only_backup(r);
		return;
	}
	rebuild_files_tell(&r->files, json_object_get(r->result, "apps"));
	if (r->req.dry_run || !r->files.napps)
		finish(r, NULL);
	else
		enter_lock(r);
}

/* ---- what the header promised ---- */

static void on_timer(void *data)
{
	struct rebuild *r = data;

	if (r->loaded)
		enter_lock(r);
	else
		enter_load(r);
}

struct rebuild *rebuild_start(struct loop *loop, const struct settings *settings,
			      const struct rebuild_request *request,
			      rebuild_progress_cb *progress, rebuild_done_cb *done, void *data)
{
	struct rebuild *r = need(calloc(1, sizeof(*r)));

	r->loop = loop;
	r->settings = settings;
	r->req = *request;
	r->progress = progress;
	r->done = done;
	r->data = data;
	r->result = json_pack("{sb s[] s[]}", "dry_run", request->dry_run, "apps", "recorded");
	r->session = db_session_new(loop, settings->database_url, REBUILD_PROGRAM);
	r->timer = timer_new(loop, on_timer, r);
	timer_set(r->timer, 0);
	return r;
}

void rebuild_stop(struct rebuild *rebuild)
{
	if (rebuild)
		rebuild_free(rebuild);
}
