/* migrate_list.h - what of the migrations stands where. */
#ifndef GESYNC_STRUCTURE_MIGRATE_LIST_H
#define GESYNC_STRUCTURE_MIGRATE_LIST_H

#include <jansson.h>

#include "db.h"
#include "err.h"
#include "loop.h"
#include "migration.h"
#include "settings.h"

/* ---- the rows of django_migrations, with what gesync knows beside them ---- */

/* The statement to read them with; has_*: whether the tables stand (migrate_look.sql). */
const char *migrate_records_sql(bool has_django, bool has_migration);
void migrate_records_take(struct migration_records *records, const struct db_rows *rows);

/* ---- the list ---- */

/* { "migrations": [{ "migration": "core.0001_initial",
 *                    "state": "applied|pending|faked|edited|partly|unknown",
 *                    "applied_at": "2025-11-19T..." or null, "duration_ms": 12 or null }],
 *   "applied": 40, "pending": 2, "faked": 1, "edited": 0, "partly": 0, "unknown": 3 }
 *
 * In the order in which they apply; "unknown" ones, which are recorded and have no file,
 * come last. Called once, never before migrate_list_start() has returned; list
 * is borrowed, NULL with err. Errors as migrate.h's. */
struct migrate_list;
typedef void migrate_list_cb(json_t *list, const struct err *err, void *data);
struct migrate_list *migrate_list_start(struct loop *loop, const struct settings *settings,
					migrate_list_cb *cb, void *data);
void migrate_list_stop(struct migrate_list *list);      /* no call after this; NULL is fine */

#endif
