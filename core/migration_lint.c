/* migration_lint.c - a file, statement by statement: its rules, and what silences them.
 *
 *   file --> statements --> tokens --> migration_lint_looks.c --> findings
 *               |  ^                                              | but for those
 *               +--+ those within DO blocks                       v silenced here
 *
 * Statements inside DO blocks are looked at too, those inside strings are not. */
#include "core/migration_lint_parts.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* A new rule is one row here, one check in migration_lint_looks.c, one row in the test's table. */
static const struct {
	const char *name, *severity, *why, *instead;
} rules[LINT_RULES] = {
	[LINT_INDEX_NOT_CONCURRENT] = { "index-not-concurrent", "warning",
		"everybody who writes to the table waits until the index is built",
		"CREATE INDEX CONCURRENTLY IF NOT EXISTS, in a file of its own with '-- transaction: off'" },
	[LINT_CONCURRENT_IN_TRANSACTION] = { "concurrently-in-transaction", "error",
		"CONCURRENTLY cannot run inside a transaction",
		"'-- transaction: off' in the header of a file that holds nothing else" },
	[LINT_NOT_IN_TRANSACTION] = { "not-in-transaction", "error",
		"PostgreSQL refuses this statement inside a transaction",
		"run it by hand, or in a file of its own with '-- transaction: off'" },
	[LINT_NOT_REPEATABLE] = { "not-repeatable", "error",
		"without a transaction a crash leaves the file half done, and its second run fails here",
		"IF NOT EXISTS and a name for what is made, IF EXISTS for what is dropped" },
	[LINT_NOT_NULL_WITHOUT_DEFAULT] = { "not-null-without-default", "error",
		"it fails where the table has rows: they would have no value",
		"add the column nullable, fill it, then SET NOT NULL; or give it a DEFAULT and drop that again" },
	[LINT_SET_NOT_NULL] = { "set-not-null", "warning",
		"readers and writers wait while every row is looked at",
		"ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT c; SET NOT NULL; DROP CONSTRAINT c" },
	[LINT_CHANGE_TYPE] = { "change-type", "warning",
		"readers and writers wait while the table and its indexes are written anew, unless the old type is binary compatible",
		"a new column, filled in pieces, that takes the old one's name; or do it while the application is stopped" },
	[LINT_ADD_COLUMN_REWRITES] = { "add-column-rewrites", "warning",
		"a default that differs from row to row, serial, identity and stored columns write the whole table anew",
		"add the column nullable and without default, fill it in pieces, then SET DEFAULT" },
	[LINT_ADD_FOREIGN_KEY] = { "add-foreign-key", "warning",
		"writers of both tables wait while every row is compared",
		"ADD CONSTRAINT ... NOT VALID now, VALIDATE CONSTRAINT in a later migration" },
	[LINT_ADD_CHECK] = { "add-check", "warning",
		"readers and writers wait while every row is looked at",
		"ADD CONSTRAINT ... NOT VALID now, VALIDATE CONSTRAINT in a later migration" },
	[LINT_ADD_UNIQUE] = { "add-unique", "warning",
		"readers and writers wait while its index is built",
		"CREATE UNIQUE INDEX CONCURRENTLY in a file before, then ADD CONSTRAINT ... USING INDEX" },
	[LINT_DROPS_DATA] = { "drops-data", "warning",
		"what the column or table holds is gone for good",
		"RAISE EXCEPTION where it holds anything, unless current_setting('gesync.allow_data_loss', true) = 'on'" },
	[LINT_RENAME] = { "rename", "warning",
		"an application that still runs asks for the old name and fails",
		"add the new one beside it, move the application over, drop the old one later" },
	[LINT_LOCKS_TABLE] = { "locks-table", "warning",
		"it keeps everybody from the whole table until the migration ends",
		"do without; DELETE in pieces for TRUNCATE, plain VACUUM for VACUUM FULL and CLUSTER" },
	[LINT_WHOLE_TABLE_WRITE] = { "whole-table-write", "warning",
		"every row is written in one transaction: locks on all of them, and a table twice its size",
		"a WHERE that takes only rows that differ" },
	[LINT_TIMEOUT_OFF] = { "timeout-off", "error",
		"without lock_timeout and statement_timeout everybody queues behind this migration, for ever if need be",
		"leave both to gesync; '-- statement_timeout: 2h' in the header where more time is needed" },
	[LINT_MISSING_TIMEOUT] = { "missing-timeout", "warning",
		"an index that takes longer to build than the usual 15 minutes is cancelled, and begun again",
		"'-- statement_timeout: 2h' in the header" },
	[LINT_SILENCE_WITHOUT_REASON] = { "silence-without-reason", "error",
		"a rule is switched off that there is not, or without saying why",
		"-- lint: off RULE: reason" },
};

void lint_find(struct lint *l, enum lint_rule rule)
{
	if (l->off_file[rule] || l->off_here[rule] || l->last_line[rule] == l->line)
		return;
	l->last_line[rule] = l->line;
	json_array_append_new(l->found, json_pack("{ss si ss ss ss}", "rule", rules[rule].name, "line", l->line,
		"severity", rules[rule].severity, "why", rules[rule].why, "instead", rules[rule].instead));
}

/* ---- tokens ---- */

static void read_tokens(struct lint *l, const char *at, const char *end)
{
	l->n = 0;
	do
		l->t[l->n] = sql_next(&at, end);
	while (l->t[l->n].kind != SQL_END && ++l->n < LINT_TOKENS_MAX - 3);
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
		lint_look(l);
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

static void silence(struct lint *l, const char *name, size_t len, bool off[LINT_RULES], bool reasoned)
{
	for (size_t i = 0; i < LINT_RULES && reasoned; i++) {
		if (strlen(rules[i].name) == len && !strncmp(rules[i].name, name, len)) {
			off[i] = true;
			return;
		}
	}
	lint_find(l, LINT_SILENCE_WITHOUT_REASON);
}

/* "-- lint: off a, b: why" on one line; others are none of ours. */
static void read_silence(struct lint *l, const char *line, const char *end, bool off[LINT_RULES])
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
		lint_find(l, LINT_SILENCE_WITHOUT_REASON);
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

static void read_silences(struct lint *l, const char *from, const char *to, bool off[LINT_RULES], int line)
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
		l->off_file[LINT_DROPS_DATA] = true;
}

static void look_at_statement(struct lint *l, const struct sql_statement *st, bool first)
{
	int lead_line = st->line - lines_between(st->lead, st->text);

	memset(l->off_here, 0, sizeof(l->off_here));
	read_silences(l, st->lead, st->text, first ? l->off_file : l->off_here, lead_line);
	read_tokens(l, st->text, st->text + st->len);
	l->line = st->line;
	if (sql_is(&l->t[0], "do"))
		look_at_do(l, st);
	else
		lint_look(l);
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
	struct lint *l = need(calloc(1, sizeof(*l)));
	const char *at = m->sql;
	struct sql_statement st;
	json_t *found;
	int line = 1;

	l->m = m;
	l->found = found = json_array();
	spare_guarded(l);
	for (bool first = true; sql_next_statement(&at, &line, &st); first = false)
		look_at_statement(l, &st, first);
	memset(l->off_here, 0, sizeof(l->off_here));
	l->line = 1;
	if (!m->transaction && m->statement_timeout_ms == MIGRATION_TIMEOUT_MS && builds_index(m))
		lint_find(l, LINT_MISSING_TIMEOUT);
	free(l);
	return found;
}
