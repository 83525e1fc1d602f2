/* ddl.c - writes tables as SQL. */
#include "ddl.h"

#include <string.h>

#include "sql_text.h"

/* A serial is a type to CREATE and ALTER, not a default. */
static const char *serial_of(const char *type)
{
	return !strcmp(type, "bigint") ? "bigserial" :
	       !strcmp(type, "smallint") ? "smallserial" : "serial";
}

void ddl_column(FILE *out, const struct table_column *c)
{
	bool serial = c->identity && !strcmp(c->identity, "serial");

	sql_name(out, c->name);
	fprintf(out, " %s", serial ? serial_of(c->type) : c->type);
	if (c->collation) {
		fputs(" COLLATE ", out);
		sql_name(out, c->collation);
	}
	if (c->def && !serial)
		fprintf(out, " DEFAULT %s", c->def);
	if (!c->nullable)
		fputs(" NOT NULL", out);
	if (c->identity && !serial)
		fprintf(out, " GENERATED %s AS IDENTITY",
			!strcmp(c->identity, "always") ? "ALWAYS" : "BY DEFAULT");
	if (c->generated)
		fprintf(out, " GENERATED ALWAYS AS (%s) STORED", c->generated);
}

void ddl_deferrable(FILE *out, const char *deferrable)
{
	if (deferrable)
		fputs(!strcmp(deferrable, "initially deferred") ? " DEFERRABLE INITIALLY DEFERRED" :
								   " DEFERRABLE", out);
}

static void constraint(FILE *out, const char *name, const char *what)
{
	fputs("CONSTRAINT ", out);
	sql_name(out, name);
	fprintf(out, " %s", what);
}

static void columns(FILE *out, const struct table_names *names)
{
	fputs(" (", out);
	sql_names(out, names);
	putc(')', out);
}

void ddl_primary_key(FILE *out, const struct table_key *key)
{
	constraint(out, key->name, "PRIMARY KEY");
	columns(out, &key->columns);
	ddl_deferrable(out, key->deferrable);
}

void ddl_unique(FILE *out, const struct table_key *key)
{
	constraint(out, key->name, "UNIQUE");
	fputs(key->nulls_not_distinct ? " NULLS NOT DISTINCT" : "", out);
	columns(out, &key->columns);
	ddl_deferrable(out, key->deferrable);
}

/* "schema.table" is two names, where a table of another schema is meant. */
static void reference(FILE *out, const char *table)
{
	const char *point = strchr(table, '.');
	char schema[SQL_NAME_MOST + 1];

	if (point && (size_t)(point - table) < sizeof(schema)) {
		snprintf(schema, sizeof(schema), "%.*s", (int)(point - table), table);
		sql_name(out, schema);
		putc('.', out);
		table = point + 1;
	}
	sql_name(out, table);
}

void ddl_foreign_key(FILE *out, const struct table_foreign_key *key)
{
	constraint(out, key->name, "FOREIGN KEY");
	columns(out, &key->columns);
	fputs(" REFERENCES ", out);
	reference(out, key->references);
	columns(out, &key->ref_columns);
	fputs(key->match_full ? " MATCH FULL" : "", out);
	if (key->on_update)
		fprintf(out, " ON UPDATE %s", key->on_update);
	if (key->on_delete)
		fprintf(out, " ON DELETE %s", key->on_delete);
	ddl_deferrable(out, key->deferrable);
}

void ddl_check(FILE *out, const struct table_check *check)
{
	constraint(out, check->name, check->definition);
}

/* Before each line of a list in brackets. */
static void line(FILE *out, int *lines)
{
	fputs((*lines)++ ? ",\n    " : "\n    ", out);
}

void ddl_create_table(FILE *out, const struct table *t)
{
	int lines = 0;

	fputs("CREATE TABLE ", out);
	sql_name(out, t->name);
	fputs(" (", out);
	for (size_t i = 0; i < t->columns.n; i++) {
		line(out, &lines);
		ddl_column(out, &t->columns.v[i]);
	}
	if (t->primary_key.name) {
		line(out, &lines);
		ddl_primary_key(out, &t->primary_key);
	}
	for (size_t i = 0; i < t->unique.n; i++) {
		line(out, &lines);
		ddl_unique(out, &t->unique.v[i]);
	}
	for (size_t i = 0; i < t->checks.n; i++) {
		line(out, &lines);
		ddl_check(out, &t->checks.v[i]);
	}
	fputs("\n)", out);
}

void ddl_create_index(FILE *out, const char *table, const struct table_index *index,
		      bool concurrently)
{
	fprintf(out, "CREATE %sINDEX %s", index->unique ? "UNIQUE " : "",
		concurrently ? "CONCURRENTLY " : "");
	sql_name(out, index->name);
	fputs(" ON ", out);
	sql_name(out, table);
	fprintf(out, " USING %s", index->definition);
}

void ddl_alter(FILE *out, const char *table, const char *verb)
{
	fputs("ALTER TABLE ", out);
	sql_name(out, table);
	fprintf(out, " %s ", verb);
}
