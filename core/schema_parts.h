/* schema_parts.h - between the files of the comparison, nobody else's.
 *
 * A pair is one table, declared and as it stands. Columns are compared first; they
 * leave in the pair what keys and indexes must know to tell nothing twice. */
#ifndef GESYNC_SCHEMA_PARTS_H
#define GESYNC_SCHEMA_PARTS_H

#include <stdio.h>

#include "schema.h"

struct schema_pair {
	struct schema *schema;
	const struct table *declared, *actual;
	/* Columns: declared and missing; actual and extra; of another type; renamed. */
	struct table_names missing, extra, retyped, renamed_from, renamed_to;
};

void schema_compare_columns(struct schema_pair *pair);
void schema_compare_keys(struct schema_pair *pair);             /* primary, unique */
void schema_compare_foreign_keys(struct schema_pair *pair);
void schema_compare_checks(struct schema_pair *pair);
void schema_compare_indexes(struct schema_pair *pair);

/* A new drift of the pair's table, safe until said otherwise. */
struct schema_drift *schema_differ(struct schema_pair *pair, enum schema_kind kind,
				   enum schema_severity severity);
/* Of a key or index: its name, and its column if it is one. */
void schema_place(struct schema_drift *drift, const char *name, const struct table_names *columns);

bool *schema_flags(size_t n);           /* all false, owned */

/* ---- what is the same ---- */

/* How the models call this column of the database. */
const char *schema_declared_name(const struct schema_pair *pair, const char *actual);
bool schema_same_columns(const struct schema_pair *pair, const struct table_names *declared,
			 const struct table_names *actual);
/* The same columns in any order. */
bool schema_same_set(const struct schema_pair *pair, const struct table_names *declared,
		     const struct table_names *actual);
/* The same expression, given that columns have changed name or type. */
bool schema_same_text(const struct schema_pair *pair, const char *declared, const char *actual);
bool schema_same(const char *a, const char *b);         /* NULL is NULL */
/* One of names (missing or extra columns) stands among columns, or in text. */
bool schema_any_of(const struct table_names *names, const struct table_names *columns);
bool schema_any_in(const struct table_names *names, const char *text);

/* ---- types (schema_type.c) ---- */

/* Every value of type a is one of type b. */
bool schema_type_fits(const char *a, const char *b);
/* Going from a to b leaves the rows as they are. */
bool schema_type_in_place(const char *a, const char *b);

/* ---- fixes (schema_fix.c) ---- */

/* Begins a statement; fclose() ends it. */
FILE *schema_sql(struct schema_fix *fix, enum schema_phase phase);
/* One statement, as sql_print() writes it. */
void schema_print(struct schema_fix *fix, enum schema_phase phase, const char *fmt, ...);
char *schema_text(const char *fmt, ...);                /* the same as text, owned */
char *schema_column_text(const struct table_column *column);    /* without its name, owned */
char *schema_unique_text(const struct table_key *key);          /* owned, like the two below */
char *schema_foreign_key_text(const struct table_foreign_key *key);
char *schema_index_text(const struct table_index *index);
void schema_fix_free(struct schema_fix *fix);

/* Creating what is missing from a table that stands, without a long lock. */
void schema_add_primary_key(struct schema_fix *fix, const char *table, const struct table_key *key);
void schema_add_unique(struct schema_fix *fix, const char *table, const struct table_key *key);
void schema_add_foreign_key(struct schema_fix *fix, const char *table,
			    const struct table_foreign_key *key);
void schema_add_check(struct schema_fix *fix, const char *table, const struct table_check *check);
void schema_add_index(struct schema_fix *fix, const char *table, const struct table_index *index);
/* A column, with the keys and indexes of the declared table that want it. */
void schema_add_column(struct schema_fix *fix, const struct schema_pair *pair,
		       const struct table_column *column);
/* A table with all it has, and the foreign keys of those that stand and refer to it. */
void schema_add_table(struct schema_fix *fix, const struct schema *schema,
		      const struct table *table);
/* `name` with "_new" behind it, in place, 63 bytes at most. */
void schema_new_name(const char *name, char to[64]);
/* `name`, or where something else has it that (schema_names.c): in the whole schema, or among
 * the constraints of a table that stands. */
const char *schema_free_relation(const struct schema *schema, const char *name, char to[64]);
const char *schema_free_constraint(const struct table *table, const char *name, char to[64]);

#endif
