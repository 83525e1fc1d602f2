/* rebuild.h - the migration files of apps replaced by a baseline from their models
 * (INTERFACE.md section 7).
 *
 * Nothing is put in place before it has been proven: two databases beside the
 * application's are built, one from the old files, one from the new, and must be the
 * same. Then the folder is exchanged in one moment, inside the transaction that
 * records the baseline. Whatever fails leaves files and database as they were; a
 * crash may leave a folder "….new-STAMP" behind, which the next rebuild names, and
 * databases "gesync_proof_…", which it drops.
 *
 * The result, also where it failed:
 *
 *   { "dry_run": false,
 *     "apps": [{ "app": "core", "set_aside": ["0001_initial", ...], "alters": 11,
 *                "written": ["0001_initial", "0002_foreign_keys"] }],
 *     "kept": "/path/migrations.backup-20251125-013000",     where the old files are
 *     "recorded": ["core.0001_initial", ...],
 *     "differs"?: ["new: column|core_x|...", ...] }          why the proof failed */
#ifndef GESYNC_STRUCTURE_REBUILD_H
#define GESYNC_STRUCTURE_REBUILD_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "loop.h"
#include "settings.h"

struct rebuild;

struct rebuild_request {
	bool backup;            /* the old files are kept as .backup-STAMP; alone: nothing else is done */
	bool remove_alters;     /* a baseline for the apps that have migrations which make no table */
	bool recreate;          /* a baseline for all */
	struct strings apps;    /* labels, of these only; none: all that have models */
	const char *stamp;      /* of the time: names folders */
	bool dry_run;
};

/* One line of progress. Any number, never before rebuild_start() has returned. */
typedef void rebuild_progress_cb(const char *line, void *data);
/* Called exactly once, never before rebuild_start() has returned; rebuild is gone then.
 * result is borrowed. Errors: migration_failed, unknown_app, bad_models (ERR_PERMANENT),
 * db_unavailable (ERR_HOLD), db_error, lock_timeout (ERR_RETRY). */
typedef void rebuild_done_cb(json_t *result, const struct err *err, void *data);

/* settings: database_url, models_dir, migrations_dir; borrowed until the callback.
 * request is copied, its strings are borrowed. */
struct rebuild *rebuild_start(struct loop *loop, const struct settings *settings,
			      const struct rebuild_request *request,
			      rebuild_progress_cb *progress, rebuild_done_cb *done, void *data);
void rebuild_stop(struct rebuild *rebuild);     /* no call after this; NULL is fine */

#endif
