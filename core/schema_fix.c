/* schema_fix.c - statements that mend: they create without a lock that lasts, so that
 * they can be run while the application works. */
#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"
#include "ddl.h"
#include "mem.h"
#include "sql_text.h"

FILE *schema_sql(struct schema_fix *fix, enum schema_phase phase)
{
	struct schema_statement *s = need(calloc(1, sizeof(*s)));
	FILE *out = need(open_memstream(&s->sql, &s->len));

	s->phase = phase;
	if (fix->last)
		fix->last->next = s;
	else
		fix->first = s;
	fix->last = s;
	return out;
}

void schema_print(struct schema_fix *fix, enum schema_phase phase, const char *fmt, ...)
{
	FILE *out = schema_sql(fix, phase);
	va_list ap;

	va_start(ap, fmt);
	sql_vprint(out, fmt, ap);
	va_end(ap);
	fclose(out);
}

void schema_fix_free(struct schema_fix *fix)
{
	for (struct schema_statement *s = fix->first, *next; s; s = next) {
		next = s->next;
		free(s->sql);
		free(s->undo);
		free(s);
	}
	*fix = (struct schema_fix){ 0 };
}

void schema_new_name(const char *name, char to[64])
{
	snprintf(to, 64, "%.*s_new", SQL_NAME_MOST - 4, name);
}

/* ---- texts ---- */

struct text {
	char *text;
	size_t len;
};

static FILE *begin(struct text *t)
{
	return need(open_memstream(&t->text, &t->len));
}

char *schema_text(const char *fmt, ...)
{
	struct text t;
	FILE *out = begin(&t);
	va_list ap;

	va_start(ap, fmt);
	sql_vprint(out, fmt, ap);
	va_end(ap);
	fclose(out);
	return t.text;
}

/* What stands after a name, of what ddl.h writes with it. */
static char *without(struct text *t, const char *before, const char *name)
{
	char *written = schema_text("%s%I ", before, name);
	size_t len = strlen(written);

	free(written);
	memmove(t->text, t->text + len, t->len - len + 1);
	return t->text;
}

char *schema_column_text(const struct table_column *column)
{
	struct text t;
	FILE *out = begin(&t);

	ddl_column(out, column);
	fclose(out);
	return without(&t, "", column->name);
}

char *schema_unique_text(const struct table_key *key)
{
	struct text t;
	FILE *out = begin(&t);

	ddl_unique(out, key);
	fclose(out);
	return without(&t, "CONSTRAINT ", key->name);
}

char *schema_foreign_key_text(const struct table_foreign_key *key)
{
	struct text t;
	FILE *out = begin(&t);

	ddl_foreign_key(out, key);
	fputs(key->not_valid ? " NOT VALID" : "", out);
	fclose(out);
	return without(&t, "CONSTRAINT ", key->name);
}

char *schema_index_text(const struct table_index *index)
{
	return schema_text("%s%s", index->unique ? "UNIQUE " : "", index->definition);
}

/* ---- what is missing from a table that stands ---- */

/* One that fails half way leaves an invalid index. */
static void undo_index(struct schema_fix *fix, const char *name)
{
	fix->last->undo = schema_text("DROP INDEX CONCURRENTLY IF EXISTS %I", name);
}

static void add_key(struct schema_fix *fix, const char *table, const struct table_key *key,
		    const char *kind)
{
	FILE *out;

	schema_print(fix, SCHEMA_PHASE_INDEXES, "CREATE UNIQUE INDEX CONCURRENTLY %I ON %I USING btree (%N)%s",
		     key->name, table, &key->columns,
		     key->nulls_not_distinct ? " NULLS NOT DISTINCT" : "");
	undo_index(fix, key->name);
	out = schema_sql(fix, SCHEMA_PHASE_KEYS);
	sql_print(out, "ALTER TABLE %I ADD CONSTRAINT %I %s USING INDEX %I", table, key->name, kind,
		  key->name);
	ddl_deferrable(out, key->deferrable);
	fclose(out);
}

void schema_add_primary_key(struct schema_fix *fix, const char *table, const struct table_key *key)
{
	add_key(fix, table, key, "PRIMARY KEY");
}

void schema_add_unique(struct schema_fix *fix, const char *table, const struct table_key *key)
{
	add_key(fix, table, key, "UNIQUE");
}

void schema_add_foreign_key(struct schema_fix *fix, const char *table,
			    const struct table_foreign_key *key)
{
	FILE *out = schema_sql(fix, SCHEMA_PHASE_FOREIGN_KEYS);

	ddl_alter(out, table, "ADD");
	ddl_foreign_key(out, key);
	fputs(" NOT VALID", out);
	fclose(out);
	schema_print(fix, SCHEMA_PHASE_FOREIGN_KEYS, "ALTER TABLE %I VALIDATE CONSTRAINT %I", table,
		     key->name);
}

void schema_add_check(struct schema_fix *fix, const char *table, const struct table_check *check)
{
	FILE *out = schema_sql(fix, SCHEMA_PHASE_KEYS);

	ddl_alter(out, table, "ADD");
	ddl_check(out, check);
	fputs(" NOT VALID", out);
	fclose(out);
	schema_print(fix, SCHEMA_PHASE_KEYS, "ALTER TABLE %I VALIDATE CONSTRAINT %I", table, check->name);
}

void schema_add_index(struct schema_fix *fix, const char *table, const struct table_index *index)
{
	FILE *out = schema_sql(fix, SCHEMA_PHASE_INDEXES);

	ddl_create_index(out, table, index, true);
	fclose(out);
	undo_index(fix, index->name);
}

/* ---- a column ---- */

/* With its fill as default, which then is dropped: rows that stand get a value without
 * being rewritten, new ones must be given one. */
static void add_bare_column(struct schema_fix *fix, const struct schema_pair *pair,
			    const struct table_column *column)
{
	bool fill = column->fill && !column->nullable && !column->def && !column->identity &&
		    !column->generated;
	struct table_column filled = *column;
	FILE *out = schema_sql(fix, SCHEMA_PHASE_COLUMNS);

	if (fill)
		filled.def = column->fill;
	ddl_alter(out, pair->declared->name, "ADD COLUMN");
	ddl_column(out, &filled);
	fclose(out);
	if (fill)
		schema_print(fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I ALTER COLUMN %I DROP DEFAULT",
			     pair->declared->name, column->name);
}

/* The first missing column that a key or index wants brings it along. */
static bool brings(const struct schema_pair *pair, const char *column,
		   const struct table_names *columns, const char *text)
{
	for (size_t i = 0; i < pair->missing.n; i++) {
		const char *name = pair->missing.v[i];
		struct table_names one = { &name, 1 };

		if (columns ? schema_any_of(&one, columns) : schema_any_in(&one, text))
			return !strcmp(name, column);
	}
	return false;
}

void schema_add_column(struct schema_fix *fix, const struct schema_pair *pair,
		       const struct table_column *column)
{
	const struct table *t = pair->declared;

	add_bare_column(fix, pair, column);
	if (t->primary_key.name && brings(pair, column->name, &t->primary_key.columns, NULL))
		schema_add_primary_key(fix, t->name, &t->primary_key);
	for (size_t i = 0; i < t->unique.n; i++)
		if (brings(pair, column->name, &t->unique.v[i].columns, NULL))
			schema_add_unique(fix, t->name, &t->unique.v[i]);
	for (size_t i = 0; i < t->checks.n; i++)
		if (brings(pair, column->name, NULL, t->checks.v[i].definition))
			schema_add_check(fix, t->name, &t->checks.v[i]);
	for (size_t i = 0; i < t->indexes.n; i++)
		if (brings(pair, column->name, NULL, t->indexes.v[i].definition))
			schema_add_index(fix, t->name, &t->indexes.v[i]);
	for (size_t i = 0; i < t->foreign_keys.n; i++)
		if (brings(pair, column->name, &t->foreign_keys.v[i].columns, NULL))
			schema_add_foreign_key(fix, t->name, &t->foreign_keys.v[i]);
}

/* ---- a table ---- */

static bool has_columns(const struct table *table, const struct table_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!table_column(table, names->v[i]))
			return false;
	return true;
}

/* A column that is missing brings its foreign key itself. */
static void add_referring(struct schema_fix *fix, const struct schema *schema,
			  const struct table *table)
{
	char name[64];

	for (size_t i = 0; i < schema->manifest->ntables; i++) {
		const struct table *t = schema->manifest->tables[i];
		const struct table *actual = catalogue_table(schema->catalogue, t->name);

		for (size_t j = 0; actual && j < t->foreign_keys.n; j++) {
			struct table_foreign_key key = t->foreign_keys.v[j];

			if (strcmp(key.references, table->name) || !has_columns(actual, &key.columns))
				continue;
			key.name = schema_free_constraint(actual, key.name, name);
			schema_add_foreign_key(fix, t->name, &key);
		}
	}
}

static void add_bare_table(struct schema_fix *fix, const struct schema *schema, const struct table *table)
{
	struct table named = *table;
	struct table_key *unique = need(calloc(table->unique.n + 1, sizeof(*unique)));
	char (*names)[64] = need(calloc(table->unique.n + 1, sizeof(*names)));
	FILE *out = schema_sql(fix, SCHEMA_PHASE_TABLES);

	for (size_t i = 0; i < table->unique.n; i++) {
		unique[i] = table->unique.v[i];
		unique[i].name = schema_free_relation(schema, unique[i].name, names[i]);
	}
	named.unique.v = unique;
	if (named.primary_key.name)
		named.primary_key.name = schema_free_relation(schema, named.primary_key.name, names[table->unique.n]);
	ddl_create_table(out, &named);
	fclose(out);
	free(unique);
	free(names);
}

static void make_way(struct schema_fix *fix, const struct table *other)
{
	FILE *out = schema_sql(fix, SCHEMA_PHASE_TABLES);
	char name[64];

	snprintf(name, sizeof(name), "%.*s_old", SQL_NAME_MOST - 4, other->name);
	fprintf(out, "ALTER %s ", other->is);
	sql_print(out, "%I RENAME TO %I", other->name, name);
	fclose(out);
}

void schema_add_table(struct schema_fix *fix, const struct schema *schema,
		      const struct table *table)
{
	const struct table *other = catalogue_other(schema->catalogue, table->name);
	char name[64];
	FILE *out;

	if (other)
		make_way(fix, other);
	add_bare_table(fix, schema, table);
	for (size_t i = 0; i < table->indexes.n; i++) {
		struct table_index index = table->indexes.v[i];

		index.name = schema_free_relation(schema, index.name, name);
		out = schema_sql(fix, SCHEMA_PHASE_INDEXES);
		ddl_create_index(out, table->name, &index, false);
		fclose(out);
	}
	for (size_t i = 0; i < table->foreign_keys.n; i++) {
		out = schema_sql(fix, SCHEMA_PHASE_FOREIGN_KEYS);
		ddl_alter(out, table->name, "ADD");
		ddl_foreign_key(out, &table->foreign_keys.v[i]);
		fclose(out);
	}
	add_referring(fix, schema, table);
}
