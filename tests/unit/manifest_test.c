/* manifest_test.c - reads models from files in a temporary folder, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "manifest.h"

static char dir[] = "/tmp/gesync-manifest-XXXXXX";

static void write_file(const char *name, const char *text, size_t len)
{
	char path[200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static void remove_file(const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

/* What is said about shop.json with this text; "" if it is fine. */
static const char *verdict_n(const char *text, size_t len)
{
	static struct err err;
	struct manifest *m;

	write_file("shop.json", text, len);
	m = manifest_load(dir, &err);
	remove_file("shop.json");
	if (m) {
		manifest_free(m);
		return "";
	}
	assert_string_equal(err.code, "bad_models");
	assert_int_equal(err.kind, ERR_PERMANENT);
	return err.msg;
}

static const char *verdict(const char *text)
{
	return verdict_n(text, strlen(text));
}

#define TABLE(rest) "{\"app\":\"shop\",\"tables\":[\n{\"table\":\"shop_item\",\"model\":\"Item\"," \
	"\"columns\":[\n{\"name\":\"id\",\"type\":\"bigint\"},\n{\"name\":\"a\",\"type\":\"text\"}]" \
	rest "}]}"

static void the_six_apps_are_complete(void **state)
{
	struct err err;
	struct manifest *m = manifest_load("db/models", &err);
	size_t models = 0, columns = 0;

	(void)state;
	assert_non_null(m);
	assert_int_equal(m->napps, 6);
	for (size_t i = 0; i < m->ntables; i++) {
		models += !m->tables[i]->many_to_many_of;
		columns += m->tables[i]->many_to_many_of ? 0 : m->tables[i]->columns.n;
	}
	assert_int_equal(models, 37);
	assert_int_equal(columns, 407);
	assert_int_equal(m->ntables, 41);
	assert_int_equal(manifest_app(m, "core")->nmodels, 16);
	assert_null(manifest_app(m, "cor"));
	assert_string_equal(manifest_table(m, "core_schemecode")->model, "SchemeCode");
	assert_string_equal(manifest_table(m, "core_schemecode")->app, "core");
	assert_null(manifest_table(m, "core_scheme"));
	manifest_free(m);
}

static void a_table_without_model_has_its_class_and_owner(void **state)
{
	struct err err;
	struct manifest *m = manifest_load("db/models", &err);

	(void)state;
	assert_int_equal(manifest_class(m, "token_blacklist_outstandingtoken"), MANIFEST_EXPECTED);
	assert_int_equal(manifest_class(m, "token_blacklist_other"), MANIFEST_UNKNOWN);
	assert_int_equal(manifest_class(m, "auth_user"), MANIFEST_HIDDEN);
	assert_int_equal(manifest_class(m, "authx"), MANIFEST_UNKNOWN);
	assert_int_equal(manifest_class(m, "eScrap_anything"), MANIFEST_LEGACY);
	assert_string_equal(manifest_owner(m, "license_old")->label, "license");
	assert_string_equal(manifest_owner(m, "bill_of_entry_x")->label, "bill_of_entry");
	assert_null(manifest_owner(m, "licenses"));
	manifest_free(m);
}

static void a_good_file_is_read(void **state)
{
	(void)state;
	assert_string_equal(verdict(TABLE("")), "");
	assert_string_equal(verdict(TABLE(",\"primary_key\":{\"name\":\"p\",\"columns\":[\"id\"]},"
		"\"checks\":[{\"name\":\"c\",\"definition\":\"CHECK ((a <> ';--'::text))\"}],"
		"\"indexes\":[{\"name\":\"i\",\"definition\":\"btree (a) WHERE (a <> ''::text)\"}]")), "");
	assert_string_equal(verdict("{\"expected\":[\"x\"],\"hidden\":[\"y_*\"]}"), "");
}

static void a_wrong_field_is_told_with_file_line_and_path(void **state)
{
	static const struct { const char *text, *says; } cases[] = {
		{ "", "shop.json:1: no JSON: " },
		{ "{\n\n\"app\": }", "shop.json:3: no JSON: " },
		{ "{\"app\":\"shop\",\n\"app\":\"shop\"}", "shop.json:2: no JSON: duplicate" },
		{ "[]", "shop.json:1: must be an object" },
		{ "{\"tables\":[]}", "shop.json:1: app: must be an app's label" },
		{ "{\n\"app\":7,\"tables\":[]}", "shop.json:2: app: must be an app's label" },
		{ "{\"app\":\"../x\",\"tables\":[]}", "shop.json:1: app: must be an app's label" },
		{ "{\n\n\"app\":\"sho\",\"tables\":[]}", "shop.json:3: app: must be the file's name" },
		{ "{\"app\":\"shop\"}", "shop.json:1: tables: must be a list" },
		{ "{\"app\":\"shop\",\n\"tables\":{}}", "shop.json:2: tables: must be a list" },
		{ "{\"app\":\"shop\",\"tables\":[\n1]}", "shop.json:2: tables[0]: must be an object" },
		{ "{\"app\":\"shop\",\"tables\":[\n{}]}", "shop.json:2: tables[0]: lacks the field \"table\"" },
		{ "{\"app\":\"shop\",\"tables\":[],\n\"tabels\":1}", "shop.json:2: tabels: is no field" },
		{ "{\n\"hidden\":[\"a_*\",\n\"*\"]}", "shop.json:3: hidden[1]: must be a table's name" },
		{ "{\"legacy\":[\"a*b\"]}", "shop.json:1: legacy[0]: must be a table's name" },
		{ "{\"expected\":[3]}", "shop.json:1: expected[0]: must be a table's name" },
		{ "{\"expected\":{}}", "shop.json:1: expected: must be a list" },
		{ TABLE(",\n\"colour\":1"), "shop.json:5: tables[0].colour: is no field" },
		{ TABLE(",\n\"empty\":true"), "shop.json:5: tables[0].empty: is no field" },
		{ TABLE(",\"unique\":[{\"name\":\"u\",\n\"columns\":[\"a\",\n\"b\"]}]"),
		  "shop.json:6: tables[0].unique[0].columns[1]: there is no column b in shop_item" },
		{ TABLE(",\"unique\":[{\"name\":\"u\",\"columns\":[\"a\",\n\"a\"]}]"),
		  "shop.json:5: tables[0].unique[0].columns[1]: column a stands there twice" },
		{ TABLE(",\"unique\":[{\"name\":\"u\",\"columns\":[]}]"),
		  "shop.json:4: tables[0].unique[0].columns: must have 1 to 1600" },
		{ TABLE(",\"primary_key\":{\"name\":\"p\",\"columns\":[\"x\"]}"),
		  "shop.json:4: tables[0].primary_key.columns[0]: there is no column x" },
		{ TABLE(",\"foreign_keys\":[\n{\"name\":\"f\",\"columns\":[\"a\"],\"references\":\"t\","
			"\"ref_columns\":[\"x\",\"y\"]}]"),
		  "shop.json:5: tables[0].foreign_keys[0]: columns and ref_columns are not as many" },
		{ TABLE(",\"foreign_keys\":[{\"name\":\"f\",\"columns\":[\"a\"],\"references\":\"t\","
			"\"ref_columns\":[\"x\"],\n\"on_delete\":\"KILL\"}]"),
		  "shop.json:5: tables[0].foreign_keys[0].on_delete: \"KILL\" is none of its values" },
		{ TABLE(",\"checks\":[{\"name\":\"c\",\n\"definition\":\"CHECK (true); DROP TABLE x\"}]"),
		  "shop.json:5: tables[0].checks[0].definition: is no closed SQL" },
		{ TABLE(",\"checks\":[{\"name\":\"c\",\"definition\":\"CHECK (true)) --\"}]"),
		  "shop.json:4: tables[0].checks[0].definition: is no closed SQL" },
		{ TABLE(",\"indexes\":[{\"name\":\"i\",\"definition\":\"btree (a\"}]"),
		  "shop.json:4: tables[0].indexes[0].definition: is no closed SQL" },
		{ TABLE(",\"indexes\":[{\"name\":\"i\",\"definition\":\"btree ('a)\"}]"),
		  "shop.json:4: tables[0].indexes[0].definition: is no closed SQL" },
		{ TABLE(",\"indexes\":[{\"name\":\"i\\n\",\"definition\":\"btree (a)\"}]"),
		  "shop.json:4: tables[0].indexes[0].name: must have 1 to 63 bytes" },
		{ TABLE(",\"indexes\":[{\"name\":\"\",\"definition\":\"btree (a)\"}]"),
		  "shop.json:4: tables[0].indexes[0].name: must have 1 to 63 bytes" },
		{ TABLE(",\"indexes\":[{\"definition\":\"btree (a)\"}]"),
		  "shop.json:4: tables[0].indexes[0]: lacks the field \"name\"" },
		{ "{\"app\":\"shop\",\"tables\":[{\"table\":\"t\",\"model\":\"T\",\"columns\":[\n"
		  "{\"name\":\"a\",\"type\":\"text\",\n\"nullable\":\"no\"}]}]}",
		  "shop.json:3: tables[0].columns[0].nullable: must be true or false" },
		{ "{\"app\":\"shop\",\"tables\":[{\"table\":\"t\",\"model\":\"T\",\"columns\":[\n"
		  "{\"name\":\"a\",\"type\":\"int); DROP TABLE x\"}]}]}",
		  "shop.json:2: tables[0].columns[0].type: \"int); DROP TABLE x\" is no type" },
		{ "{\"app\":\"shop\",\"tables\":[{\"table\":\"t\",\"model\":\"T\",\"columns\":[\n"
		  "{\"name\":\"a\",\"type\":\"text\"},\n{\"name\":\"a\",\"type\":\"text\"}]}]}",
		  "shop.json:3: tables[0].columns[1]: there are two columns a in t" },
		{ "{\"app\":\"shop\",\"tables\":[{\"table\":\"t\",\"model\":\"T\",\"columns\":[\n"
		  "{\"name\":\"a\",\"type\":\"int\",\"default\":\"1\",\"identity\":\"always\"}]}]}",
		  "shop.json:2: tables[0].columns[0]: default, identity and generated exclude" },
		{ "{\"app\":\"shop\",\"tables\":[{\"table\":\"t\",\"model\":\"T\",\"columns\":[]},\n"
		  "{\"table\":\"t\",\"model\":\"U\",\"columns\":[]}]}",
		  "shop.json:2: tables[1].table: this table is declared twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *says = verdict(cases[i].text);

		if (strncmp(says, cases[i].says, strlen(cases[i].says)))
			fail_msg("%s\nsays: %s\nnot:  %s", cases[i].text, says, cases[i].says);
	}
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	assert_non_null(strstr(verdict_n("{\"hidden\":[\"\xff\xfe\"]}", 17), "no JSON"));
	assert_non_null(strstr(verdict_n("{\"hidden\":[\"a\0b\"]}", 18), "no JSON"));
	assert_non_null(strstr(verdict("{\"hidden\":[\"a\\u0000b\"]}"), "no JSON"));
}

static void a_file_nested_without_end_is_refused(void **state)
{
	char *text = malloc(200001);

	(void)state;
	memset(text, '[', 200000);
	text[200000] = '\0';
	assert_non_null(strstr(verdict(text), "no JSON"));
	free(text);
}

static void a_file_past_eight_mebibytes_is_refused(void **state)
{
	size_t len = (8 << 20) + 1;
	char *text = malloc(len);

	(void)state;
	memset(text, ' ', len);
	memcpy(text, "{}", 2);
	assert_string_equal(verdict_n(text, len - 1), "");
	assert_non_null(strstr(verdict_n(text, len), "is longer than 8 MiB"));
	free(text);
}

static void a_table_past_its_bounds_is_refused(void **state)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs("{\"app\":\"shop\",\"tables\":[{\"table\":\"t\",\"model\":\"T\",\"columns\":[", out);
	for (int i = 0; i < 1601; i++)
		fprintf(out, "%s{\"name\":\"c%d\",\"type\":\"text\"}", i ? "," : "", i);
	fputs("]}]}", out);
	fclose(out);
	assert_string_equal(verdict(text),
			    "shop.json:1: tables[0].columns: must have 0 to 1600 elements");
	free(text);
}

static void a_folder_without_models_is_told(void **state)
{
	struct err err;

	(void)state;
	assert_null(manifest_load("/nowhere/models", &err));
	assert_string_equal(err.msg, "/nowhere/models: No such file or directory");
	assert_null(manifest_load(dir, &err));
	assert_non_null(strstr(err.msg, "holds 0 files *.json"));
	write_file(".hidden.json", "x", 1);
	write_file("notes.txt", "x", 1);
	assert_null(manifest_load(dir, &err));
	assert_non_null(strstr(err.msg, "holds 0 files *.json"));
	remove_file(".hidden.json");
	remove_file("notes.txt");
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_six_apps_are_complete),
		cmocka_unit_test(a_table_without_model_has_its_class_and_owner),
		cmocka_unit_test(a_good_file_is_read),
		cmocka_unit_test(a_wrong_field_is_told_with_file_line_and_path),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(a_file_nested_without_end_is_refused),
		cmocka_unit_test(a_file_past_eight_mebibytes_is_refused),
		cmocka_unit_test(a_table_past_its_bounds_is_refused),
		cmocka_unit_test(a_folder_without_models_is_told),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
