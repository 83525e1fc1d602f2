/* schema_constraints.c - compares foreign keys and checks. */
#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"
#include "sql_text.h"

static void drop_constraint(struct schema_drift *d, const char *table, const char *name)
{
	schema_print(&d->fix, SCHEMA_PHASE_KEYS, "ALTER TABLE %I DROP CONSTRAINT %I", table, name);
}

static void validate(struct schema_drift *d, const char *table, const char *name)
{
	schema_print(&d->fix, SCHEMA_PHASE_FOREIGN_KEYS, "ALTER TABLE %I VALIDATE CONSTRAINT %I", table,
		     name);
}

/* ---- foreign keys ---- */

typedef struct table_foreign_key foreign_key;

static bool same_target(const struct schema_pair *pair, const foreign_key *declared,
			const foreign_key *actual)
{
	return schema_same_columns(pair, &declared->columns, &actual->columns) &&
	       !strcmp(declared->references, actual->references) &&
	       table_names_equal(&declared->ref_columns, &actual->ref_columns);
}

static bool same_foreign_key(const struct schema_pair *pair, const foreign_key *declared,
			     const foreign_key *actual)
{
	return same_target(pair, declared, actual) &&
	       schema_same(declared->on_delete, actual->on_delete) &&
	       schema_same(declared->on_update, actual->on_update) &&
	       declared->match_full == actual->match_full &&
	       schema_same(declared->deferrable, actual->deferrable);
}

/* Rows go or change without the application's knowledge. */
static bool destroys(const foreign_key *k)
{
	return k->on_delete && (!strcmp(k->on_delete, "CASCADE") || !strcmp(k->on_delete, "SET DEFAULT"));
}

/* The index of an untaken one that is like the declared one; n where there is none. Of two
 * equal ones that with its name. */
static size_t find_foreign_key(const struct schema_pair *pair, const foreign_key *declared,
			       const bool *taken, bool exact)
{
	size_t n = pair->actual->foreign_keys.n, found = n;

	for (size_t i = 0; i < n; i++) {
		const foreign_key *a = &pair->actual->foreign_keys.v[i];

		if (taken[i] || !(exact ? same_foreign_key(pair, declared, a) :
					  schema_same_columns(pair, &declared->columns, &a->columns)))
			continue;
		if (found == n || !strcmp(a->name, declared->name))
			found = i;
	}
	return found;
}

static void unproven_foreign_key(struct schema_pair *pair, const foreign_key *declared,
				 const foreign_key *actual)
{
	struct schema_drift *d;

	if (!actual->not_valid)
		return;
	d = schema_differ(pair, SCHEMA_FOREIGN_KEY, SCHEMA_WARNING);
	schema_place(d, actual->name, &declared->columns);
	d->declared = schema_foreign_key_text(declared);
	d->actual = schema_foreign_key_text(actual);
	validate(d, pair->declared->name, actual->name);
}

static void altered_foreign_key(struct schema_pair *pair, const foreign_key *declared,
				const foreign_key *actual)
{
	bool error = !same_target(pair, declared, actual) || destroys(actual);
	struct schema_drift *d = schema_differ(pair, SCHEMA_FOREIGN_KEY,
					       error ? SCHEMA_ERROR : SCHEMA_WARNING);

	schema_place(d, declared->name, &declared->columns);
	d->declared = schema_foreign_key_text(declared);
	d->actual = schema_foreign_key_text(actual);
	drop_constraint(d, pair->declared->name, actual->name);
	schema_add_foreign_key(&d->fix, pair->declared->name, declared);
}

static void missing_foreign_key(struct schema_pair *pair, const foreign_key *k)
{
	struct schema_drift *d = schema_differ(pair, SCHEMA_FOREIGN_KEY, SCHEMA_ERROR);
	foreign_key made = *k;
	char name[64];

	schema_place(d, k->name, &k->columns);
	d->declared = schema_foreign_key_text(k);
	made.name = schema_free_constraint(pair->actual, k->name, name);
	schema_add_foreign_key(&d->fix, pair->declared->name, &made);
}

/* A second one that says the same does no harm. */
static void extra_foreign_key(struct schema_pair *pair, const foreign_key *k)
{
	bool doubled = false;
	struct schema_drift *d;

	for (size_t i = 0; i < pair->declared->foreign_keys.n; i++)
		doubled |= same_target(pair, &pair->declared->foreign_keys.v[i], k);
	d = schema_differ(pair, SCHEMA_FOREIGN_KEY,
			  doubled && !destroys(k) ? SCHEMA_INFO : SCHEMA_ERROR);
	schema_place(d, k->name, &k->columns);
	d->actual = schema_foreign_key_text(k);
	drop_constraint(d, pair->declared->name, k->name);
}

/* What cannot be there, with a column or the other table missing, comes with them. */
static bool told_elsewhere(const struct schema_pair *pair, const foreign_key *k)
{
	return schema_any_of(&pair->missing, &k->columns) ||
	       (manifest_table(pair->schema->manifest, k->references) &&
		!catalogue_table(pair->schema->catalogue, k->references));
}

void schema_compare_foreign_keys(struct schema_pair *pair)
{
	size_t nactual = pair->actual->foreign_keys.n, ndeclared = pair->declared->foreign_keys.n;
	bool *taken = schema_flags(nactual), *found = schema_flags(ndeclared);

	for (int exact = 1; exact >= 0; exact--)
		for (size_t i = 0; i < ndeclared; i++) {
			const foreign_key *k = &pair->declared->foreign_keys.v[i];
			size_t at;

			if (found[i] || told_elsewhere(pair, k))
				continue;
			at = find_foreign_key(pair, k, taken, exact);
			if (at == nactual)
				continue;
			taken[at] = found[i] = true;
			if (exact)
				unproven_foreign_key(pair, k, &pair->actual->foreign_keys.v[at]);
			else
				altered_foreign_key(pair, k, &pair->actual->foreign_keys.v[at]);
		}
	for (size_t i = 0; i < ndeclared; i++)
		if (!found[i] && !told_elsewhere(pair, &pair->declared->foreign_keys.v[i]))
			missing_foreign_key(pair, &pair->declared->foreign_keys.v[i]);
	for (size_t i = 0; i < nactual; i++)
		if (!taken[i] && !schema_any_of(&pair->extra, &pair->actual->foreign_keys.v[i].columns))
			extra_foreign_key(pair, &pair->actual->foreign_keys.v[i]);
	free(taken);
	free(found);
}

/* ---- checks ---- */

static size_t find_check(const struct schema_pair *pair, const struct table_check *declared,
			 const bool *taken, bool exact)
{
	size_t i = 0;

	for (; i < pair->actual->checks.n; i++) {
		const struct table_check *a = &pair->actual->checks.v[i];

		if (!taken[i] && (exact ? schema_same_text(pair, declared->definition, a->definition) :
					  !strcmp(declared->name, a->name)))
			break;
	}
	return i;
}

static struct schema_drift *differing_check(struct schema_pair *pair, enum schema_severity severity,
					    const struct table_check *declared,
					    const struct table_check *actual)
{
	struct schema_drift *d = schema_differ(pair, SCHEMA_CHECK, severity);

	schema_place(d, actual ? actual->name : declared->name, NULL);
	d->declared = declared ? schema_text("%s", declared->definition) : NULL;
	d->actual = actual ? schema_text("%s%s", actual->definition,
					 actual->not_valid ? " NOT VALID" : "") : NULL;
	return d;
}

static void matched_check(struct schema_pair *pair, const struct table_check *declared,
			  const struct table_check *actual, bool exact)
{
	struct schema_drift *d;

	if (exact && !actual->not_valid)
		return;
	d = differing_check(pair, exact ? SCHEMA_WARNING : SCHEMA_ERROR, declared, actual);
	if (exact) {
		validate(d, pair->declared->name, actual->name);
		return;
	}
	drop_constraint(d, pair->declared->name, actual->name);
	schema_add_check(&d->fix, pair->declared->name, declared);
}

void schema_compare_checks(struct schema_pair *pair)
{
	const struct table *declared = pair->declared, *actual = pair->actual;
	bool *taken = schema_flags(actual->checks.n), *found = schema_flags(declared->checks.n);

	for (size_t i = 0; i < declared->checks.n; i++)
		found[i] = schema_any_in(&pair->missing, declared->checks.v[i].definition);
	for (int exact = 1; exact >= 0; exact--)
		for (size_t i = 0; i < declared->checks.n; i++) {
			size_t at = found[i] ? actual->checks.n :
					       find_check(pair, &declared->checks.v[i], taken, exact);

			if (at == actual->checks.n)
				continue;
			taken[at] = found[i] = true;
			matched_check(pair, &declared->checks.v[i], &actual->checks.v[at], exact);
		}
	for (size_t i = 0; i < declared->checks.n; i++)
		if (!found[i])
			schema_add_check(&differing_check(pair, SCHEMA_ERROR, &declared->checks.v[i], NULL)->fix,
					 declared->name, &declared->checks.v[i]);
	for (size_t i = 0; i < actual->checks.n; i++)
		if (!taken[i] && !schema_any_in(&pair->extra, actual->checks.v[i].definition))
			drop_constraint(differing_check(pair, SCHEMA_ERROR, NULL, &actual->checks.v[i]),
					declared->name, actual->checks.v[i].name);
	free(taken);
	free(found);
}
