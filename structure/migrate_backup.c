/* migrate_backup.c - a dump, before anything is changed.
 *
 *   is it there? --> dump into NAME.part --> noted in gesync.backup --> renamed
 *
 * A file that stands is never overwritten. If it is this very job's own, from an
 * attempt that was killed later, it is the state before the upgrade: it stays, and
 * will do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_dump.h"
#include "mem.h"
#include "structure/migrate_impl.h"

#define NAME_MOST 100

struct migrate_backup {
	migrate_step_cb *cb;
	char *path, *part;              /* owned */
	struct db_dump *dump;
};

void migrate_backup_stop(struct migrate *m)
{
	struct migrate_backup *b = m->backup;

	if (!b)
		return;
	db_dump_stop(b->dump);
	free(b->path);
	free(b->part);
	free(b);
	m->backup = NULL;
}

static void finish(struct migrate *m, const struct err *err)
{
	migrate_step_cb *cb = m->backup->cb;

	if (!err)
		json_object_set_new(m->result, "backup", json_string(m->backup->path));
	migrate_backup_stop(m);
	cb(m, err);
}

static void fail(struct migrate *m, const char *what, const char *why)
{
	struct err err;

	err_set(&err, ERR_PERMANENT, "migration_failed", "backup %.100s: %s%s", m->req.backup, what, why);
	finish(m, &err);
}

static void on_noted(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	(void)rows;
	if (err) {
		finish(m, err);
	} else if (rename(m->backup->part, m->backup->path) < 0) {
		fail(m, "", strerror(errno));
	} else {
		migrate_say(m, "backup: %s", m->backup->path);
		finish(m, NULL);
	}
}

static void on_dumped(const struct err *err, void *data)
{
	struct migrate *m = data;

	m->backup->dump = NULL;
	if (err)
		fail(m, "", err->msg);
	else
		db_session_query(m->session, "INSERT INTO gesync.backup (name, job) VALUES ($1, coalesce($2, '')) "
				 "ON CONFLICT (name) DO UPDATE SET job = excluded.job, made_at = now()",
				 2, (const char *const[]){ m->req.backup, m->req.job }, on_noted, m);
}

static void on_known(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;
	bool there = access(m->backup->path, F_OK) == 0;

	if (err) {
		finish(m, err);
	} else if (there && db_rows_count(rows)) {
		migrate_say(m, "backup: %s stands, made by an earlier attempt of this job", m->backup->path);
		finish(m, NULL);
	} else if (there) {
		fail(m, "there is such a file already, and it is not overwritten", "");
	} else {
		migrate_say(m, "backup: pg_dump writes %s", m->backup->path);
		m->backup->dump = db_dump_start(m->loop, m->settings->database_url, m->backup->part, on_dumped, m);
	}
}

static bool name_is_safe(const char *name)
{
	return *name && *name != '.' && strlen(name) <= NAME_MOST &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

void migrate_backup(struct migrate *m, migrate_step_cb *cb)
{
	struct migrate_backup *b = need(calloc(1, sizeof(*b)));
	const char *dir = m->settings->backup_dir;

	b->cb = cb;
	m->backup = b;
	if (!dir || !*dir) {
		fail(m, "GESYNC_BACKUP_DIR is not set", "");
	} else if (!name_is_safe(m->req.backup)) {
		fail(m, "a name is letters, digits, '.', '_' and '-', without a folder", "");
	} else {
		b->path = need_text("%s/%s", dir, m->req.backup);
		b->part = need_text("%s.part", b->path);
		db_session_query(m->session, "SELECT 1 FROM gesync.backup WHERE name = $1 AND job = $2 AND job <> ''",
				 2, (const char *const[]){ m->req.backup, m->req.job ? m->req.job : "" }, on_known, m);
	}
}
