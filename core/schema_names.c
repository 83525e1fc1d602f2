/* schema_names.c - names that are free. A table that was renamed, or an index of another
 * table, may have the name that the models give to what is missing; one with "_new" behind
 * it is as good. */
#include <string.h>

#include "core/schema_parts.h"

static bool has_constraint(const struct table *t, const char *name)
{
	bool has = t->primary_key.name && !strcmp(t->primary_key.name, name);

	for (size_t i = 0; i < t->unique.n && !has; i++)
		has = !strcmp(t->unique.v[i].name, name);
	for (size_t i = 0; i < t->foreign_keys.n && !has; i++)
		has = !strcmp(t->foreign_keys.v[i].name, name);
	for (size_t i = 0; i < t->checks.n && !has; i++)
		has = !strcmp(t->checks.v[i].name, name);
	return has;
}

/* Tables, views and indexes share one space of names; the indexes of keys have the keys'. */
static bool has_relation(const struct table *t, const char *name)
{
	bool has = !strcmp(t->name, name) || has_constraint(t, name);

	for (size_t i = 0; i < t->indexes.n && !has; i++)
		has = !strcmp(t->indexes.v[i].name, name);
	return has;
}

const char *schema_free_constraint(const struct table *table, const char *name, char to[64])
{
	if (!has_constraint(table, name))
		return name;
	schema_new_name(name, to);
	return to;
}

const char *schema_free_relation(const struct schema *s, const char *name, char to[64])
{
	for (size_t i = 0; i < s->catalogue->ntables; i++)
		if (has_relation(&s->catalogue->tables[i], name)) {
			schema_new_name(name, to);
			return to;
		}
	return name;
}
