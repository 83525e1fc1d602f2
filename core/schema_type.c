/* schema_type.c - which types hold each other's values. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/schema_parts.h"

#define UNBOUND 1000000         /* longer than any bound that PostgreSQL takes */

struct type {
	char base[64];          /* without "(15,2)" */
	long bound[2];          /* length; or precision and scale; UNBOUND where there is none */
};

static struct type type_of(const char *text)
{
	struct type t = { .bound = { UNBOUND, UNBOUND } };
	const char *open = strchr(text, '('), *close = open ? strchr(open, ')') : NULL;

	if (!close) {
		snprintf(t.base, sizeof(t.base), "%s", text);
		return t;
	}
	snprintf(t.base, sizeof(t.base), "%.*s%s", (int)(open - text), text, close + 1);
	t.bound[0] = strtol(open + 1, NULL, 10);
	open = strchr(open, ',');
	t.bound[1] = open && open < close ? strtol(open + 1, NULL, 10) : 0;
	return t;
}

/* Where in a row of types, each of which holds the one before; 0: in none. */
static int rank(const char *base, const char *const *row)
{
	for (int i = 0; row[i]; i++)
		if (!strcmp(base, row[i]))
			return i + 1;
	return 0;
}

static bool in_row(const char *a, const char *b, const char *const *row)
{
	return rank(a, row) && rank(a, row) <= rank(b, row);
}

static bool numeric_fits(const struct type *a, const struct type *b)
{
	if (b->bound[0] == UNBOUND)
		return true;
	return a->bound[0] != UNBOUND && a->bound[1] <= b->bound[1] &&
	       a->bound[0] - a->bound[1] <= b->bound[0] - b->bound[1];
}

bool schema_type_fits(const char *from, const char *to)
{
	static const char *const integers[] = { "smallint", "integer", "bigint", NULL };
	static const char *const floats[] = { "real", "double precision", NULL };
	static const char *const texts[] = { "character varying", "text", NULL };
	struct type a = type_of(from), b = type_of(to);

	if (!strcmp(from, to) || in_row(a.base, b.base, integers) || in_row(a.base, b.base, floats))
		return true;
	if (in_row(a.base, b.base, texts) || (!strcmp(a.base, "text") && !strcmp(b.base, texts[0])))
		return a.bound[0] <= b.bound[0];
	return !strcmp(a.base, "numeric") && !strcmp(b.base, "numeric") && numeric_fits(&a, &b);
}

/* Since PostgreSQL 9.2 a longer varchar, and more digits with the same scale, only change
 * the catalogue (ALTER TABLE's manual page, notes). */
bool schema_type_in_place(const char *from, const char *to)
{
	struct type a = type_of(from), b = type_of(to);

	if (!schema_type_fits(from, to))
		return false;
	if (!strcmp(a.base, "numeric"))
		return a.bound[1] == b.bound[1] || b.bound[0] == UNBOUND;
	return !strcmp(a.base, "character varying") || !strcmp(a.base, "text");
}
