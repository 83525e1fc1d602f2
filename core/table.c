/* table.c - reads a table from JSON by the shapes below; docs/models.md explains them.
 *
 * A field of the format is one row of a shape. Pointers go into the document, which
 * the table keeps. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sql_text.h"

#define COLUMNS_MOST 1600       /* PostgreSQL's own bound */
#define LIST_MOST 1600
#define SQL_MOST 8192           /* bytes of an expression */

enum field_type { NAME, TYPE, SQL, CHOICE, FLAG, NAMES, LIST, OBJECT };

enum { REQUIRED = 1, DECLARED = 2, CATALOGUE = 4 };     /* DECLARED: in a model only */

struct shape;
struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	unsigned flags;
	const struct shape *shape;              /* of LIST and OBJECT */
	const char *const *choices;             /* of CHOICE */
};

struct shape {
	size_t size;
	const struct field *fields;             /* key NULL ends them */
};

static const char *const identities[] = { "by default", "always", "serial", NULL };
static const char *const deferrals[] = { "initially deferred", "initially immediate", NULL };
static const char *const actions[] = { "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", NULL };

#define AT(type, member) offsetof(struct type, member)
#define END { NULL, 0, 0, 0, NULL, NULL }

static const struct shape column_shape = { sizeof(struct table_column), (const struct field[]){
	{ "name", NAME, AT(table_column, name), REQUIRED, NULL, NULL },
	{ "type", TYPE, AT(table_column, type), REQUIRED, NULL, NULL },
	{ "nullable", FLAG, AT(table_column, nullable), 0, NULL, NULL },
	{ "default", SQL, AT(table_column, def), 0, NULL, NULL },
	{ "identity", CHOICE, AT(table_column, identity), 0, NULL, identities },
	{ "generated", SQL, AT(table_column, generated), 0, NULL, NULL },
	{ "collation", NAME, AT(table_column, collation), 0, NULL, NULL },
	{ "fill", SQL, AT(table_column, fill), DECLARED, NULL, NULL },
	END } };

static const struct shape key_shape = { sizeof(struct table_key), (const struct field[]){
	{ "name", NAME, AT(table_key, name), REQUIRED, NULL, NULL },
	{ "columns", NAMES, AT(table_key, columns), REQUIRED, NULL, NULL },
	{ "deferrable", CHOICE, AT(table_key, deferrable), 0, NULL, deferrals },
	{ "nulls_not_distinct", FLAG, AT(table_key, nulls_not_distinct), 0, NULL, NULL },
	END } };

static const struct shape foreign_key_shape = { sizeof(struct table_foreign_key), (const struct field[]){
	{ "name", NAME, AT(table_foreign_key, name), REQUIRED, NULL, NULL },
	{ "columns", NAMES, AT(table_foreign_key, columns), REQUIRED, NULL, NULL },
	{ "references", NAME, AT(table_foreign_key, references), REQUIRED, NULL, NULL },
	{ "ref_columns", NAMES, AT(table_foreign_key, ref_columns), REQUIRED, NULL, NULL },
	{ "on_delete", CHOICE, AT(table_foreign_key, on_delete), 0, NULL, actions },
	{ "on_update", CHOICE, AT(table_foreign_key, on_update), 0, NULL, actions },
	{ "match_full", FLAG, AT(table_foreign_key, match_full), 0, NULL, NULL },
	{ "deferrable", CHOICE, AT(table_foreign_key, deferrable), 0, NULL, deferrals },
	{ "not_valid", FLAG, AT(table_foreign_key, not_valid), CATALOGUE, NULL, NULL },
	END } };

static const struct shape check_shape = { sizeof(struct table_check), (const struct field[]){
	{ "name", NAME, AT(table_check, name), REQUIRED, NULL, NULL },
	{ "definition", SQL, AT(table_check, definition), REQUIRED, NULL, NULL },
	{ "not_valid", FLAG, AT(table_check, not_valid), CATALOGUE, NULL, NULL },
	END } };

static const struct shape index_shape = { sizeof(struct table_index), (const struct field[]){
	{ "name", NAME, AT(table_index, name), REQUIRED, NULL, NULL },
	{ "definition", SQL, AT(table_index, definition), REQUIRED, NULL, NULL },
	{ "unique", FLAG, AT(table_index, unique), 0, NULL, NULL },
	{ "invalid", FLAG, AT(table_index, invalid), CATALOGUE, NULL, NULL },
	END } };

static const struct shape table_shape = { sizeof(struct table), (const struct field[]){
	{ "table", NAME, AT(table, name), REQUIRED, NULL, NULL },
	{ "model", NAME, AT(table, model), REQUIRED | DECLARED, NULL, NULL },
	{ "many_to_many_of", NAME, AT(table, many_to_many_of), DECLARED, NULL, NULL },
	{ "is", NAME, AT(table, is), CATALOGUE, NULL, NULL },
	{ "empty", FLAG, AT(table, empty), CATALOGUE, NULL, NULL },
	{ "small", FLAG, AT(table, small), CATALOGUE, NULL, NULL },
	{ "columns", LIST, AT(table, columns), REQUIRED, &column_shape, NULL },
	{ "primary_key", OBJECT, AT(table, primary_key), 0, &key_shape, NULL },
	{ "unique", LIST, AT(table, unique), 0, &key_shape, NULL },
	{ "foreign_keys", LIST, AT(table, foreign_keys), 0, &foreign_key_shape, NULL },
	{ "checks", LIST, AT(table, checks), 0, &check_shape, NULL },
	{ "indexes", LIST, AT(table, indexes), 0, &index_shape, NULL },
	END } };

struct reader {
	bool declared;
	struct table_path *path;
	char *why;
};

/* How every list of a struct begins. */
struct list {
	void *v;
	size_t n;
};

static int wrong(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int wrong(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, TABLE_WHY, fmt, ap);
	va_end(ap);
	return -1;
}

static void push(struct reader *r, const char *key, size_t index)
{
	if (r->path->depth == TABLE_DEPTH)
		abort();
	r->path->step[r->path->depth].key = key;
	r->path->step[r->path->depth++].index = index;
}

static void pop(struct reader *r)
{
	r->path->depth--;
}

/* ---- values ---- */

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* What format_type() may print: words, (15,2), [], and a quoted name of somebody's type. */
static bool type_text(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    " _.,()[]\"") == strlen(text) && sql_closed(text);
}

static int read_choice(struct reader *r, const struct field *f, const char *text)
{
	for (size_t i = 0; f->choices[i]; i++)
		if (!strcmp(text, f->choices[i]))
			return 0;
	return wrong(r, "\"%.40s\" is none of its values, like \"%s\"", text, f->choices[0]);
}

static int read_text(struct reader *r, const struct field *f, json_t *value, const char **to)
{
	const char *text = json_string_value(value);
	size_t most = f->type == SQL ? SQL_MOST : f->type == TYPE ? 2 * SQL_NAME_MOST : SQL_NAME_MOST;

	if (!text)
		return wrong(r, "must be a text");
	*to = text;
	if (!r->declared)
		return 0;
	if (!*text || strlen(text) > most || !printable(text))
		return wrong(r, "must have 1 to %zu bytes and no control character", most);
	if (f->type == TYPE && !type_text(text))
		return wrong(r, "\"%.60s\" is no type as format_type() prints one", text);
	if (f->type == SQL && !sql_closed(text))
		return wrong(r, "is no closed SQL expression: mind quotes, brackets and semicolons");
	return f->type == CHOICE ? read_choice(r, f, text) : 0;
}

static int read_flag(struct reader *r, json_t *value, bool *to)
{
	if (!json_is_boolean(value))
		return wrong(r, "must be true or false");
	*to = json_is_true(value);
	return 0;
}

static int read_object(struct reader *r, const struct shape *shape, json_t *value, char *to);

static int read_list(struct reader *r, const struct field *f, json_t *value, char *to)
{
	size_t n = json_array_size(value);
	size_t size = f->type == NAMES ? sizeof(char *) : f->shape->size;
	struct list list = { NULL, n };
	static const struct field name = { "name", NAME, 0, 0, NULL, NULL };

	if (!json_is_array(value))
		return wrong(r, "must be a list");
	if (n > LIST_MOST || (f->type == NAMES && !n))
		return wrong(r, "must have %d to %d elements", f->type == NAMES, LIST_MOST);
	list.v = need(calloc(n ? n : 1, size));
	memcpy(to, &list, sizeof(list));
	for (size_t i = 0; i < n; i++) {
		char *at = (char *)list.v + i * size;
		json_t *element = json_array_get(value, i);

		push(r, NULL, i);
		if ((f->type == NAMES ? read_text(r, &name, element, (const char **)(void *)at) :
					read_object(r, f->shape, element, at)) < 0)
			return -1;
		pop(r);
	}
	return 0;
}

static int read_field(struct reader *r, const struct field *f, json_t *value, char *to)
{
	switch (f->type) {
	case FLAG:
		return read_flag(r, value, (bool *)to);
	case NAMES:
	case LIST:
		return read_list(r, f, value, to);
	case OBJECT:
		return read_object(r, f->shape, value, to);
	default:
		return read_text(r, f, value, (const char **)(void *)to);
	}
}

static const struct field *field_of(const struct shape *shape, const char *key)
{
	for (const struct field *f = shape->fields; f->key; f++)
		if (!strcmp(f->key, key))
			return f;
	return NULL;
}

static int refuse_unknown(struct reader *r, const struct shape *shape, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		const struct field *f = field_of(shape, key);

		if (f && !(f->flags & CATALOGUE))
			continue;
		push(r, key, 0);
		return wrong(r, "is no field of the format (docs/models.md lists them)");
	}
	return 0;
}

static int read_object(struct reader *r, const struct shape *shape, json_t *value, char *to)
{
	if (!json_is_object(value))
		return wrong(r, "must be an object in braces");
	if (r->declared && refuse_unknown(r, shape, value) < 0)
		return -1;
	for (const struct field *f = shape->fields; f->key; f++) {
		json_t *field = json_object_get(value, f->key);

		if (!r->declared && json_is_null(field))
			field = NULL;
		if (!field && f->flags & REQUIRED && (r->declared || !(f->flags & DECLARED)))
			return wrong(r, "lacks the field \"%s\"", f->key);
		if (!field)
			continue;
		push(r, f->key, 0);
		if (read_field(r, f, field, to + f->offset) < 0)
			return -1;
		pop(r);
	}
	return 0;
}

static void clear_object(const struct shape *shape, char *at)
{
	for (const struct field *f = shape->fields; f->key; f++) {
		struct list list;

		if (f->type == OBJECT)
			clear_object(f->shape, at + f->offset);
		if (f->type != LIST && f->type != NAMES)
			continue;
		memcpy(&list, at + f->offset, sizeof(list));
		for (size_t i = 0; f->type == LIST && list.v && i < list.n; i++)
			clear_object(f->shape, (char *)list.v + i * f->shape->size);
		free(list.v);
	}
}

/* ---- what the fields must be to each other ---- */

static int check_names(struct reader *r, const struct table *table, const struct table_names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		push(r, "columns", 0);
		push(r, NULL, i);
		if (!table_column(table, names->v[i]))
			return wrong(r, "there is no column %s in %s", names->v[i], table->name);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(names->v[i], names->v[j]))
				return wrong(r, "column %s stands there twice", names->v[i]);
		pop(r);
		pop(r);
	}
	return 0;
}

static int check_columns(struct reader *r, const struct table *table)
{
	push(r, "columns", 0);
	if (table->columns.n > COLUMNS_MOST)
		return wrong(r, "has more than %d columns", COLUMNS_MOST);
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct table_column *c = &table->columns.v[i];

		push(r, NULL, i);
		if (table_column(table, c->name) != c)
			return wrong(r, "there are two columns %s in %s", c->name, table->name);
		if (!!c->def + !!c->identity + !!c->generated > 1)
			return wrong(r, "default, identity and generated exclude each other");
		pop(r);
	}
	pop(r);
	return 0;
}

static int check_keys(struct reader *r, const struct table *table)
{
	if (table->primary_key.name) {
		push(r, "primary_key", 0);
		if (check_names(r, table, &table->primary_key.columns) < 0)
			return -1;
		pop(r);
	}
	push(r, "unique", 0);
	for (size_t i = 0; i < table->unique.n; i++) {
		push(r, NULL, i);
		if (check_names(r, table, &table->unique.v[i].columns) < 0)
			return -1;
		pop(r);
	}
	pop(r);
	return 0;
}

static int check_foreign_keys(struct reader *r, const struct table *table)
{
	push(r, "foreign_keys", 0);
	for (size_t i = 0; i < table->foreign_keys.n; i++) {
		const struct table_foreign_key *k = &table->foreign_keys.v[i];

		push(r, NULL, i);
		if (check_names(r, table, &k->columns) < 0)
			return -1;
		if (k->columns.n != k->ref_columns.n)
			return wrong(r, "columns and ref_columns are not as many");
		pop(r);
	}
	pop(r);
	return 0;
}

static int check_table(struct reader *r, const struct table *table)
{
	if (check_columns(r, table) < 0 || check_keys(r, table) < 0)
		return -1;
	return check_foreign_keys(r, table);
}

/* ---- what the header promised ---- */

int table_read(struct table *table, json_t *doc, bool declared,
	       struct table_path *path, char *why)
{
	struct reader r = { declared, path, why };

	memset(table, 0, sizeof(*table));
	table->doc = json_incref(doc);
	if (read_object(&r, &table_shape, doc, (char *)table) == 0 &&
	    (!declared || check_table(&r, table) == 0))
		return 0;
	table_clear(table);
	return -1;
}

void table_clear(struct table *table)
{
	clear_object(&table_shape, (char *)table);
	json_decref(table->doc);
	memset(table, 0, sizeof(*table));
}

const struct table_column *table_column(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->columns.n; i++)
		if (!strcmp(table->columns.v[i].name, name))
			return &table->columns.v[i];
	return NULL;
}

bool table_names_equal(const struct table_names *a, const struct table_names *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]))
			return false;
	return true;
}
