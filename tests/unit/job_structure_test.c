/* job_structure_test.c - check and migrate jobs: their fields, their bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "job.h"
#include "outcome.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int parse(struct job *job, enum settings_queue queue, const char *text, struct err *err)
{
	memset(err, 0, sizeof(*err));
	return job_parse(job, queue, text, strlen(text), err);
}

/* The element is a job of that subject, with these fields. */
static void good(enum settings_queue queue, const char *text, const char *subject, const char *fields)
{
	struct job job;
	struct err err;
	char *dump;

	if (parse(&job, queue, text, &err) < 0)
		fail_msg("'%s' is a job: %s", text, err.msg);
	assert_string_equal(job.subject, subject);
	dump = json_dumps(job.fields, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(dump, fields);
	free(dump);
	job_clear(&job);
	assert_null(job.fields);
}

static void bad(enum settings_queue queue, const char *text, const char *word)
{
	struct job job;
	struct err err;

	if (parse(&job, queue, text, &err) == 0)
		fail_msg("'%.100s' is no job", text);
	assert_string_equal(err.code, "bad_job");
	assert_int_equal(err.kind, ERR_PERMANENT);
	if (!strstr(err.msg, word))
		fail_msg("'%s' says nothing of %s", err.msg, word);
	assert_null(job.fields);
}

static void a_bare_element_is_all_or_an_app(void **state)
{
	char label[65] = "";

	(void)state;
	good(QUEUE_CHECK, "all", "all", "{\"app\":\"all\"}");
	good(QUEUE_MIGRATE, "license", "license", "{\"app\":\"license\"}");
	good(QUEUE_CHECK, "bill_of_entry", "bill_of_entry", "{\"app\":\"bill_of_entry\"}");
	memset(label, 'a', 63);
	good(QUEUE_CHECK, label, label, "{\"app\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
	label[63] = 'a';
	bad(QUEUE_CHECK, label, "label");
	bad(QUEUE_CHECK, "", "label");
	bad(QUEUE_CHECK, "two words", "label");
	bad(QUEUE_MIGRATE, "core,license", "label");
	bad(QUEUE_MIGRATE, "../core", "label");
	bad(QUEUE_MIGRATE, "1core", "label");
	bad(QUEUE_CHECK, "[\"core\"]", "object");
	bad(QUEUE_CHECK, "\"core\"", "JSON");
}

static void several_apps_make_one_job(void **state)
{
	(void)state;
	good(QUEUE_CHECK, "{}", "all", "{\"app\":\"all\"}");
	good(QUEUE_CHECK, "{\"app\":null}", "all", "{\"app\":\"all\"}");
	good(QUEUE_CHECK, "{\"app\":\"core\"}", "core", "{\"app\":\"core\"}");
	good(QUEUE_CHECK, "{\"app\":[\"core\"]}", "core", "{\"app\":\"core\"}");
	good(QUEUE_MIGRATE, "{\"app\":[\"license\",\"core\",\"license\"]}", "core,license", "{\"app\":[\"core\",\"license\"]}");
	good(QUEUE_MIGRATE, "{\"app\":[\"license\",\"all\"]}", "all", "{\"app\":\"all\"}");
}

static void every_field_is_kept(void **state)
{
	(void)state;
	good(QUEUE_CHECK, "{\"table\":\"license_invoice\",\"show_columns\":true,\"fix\":true,\"note\":1}", "all",
	     "{\"app\":\"all\",\"fix\":true,\"show_columns\":true,\"table\":\"license_invoice\"}");
	good(QUEUE_MIGRATE, "{\"app\":\"license\",\"plan\":true,\"fake\":\"accounts.0002_initial\",\"fake_applied\":true,"
	     "\"to\":\"license.0007_x\",\"repair\":true,\"backup\":\"before.dump\",\"allow_data_loss\":true}", "license",
	     "{\"allow_data_loss\":true,\"app\":\"license\",\"backup\":\"before.dump\",\"fake\":[\"accounts.0002_initial\"],"
	     "\"fake_applied\":true,\"plan\":true,\"repair\":true,\"to\":\"license.0007_x\"}");
	good(QUEUE_MIGRATE, "{\"plan\":false,\"fake\":null,\"to\":null,\"repair\":false,\"backup\":null}", "all", "{\"app\":\"all\"}");
	good(QUEUE_MIGRATE, "{\"fake\":[\"b.0001_y\",\"a.0001_x\",\"b.0001_y\"]}", "all",
	     "{\"app\":\"all\",\"fake\":[\"a.0001_x\",\"b.0001_y\"]}");
	/* What belongs to the other kind, or to nothing, is ignored. */
	good(QUEUE_CHECK, "{\"plan\":5,\"license\":7,\"to\":[]}", "all", "{\"app\":\"all\"}");
}

static void a_field_of_the_wrong_type_is_no_job(void **state)
{
	static const struct { enum settings_queue queue; const char *field, *values[12]; } rows[] = {
		{ QUEUE_CHECK, "app", { "1", "true", "{}", "[]", "\"\"", "[1]", "[null]", "[\"a\",\"b c\"]", "\"a.b\"", "\"a\\u0000\"", "[[\"a\"]]" } },
		{ QUEUE_CHECK, "table", { "1", "true", "[]", "\"\"", "\"a\\nb\"", "\"a\\u0000\"", "{}" } },
		{ QUEUE_CHECK, "show_columns", { "1", "\"true\"", "[]", "0.0" } },
		{ QUEUE_CHECK, "fix", { "1", "\"yes\"", "{}" } },
		{ QUEUE_MIGRATE, "app", { "7", "[\"core\",7]" } },
		{ QUEUE_MIGRATE, "plan", { "1", "\"\"" } },
		{ QUEUE_MIGRATE, "fake", { "1", "\"core\"", "\"core.\"", "\".x\"", "[]", "[\"core.0001_x\",1]", "\"core.a/b\"", "\"a b.c\"", "\"core.0001.x\"" } },
		{ QUEUE_MIGRATE, "fake_applied", { "2", "[]" } },
		{ QUEUE_MIGRATE, "to", { "1", "\"zero\"", "[\"core.0001_x\"]", "\"core.0001 x\"" } },
		{ QUEUE_MIGRATE, "repair", { "\"true\"" } },
		{ QUEUE_MIGRATE, "backup", { "true", "\"\"", "\"a/b\"", "\"../x\"", "\"..\"", "\".hidden\"", "\"-rf\"", "\"a b\"", "\"a\\u0000\"", "[\"x\"]" } },
		{ QUEUE_MIGRATE, "allow_data_loss", { "1" } },
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t v = 0; v < COUNT(rows[i].values) && rows[i].values[v]; v++) {
			snprintf(text, sizeof(text), "{\"%s\":%s}", rows[i].field, rows[i].values[v]);
			bad(rows[i].queue, text, rows[i].field);
		}
}

/* {"field":["core.0001_x", ...]} of n entries, each of its own name. */
static char *list_of(const char *field, const char *prefix, int n)
{
	json_t *list = json_array(), *obj = json_pack("{so}", field, list);
	char *text, name[100];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		json_array_append_new(list, json_string(name));
	}
	text = json_dumps(obj, 0);
	json_decref(obj);
	return text;
}

static void lists_and_names_have_bounds(void **state)
{
	char table[80], *text;
	struct job job;
	struct err err;

	(void)state;
	text = list_of("fake", "core.0001_x", 256);
	assert_int_equal(parse(&job, QUEUE_MIGRATE, text, &err), 0);
	assert_int_equal(json_array_size(json_object_get(job.fields, "fake")), 256);
	job_clear(&job);
	free(text);
	text = list_of("fake", "core.0001_x", 257);
	bad(QUEUE_MIGRATE, text, "fake");
	free(text);
	text = list_of("app", "application_", 14);       /* 13 or 14 bytes each, and commas: 199 */
	assert_int_equal(parse(&job, QUEUE_CHECK, text, &err), 0);
	job_clear(&job);
	free(text);
	text = list_of("app", "application_", 15);
	bad(QUEUE_CHECK, text, "200 bytes");
	free(text);
	snprintf(table, sizeof(table), "{\"table\":\"%063d\"}", 1);
	assert_int_equal(parse(&job, QUEUE_CHECK, table, &err), 0);
	job_clear(&job);
	snprintf(table, sizeof(table), "{\"table\":\"%064d\"}", 1);
	bad(QUEUE_CHECK, table, "table");
}

static void only_what_writes_changes_the_structure(void **state)
{
	static const struct { enum settings_queue queue; const char *text; bool changes; } rows[] = {
		{ QUEUE_CHECK, "all", false }, { QUEUE_CHECK, "{\"fix\":true}", true },
		{ QUEUE_CHECK, "{\"fix\":true,\"dry_run\":true}", false }, { QUEUE_MIGRATE, "all", true },
		{ QUEUE_MIGRATE, "{\"plan\":true}", false }, { QUEUE_MIGRATE, "{\"plan\":false}", true },
		{ QUEUE_MIGRATE, "{\"dry_run\":true}", false }, { QUEUE_FETCH, "1", false }, { QUEUE_PING, "x", false },
	};
	struct job job;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(parse(&job, rows[i].queue, rows[i].text, &err), 0);
		assert_int_equal(job_changes_structure(&job), rows[i].changes);
		job_clear(&job);
	}
}

static void the_outcome_tells_what_was_asked_for(void **state)
{
	struct job job;
	struct err err;
	struct outcome o = { .job = &job, .status = "done", .now_ms = 1 };
	char *text;

	(void)state;
	assert_int_equal(parse(&job, QUEUE_MIGRATE, "{\"app\":[\"b\",\"a\"],\"plan\":true,\"id\":\"m\"}", &err), 0);
	text = outcome_text(&o);
	assert_non_null(strstr(text, "{\"id\":\"m\",\"kind\":\"migrate\",\"app\":[\"a\",\"b\"],\"plan\":true,\"status\":\"done\""));
	assert_null(strstr(text, "license"));
	free(text);
	job_clear(&job);
}

static void an_outcome_comes_back_from_the_fields_of_its_hash(void **state)
{
	struct job job;
	struct err err, failed;
	struct outcome o = { .job = &job, .worker = "true", .status = "dead", .now_ms = 1700000000000, .started_ms = 1699999999000 };
	struct outcome_fields fields;
	json_t *before, *after = json_object();
	char *text;

	(void)state;
	assert_int_equal(parse(&job, QUEUE_CHECK, "{\"app\":[\"b\",\"true\"],\"table\":\"[1]\",\"fix\":true,\"dry_run\":true,\"id\":\"5\"}", &err), 0);
	err_set(&failed, ERR_PERMANENT, "bad_job", "there is no such table");
	o.err = &failed;
	o.result = json_pack("{s[] si}", "missing", "models", 3);
	text = outcome_text(&o);
	before = json_loads(text, 0, NULL);
	outcome_fields(text, &fields);
	for (size_t i = 0; i < fields.n; i += 2)
		outcome_set_field(after, fields.v[i], fields.v[i + 1]);
	assert_true(json_equal(before, after));
	outcome_fields_clear(&fields);
	json_decref(before);
	json_decref(after);
	json_decref(o.result);
	free(text);
	job_clear(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_element_is_all_or_an_app),
		cmocka_unit_test(several_apps_make_one_job),
		cmocka_unit_test(every_field_is_kept),
		cmocka_unit_test(a_field_of_the_wrong_type_is_no_job),
		cmocka_unit_test(lists_and_names_have_bounds),
		cmocka_unit_test(only_what_writes_changes_the_structure),
		cmocka_unit_test(the_outcome_tells_what_was_asked_for),
		cmocka_unit_test(an_outcome_comes_back_from_the_fields_of_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
