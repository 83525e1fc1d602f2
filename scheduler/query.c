/* query.c - PostgreSQL, for a program that does one thing after another. */
#include "own_schema.h"
#include "scheduler.h"

struct asked {
	query_rows *each;
	void *data;
	bool came, failed;
	struct err *err;
};

static void on_rows(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct asked *a = data;

	a->came = true;
	a->failed = err != NULL;
	if (err)
		*a->err = *err;
	else if (a->each)
		a->each(rows, a->data);
}

static void on_schema(const struct err *err, void *data)
{
	on_rows(NULL, err, data);
}

static int wait_for(struct app *app, const struct asked *a)
{
	while (!a->came)
		loop_run_once(app->loop);
	return a->failed ? -1 : 0;
}

int app_query(struct app *app, const struct db_stmt *stmts, int n, query_rows *each, void *data, struct err *err)
{
	struct asked a = { .each = each, .data = data, .err = err };

	db_run(app->db, stmts, n, DB_COMMIT, on_rows, &a);
	return wait_for(app, &a);
}

int app_schema(struct app *app, struct err *err)
{
	struct asked a = { .err = err };

	own_schema_ensure(app->db, on_schema, &a);
	return wait_for(app, &a);
}
