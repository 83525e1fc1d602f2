/* migration_lint_parts.h - between the files of the lint, nobody else's.
 *
 * migration_lint.c           rules, statements, silences
 * migration_lint_looks.c     what is wrong with one statement */
#ifndef GESYNC_MIGRATION_LINT_PARTS_H
#define GESYNC_MIGRATION_LINT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "migration_lint.h"
#include "sql_lex.h"

enum lint_rule {
	LINT_INDEX_NOT_CONCURRENT, LINT_CONCURRENT_IN_TRANSACTION, LINT_NOT_IN_TRANSACTION,
	LINT_NOT_REPEATABLE, LINT_NOT_NULL_WITHOUT_DEFAULT, LINT_SET_NOT_NULL, LINT_CHANGE_TYPE,
	LINT_ADD_COLUMN_REWRITES, LINT_ADD_FOREIGN_KEY, LINT_ADD_CHECK, LINT_ADD_UNIQUE, LINT_DROPS_DATA,
	LINT_RENAME, LINT_LOCKS_TABLE, LINT_WHOLE_TABLE_WRITE, LINT_TIMEOUT_OFF, LINT_MISSING_TIMEOUT,
	LINT_SILENCE_WITHOUT_REASON, LINT_RULES
};

#define LINT_TOKENS_MAX 4000            /* of a statement; what follows is not looked at */
#define LINT_TABLES_MAX 200             /* made by one file */
#define LINT_NAME_SIZE  64

struct lint {
	const struct migration *m;
	json_t *found;
	bool off_file[LINT_RULES], off_here[LINT_RULES];
	int last_line[LINT_RULES];      /* where it was found last */
	char made[LINT_TABLES_MAX][LINT_NAME_SIZE];
	size_t nmade;
	struct sql_token t[LINT_TOKENS_MAX]; /* of the statement; the last is SQL_END */
	size_t n;
	int line;
};

/* Once for a line and rule, however many columns a statement names. */
void lint_find(struct lint *l, enum lint_rule rule);
/* Looks at the statement that l->t holds. */
void lint_look(struct lint *l);

#endif
