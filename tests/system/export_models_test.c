/* export_models_test.c - a small Django project, its database made by Django itself, against
 * the models that scripts/export-models writes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/check_run.h"

#define PYTHON "/usr/bin/python3"       /* Debian's, for which its Django is */
#define MANAGE "tests/data/django_project/manage.py"

static struct test_pg *pg;
static struct loop *loop;

/* Runs python with these words, the script on its standard input if asked; its status. */
static int python(const char *out, int port, const char *input, const char *const *words)
{
	const char *argv[10] = { PYTHON }, *env[] = {
		"SHOP_DB=shop", test_format("SHOP_HOST=%s", port ? "127.0.0.1" : pg->dir),
		test_format("SHOP_PORT=%d", port ? port : pg->port), "PYTHONDONTWRITEBYTECODE=1",
		"PYTHONPATH=tests/data/django_project", test_format("GESYNC_EXPORT_DIR=%s", out), NULL };
	struct proc *proc;
	int status;

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	proc = proc_start_input(argv, env, input ? input : "");
	status = proc_wait(proc);
	if (status)
		test_write(test_path("complaint"), proc_err(proc));
	return status;
}

static json_t *check_against(const char *dir)
{
	const char *copy[] = { "cp", "db/models/other.json", dir, NULL };
	struct settings settings = { .database_url = test_pg_conninfo(pg, "shop"), .models_dir = test_format("%s", dir) };

	proc_run(copy, NULL, NULL);
	return check_run_with(loop, &settings, NULL, NULL);
}

static void what_django_makes_is_what_the_models_say(void **state)
{
	const char *const shell[] = { MANAGE, "shell", NULL };
	const char *dir = test_path("by_shell");
	json_t *r;

	(void)state;
	assert_int_equal(python(dir, 0, test_read("scripts/export-models"), shell), 0);
	r = check_against(dir);
	if (check_count(r, "drift") || check_count(r, "missing"))
		fail_msg("%s", check_show(r));
	assert_int_equal(check_number(r, "models"), 5);
	assert_int_equal(check_count(r, "orphaned"), 1);
	assert_non_null(check_find(r, "orphaned", "table", "shop_item_tags", "class", "expected", NULL));
	json_decref(r);
	/* And it is no empty comparison. */
	test_pg_sql(pg, "shop", "ALTER TABLE shop_item DROP CONSTRAINT item_price; DROP INDEX item_one_open");
	r = check_against(dir);
	assert_int_equal(check_count(r, "drift"), 2);
	assert_non_null(check_find(r, "drift", "kind", "check", "name", "item_price", NULL));
	assert_non_null(check_find(r, "drift", "kind", "unique", "name", "item_one_open", NULL));
	json_decref(r);
}

static void given_the_settings_it_writes_the_same(void **state)
{
	const char *const shell[] = { MANAGE, "shell", NULL };
	const char *const script[] = { "scripts/export-models", "--settings", "project.settings", NULL };

	(void)state;
	assert_int_equal(python(test_path("a"), 0, test_read("scripts/export-models"), shell), 0);
	assert_int_equal(python(test_path("b"), 0, NULL, script), 0);
	assert_string_equal(test_read(test_path("a/shop.json")), test_read(test_path("b/shop.json")));
	assert_string_equal(test_read(test_path("a/stock.json")), test_read(test_path("b/stock.json")));
	assert_non_null(strstr(test_read(test_path("b/stock.json")), "\"Stock depots\""));
}

static void what_cannot_be_printed_is_told_and_nothing_is_written(void **state)
{
	const char *const script[] = { "scripts/export-models", "--settings", "project.settings", NULL };
	const char *dir = test_path("none");

	(void)state;
	assert_int_equal(python(dir, test_free_port(), NULL, script), 1);
	assert_non_null(strstr(test_read(test_path("complaint")),
			       "item_price of shop_item: only PostgreSQL can print it"));
	assert_int_equal(access(dir, F_OK), -1);
}

static void an_unknown_app_is_refused(void **state)
{
	const char *const script[] = { "scripts/export-models", "--settings", "project.settings", "--apps",
				       "shop,shopp", NULL };

	(void)state;
	assert_int_equal(python(test_path("none"), 0, NULL, script), 1);
	assert_non_null(strstr(test_read(test_path("complaint")),
			       "there is no app shopp: give some of auth, contenttypes, shop, stock"));
}

static int start(void **state)
{
	const char *const contrib[] = { MANAGE, "migrate", "-v0", NULL };
	const char *const own[] = { MANAGE, "migrate", "-v0", "--run-syncdb", NULL };

	(void)state;
	pg = test_pg_start();
	loop = loop_new();
	test_pg_sql(pg, NULL, "CREATE DATABASE shop");
	/* First auth, which has migrations, then what refers to it and has none. */
	if (python("none", 0, NULL, contrib) || python("none", 0, NULL, own)) {
		print_error("%s", test_read(test_path("complaint")));
		return -1;
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	loop_free(loop);
	test_pg_stop(pg);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_the_settings_it_writes_the_same),
		cmocka_unit_test(what_cannot_be_printed_is_told_and_nothing_is_written),
		cmocka_unit_test(an_unknown_app_is_refused),
		cmocka_unit_test(what_django_makes_is_what_the_models_say),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
