/* migrations.c - the migration files, and what of them the database has. Needs
 * no worker and no Redis. A new subcommand is one row of the table below. */
#include <stdlib.h>
#include <string.h>

#include "ctl/migrations.h"
#include "home.h"
#include "migration_dir.h"
#include "migration_lint.h"
#include "structure/migrate.h"
#include "structure/migrate_list.h"

#define USAGE "migrations ls|plan|make|rebuild|sql APP.NAME|lint [APP.NAME]..."

void on_answer(json_t *doc, const struct err *err, void *data)
{
	struct ctl *c = data;
	struct answer *a = c->answer;

	a->come = true;
	a->failed = err;
	a->doc = json_incref(doc);
	if (err)
		c->err = *err;
}

void wait_for(struct ctl *c)
{
	while (!((struct answer *)c->answer)->come)
		loop_run_once(c->loop);
}

static const char *text_of(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/* ---- ls ---- */

static enum mark mark_of(const char *state)
{
	if (!strcmp(state, "applied") || !strcmp(state, "faked"))
		return MARK_GOOD;
	return !strcmp(state, "pending") || !strcmp(state, "unknown") ? MARK_DIM : MARK_BAD;
}

static void print_list(const json_t *doc)
{
	static const char *const titles[] = { "state", "migration", "applied", ">took", NULL };
	static const char *const states[] = { "applied", "pending", "faked", "edited", "partly", "unknown" };
	struct table t;
	char took[TIME_MAX];
	const json_t *one;
	size_t i;

	table_init(&t, titles);
	json_array_foreach(json_object_get(doc, "migrations"), i, one) {
		const json_t *ms = json_object_get(one, "duration_ms");

		table_add(&t, mark_of(text_of(one, "state")), "%s", text_of(one, "state"));
		table_add(&t, MARK_NONE, "%s", text_of(one, "migration"));
		table_add(&t, MARK_NONE, "%s", text_of(one, "applied_at"));
		table_add(&t, MARK_NONE, "%s", json_is_integer(ms) ? print_span(json_integer_value(ms), took) : "");
	}
	table_print(&t, stdout);
	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		printf("%s%lld %s", i ? ", " : "\n", (long long)json_integer_value(json_object_get(doc, states[i])), states[i]);
	putchar('\n');
}

static int migrations_ls(struct ctl *c)
{
	struct answer a = { .come = false };

	c->answer = &a;
	migrate_list_start(c->loop, &c->set, on_answer, c);
	wait_for(c);
	if (a.failed)
		return ctl_fail(c);
	if (c->opt.json) {
		print_json(a.doc);
	} else {
		print_list(a.doc);
		json_decref(a.doc);
	}
	return EXIT_DONE;
}

/* ---- lint, by itself and in a plan ---- */

/* "core/0001_x.sql:3: warning: rule: why; instead: ..." */
static void print_findings(const char *before, const char *file, const json_t *found)
{
	const json_t *one;
	size_t i;

	json_array_foreach(found, i, one)
		print_tame(stdout, "%s%s:%d: %s: %s: %s; instead: %s", before, file,
			   (int)json_integer_value(json_object_get(one, "line")), text_of(one, "severity"),
			   text_of(one, "rule"), text_of(one, "why"), text_of(one, "instead"));
}

static bool has_error(const json_t *found)
{
	const json_t *one;
	size_t i;

	json_array_foreach(found, i, one)
		if (!strcmp(text_of(one, "severity"), "error"))
			return true;
	return false;
}

static int load(struct ctl *c, struct migrations *set)
{
	char *dir = home_dir(c->set.migrations_dir, "migrations");
	int rc = migration_dir_load(set, dir, &c->err);

	free(dir);
	return rc < 0 ? ctl_fail(c) : 0;
}

static bool is_asked(const struct ctl *c, const char *id)
{
	for (size_t i = 2; i < c->args.n; i++)
		if (!strcmp(c->args.v[i], id))
			return true;
	return c->args.n == 2;
}

static int lint_all(struct ctl *c, const struct migrations *set)
{
	json_t *doc = json_array();
	int status = EXIT_DONE;

	for (size_t i = 0; i < set->n; i++) {
		const struct migration *m = set->v[i];
		json_t *found, *file;

		if (!is_asked(c, m->id))
			continue;
		found = migration_lint(m);
		file = json_sprintf("%s/%s.sql", m->app, m->name);
		if (has_error(found))
			status = EXIT_MISSING;
		if (!c->opt.json)
			print_findings("", json_string_value(file), found);
		json_array_append_new(doc, json_pack("{ss so so}", "migration", m->id, "file", file, "findings", found));
	}
	if (c->opt.json)
		print_json(json_pack("{so}", "files", doc));
	else
		json_decref(doc);
	return status;
}

static int migrations_lint(struct ctl *c)
{
	struct migrations set = { NULL, 0 };
	int status = load(c, &set);

	for (size_t i = 2; !status && i < c->args.n; i++)
		if (!migrations_find(&set, c->args.v[i]))
			status = ctl_missing(c, "there is no migration %s", c->args.v[i]);
	if (!status)
		status = lint_all(c, &set);
	migrations_clear(&set);
	return status;
}

/* ---- sql ---- */

static int migrations_sql(struct ctl *c)
{
	struct migrations set = { NULL, 0 };
	const struct migration *m;
	int status = load(c, &set);

	if (!status && !(m = migrations_find(&set, c->args.v[2])))
		status = ctl_missing(c, "there is no migration %s", c->args.v[2]);
	else if (!status && c->opt.json)
		print_json(json_pack("{ss ss sb ss}", "migration", m->id, "checksum", m->checksum,
				     "transaction", m->transaction, "sql", m->sql));
	else if (!status)
		fputs(m->sql, stdout);
	migrations_clear(&set);
	return status;
}

/* ---- plan ---- */

static void print_planned(const json_t *one)
{
	const json_t *stands = json_object_get(one, "can_be_faked");

	printf("-- %s (%s)%s\n", text_of(one, "migration"), text_of(one, "file"),
	       json_is_true(json_object_get(one, "transaction")) ? "" : ", without a transaction");
	if (json_is_true(stands))
		puts("-- can be faked: its effect stands already");
	else if (json_is_null(stands))
		puts("-- whether its effect stands already cannot be told without waiting for a lock");
	print_findings("-- lint: ", text_of(one, "file"), json_object_get(one, "lint"));
	puts(text_of(one, "sql"));
}

static void print_plan(const json_t *doc)
{
	const json_t *edited = json_object_get(doc, "edited"), *one;
	size_t i;

	json_array_foreach(edited, i, one)
		printf("-- %s was edited after it had been applied: migrate refuses until --repair accepts it\n", json_string_value(one));
	json_array_foreach(json_object_get(doc, "plan"), i, one)
		print_planned(one);
	if (!json_array_size(json_object_get(doc, "plan")))
		puts("-- nothing to do: all migrations are applied");
}

static int migrations_plan(struct ctl *c)
{
	struct migrate_request request = { .plan = true };
	struct answer a = { .come = false };

	c->answer = &a;
	migrate_start(c->loop, &c->set, &request, NULL, on_answer, c);
	wait_for(c);
	if (a.failed) {
		json_decref(a.doc);
		return ctl_fail(c);
	}
	if (c->opt.json) {
		print_json(a.doc);
	} else {
		print_plan(a.doc);
		json_decref(a.doc);
	}
	return EXIT_DONE;
}

/* ---- which ---- */

static const struct {
	const char *name;
	size_t least, most;     /* words behind it */
	int (*run)(struct ctl *c);
} subcommands[] = {
	{ "ls", 0, 0, migrations_ls }, { "plan", 0, 0, migrations_plan },
	{ "sql", 1, 1, migrations_sql }, { "lint", 0, 1000, migrations_lint },
	{ "make", 0, 0, migrations_make }, { "rebuild", 0, 0, migrations_rebuild },
};

int command_migrations(struct ctl *c)
{
	int rc = ctl_words(c, 1, 1, 1000, USAGE);

	for (size_t i = 0; !rc && i < sizeof(subcommands) / sizeof(*subcommands); i++) {
		if (strcmp(c->args.v[1], subcommands[i].name))
			continue;
		rc = ctl_words(c, 2, subcommands[i].least, subcommands[i].most, USAGE);
		return rc ? rc : subcommands[i].run(c);
	}
	return rc ? rc : ctl_usage("migrations: '%.40s' is none of its commands: gesyncctl " USAGE, c->args.v[1]);
}
