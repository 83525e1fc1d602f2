/* sql_lex.c - SQL as words and statements (PostgreSQL's manual, section 4.1). */
#include "sql_lex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool starts_word(char c)
{
	return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool in_word(char c)
{
	return starts_word(c) || isdigit((unsigned char)c) || c == '$';
}

static const char *skip_line(const char *at, const char *end)
{
	while (at < end && *at != '\n')
		at++;
	return at;
}

static bool two(const char *at, const char *end, const char *what)
{
	return end - at >= 2 && at[0] == what[0] && at[1] == what[1];
}

/* Block comments nest. NULL where it is never closed. */
static const char *skip_block(const char *at, const char *end)
{
	int depth = 0;

	do {
		if (two(at, end, "/*"))
			depth++, at += 2;
		else if (two(at, end, "*/"))
			depth--, at += 2;
		else
			at++;
	} while (depth && at < end);
	return depth ? NULL : at;
}

/* A comment that is never closed is no blank: PostgreSQL shall see it, and say so. */
static const char *skip_blank(const char *at, const char *end)
{
	const char *behind;

	for (;;) {
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (two(at, end, "--"))
			at = skip_line(at, end);
		else if (two(at, end, "/*") && (behind = skip_block(at, end)))
			at = behind;
		else
			return at;
	}
}

/* Behind the closing quote; a doubled one is part of the text. */
static const char *skip_quoted(const char *at, const char *end, bool escapes)
{
	char quote = *at++;

	for (; at < end; at++) {
		if (escapes && *at == '\\' && at + 1 < end)
			at++;
		else if (*at == quote && two(at, end, (char[]){ quote, quote }))
			at++;
		else if (*at == quote)
			return at + 1;
	}
	return end;
}

/* $tag$ ... $tag$; NULL if it is a parameter or a lone dollar. */
static const char *skip_dollar(const char *at, const char *end)
{
	const char *tag = at++;
	size_t len;

	if (at < end && isdigit((unsigned char)*at))
		return NULL;
	while (at < end && in_word(*at) && *at != '$')
		at++;
	if (at == end || *at != '$')
		return NULL;
	len = (size_t)(++at - tag);
	for (; (size_t)(end - at) >= len; at++)
		if (!memcmp(at, tag, len))
			return at + len;
	return end;
}

static const char *skip_word(const char *at, const char *end)
{
	while (at < end && in_word(*at))
		at++;
	return at;
}

/* E'..', B'..', U&'..': the prefix is part of the string. */
static size_t string_prefix(const char *at, const char *end)
{
	if (end - at >= 2 && strchr("eEbBxXnN", *at) && at[1] == '\'')
		return 1;
	return end - at >= 3 && (*at == 'u' || *at == 'U') && at[1] == '&' && (at[2] == '\'' || at[2] == '"') ? 2 : 0;
}

static const char *skip_token(const char *at, const char *end, enum sql_kind *kind)
{
	size_t prefix = string_prefix(at, end);
	const char *behind;

	*kind = SQL_STRING;
	if (prefix || *at == '\'')
		return skip_quoted(at + prefix, end, prefix == 1 && tolower(*at) == 'e');
	if (*at == '$' && (behind = skip_dollar(at, end)))
		return behind;
	*kind = SQL_NAME;
	if (*at == '"')
		return skip_quoted(at, end, false);
	*kind = SQL_WORD;
	if (starts_word(*at))
		return skip_word(at, end);
	*kind = isdigit((unsigned char)*at) ? SQL_NUMBER : SQL_MARK;
	return *kind == SQL_NUMBER ? skip_word(at, end) : at + 1;
}

struct sql_token sql_next(const char **at, const char *end)
{
	struct sql_token t = { SQL_END, skip_blank(*at, end), 0 };

	if (t.text < end) {
		*at = skip_token(t.text, end, &t.kind);
		t.len = (size_t)(*at - t.text);
	} else {
		*at = end;
	}
	return t;
}

bool sql_is(const struct sql_token *t, const char *word)
{
	return (t->kind == SQL_WORD || t->kind == SQL_MARK) && t->len == strlen(word) &&
	       !strncasecmp(t->text, word, t->len);
}

const char *sql_ident(const struct sql_token *t, char *out, size_t size)
{
	size_t n = 0;
	bool quoted = t->kind == SQL_NAME;

	for (size_t i = quoted; i < t->len - quoted && n + 1 < size; i++) {
		out[n++] = quoted ? t->text[i] : (char)tolower((unsigned char)t->text[i]);
		i += quoted && t->text[i] == '"';
	}
	out[n] = '\0';
	return out;
}

/* ---- statements ---- */

static int count_lines(const char *from, const char *to)
{
	int n = 0;

	while (from < to)
		n += *from++ == '\n';
	return n;
}

bool sql_next_statement(const char **at, int *line, struct sql_statement *st)
{
	const char *end = *at + strlen(*at), *from = *at;
	struct sql_token t, last = { SQL_END, from, 0 };
	int brackets = 0, atomic = 0;
	bool begun = false;

	*st = (struct sql_statement){ .lead = from };
	for (; (t = sql_next(at, end)).kind != SQL_END; last = t) {
		if (!begun && sql_is(&t, ";"))
			continue;               /* an empty one */
		if (!begun) {
			begun = true;
			st->text = t.text;
			st->line = *line + count_lines(from, t.text);
		}
		brackets += sql_is(&t, "(") - sql_is(&t, ")");
		if (sql_is(&last, "begin") && sql_is(&t, "atomic"))
			atomic = 1;
		else if (atomic)
			atomic += sql_is(&t, "case") - sql_is(&t, "end");
		if (brackets <= 0 && !atomic && sql_is(&t, ";"))
			break;
		st->len = (size_t)(*at - st->text);
	}
	*line += count_lines(from, *at);
	return begun;
}

static struct sql_token first(const struct sql_statement *st, const char **at)
{
	*at = st->text;
	return sql_next(at, st->text + st->len);
}

bool sql_controls_transaction(const struct sql_statement *st)
{
	static const char *const words[] = {
		"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release",
	};
	const char *at;
	struct sql_token t = first(st, &at), next = sql_next(&at, st->text + st->len);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sql_is(&t, words[i]))
			return true;
	return sql_is(&t, "prepare") && sql_is(&next, "transaction");
}

bool sql_copies_client(const struct sql_statement *st)
{
	const char *at;
	struct sql_token t = first(st, &at);

	if (!sql_is(&t, "copy"))
		return false;
	while ((t = sql_next(&at, st->text + st->len)).kind != SQL_END)
		if (sql_is(&t, "stdin") || sql_is(&t, "stdout"))
			return true;
	return false;
}

/* Takes the words, in order, as far as they stand there. */
static bool take_words(const char **at, const char *end, const char *const *words)
{
	const char *from = *at;

	for (; *words; words++) {
		struct sql_token t = sql_next(at, end);

		if (!sql_is(&t, *words)) {
			*at = from;
			return false;
		}
	}
	return true;
}
#define TAKE(at, end, ...) take_words(at, end, (const char *const[]){ __VA_ARGS__, NULL })

const char *sql_concurrent_index(const struct sql_statement *st, char *out, size_t size)
{
	const char *at = st->text, *end = st->text + st->len, *name;
	struct sql_token t;

	if (!TAKE(&at, end, "create"))
		return NULL;
	TAKE(&at, end, "unique");
	if (!TAKE(&at, end, "index", "concurrently"))
		return NULL;
	TAKE(&at, end, "if", "not", "exists");
	t = sql_next(&at, end);
	name = t.text;
	if (sql_is(&t, "on") || (t.kind != SQL_WORD && t.kind != SQL_NAME))
		return NULL;            /* PostgreSQL makes up a name */
	if (TAKE(&at, end, "."))
		sql_next(&at, end);
	if ((size_t)(at - name) >= size)
		return NULL;
	snprintf(out, size, "%.*s", (int)(at - name), name);
	return out;
}
