/* migration_make.h - the migrations that take a database to its models, from what a
 * check found.
 *
 * Up to four files an app, each depending on the one before:
 *
 *   structure   tables and columns; and, as comments, what is not safe
 *   indexes     CREATE INDEX CONCURRENTLY, without a transaction
 *   keys        constraints, foreign keys NOT VALID
 *   validate    VALIDATE CONSTRAINT: not under the lock of the file before
 *
 * Differences of severity info (an older installation that works) are left alone. */
#ifndef GESYNC_MIGRATION_MAKE_H
#define GESYNC_MIGRATION_MAKE_H

#include <jansson.h>
#include <stddef.h>

#include "manifest.h"
#include "migration.h"

struct made_file {
	const char *app;                /* borrowed from the manifest */
	char *name;                     /* owned: 0015_auto_20251125_0130_keys */
	char *sql;                      /* owned: the whole file */
	size_t statements, unsafe;      /* that will run; that are comments */
};

struct made {
	struct made_file *v;            /* owned */
	size_t n;
};

/* report: of a check (structure/check.h). set: ordered, nothing of it is pending.
 * stamp: 20251125_0130, part of the names. */
void migration_make(struct made *out, const json_t *report, const struct manifest *manifest,
		    const struct migrations *set, const char *stamp);
void made_clear(struct made *made);

#endif
