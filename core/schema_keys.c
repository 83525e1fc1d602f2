/* schema_keys.c - compares primary keys, unique constraints, foreign keys and checks. */
#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"
#include "mem.h"
#include "sql_text.h"

/* What makes values unique: a constraint, or an index over columns as they are. */
struct unique {
	struct table_key key;
	const struct table_index *index;        /* NULL: a constraint */
	char *buffer;                           /* owned, with key.columns.v, of an index */
	bool taken;
};

struct uniques {
	struct unique *v;
	size_t n;
};

static struct uniques uniques_of(const struct table *t)
{
	struct uniques u = { need(calloc(t->unique.n + t->indexes.n + 1, sizeof(*u.v))), 0 };

	for (size_t i = 0; i < t->unique.n; i++)
		u.v[u.n++].key = t->unique.v[i];
	for (size_t i = 0; i < t->indexes.n; i++) {
		const struct table_index *index = &t->indexes.v[i];
		struct unique *at = &u.v[u.n];

		if (index->invalid || !index->unique ||
		    !sql_index_columns(index->definition, &at->buffer, &at->key.columns))
			continue;
		at->key.name = index->name;
		at->index = index;
		u.n++;
	}
	return u;
}

static void uniques_free(struct uniques *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].index) {
			free(u->v[i].key.columns.v);
			free(u->v[i].buffer);
		}
	free(u->v);
}

static char *unique_text(const struct unique *u)
{
	return u->index ? schema_index_text(u->index) : schema_unique_text(&u->key);
}

/* ---- primary key ---- */

static char *primary_text(const struct table_key *key)
{
	return schema_text("PRIMARY KEY (%N)%s", &key->columns,
			   !key->deferrable ? "" :
			   !strcmp(key->deferrable, "initially deferred") ? " DEFERRABLE INITIALLY DEFERRED" :
									    " DEFERRABLE");
}

static void compare_primary_key(struct schema_pair *pair)
{
	const struct table_key *declared = &pair->declared->primary_key;
	const struct table_key *actual = &pair->actual->primary_key;
	bool columns = declared->name && actual->name &&
		       schema_same_columns(pair, &declared->columns, &actual->columns);
	const char *table = pair->declared->name;
	struct schema_drift *d;

	if (columns ? schema_same(declared->deferrable, actual->deferrable) : !declared->name && !actual->name)
		return;
	if (declared->name && schema_any_of(&pair->missing, &declared->columns))
		return;
	d = schema_differ(pair, SCHEMA_PRIMARY_KEY, declared->name && !columns ? SCHEMA_ERROR : SCHEMA_WARNING);
	schema_place(d, declared->name ? declared->name : actual->name,
		     declared->name ? &declared->columns : &actual->columns);
	if (actual->name) {
		d->actual = primary_text(actual);
		schema_print(&d->fix, SCHEMA_PHASE_INDEXES, "ALTER TABLE %I DROP CONSTRAINT %I", table,
			     actual->name);
	}
	if (declared->name) {
		d->declared = primary_text(declared);
		schema_add_primary_key(&d->fix, table, declared);
	}
}

/* ---- unique ---- */

static bool same_options(const struct table_key *a, const struct table_key *b)
{
	return schema_same(a->deferrable, b->deferrable) &&
	       a->nulls_not_distinct == b->nulls_not_distinct;
}

/* The first untaken one that is like the declared one: in everything, by its columns, or
 * by its name. */
static struct unique *find_unique(const struct schema_pair *pair, const struct unique *declared,
				  struct uniques *actual, int closeness)
{
	for (size_t i = 0; i < actual->n; i++) {
		struct unique *a = &actual->v[i];
		bool columns = schema_same_columns(pair, &declared->key.columns, &a->key.columns);
		bool set = schema_same_set(pair, &declared->key.columns, &a->key.columns);

		if (!a->taken && ((closeness == 0 && columns && same_options(&declared->key, &a->key)) ||
				  (closeness == 1 && set) ||
				  (closeness == 2 && !strcmp(declared->key.name, a->key.name))))
			return a;
	}
	return NULL;
}

static void drop_unique(struct schema_drift *d, const char *table, const struct unique *u)
{
	if (u->index)
		schema_print(&d->fix, SCHEMA_PHASE_KEYS, "DROP INDEX CONCURRENTLY %I", u->key.name);
	else
		schema_print(&d->fix, SCHEMA_PHASE_KEYS, "ALTER TABLE %I DROP CONSTRAINT %I", table,
			     u->key.name);
}

/* The new one stands before the old one goes. */
static void replace_unique(struct schema_drift *d, const char *table, const struct unique *declared,
			   const struct unique *actual)
{
	char name[64];
	FILE *out;

	schema_new_name(declared->key.name, name);
	schema_print(&d->fix, SCHEMA_PHASE_INDEXES, "CREATE UNIQUE INDEX CONCURRENTLY %I ON %I USING btree (%N)%s",
		     name, table, &declared->key.columns,
		     declared->key.nulls_not_distinct ? " NULLS NOT DISTINCT" : "");
	drop_unique(d, table, actual);
	if (declared->index) {
		schema_print(&d->fix, SCHEMA_PHASE_KEYS, "ALTER INDEX %I RENAME TO %I", name,
			     declared->key.name);
		return;
	}
	out = schema_sql(&d->fix, SCHEMA_PHASE_KEYS);
	sql_print(out, "ALTER TABLE %I ADD CONSTRAINT %I UNIQUE USING INDEX %I", table,
		  declared->key.name, name);
	fputs(declared->key.deferrable ? " DEFERRABLE" : "", out);
	fputs(declared->key.deferrable && !strcmp(declared->key.deferrable, "initially deferred") ?
		      " INITIALLY DEFERRED" : "", out);
	fclose(out);
}

static void altered_unique(struct schema_pair *pair, const struct unique *declared,
			   struct unique *actual)
{
	bool set = schema_same_set(pair, &declared->key.columns, &actual->key.columns);
	struct schema_drift *d = schema_differ(pair, SCHEMA_UNIQUE,
		!set ? SCHEMA_ERROR :
		same_options(&declared->key, &actual->key) ? SCHEMA_INFO : SCHEMA_WARNING);

	actual->taken = true;
	schema_place(d, declared->key.name, &declared->key.columns);
	d->declared = unique_text(declared);
	d->actual = unique_text(actual);
	replace_unique(d, pair->declared->name, declared, actual);
}

/* An index that failed to be built: told where indexes are compared. */
static bool has_invalid(const struct schema_pair *pair, const struct unique *declared)
{
	for (size_t i = 0; i < pair->actual->indexes.n; i++) {
		const struct table_index *a = &pair->actual->indexes.v[i];
		struct table_names columns;
		char *buffer;
		bool same;

		if (!a->invalid || !a->unique || !sql_index_columns(a->definition, &buffer, &columns))
			continue;
		same = schema_same_columns(pair, &declared->key.columns, &columns);
		free(columns.v);
		free(buffer);
		if (same)
			return true;
	}
	return false;
}

static void missing_unique(struct schema_pair *pair, const struct unique *u)
{
	struct schema_drift *d = schema_differ(pair, SCHEMA_UNIQUE, SCHEMA_ERROR);

	schema_place(d, u->key.name, &u->key.columns);
	d->declared = unique_text(u);
	if (u->index)
		schema_add_index(&d->fix, pair->declared->name, u->index);
	else
		schema_add_unique(&d->fix, pair->declared->name, &u->key);
}

static bool covers(const struct schema_pair *pair, const struct table_names *actual,
		   const struct table_names *declared)
{
	size_t found = 0;

	for (size_t i = 0; i < declared->n; i++)
		for (size_t j = 0; j < actual->n; j++)
			found += !strcmp(schema_declared_name(pair, actual->v[j]), declared->v[i]);
	return found == declared->n;
}

/* Columns of which some are unique by themselves are unique together. */
static bool implied(const struct schema_pair *pair, const struct uniques *declared,
		    const struct unique *actual)
{
	const struct table_key *pk = &pair->declared->primary_key;

	for (size_t i = 0; i < declared->n; i++)
		if (covers(pair, &actual->key.columns, &declared->v[i].key.columns))
			return true;
	return pk->name && covers(pair, &actual->key.columns, &pk->columns);
}

/* The declared index, not unique, that a unique one does the work of; NULL if there is none. */
static const struct table_index *served_by(const struct schema_pair *pair, const struct unique *u)
{
	const struct table_index *served = NULL;

	for (size_t i = 0; u->index && i < pair->declared->indexes.n; i++) {
		const struct table_index *declared = &pair->declared->indexes.v[i];

		if (!declared->unique && schema_same_text(pair, declared->definition, u->index->definition))
			served = declared;
	}
	for (size_t i = 0; served && i < pair->actual->indexes.n; i++) {
		const struct table_index *a = &pair->actual->indexes.v[i];

		if (!a->unique && !a->invalid && schema_same_text(pair, served->definition, a->definition))
			return NULL;
	}
	return served;
}

static void extra_unique(struct schema_pair *pair, const struct uniques *declared,
			 const struct unique *u)
{
	struct schema_drift *d = schema_differ(pair, SCHEMA_UNIQUE,
					       implied(pair, declared, u) ? SCHEMA_INFO : SCHEMA_ERROR);
	const struct table_index *served = served_by(pair, u);
	char name[64];

	schema_place(d, u->key.name, &u->key.columns);
	d->actual = unique_text(u);
	if (served) {
		struct table_index made = *served;

		made.name = schema_free_relation(pair->schema, served->name, name);
		schema_add_index(&d->fix, pair->declared->name, &made);
	}
	drop_unique(d, pair->declared->name, u);
}

static void compare_uniques(struct schema_pair *pair)
{
	struct uniques declared = uniques_of(pair->declared), actual = uniques_of(pair->actual);
	const struct table_key *pk = &pair->actual->primary_key;

	for (int closeness = 0; closeness < 3; closeness++)
		for (size_t i = 0; i < declared.n; i++) {
			struct unique *u = &declared.v[i], *a = NULL;

			if (!u->taken && !schema_any_of(&pair->missing, &u->key.columns))
				a = find_unique(pair, u, &actual, closeness);
			if (!a)
				continue;
			u->taken = a->taken = true;
			if (closeness > 0)
				altered_unique(pair, u, a);
		}
	for (size_t i = 0; i < declared.n; i++) {
		const struct unique *u = &declared.v[i];

		if (!u->taken && !schema_any_of(&pair->missing, &u->key.columns) &&
		    !(pk->name && schema_same_set(pair, &u->key.columns, &pk->columns)) &&
		    !has_invalid(pair, u))
			missing_unique(pair, u);
	}
	for (size_t i = 0; i < actual.n; i++)
		if (!actual.v[i].taken && !schema_any_of(&pair->extra, &actual.v[i].key.columns))
			extra_unique(pair, &declared, &actual.v[i]);
	uniques_free(&declared);
	uniques_free(&actual);
}

void schema_compare_keys(struct schema_pair *pair)
{
	compare_primary_key(pair);
	compare_uniques(pair);
}
