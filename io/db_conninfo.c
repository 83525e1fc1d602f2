/* db_conninfo.c - connection strings of libpq. */
#include "db_conninfo.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void word(FILE *out, const char *key, const char *value)
{
	fprintf(out, "%s='", key);
	for (; *value; value++)
		fprintf(out, "%s%c", *value == '\'' || *value == '\\' ? "\\" : "", *value);
	fputs("' ", out);
}

char *db_conninfo_for(const char *conninfo, const char *dbname)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!options)
		return NULL;
	out = need(open_memstream(&text, &len));
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (o->val && *o->val && strcmp(o->keyword, "dbname"))
			word(out, o->keyword, o->val);
	word(out, "dbname", dbname);
	fclose(out);
	PQconninfoFree(options);
	return text;
}
