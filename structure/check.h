/* check.h - the database against the models: one snapshot, one report.
 *
 * The report is INTERFACE.md section 4's `result` of a check:
 *
 *   { "models": 37, "tables": 64,
 *     "missing":  [{ "table", "app", "model"?, "severity": "error", "actual"?, "fix", "safe" }],
 *     "orphaned": [{ "table", "expected": bool, "class": "expected|legacy|unknown",
 *                    "severity": "info|warning" }],
 *     "drift":    [{ "table", "column" (or "name"), "kind", "severity", "declared", "actual",
 *                    "fix", "safe": bool, "rename"?: "hsn_code" }],
 *     "hidden": 21, "pending": ["license.0007_add_is_restricted_field"],
 *     "apps": { "core": { "models": 16, "missing": 1, "errors": 1 } },
 *     "errors": 1, "warnings": 0,
 *     "columns"?: [{ "table", "app", "columns": [{ "name", "type", "nullable", "default",
 *                    "identity"?, "declared": bool }] }],                   with show_columns
 *     "fixed"?:   [{ "sql", "ok": bool, "error"? }] }                       with fix
 *
 * "column" names a column where the difference is in one; "name" the constraint
 * or index otherwise. "declared" and "actual" are texts, or null. "errors"
 * counts missing tables and drift of that severity: what makes check exit 1.
 * With fix, all but "fixed" is what stands afterwards. */
#ifndef GESYNC_STRUCTURE_CHECK_H
#define GESYNC_STRUCTURE_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "loop.h"
#include "settings.h"

struct check;

struct check_request {
	struct strings apps;    /* labels; none: all. Both sides are restricted to them */
	const char *table;      /* NULL: all */
	bool show_columns;
	bool fix;               /* create what is missing, then look again */
	bool dry_run;           /* with fix: "fixed" lists what would run, "ok" is null */
};

/* Called exactly once, never before check_start() has returned, and the check is
 * gone then. Either report (borrowed: json_incref() what is kept) or err is NULL.
 * Errors: unknown_app, unknown_table (ERR_PERMANENT, the message lists the known
 * ones), bad_models (ERR_PERMANENT: file, line, field), db_unavailable (ERR_HOLD),
 * db_error, lock_timeout (ERR_RETRY). */
typedef void check_cb(json_t *report, const struct err *err, void *data);

/* settings: database_url, models_dir, migrations_dir; borrowed until the
 * callback. request is copied. A connection of its own, read-only unless fix. */
struct check *check_start(struct loop *loop, const struct settings *settings,
			  const struct check_request *request, check_cb *cb, void *data);
void check_stop(struct check *check);   /* no call after this; NULL is fine */

#endif
