/* migration_lint_looks.c - what a statement locks, rewrites or breaks.
 *
 * A table that the file makes itself has no rows and no users: nothing it does there hurts. */
#include "core/migration_lint_parts.h"

#include <string.h>

/* ---- tokens ---- */

static bool is_at(const struct lint *l, size_t i, const char *word)
{
	return i < l->n && sql_is(&l->t[i], word);
}

/* Moves *i over the words, if all stand there. */
static bool take(const struct lint *l, size_t *i, const char *const *words)
{
	size_t k = *i;

	for (; *words; words++, k++)
		if (!is_at(l, k, *words))
			return false;
	*i = k;
	return true;
}
#define TAKE(l, i, ...) take(l, i, (const char *const[]){ __VA_ARGS__, NULL })

/* True if the words stand anywhere in [from, to). */
static bool has(const struct lint *l, size_t from, size_t to, const char *const *words)
{
	for (; from < to; from++) {
		size_t i = from;

		if (take(l, &i, words) && i <= to)
			return true;
	}
	return false;
}
#define HAS(l, from, to, ...) has(l, from, to, (const char *const[]){ __VA_ARGS__, NULL })

/* The last part of a name that may have a schema. */
static const char *take_name(const struct lint *l, size_t *i, char out[LINT_NAME_SIZE])
{
	*out = '\0';
	while (*i < l->n) {
		sql_ident(&l->t[(*i)++], out, LINT_NAME_SIZE);
		if (!is_at(l, *i, "."))
			break;
		++*i;
	}
	return out;
}

/* ---- tables that the file makes ---- */

static bool is_made(const struct lint *l, const char *table)
{
	for (size_t i = 0; i < l->nmade; i++)
		if (!strcmp(l->made[i], table))
			return true;
	return false;
}

static void note_made(struct lint *l, size_t i)
{
	TAKE(l, &i, "if", "not", "exists");
	if (l->nmade < LINT_TABLES_MAX)
		take_name(l, &i, l->made[l->nmade++]);
}

/* ---- ALTER TABLE ---- */

/* A default that is the same for all rows: a literal, or a time of the transaction. */
static bool default_varies(const struct lint *l, size_t from, size_t to)
{
	static const char *const steady[] = { "now", "current_timestamp", "current_date", "transaction_timestamp" };

	for (; from + 1 < to; from++) {
		bool known = false;

		if (l->t[from].kind != SQL_WORD || !is_at(l, from + 1, "("))
			continue;
		for (size_t k = 0; k < sizeof(steady) / sizeof(*steady); k++)
			known |= is_at(l, from, steady[k]);
		/* varying(10), numeric(15, 2): a type behind a cast */
		if (!known && l->t[from + 2].kind != SQL_NUMBER)
			return true;
	}
	return false;
}

static size_t find_word(const struct lint *l, size_t from, size_t to, const char *word)
{
	while (from < to && !is_at(l, from, word))
		from++;
	return from;
}

static void look_at_new_column(struct lint *l, size_t i, size_t to)
{
	size_t def = find_word(l, i, to, "default");
	bool filled = def < to || HAS(l, i, to, "generated");

	TAKE(l, &i, "if", "not", "exists");
	if (HAS(l, i, to, "generated") || is_at(l, i + 1, "serial") || is_at(l, i + 1, "bigserial"))
		lint_find(l, LINT_ADD_COLUMN_REWRITES);
	else if (default_varies(l, def, to))
		lint_find(l, LINT_ADD_COLUMN_REWRITES);
	else if (HAS(l, i, to, "not", "null") && !filled)
		lint_find(l, LINT_NOT_NULL_WITHOUT_DEFAULT);
	if (HAS(l, i, to, "unique") || HAS(l, i, to, "primary", "key"))
		lint_find(l, LINT_ADD_UNIQUE);
}

static void look_at_new_constraint(struct lint *l, size_t i, size_t to)
{
	bool valid = !HAS(l, i, to, "not", "valid");

	if (TAKE(l, &i, "constraint"))
		i++;
	if (is_at(l, i, "foreign") && valid)
		lint_find(l, LINT_ADD_FOREIGN_KEY);
	else if (is_at(l, i, "check") && valid)
		lint_find(l, LINT_ADD_CHECK);
	else if ((is_at(l, i, "unique") || is_at(l, i, "primary") || is_at(l, i, "exclude")) && !HAS(l, i, to, "using", "index"))
		lint_find(l, LINT_ADD_UNIQUE);
}

static bool is_constraint(const struct lint *l, size_t i)
{
	static const char *const words[] = { "constraint", "foreign", "check", "unique", "primary", "exclude" };

	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
		if (is_at(l, i, words[k]))
			return true;
	return false;
}

static void look_at_column(struct lint *l, size_t i, size_t to)
{
	i++;                    /* its name */
	if (HAS(l, i, to, "set", "not", "null"))
		lint_find(l, LINT_SET_NOT_NULL);
	TAKE(l, &i, "set", "data");
	if (!TAKE(l, &i, "type"))
		return;
	/* text takes any text as it is */
	if (!is_at(l, i, "text"))
		lint_find(l, LINT_CHANGE_TYPE);
}

/* One action, [i, to). */
static void look_at_action(struct lint *l, size_t i, size_t to)
{
	if (TAKE(l, &i, "add") && is_constraint(l, i)) {
		look_at_new_constraint(l, i, to);
	} else if (is_at(l, i - 1, "add")) {
		TAKE(l, &i, "column");
		look_at_new_column(l, i, to);
	} else if (TAKE(l, &i, "alter", "column") || TAKE(l, &i, "alter")) {
		look_at_column(l, i, to);
	} else if (TAKE(l, &i, "drop") && !is_at(l, i, "constraint")) {
		lint_find(l, LINT_DROPS_DATA);
	} else if (TAKE(l, &i, "rename") && !is_at(l, i, "constraint")) {
		lint_find(l, LINT_RENAME);
	}
}

/* The comma or end behind an action. */
static size_t action_end(const struct lint *l, size_t i)
{
	int depth = 0;

	for (; i < l->n && (depth || !is_at(l, i, ",")); i++)
		depth += is_at(l, i, "(") - is_at(l, i, ")");
	return i;
}

static void look_at_alter_table(struct lint *l, size_t i)
{
	char table[LINT_NAME_SIZE];

	TAKE(l, &i, "if", "exists");
	TAKE(l, &i, "only");
	if (is_made(l, take_name(l, &i, table)))
		return;
	while (i < l->n) {
		size_t to = action_end(l, i);

		look_at_action(l, i, to);
		i = to + 1;
	}
}

/* ---- indexes ---- */

static void look_at_create_index(struct lint *l, size_t i)
{
	bool concurrent = TAKE(l, &i, "concurrently");
	bool guarded = TAKE(l, &i, "if", "not", "exists");
	bool named = !is_at(l, i, "on");
	char table[LINT_NAME_SIZE];
	size_t on = find_word(l, i, l->n, "on") + 1;

	TAKE(l, &on, "only");
	take_name(l, &on, table);
	if (!concurrent && !is_made(l, table))
		lint_find(l, LINT_INDEX_NOT_CONCURRENT);
	if (concurrent && l->m->transaction)
		lint_find(l, LINT_CONCURRENT_IN_TRANSACTION);
	if (!l->m->transaction && (!guarded || !named))
		lint_find(l, LINT_NOT_REPEATABLE);
}

static void look_at_drop_index(struct lint *l, size_t i)
{
	bool concurrent = TAKE(l, &i, "concurrently");

	if (concurrent && l->m->transaction)
		lint_find(l, LINT_CONCURRENT_IN_TRANSACTION);
	if (!l->m->transaction && !is_at(l, i, "if"))
		lint_find(l, LINT_NOT_REPEATABLE);
}

/* ---- the rest ---- */

static void look_at_timeouts(struct lint *l, size_t i)
{
	if (!TAKE(l, &i, "local"))
		TAKE(l, &i, "session");
	if (!TAKE(l, &i, "lock_timeout") && !TAKE(l, &i, "statement_timeout"))
		return;
	i++;                    /* = or TO */
	if (l->t[i].len && strchr("0'", *l->t[i].text) && !strncmp(l->t[i].text + (*l->t[i].text == '\''), "0", 1))
		lint_find(l, LINT_TIMEOUT_OFF);
}

static void look_at_drop_table(struct lint *l, size_t i)
{
	char table[LINT_NAME_SIZE];

	TAKE(l, &i, "if", "exists");
	if (!is_made(l, take_name(l, &i, table)))
		lint_find(l, LINT_DROPS_DATA);
}

static void look_at_write(struct lint *l, size_t i)
{
	char table[LINT_NAME_SIZE];

	TAKE(l, &i, "only");
	if (!is_made(l, take_name(l, &i, table)) && find_word(l, i, l->n, "where") == l->n)
		lint_find(l, LINT_WHOLE_TABLE_WRITE);
}

static void look_at_create_table(struct lint *l, size_t i)
{
	note_made(l, i);
}

static void look_at_full(struct lint *l, size_t i)
{
	if (HAS(l, i, l->n, "full"))
		lint_find(l, LINT_LOCKS_TABLE);
	if (l->m->transaction)
		lint_find(l, LINT_NOT_IN_TRANSACTION);
}

static void look_at_lock(struct lint *l, size_t i)
{
	(void)i;
	lint_find(l, LINT_LOCKS_TABLE);
}

static void look_at_outside(struct lint *l, size_t i)
{
	(void)i;
	if (l->m->transaction)
		lint_find(l, LINT_NOT_IN_TRANSACTION);
}

static void look_at_reindex(struct lint *l, size_t i)
{
	if (HAS(l, i, l->n, "concurrently") && l->m->transaction)
		lint_find(l, LINT_CONCURRENT_IN_TRANSACTION);
	else if (!HAS(l, i, l->n, "concurrently"))
		lint_find(l, LINT_LOCKS_TABLE);
}

static const struct {
	const char *words[4];
	void (*look)(struct lint *l, size_t i);
} statements[] = {
	{ { "alter", "table" }, look_at_alter_table },
	{ { "create", "table" }, look_at_create_table },
	{ { "create", "unlogged", "table" }, look_at_create_table },
	{ { "create", "temp", "table" }, look_at_create_table },
	{ { "create", "temporary", "table" }, look_at_create_table },
	{ { "create", "index" }, look_at_create_index },
	{ { "create", "unique", "index" }, look_at_create_index },
	{ { "drop", "index" }, look_at_drop_index },
	{ { "drop", "table" }, look_at_drop_table },
	{ { "update" }, look_at_write },
	{ { "delete", "from" }, look_at_write },
	{ { "truncate" }, look_at_lock },
	{ { "lock" }, look_at_lock },
	{ { "cluster" }, look_at_lock },
	{ { "reindex" }, look_at_reindex },
	{ { "vacuum" }, look_at_full },
	{ { "create", "database" }, look_at_outside },
	{ { "drop", "database" }, look_at_outside },
	{ { "create", "tablespace" }, look_at_outside },
	{ { "alter", "system" }, look_at_outside },
	{ { "set" }, look_at_timeouts },
};

void lint_look(struct lint *l)
{
	for (size_t k = 0; k < sizeof(statements) / sizeof(*statements); k++) {
		size_t i = 0;

		if (take(l, &i, statements[k].words)) {
			statements[k].look(l, i);
			return;
		}
	}
}
