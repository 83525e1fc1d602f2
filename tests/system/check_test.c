/* check_test.c - the check against real databases: the application's, its state before the
 * upgrade, old installations, roles without rights, a standby. */
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

static struct test_pg *pg;
static struct loop *loop;

static json_t *check(const char *db, const struct check_request *request)
{
	return check_run(loop, test_pg_conninfo(pg, db), request, NULL);
}

/* What is said of a request that fails. */
static const char *complaint(const char *db, const struct check_request *request, const char *code)
{
	static struct err err;

	assert_null(check_run(loop, test_pg_conninfo(pg, db), request, &err));
	assert_string_equal(err.code, code);
	assert_int_equal(err.kind, ERR_PERMANENT);
	return err.msg;
}

static void sql(const char *db, const char *text)
{
	test_pg_sql(pg, db, text);
}

static char *label(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* A report without error or missing table. */
static void assert_works(const json_t *r)
{
	if (check_number(r, "errors"))
		fail_msg("errors: %s", check_show(r));
	assert_int_equal(check_count(r, "missing"), 0);
}

/* ---- what stands ---- */

static void the_64_tables_are_right(void **state)
{
	json_t *r = check("app", NULL), *o;
	size_t i;

	(void)state;
	assert_works(r);
	assert_int_equal(check_number(r, "models"), 37);
	assert_int_equal(check_number(r, "tables"), 64);
	assert_int_equal(check_number(r, "hidden"), 21);
	assert_int_equal(check_number(r, "warnings"), 0);
	assert_int_equal(check_count(r, "orphaned"), 6);
	json_array_foreach(json_object_get(r, "orphaned"), i, o)
		assert_true(json_is_true(json_object_get(o, "expected")));
	assert_non_null(check_find(r, "orphaned", "table", "token_blacklist_outstandingtoken", NULL));
	assert_non_null(check_find(r, "orphaned", "table", "accounts_user_groups", NULL));
	assert_int_equal(check_count(r, "pending"), 0);
	/* The five doubled foreign keys. */
	assert_int_equal(check_count(r, "drift"), 5);
	json_array_foreach(json_object_get(r, "drift"), i, o) {
		assert_string_equal(check_text(o, "kind"), "foreign_key");
		assert_string_equal(check_text(o, "severity"), "info");
	}
	assert_int_equal(json_integer_value(json_object_get(json_object_get(
		json_object_get(r, "apps"), "core"), "models")), 16);
	json_decref(r);
}

/* The six apps' migrations in the facts' order that were not applied then. */
static json_t *facts_pending(void)
{
	json_t *facts = json_load_file("tests/data/facts/migrations.json", 0, NULL), *m;
	json_t *list = json_array();
	size_t i;

	json_array_foreach(json_object_get(facts, "migrations"), i, m)
		if (!json_is_true(json_object_get(m, "recorded_before")))
			json_array_append_new(list, json_string(test_format("%s.%s", check_text(m, "app"),
									    check_text(m, "name"))));
	json_decref(facts);
	return list;
}

static size_t place(const json_t *list, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
		if (!strcmp(json_string_value(value), text))
			return i;
	fail_msg("%s is not pending", text);
	return 0;
}

/* The same migrations, each after those of its own app that the facts name before it. */
static void assert_pending(const json_t *list, const json_t *facts)
{
	json_t *value;
	size_t i;

	assert_int_equal(json_array_size(list), json_array_size(facts));
	json_array_foreach(facts, i, value) {
		const char *id = json_string_value(value), *before;
		size_t app = strcspn(id, ".");

		place(list, id);
		before = i ? json_string_value(json_array_get(facts, i - 1)) : "";
		if (!strncmp(id, before, app + 1))
			assert_true(place(list, before) < place(list, id));
	}
}

/* Over the apps, too: of those that depend on each other the parent comes first. */
static void assert_after_parents(const json_t *list)
{
	json_t *facts = json_load_file("tests/data/facts/migrations.json", 0, NULL), *m, *parent;
	size_t i, k, n = 0;

	json_array_foreach(json_object_get(facts, "migrations"), i, m) {
		if (json_is_true(json_object_get(m, "recorded_before")))
			continue;
		json_array_foreach(json_object_get(m, "depends"), k, parent) {
			size_t own = place(list, test_format("%s.%s", check_text(m, "app"), check_text(m, "name")));

			for (size_t p = own + 1; p < json_array_size(list); p++)
				assert_string_not_equal(json_string_value(json_array_get(list, p)), json_string_value(parent));
			n++;
		}
	}
	assert_true(n > 35);
	json_decref(facts);
}

static void before_the_upgrade_ten_tables_are_missing(void **state)
{
	static const char *const missing[] = {
		"core_invoiceentity", "core_schemecode", "core_notificationnumber",
		"core_purchasestatus", "license_invoice", "license_invoiceitem",
		"license_licensepurchase", "trade_licensetrade", "trade_licensetradeline",
		"trade_licensetradepayment",
	};
	json_t *r, *facts = facts_pending();

	(void)state;
	check_database(pg, "before", "--before-upgrade");
	r = check("before", NULL);
	assert_int_equal(check_count(r, "missing"), 10);
	for (size_t i = 0; i < 10; i++)
		assert_non_null(check_find(r, "missing", "table", missing[i], NULL));
	assert_true(check_number(r, "errors") >= 10);
	assert_pending(json_object_get(r, "pending"), facts);
	assert_after_parents(json_object_get(r, "pending"));
	/* What stops the application: license.0008 takes it away. */
	assert_non_null(check_find(r, "drift", "table", "license_licenseimportitemsmodel", "column",
				   "is_restricted", "rename", "is_restrict", NULL));
	json_decref(facts);
	json_decref(r);
}

static void an_old_installation_has_no_error(void **state)
{
	json_t *r, *o;
	size_t i, serials = 0, integers = 0, nullables = 0;

	(void)state;
	check_copy(pg, "old", "app");
	sql("old", "ALTER TABLE core_portmodel ALTER id DROP IDENTITY;"
		   "CREATE SEQUENCE core_portmodel_id_seq OWNED BY core_portmodel.id;"
		   "ALTER TABLE core_portmodel ALTER id SET DEFAULT nextval('core_portmodel_id_seq');"
		   "ALTER TABLE accounts_user ALTER id TYPE integer;"
		   "ALTER TABLE accounts_user_groups ALTER user_id TYPE integer;"
		   "ALTER TABLE license_licensedetailsmodel ALTER port_id TYPE integer");
	sql("old", "ALTER TABLE core_companymodel ALTER created_on DROP NOT NULL;"
		   "ALTER TABLE core_companymodel ALTER modified_on DROP NOT NULL;"
		   "ALTER TABLE core_hscodemodel ALTER created_on DROP NOT NULL;"
		   "ALTER TABLE core_hscodemodel ALTER modified_on DROP NOT NULL;"
		   "ALTER TABLE core_portmodel ALTER created_on DROP NOT NULL;"
		   "ALTER TABLE trade_licensetrade ALTER created_on DROP NOT NULL;"
		   "ALTER TABLE trade_licensetrade ALTER modified_on DROP NOT NULL");
	r = check("old", NULL);
	assert_works(r);
	json_array_foreach(json_object_get(r, "drift"), i, o) {
		const char *kind = check_text(o, "kind"), *severity = check_text(o, "severity");

		serials += !strcmp(kind, "default");
		integers += !strcmp(kind, "type");
		nullables += !strcmp(kind, "nullable");
		assert_string_equal(severity, strcmp(kind, "nullable") ? "info" : "warning");
		assert_null(json_object_get(o, "loses_data"));
	}
	assert_int_equal(serials, 1);
	assert_int_equal(integers, 3);
	assert_int_equal(nullables, 7);
	json_decref(r);
}

/* ---- what is asked ---- */

static void an_app_restricts_both_sides(void **state)
{
	char *apps[] = { label("core"), label("trade") };
	struct check_request request = { .apps = { apps, 2 } };
	json_t *r;

	(void)state;
	check_copy(pg, "scoped", "app");
	sql("scoped", "DROP TABLE license_invoice CASCADE; CREATE TABLE core_old (); CREATE TABLE license_old ()");
	r = check("scoped", &request);
	assert_int_equal(check_number(r, "models"), 19);
	assert_int_equal(check_number(r, "tables"), 20);
	assert_int_equal(check_count(r, "missing"), 0);
	assert_int_equal(check_count(r, "orphaned"), 1);
	assert_non_null(check_find(r, "orphaned", "table", "core_old", "class", "unknown",
				   "severity", "warning", NULL));
	json_decref(r);
	apps[0] = label("license");
	request.apps.n = 1;
	r = check("scoped", &request);
	assert_int_equal(check_count(r, "missing"), 1);
	assert_non_null(check_find(r, "orphaned", "table", "license_old", NULL));
	assert_null(check_find(r, "orphaned", "table", "license_movement_licensemovementmodel", NULL));
	json_decref(r);
}

static void an_unknown_app_or_table_is_refused(void **state)
{
	char *apps[] = { label("licence") };
	struct check_request app = { .apps = { apps, 1 } }, table = { .table = "core_nothing" };

	(void)state;
	assert_string_equal(complaint("app", &app, "unknown_app"),
			    "there is no app licence: give one of accounts, allotment, bill_of_entry, "
			    "core, license, trade");
	assert_non_null(strstr(complaint("app", &table, "unknown_table"), "core_nothing"));
	apps[0] = label("license");
	app.table = "core_schemecode";
	assert_string_equal(complaint("app", &app, "unknown_table"),
			    "table core_schemecode is of none of the apps that were asked for");
}

static void one_table_is_shown_with_its_columns(void **state)
{
	struct check_request request = { .table = "core_schemecode", .show_columns = true };
	json_t *r = check("app", &request), *table, *columns;

	(void)state;
	assert_int_equal(check_number(r, "models"), 1);
	assert_int_equal(check_number(r, "tables"), 1);
	assert_int_equal(check_count(r, "columns"), 1);
	table = check_find(r, "columns", "table", "core_schemecode", "app", "core", NULL);
	columns = json_object_get(table, "columns");
	assert_int_equal(json_array_size(columns), 3);
	assert_non_null(check_find(table, "columns", "name", "code", "type", "character varying(10)", NULL));
	assert_non_null(check_find(table, "columns", "name", "id", "identity", "by default", NULL));
	json_decref(r);
	request.table = "eScrap_companylistmodel";
	r = check("app", &request);
	assert_non_null(check_find(r, "orphaned", "table", "eScrap_companylistmodel", "class", "legacy", NULL));
	assert_int_equal(check_count(r, "columns"), 1);
	json_decref(r);
}

static void on_refused(json_t *report, const struct err *err, void *data)
{
	assert_null(report);
	*(struct err *)data = *err;
}

static void wrong_models_are_told(void **state)
{
	struct settings settings = { .database_url = test_pg_conninfo(pg, "app"),
				     .models_dir = label("/nowhere") };
	struct check_request request = { .table = NULL };
	struct err err = { .code = "" };

	(void)state;
	check_start(loop, &settings, &request, on_refused, &err);
	assert_string_equal(err.code, "");
	loop_until(loop, *err.code);
	assert_string_equal(err.code, "bad_models");
	assert_string_equal(err.msg, "/nowhere: No such file or directory");
}

/* ---- who asks ---- */

static void a_role_without_rights_can_check(void **state)
{
	char *conninfo;
	json_t *r;

	(void)state;
	sql(NULL, "CREATE ROLE onlooker LOGIN");
	conninfo = test_format("%s user=onlooker", test_pg_conninfo(pg, "app"));
	r = check_run(loop, conninfo, NULL, NULL);
	assert_works(r);
	assert_int_equal(check_number(r, "tables"), 64);
	assert_true(json_is_null(json_object_get(r, "pending")));
	json_decref(r);
	sql("app", "REVOKE USAGE ON SCHEMA public FROM PUBLIC");
	r = check_run(loop, conninfo, NULL, NULL);
	sql("app", "GRANT USAGE ON SCHEMA public TO PUBLIC");
	assert_works(r);
	assert_int_equal(check_number(r, "tables"), 64);
	json_decref(r);
}

static void a_server_that_is_away_is_told(void **state)
{
	struct err err;

	(void)state;
	assert_null(check_run(loop, test_format("host=127.0.0.1 port=%d user=x dbname=x", test_free_port()),
			      NULL, &err));
	assert_string_equal(err.code, "db_unavailable");
	assert_int_equal(err.kind, ERR_HOLD);
}

/* A psql that does something and then stays in its session; let_go() ends it. */
static struct proc *hold(const char *db, const char *text)
{
	const char *argv[] = { "psql", "-X", "-d", test_pg_conninfo(pg, db), NULL };
	struct proc *psql = proc_start_input(argv, NULL, test_format(
		"%s;\n\\echo held\nSELECT pg_sleep(300);\n", text));

	proc_wait_text(psql, "held");
	return psql;
}

static void let_go(struct proc *psql)
{
	sql(NULL, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'psql'"
		  " AND pid <> pg_backend_pid()");
	proc_wait(psql);
}

static void a_table_that_is_locked_does_not_hold_a_check_for_ever(void **state)
{
	struct err err;
	struct proc *psql;

	(void)state;
	check_copy(pg, "held", "app");
	psql = hold("held", "BEGIN; LOCK TABLE core_portmodel IN ACCESS EXCLUSIVE MODE");
	assert_null(check_run(loop, test_pg_conninfo(pg, "held"), NULL, &err));
	assert_string_equal(err.code, "lock_timeout");
	let_go(psql);
}

static void a_standby_can_be_checked(void **state)
{
	json_t *r;

	(void)state;
	test_pg_stop(pg);
	test_write(test_format("%s/standby.signal", pg->data), "");
	test_pg_again(pg);
	assert_string_equal(test_pg_sql(pg, "app", "SELECT pg_is_in_recovery()"), "t");
	r = check("app", NULL);
	assert_works(r);
	assert_int_equal(check_number(r, "tables"), 64);
	assert_int_equal(check_count(r, "pending"), 0);
	json_decref(r);
	test_pg_stop(pg);
	unlink(test_format("%s/standby.signal", pg->data));
	test_pg_again(pg);
}

/* ---- --fix ---- */

static void what_is_missing_is_created(void **state)
{
	struct check_request fix = { .fix = true };
	json_t *r, *o;
	size_t i;

	(void)state;
	check_copy(pg, "mended", "app");
	sql("mended", "INSERT INTO core_portmodel (code, name, created_on, modified_on) VALUES ('A', 'b', now(), now())");
	sql("mended", "DROP TABLE core_schemecode, license_invoice, license_invoiceitem CASCADE;"
		      "DROP TABLE license_licenseimportitemsmodel_items;"
		      "ALTER TABLE trade_licensetrade DROP COLUMN direction;"
		      "ALTER TABLE license_licensedetailsmodel DROP COLUMN current_owner_id;"
		      "ALTER TABLE core_portmodel DROP COLUMN modified_on;"
		      "ALTER TABLE license_licensedetailsmodel DROP CONSTRAINT license_licensedetailsmodel_license_number_key;"
		      "DROP INDEX license_licensedetailsmodel_port_id_bf017001;"
		      "ALTER TABLE license_licensedetailsmodel DROP CONSTRAINT license_licensedetailsmodel_port_id_bf017001_fk");
	r = check("mended", &fix);
	assert_works(r);
	assert_true(check_count(r, "fixed") > 10);
	json_array_foreach(json_object_get(r, "fixed"), i, o)
		assert_true(json_is_true(json_object_get(o, "ok")));
	assert_non_null(check_find(r, "fixed", "sql",
		"CREATE INDEX CONCURRENTLY license_licensedetailsmodel_port_id_bf017001 ON "
		"license_licensedetailsmodel USING btree (port_id)", NULL));
	assert_int_equal(check_count(r, "drift"), 4);   /* doubled keys; one went with its table */
	json_decref(r);
	assert_string_equal(test_pg_sql(pg, "mended", "SELECT modified_on IS NOT NULL FROM core_portmodel"), "t");
	/* The lock goes with the session. */
	loop_until(loop, !strcmp(test_pg_sql(pg, "mended",
		"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0"));
}

/* A table that was moved aside keeps the names of its indexes, and of the keys that refer to it. */
static void a_name_that_is_taken_does_not_hinder(void **state)
{
	struct check_request fix = { .fix = true };
	json_t *r, *o;
	size_t i;

	(void)state;
	check_copy(pg, "taken", "app");
	sql("taken", "ALTER TABLE license_datemodel RENAME TO aside;"
		     "DROP INDEX license_licensedetailsmodel_port_id_bf017001;"
		     "CREATE TABLE license_licensedetailsmodel_port_id_bf017001 ()");
	r = check("taken", &fix);
	assert_int_equal(check_count(r, "missing"), 0);
	assert_null(check_find(r, "drift", "kind", "missing_index", NULL));
	json_array_foreach(json_object_get(r, "fixed"), i, o)
		assert_true(json_is_true(json_object_get(o, "ok")));
	assert_int_equal(check_number(r, "errors"), 1);         /* the key that refers to the old one: never dropped */
	json_decref(r);
	assert_string_equal(test_pg_sql(pg, "taken", "SELECT count(*) FROM pg_constraint WHERE contype = 'f' "
		"AND convalidated AND confrelid = 'license_datemodel'::regclass"), "1");
}

static void a_view_in_the_place_of_a_table_is_left_to_people(void **state)
{
	struct check_request fix = { .fix = true };
	json_t *r, *missing;

	(void)state;
	check_copy(pg, "view", "app");
	sql("view", "ALTER TABLE core_schemecode RENAME TO aside; CREATE VIEW core_schemecode AS SELECT * FROM aside;"
		    "CREATE MATERIALIZED VIEW of_no_model AS SELECT 1 AS one");
	r = check("view", &fix);
	missing = check_find(r, "missing", "table", "core_schemecode", "actual", "VIEW", NULL);
	assert_non_null(missing);
	assert_true(json_is_false(json_object_get(missing, "safe")));
	assert_int_equal(check_count(r, "fixed"), 0);
	sql("view", check_text(missing, "fix"));
	json_decref(r);
	r = check("view", NULL);
	assert_works(r);
	json_decref(r);
}

static void nothing_is_dropped_or_rewritten(void **state)
{
	struct check_request fix = { .fix = true };
	json_t *before, *after;

	(void)state;
	check_copy(pg, "kept", "app");
	sql("kept", "ALTER TABLE core_portmodel ADD COLUMN extra text;"
		    "ALTER TABLE core_portmodel ALTER name TYPE text, ALTER code DROP NOT NULL;"
		    "CREATE INDEX extra ON core_portmodel (name);"
		    "ALTER TABLE license_invoiceitem RENAME hs_code TO hsn_code;"
		    "CREATE TABLE core_unknown ()");
	before = check("kept", NULL);
	after = check("kept", &fix);
	assert_int_equal(check_count(after, "fixed"), 0);
	assert_true(json_equal(json_object_get(before, "drift"), json_object_get(after, "drift")));
	assert_non_null(check_find(after, "drift", "column", "hs_code", "rename", "hsn_code", NULL));
	json_decref(before);
	json_decref(after);
}

static void a_dry_run_only_tells(void **state)
{
	struct check_request fix = { .fix = true, .dry_run = true };
	json_t *r;

	(void)state;
	check_copy(pg, "dry", "app");
	sql("dry", "DROP TABLE core_schemecode");
	r = check("dry", &fix);
	assert_int_equal(check_count(r, "missing"), 1);
	assert_int_equal(check_count(r, "fixed"), 2);
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(r, "fixed"), 0), "ok")));
	json_decref(r);
	assert_string_equal(test_pg_sql(pg, "dry", "SELECT to_regclass('core_schemecode') IS NULL"), "t");
}

static void a_fix_that_fails_is_told_and_leaves_nothing(void **state)
{
	struct check_request fix = { .fix = true };
	json_t *r, *failed;

	(void)state;
	check_copy(pg, "failing", "app");
	sql("failing", "ALTER TABLE core_schemecode DROP CONSTRAINT core_schemecode_code_key;"
		       "INSERT INTO core_schemecode (code, label) VALUES ('1', 'a'), ('1', 'b');"
		       "DROP TABLE license_invoice CASCADE");
	r = check("failing", &fix);
	assert_int_equal(check_count(r, "missing"), 0);         /* the others were done */
	failed = check_find(r, "fixed", "sql", "CREATE UNIQUE INDEX CONCURRENTLY core_schemecode_code_key ON "
					       "core_schemecode USING btree (code)", NULL);
	assert_true(json_is_false(json_object_get(failed, "ok")));
	assert_non_null(strstr(check_text(failed, "error"), "could not create unique index"));
	assert_int_equal(check_number(r, "errors"), 1);
	assert_non_null(check_find(r, "drift", "kind", "unique", "name", "core_schemecode_code_key", NULL));
	json_decref(r);
	assert_string_equal(test_pg_sql(pg, "failing", "SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
}

static void on_waited(json_t *report, const struct err *err, void *data)
{
	assert_null(err);
	*(json_t **)data = json_incref(report);
}

static void a_fix_waits_for_a_migration(void **state)
{
	struct check_request fix = { .fix = true };
	struct settings settings = { .database_url = test_pg_conninfo(pg, "waiting") };
	struct proc *psql;
	json_t *r = NULL;

	(void)state;
	check_copy(pg, "waiting", "app");
	sql("waiting", "DROP TABLE core_schemecode");
	psql = hold("waiting", "SELECT pg_advisory_lock(hashtextextended('gesync.migrate', 0))");
	check_start(loop, &settings, &fix, on_waited, &r);
	/* It is seen to ask, and it does nothing. */
	loop_until(loop, !strcmp(test_pg_sql(pg, NULL, "SELECT count(*) > 0 FROM pg_stat_activity WHERE "
		"application_name = 'gesync-check' AND state = 'idle' AND query LIKE '%try_advisory%'"), "t"));
	assert_null(r);
	assert_string_equal(test_pg_sql(pg, "waiting", "SELECT to_regclass('core_schemecode') IS NULL"), "t");
	let_go(psql);
	loop_until(loop, r);
	assert_int_equal(check_count(r, "missing"), 0);
	json_decref(r);
}

static void a_check_can_be_stopped_at_any_time(void **state)
{
	struct settings settings = { .database_url = test_pg_conninfo(pg, "app") };
	struct check_request request = { .table = NULL };
	json_t *r = NULL;

	(void)state;
	for (int turns = 0; turns < 12; turns++) {
		struct check *check = check_start(loop, &settings, &request, on_waited, &r);

		for (int i = 0; i < turns && !r; i++)
			loop_run_once(loop);
		if (r)
			break;
		check_stop(check);
	}
	json_decref(r);
	check_stop(NULL);
}

static int start(void **state)
{
	(void)state;
	pg = test_pg_start();
	loop = loop_new();
	check_database(pg, "app", NULL);
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
		cmocka_unit_test(the_64_tables_are_right),
		cmocka_unit_test(before_the_upgrade_ten_tables_are_missing),
		cmocka_unit_test(an_old_installation_has_no_error),
		cmocka_unit_test(an_app_restricts_both_sides),
		cmocka_unit_test(an_unknown_app_or_table_is_refused),
		cmocka_unit_test(one_table_is_shown_with_its_columns),
		cmocka_unit_test(wrong_models_are_told),
		cmocka_unit_test(a_role_without_rights_can_check),
		cmocka_unit_test(a_server_that_is_away_is_told),
		cmocka_unit_test(a_table_that_is_locked_does_not_hold_a_check_for_ever),
		cmocka_unit_test(what_is_missing_is_created),
		cmocka_unit_test(a_name_that_is_taken_does_not_hinder),
		cmocka_unit_test(a_view_in_the_place_of_a_table_is_left_to_people),
		cmocka_unit_test(nothing_is_dropped_or_rewritten),
		cmocka_unit_test(a_dry_run_only_tells),
		cmocka_unit_test(a_fix_that_fails_is_told_and_leaves_nothing),
		cmocka_unit_test(a_fix_waits_for_a_migration),
		cmocka_unit_test(a_check_can_be_stopped_at_any_time),
		cmocka_unit_test(a_standby_can_be_checked),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
