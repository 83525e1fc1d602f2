/* check_run.h - for tests of the check: databases as the application leaves them, and
 * one check from start to report. */
#ifndef GESYNC_TESTS_CHECK_RUN_H
#define GESYNC_TESTS_CHECK_RUN_H

#include <jansson.h>

#include "structure/check.h"
#include "tests/support/servers.h"

/* Makes a database with the application's 64 tables. arg: of scripts/create-schema, or NULL. */
void check_database(struct test_pg *pg, const char *db, const char *arg);
/* Makes a database that is a copy of another one. */
void check_copy(struct test_pg *pg, const char *db, const char *of);

/* Runs one check on a database; request NULL: of everything. NULL and *err if it fails; err
 * NULL: then the test fails. The report is the caller's. */
json_t *check_run(struct loop *loop, const char *conninfo, const struct check_request *request,
		  struct err *err);

/* The same with settings of one's own. */
json_t *check_run_with(struct loop *loop, const struct settings *settings,
		       const struct check_request *request, struct err *err);

/* The entry of report[list] with these values, "key", "value", ..., NULL; NULL if none has. */
json_t *check_find(const json_t *report, const char *list, ...) __attribute__((sentinel));
size_t check_count(const json_t *report, const char *list);
/* A number of the report. */
int check_number(const json_t *report, const char *key);
const char *check_text(const json_t *object, const char *key);  /* "" where absent */
/* The report as text, for messages; lives until the program ends. */
const char *check_show(const json_t *report);

#endif
