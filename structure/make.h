/* make.h - writes the migrations that take the database to its models.
 *
 * The result, also where it failed:
 *
 *   { "dry_run": false,
 *     "files": [{ "migration": "core.0015_auto_20251125_0130_structure", "file": "/path.sql",
 *                 "written": true, "statements": 2, "unsafe": 1, "sql": "...",
 *                 "lint": [{ "rule", "line", "severity", "why", "instead" }] }] } */
#ifndef GESYNC_STRUCTURE_MAKE_H
#define GESYNC_STRUCTURE_MAKE_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "loop.h"
#include "settings.h"

struct make;

struct make_request {
	struct strings apps;    /* labels; none: all */
	const char *stamp;      /* 20251125_0130: part of the names */
	bool dry_run;           /* writes nothing */
};

/* Called exactly once, never before make_start() has returned; make is gone then.
 * result is borrowed. Errors: those of check_start(), and migration_failed (ERR_PERMANENT):
 * migrations are pending, a file cannot be written; then none is. */
typedef void make_done_cb(json_t *result, const struct err *err, void *data);

/* settings: database_url, models_dir, migrations_dir; all borrowed until the callback. */
struct make *make_start(struct loop *loop, const struct settings *settings,
			const struct make_request *request, make_done_cb *done, void *data);
void make_stop(struct make *make);      /* no call after this; NULL is fine */

#endif
