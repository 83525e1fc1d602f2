/* ddl.h - tables and what they consist of, as SQL. One writer for whoever creates:
 * the fixes of a check, and migrations. Each function writes one clause or one
 * statement without its semicolon. */
#ifndef GESYNC_DDL_H
#define GESYNC_DDL_H

#include <stdbool.h>
#include <stdio.h>

#include "table.h"

/* "price numeric(15,2) DEFAULT 0.00 NOT NULL" */
void ddl_column(FILE *out, const struct table_column *column);

/* "CONSTRAINT name UNIQUE (a, b)", and so on, as CREATE TABLE and ALTER TABLE ... ADD
 * take them. */
void ddl_primary_key(FILE *out, const struct table_key *key);
void ddl_unique(FILE *out, const struct table_key *key);
void ddl_foreign_key(FILE *out, const struct table_foreign_key *key);
void ddl_check(FILE *out, const struct table_check *check);
/* " DEFERRABLE INITIALLY DEFERRED", or nothing. */
void ddl_deferrable(FILE *out, const char *deferrable);

/* CREATE TABLE with its columns, primary key, unique constraints and checks, a line
 * each; without foreign keys (tables refer to each other in circles) and indexes. */
void ddl_create_table(FILE *out, const struct table *table);
/* "CREATE UNIQUE INDEX CONCURRENTLY name ON table USING btree (a)" */
void ddl_create_index(FILE *out, const char *table, const struct table_index *index,
		      bool concurrently);
/* "ALTER TABLE table verb ", for what follows. */
void ddl_alter(FILE *out, const char *table, const char *verb);

#endif
