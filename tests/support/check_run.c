/* check_run.c - databases for the check, and the check. */
#include "tests/support/check_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void check_database(struct test_pg *pg, const char *db, const char *arg)
{
	const char *argv[] = { "scripts/create-schema", arg ? arg : test_pg_conninfo(pg, db),
			       arg ? test_pg_conninfo(pg, db) : NULL, NULL };

	test_pg_sql(pg, NULL, test_format("CREATE DATABASE %s", db));
	proc_run(argv, NULL, NULL);
}

void check_copy(struct test_pg *pg, const char *db, const char *of)
{
	test_pg_sql(pg, NULL, test_format("DROP DATABASE IF EXISTS %s WITH (FORCE)", db));
	test_pg_sql(pg, NULL, test_format("CREATE DATABASE %s TEMPLATE %s", db, of));
}

struct answer {
	int calls;
	json_t *report;
	struct err *err;
	bool failed;
};

static void on_checked(json_t *report, const struct err *err, void *data)
{
	struct answer *a = data;

	a->calls++;
	a->failed = err != NULL;
	a->report = report ? json_incref(report) : NULL;
	if (err)
		*a->err = *err;
}

json_t *check_run(struct loop *loop, const char *conninfo, const struct check_request *request,
		  struct err *err)
{
	struct settings settings = { .database_url = (char *)(uintptr_t)conninfo };

	return check_run_with(loop, &settings, request, err);
}

json_t *check_run_with(struct loop *loop, const struct settings *settings,
		       const struct check_request *request, struct err *err)
{
	struct check_request all = { .table = NULL };
	struct err unexpected;
	struct answer a = { .err = err ? err : &unexpected };

	check_start(loop, settings, request ? request : &all, on_checked, &a);
	assert_int_equal(a.calls, 0);
	loop_until(loop, a.calls);
	assert_int_equal(a.calls, 1);
	assert_true(!a.report == a.failed);
	if (a.failed && !err)
		fail_msg("the check failed: %s: %s", unexpected.code, unexpected.msg);
	return a.report;
}

static bool has(const json_t *object, va_list ap)
{
	const char *key;
	bool all = true;

	while ((key = va_arg(ap, const char *)))
		all &= !strcmp(check_text(object, key), va_arg(ap, const char *));
	return all;
}

json_t *check_find(const json_t *report, const char *list, ...)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(report, list), i, entry) {
		bool found;
		va_list ap;

		va_start(ap, list);
		found = has(entry, ap);
		va_end(ap);
		if (found)
			return entry;
	}
	return NULL;
}

size_t check_count(const json_t *report, const char *list)
{
	return json_array_size(json_object_get(report, list));
}

int check_number(const json_t *report, const char *key)
{
	return (int)json_integer_value(json_object_get(report, key));
}

const char *check_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const char *check_show(const json_t *report)
{
	return json_dumps(report, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
}
