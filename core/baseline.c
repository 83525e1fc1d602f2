/* baseline.c - models, written as the migrations that would make them. */
#include "baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ddl.h"
#include "mem.h"
#include "sql_lex.h"
#include "sql_text.h"

static FILE *begin(struct baseline *out, const struct manifest_app *app, const char *name, size_t *len)
{
	struct baseline_file *f;

	out->v = need(reallocarray(out->v, out->n + 1, sizeof(*out->v)));
	f = &out->v[out->n++];
	*f = (struct baseline_file){ app->label, name, NULL };
	return need(open_memstream(&f->sql, len));
}

static bool is_chosen(const struct baseline_source *from, const char *app)
{
	for (size_t i = 0; i < from->napps; i++)
		if (!strcmp(from->apps[i], app))
			return true;
	return false;
}

/* ---- 0001_initial ---- */

static bool is_own(const char *id, const char *app)
{
	size_t len = strlen(app);

	return !strncmp(id, app, len) && id[len] == '.' &&
	       (!strcmp(id + len + 1, BASELINE_TABLES) || !strcmp(id + len + 1, BASELINE_FOREIGN_KEYS));
}

static void replace(FILE *out, const char *id, const char *app)
{
	if (!is_own(id, app))
		fprintf(out, "-- replaces: %s\n", id);
}

static void replace_all(FILE *out, const struct migrations *old, const char *app)
{
	for (size_t i = 0; i < old->n; i++) {
		const struct migration *m = old->v[i];

		if (strcmp(m->app, app))
			continue;
		replace(out, m->id, app);
		for (size_t k = 0; k < m->replaces.n; k++)
			replace(out, m->replaces.v[k], app);
	}
}

/* CREATE TABLE x, CREATE UNIQUE INDEX x: behind the word comes IF NOT EXISTS. */
static void create(FILE *out, char *sql, const char *word)
{
	char *at = strstr(sql, word) + strlen(word);

	fprintf(out, "%.*s IF NOT EXISTS%s;\n", (int)(at - sql), sql, at);
	free(sql);
}

static void create_table(FILE *out, const struct table *t)
{
	char *sql;
	size_t len;
	FILE *text = need(open_memstream(&sql, &len));

	ddl_create_table(text, t);
	fclose(text);
	putc('\n', out);
	create(out, sql, "TABLE");
	for (size_t i = 0; i < t->indexes.n; i++) {
		text = need(open_memstream(&sql, &len));
		ddl_create_index(text, t->name, &t->indexes.v[i], false);
		fclose(text);
		create(out, sql, "INDEX");
	}
}

static void write_tables(struct baseline *to, const struct baseline_source *from, const struct manifest_app *app)
{
	size_t len;
	FILE *out = begin(to, app, BASELINE_TABLES, &len);

	fprintf(out, "-- The tables of %s, from its models; foreign keys come in " BASELINE_FOREIGN_KEYS ".\n--\n", app->label);
	replace_all(out, from->old, app->label);
	for (size_t i = 0; i < app->ntables; i++)
		create_table(out, &app->tables[i]);
	fclose(out);
}

/* ---- 0002_foreign_keys ---- */

static const char *last_of(const struct migrations *old, const char *app)
{
	const char *last = NULL;

	for (size_t i = 0; i < old->n; i++)
		if (!strcmp(old->v[i]->app, app))
			last = old->v[i]->name;
	return last;
}

static bool refers_to(const struct manifest_app *app, const struct migrations *old, const char *other)
{
	for (size_t i = 0; i < app->ntables; i++)
		for (size_t k = 0; k < app->tables[i].foreign_keys.n; k++) {
			const char *of = migrations_app_of(old, app->tables[i].foreign_keys.v[k].references);

			if (of && !strcmp(of, other))
				return true;
		}
	return false;
}

static void depend(FILE *out, const struct baseline_source *from, const struct manifest_app *app)
{
	const char *seen[MIGRATIONS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < from->old->n; i++) {
		const char *other = from->old->v[i]->app;
		size_t k = 0;

		while (k < n && strcmp(seen[k], other))
			k++;
		if (k < n)
			continue;
		seen[n++] = other;
		if (!strcmp(other, app->label) || refers_to(app, from->old, other))
			fprintf(out, "-- depends: %s.%s\n", other,
				is_chosen(from, other) ? BASELINE_TABLES : last_of(from->old, other));
	}
}

/* "constraint|table|name|FOREIGN KEY (a) REFERENCES b(id)...": what is behind name|, if the
 * key has a's and b's name but not its own. */
static const char *doubled(const char *line, const struct table *t, const struct table_foreign_key *key, char name[64])
{
	size_t len;
	char *own = NULL, *begin = NULL;
	FILE *text = need(open_memstream(&begin, &len));
	const char *definition = NULL;
	int at = 0;

	sql_print(text, "FOREIGN KEY (%N) REFERENCES %I(%N)", &key->columns, key->references, &key->ref_columns);
	fclose(text);
	own = need_text("constraint|%s|", t->name);
	if (!strncmp(line, own, strlen(own)) && sscanf(line + strlen(own), "%63[^|]|%n", name, &at) == 1 && at &&
	    strcmp(name, key->name) && !strncmp(line + strlen(own) + at, begin, len))
		definition = line + strlen(own) + at;
	free(own);
	free(begin);
	return definition;
}

static bool is_declared(const struct table *t, const char *key)
{
	for (size_t i = 0; i < t->foreign_keys.n; i++)
		if (!strcmp(t->foreign_keys.v[i].name, key))
			return true;
	return false;
}

/* The first key of a table opens its statement, the others follow. */
static void add_key(FILE *out, const struct table *t, size_t nth, const char *name)
{
	if (nth)
		fputs(",", out);
	else
		sql_print(out, "\nALTER TABLE %I", t->name);
	sql_print(out, "\n    DROP CONSTRAINT IF EXISTS %I,\n    ADD ", name);
}

static void add_keys(FILE *out, const struct table *t, const char *const *lines)
{
	size_t n = 0;
	char name[64];

	for (size_t i = 0; i < t->foreign_keys.n; i++) {
		const struct table_foreign_key *key = &t->foreign_keys.v[i];

		add_key(out, t, n++, key->name);
		ddl_foreign_key(out, key);
		for (size_t k = 0; lines[k]; k++) {
			const char *definition = doubled(lines[k], t, key, name);

			if (!definition || is_declared(t, name))
				continue;
			add_key(out, t, n++, name);
			sql_print(out, "CONSTRAINT %I %s", name, definition);
		}
	}
	if (n)
		fputs(";\n", out);
}

static void write_foreign_keys(struct baseline *to, const struct baseline_source *from, const struct manifest_app *app)
{
	size_t len;
	FILE *out = begin(to, app, BASELINE_FOREIGN_KEYS, &len);

	fprintf(out, "-- The foreign keys of %s, from its models.\n--\n", app->label);
	depend(out, from, app);
	fputs("-- lint: off add-foreign-key: on tables that are new\n", out);
	for (size_t i = 0; i < app->ntables; i++)
		add_keys(out, &app->tables[i], from->lines);
	fclose(out);
}

/* ---- what the header promised ---- */

void baseline_write(struct baseline *out, const struct baseline_source *from)
{
	*out = (struct baseline){ NULL, 0 };
	for (size_t i = 0; i < from->napps; i++) {
		write_tables(out, from, manifest_app(from->manifest, from->apps[i]));
		write_foreign_keys(out, from, manifest_app(from->manifest, from->apps[i]));
	}
}

void baseline_clear(struct baseline *baseline)
{
	for (size_t i = 0; i < baseline->n; i++)
		free(baseline->v[i].sql);
	free(baseline->v);
	*baseline = (struct baseline){ NULL, 0 };
}

bool baseline_alters(const struct migration *m)
{
	struct sql_statement st;
	const char *at = m->sql;
	int line = 1;

	while (sql_next_statement(&at, &line, &st)) {
		const char *word = st.text, *end = st.text + st.len;
		struct sql_token create = sql_next(&word, end), table = sql_next(&word, end);

		if (sql_is(&create, "create") && sql_is(&table, "table"))
			return false;
	}
	return true;
}
