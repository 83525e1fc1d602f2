/* migration_lint.h - what of a migration would hurt a database at work: locks that
 * keep readers or writers of a large table waiting, rewrites, statements that fail
 * on rows that stand, or in a transaction.
 *
 * A finding is silenced by a comment with a reason, for the statement below it, or
 * in the file's header for all of the file:
 *
 *   -- lint: off add-foreign-key: the table has a dozen rows
 */
#ifndef GESYNC_MIGRATION_LINT_H
#define GESYNC_MIGRATION_LINT_H

#include <jansson.h>

#include "migration.h"

/* [{ "rule", "line", "severity": "error|warning", "why", "instead" }], owned. "error": it
 * would fail, or lose what a second attempt needs. Rules that are silenced
 * without a reason, or that are none, are findings themselves. */
json_t *migration_lint(const struct migration *m);

#endif
