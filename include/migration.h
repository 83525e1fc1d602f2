/* migration.h - migration files: headers, order, and what of them remains.
 *
 * A file is plain SQL behind a header, the comment lines it begins with:
 *
 *   -- depends: core.0001_initial, license.0006_x      may be repeated
 *   -- replaces: core.0001_initial, core.0002_y        a baseline: what it stands for
 *   -- transaction: off                                CREATE INDEX CONCURRENTLY and the like
 *   -- statement_timeout: 30m                          default 15m; for each statement
 *   -- lint: off RULE: reason                          see migration_lint.h
 *
 * Other comments are prose. */
#ifndef GESYNC_MIGRATION_H
#define GESYNC_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define MIGRATION_BYTES_MAX     (1 << 20)       /* of one file */
#define MIGRATION_NAME_MAX      200             /* of "app.name", Django's columns hold 255 each */
#define MIGRATIONS_MAX          2000
#define MIGRATION_TIMEOUT_MS    (15 * 60 * 1000)

struct migration_names { char **v; size_t n; }; /* "app.name", owned */

struct migration {              /* all owned */
	char *app, *name;
	char *id;                       /* "app.name" */
	char *sql;                      /* the whole file */
	char *checksum;                 /* of its bytes */
	struct migration_names depends, replaces;
	bool transaction;
	int64_t statement_timeout_ms;
};

struct migrations { struct migration **v; size_t n; };  /* zeroed at first */

/* Reads one file. app and name have been looked at by migration_app_valid() and
 * migration_name_valid(). NULL and err (ERR_PERMANENT migration_failed, with
 * file and line) where its header is wrong, or the text holds a NUL or is no UTF-8. */
struct migration *migration_parse(const char *app, const char *name, const char *bytes, size_t len,
				  const char *checksum, struct err *err);
void migration_free(struct migration *m);       /* NULL is fine */
bool migration_app_valid(const char *app);      /* a Django label */
bool migration_name_valid(const char *name);    /* NNNN_name */

void migrations_add(struct migrations *set, struct migration *m);       /* takes it over */
void migrations_clear(struct migrations *set);
/* Sorts so that each comes after what it depends on, always in the same way. -1 and err
 * for a parent that is missing, a cycle (named in full), or a file that is there twice.
 * What is replaced by a baseline counts as there. */
int migrations_order(struct migrations *set, struct err *err);
/* By "app.name"; a replaced name finds its baseline. NULL if there is none. */
const struct migration *migrations_find(const struct migrations *set, const char *id);
/* The app that a table is of by its name: whose label and a "_" begin it, the longest.
 * NULL if there is none. */
const char *migrations_app_of(const struct migrations *set, const char *table);

/* ---- what the database knows ---- */

struct migration_record {       /* a row of django_migrations; strings owned */
	char *id;
	char *applied_at;               /* as text; NULL: recorded in gesync.migration alone */
	char *checksum;                 /* NULL: not applied by gesync, or by an old one */
	int64_t duration_ms;            /* -1: unknown */
	bool faked;
};

struct migration_records { struct migration_record *v; size_t n; };
/* checksum may be NULL. */
void migration_records_add(struct migration_records *records, const char *id, const char *applied_at,
			   const char *checksum, int64_t duration_ms, bool faked);
void migration_records_clear(struct migration_records *records);
const struct migration_record *migration_records_find(const struct migration_records *records, const char *id);

enum migration_state {
	MIGRATION_PENDING,
	MIGRATION_APPLIED,
	MIGRATION_EDITED,       /* applied, and its file has changed since */
	MIGRATION_PARTLY        /* a baseline of which some names are recorded, not all */
};

enum migration_state migration_state(const struct migration *m, const struct migration_records *records);

/* What remains to be done, in order, for the end, or for `to` and what it depends on, or
 * for apps and what they depend on. set is ordered. *out is owned by the caller: free(). -1
 * and err (ERR_PERMANENT): unknown_app; else migration_failed: a `to` that is not there or
 * lies behind what is applied, a baseline that is partly applied. */
struct migration_goal { const char *const *apps; size_t napps; const char *to; };
int migrations_pending(const struct migrations *set, const struct migration_records *records,
		       const struct migration_goal *goal, const struct migration ***out, size_t *n,
		       struct err *err);

/* The first that is applied and depends, at whatever remove, on m; NULL if there is none.
 * Where m itself is not applied it must not be run any more: it would take back what later ones
 * have made of its tables. set is ordered. */
const struct migration *migrations_overtaker(const struct migrations *set, const struct migration_records *records,
					     const struct migration *m);

#endif
