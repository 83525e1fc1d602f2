/* sql_text.c - scans SQL by its tokens alone: 'text', "name", word, the rest. */
#include "sql_text.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* Reserved words, and those that no column or table may be called bare (PostgreSQL's
 * manual, appendix C, "reserved" and "cannot be function or type"). */
static const char *const reserved[] = {
	"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
	"authorization", "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast",
	"char", "character", "check", "coalesce", "collate", "collation", "column",
	"concurrently", "constraint", "create", "cross", "current_catalog", "current_date",
	"current_role", "current_schema", "current_time", "current_timestamp", "current_user",
	"dec", "decimal", "default", "deferrable", "desc", "distinct", "do", "else", "end",
	"except", "exists", "extract", "false", "fetch", "float", "for", "foreign", "freeze",
	"from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in",
	"initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is",
	"isnull", "join", "lateral", "leading", "least", "left", "like", "limit", "localtime",
	"localtimestamp", "national", "natural", "nchar", "none", "normalize", "not", "notnull",
	"null", "nullif", "numeric", "offset", "on", "only", "or", "order", "out", "outer",
	"overlaps", "overlay", "placing", "position", "precision", "primary", "real",
	"references", "returning", "right", "row", "select", "session_user", "setof", "similar",
	"smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample",
	"then", "time", "timestamp", "to", "trailing", "treat", "trim", "true", "union",
	"unique", "user", "using", "values", "varchar", "variadic", "verbose", "when", "where",
	"window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
	"xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
};

static bool word_start(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

static bool word_char(char c)
{
	return word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

/* len bytes that need no quotes for their characters. */
static bool plain(const char *name, size_t len)
{
	if (!len || !word_start(*name))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!word_char(name[i]))
			return false;
	return true;
}

static int by_word(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

void sql_name(FILE *out, const char *name)
{
	if (plain(name, strlen(name)) && !bsearch(name, reserved, sizeof(reserved) / sizeof(*reserved),
						  sizeof(*reserved), by_word)) {
		fputs(name, out);
		return;
	}
	putc('"', out);
	for (; *name; name++) {
		if (*name == '"')
			putc('"', out);
		putc(*name, out);
	}
	putc('"', out);
}

void sql_literal(FILE *out, const char *text)
{
	putc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			putc('\'', out);
		putc(*text, out);
	}
	putc('\'', out);
}

void sql_names(FILE *out, const struct table_names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		fputs(i ? ", " : "", out);
		sql_name(out, names->v[i]);
	}
}

void sql_vprint(FILE *out, const char *fmt, va_list ap)
{
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			putc(*fmt, out);
			continue;
		}
		switch (*++fmt) {
		case 'I':
			sql_name(out, va_arg(ap, const char *));
			break;
		case 'N':
			sql_names(out, va_arg(ap, const struct table_names *));
			break;
		case 'L':
			sql_literal(out, va_arg(ap, const char *));
			break;
		case 's':
			fputs(va_arg(ap, const char *), out);
			break;
		default:
			abort();
		}
	}
}

void sql_print(FILE *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sql_vprint(out, fmt, ap);
	va_end(ap);
}

/* The end of a token that begins at text: a quoted one with its quotes, a word, or one
 * character. NULL if a quote is never closed. */
static const char *token_end(const char *text)
{
	char quote = *text;

	if (quote == '\'' || quote == '"') {
		for (text++; *text; text++) {
			if (*text != quote)
				continue;
			if (text[1] != quote)
				return text + 1;
			text++;
		}
		return NULL;
	}
	if (!word_char(*text))
		return text + 1;
	while (word_char(*text))
		text++;
	return text;
}

bool sql_closed(const char *text)
{
	char open[64];
	size_t depth = 0;

	for (const char *end; *text; text = end) {
		char c = *text;

		end = token_end(text);
		if (!end || (unsigned char)c < ' ' || c == ';' || c == '$' ||
		    !strncmp(text, "--", 2) || !strncmp(text, "/*", 2))
			return false;
		if (c == '(' || c == '[') {
			if (depth == sizeof(open))
				return false;
			open[depth++] = c == '(' ? ')' : ']';
		} else if ((c == ')' || c == ']') && (!depth || open[--depth] != c)) {
			return false;
		}
	}
	return depth == 0;
}

static FILE *text_open(char **text, size_t *size)
{
	return need(open_memstream(text, size));
}

/* Writes a token, or what stands for it. */
typedef void token_cb(FILE *out, const char *token, size_t len, const void *data);

/* The text with every token written anew by cb. */
static char *rewritten(const char *text, token_cb *cb, const void *data)
{
	char *result;
	size_t size;
	FILE *out = text_open(&result, &size);

	for (const char *end; *text; text = end) {
		end = token_end(text);
		if (!end)
			end = text + strlen(text);
		cb(out, text, (size_t)(end - text), data);
	}
	fclose(out);
	return result;
}

static void write_unquoted(FILE *out, const char *token, size_t len, const void *data)
{
	bool needless = *token == '"' && len > 2 && plain(token + 1, len - 2);

	(void)data;
	fwrite(token + needless, 1, len - 2 * needless, out);
}

char *sql_unquoted(const char *text)
{
	return rewritten(text, write_unquoted, NULL);
}

/* True if the token is this identifier, in quotes or bare. */
static bool is_token(const char *token, size_t len, const char *name)
{
	if (*token == '"' && len > 2) {
		token++;
		len -= 2;
	}
	return strlen(name) == len && !strncmp(token, name, len);
}

static void write_renamed(FILE *out, const char *token, size_t len, const void *data)
{
	const char *const *names = data;

	if (is_token(token, len, names[0]))
		sql_name(out, names[1]);
	else
		fwrite(token, 1, len, out);
}

char *sql_renamed(const char *text, const char *from, const char *to)
{
	const char *names[] = { from, to };

	return rewritten(text, write_renamed, names);
}

bool sql_mentions(const char *text, const char *name)
{
	bool found = false;

	for (const char *end; !found && *text; text = end) {
		end = token_end(text);
		if (!end)
			break;
		found = is_token(text, (size_t)(end - text), name);
	}
	return found;
}

/* The end of "::type", which begins at text; the brackets of its bounds are left. */
static const char *cast_end(const char *text)
{
	static const char *const more[] = { " varying", " precision", " with time zone",
					    " without time zone" };

	text += 2 + strspn(text + 2, "abcdefghijklmnopqrstuvwxyz0123456789_\"");
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (!strncmp(text, more[i], strlen(more[i])))
			return text + strlen(more[i]);
	return text;
}

char *sql_uncast(const char *text)
{
	char *result;
	size_t size;
	FILE *out = text_open(&result, &size);

	for (const char *end; *text; text = end) {
		end = token_end(text);
		if (!end)
			end = text + strlen(text);
		if (!strncmp(text, "::", 2))
			end = cast_end(text);
		else if (*text != '(' && *text != ')')
			fwrite(text, 1, (size_t)(end - text), out);
	}
	fclose(out);
	return result;
}

/* Copies the name that begins at text without its quotes; what follows it, or NULL. */
static const char *name_copy(const char *text, char **to)
{
	const char *end = token_end(text);
	bool quoted = *text == '"';

	if (!end || !(quoted || word_start(*text)))
		return NULL;
	for (const char *c = text + quoted; c < end - quoted; c++) {
		*(*to)++ = *c;
		c += quoted && *c == '"';       /* doubled */
	}
	*(*to)++ = '\0';
	return end;
}

bool sql_index_columns(const char *definition, char **buffer, struct table_names *names)
{
	static const char begin[] = "btree (";
	const char *at = definition + sizeof(begin) - 1;
	char *to;

	*buffer = NULL;
	*names = (struct table_names){ 0 };
	if (strncmp(definition, begin, sizeof(begin) - 1))
		return false;
	to = *buffer = need(malloc(strlen(definition) + 1));
	names->v = need(malloc((strlen(definition) + 1) * sizeof(*names->v)));
	while (at) {
		names->v[names->n++] = to;
		at = name_copy(at, &to);
		if (at && !strcmp(at, ")"))
			return true;
		at = at && !strncmp(at, ", ", 2) ? at + 2 : NULL;
	}
	free(names->v);
	free(*buffer);
	*buffer = NULL;
	*names = (struct table_names){ 0 };
	return false;
}
