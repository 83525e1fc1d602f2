/* migrate.h - takes the database through its migrations (INTERFACE.md section 7).
 *
 * One session does it all: it takes the pool's lock (a session lock, tried again
 * and again with no transaction open), then each migration in its own
 * transaction together with its row in django_migrations. So at any moment each
 * is either applied and recorded, or neither; whoever is killed loses the
 * session, and with it the lock.
 *
 * The result, also where it failed (then it tells what was done before):
 *
 *   { "applied": [{ "migration": "license.0007_add_is_restricted_field", "duration_ms": 12 }],
 *     "faked":   [{ "migration", "why": "asked|stands" }],
 *     "pending": ["trade.0003_x"],                what is left, in order
 *     "content_types": 0, "permissions": 0,       rows made for new models
 *     "waited_ms": 0,                             for the lock
 *     "edited"|"repaired"?: ["core.0001_initial"], "backup"?: "/path/name",
 *     "plan"?: [{ "migration", "file": "license/0007_x.sql", "transaction": true, "fake": false,
 *                 "can_be_faked": true, false or null (cannot be told), "sql",
 *                 "lint": [{ "rule", "line", "severity", "why", "instead" }] }],
 *     "failed"?: { "migration", "message", "transaction": bool (if false, its statements before
 *                  this one stand), "detail"?, "hint"?, "sqlstate"?, "line"? (none at COMMIT) } } */
#ifndef GESYNC_STRUCTURE_MIGRATE_H
#define GESYNC_STRUCTURE_MIGRATE_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "loop.h"
#include "settings.h"

struct migrate;

struct migrate_request {
	const char *job;        /* its id: a job that is run again finds its own backup; may be NULL */
	struct strings apps;    /* labels; none: all. What they depend on comes too */
	const char *to;         /* "app.name", forward only; NULL: the end */
	struct strings fake;    /* "app.name": recorded first, not run */
	bool plan;              /* changes nothing; dry_run is the same */
	bool dry_run;
	bool fake_applied;      /* records what stands already in full */
	bool repair;            /* takes edited files for what was applied */
	bool allow_data_loss;   /* sets gesync.allow_data_loss to 'on' for each migration */
	const char *backup;     /* NULL; else a name in settings' backup_dir: pg_dump first */
};

/* One line, such as "license.0007_x: applied in 12 ms (3 of 40)". Any number, never
 * before migrate_start() has returned. */
typedef void migrate_progress_cb(const char *line, void *data);

/* Called exactly once, never before migrate_start() has returned; the migrate is gone
 * then. result is borrowed, and given with err too. Errors: migration_failed
 * (ERR_PERMANENT: a migration, a file, a request or a role that cannot be; a standby;
 * a pooler in transaction mode), unknown_app (ERR_PERMANENT, the message lists the
 * known ones), lock_timeout (ERR_RETRY: the application held its
 * tables for minutes), db_unavailable (ERR_HOLD). A wait for the pool's lock is
 * never an error: it goes on until it has it, or migrate_stop(). */
typedef void migrate_done_cb(json_t *result, const struct err *err, void *data);

/* settings: database_url, models_dir, migrations_dir, backup_dir; borrowed until the
 * callback. request is copied. progress may be NULL. */
struct migrate *migrate_start(struct loop *loop, const struct settings *settings,
			      const struct migrate_request *request,
			      migrate_progress_cb *progress, migrate_done_cb *done, void *data);
/* At any time, NULL too: no call after this. A migration under way is rolled back. */
void migrate_stop(struct migrate *migrate);

#endif
