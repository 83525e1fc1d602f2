/* make.c - check --> sort --> write. */
#include "mem.h"
#include "structure/make.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "home.h"
#include "manifest.h"
#include "migration_dir.h"
#include "migration_lint.h"
#include "migration_make.h"
#include "structure/check.h"
#include "tree.h"

struct make {
	const struct settings *settings;        /* borrowed */
	struct make_request req;                /* a copy, strings borrowed */
	make_done_cb *done;
	void *data;
	json_t *result;                         /* owned */
	struct check *check;
	char *dir;                              /* owned: of the migrations */
	struct manifest *manifest;              /* owned */
	struct migrations set;
	struct made made;
};

static void make_free(struct make *m)
{
	check_stop(m->check);
	json_decref(m->result);
	free(m->dir);
	manifest_free(m->manifest);
	migrations_clear(&m->set);
	made_clear(&m->made);
	free(m);
}

static void finish(struct make *m, const struct err *err)
{
	m->done(m->result, err, m->data);
	make_free(m);
}

/* ---- files ---- */

static char *path_of(const struct make *m, const struct made_file *f)
{
	char *path;

	path = need_text("%s/%s/%s.sql", m->dir, f->app, f->name);
	return path;
}

/* All or none. */
static int write_files(struct make *m, struct err *err)
{
	for (size_t i = 0; i < m->made.n; i++) {
		const struct made_file *f = &m->made.v[i];

		if (tree_write(m->dir, f->app, f->name, f->sql, err) == 0)
			continue;
		while (i--) {
			char *path = path_of(m, &m->made.v[i]);

			unlink(path);
			free(path);
		}
		return -1;
	}
	return 0;
}

/* What we write ourselves can be parsed. */
static json_t *lint(const struct made_file *f)
{
	char sum[DIGEST_HEX];
	size_t len = strlen(f->sql);
	struct err err;
	struct migration *m = migration_parse(f->app, f->name, f->sql, len, digest_sha256(f->sql, len, sum), &err);
	json_t *found = m ? migration_lint(m) : json_array();

	migration_free(m);
	return found;
}

static void tell_files(struct make *m, bool written)
{
	json_t *files = json_object_get(m->result, "files");

	for (size_t i = 0; i < m->made.n; i++) {
		const struct made_file *f = &m->made.v[i];
		char *path = path_of(m, f);

		json_array_append_new(files, json_pack("{so ss sb sI sI ss so}",
			"migration", json_sprintf("%s.%s", f->app, f->name), "file", path, "written", written,
			"statements", (json_int_t)f->statements, "unsafe", (json_int_t)f->unsafe,
			"sql", f->sql, "lint", lint(f)));
		free(path);
	}
}

/* ---- from the check to the files ---- */

static int load(struct make *m, struct err *err)
{
	char *models = home_dir(m->settings->models_dir, "models");

	m->dir = home_dir(m->settings->migrations_dir, "migrations");
	m->manifest = manifest_load(models, err);
	free(models);
	return m->manifest ? migration_dir_load(&m->set, m->dir, err) : -1;
}

static int make(struct make *m, const json_t *report, struct err *err)
{
	const json_t *pending = json_object_get(report, "pending");

	if (!json_is_array(pending))
		return err_set(err, ERR_PERMANENT, "migration_failed", "this role may not read django_migrations");
	if (json_array_size(pending))
		return err_set(err, ERR_PERMANENT, "migration_failed",
			       "%zu migrations are pending, the first is %s: apply them first", json_array_size(pending),
			       json_string_value(json_array_get(pending, 0)));
	if (load(m, err) < 0)
		return -1;
	migration_make(&m->made, report, m->manifest, &m->set, m->req.stamp);
	return m->req.dry_run ? 0 : write_files(m, err);
}

static void on_checked(json_t *report, const struct err *err, void *data)
{
	struct make *m = data;
	struct err bad;

	m->check = NULL;
	if (!err && make(m, report, &bad) < 0)
		err = &bad;
	tell_files(m, !err && !m->req.dry_run);
	finish(m, err);
}

struct make *make_start(struct loop *loop, const struct settings *settings,
			const struct make_request *request, make_done_cb *done, void *data)
{
	struct make *m = need(calloc(1, sizeof(*m)));
	struct check_request check = { .apps = request->apps };

	m->settings = settings;
	m->req = *request;
	m->done = done;
	m->data = data;
	m->result = json_pack("{sb s[]}", "dry_run", request->dry_run, "files");
	m->check = check_start(loop, settings, &check, on_checked, m);
	return m;
}

void make_stop(struct make *m)
{
	if (m)
		make_free(m);
}
