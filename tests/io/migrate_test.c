/* migrate_test.c - the migrate engine against a real PostgreSQL, with the small
 * migrations of tests/data/migrations. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "structure/migrate.h"
#include "tests/support/servers.h"

static struct test_pg *pg;
static struct loop *loop;
static struct settings settings;
static int nth;                 /* database of this test */
static char *db;

struct got {
	int calls;
	json_t *result;
	struct err err;
	bool failed;
	char said[4000];
};

static void on_progress(const char *line, void *data)
{
	struct got *g = data;
	size_t len = strlen(g->said);

	snprintf(g->said + len, sizeof(g->said) - len, "%s\n", line);
}

static void on_done(json_t *result, const struct err *err, void *data)
{
	struct got *g = data;

	g->calls++;
	g->result = json_deep_copy(result);
	g->failed = err;
	if (err)
		g->err = *err;
}

static struct got *migrate(const struct migrate_request *request)
{
	struct got *g = calloc(1, sizeof(*g));

	migrate_start(loop, &settings, request, on_progress, on_done, g);
	assert_int_equal(g->calls, 0);
	loop_until(loop, g->calls);
	return g;
}

static void drop(struct got *g)
{
	json_decref(g->result);
	free(g);
}

static struct got *migrate_ok(const struct migrate_request *request)
{
	struct got *g = migrate(request);

	if (g->failed)
		fail_msg("%s: %s", g->err.code, g->err.msg);
	return g;
}

static void migrate_all(void)
{
	drop(migrate_ok(&(struct migrate_request){ .plan = false }));
}

/* Fails with this code and part of the message. */
static void migrate_wrong(const struct migrate_request *request, const char *code, const char *part)
{
	struct got *g = migrate(request);

	assert_true(g->failed);
	assert_string_equal(g->err.code, code);
	if (!strstr(g->err.msg, part))
		fail_msg("'%s' is not in '%s'", part, g->err.msg);
	drop(g);
}

/* "a.0001_x b.0002_y": the migrations of a list of the result. */
static const char *list(const struct got *g, const char *name)
{
	static char text[2000];
	json_t *entry;
	size_t i;

	*text = '\0';
	json_array_foreach(json_object_get(g->result, name), i, entry) {
		json_t *id = json_is_string(entry) ? entry : json_object_get(entry, "migration");

		strcat(text, i ? " " : "");
		strcat(text, json_string_value(id));
	}
	return text;
}

static char *sql(const char *text)
{
	return test_pg_sql(pg, db, text);
}

static const char all[] = "shop.0001_initial depot.0001_initial depot.0002_fill shop.0002_price "
			  "shop.0003_name_index shop.0004_drop_tag";

static char *recorded(void)
{
	return sql("SELECT string_agg(app || '.' || name, ' ' ORDER BY id) FROM django_migrations");
}

static int begin(void **state)
{
	(void)state;
	loop = loop_new();
	db = test_format("m%d", nth++);
	test_pg_sql(pg, NULL, test_format("CREATE DATABASE %s", db));
	settings.database_url = test_pg_conninfo(pg, db);
	settings.migrations_dir = "tests/data/migrations";
	settings.models_dir = "db/models";
	settings.backup_dir = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

/* A copy of the migrations that a test may edit. */
static char *own_dir(void)
{
	char *dir = test_path("migrations%d", nth);

	proc_run((const char *const[]){ "cp", "-r", "tests/data/migrations", dir, NULL }, NULL, NULL);
	settings.migrations_dir = dir;
	return dir;
}

static void an_empty_database_gets_all_of_them_in_order(void **state)
{
	struct got *g = migrate_ok(&(struct migrate_request){ .plan = false });

	(void)state;
	assert_string_equal(list(g, "applied"), all);
	assert_string_equal(list(g, "pending"), "");
	assert_string_equal(recorded(), all);
	assert_non_null(strstr(g->said, "depot.0002_fill: applied in"));
	assert_non_null(strstr(g->said, "(6 of 6)"));
	assert_string_equal(sql("SELECT count(*) FROM gesync.migration WHERE NOT faked AND duration_ms >= 0 "
				"AND length(checksum) = 64"), "6");
	assert_string_equal(sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop_item_name'::regclass"), "t");
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .plan = false });
	assert_string_equal(list(g, "applied"), "");
	assert_string_equal(recorded(), all);
	drop(g);
}

static void to_and_app_go_part_of_the_way(void **state)
{
	char *apps[] = { "depot" };
	struct got *g = migrate_ok(&(struct migrate_request){ .to = "shop.0002_price" });

	(void)state;
	assert_string_equal(list(g, "applied"), "shop.0001_initial shop.0002_price");
	assert_string_equal(list(g, "pending"), "depot.0001_initial depot.0002_fill shop.0003_name_index shop.0004_drop_tag");
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .apps = { apps, 1 } });
	assert_string_equal(list(g, "applied"), "depot.0001_initial depot.0002_fill");
	drop(g);
	migrate_wrong(&(struct migrate_request){ .to = "shop.0001_initial" }, "migration_failed", "forward only");
	migrate_wrong(&(struct migrate_request){ .to = "shop.0009_x" }, "migration_failed", "no migration 'shop.0009_x'");
	migrate_wrong(&(struct migrate_request){ .apps = { (char *[]){ "shoe" }, 1 } }, "unknown_app", "no app 'shoe' among the migrations: give one of shop, depot");
}

static void a_failure_leaves_its_migration_wholly_undone(void **state)
{
	struct got *g;

	(void)state;
	drop(migrate_ok(&(struct migrate_request){ .to = "shop.0003_name_index" }));
	sql("INSERT INTO shop_tag VALUES (7, 'kept')");
	g = migrate(&(struct migrate_request){ .plan = false });
	assert_string_equal(g->err.code, "migration_failed");
	assert_int_equal(g->err.kind, ERR_PERMANENT);
	assert_non_null(strstr(g->err.msg, "shop.0004_drop_tag, line 2: shop_tag holds data that would be lost: 7"));
	assert_string_equal(json_string_value(json_object_get(json_object_get(g->result, "failed"), "hint")),
			    "--allow-data-loss goes on");
	assert_string_equal(list(g, "applied"), "depot.0001_initial depot.0002_fill");
	assert_string_equal(list(g, "pending"), "shop.0004_drop_tag");
	assert_string_equal(sql("SELECT count(*) FROM shop_tag"), "1");
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .allow_data_loss = true });
	assert_string_equal(list(g, "applied"), "shop.0004_drop_tag");
	assert_string_equal(sql("SELECT to_regclass('shop_tag') IS NULL"), "t");
	drop(g);
}

static void a_plan_changes_nothing_and_knows_what_stands(void **state)
{
	struct got *g;
	json_t *entry;

	(void)state;
	sql("CREATE TABLE shop_item (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, name varchar(50) NOT NULL, "
	    "price double precision); CREATE TABLE shop_tag (id bigint PRIMARY KEY, label text)");
	g = migrate_ok(&(struct migrate_request){ .plan = true });
	assert_string_equal(list(g, "plan"), all);
	assert_string_equal(list(g, "pending"), all);
	entry = json_array_get(json_object_get(g->result, "plan"), 0);
	assert_true(json_is_true(json_object_get(entry, "can_be_faked")));
	assert_non_null(strstr(json_string_value(json_object_get(entry, "sql")), "CREATE TABLE IF NOT EXISTS shop_item"));
	entry = json_array_get(json_object_get(g->result, "plan"), 1);
	assert_true(json_is_false(json_object_get(entry, "can_be_faked")));
	entry = json_array_get(json_object_get(g->result, "plan"), 4);
	assert_true(json_is_false(json_object_get(entry, "can_be_faked")));
	assert_string_equal(sql("SELECT to_regclass('django_migrations') IS NULL AND to_regnamespace('gesync') IS NULL "
				"AND to_regclass('depot_stock') IS NULL"), "t");
	drop(g);
}

static void a_plan_does_not_wait_for_a_lock(void **state)
{
	struct got *g;
	struct proc *holder;

	(void)state;
	drop(migrate_ok(&(struct migrate_request){ .to = "shop.0001_initial" }));
	holder = proc_start((const char *const[]){ "psql", "-X", "-d", settings.database_url, "-c",
		"BEGIN; LOCK TABLE shop_item; SELECT pg_sleep(600)", NULL }, NULL);
	wait_until(!strcmp(sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'shop_item'::regclass"), "1"));
	g = migrate_ok(&(struct migrate_request){ .to = "shop.0002_price", .plan = true });
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(g->result, "plan"), 0), "can_be_faked")));
	proc_signal(holder, SIGKILL);
	drop(g);
}

static void what_stands_is_recorded_and_the_rest_is_run(void **state)
{
	struct got *g;

	(void)state;
	migrate_all();
	sql("DELETE FROM django_migrations; DELETE FROM gesync.migration; DROP TABLE depot_stock");
	g = migrate_ok(&(struct migrate_request){ .fake_applied = true });
	assert_string_equal(list(g, "faked"), "depot.0002_fill shop.0002_price shop.0003_name_index");
	/* shop.0001 makes shop_tag anew, which shop.0004 drops */
	assert_string_equal(list(g, "applied"), "shop.0001_initial depot.0001_initial shop.0004_drop_tag");
	assert_string_equal(recorded(), all);
	drop(g);
}

static void one_may_be_faked_by_name(void **state)
{
	char *fakes[] = { "depot.0001_initial", "depot.0002_fill" };
	struct got *g = migrate_ok(&(struct migrate_request){ .fake = { fakes, 2 } });

	(void)state;
	assert_string_equal(list(g, "faked"), "depot.0001_initial depot.0002_fill");
	assert_string_equal(list(g, "applied"), "shop.0001_initial shop.0002_price shop.0003_name_index shop.0004_drop_tag");
	assert_string_equal(sql("SELECT to_regclass('depot_stock') IS NULL"), "t");
	assert_string_equal(sql("SELECT string_agg(name, ' ' ORDER BY name) FROM gesync.migration WHERE faked AND duration_ms IS NULL"),
			    "0001_initial 0002_fill");
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .fake = { fakes, 2 } });      /* again is no error */
	assert_string_equal(list(g, "faked"), "");
	drop(g);
	fakes[0] = "depot.0009_x";
	migrate_wrong(&(struct migrate_request){ .fake = { fakes, 1 } }, "migration_failed", "no migration 'depot.0009_x' to fake");
}

/* The older file would take its tables back behind what the later ones made of them. */
static void what_was_overtaken_is_not_run(void **state)
{
	char *older[] = { "shop.0002_price" }, *later[] = { "shop.0003_name_index" };
	struct got *g;

	(void)state;
	migrate_all();
	sql("DELETE FROM django_migrations WHERE name = '0002_price'; ALTER TABLE shop_item ALTER price TYPE double precision");
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed",
		      "shop.0002_price is not recorded, but shop.0003_name_index, which needs it, is");
	migrate_wrong(&(struct migrate_request){ .fake_applied = true }, "migration_failed", "shop.0002_price is not recorded");
	drop(migrate_ok(&(struct migrate_request){ .fake = { older, 1 } }));
	assert_string_equal(sql("SELECT count(*) FROM django_migrations"), "6");
	sql("DELETE FROM django_migrations WHERE name = '0002_price'; ALTER TABLE shop_item ALTER price TYPE numeric(15,2)");
	g = migrate_ok(&(struct migrate_request){ .fake_applied = true });       /* it stands */
	assert_string_equal(list(g, "faked"), "shop.0002_price");
	drop(g);
	sql("DELETE FROM django_migrations WHERE name = '0002_price'");
	g = migrate_ok(&(struct migrate_request){ .fake = { later, 1 } });       /* as after a kill */
	assert_string_equal(list(g, "applied"), "shop.0002_price");
	drop(g);
}

static void an_edited_file_is_refused_until_it_is_accepted(void **state)
{
	char *dir = own_dir();
	struct got *g;

	(void)state;
	migrate_all();
	test_write(test_format("%s/depot/0002_fill.sql", dir), "-- depends: depot.0001_initial\nSELECT 1;\n");
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "depot.0002_fill was edited");
	g = migrate_ok(&(struct migrate_request){ .plan = true });
	assert_string_equal(list(g, "edited"), "depot.0002_fill");
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .repair = true });
	assert_string_equal(list(g, "repaired"), "depot.0002_fill");
	drop(g);
	migrate_all();
}

static void a_wrong_file_is_told_before_anything_is_done(void **state)
{
	char *dir = own_dir();

	(void)state;
	test_write(test_format("%s/shop/0005_x.sql", dir), "-- depends: shop.0004_drop_tag\nSELECT 1;\nCOMMIT;\n");
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "shop/0005_x.sql:3: ");
	test_write(test_format("%s/shop/0005_x.sql", dir), "-- depends: shop.0004_drop_tag\nCOPY shop_item FROM STDIN;\n");
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "shop/0005_x.sql:2: ");
	test_write(test_format("%s/shop/0005_x.sql", dir), "-- depends: shop.0009_no\n");
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "depends on shop.0009_no, which is not there");
	test_write(test_format("%s/shop/initial.sql", dir), "");
	unlink(test_format("%s/shop/0005_x.sql", dir));
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "name it NNNN_name.sql");
	settings.migrations_dir = "/nowhere";
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "/nowhere: No such file");
	assert_string_equal(sql("SELECT to_regclass('django_migrations') IS NULL"), "t");
}

/* 0001 leaves what pg_dump's own files begin with; 0002, outside a transaction, the rest. */
static void what_a_file_leaves_in_the_session_ends_with_it(void **state)
{
	struct got *g;

	(void)state;
	settings.migrations_dir = "tests/data/migrations_leave";
	sql("DO $$ BEGIN IF to_regrole('leaver') IS NULL THEN CREATE ROLE leaver; END IF; END $$;"
	    "GRANT ALL ON SCHEMA public TO leaver");
	g = migrate_ok(&(struct migrate_request){ .plan = true });
	assert_string_equal(list(g, "plan"), "shop.0001_leaves shop.0002_leaves shop.0003_finds");
	drop(g);
	migrate_all();
	assert_string_equal(recorded(), "shop.0001_leaves shop.0002_leaves shop.0003_finds");
	assert_string_equal(sql("SELECT role || ' ' || path || ' ' || timeout || ' ' || lock || ' ' || temp FROM found"),
			    "postgres \"$user\", public 15min 3s gone");
}

static void what_fails_without_a_transaction_or_at_its_end_is_told_as_it_is(void **state)
{
	char *dir = own_dir();
	const json_t *failed;
	struct got *g;

	(void)state;
	test_write(test_format("%s/shop/0005_x.sql", dir), "-- depends: shop.0004_drop_tag\n-- transaction: off\n"
		   "CREATE TABLE IF NOT EXISTS stands (id int);\nSELECT 1/0;\n");
	g = migrate(&(struct migrate_request){ .plan = false });
	failed = json_object_get(g->result, "failed");
	assert_string_equal(g->err.msg, "shop.0005_x, line 4: division by zero");
	assert_true(json_is_false(json_object_get(failed, "transaction")));
	assert_string_equal(sql("SELECT to_regclass('stands') IS NULL"), "f");
	drop(g);
	/* A deferred constraint speaks at COMMIT, which no line of the file holds. */
	test_write(test_format("%s/shop/0005_x.sql", dir), "-- depends: shop.0004_drop_tag\n"
		   "ALTER TABLE stands ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;\nINSERT INTO stands VALUES (1), (1);\n");
	g = migrate(&(struct migrate_request){ .plan = false });
	failed = json_object_get(g->result, "failed");
	assert_non_null(strstr(g->err.msg, "shop.0005_x: duplicate key value"));
	assert_true(json_is_true(json_object_get(failed, "transaction")));
	assert_null(json_object_get(failed, "line"));
	drop(g);
}

static void an_index_that_was_left_invalid_is_made_anew(void **state)
{
	struct got *g;

	(void)state;
	drop(migrate_ok(&(struct migrate_request){ .to = "shop.0002_price" }));
	sql("INSERT INTO shop_item (name) VALUES ('a'), ('a'); ");
	/* what a CREATE INDEX CONCURRENTLY that was killed leaves behind */
	proc_run((const char *const[]){ "psql", "-X", "-d", settings.database_url, "-c",
		"CREATE UNIQUE INDEX CONCURRENTLY shop_item_name ON shop_item (name)", NULL }, NULL, &(int){ 0 });
	assert_string_equal(sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop_item_name'::regclass"), "f");
	g = migrate_ok(&(struct migrate_request){ .plan = false });
	assert_non_null(strstr(g->said, "drops the invalid index shop_item_name"));
	assert_string_equal(sql("SELECT indisvalid AND NOT indisunique FROM pg_index WHERE indexrelid = 'shop_item_name'::regclass"), "t");
	drop(g);
}

static void a_lock_that_is_held_is_waited_for_and_its_holder_named(void **state)
{
	struct got *g = calloc(1, sizeof(*g));
	struct proc *holder;

	(void)state;
	drop(migrate_ok(&(struct migrate_request){ .to = "shop.0001_initial" }));
	holder = proc_start((const char *const[]){ "psql", "-X", "-d",
		test_format("%s application_name=clerk", settings.database_url), "-c",
		"BEGIN; SELECT * FROM shop_item; SELECT pg_sleep(600)", NULL }, NULL);
	wait_until(strcmp(sql("SELECT count(*) FROM pg_locks WHERE relation = 'shop_item'::regclass"), "0"));
	migrate_start(loop, &settings, &(struct migrate_request){ .plan = false }, on_progress, on_done, g);
	loop_until(loop, strstr(g->said, "shop.0002_price: no lock within 3 s, held by pid"));
	assert_non_null(strstr(g->said, "(clerk, active for"));
	assert_int_equal(g->calls, 0);
	/* the holder's own readers were kept waiting for three seconds at most */
	sql(test_format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clerk'"));
	loop_until(loop, g->calls);
	assert_false(g->failed);
	assert_string_equal(recorded(), all);
	proc_wait(holder);
	drop(g);
}

static void only_one_runs_and_the_others_find_nothing_to_do(void **state)
{
	struct got *g[5];
	int applied = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		g[i] = calloc(1, sizeof(**g));
		migrate_start(loop, &settings, &(struct migrate_request){ .plan = false }, on_progress, on_done, g[i]);
	}
	for (int i = 0; i < 5; i++) {
		loop_until(loop, g[i]->calls);
		assert_false(g[i]->failed);
		applied += (int)json_array_size(json_object_get(g[i]->result, "applied"));
		drop(g[i]);
	}
	assert_int_equal(applied, 6);
	assert_string_equal(recorded(), all);
}

static void who_waits_for_the_lock_holds_no_connection(void **state)
{
	struct got *g = calloc(1, sizeof(*g));
	struct migrate *m;
	struct proc *holder = proc_start((const char *const[]){ "psql", "-X", "-d", settings.database_url, "-c",
		"SELECT pg_advisory_lock(hashtextextended('gesync.migrate', 0))", "-c", "SELECT pg_sleep(600)", NULL }, NULL);

	(void)state;
	wait_until(!strcmp(sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "1"));
	m = migrate_start(loop, &settings, &(struct migrate_request){ .plan = false }, on_progress, on_done, g);
	loop_until(loop, strstr(g->said, "waits: another migrate is at work (pid"));
	loop_until(loop, !strcmp(sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gesync-migrate' AND datname = current_database()"), "0"));
	assert_int_equal(g->calls, 0);
	migrate_stop(m);
	proc_signal(holder, SIGKILL);
	proc_wait(holder);
	assert_string_equal(sql("SELECT to_regclass('django_migrations') IS NULL"), "t");
	drop(g);
}

static void one_that_is_stopped_leaves_nothing_half_done(void **state)
{
	char *dir = own_dir();
	struct got *g = calloc(1, sizeof(*g));
	struct migrate *m;

	(void)state;
	test_write(test_format("%s/shop/0005_long.sql", dir),
		   "-- depends: shop.0004_drop_tag\nCREATE TABLE shop_late (n int);\nSELECT pg_sleep(600);\n");
	m = migrate_start(loop, &settings, &(struct migrate_request){ .plan = false }, on_progress, on_done, g);
	loop_until(loop, strstr(g->said, "(6 of 7)"));          /* psql in each turn would be slow */
	loop_until(loop, !strcmp(sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' "
				     "AND state = 'active' AND datname = current_database()"), "1"));
	migrate_stop(m);
	loop_until(loop, !strcmp(sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'gesync-migrate%' AND datname = current_database()"), "0"));
	assert_int_equal(g->calls, 0);
	assert_string_equal(recorded(), all);
	assert_string_equal(sql("SELECT to_regclass('shop_late') IS NULL"), "t");
	drop(g);
}

static void a_lost_connection_is_no_fault_of_the_job(void **state)
{
	char *dir = own_dir();
	struct got *g = calloc(1, sizeof(*g));

	(void)state;
	test_write(test_format("%s/shop/0005_long.sql", dir),
		   "-- depends: shop.0004_drop_tag\nCREATE TABLE shop_late (n int);\nSELECT pg_sleep(600);\n");
	migrate_start(loop, &settings, &(struct migrate_request){ .plan = false }, on_progress, on_done, g);
	loop_until(loop, strstr(g->said, "(6 of 7)"));
	loop_until(loop, strcmp(sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
				    "WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active' AND datname = current_database()"), "0"));
	loop_until(loop, g->calls);
	assert_string_equal(g->err.code, "db_unavailable");
	assert_int_equal(g->err.kind, ERR_HOLD);
	assert_string_equal(list(g, "applied"), all);
	assert_string_equal(sql("SELECT to_regclass('shop_late') IS NULL"), "t");
	drop(g);
}

static void a_role_that_may_not_make_the_schema_is_told_what_to_run(void **state)
{
	(void)state;
	sql("CREATE ROLE clerk LOGIN");
	settings.database_url = test_format("%s user=clerk", settings.database_url);
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed",
		      "role clerk may not make gesync's tables: as their owner run psql -1 -f 0001_initial.sql");
	sql("CREATE SCHEMA gesync");
	migrate_wrong(&(struct migrate_request){ .plan = true }, "migration_failed", "permission denied for schema gesync");
}

static void a_standby_is_refused_but_a_plan_is_made(void **state)
{
	struct test_pg *standby = test_pg_start();
	struct got *g;

	(void)state;
	test_pg_stop(standby);
	test_write(test_format("%s/standby.signal", standby->data), "");
	test_pg_again(standby);
	settings.database_url = standby->conninfo;
	migrate_wrong(&(struct migrate_request){ .plan = false }, "migration_failed", "this PostgreSQL is a standby");
	g = migrate_ok(&(struct migrate_request){ .plan = true });
	assert_string_equal(list(g, "plan"), all);
	test_pg_stop(standby);
	drop(g);
}

static void an_absent_server_is_waited_for_by_the_queue(void **state)
{
	(void)state;
	settings.database_url = "host=/nowhere";
	migrate_wrong(&(struct migrate_request){ .plan = false }, "db_unavailable", "");
}

static void a_backup_comes_first_and_its_failure_stops_all(void **state)
{
	struct got *g;
	char *dir = test_path("backups");

	(void)state;
	mkdir(dir, 0700);
	migrate_wrong(&(struct migrate_request){ .backup = "x" }, "migration_failed", "GESYNC_BACKUP_DIR is not set");
	settings.backup_dir = dir;
	migrate_wrong(&(struct migrate_request){ .backup = "../x" }, "migration_failed", "without a folder");
	migrate_wrong(&(struct migrate_request){ .backup = ".x" }, "migration_failed", "without a folder");
	settings.backup_dir = "/nowhere";
	migrate_wrong(&(struct migrate_request){ .backup = "x" }, "migration_failed", "No such file");
	assert_string_equal(sql("SELECT count(*) FROM django_migrations"), "0");
	settings.backup_dir = dir;
	g = migrate_ok(&(struct migrate_request){ .backup = "before.dump", .to = "shop.0001_initial", .job = "j1" });
	assert_string_equal(json_string_value(json_object_get(g->result, "backup")), test_format("%s/before.dump", dir));
	assert_int_equal(access(test_format("%s/before.dump", dir), F_OK), 0);
	assert_int_not_equal(access(test_format("%s/before.dump.part", dir), F_OK), 0);
	drop(g);
	migrate_wrong(&(struct migrate_request){ .backup = "before.dump", .job = "j2" }, "migration_failed", "is not overwritten");
	g = migrate_ok(&(struct migrate_request){ .backup = "before.dump", .job = "j1" });       /* its own, tried again */
	assert_string_equal(recorded(), all);
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .backup = "after.dump" });     /* asked for, so made: nothing is pending */
	assert_int_equal(access(test_format("%s/after.dump", dir), F_OK), 0);
	drop(g);
	/* it can be restored, and is of the time before */
	test_pg_sql(pg, NULL, test_format("CREATE DATABASE %s_restored", db));
	proc_run((const char *const[]){ "pg_restore", "-d", test_pg_conninfo(pg, test_format("%s_restored", db)),
		test_format("%s/before.dump", dir), NULL }, NULL, NULL);
	assert_string_equal(test_pg_sql(pg, test_format("%s_restored", db),
					"SELECT to_regclass('shop_item') IS NULL AND to_regclass('django_migrations') IS NOT NULL"), "t");
}

static void content_types_and_permissions_come_as_django_makes_them(void **state)
{
	struct got *g;

	(void)state;
	sql("CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label varchar(100), model varchar(100), UNIQUE (app_label, model));"
	    "CREATE TABLE auth_permission (id serial PRIMARY KEY, name varchar(255) NOT NULL, content_type_id int NOT NULL, "
	    "codename varchar(100) NOT NULL, UNIQUE (content_type_id, codename));"
	    "CREATE TABLE core_schemecode (id bigint)");
	g = migrate_ok(&(struct migrate_request){ .plan = false });
	assert_int_equal(json_integer_value(json_object_get(g->result, "content_types")), 3);
	assert_int_equal(json_integer_value(json_object_get(g->result, "permissions")), 12);
	assert_string_equal(sql("SELECT string_agg(p.codename || '=' || p.name, ', ' ORDER BY p.id) FROM auth_permission p "
				"JOIN django_content_type c ON c.id = p.content_type_id WHERE c.app_label = 'core'"),
			    "add_schemecode=Can add scheme code, change_schemecode=Can change scheme code, "
			    "delete_schemecode=Can delete scheme code, view_schemecode=Can view scheme code");
	drop(g);
	g = migrate_ok(&(struct migrate_request){ .plan = false });
	assert_int_equal(json_integer_value(json_object_get(g->result, "permissions")), 0);
	drop(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_database_gets_all_of_them_in_order, begin, end),
		cmocka_unit_test_setup_teardown(to_and_app_go_part_of_the_way, begin, end),
		cmocka_unit_test_setup_teardown(a_failure_leaves_its_migration_wholly_undone, begin, end),
		cmocka_unit_test_setup_teardown(a_plan_changes_nothing_and_knows_what_stands, begin, end),
		cmocka_unit_test_setup_teardown(a_plan_does_not_wait_for_a_lock, begin, end),
		cmocka_unit_test_setup_teardown(what_stands_is_recorded_and_the_rest_is_run, begin, end),
		cmocka_unit_test_setup_teardown(one_may_be_faked_by_name, begin, end),
		cmocka_unit_test_setup_teardown(what_was_overtaken_is_not_run, begin, end),
		cmocka_unit_test_setup_teardown(an_edited_file_is_refused_until_it_is_accepted, begin, end),
		cmocka_unit_test_setup_teardown(a_wrong_file_is_told_before_anything_is_done, begin, end),
		cmocka_unit_test_setup_teardown(what_a_file_leaves_in_the_session_ends_with_it, begin, end),
		cmocka_unit_test_setup_teardown(what_fails_without_a_transaction_or_at_its_end_is_told_as_it_is, begin, end),
		cmocka_unit_test_setup_teardown(an_index_that_was_left_invalid_is_made_anew, begin, end),
		cmocka_unit_test_setup_teardown(a_lock_that_is_held_is_waited_for_and_its_holder_named, begin, end),
		cmocka_unit_test_setup_teardown(only_one_runs_and_the_others_find_nothing_to_do, begin, end),
		cmocka_unit_test_setup_teardown(who_waits_for_the_lock_holds_no_connection, begin, end),
		cmocka_unit_test_setup_teardown(one_that_is_stopped_leaves_nothing_half_done, begin, end),
		cmocka_unit_test_setup_teardown(a_lost_connection_is_no_fault_of_the_job, begin, end),
		cmocka_unit_test_setup_teardown(a_role_that_may_not_make_the_schema_is_told_what_to_run, begin, end),
		cmocka_unit_test_setup_teardown(a_standby_is_refused_but_a_plan_is_made, begin, end),
		cmocka_unit_test_setup_teardown(an_absent_server_is_waited_for_by_the_queue, begin, end),
		cmocka_unit_test_setup_teardown(a_backup_comes_first_and_its_failure_stops_all, begin, end),
		cmocka_unit_test_setup_teardown(content_types_and_permissions_come_as_django_makes_them, begin, end),
	};

	pg = test_pg_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
