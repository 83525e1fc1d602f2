/* migration_make_test.c - what a check found, written as migrations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "migration_make.h"

#define TABLE(name) "{\"table\":\"" name "\",\"model\":\"M\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}]}"

static char dir[] = "/tmp/gesync-make-XXXXXX";
static const char *const apps[] = { "depot", "shop" };
static struct manifest *manifest;
static struct migrations set;
static struct made made;

static char *path_of(const char *app)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s.json", dir, app);
	return path;
}

static int begin(void **state)
{
	const char *sql = "SELECT 1;";
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < 2; i++) {
		FILE *out = fopen(path_of(apps[i]), "w");

		fprintf(out, "{\"app\":\"%s\",\"tables\":[" TABLE("%s_a") "," TABLE("%s_b") "]}", apps[i], apps[i], apps[i]);
		fclose(out);
		migrations_add(&set, migration_parse(apps[i], "0007_last", sql, strlen(sql), "sum", &err));
	}
	manifest = manifest_load(dir, &err);
	assert_non_null(manifest);
	return migrations_order(&set, &err);
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		unlink(path_of(apps[i]));
	made_clear(&made);
	manifest_free(manifest);
	migrations_clear(&set);
	return rmdir(dir);
}

static void make(const char *report)
{
	json_t *doc = json_loads(report, 0, NULL);

	assert_non_null(doc);
	made_clear(&made);
	migration_make(&made, doc, manifest, &set, "20251119_0130");
	json_decref(doc);
}

static const struct made_file *file(const char *name)
{
	for (size_t i = 0; i < made.n; i++)
		if (!strcmp(made.v[i].name, name))
			return &made.v[i];
	fail_msg("there is no %s", name);
	return NULL;
}

static void what_differs_in_nothing_makes_nothing(void **state)
{
	(void)state;
	make("{\"missing\":[],\"drift\":[]}");
	assert_int_equal(made.n, 0);
	make("{\"missing\":[],\"drift\":[{\"table\":\"shop_a\",\"severity\":\"info\",\"safe\":true,\"fix\":\"DROP INDEX CONCURRENTLY i;\"}]}");
	assert_int_equal(made.n, 0);    /* an older installation that works */
}

static void statements_are_sorted_by_what_they_lock(void **state)
{
	(void)state;
	make("{\"missing\":[],\"drift\":[{\"table\":\"shop_a\",\"severity\":\"error\",\"safe\":true,\"fix\":"
	     "\"ALTER TABLE shop_a ADD COLUMN c int;\\nCREATE UNIQUE INDEX CONCURRENTLY i ON shop_a (c);\\n"
	     "ALTER TABLE shop_a ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES shop_b (id) NOT VALID;\\n"
	     "ALTER TABLE shop_a VALIDATE CONSTRAINT f;\"}]}");
	assert_int_equal(made.n, 4);
	assert_string_equal(file("0008_auto_20251119_0130_structure")->sql,
		"-- shop: tables and columns that the models have and the database has not.\n--\n"
		"-- depends: shop.0007_last\n\nALTER TABLE shop_a ADD COLUMN c int;\n");
	assert_string_equal(file("0009_auto_20251119_0130_indexes")->sql,
		"-- shop: indexes, built while the application works.\n--\n"
		"-- depends: shop.0008_auto_20251119_0130_structure\n-- transaction: off\n-- statement_timeout: 2h\n\n"
		"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON shop_a (c);\n");
	assert_string_equal(file("0010_auto_20251119_0130_keys")->sql,
		"-- shop: constraints.\n--\n-- depends: shop.0009_auto_20251119_0130_indexes\n\n"
		"ALTER TABLE shop_a ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES shop_b (id) NOT VALID;\n");
	assert_string_equal(file("0011_auto_20251119_0130_validate")->sql,
		"-- shop: a look at the rows that stand, for constraints that are new.\n--\n"
		"-- depends: shop.0010_auto_20251119_0130_keys\n\nALTER TABLE shop_a VALIDATE CONSTRAINT f;\n");
}

/* A key waits for the tables of another app, those that stand and those that are made beside. */
static void keys_depend_on_what_they_refer_to(void **state)
{
	const char *sql;

	(void)state;
	make("{\"missing\":[{\"table\":\"depot_a\",\"fix\":\"CREATE TABLE depot_a (id bigint);\"},"
	     "{\"table\":\"shop_b\",\"fix\":\"ALTER TABLE shop_b ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES depot_a (id);\"}],\"drift\":[]}");
	sql = file("0008_auto_20251119_0130_keys")->sql;
	assert_non_null(strstr(sql, "-- depends: shop.0007_last\n-- depends: depot.0008_auto_20251119_0130_structure\n"
			       "-- depends: depot.0007_last\n-- lint: off add-foreign-key: on tables that are new\n"));
}

static void what_is_not_safe_is_a_comment(void **state)
{
	const struct made_file *f;

	(void)state;
	make("{\"missing\":[],\"drift\":[{\"table\":\"shop_a\",\"column\":\"c\",\"kind\":\"extra_column\",\"severity\":\"warning\","
	     "\"safe\":false,\"loses_data\":true,\"actual\":\"text\",\"fix\":\"ALTER TABLE shop_a\\n  DROP COLUMN c;\"}]}");
	assert_int_equal(made.n, 1);
	f = file("0008_auto_20251119_0130_structure");
	assert_int_equal(f->statements, 0);
	assert_int_equal(f->unsafe, 1);
	assert_non_null(strstr(f->sql, "\n-- Left to you: shop_a.c, extra_column: the models say nothing, the database has text.\n"
			       "-- It may lose data: look at the rows first.\n--     ALTER TABLE shop_a\n--       DROP COLUMN c;\n"));
}

static void a_table_of_no_app_has_no_file(void **state)
{
	(void)state;
	make("{\"missing\":[{\"table\":\"other_a\",\"fix\":\"CREATE TABLE other_a ();\"}],\"drift\":[]}");
	assert_int_equal(made.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_in_nothing_makes_nothing),
		cmocka_unit_test(statements_are_sorted_by_what_they_lock),
		cmocka_unit_test(keys_depend_on_what_they_refer_to),
		cmocka_unit_test(what_is_not_safe_is_a_comment),
		cmocka_unit_test(a_table_of_no_app_has_no_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
