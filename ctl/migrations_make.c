/* migrations_make.c - the migrations that take the database to its models. */
#include <stdlib.h>

#include "ctl/migrations.h"
#include "structure/make.h"

static void print_file(const json_t *file, bool dry_run)
{
	const json_t *unsafe = json_object_get(file, "unsafe"), *statements = json_object_get(file, "statements"), *one;
	size_t i;

	print_tame(stdout, "%s %s: %d statements, %d left to you", dry_run ? "would write" : "wrote",
		   json_string_value(json_object_get(file, "file")), (int)json_integer_value(statements),
		   (int)json_integer_value(unsafe));
	json_array_foreach(json_object_get(file, "lint"), i, one)
		print_tame(stdout, "  lint: line %d: %s: %s", (int)json_integer_value(json_object_get(one, "line")),
			   json_string_value(json_object_get(one, "rule")), json_string_value(json_object_get(one, "why")));
	if (dry_run)
		fputs(json_string_value(json_object_get(file, "sql")), stdout);
}

int migrations_make(struct ctl *c)
{
	struct make_request request = { .dry_run = c->opt.dry_run };
	struct answer a = { .come = false };
	const json_t *file;
	char stamp[16];
	size_t i;

	request.stamp = migrations_stamp('_', stamp);
	migrations_apps(c, &request.apps);
	c->answer = &a;
	make_start(c->loop, &c->set, &request, on_answer, c);
	wait_for(c);
	free(request.apps.v);
	if (a.failed) {
		json_decref(a.doc);
		return ctl_fail(c);
	}
	if (c->opt.json) {
		print_json(a.doc);
		return EXIT_DONE;
	}
	json_array_foreach(json_object_get(a.doc, "files"), i, file)
		print_file(file, c->opt.dry_run);
	if (!json_array_size(json_object_get(a.doc, "files")))
		puts("nothing to do: the database is what the models say");
	json_decref(a.doc);
	return EXIT_DONE;
}
