/* migration_make.c - a check's fixes, sorted into files by what they lock. */
#include "migration_make.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sql_lex.h"

enum part { STRUCTURE, INDEXES, KEYS, VALIDATE, PARTS };
static const char *const part_names[PARTS] = { "structure", "indexes", "keys", "validate" };
static const char *const part_prose[PARTS] = {
	"tables and columns that the models have and the database has not",
	"indexes, built while the application works",
	"constraints",
	"a look at the rows that stand, for constraints that are new",
};

struct file {
	char *sql;
	size_t len, statements, unsafe;
	bool new_tables;                /* their foreign keys are added at once */
	FILE *out;                      /* NULL: nothing of this part yet */
};

struct maker {
	const json_t *report;
	const struct manifest *manifest;
	const struct migrations *set;
	const char *stamp;
	struct file (*files)[PARTS];    /* by place of the app in the manifest */
};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* ---- statements ---- */

static bool mentions(const struct sql_statement *st, const char *first, const char *then)
{
	const char *at = st->text, *end = st->text + st->len;
	struct sql_token t = sql_next(&at, end);

	while (t.kind != SQL_END) {
		bool hit = sql_is(&t, first);

		t = sql_next(&at, end);
		if (hit && (!then || sql_is(&t, then)))
			return true;
	}
	return false;
}

static enum part part_of(const struct sql_statement *st)
{
	if (mentions(st, "concurrently", NULL))
		return INDEXES;
	if (mentions(st, "validate", "constraint"))
		return VALIDATE;
	return mentions(st, "add", "constraint") ? KEYS : STRUCTURE;
}

/* Without a transaction a second run must not fail on what the first one did. */
static void print_repeatable(FILE *out, const struct sql_statement *st)
{
	const char *at = st->text, *end = st->text + st->len;
	struct sql_token verb = sql_next(&at, end), t;

	do {
		t = sql_next(&at, end);
	} while (t.kind != SQL_END && !sql_is(&t, "concurrently"));
	fprintf(out, "%.*s%s%.*s;\n", (int)(at - st->text), st->text,
		sql_is(&verb, "create") ? " IF NOT EXISTS" : " IF EXISTS", (int)(end - at), at);
}

static FILE *out_of(struct file *f)
{
	if (!f->out)
		f->out = need(open_memstream(&f->sql, &f->len));
	return f->out;
}

static void add_statements(struct file files[PARTS], const char *fix)
{
	struct sql_statement st;
	int line = 1;

	while (sql_next_statement(&fix, &line, &st)) {
		enum part part = part_of(&st);
		FILE *out = out_of(&files[part]);

		putc('\n', out);
		if (part == INDEXES)
			print_repeatable(out, &st);
		else
			fprintf(out, "%.*s;\n", (int)st.len, st.text);
		files[part].new_tables |= mentions(&st, "foreign", "key") && !mentions(&st, "not", "valid");
		files[part].statements++;
	}
}

/* ---- what is not safe ---- */

static void print_comment(FILE *out, const char *text)
{
	for (; *text; text += *text == '\n') {
		size_t len = strcspn(text, "\n");

		fprintf(out, "--     %.*s\n", (int)len, text);
		text += len;
	}
}

static void add_unsafe(struct file *f, const json_t *drift)
{
	FILE *out = out_of(f);
	const char *column = text_of(drift, "column"), *rename = text_of(drift, "rename");
	const char *declared = text_of(drift, "declared"), *actual = text_of(drift, "actual");

	fprintf(out, "\n-- Left to you: %s%s%s, %s: the models say %s, the database has %s.\n", text_of(drift, "table"),
		*column || *text_of(drift, "name") ? "." : "", *column ? column : text_of(drift, "name"),
		text_of(drift, "kind"), *declared ? declared : "nothing", *actual ? actual : "nothing");
	if (*rename)
		fprintf(out, "-- Probably this is the column %s by another name.\n", rename);
	fprintf(out, "-- It %s.\n", json_is_true(json_object_get(drift, "loses_data")) ?
		"may lose data: look at the rows first" :
		"may fail on rows that stand, write the table anew, or keep others waiting while it looks at every row");
	print_comment(out, text_of(drift, "fix"));
	f->unsafe++;
}

static struct file *files_of(struct maker *m, const char *table)
{
	const struct table *t = manifest_table(m->manifest, table);

	for (size_t i = 0; t && i < m->manifest->napps; i++)
		if (!strcmp(m->manifest->apps[i].label, t->app))
			return m->files[i];
	return NULL;
}

static void sort_fixes(struct maker *m)
{
	const json_t *one;
	struct file *files;
	size_t i;

	json_array_foreach(json_object_get(m->report, "missing"), i, one)
		if (!(files = files_of(m, text_of(one, "table"))))
			continue;
		else if (json_is_false(json_object_get(one, "safe")))
			add_unsafe(&files[STRUCTURE], one);
		else
			add_statements(files, text_of(one, "fix"));
	json_array_foreach(json_object_get(m->report, "drift"), i, one) {
		files = files_of(m, text_of(one, "table"));
		if (!files || !strcmp(text_of(one, "severity"), "info"))
			continue;
		if (json_is_true(json_object_get(one, "safe")))
			add_statements(files, text_of(one, "fix"));
		else
			add_unsafe(&files[STRUCTURE], one);
	}
}

/* ---- files ---- */

static const struct migration *last_of(const struct migrations *set, const char *app)
{
	const struct migration *last = NULL;

	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->v[i]->app, app) && (!last || strcmp(set->v[i]->name, last->name) > 0))
			last = set->v[i];
	return last;
}

static void depend(FILE *out, const char *app, const char *name)
{
	fprintf(out, "-- depends: %s.%s\n", app, name);
}

static bool refers_to(const struct migrations *set, const char *sql, const char *app)
{
	const char *at = sql, *end = sql + strlen(sql), *of;
	struct sql_token t = sql_next(&at, end);
	char table[64];

	for (; t.kind != SQL_END; t = sql_next(&at, end)) {
		if (!sql_is(&t, "references"))
			continue;
		t = sql_next(&at, end);
		of = migrations_app_of(set, sql_ident(&t, table, sizeof(table)));
		if (of && !strcmp(of, app))
			return true;
	}
	return false;
}

/* Keys refer to tables of other apps: to those that stand, and to those made beside. */
static void depend_on_others(FILE *out, const struct maker *m, const struct made *made, const struct file *f,
			     const char *app)
{
	for (size_t i = 0; i < made->n; i++) {
		const struct made_file *o = &made->v[i];

		if (strcmp(o->app, app) && strstr(o->name, part_names[STRUCTURE]))
			depend(out, o->app, o->name);
	}
	for (size_t i = 0; i < m->set->n; i++) {
		const char *other = m->set->v[i]->app;
		const struct migration *last = last_of(m->set, other);

		if (m->set->v[i] == last && strcmp(other, app) && refers_to(m->set, f->sql, other))
			depend(out, other, last->name);
	}
}

static char *name_of(const struct maker *m, const char *app, enum part part, size_t nth)
{
	const struct migration *last = last_of(m->set, app);
	char *name;

	name = need_text("%04d_auto_%s_%s", (last ? atoi(last->name) : 0) + 1 + (int)nth, m->stamp, part_names[part]);
	return name;
}

static void add_file(struct made *out, const struct maker *m, const char *app, enum part part, struct file *f,
		     const char *before, size_t nth)
{
	struct made_file *made;
	size_t len;
	FILE *text;

	out->v = need(reallocarray(out->v, out->n + 1, sizeof(*out->v)));
	made = &out->v[out->n];
	*made = (struct made_file){ app, name_of(m, app, part, nth), NULL, f->statements, f->unsafe };
	text = need(open_memstream(&made->sql, &len));
	fprintf(text, "-- %s: %s.\n--\n", app, part_prose[part]);
	if (before)
		depend(text, app, before);
	if (part == KEYS)
		depend_on_others(text, m, out, f, app);
	if (part == INDEXES)
		fputs("-- transaction: off\n-- statement_timeout: 2h\n", text);
	if (f->new_tables)
		fputs("-- lint: off add-foreign-key: on tables that are new\n", text);
	fputs(f->sql, text);
	fclose(text);
	out->n++;
}

static void write_files(struct maker *m, struct made *out)
{
	struct { const char *before; size_t n; } *apps = need(calloc(m->manifest->napps + 1, sizeof(*apps)));

	for (int part = 0; part < PARTS; part++)
		for (size_t i = 0; i < m->manifest->napps; i++) {
			const char *app = m->manifest->apps[i].label;
			struct file *f = &m->files[i][part];
			const struct migration *last = last_of(m->set, app);

			if (!f->out)
				continue;
			fclose(f->out);
			add_file(out, m, app, (enum part)part, f, apps[i].n ? apps[i].before : last ? last->name : NULL, apps[i].n);
			apps[i].before = out->v[out->n - 1].name;
			apps[i].n++;
			free(f->sql);
		}
	free(apps);
}

void migration_make(struct made *out, const json_t *report, const struct manifest *manifest,
		    const struct migrations *set, const char *stamp)
{
	struct maker m = { report, manifest, set, stamp, need(calloc(manifest->napps + 1, sizeof(*m.files))) };

	*out = (struct made){ NULL, 0 };
	sort_fixes(&m);
	write_files(&m, out);
	free(m.files);
}

void made_clear(struct made *made)
{
	for (size_t i = 0; i < made->n; i++) {
		free(made->v[i].name);
		free(made->v[i].sql);
	}
	free(made->v);
	*made = (struct made){ NULL, 0 };
}
