/* catalogue.c - the tables that stand. */
#include "catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "core/json_line.h"
#include "mem.h"

static int read_row(struct table *table, const char *definition, struct err *err)
{
	struct table_path path = { .depth = 0 };
	char why[TABLE_WHY], field[100];
	json_error_t bad;
	json_t *doc = json_loads(definition, 0, &bad);
	int status;

	if (!doc)
		return err_set(err, ERR_RETRY, "db_error", "the catalogue's answer is no JSON: %s",
			       bad.text);
	status = table_read(table, doc, false, &path, why);
	json_decref(doc);
	if (status == 0 && table->name)
		return 0;
	json_path(&path, field, sizeof(field));
	return err_set(err, ERR_RETRY, "db_error", "the catalogue's answer is no table: %s: %s",
		       field, status < 0 ? why : "it has no name");
}

static int by_name(const void *a, const void *b)
{
	const struct table *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int named(const void *name, const void *table)
{
	return strcmp(name, ((const struct table *)table)->name);
}

struct catalogue *catalogue_read(const char *const *definitions, size_t n, struct err *err)
{
	struct catalogue *c = need(calloc(1, sizeof(*c)));

	c->tables = need(calloc(n ? n : 1, sizeof(*c->tables)));
	for (; c->ntables < n; c->ntables++)
		if (read_row(&c->tables[c->ntables], definitions[c->ntables], err) < 0) {
			c->ntables++;
			catalogue_free(c);
			return NULL;
		}
	qsort(c->tables, n, sizeof(*c->tables), by_name);
	return c;
}

void catalogue_free(struct catalogue *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->ntables; i++)
		table_clear(&c->tables[i]);
	free(c->tables);
	free(c);
}

static const struct table *find(const struct catalogue *c, const char *name, bool other)
{
	const struct table *t = bsearch(name, c->tables, c->ntables, sizeof(*c->tables), named);

	return t && (t->is != NULL) == other ? t : NULL;
}

const struct table *catalogue_table(const struct catalogue *c, const char *name)
{
	return find(c, name, false);
}

const struct table *catalogue_other(const struct catalogue *c, const char *name)
{
	return find(c, name, true);
}
