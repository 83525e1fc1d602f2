/* migration_lint.c - statement by statement: what it locks, rewrites or breaks.
 *
 * Statements inside DO blocks are looked at too, those inside strings are not. A table
 * that the file makes itself has no rows and no users: nothing it does there hurts. */
#include "migration_lint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sql_lex.h"

enum rule {
	INDEX_NOT_CONCURRENT, CONCURRENT_IN_TRANSACTION, NOT_IN_TRANSACTION, NOT_REPEATABLE,
	NOT_NULL_WITHOUT_DEFAULT, SET_NOT_NULL, CHANGE_TYPE, ADD_COLUMN_REWRITES, ADD_FOREIGN_KEY, ADD_CHECK,
	ADD_UNIQUE, DROPS_DATA, RENAME, LOCKS_TABLE, WHOLE_TABLE_WRITE, TIMEOUT_OFF, MISSING_TIMEOUT,
	SILENCE_WITHOUT_REASON, RULES
};

/* A new rule is one row here, one check below, one row in the test's table. */
static const struct {
	const char *name, *severity, *why, *instead;
} rules[RULES] = {
	[INDEX_NOT_CONCURRENT] = { "index-not-concurrent", "warning",
		"everybody who writes to the table waits until the index is built",
		"CREATE INDEX CONCURRENTLY IF NOT EXISTS, in a file of its own with '-- transaction: off'" },
	[CONCURRENT_IN_TRANSACTION] = { "concurrently-in-transaction", "error",
		"CONCURRENTLY cannot run inside a transaction",
		"'-- transaction: off' in the header of a file that holds nothing else" },
	[NOT_IN_TRANSACTION] = { "not-in-transaction", "error",
		"PostgreSQL refuses this statement inside a transaction",
		"run it by hand, or in a file of its own with '-- transaction: off'" },
	[NOT_REPEATABLE] = { "not-repeatable", "error",
		"without a transaction a crash leaves the file half done, and its second run fails here",
		"IF NOT EXISTS and a name for what is made, IF EXISTS for what is dropped" },
	[NOT_NULL_WITHOUT_DEFAULT] = { "not-null-without-default", "error",
		"it fails where the table has rows: they would have no value",
		"add the column nullable, fill it, then SET NOT NULL; or give it a DEFAULT and drop that again" },
	[SET_NOT_NULL] = { "set-not-null", "warning",
		"readers and writers wait while every row is looked at",
		"ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT c; SET NOT NULL; DROP CONSTRAINT c" },
	[CHANGE_TYPE] = { "change-type", "warning",
		"readers and writers wait while the table and its indexes are written anew, unless the old type is binary compatible",
		"a new column, filled in pieces, that takes the old one's name; or do it while the application is stopped" },
	[ADD_COLUMN_REWRITES] = { "add-column-rewrites", "warning",
		"a default that differs from row to row, serial, identity and stored columns write the whole table anew",
		"add the column nullable and without default, fill it in pieces, then SET DEFAULT" },
	[ADD_FOREIGN_KEY] = { "add-foreign-key", "warning",
		"writers of both tables wait while every row is compared",
		"ADD CONSTRAINT ... NOT VALID now, VALIDATE CONSTRAINT in a later migration" },
	[ADD_CHECK] = { "add-check", "warning",
		"readers and writers wait while every row is looked at",
		"ADD CONSTRAINT ... NOT VALID now, VALIDATE CONSTRAINT in a later migration" },
	[ADD_UNIQUE] = { "add-unique", "warning",
		"readers and writers wait while its index is built",
		"CREATE UNIQUE INDEX CONCURRENTLY in a file before, then ADD CONSTRAINT ... USING INDEX" },
	[DROPS_DATA] = { "drops-data", "warning",
		"what the column or table holds is gone for good",
		"RAISE EXCEPTION where it holds anything, unless current_setting('gesync.allow_data_loss', true) = 'on'" },
	[RENAME] = { "rename", "warning",
		"an application that still runs asks for the old name and fails",
		"add the new one beside it, move the application over, drop the old one later" },
	[LOCKS_TABLE] = { "locks-table", "warning",
		"it keeps everybody from the whole table until the migration ends",
		"do without; DELETE in pieces for TRUNCATE, plain VACUUM for VACUUM FULL and CLUSTER" },
	[WHOLE_TABLE_WRITE] = { "whole-table-write", "warning",
		"every row is written in one transaction: locks on all of them, and a table twice its size",
		"a WHERE that takes only rows that differ" },
	[TIMEOUT_OFF] = { "timeout-off", "error",
		"without lock_timeout and statement_timeout everybody queues behind this migration, for ever if need be",
		"leave both to gesync; '-- statement_timeout: 2h' in the header where more time is needed" },
	[MISSING_TIMEOUT] = { "missing-timeout", "warning",
		"an index that takes longer to build than the usual 15 minutes is cancelled, and begun again",
		"'-- statement_timeout: 2h' in the header" },
	[SILENCE_WITHOUT_REASON] = { "silence-without-reason", "error",
		"a rule is switched off that there is not, or without saying why",
		"-- lint: off RULE: reason" },
};

#define TOKENS_MAX 4000         /* of a statement; what follows is not looked at */
#define TABLES_MAX 200          /* made by one file */
#define NAME_SIZE  64

struct lint {
	const struct migration *m;
	json_t *found;
	bool off_file[RULES], off_here[RULES];
	int last_line[RULES];           /* where it was found last */
	char made[TABLES_MAX][NAME_SIZE];
	size_t nmade;
	struct sql_token t[TOKENS_MAX]; /* of the statement; the last is SQL_END */
	size_t n;
	int line;
};

/* Once for a line and rule, however many columns a statement names. */
static void find(struct lint *l, enum rule rule)
{
	if (l->off_file[rule] || l->off_here[rule] || l->last_line[rule] == l->line)
		return;
	l->last_line[rule] = l->line;
	json_array_append_new(l->found, json_pack("{ss si ss ss ss}", "rule", rules[rule].name, "line", l->line,
		"severity", rules[rule].severity, "why", rules[rule].why, "instead", rules[rule].instead));
}

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
static const char *take_name(const struct lint *l, size_t *i, char out[NAME_SIZE])
{
	*out = '\0';
	while (*i < l->n) {
		sql_ident(&l->t[(*i)++], out, NAME_SIZE);
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
	if (l->nmade < TABLES_MAX)
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
		find(l, ADD_COLUMN_REWRITES);
	else if (default_varies(l, def, to))
		find(l, ADD_COLUMN_REWRITES);
	else if (HAS(l, i, to, "not", "null") && !filled)
		find(l, NOT_NULL_WITHOUT_DEFAULT);
	if (HAS(l, i, to, "unique") || HAS(l, i, to, "primary", "key"))
		find(l, ADD_UNIQUE);
}

static void look_at_new_constraint(struct lint *l, size_t i, size_t to)
{
	bool valid = !HAS(l, i, to, "not", "valid");

	if (TAKE(l, &i, "constraint"))
		i++;
	if (is_at(l, i, "foreign") && valid)
		find(l, ADD_FOREIGN_KEY);
	else if (is_at(l, i, "check") && valid)
		find(l, ADD_CHECK);
	else if ((is_at(l, i, "unique") || is_at(l, i, "primary") || is_at(l, i, "exclude")) && !HAS(l, i, to, "using", "index"))
		find(l, ADD_UNIQUE);
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
		find(l, SET_NOT_NULL);
	TAKE(l, &i, "set", "data");
	if (!TAKE(l, &i, "type"))
		return;
	/* text takes any text as it is */
	if (!is_at(l, i, "text"))
		find(l, CHANGE_TYPE);
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
		find(l, DROPS_DATA);
	} else if (TAKE(l, &i, "rename") && !is_at(l, i, "constraint")) {
		find(l, RENAME);
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
	char table[NAME_SIZE];

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
	char table[NAME_SIZE];
	size_t on = find_word(l, i, l->n, "on") + 1;

	TAKE(l, &on, "only");
	take_name(l, &on, table);
	if (!concurrent && !is_made(l, table))
		find(l, INDEX_NOT_CONCURRENT);
	if (concurrent && l->m->transaction)
		find(l, CONCURRENT_IN_TRANSACTION);
	if (!l->m->transaction && (!guarded || !named))
		find(l, NOT_REPEATABLE);
}

static void look_at_drop_index(struct lint *l, size_t i)
{
	bool concurrent = TAKE(l, &i, "concurrently");

	if (concurrent && l->m->transaction)
		find(l, CONCURRENT_IN_TRANSACTION);
	if (!l->m->transaction && !is_at(l, i, "if"))
		find(l, NOT_REPEATABLE);
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
		find(l, TIMEOUT_OFF);
}

static void look_at_drop_table(struct lint *l, size_t i)
{
	char table[NAME_SIZE];

	TAKE(l, &i, "if", "exists");
	if (!is_made(l, take_name(l, &i, table)))
		find(l, DROPS_DATA);
}

static void look_at_write(struct lint *l, size_t i)
{
	char table[NAME_SIZE];

	TAKE(l, &i, "only");
	if (!is_made(l, take_name(l, &i, table)) && find_word(l, i, l->n, "where") == l->n)
		find(l, WHOLE_TABLE_WRITE);
}

static void look_at_create_table(struct lint *l, size_t i)
{
	note_made(l, i);
}

static void look_at_full(struct lint *l, size_t i)
{
	if (HAS(l, i, l->n, "full"))
		find(l, LOCKS_TABLE);
	if (l->m->transaction)
		find(l, NOT_IN_TRANSACTION);
}

static void look_at_lock(struct lint *l, size_t i)
{
	(void)i;
	find(l, LOCKS_TABLE);
}

static void look_at_outside(struct lint *l, size_t i)
{
	(void)i;
	if (l->m->transaction)
		find(l, NOT_IN_TRANSACTION);
}

static void look_at_reindex(struct lint *l, size_t i)
{
	if (HAS(l, i, l->n, "concurrently") && l->m->transaction)
		find(l, CONCURRENT_IN_TRANSACTION);
	else if (!HAS(l, i, l->n, "concurrently"))
		find(l, LOCKS_TABLE);
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

static void look_at_tokens(struct lint *l)
{
	for (size_t k = 0; k < sizeof(statements) / sizeof(*statements); k++) {
		size_t i = 0;

		if (take(l, &i, statements[k].words)) {
			statements[k].look(l, i);
			return;
		}
	}
}

static void read_tokens(struct lint *l, const char *at, const char *end)
{
	l->n = 0;
	do
		l->t[l->n] = sql_next(&at, end);
	while (l->t[l->n].kind != SQL_END && ++l->n < TOKENS_MAX - 3);
	for (size_t i = 0; i < 3; i++)          /* so that one may look a little ahead */
		l->t[l->n + i] = (struct sql_token){ SQL_END, end, 0 };
}

/* ---- DO blocks ---- */

static bool opens_statement(const struct sql_token *t)
{
	return sql_is(t, ";") || sql_is(t, "begin") || sql_is(t, "then") || sql_is(t, "else") || sql_is(t, "loop");
}

static int lines_between(const char *from, const char *to)
{
	int n = 0;

	while (from < to)
		n += *from++ == '\n';
	return n;
}

/* What stands between two words that open a statement is looked at as one. */
static void look_at_body(struct lint *l, const char *body, const char *end, int line)
{
	const char *at = body, *from = body;
	struct sql_token t;

	do {
		t = sql_next(&at, end);
		if (t.kind != SQL_END && !opens_statement(&t))
			continue;
		read_tokens(l, from, t.kind == SQL_END ? end : t.text);
		l->line = line + lines_between(body, l->n ? l->t[0].text : from);
		look_at_tokens(l);
		from = at;
	} while (t.kind != SQL_END);
}

static void look_at_do(struct lint *l, const struct sql_statement *st)
{
	for (size_t i = 1; i < l->n; i++) {
		const struct sql_token body = l->t[i];
		const char *open = body.kind == SQL_STRING && *body.text == '$' ? strchr(body.text + 1, '$') : NULL;
		size_t tag = open ? (size_t)(open + 1 - body.text) : 0;

		if (!open || body.len < 2 * tag)
			continue;
		look_at_body(l, body.text + tag, body.text + body.len - tag,
			     st->line + lines_between(st->text, body.text));
		return;
	}
}

/* ---- silences ---- */

static void silence(struct lint *l, const char *name, size_t len, bool off[RULES], bool reasoned)
{
	for (size_t i = 0; i < RULES && reasoned; i++) {
		if (strlen(rules[i].name) == len && !strncmp(rules[i].name, name, len)) {
			off[i] = true;
			return;
		}
	}
	find(l, SILENCE_WITHOUT_REASON);
}

/* "-- lint: off a, b: why" on one line; others are none of ours. */
static void read_silence(struct lint *l, const char *line, const char *end, bool off[RULES])
{
	const char *colon;
	struct sql_token t;

	while (line < end && strchr(" \t-", *line))
		line++;
	if (end - line < 5 || strncmp(line, "lint:", 5))
		return;
	line += 5;
	t = sql_next(&line, end);
	if (!sql_is(&t, "off")) {
		find(l, SILENCE_WITHOUT_REASON);
		return;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	while (line < (colon ? colon : end)) {
		size_t len = 0;

		line += strspn(line, " \t,");
		len = strcspn(line, " \t,:\r\n");
		if (!len)
			break;
		silence(l, line, len, off, colon && colon + 1 + strspn(colon + 1, " \t\r") < end);
		line += len;
	}
}

static void read_silences(struct lint *l, const char *from, const char *to, bool off[RULES], int line)
{
	while (from < to) {
		const char *end = memchr(from, '\n', (size_t)(to - from));
		const char *comment;

		if (!end)
			end = to;
		l->line = line++;
		for (comment = from; comment < end && strchr(" \t", *comment); comment++)
			;
		if (end - comment > 2 && !strncmp(comment, "--", 2))
			read_silence(l, comment, end, off);
		from = end + 1;
	}
}

/* ---- what the header promised ---- */

/* A file that says what it does about data need not be told. */
static void spare_guarded(struct lint *l)
{
	if (strstr(l->m->sql, "gesync.allow_data_loss"))
		l->off_file[DROPS_DATA] = true;
}

static void look_at_statement(struct lint *l, const struct sql_statement *st, bool first)
{
	int lead_line = st->line - lines_between(st->lead, st->text);

	memset(l->off_here, 0, sizeof(l->off_here));
	read_silences(l, st->lead, st->text, first ? l->off_file : l->off_here, lead_line);
	read_tokens(l, st->text, st->text + st->len);
	l->line = st->line;
	if (is_at(l, 0, "do"))
		look_at_do(l, st);
	else
		look_at_tokens(l);
}

static bool builds_index(const struct migration *m)
{
	const char *at = m->sql;
	struct sql_statement st;
	char name[200];
	int line = 1;

	while (sql_next_statement(&at, &line, &st))
		if (sql_concurrent_index(&st, name, sizeof(name)))
			return true;
	return false;
}

json_t *migration_lint(const struct migration *m)
{
	struct lint *l = calloc(1, sizeof(*l));
	const char *at = m->sql;
	struct sql_statement st;
	json_t *found;
	int line = 1;

	if (!l)
		abort();
	l->m = m;
	l->found = found = json_array();
	spare_guarded(l);
	for (bool first = true; sql_next_statement(&at, &line, &st); first = false)
		look_at_statement(l, &st, first);
	memset(l->off_here, 0, sizeof(l->off_here));
	l->line = 1;
	if (!m->transaction && m->statement_timeout_ms == MIGRATION_TIMEOUT_MS && builds_index(m))
		find(l, MISSING_TIMEOUT);
	free(l);
	return found;
}
