/* migrate_result.c - what migrate tells of what it did. */
#include <stdio.h>
#include <string.h>

#include "migration_lint.h"
#include "structure/migrate_impl.h"

static void append(struct migrate *m, const char *list, json_t *entry)
{
	json_t *array = json_object_get(m->result, list);

	if (!array) {
		array = json_array();
		json_object_set_new(m->result, list, array);
	}
	json_array_append_new(array, entry);
}

void migrate_result_applied(struct migrate *m, const struct migration *mig, int64_t duration_ms)
{
	append(m, "applied", json_pack("{ss sI}", "migration", mig->id, "duration_ms", (json_int_t)duration_ms));
}

void migrate_result_faked(struct migrate *m, const struct migration *mig, const char *why)
{
	append(m, "faked", json_pack("{ss ss}", "migration", mig->id, "why", why));
}

static json_t *stands(enum migrate_outcome outcome)
{
	if (outcome == MIGRATE_UNKNOWN)
		return json_null();
	return json_boolean(outcome == MIGRATE_STANDS);
}

void migrate_result_planned(struct migrate *m, const struct migration *mig, bool fake, enum migrate_outcome outcome)
{
	append(m, "plan", json_pack("{ss so sb sb so ss so}", "migration", mig->id,
				    "file", json_sprintf("%s/%s.sql", mig->app, mig->name),
				    "transaction", mig->transaction, "fake", fake,
				    "can_be_faked", stands(outcome), "sql", mig->sql,
				    "lint", migration_lint(mig)));
}

/* The line of the file: where the statement begins, and how far in it the error is. */
static int line_of_error(const struct migration *mig, int line, int position)
{
	const char *at = mig->sql;

	if (line < 1 || position < 1)
		return line;
	for (int n = 1; n < line && (at = strchr(at, '\n')); n++)
		at++;
	/* What stands before the statement on its line makes this a guess within that line. */
	for (int n = 1; at && *at && n < position; at++) {
		n += ((unsigned char)*at & 0xc0) != 0x80;
		line += *at == '\n';
	}
	return line;
}

static void set_said(json_t *to, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(to, key, json_string(text));
}

int migrate_result_failed(struct migrate *m, const struct migration *mig, int line, struct err *err)
{
	struct db_session_error said = db_session_error(m->session);
	json_t *failed = json_pack("{ss ss sb}", "migration", mig->id, "message", *said.message ? said.message : err->msg,
				   "transaction", mig->transaction);
	char place[24] = "";

	line = line_of_error(mig, line, said.position);
	set_said(failed, "sqlstate", said.sqlstate);
	set_said(failed, "detail", said.detail);
	set_said(failed, "hint", said.hint);
	if (line > 0) {
		json_object_set_new(failed, "line", json_integer(line));
		snprintf(place, sizeof(place), ", line %d", line);
	}
	json_object_set_new(m->result, "failed", failed);
	return err_set(err, ERR_PERMANENT, "migration_failed", "%s%s: %s%s%s", mig->id, place,
		       json_string_value(json_object_get(failed, "message")), *said.detail ? ": " : "", said.detail);
}

/* All that is left, whatever this request was limited to. */
void migrate_result_pending(struct migrate *m)
{
	json_t *list = json_object_get(m->result, "pending");

	json_array_clear(list);
	for (size_t i = 0; i < m->set.n && m->records_read; i++)
		if (migration_state(m->set.v[i], &m->records) == MIGRATION_PENDING)
			json_array_append_new(list, json_string(m->set.v[i]->id));
}
