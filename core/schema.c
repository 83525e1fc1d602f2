/* schema.c - the comparison of all tables.
 *
 *   manifest --\                        missing tables
 *               > by name, in scope -->  pairs --> columns --> keys, checks, indexes --> drift
 *   catalogue -/                        orphans, hidden */
#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"
#include "mem.h"
#include "sql_text.h"

const char *const schema_kind_names[SCHEMA_KINDS] = {
	"missing_column", "extra_column", "type", "nullable", "default", "primary_key", "unique",
	"foreign_key", "check", "missing_index", "extra_index", "invalid_index",
};
const char *const schema_severity_names[] = { "info", "warning", "error" };

/* Room for one more, zeroed, behind n of them. */
static void *one_more(void *list, size_t n, size_t size)
{
	char *grown = need(realloc(list, (n + 1) * size));

	memset(grown + n * size, 0, size);
	return grown;
}

/* ---- the scope ---- */

static bool has_app(const struct schema_scope *scope, const char *label)
{
	for (size_t i = 0; i < scope->napps; i++)
		if (!strcmp(scope->apps[i], label))
			return true;
	return !scope->napps;
}

/* An unknown table is of the app whose label begins its name. */
static bool is_of_apps(const struct schema_scope *scope, const struct manifest *manifest, const char *table)
{
	const struct table *declared = manifest_table(manifest, table);
	const struct manifest_app *owner;

	if (!scope->napps)
		return true;
	if (declared)
		return has_app(scope, declared->app);
	owner = manifest_owner(manifest, table);
	return owner && manifest_class(manifest, table) == MANIFEST_UNKNOWN && has_app(scope, owner->label);
}

bool schema_scope_has(const struct schema_scope *scope, const struct manifest *manifest,
		      const struct table *table)
{
	return scope->table ? !strcmp(scope->table, table->name) : is_of_apps(scope, manifest, table->name);
}

static int unknown_app(const struct manifest *manifest, const char *app, struct err *err)
{
	char *known = NULL;
	size_t len;
	FILE *out = need(open_memstream(&known, &len));

	for (size_t i = 0; i < manifest->napps; i++)
		fprintf(out, "%s%s", i ? ", " : "", manifest->apps[i].label);
	fclose(out);
	err_set(err, ERR_PERMANENT, "unknown_app", "there is no app %.60s: give one of %s", app, known);
	free(known);
	return -1;
}

int schema_scope_check(const struct schema_scope *scope, const struct manifest *manifest,
		       const struct catalogue *catalogue, struct err *err)
{
	for (size_t i = 0; i < scope->napps; i++)
		if (!manifest_app(manifest, scope->apps[i]))
			return unknown_app(manifest, scope->apps[i], err);
	if (scope->table && catalogue && !manifest_table(manifest, scope->table) &&
	    !catalogue_table(catalogue, scope->table))
		return err_set(err, ERR_PERMANENT, "unknown_table", "there is no table %.63s, neither in "
			       "the models nor in the database", scope->table);
	if (scope->table && !is_of_apps(scope, manifest, scope->table))
		return err_set(err, ERR_PERMANENT, "unknown_table", "table %.63s is of none of the apps that "
			       "were asked for", scope->table);
	return 0;
}

/* ---- for the files that compare ---- */

struct schema_drift *schema_differ(struct schema_pair *pair, enum schema_kind kind,
				   enum schema_severity severity)
{
	struct schema *s = pair->schema;
	struct schema_drift *d = need(calloc(1, sizeof(*d)));

	d->kind = kind;
	d->severity = severity;
	d->table = pair->declared;
	d->safe = true;
	s->drift.v = one_more(s->drift.v, s->drift.n, sizeof(struct schema_drift *));
	s->drift.v[s->drift.n++] = d;
	return d;
}

bool *schema_flags(size_t n)
{
	return need(calloc(n ? n : 1, sizeof(bool)));
}

/* A name may lie in a buffer that is gone: the table has it as well. */
static const char *kept(const struct table *table, const char *name)
{
	const struct table_column *c = table_column(table, name);

	return c ? c->name : NULL;
}

void schema_place(struct schema_drift *d, const char *name, const struct table_names *columns)
{
	d->name = name;
	if (columns && columns->n == 1)
		d->column = kept(d->table, columns->v[0]);
}

const char *schema_declared_name(const struct schema_pair *pair, const char *actual)
{
	for (size_t i = 0; i < pair->renamed_from.n; i++)
		if (!strcmp(pair->renamed_from.v[i], actual))
			return pair->renamed_to.v[i];
	return actual;
}

bool schema_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool schema_same_columns(const struct schema_pair *pair, const struct table_names *declared,
			 const struct table_names *actual)
{
	if (declared->n != actual->n)
		return false;
	for (size_t i = 0; i < declared->n; i++)
		if (strcmp(declared->v[i], schema_declared_name(pair, actual->v[i])))
			return false;
	return true;
}

bool schema_same_set(const struct schema_pair *pair, const struct table_names *declared,
		     const struct table_names *actual)
{
	size_t found = 0;

	for (size_t i = 0; i < declared->n; i++)
		for (size_t j = 0; j < actual->n; j++)
			found += !strcmp(declared->v[i], schema_declared_name(pair, actual->v[j]));
	return found == declared->n && declared->n == actual->n;
}

bool schema_any_of(const struct table_names *names, const struct table_names *columns)
{
	for (size_t i = 0; i < names->n; i++)
		for (size_t j = 0; j < columns->n; j++)
			if (!strcmp(names->v[i], columns->v[j]))
				return true;
	return false;
}

bool schema_any_in(const struct table_names *names, const char *text)
{
	for (size_t i = 0; i < names->n; i++)
		if (sql_mentions(text, names->v[i]))
			return true;
	return false;
}

/* Takes over the text. */
static char *replaced(char *text, char *by)
{
	free(text);
	return by;
}

static char *normal(const char *text, bool uncast)
{
	char *result = sql_unquoted(text);

	return uncast ? replaced(result, sql_uncast(result)) : result;
}

bool schema_same_text(const struct schema_pair *pair, const char *declared, const char *actual)
{
	bool uncast = schema_any_in(&pair->retyped, declared), same;
	char *a, *b;

	if (!strcmp(declared, actual))
		return true;
	if (!uncast && !pair->renamed_from.n && !strchr(declared, '"') && !strchr(actual, '"'))
		return false;
	b = schema_text("%s", actual);
	for (size_t i = 0; i < pair->renamed_from.n; i++)
		b = replaced(b, sql_renamed(b, pair->renamed_from.v[i], pair->renamed_to.v[i]));
	b = replaced(b, normal(b, uncast));
	a = normal(declared, uncast);
	same = !strcmp(a, b);
	free(a);
	free(b);
	return same;
}

/* ---- tables ---- */

static void compare_pair(struct schema *s, const struct table *declared, const struct table *actual)
{
	struct schema_pair pair = { .schema = s, .declared = declared, .actual = actual };

	schema_compare_columns(&pair);
	schema_compare_keys(&pair);
	schema_compare_foreign_keys(&pair);
	schema_compare_checks(&pair);
	schema_compare_indexes(&pair);
	free(pair.missing.v);
	free(pair.extra.v);
	free(pair.retyped.v);
	free(pair.renamed_from.v);
	free(pair.renamed_to.v);
}

/* It is a field of its model that is missing, no model. */
static void missing_many_to_many(struct schema *s, const struct table *declared)
{
	const struct table *other = catalogue_other(s->catalogue, declared->name);
	struct schema_pair pair = { .schema = s, .declared = declared };
	struct schema_drift *d = schema_differ(&pair, SCHEMA_MISSING_COLUMN, SCHEMA_ERROR);

	d->declared = schema_text("many-to-many table of %s", declared->many_to_many_of);
	if (other) {
		d->actual = schema_text("%s", other->is);
		d->safe = false;
	}
	schema_add_table(&d->fix, s, declared);
}

static void compare_declared(struct schema *s, const struct table *declared)
{
	const struct table *actual = catalogue_table(s->catalogue, declared->name);
	const struct table *other = catalogue_other(s->catalogue, declared->name);
	struct schema_missing *missing;

	s->models += !declared->many_to_many_of;
	if (actual) {
		compare_pair(s, declared, actual);
		return;
	}
	if (declared->many_to_many_of) {
		missing_many_to_many(s, declared);
		return;
	}
	s->missing.v = one_more(s->missing.v, s->missing.n, sizeof(*s->missing.v));
	missing = &s->missing.v[s->missing.n++];
	missing->table = declared;
	missing->is = other ? other->is : NULL;
	schema_add_table(&missing->fix, s, declared);
}

/* Hidden and legacy tables are counted, and shown only to who asks for one. */
static void class_table(struct schema *s, const struct table *actual, bool asked)
{
	const struct table *declared = manifest_table(s->manifest, actual->name);
	enum manifest_class class = declared ? MANIFEST_EXPECTED :
					       manifest_class(s->manifest, actual->name);
	bool hidden = class == MANIFEST_HIDDEN || class == MANIFEST_LEGACY;

	s->tables++;
	s->hidden += hidden;
	if ((declared && !declared->many_to_many_of) || (hidden && !asked))
		return;
	s->orphans.v = one_more(s->orphans.v, s->orphans.n, sizeof(*s->orphans.v));
	s->orphans.v[s->orphans.n++] = (struct schema_orphan){ actual->name, class };
}

bool schema_creates(const struct schema_drift *d)
{
	return d->safe && !d->actual && !d->renamed_from;
}

struct schema *schema_compare(const struct manifest *manifest, const struct catalogue *catalogue,
			      const struct schema_scope *scope)
{
	struct schema *s = need(calloc(1, sizeof(*s)));

	s->manifest = manifest;
	s->catalogue = catalogue;
	for (size_t i = 0; i < manifest->napps; i++)
		for (size_t j = 0; j < manifest->apps[i].ntables; j++)
			if (schema_scope_has(scope, manifest, &manifest->apps[i].tables[j]))
				compare_declared(s, &manifest->apps[i].tables[j]);
	for (size_t i = 0; i < catalogue->ntables; i++)
		if (!catalogue->tables[i].is && schema_scope_has(scope, manifest, &catalogue->tables[i]))
			class_table(s, &catalogue->tables[i], scope->table != NULL);
	return s;
}

static void drift_free(struct schema_drift *d)
{
	schema_fix_free(&d->fix);
	free(d->declared);
	free(d->actual);
	free(d);
}

void schema_free(struct schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->missing.n; i++)
		schema_fix_free(&s->missing.v[i].fix);
	for (size_t i = 0; i < s->drift.n; i++)
		drift_free(s->drift.v[i]);
	free(s->missing.v);
	free(s->orphans.v);
	free(s->drift.v);
	free(s);
}
