/* migrate_list.c - LOOK --> RECORDS --> the list. Reads, and no more. */
#include "mem.h"
#include "structure/migrate_list.h"

#include <stdlib.h>

#include "db_session.h"
#include "home.h"
#include "migration_dir.h"
#include "queries.h"

struct migrate_list {
	struct loop *loop;                      /* borrowed */
	const struct settings *settings;        /* borrowed */
	migrate_list_cb *cb;
	void *data;
	struct db_session *session;
	struct timer *timer;                    /* the beginning */
	struct migrations set;
	struct migration_records records;
};

const char *migrate_records_sql(bool has_django, bool has_migration)
{
	if (!has_django)
		return "SELECT 1 WHERE false";
	return has_migration ? sql_migrate_records.text : sql_migrate_records_django.text;
}

void migrate_records_take(struct migration_records *records, const struct db_rows *rows)
{
	for (int i = 0; i < db_rows_count(rows); i++) {
		const char *ms = db_rows_get(rows, i, "duration_ms");

		migration_records_add(records, db_rows_get(rows, i, "id"), db_rows_get(rows, i, "applied_at"),
				      db_rows_get(rows, i, "checksum"), ms ? atoll(ms) : -1,
				      *db_rows_get(rows, i, "faked") == 't');
	}
}

static void list_free(struct migrate_list *l)
{
	db_session_free(l->session);
	timer_free(l->timer);
	migrations_clear(&l->set);
	migration_records_clear(&l->records);
	free(l);
}

static void finish(struct migrate_list *l, json_t *list, const struct err *err)
{
	struct err copy;

	if (err)
		copy = *err;
	l->cb(list, err ? &copy : NULL, l->data);
	json_decref(list);
	list_free(l);
}

/* ---- the list ---- */

static void count(json_t *list, const char *state)
{
	json_object_set_new(list, state, json_integer(json_integer_value(json_object_get(list, state)) + 1));
}

static void add(json_t *list, const char *id, const char *state, const struct migration_record *r)
{
	json_array_append_new(json_object_get(list, "migrations"), json_pack("{ss ss ss? so}",
		"migration", id, "state", state, "applied_at", r ? r->applied_at : NULL, "duration_ms",
		r && r->duration_ms >= 0 ? json_integer(r->duration_ms) : json_null()));
	count(list, state);
}

static const char *state_name(const struct migration *m, const struct migration_records *records)
{
	const struct migration_record *r = migration_records_find(records, m->id);

	switch (migration_state(m, records)) {
	case MIGRATION_PENDING:
		return "pending";
	case MIGRATION_EDITED:
		return "edited";
	case MIGRATION_PARTLY:
		return "partly";
	default:
		return r && r->faked ? "faked" : "applied";
	}
}

static json_t *make_list(const struct migrate_list *l)
{
	json_t *list = json_pack("{s[] si si si si si si}", "migrations", "applied", 0, "pending", 0, "faked", 0,
				 "edited", 0, "partly", 0, "unknown", 0);

	for (size_t i = 0; i < l->set.n; i++) {
		const struct migration *m = l->set.v[i];

		add(list, m->id, state_name(m, &l->records), migration_records_find(&l->records, m->id));
	}
	for (size_t i = 0; i < l->records.n; i++)
		if (!migrations_find(&l->set, l->records.v[i].id))
			add(list, l->records.v[i].id, "unknown", &l->records.v[i]);
	return list;
}

/* ---- from step to step ---- */

static void on_records(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_list *l = data;

	if (err) {
		finish(l, NULL, err);
		return;
	}
	migrate_records_take(&l->records, rows);
	finish(l, make_list(l), NULL);
}

static bool is_true(const struct db_rows *rows, const char *column)
{
	return *db_rows_get(rows, 0, column) == 't';
}

static void on_look(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_list *l = data;

	if (err)
		finish(l, NULL, err);
	else
		db_session_run(l->session, migrate_records_sql(is_true(rows, "has_django"), is_true(rows, "has_migration")),
			       on_records, l);
}

static void on_timer(void *data)
{
	struct migrate_list *l = data;
	char *dir = home_dir(l->settings->migrations_dir, "migrations");
	struct err err;
	int rc = migration_dir_load(&l->set, dir, &err);

	free(dir);
	if (rc < 0) {
		finish(l, NULL, &err);
		return;
	}
	l->session = db_session_new(l->loop, l->settings->database_url, "gesync-migrations");
	db_session_run(l->session, sql_migrate_look.text, on_look, l);
}

struct migrate_list *migrate_list_start(struct loop *loop, const struct settings *settings,
					migrate_list_cb *cb, void *data)
{
	struct migrate_list *l = need(calloc(1, sizeof(*l)));

	l->loop = loop;
	l->settings = settings;
	l->cb = cb;
	l->data = data;
	l->timer = timer_new(loop, on_timer, l);
	timer_set(l->timer, 0);
	return l;
}

void migrate_list_stop(struct migrate_list *l)
{
	if (l)
		list_free(l);
}
