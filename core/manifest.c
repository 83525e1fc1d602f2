/* manifest.c - reads the files of db/models; a wrong one is told with file, line, field. */
#include "manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_line.h"
#include "mem.h"

#define FILES_MOST 100
#define FILE_MOST (8 << 20)     /* bytes; six apps have 70 KB together */
#define TABLES_MOST 10000       /* of one app */
#define PATTERNS_MOST 1000

static const char *const class_keys[MANIFEST_CLASSES] = { "expected", "hidden", "legacy" };

/* One file as it is read. */
struct file {
	struct manifest *m;
	const char *name;
	char *text;                     /* owned */
	json_t *names;                  /* of all tables so far, in all files */
	struct table_path path;
	char why[TABLE_WHY];
	struct err *err;
};

static int wrong(struct file *f, const char *why)
{
	char field[100];

	json_path(&f->path, field, sizeof(field));
	return err_set(f->err, ERR_PERMANENT, "bad_models", "%s:%d: %s%s%s", f->name,
		       json_line(f->text, &f->path), field, *field ? ": " : "", why);
}

static int wrong_at(struct file *f, const char *key, const char *why)
{
	f->path.step[f->path.depth].index = 0;
	f->path.step[f->path.depth++].key = key;
	return wrong(f, why);
}

/* ---- one file's content ---- */

static bool is_label(const char *text)
{
	return *text && strlen(text) < 64 && strspn(text, "0123456789") == 0 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
		       strlen(text);
}

/* The file of an app is called after it. */
static int read_label(struct file *f, json_t *doc, const char **label)
{
	json_t *app = json_object_get(doc, "app");
	size_t stem = strlen(f->name) - strlen(".json");

	*label = json_string_value(app);
	if (!*label || !is_label(*label))
		return wrong_at(f, "app", "must be an app's label: letters, digits and _");
	if (strlen(*label) != stem || strncmp(*label, f->name, stem))
		return wrong_at(f, "app", "must be the file's name without .json");
	return 0;
}

static int read_table(struct file *f, struct manifest_app *app, json_t *doc)
{
	struct table *table = &app->tables[app->ntables];

	if (table_read(table, doc, true, &f->path, f->why) < 0)
		return wrong(f, f->why);
	table->app = app->label;
	app->ntables++;
	app->nmodels += !table->many_to_many_of;
	if (json_object_get(f->names, table->name))
		return wrong_at(f, "table", "this table is declared twice");
	json_object_set_new(f->names, table->name, json_true());
	return 0;
}

static int read_tables(struct file *f, json_t *tables, const char *label)
{
	struct manifest_app *app = &f->m->apps[f->m->napps++];
	size_t n = json_array_size(tables);

	*app = (struct manifest_app){ .label = label };
	if (!json_is_array(tables) || n > TABLES_MOST)
		return wrong_at(f, "tables", "must be a list of at most 10000 tables");
	app->tables = need(calloc(n ? n : 1, sizeof(*app->tables)));
	for (size_t i = 0; i < n; i++) {
		f->path.depth = 2;
		f->path.step[0].key = "tables";
		f->path.step[1].key = NULL;
		f->path.step[1].index = i;
		if (read_table(f, app, json_array_get(tables, i)) < 0)
			return -1;
	}
	f->path.depth = 0;
	return 0;
}

/* A table's name, or the beginning of one and a star. */
static bool is_pattern(const char *text)
{
	const char *star = text ? strchr(text, '*') : NULL;

	return text && *text && *text != '*' && strlen(text) < 64 && (!star || !star[1]);
}

static int read_patterns(struct file *f, const char *key, json_t *list, struct table_names *to)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || to->n + n > PATTERNS_MOST)
		return wrong_at(f, key, "must be a list of at most 1000 names");
	to->v = need(realloc(to->v, (to->n + n + 1) * sizeof(*to->v)));
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!is_pattern(text)) {
			f->path.step[0].key = key;
			f->path.step[1].key = NULL;
			f->path.step[1].index = i;
			f->path.depth = 2;
			return wrong(f, "must be a table's name, or its beginning and one *");
		}
		to->v[to->n++] = text;
	}
	return 0;
}

static int class_of_key(const char *key)
{
	for (int i = 0; i < MANIFEST_CLASSES; i++)
		if (!strcmp(key, class_keys[i]))
			return i;
	return -1;
}

static int read_doc(struct file *f, json_t *doc)
{
	const char *key, *label = NULL;
	json_t *value;

	if (!json_is_object(doc))
		return wrong(f, "must be an object in braces");
	if (json_object_get(doc, "app") || json_object_get(doc, "tables")) {
		if (read_label(f, doc, &label) < 0 ||
		    read_tables(f, json_object_get(doc, "tables"), label) < 0)
			return -1;
	}
	json_object_foreach(doc, key, value) {
		int class = class_of_key(key);

		if (class >= 0 && read_patterns(f, key, value, &f->m->patterns[class]) < 0)
			return -1;
		if (class < 0 && strcmp(key, "app") && strcmp(key, "tables"))
			return wrong_at(f, key, "is no field of the format (docs/models.md lists them)");
	}
	return 0;
}

/* ---- files ---- */

/* The whole file with a NUL behind it, owned; NULL: err says why. */
static char *read_file(const char *dir, const char *name, size_t *len, struct err *err)
{
	char *path, *text = NULL;
	FILE *in;

	path = need_text("%s/%s", dir, name);
	in = fopen(path, "re");
	if (!in) {
		err_set(err, ERR_PERMANENT, "bad_models", "%s: %s", path, strerror(errno));
		goto out;
	}
	text = need(malloc(FILE_MOST + 1));
	*len = fread(text, 1, FILE_MOST + 1, in);
	if (ferror(in) || *len > FILE_MOST) {
		err_set(err, ERR_PERMANENT, "bad_models", "%s: %s", path,
			ferror(in) ? "cannot be read" : "is longer than 8 MiB");
		free(text);
		text = NULL;
	} else {
		text = need(realloc(text, *len + 1));
		text[*len] = '\0';
	}
	fclose(in);
out:
	free(path);
	return text;
}

static int load_file(struct manifest *m, const char *dir, const char *name, json_t *names,
		     struct err *err)
{
	struct file f = { .m = m, .name = name, .names = names, .err = err };
	json_error_t bad;
	json_t *doc;
	size_t len;
	int status = -1;

	f.text = read_file(dir, name, &len, err);
	if (!f.text)
		return -1;
	doc = json_loadb(f.text, len, JSON_REJECT_DUPLICATES, &bad);
	if (!doc) {
		err_set(err, ERR_PERMANENT, "bad_models", "%s:%d: no JSON: %s", name, bad.line,
			bad.text);
	} else {
		json_array_append_new(m->docs, doc);
		status = read_doc(&f, doc);
	}
	free(f.text);
	return status;
}

static int is_json(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return *entry->d_name != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".json");
}

static int by_name(const void *a, const void *b)
{
	const struct table *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Sorted, so that looking a table up is quick. */
static void make_index(struct manifest *m)
{
	for (size_t i = 0; i < m->napps; i++)
		m->ntables += m->apps[i].ntables;
	m->tables = need(calloc(m->ntables ? m->ntables : 1, sizeof(*m->tables)));
	m->ntables = 0;
	for (size_t i = 0; i < m->napps; i++)
		for (size_t j = 0; j < m->apps[i].ntables; j++)
			m->tables[m->ntables++] = &m->apps[i].tables[j];
	qsort(m->tables, m->ntables, sizeof(*m->tables), by_name);
}

static int by_label(const void *a, const void *b)
{
	const struct manifest_app *x = a, *y = b;

	return strcmp(x->label, y->label);
}

struct manifest *manifest_load(const char *dir, struct err *err)
{
	struct manifest *m = need(calloc(1, sizeof(*m)));
	struct dirent **files = NULL;
	int n = scandir(dir, &files, is_json, alphasort), status = 0;
	json_t *names = need(json_object());

	m->docs = need(json_array());
	if (n < 0)
		status = err_set(err, ERR_PERMANENT, "bad_models", "%s: %s", dir, strerror(errno));
	else if (n == 0 || n > FILES_MOST)
		status = err_set(err, ERR_PERMANENT, "bad_models", "%s: holds %d files *.json, not 1 "
				 "to %d", dir, n, FILES_MOST);
	m->apps = need(calloc(FILES_MOST, sizeof(*m->apps)));
	for (int i = 0; i < n; i++) {
		if (status == 0)
			status = load_file(m, dir, files[i]->d_name, names, err);
		free(files[i]);
	}
	free(files);
	json_decref(names);
	if (status < 0) {
		manifest_free(m);
		return NULL;
	}
	qsort(m->apps, m->napps, sizeof(*m->apps), by_label);
	make_index(m);
	return m;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->napps; i++) {
		for (size_t j = 0; j < m->apps[i].ntables; j++)
			table_clear(&m->apps[i].tables[j]);
		free(m->apps[i].tables);
	}
	for (int i = 0; i < MANIFEST_CLASSES; i++)
		free(m->patterns[i].v);
	free(m->tables);
	free(m->apps);
	json_decref(m->docs);
	free(m);
}

/* ---- look-ups ---- */

const struct manifest_app *manifest_app(const struct manifest *m, const char *label)
{
	for (size_t i = 0; i < m->napps; i++)
		if (!strcmp(m->apps[i].label, label))
			return &m->apps[i];
	return NULL;
}

static int named(const void *name, const void *table)
{
	return strcmp(name, (*(const struct table *const *)table)->name);
}

const struct table *manifest_table(const struct manifest *m, const char *name)
{
	const struct table **found = bsearch(name, m->tables, m->ntables, sizeof(*m->tables), named);

	return found ? *found : NULL;
}

static bool matches(const char *pattern, const char *name)
{
	size_t len = strlen(pattern) - 1;

	return pattern[len] == '*' ? !strncmp(pattern, name, len) : !strcmp(pattern, name);
}

enum manifest_class manifest_class(const struct manifest *m, const char *table)
{
	for (int i = 0; i < MANIFEST_CLASSES; i++)
		for (size_t j = 0; j < m->patterns[i].n; j++)
			if (matches(m->patterns[i].v[j], table))
				return (enum manifest_class)i;
	return MANIFEST_UNKNOWN;
}

const struct manifest_app *manifest_owner(const struct manifest *m, const char *table)
{
	const struct manifest_app *owner = NULL;

	for (size_t i = 0; i < m->napps; i++) {
		size_t len = strlen(m->apps[i].label);

		if (!strncmp(table, m->apps[i].label, len) && table[len] == '_' &&
		    (!owner || strlen(owner->label) < len))
			owner = &m->apps[i];
	}
	return owner;
}
