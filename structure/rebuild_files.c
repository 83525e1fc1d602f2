/* rebuild_files.c - which migrations give way to a baseline, and the folder that it makes. */
#include "mem.h"
#include "structure/rebuild_files.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "home.h"
#include "migration_dir.h"
#include "schema.h"
#include "tree.h"

/* ---- which ---- */

static bool is_asked(const struct rebuild_request *request, const char *app)
{
	for (size_t i = 0; i < request->apps.n; i++)
		if (!strcmp(request->apps.v[i], app))
			return true;
	return !request->apps.n;
}

static size_t alters_of(const struct rebuild_files *f, const char *app)
{
	size_t n = 0;

	for (size_t i = 0; i < f->old.n; i++)
		n += !strcmp(f->old.v[i]->app, app) && baseline_alters(f->old.v[i]);
	return n;
}

static void choose(struct rebuild_files *f, const struct rebuild_request *request)
{
	for (size_t i = 0; i < f->manifest->napps; i++) {
		const char *label = f->manifest->apps[i].label;

		if (!is_asked(request, label) || (!request->recreate && !alters_of(f, label)))
			continue;
		f->apps = need(reallocarray(f->apps, f->napps + 1, sizeof(char *)));
		f->apps[f->napps++] = label;
	}
}

static char *beside(const struct rebuild_files *f, const char *what, const char *stamp)
{
	char *path;

	path = need_text("%s.%s-%s", f->dir, what, stamp);
	return path;
}

int rebuild_files_load(struct rebuild_files *f, const struct settings *settings,
		       const struct rebuild_request *request, struct err *err)
{
	struct schema_scope scope = { (const char *const *)request->apps.v, request->apps.n, NULL };
	char *models = home_dir(settings->models_dir, "models");
	char *migrations = home_dir(settings->migrations_dir, "migrations");
	int rc = -1;

	if (!realpath(migrations, f->dir))
		err_set(err, ERR_PERMANENT, "migration_failed", "%s: %s", migrations, strerror(errno));
	else if ((f->manifest = manifest_load(models, err)) &&
		 schema_scope_check(&scope, f->manifest, NULL, err) == 0)
		rc = migration_dir_load(&f->old, f->dir, err);
	if (rc == 0) {
		choose(f, request);
		f->staged = beside(f, "new", request->stamp);
		f->kept = beside(f, request->backup ? "backup" : "set-aside", request->stamp);
	}
	free(models);
	free(migrations);
	return rc;
}

void rebuild_files_clear(struct rebuild_files *f)
{
	if (f->stands)
		tree_remove(f->staged);
	manifest_free(f->manifest);
	migrations_clear(&f->old);
	migrations_clear(&f->new);
	baseline_clear(&f->baseline);
	free(f->apps);
	free(f->staged);
	free(f->kept);
}

void rebuild_files_tell(const struct rebuild_files *f, json_t *apps)
{
	for (size_t i = 0; i < f->napps; i++) {
		json_t *aside = json_array();

		for (size_t k = 0; k < f->old.n; k++)
			if (!strcmp(f->old.v[k]->app, f->apps[i]))
				json_array_append_new(aside, json_string(f->old.v[k]->name));
		json_array_append_new(apps, json_pack("{ss so si s[ss]}", "app", f->apps[i], "set_aside", aside,
			"alters", (int)alters_of(f, f->apps[i]), "written", BASELINE_TABLES, BASELINE_FOREIGN_KEYS));
	}
}

char *rebuild_files_leftover(const struct rebuild_files *f)
{
	char *pattern = beside(f, "new", "*"), *path = NULL;
	glob_t found = { 0 };

	if (glob(pattern, 0, NULL, &found) == 0)
		path = need_copy(found.gl_pathv[0]);
	globfree(&found);
	free(pattern);
	return path;
}

/* ---- the new folder ---- */

int rebuild_files_stage(struct rebuild_files *f, const char *const *lines, struct err *err)
{
	const struct baseline_source from = { f->manifest, &f->old, f->apps, f->napps, lines };

	baseline_write(&f->baseline, &from);
	if (tree_copy(f->dir, f->staged, err) < 0)
		return -1;
	f->stands = true;
	for (size_t i = 0; i < f->napps; i++)
		if (tree_empty(f->staged, f->apps[i], err) < 0)
			return -1;
	for (size_t i = 0; i < f->baseline.n; i++) {
		const struct baseline_file *b = &f->baseline.v[i];

		if (tree_write(f->staged, b->app, b->name, b->sql, err) < 0)
			return -1;
	}
	if (tree_sync(f->staged, err) < 0)
		return -1;
	return migration_dir_load(&f->new, f->staged, err);
}

const struct migration *rebuild_files_new(const struct rebuild_files *f, size_t n)
{
	const struct baseline_file *b = &f->baseline.v[n];
	char id[MIGRATION_NAME_MAX + 1];

	snprintf(id, sizeof(id), "%s.%s", b->app, b->name);
	return migrations_find(&f->new, id);
}

/* ---- apps that would have to come along ---- */

static bool is_chosen(const struct rebuild_files *f, const char *app)
{
	for (size_t i = 0; i < f->napps; i++)
		if (!strcmp(f->apps[i], app))
			return true;
	return false;
}

/* "old: column|license_x|item_id|bigint": in a table of the app. */
static bool is_in(const struct manifest_app *app, const char *line)
{
	const char *table = strchr(line, '|');

	for (size_t i = 0; table && i < app->ntables; i++) {
		size_t len = strlen(app->tables[i].name);

		if (!strncmp(table + 1, app->tables[i].name, len) && table[1 + len] == '|')
			return true;
	}
	return false;
}

static bool any_in(const struct manifest_app *app, const json_t *differs)
{
	const json_t *line;
	size_t i;

	json_array_foreach(differs, i, line)
		if (is_in(app, json_string_value(line)))
			return true;
	return false;
}

char *rebuild_files_others(const struct rebuild_files *f, const json_t *differs)
{
	char *names = NULL;
	size_t len, n = 0;
	FILE *out = need(open_memstream(&names, &len));

	for (size_t i = 0; i < f->manifest->napps; i++) {
		const struct manifest_app *app = &f->manifest->apps[i];

		if (!is_chosen(f, app->label) && any_in(app, differs))
			fprintf(out, "%s%s", n++ ? ", " : "", app->label);
	}
	fclose(out);
	return names;
}

bool rebuild_files_is_other(const struct rebuild_files *f, const char *message)
{
	for (size_t i = 0; i < f->manifest->napps; i++) {
		const char *label = f->manifest->apps[i].label;
		size_t len = strlen(label);

		if (!strncmp(message, label, len) && message[len] == '.')
			return !is_chosen(f, label);
	}
	return false;
}
