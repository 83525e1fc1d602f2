/* migrate_models.c - Django's content types and permissions of the models, as
 * `manage.py migrate` would make them: of every model whose table stands. */
#include <ctype.h>
#include <stdlib.h>

#include "home.h"
#include "manifest.h"
#include "queries.h"
#include "structure/migrate_impl.h"

/* Until contenttypes.0002 a content type has a name of its own. */
static const char ready[] =
	"SELECT to_regclass('django_content_type') IS NOT NULL AND to_regclass('auth_permission') IS NOT NULL"
	" AND NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('django_content_type')"
	" AND attname = 'name' AND NOT attisdropped) AS ready";

/* Django's own, and its packages': no file declares them. */
static const struct { const char *app, *table, *model; } others[] = {
	{ "admin", "django_admin_log", "LogEntry" }, { "auth", "auth_permission", "Permission" },
	{ "auth", "auth_group", "Group" }, { "auth", "auth_user", "User" },
	{ "contenttypes", "django_content_type", "ContentType" }, { "sessions", "django_session", "Session" },
	{ "token_blacklist", "token_blacklist_outstandingtoken", "OutstandingToken" },
	{ "token_blacklist", "token_blacklist_blacklistedtoken", "BlacklistedToken" },
};

/* "SchemeCode" is "scheme code", "MEISModel" "meis model": Django's
 * camel_case_to_spaces(), a model's name where its Meta has no other. */
static void spell_out(const char *model, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; model[i] && n + 2 < size; i++) {
		bool after_small = i && !isupper((unsigned char)model[i - 1]);
		bool before_small = model[i + 1] && islower((unsigned char)model[i + 1]);

		if (i && isupper((unsigned char)model[i]) && (after_small || before_small))
			out[n++] = ' ';
		out[n++] = (char)tolower((unsigned char)model[i]);
	}
	out[n] = '\0';
}

static void add_model(json_t *list, const char *app, const char *table, const char *model)
{
	char lower[200], spelled[300];
	size_t i;

	for (i = 0; model[i] && i + 1 < sizeof(lower); i++)
		lower[i] = (char)tolower((unsigned char)model[i]);
	lower[i] = '\0';
	spell_out(model, spelled, sizeof(spelled));
	json_array_append_new(list, json_pack("{ss ss ss ss}", "app", app, "table", table,
					      "model", lower, "spelled", spelled));
}

static json_t *list_models(const struct manifest *manifest)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		add_model(list, others[i].app, others[i].table, others[i].model);
	for (size_t i = 0; i < manifest->ntables; i++)
		if (manifest->tables[i]->model && !manifest->tables[i]->many_to_many_of)
			add_model(list, manifest->tables[i]->app, manifest->tables[i]->name, manifest->tables[i]->model);
	return list;
}

static void on_made(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;
	const char *types = err ? NULL : db_rows_get(rows, 0, "content_types");
	const char *permissions = err ? NULL : db_rows_get(rows, 0, "permissions");

	if (types && permissions && (atoi(types) || atoi(permissions))) {
		json_object_set_new(m->result, "content_types", json_integer(atoi(types)));
		json_object_set_new(m->result, "permissions", json_integer(atoi(permissions)));
		migrate_say(m, "made %s content types and %s permissions", types, permissions);
	}
	m->models_made(m, err);
}

static void on_ready(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate *m = data;
	struct manifest *manifest;
	struct err bad;
	char *dir, *text;
	json_t *list;

	if (err || *db_rows_get(rows, 0, "ready") != 't') {
		m->models_made(m, err);
		return;
	}
	dir = home_dir(m->settings->models_dir, "models");
	manifest = manifest_load(dir, &bad);
	free(dir);
	if (!manifest) {
		m->models_made(m, &bad);
		return;
	}
	list = list_models(manifest);
	text = json_dumps(list, JSON_COMPACT);
	db_session_query(m->session, sql_migrate_models.text, 1, (const char *const *)&text, on_made, m);
	free(text);
	json_decref(list);
	manifest_free(manifest);
}

void migrate_models(struct migrate *m, migrate_step_cb *cb)
{
	m->models_made = cb;
	db_session_run(m->session, ready, on_ready, m);
}
