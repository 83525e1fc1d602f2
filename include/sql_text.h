/* sql_text.h - names and expressions as PostgreSQL writes them. */
#ifndef GESYNC_SQL_TEXT_H
#define GESYNC_SQL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "table.h"

#define SQL_NAME_MOST 63        /* bytes: NAMEDATALEN - 1 */

/* An identifier, in double quotes only where it needs them (capitals, odd
 * characters, reserved words). */
void sql_name(FILE *out, const char *name);
/* 'text', quotes doubled, backslashes as they are (standard_conforming_strings). */
void sql_literal(FILE *out, const char *text);
/* "a, b" */
void sql_names(FILE *out, const struct table_names *names);

/* Statements in one line of C: %I is a name, %N struct table_names, %L a literal, %s
 * the text as it is. Nothing else. */
void sql_print(FILE *out, const char *fmt, ...);
void sql_vprint(FILE *out, const char *fmt, va_list ap);

/* True if text can stand in a statement without ending it: quotes and brackets are
 * closed, and there is no semicolon, comment or control character outside quotes. */
bool sql_closed(const char *text);

/* The text with the quotes left out around identifiers that do without, so that two
 * versions' ideas of reserved words do not matter. Owned. */
char *sql_unquoted(const char *text);
/* The text in which the identifier `from` is `to`; nothing inside '' changes. Owned. */
char *sql_renamed(const char *text, const char *from, const char *to);

/* True if the identifier stands in the text, outside ''. */
bool sql_mentions(const char *text, const char *name);
/* The text without casts and brackets: what is left of an expression when the type of one
 * of its columns has changed. Owned. */
char *sql_uncast(const char *text);

/* The columns of an index on "btree (a, b)" and nothing else (no order, operator class,
 * expression or predicate): n of them, or 0. Owned, names->v in one piece. */
bool sql_index_columns(const char *definition, char **buffer, struct table_names *names);

#endif
