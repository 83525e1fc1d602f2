/* sql_lex.h - SQL as words and statements, the way psql reads it: quotes, dollar
 * quotes and comments are understood, grammar is not. */
#ifndef GESYNC_SQL_LEX_H
#define GESYNC_SQL_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum sql_kind {
	SQL_END,
	SQL_WORD,               /* a key word or a name without quotes */
	SQL_NAME,               /* "a name" */
	SQL_STRING,             /* '...', E'...', $x$...$x$ */
	SQL_NUMBER,
	SQL_MARK                /* any other character, by itself */
};

struct sql_token {
	enum sql_kind kind;
	const char *text;       /* borrowed, with its quotes */
	size_t len;
};

/* The token at or after *at, which moves behind it. What is not closed goes to
 * the end. */
struct sql_token sql_next(const char **at, const char *end);
/* The key word or mark, in any case of letters. */
bool sql_is(const struct sql_token *t, const char *word);
/* The name that a word or quoted name stands for, cut to size - 1 bytes. */
const char *sql_ident(const struct sql_token *t, char *out, size_t size);

struct sql_statement {
	const char *lead;       /* where comments before it begin */
	const char *text;       /* its first word */
	size_t len;             /* without its semicolon */
	int line;               /* of text, from 1 */
};

/* Begin with *at at the text and *line 1. False at the end. Brackets and
 * BEGIN ATOMIC keep a semicolon inside (rules, bodies of functions). */
bool sql_next_statement(const char **at, int *line, struct sql_statement *st);

/* BEGIN, COMMIT, SAVEPOINT and the like: what a migration leaves to gesync. */
bool sql_controls_transaction(const struct sql_statement *st);

/* COPY ... FROM STDIN and TO STDOUT, which talk to the client. */
bool sql_copies_client(const struct sql_statement *st);

/* CREATE INDEX CONCURRENTLY [IF NOT EXISTS] name ON: its name, quoted as it must
 * be, with the schema where one is given; NULL where the statement is another. */
const char *sql_concurrent_index(const struct sql_statement *st, char *out, size_t size);

#endif
