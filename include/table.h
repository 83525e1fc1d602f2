/* table.h - one table, as the models declare it or as the catalogue has it:
 * the same struct, read from the same JSON (docs/models.md), so that they can be
 * compared, and written as SQL (ddl.h). */
#ifndef GESYNC_TABLE_H
#define GESYNC_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* All strings are borrowed from the table's `doc`; NULL where absent. */

struct table_names {
	const char **v;
	size_t n;
};

struct table_column {
	const char *name;
	const char *type;               /* as format_type() prints it */
	bool nullable;
	const char *def;                /* default, an SQL expression */
	const char *identity;           /* "by default", "always", "serial" */
	const char *generated;          /* SQL expression, stored */
	const char *collation;          /* NULL: the type's own */
	const char *fill;               /* declared: what rows that stand get when it is added */
};

struct table_key {                      /* primary or unique constraint */
	const char *name;
	struct table_names columns;
	const char *deferrable;         /* "initially deferred", "initially immediate"; NULL: not */
	bool nulls_not_distinct;
};

struct table_foreign_key {
	const char *name;
	struct table_names columns;
	const char *references;         /* a table; with its schema if that is another */
	struct table_names ref_columns;
	const char *on_delete, *on_update;      /* "CASCADE"...; NULL: NO ACTION */
	bool match_full;
	const char *deferrable;
	bool not_valid;                 /* catalogue only */
};

struct table_check {
	const char *name;
	const char *definition;         /* as pg_get_constraintdef() prints it */
	bool not_valid;                 /* catalogue only */
};

struct table_index {
	const char *name;
	const char *definition;         /* what pg_get_indexdef() prints after USING */
	bool unique;
	bool invalid;                   /* catalogue only */
};

struct table {
	const char *name;
	const char *model;              /* NULL in the catalogue */
	const char *many_to_many_of;    /* the model whose many-to-many table it is, or NULL */
	const char *is;                 /* catalogue only: "VIEW" and the like, of what is no table; NULL */
	bool empty;                     /* catalogue only: certainly without a row */
	bool small;                     /* catalogue only: read through in an instant */
	struct { struct table_column *v; size_t n; } columns;
	struct table_key primary_key;   /* name NULL: none */
	struct { struct table_key *v; size_t n; } unique;
	struct { struct table_foreign_key *v; size_t n; } foreign_keys;
	struct { struct table_check *v; size_t n; } checks;
	struct { struct table_index *v; size_t n; } indexes;
	const char *app;                /* borrowed from the manifest; NULL in the catalogue */
	json_t *doc;                    /* owned */
};

/* Where a reader stands in a JSON document, for messages. */
#define TABLE_DEPTH 8
struct table_path {
	struct { const char *key; size_t index; } step[TABLE_DEPTH];    /* key NULL: index */
	size_t depth;
};

/* Reads doc, takes a reference to it. declared: it comes from a file, every field
 * is checked (names, SQL, keys of columns that exist) and none may be unknown;
 * else it comes from PostgreSQL. -1: `why` (200 bytes) says what is wrong with the
 * field at `path`, to which the steps to it were added; *table is cleared then. */
int table_read(struct table *table, json_t *doc, bool declared,
	       struct table_path *path, char *why);
#define TABLE_WHY 200
void table_clear(struct table *table);

const struct table_column *table_column(const struct table *table, const char *name);
/* The same names in the same order. */
bool table_names_equal(const struct table_names *a, const struct table_names *b);

#endif
