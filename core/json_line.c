/* json_line.c - walks along one path through a text that jansson has accepted; jansson
 * itself forgets the lines. */
#include "core/json_line.h"

#include <stdio.h>
#include <string.h>

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* p: at the opening quote. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		p += *p == '\\' && p[1];
	return *p ? p + 1 : p;
}

static const char *skip_value(const char *p)
{
	size_t depth = 0;

	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (*p && (depth || !strchr(",]} \t\r\n", *p)));
	return p;
}

/* From a value to the one after its comma; NULL where there is none. */
static const char *next(const char *p)
{
	p = skip_space(skip_value(p));
	return *p == ',' ? skip_space(p + 1) : NULL;
}

static const char *member(const char *p, const char *key)
{
	size_t len = strlen(key);

	for (p = skip_space(p + 1); p && *p == '"'; p = next(p)) {
		bool found = !strncmp(p + 1, key, len) && p[len + 1] == '"';

		p = skip_space(skip_space(skip_string(p)) + 1);         /* the colon */
		if (found)
			return p;
	}
	return NULL;
}

static const char *element(const char *p, size_t index)
{
	for (p = skip_space(p + 1); p && index; index--)
		p = next(p);
	return p;
}

int json_line(const char *text, const struct table_path *path)
{
	const char *at = skip_space(text), *to;
	int line = 1;

	for (size_t i = 0; i < path->depth; i++) {
		const char *key = path->step[i].key;

		if (*at != (key ? '{' : '['))
			break;
		to = key ? member(at, key) : element(at, path->step[i].index);
		if (!to)
			break;
		at = to;
	}
	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

void json_path(const struct table_path *path, char *to, size_t size)
{
	size_t used = 0;

	*to = '\0';
	for (size_t i = 0; i < path->depth && used < size; i++) {
		const char *key = path->step[i].key;
		int n = key ? snprintf(to + used, size - used, "%s%.40s", i ? "." : "", key) :
			      snprintf(to + used, size - used, "[%zu]", path->step[i].index);

		used += n > 0 ? (size_t)n : 0;
	}
}
