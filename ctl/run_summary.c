/* run_summary.c - what the users wrote by hand after such a night: Markdown. */
#include <string.h>

#include "ctl.h"

static const json_t *result_of(const json_t *run, const char *step)
{
	return json_object_get(json_object_get(run, step), "result");
}

static void structure_row(const char *when, const json_t *report)
{
	size_t missing = json_array_size(json_object_get(report, "missing"));

	printf("| %s | %lld | %zu | %lld | %zu |\n", when, json_integer_value(json_object_get(report, "tables")), missing,
	       json_integer_value(json_object_get(report, "errors")), json_array_size(json_object_get(report, "pending")));
}

static void print_orphans(const json_t *report)
{
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach(json_object_get(report, "orphaned"), i, one)
		if (json_is_true(json_object_get(one, "expected")))
			printf("%s`%s`", n++ ? ", " : "\nExpected tables without a model: ", json_string_value(json_object_get(one, "table")));
	if (n)
		puts(".");
}

static void print_created(const json_t *before, const json_t *after)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(json_object_get(before, "missing")) || json_array_size(json_object_get(after, "missing")))
		return;
	puts("\nTables created:\n");
	json_array_foreach(json_object_get(before, "missing"), i, one)
		printf("* `%s`\n", json_string_value(json_object_get(one, "table")));
}

/* One line for each app: they come in the order in which they were applied. */
static void print_migrations(const char *title, const json_t *list)
{
	const json_t *one, *other;
	size_t i, k;

	if (!json_array_size(list))
		return;
	printf("\n%s:\n\n", title);
	json_array_foreach(list, i, one) {
		const char *name = json_string_value(json_object_get(one, "migration"));
		size_t app = strcspn(name, ".") + 1;
		bool first = true;

		for (k = 0; k < i && first; k++)
			first = strncmp(json_string_value(json_object_get(json_array_get(list, k), "migration")), name, app) != 0;
		if (!first)
			continue;
		printf("* **%.*s**:", (int)app - 1, name);
		json_array_foreach(list, k, other)
			if (!strncmp(json_string_value(json_object_get(other, "migration")), name, app))
				printf(" `%s`", json_string_value(json_object_get(other, "migration")) + app);
		putchar('\n');
	}
}

static void print_structure(const json_t *run)
{
	const json_t *before = result_of(run, "before"), *after = result_of(run, "check"), *migrate = result_of(run, "migrate");

	if (!before)
		return;
	puts("\n## Structure\n\n| | tables | missing | errors | migrations pending |\n| --- | --- | --- | --- | --- |");
	structure_row("before", before);
	structure_row("after", after ? after : before);
	print_created(before, after);
	print_migrations("Migrations applied", json_object_get(migrate, "applied"));
	print_migrations("Recorded, since their effect stood already", json_object_get(migrate, "faked"));
	print_orphans(after ? after : before);
}

static void print_licences(const json_t *run, const json_t *failures)
{
	const json_t *one;
	size_t i;

	puts("\n## Licences\n\n| synced | changed | unchanged | failed | put back |\n| --- | --- | --- | --- | --- |");
	printf("| %lld | %lld | %lld | %lld | %lld |\n", runs_number(run, "done"), runs_number(run, "changed"),
	       runs_number(run, "unchanged"), runs_number(run, "failed"), runs_number(run, "put_back"));
	if (!json_array_size(failures))
		return;
	puts("\nFailed or put back:\n");
	json_array_foreach(failures, i, one) {
		if (i == 20) {
			printf("* and %zu more\n", json_array_size(failures) - i);
			break;
		}
		print_tame(stdout, "* `%s`: %s, %s", runs_text(one, "license"), runs_text(one, "code"), runs_text(one, "message"));
	}
}

static void print_steps(const json_t *run, const char *id)
{
	puts("\n## Next steps\n");
	if (json_is_string(json_object_get(run, "error")))
		puts("* Mend the structure (`gesyncctl report check` has the statements), then `gesync-scheduler sync` again.");
	if (runs_number(run, "dead"))
		printf("* Look at `gesyncctl run %s --failures`; what is mended is tried again by `gesyncctl dead retry`.\n", id);
	if (runs_number(run, "put_back"))
		puts("* Nothing to do for what was put back: the next sync fetches it first.");
	if (!json_is_string(json_object_get(run, "error")) && !runs_number(run, "dead") && !runs_number(run, "put_back"))
		puts("* None.");
}

void run_summary(const json_t *run, const char *id, const json_t *failures)
{
	char at[TIME_MAX];

	print_tame(stdout, "# Sync %s: %s", id, runs_text(run, "state"));
	putchar('\n');
	printf("Began %s", print_iso(runs_number(run, "started_at"), at));
	if (runs_number(run, "finished_at"))
		printf(", ended %s", print_iso(runs_number(run, "finished_at"), at));
	print_tame(stdout, "; asked by %s; mode %s.", runs_text(run, "asked_by"), runs_text(run, "mode"));
	if (json_is_string(json_object_get(run, "error"))) {
		putchar('\n');
		print_tame(stdout, "**Stopped:** %s", runs_text(run, "error"));
	}
	print_structure(run);
	print_licences(run, failures);
	print_steps(run, id);
}
