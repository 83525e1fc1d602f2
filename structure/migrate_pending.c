/* migrate_pending.c - the records: what remains to be done, and what was edited since.
 *
 *   records --> pending, those to be faked first --> callback
 *                      | edited, with --repair       ^
 *                      +--> their new sums ----------+ */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "queries.h"
#include "structure/migrate_impl.h"
#include "structure/migrate_list.h"

/* ["core.0001_x", ...] of those whose files were edited. */
static json_t *list_edited(const struct migrate *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->set.n; i++)
		if (migration_state(m->set.v[i], &m->records) == MIGRATION_EDITED)
			json_array_append_new(list, json_string(m->set.v[i]->id));
	return list;
}

bool migrate_is_asked_fake(const struct migrate *m, const struct migration *mig)
{
	for (size_t i = 0; i < m->req.fake.n; i++)
		if (!strcmp(m->req.fake.v[i], mig->id))
			return true;
	return false;
}

/* Those to be faked come first, in their order, whatever the goal is. */
static void choose_pending(struct migrate *m, const struct migration **goal, size_t n)
{
	m->pending = need(calloc(m->set.n + 1, sizeof(struct migration *)));
	for (size_t i = 0; i < m->set.n; i++)
		if (migrate_is_asked_fake(m, m->set.v[i]) && migration_state(m->set.v[i], &m->records) == MIGRATION_PENDING)
			m->pending[m->npending++] = m->set.v[i];
	for (size_t i = 0; i < n; i++)
		if (!migrate_is_asked_fake(m, goal[i]))
			m->pending[m->npending++] = goal[i];
}

static int look_at_fakes(const struct migrate *m, struct err *err)
{
	for (size_t i = 0; i < m->req.fake.n; i++)
		if (!migrations_find(&m->set, m->req.fake.v[i]))
			return err_set(err, ERR_PERMANENT, "migration_failed", "there is no migration '%.100s' to fake",
				       m->req.fake.v[i]);
	return 0;
}

int migrate_look_at_history(const struct migrate *m, const struct migration *mig, struct err *err)
{
	const struct migration *later = migrations_overtaker(&m->set, &m->records, mig);

	if (!later || migrate_is_asked_fake(m, later))
		return 0;
	return err_set(err, ERR_PERMANENT, "migration_failed",
		       "%s is not recorded, but %s, which needs it, is: --fake it if it was applied", mig->id, later->id);
}

/* Nothing is begun that could not be gone on with. What --fake-applied meets is looked at one by one. */
static int look_at_histories(const struct migrate *m, struct err *err)
{
	for (size_t i = 0; i < m->npending && !m->req.fake_applied; i++)
		if (!migrate_is_asked_fake(m, m->pending[i]) && migrate_look_at_history(m, m->pending[i], err) < 0)
			return -1;
	return 0;
}

static void on_repaired(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;

	(void)rows;
	m->pending_known(m, err);
}

/* The rows of gesync.migration take the sums of the files as they are now. A
 * baseline's stand under each name that it replaces. */
static void repair(struct migrate *m, const json_t *edited)
{
	json_t *rows = json_array(), *id;
	size_t i;
	char *text;

	json_array_foreach(edited, i, id) {
		const struct migration *mig = migrations_find(&m->set, json_string_value(id));

		json_array_append_new(rows, json_pack("{ss ss}", "id", mig->id, "checksum", mig->checksum));
		for (size_t k = 0; k < mig->replaces.n; k++)
			json_array_append_new(rows, json_pack("{ss ss}", "id", mig->replaces.v[k], "checksum", mig->checksum));
	}
	text = need(json_dumps(rows, JSON_COMPACT));
	db_session_query(m->session, sql_migrate_repair.text, 1, (const char *const *)&text, on_repaired, m);
	free(text);
	json_decref(rows);
}

static int refuse_edited(const json_t *edited, struct err *err)
{
	return err_set(err, ERR_PERMANENT, "migration_failed",
		       "%s was edited after it had been applied%s: put its file back, or accept it with --repair",
		       json_string_value(json_array_get(edited, 0)), json_array_size(edited) > 1 ? " (and others)" : "");
}

/* A plan tells, and changes nothing. */
static void meet_edited(struct migrate *m, const json_t *edited)
{
	struct err err;

	if (!json_array_size(edited) || migrate_is_plan(m)) {
		m->pending_known(m, NULL);
	} else if (m->req.repair) {
		repair(m, edited);
	} else {
		refuse_edited(edited, &err);
		m->pending_known(m, &err);
	}
}

static void on_records(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;
	struct migration_goal goal = { (const char *const *)m->req.apps.v, m->req.apps.n, m->req.to };
	const struct migration **list;
	json_t *edited;
	struct err bad;
	size_t n;

	if (err) {
		m->pending_known(m, err);
		return;
	}
	migrate_records_take(&m->records, rows);
	m->records_read = true;
	if (look_at_fakes(m, &bad) < 0 ||
	    migrations_pending(&m->set, &m->records, &goal, &list, &n, &bad) < 0) {
		m->pending_known(m, &bad);
		return;
	}
	choose_pending(m, list, n);
	free(list);
	if (look_at_histories(m, &bad) < 0) {
		m->pending_known(m, &bad);
		return;
	}
	edited = list_edited(m);
	if (json_array_size(edited))
		json_object_set(m->result, m->req.repair && !migrate_is_plan(m) ? "repaired" : "edited", edited);
	meet_edited(m, edited);         /* m may be gone */
	json_decref(edited);
}

void migrate_pending(struct migrate *m, migrate_step_cb *cb)
{
	m->pending_known = cb;
	db_session_run(m->session, migrate_records_sql(m->has_django, m->has_migration), on_records, m);
}
