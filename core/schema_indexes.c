/* schema_indexes.c - compares indexes. Unique ones over columns as they are have been
 * compared as keys (schema_keys.c), unless they are invalid. */
#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"
#include "ddl.h"
#include "sql_text.h"

typedef struct table_index index_t;

/* SAME: equal, with the name; first of all, or one of two equal ones takes the other's. */
enum closeness { SAME, EQUAL, INVALID, NAMED, CLOSENESSES };

struct match {
	struct schema_pair *pair;
	bool *found, *taken;            /* of the declared, of the actual */
};

static bool plain_columns(const index_t *index, struct table_names *columns, char **buffer)
{
	return sql_index_columns(index->definition, buffer, columns);
}

static bool is_key(const index_t *index)
{
	struct table_names columns;
	char *buffer;

	if (!index->unique || index->invalid || !plain_columns(index, &columns, &buffer))
		return false;
	free(columns.v);
	free(buffer);
	return true;
}

static bool same_index(const struct schema_pair *pair, const index_t *declared, const index_t *actual)
{
	return declared->unique == actual->unique &&
	       schema_same_text(pair, declared->definition, actual->definition);
}

static bool is_like(const struct schema_pair *pair, const index_t *declared, const index_t *actual,
		    enum closeness closeness)
{
	if ((closeness == NAMED || closeness == SAME) && strcmp(declared->name, actual->name))
		return false;
	if (closeness == NAMED)
		return true;
	return actual->invalid == (closeness == INVALID) && same_index(pair, declared, actual);
}

/* The place of an untaken one; the number of all where there is none. */
static size_t find(const struct match *m, const index_t *declared, enum closeness closeness)
{
	size_t i = 0;

	for (; i < m->pair->actual->indexes.n; i++)
		if (!m->taken[i] && is_like(m->pair, declared, &m->pair->actual->indexes.v[i], closeness))
			break;
	return i;
}

/* The index of a unique constraint or of the primary key does as well. */
static bool key_serves(const struct schema_pair *pair, const index_t *declared)
{
	struct table_names columns;
	char *buffer;
	bool serves;

	if (declared->unique || !plain_columns(declared, &columns, &buffer))
		return false;
	serves = pair->actual->primary_key.name &&
		 schema_same_columns(pair, &columns, &pair->actual->primary_key.columns);
	for (size_t i = 0; i < pair->actual->unique.n; i++)
		serves |= schema_same_columns(pair, &columns, &pair->actual->unique.v[i].columns);
	for (size_t i = 0; i < pair->actual->indexes.n; i++) {
		const index_t *a = &pair->actual->indexes.v[i];

		serves |= a->unique && !a->invalid &&
			  schema_same_text(pair, declared->definition, a->definition);
	}
	free(columns.v);
	free(buffer);
	return serves;
}

static struct schema_drift *differ(struct schema_pair *pair, enum schema_kind kind,
				   enum schema_severity severity, const index_t *declared,
				   const index_t *actual)
{
	struct schema_drift *d = schema_differ(pair, kind, severity);
	const index_t *index = declared ? declared : actual;
	struct table_names columns;
	char *buffer;

	if (plain_columns(index, &columns, &buffer)) {
		schema_place(d, index->name, &columns);
		free(columns.v);
		free(buffer);
	} else {
		schema_place(d, index->name, NULL);
	}
	d->declared = declared ? schema_index_text(declared) : NULL;
	d->actual = actual ? schema_index_text(actual) : NULL;
	return d;
}

static void reindex(struct schema_pair *pair, const index_t *declared, const index_t *actual,
		    enum schema_severity severity)
{
	struct schema_drift *d = differ(pair, SCHEMA_INVALID_INDEX, severity, declared, actual);

	d->name = actual->name;
	schema_print(&d->fix, SCHEMA_PHASE_INDEXES, "REINDEX INDEX CONCURRENTLY %I", actual->name);
}

/* The new one stands before the old one goes. */
static void altered(struct schema_pair *pair, const index_t *declared, const index_t *actual)
{
	bool unique = declared->unique || actual->unique;
	struct schema_drift *d = differ(pair, unique ? SCHEMA_UNIQUE : SCHEMA_MISSING_INDEX,
					unique ? SCHEMA_ERROR : SCHEMA_WARNING, declared, actual);
	index_t made = *declared;
	char name[64];

	schema_new_name(declared->name, name);
	made.name = name;
	schema_add_index(&d->fix, pair->declared->name, &made);
	schema_print(&d->fix, SCHEMA_PHASE_INDEXES, "DROP INDEX CONCURRENTLY %I", actual->name);
	schema_print(&d->fix, SCHEMA_PHASE_INDEXES, "ALTER INDEX %I RENAME TO %I", name, declared->name);
}

/* One of two equal ones is hardly missed. */
static bool is_doubled(const struct schema_pair *pair, const index_t *declared)
{
	for (size_t i = 0; i < pair->actual->indexes.n; i++)
		if (is_like(pair, declared, &pair->actual->indexes.v[i], EQUAL))
			return true;
	return false;
}

static void missing(struct schema_pair *pair, const index_t *index)
{
	struct schema_drift *d = differ(pair, index->unique ? SCHEMA_UNIQUE : SCHEMA_MISSING_INDEX,
					index->unique ? SCHEMA_ERROR :
					is_doubled(pair, index) ? SCHEMA_INFO : SCHEMA_WARNING,
					index, NULL);
	index_t made = *index;
	char name[64];

	made.name = schema_free_relation(pair->schema, index->name, name);
	schema_add_index(&d->fix, pair->declared->name, &made);
}

/* An invalid index that a declared unique constraint is waiting for. */
static bool is_wanted(const struct schema_pair *pair, const index_t *actual)
{
	struct table_names columns;
	char *buffer;
	bool wanted = false;

	if (!actual->unique || !plain_columns(actual, &columns, &buffer))
		return false;
	for (size_t i = 0; i < pair->declared->unique.n; i++)
		wanted |= schema_same_columns(pair, &pair->declared->unique.v[i].columns, &columns);
	for (size_t i = 0; i < pair->declared->indexes.n; i++)
		wanted |= same_index(pair, &pair->declared->indexes.v[i], actual);
	free(columns.v);
	free(buffer);
	return wanted;
}

/* A valid index or constraint does what an invalid one was to do. */
static bool is_replaced(const struct schema_pair *pair, const index_t *invalid)
{
	index_t as_declared = { .name = invalid->name, .definition = invalid->definition };

	if (!invalid->unique)
		return is_doubled(pair, invalid);
	return key_serves(pair, &as_declared);
}

static void extra(struct schema_pair *pair, const index_t *index)
{
	enum schema_kind kind = index->invalid ? SCHEMA_INVALID_INDEX :
				index->unique ? SCHEMA_UNIQUE : SCHEMA_EXTRA_INDEX;
	struct schema_drift *d;

	if (index->invalid && is_wanted(pair, index) && !is_replaced(pair, index)) {
		reindex(pair, NULL, index, SCHEMA_ERROR);
		return;
	}
	d = differ(pair, kind, kind == SCHEMA_EXTRA_INDEX ? SCHEMA_INFO :
			       kind == SCHEMA_UNIQUE ? SCHEMA_ERROR : SCHEMA_WARNING, NULL, index);
	schema_print(&d->fix, SCHEMA_PHASE_INDEXES, "DROP INDEX CONCURRENTLY %I", index->name);
}

static void match_one(struct match *m, size_t i, enum closeness closeness)
{
	const index_t *declared = &m->pair->declared->indexes.v[i];
	size_t at = find(m, declared, closeness);
	const index_t *actual = &m->pair->actual->indexes.v[at];

	if (at == m->pair->actual->indexes.n)
		return;
	m->found[i] = m->taken[at] = true;
	if (closeness == INVALID)
		reindex(m->pair, declared, actual, declared->unique ? SCHEMA_ERROR : SCHEMA_WARNING);
	if (closeness == NAMED)
		altered(m->pair, declared, actual);
}

void schema_compare_indexes(struct schema_pair *pair)
{
	const struct table *declared = pair->declared, *actual = pair->actual;
	struct match m = { pair, schema_flags(declared->indexes.n), schema_flags(actual->indexes.n) };

	for (size_t i = 0; i < declared->indexes.n; i++)
		m.found[i] = is_key(&declared->indexes.v[i]) ||
			     schema_any_in(&pair->missing, declared->indexes.v[i].definition);
	for (size_t i = 0; i < actual->indexes.n; i++)
		m.taken[i] = is_key(&actual->indexes.v[i]) ||
			     schema_any_in(&pair->extra, actual->indexes.v[i].definition);
	for (int closeness = 0; closeness < CLOSENESSES; closeness++)
		for (size_t i = 0; i < declared->indexes.n; i++) {
			if (closeness > EQUAL && !m.found[i])
				m.found[i] = key_serves(pair, &declared->indexes.v[i]);
			if (!m.found[i])
				match_one(&m, i, (enum closeness)closeness);
		}
	for (size_t i = 0; i < declared->indexes.n; i++)
		if (!m.found[i])
			missing(pair, &declared->indexes.v[i]);
	for (size_t i = 0; i < actual->indexes.n; i++)
		if (!m.taken[i])
			extra(pair, &actual->indexes.v[i]);
	free(m.found);
	free(m.taken);
}
