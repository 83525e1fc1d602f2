/* migrations_rebuild.c - fresh migrations in the place of the old. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/migrations.h"
#include "mem.h"
#include "structure/rebuild.h"

char *migrations_stamp(char sep, char out[16])
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(out, 16, "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
	out[8] = sep;
	return out;
}

void migrations_apps(const struct ctl *c, struct strings *list)
{
	char *rest = c->opt.apps, *app;

	*list = (struct strings){ NULL, 0 };
	while ((app = strsep(&rest, ",")))
		if (*app) {
			list->v = need(reallocarray(list->v, list->n + 1, sizeof(char *)));
			list->v[list->n++] = app;
		}
}

static void on_progress(const char *line, void *data)
{
	(void)data;
	print_tame(stderr, "%s", line);
}

static void print_app(const json_t *app, bool dry_run)
{
	const json_t *aside = json_object_get(app, "set_aside"), *name;
	size_t i;

	print_tame(stdout, "%s: %zu migrations %s aside, %d of which alter, rename or change what others made:",
		   json_string_value(json_object_get(app, "app")), json_array_size(aside), dry_run ? "would be set" : "set",
		   (int)json_integer_value(json_object_get(app, "alters")));
	json_array_foreach(aside, i, name)
		print_tame(stdout, "  - %s", json_string_value(name));
	json_array_foreach(json_object_get(app, "written"), i, name)
		print_tame(stdout, "  + %s", json_string_value(name));
}

static void print_result(const json_t *doc, bool failed)
{
	bool dry_run = json_is_true(json_object_get(doc, "dry_run"));
	const json_t *differs = json_object_get(doc, "differs"), *one;
	size_t i;

	json_array_foreach(differs, i, one)
		print_tame(stdout, "%s", json_string_value(one));
	if (failed)
		return;
	json_array_foreach(json_object_get(doc, "apps"), i, one)
		print_app(one, dry_run);
	print_tame(stdout, "the old files %s in %s", dry_run ? "would be kept" : "are kept",
		   json_string_value(json_object_get(doc, "kept")));
}

static void run(struct ctl *c, struct answer *a)
{
	struct rebuild_request request = {
		.backup = c->opt.backup || c->opt.full,
		.remove_alters = c->opt.remove_alters || c->opt.full,
		.recreate = c->opt.recreate || c->opt.full,
		.dry_run = c->opt.dry_run,
	};
	char stamp[16];

	request.stamp = migrations_stamp('-', stamp);
	migrations_apps(c, &request.apps);
	c->answer = a;
	rebuild_start(c->loop, &c->set, &request, c->opt.json ? NULL : on_progress, on_answer, c);
	wait_for(c);
	free(request.apps.v);
}

int migrations_rebuild(struct ctl *c)
{
	struct answer a = { .come = false };

	if (!c->opt.full && !c->opt.backup && !c->opt.remove_alters && !c->opt.recreate)
		return ctl_usage("migrations rebuild: say what: --full, or --backup, --remove-alters, --recreate");
	run(c, &a);
	if (!c->opt.json)
		print_result(a.doc, a.failed);
	if (a.failed && c->opt.json)
		json_object_set_new(a.doc, "error", json_pack("{ss ss}", "code", c->err.code, "message", c->err.msg));
	if (c->opt.json)
		print_json(json_incref(a.doc));
	json_decref(a.doc);
	return a.failed ? ctl_fail(c) : EXIT_DONE;
}
