/* schema.h - models against catalogue: what differs, how bad it is, and what would mend it.
 *
 * Equal in effect is equal: a unique index for a unique constraint, whatever the names.
 * A difference that follows from another (the index of a dropped column) is not told
 * again; the other's fix mends both. A many-to-many table that is missing is a drift of
 * kind missing_column without a column: a field of its model is missing, no model. Severity:
 *
 *   error    the application would fail or store wrong data: what the models rely on is
 *            not there, or what they allow is rejected
 *   warning  works, and should be put right
 *   info     an older installation, or something done twice (DOMAIN.md section 1) */
#ifndef GESYNC_SCHEMA_H
#define GESYNC_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "catalogue.h"
#include "err.h"
#include "manifest.h"

enum schema_kind {
	SCHEMA_MISSING_COLUMN, SCHEMA_EXTRA_COLUMN, SCHEMA_TYPE, SCHEMA_NULLABLE, SCHEMA_DEFAULT,
	SCHEMA_PRIMARY_KEY, SCHEMA_UNIQUE, SCHEMA_FOREIGN_KEY, SCHEMA_CHECK,
	SCHEMA_MISSING_INDEX, SCHEMA_EXTRA_INDEX, SCHEMA_INVALID_INDEX, SCHEMA_KINDS
};
extern const char *const schema_kind_names[SCHEMA_KINDS];       /* "missing_column", ... */

enum schema_severity { SCHEMA_INFO, SCHEMA_WARNING, SCHEMA_ERROR };
extern const char *const schema_severity_names[];

/* In this order the statements of many fixes can be run. */
enum schema_phase {
	SCHEMA_PHASE_TABLES, SCHEMA_PHASE_COLUMNS, SCHEMA_PHASE_INDEXES, SCHEMA_PHASE_KEYS,
	SCHEMA_PHASE_FOREIGN_KEYS, SCHEMA_PHASES
};

struct schema_statement {
	struct schema_statement *next;
	enum schema_phase phase;
	char *sql;                      /* owned, without semicolon; each a transaction of its own */
	size_t len;
	char *undo;                     /* owned or NULL: clears away what a failure leaves */
};

struct schema_fix {
	struct schema_statement *first, *last;
};

struct schema_drift {
	enum schema_kind kind;
	enum schema_severity severity;
	const struct table *table;      /* declared, or the catalogue's where it is not */
	const char *column;             /* or NULL; borrowed */
	const char *name;               /* of a key or index, or NULL; borrowed */
	const char *renamed_from;       /* of a column: probably this one; borrowed */
	char *declared, *actual;        /* owned; NULL: not there */
	struct schema_fix fix;
	bool safe;              /* the fix loses nothing, rewrites no table, locks for an instant */
	bool loses_data;        /* it may */
};

struct schema_missing {
	const struct table *table;      /* declared */
	const char *is;                 /* what stands in its place and must make way first: "VIEW"; or NULL */
	struct schema_fix fix;
};

struct schema_orphan {
	const char *table;
	enum manifest_class class;      /* MANIFEST_EXPECTED for many-to-many tables too */
};

struct schema {
	const struct manifest *manifest;
	const struct catalogue *catalogue;
	size_t models, tables, hidden;  /* declared models; tables that stand; of them hidden */
	struct { struct schema_missing *v; size_t n; } missing;
	struct { struct schema_orphan *v; size_t n; } orphans;
	struct { struct schema_drift **v; size_t n; } drift;    /* by table, in the models' order */
};

struct schema_scope {                   /* of both sides */
	const char *const *apps;        /* labels; none: all */
	size_t napps;
	const char *table;              /* or NULL */
};

/* -1: unknown_app (the message lists the known ones) or unknown_table (that there is not, or
 * not in these apps), ERR_PERMANENT. The catalogue may be NULL: a table may then be in it. */
int schema_scope_check(const struct schema_scope *scope, const struct manifest *manifest,
		       const struct catalogue *catalogue, struct err *err);
bool schema_scope_has(const struct schema_scope *scope, const struct manifest *manifest,
		      const struct table *table);

/* True if the fix of this drift only creates what is not there, without a guess, and safely:
 * what `check --fix` may run. That of a missing table always does. */
bool schema_creates(const struct schema_drift *drift);

/* Both outlive the result. */
struct schema *schema_compare(const struct manifest *manifest, const struct catalogue *catalogue,
			      const struct schema_scope *scope);
void schema_free(struct schema *schema);

/* The report (structure/check.h) but "pending", "columns" and "fixed"; a new reference. */
json_t *schema_report(const struct schema *schema, const struct schema_scope *scope);
/* Its "columns": of every table in the scope, those that stand. */
json_t *schema_columns_report(const struct schema *schema, const struct schema_scope *scope);

#endif
