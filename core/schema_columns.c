/* schema_columns.c - compares columns: there or not, type, NULL, default. */
#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"
#include "core/words.h"
#include "mem.h"

static void name_add(struct table_names *names, const char *name)
{
	names->v = need(realloc(names->v, (names->n + 1) * sizeof(*names->v)));
	names->v[names->n++] = name;
}

static struct schema_drift *differ(struct schema_pair *pair, const struct table_column *column,
				   enum schema_kind kind, enum schema_severity severity)
{
	struct schema_drift *d = schema_differ(pair, kind, severity);

	d->column = column->name;
	return d;
}

static bool has_default(const struct table_column *c)
{
	return c->def || c->identity || c->generated;
}

/* ---- there or not, and under which name ---- */

/* Names of extra columns that could be this one: NULL-ended, owned. */
static const char **candidates(const struct schema_pair *pair, const struct table_column *c)
{
	const char **list = need(calloc(pair->extra.n + 1, sizeof(*list)));
	size_t n = 0;

	for (size_t i = 0; i < pair->extra.n; i++) {
		const struct table_column *e = table_column(pair->actual, pair->extra.v[i]);

		if (!strcmp(e->type, c->type) && e->nullable == c->nullable)
			list[n++] = e->name;
	}
	return list;
}

/* A column of the same kind whose name is alike, or the only one where one went and one came. */
static const char *rename_of(const struct schema_pair *pair, const struct table_column *c)
{
	const char **list = candidates(pair, c), *name = words_nearest(c->name, list);

	if (!name && pair->missing.n == 1 && pair->extra.n == 1)
		name = list[0];
	free(list);
	return name;
}

static void take(struct table_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i] == name) {
			memmove(&names->v[i], &names->v[i + 1],
				(--names->n - i) * sizeof(*names->v));
			return;
		}
}

static void find_columns(struct schema_pair *pair)
{
	const struct table *declared = pair->declared, *actual = pair->actual;

	for (size_t i = 0; i < declared->columns.n; i++)
		if (!table_column(actual, declared->columns.v[i].name))
			name_add(&pair->missing, declared->columns.v[i].name);
	for (size_t i = 0; i < actual->columns.n; i++)
		if (!table_column(declared, actual->columns.v[i].name))
			name_add(&pair->extra, actual->columns.v[i].name);
	for (size_t i = 0; i < pair->missing.n;) {
		const char *to = pair->missing.v[i];
		const char *from = rename_of(pair, table_column(declared, to));

		if (!from) {
			i++;
			continue;
		}
		name_add(&pair->renamed_from, from);
		name_add(&pair->renamed_to, to);
		take(&pair->missing, to);
		take(&pair->extra, from);
	}
}

/* now() and literals are worked out once, whatever the table's size; a function may
 * not be, and then every row is written anew. */
static bool cheap(const char *expression)
{
	return !expression || !strchr(expression, '(') || !strcmp(expression, "now()");
}

/* Part of the primary key, or of a foreign key. */
static bool is_id(const struct table *t, const char *column)
{
	struct table_names one = { &column, 1 };

	for (size_t i = 0; i < t->foreign_keys.n; i++)
		if (schema_any_of(&one, &t->foreign_keys.v[i].columns))
			return true;
	return t->primary_key.name && schema_any_of(&one, &t->primary_key.columns);
}

/* One value in all rows would break what is unique, or refer to nothing. */
static bool is_keyed(const struct table *t, const char *column)
{
	struct table_names one = { &column, 1 };

	for (size_t i = 0; i < t->unique.n; i++)
		if (schema_any_of(&one, &t->unique.v[i].columns))
			return true;
	for (size_t i = 0; i < t->indexes.n; i++)
		if (t->indexes.v[i].unique && schema_any_in(&one, t->indexes.v[i].definition))
			return true;
	return is_id(t, column);
}

static bool is_safe_to_add(const struct schema_pair *pair, const struct table_column *c)
{
	if (pair->actual->empty || (c->nullable && !has_default(c)))
		return true;
	if (is_keyed(pair->declared, c->name) || !(c->fill || has_default(c)))
		return false;
	return pair->actual->small ||
	       (cheap(c->def) && cheap(c->fill) && !c->identity && !c->generated);
}

static void missing_column(struct schema_pair *pair, const struct table_column *c)
{
	struct schema_drift *d = differ(pair, c, SCHEMA_MISSING_COLUMN, SCHEMA_ERROR);

	d->declared = schema_column_text(c);
	d->safe = is_safe_to_add(pair, c);
	schema_add_column(&d->fix, pair, c);
}

static void extra_column(struct schema_pair *pair, const struct table_column *c)
{
	bool blocks = !c->nullable && !has_default(c);  /* no row can be inserted without it */
	struct schema_drift *d = differ(pair, c, SCHEMA_EXTRA_COLUMN,
					blocks ? SCHEMA_ERROR : SCHEMA_WARNING);

	d->actual = schema_column_text(c);
	d->safe = false;
	d->loses_data = !pair->actual->empty;
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I DROP COLUMN %I",
		     pair->declared->name, c->name);
}

static void renamed_column(struct schema_pair *pair, const char *from, const char *to)
{
	const struct table_column *c = table_column(pair->declared, to);
	struct schema_drift *d = differ(pair, c, SCHEMA_MISSING_COLUMN, SCHEMA_ERROR);

	d->declared = schema_column_text(c);
	d->renamed_from = from;
	d->safe = false;                /* a guess */
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I RENAME COLUMN %I TO %I",
		     pair->declared->name, from, to);
}

/* ---- type ---- */

static bool is_integer(const char *type)
{
	return !strcmp(type, "integer") || !strcmp(type, "bigint");
}

static enum schema_severity type_severity(const struct schema_pair *pair,
					  const struct table_column *c, const struct table_column *a)
{
	if (is_id(pair->declared, c->name) && is_integer(c->type) && is_integer(a->type))
		return SCHEMA_INFO;
	return schema_type_fits(c->type, a->type) ? SCHEMA_WARNING : SCHEMA_ERROR;
}

static void compare_type(struct schema_pair *pair, const struct table_column *c,
			 const struct table_column *a)
{
	bool fits = schema_type_fits(a->type, c->type);
	struct schema_drift *d;

	if (!strcmp(c->type, a->type))
		return;
	name_add(&pair->retyped, c->name);
	d = differ(pair, c, SCHEMA_TYPE, type_severity(pair, c, a));
	d->declared = schema_text("%s", c->type);
	d->actual = schema_text("%s", a->type);
	d->safe = schema_type_in_place(a->type, c->type);
	d->loses_data = !fits && !pair->actual->empty;
	if (fits)
		schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I ALTER COLUMN %I TYPE %s",
			     pair->declared->name, c->name, c->type);
	else
		schema_print(&d->fix, SCHEMA_PHASE_COLUMNS,
			     "ALTER TABLE %I ALTER COLUMN %I TYPE %s USING %I::%s",
			     pair->declared->name, c->name, c->type, c->name, c->type);
}

static void compare_collation(struct schema_pair *pair, const struct table_column *c,
			      const struct table_column *a)
{
	const char *wanted = c->collation ? c->collation : "default";
	const char *there = a->collation ? a->collation : "default";
	struct schema_drift *d;

	if (!strcmp(wanted, there))
		return;
	d = differ(pair, c, SCHEMA_TYPE, SCHEMA_WARNING);
	d->declared = schema_text("%s COLLATE %I", c->type, wanted);
	d->actual = schema_text("%s COLLATE %I", a->type, there);
	d->safe = pair->actual->small;          /* its indexes are built anew */
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I ALTER COLUMN %I TYPE %s COLLATE %I",
		     pair->declared->name, c->name, c->type, wanted);
}

/* ---- NULL ---- */

static void compare_nullable(struct schema_pair *pair, const struct table_column *c,
			     const struct table_column *a)
{
	struct schema_drift *d;

	if (c->nullable == a->nullable)
		return;
	d = differ(pair, c, SCHEMA_NULLABLE, c->nullable ? SCHEMA_ERROR : SCHEMA_WARNING);
	d->declared = schema_text(c->nullable ? "NULL" : "NOT NULL");
	d->actual = schema_text(a->nullable ? "NULL" : "NOT NULL");
	d->safe = c->nullable || pair->actual->small;   /* the whole table is read, locked */
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I ALTER COLUMN %I %s NOT NULL",
		     pair->declared->name, c->name, c->nullable ? "DROP" : "SET");
}

/* ---- default, identity, generated ---- */

static char *default_text(const struct table_column *c)
{
	if (c->generated)
		return schema_text("GENERATED ALWAYS AS (%s) STORED", c->generated);
	if (c->identity && strcmp(c->identity, "serial"))
		return schema_text("GENERATED %s AS IDENTITY",
				   !strcmp(c->identity, "always") ? "ALWAYS" : "BY DEFAULT");
	if (c->identity)
		return schema_text("serial");
	return c->def ? schema_text("%s", c->def) : NULL;
}

static bool is_serial(const struct table_column *c)
{
	return c->identity && !strcmp(c->identity, "serial");
}

static bool is_identity(const struct table_column *c)
{
	return c->identity && !is_serial(c);
}

static enum schema_severity default_severity(const struct table_column *c,
					     const struct table_column *a)
{
	if (c->identity && a->identity && is_serial(c) != is_serial(a))
		return SCHEMA_INFO;
	if (is_identity(c) && is_identity(a))
		return strcmp(a->identity, "always") ? SCHEMA_WARNING : SCHEMA_ERROR;
	/* What the models rely on is not there, or a value that is given is refused. */
	return has_default(c) || a->generated || (a->identity && !strcmp(a->identity, "always")) ?
		       SCHEMA_ERROR : SCHEMA_WARNING;
}

static void fix_drop_default(struct schema_drift *d, const char *table, const char *column,
			     const struct table_column *a)
{
	const char *what = a->generated ? "EXPRESSION" : is_identity(a) ? "IDENTITY" : "DEFAULT";

	if (has_default(a))
		schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I ALTER COLUMN %I DROP %s",
			     table, column, what);
}

/* The next number is past those that are there. */
static void fix_sequence(struct schema_drift *d, const char *table, const char *column)
{
	char *quoted = schema_text("%I", table);

	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS,
		     "SELECT setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 0) + 1, false) FROM %I",
		     quoted, column, column, table);
	free(quoted);
}

static void fix_identity(struct schema_drift *d, const char *table, const struct table_column *c,
			 const struct table_column *a)
{
	const char *how = !strcmp(c->identity, "always") ? "ALWAYS" : "BY DEFAULT";

	if (is_identity(a)) {
		schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I ALTER COLUMN %I SET GENERATED %s",
			     table, c->name, how);
		return;
	}
	d->safe = !has_default(a);
	fix_drop_default(d, table, c->name, a);
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS,
		     "ALTER TABLE %I ALTER COLUMN %I ADD GENERATED %s AS IDENTITY", table, c->name, how);
	fix_sequence(d, table, c->name);
}

static void fix_serial(struct schema_drift *d, const char *table, const struct table_column *c,
		       const struct table_column *a)
{
	char *sequence = schema_text("%s_%s_serial", table, c->name);

	d->safe = !has_default(a);
	fix_drop_default(d, table, c->name, a);
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "CREATE SEQUENCE %I OWNED BY %I.%I", sequence,
		     table, c->name);
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS,
		     "ALTER TABLE %I ALTER COLUMN %I SET DEFAULT nextval(%L)", table, c->name, sequence);
	fix_sequence(d, table, c->name);
	free(sequence);
}

/* A column cannot become generated: it is made anew. */
static void fix_generated(struct schema_drift *d, const char *table, const struct table_column *c,
			  const struct table_column *a, bool empty)
{
	char *text = schema_column_text(c);

	d->safe = false;
	d->loses_data = !a->generated && !empty;
	schema_print(&d->fix, SCHEMA_PHASE_COLUMNS, "ALTER TABLE %I DROP COLUMN %I, ADD COLUMN %I %s",
		     table, c->name, c->name, text);
	free(text);
}

static void compare_default(struct schema_pair *pair, const struct table_column *c,
			    const struct table_column *a)
{
	const char *table = pair->declared->name;
	char *declared = default_text(c), *actual = default_text(a);
	struct schema_drift *d;

	if (schema_same(declared, actual) ||
	    (declared && actual && schema_same_text(pair, declared, actual))) {
		free(declared);
		free(actual);
		return;
	}
	d = differ(pair, c, SCHEMA_DEFAULT, default_severity(c, a));
	d->declared = declared;
	d->actual = actual;
	if (c->generated) {
		fix_generated(d, table, c, a, pair->actual->empty);
	} else if (is_identity(c)) {
		fix_identity(d, table, c, a);
	} else if (c->identity) {
		fix_serial(d, table, c, a);
	} else {
		if (!c->def || a->identity || a->generated)
			fix_drop_default(d, table, c->name, a);
		if (c->def)
			schema_print(&d->fix, SCHEMA_PHASE_COLUMNS,
				     "ALTER TABLE %I ALTER COLUMN %I SET DEFAULT %s", table, c->name, c->def);
	}
}

/* ---- what schema_parts.h promised ---- */

void schema_compare_columns(struct schema_pair *pair)
{
	find_columns(pair);
	for (size_t i = 0; i < pair->declared->columns.n; i++) {
		const struct table_column *c = &pair->declared->columns.v[i];
		const struct table_column *a = table_column(pair->actual, c->name);

		if (!a)
			continue;
		compare_type(pair, c, a);
		compare_collation(pair, c, a);
		compare_nullable(pair, c, a);
		compare_default(pair, c, a);
	}
	for (size_t i = 0; i < pair->missing.n; i++)
		missing_column(pair, table_column(pair->declared, pair->missing.v[i]));
	for (size_t i = 0; i < pair->renamed_to.n; i++)
		renamed_column(pair, pair->renamed_from.v[i], pair->renamed_to.v[i]);
	for (size_t i = 0; i < pair->extra.n; i++)
		extra_column(pair, table_column(pair->actual, pair->extra.v[i]));
}
