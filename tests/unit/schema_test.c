/* schema_test.c - models against catalogue, difference by difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/schema_parts.h"
#include "schema.h"

/* One app, one table: what is declared, and what stands. */
#define COLUMNS "{\"name\":\"id\",\"type\":\"bigint\",\"identity\":\"by default\"}," \
		"{\"name\":\"code\",\"type\":\"character varying(10)\"}," \
		"{\"name\":\"price\",\"type\":\"numeric(15,2)\",\"fill\":\"0.00\"}," \
		"{\"name\":\"owner_id\",\"type\":\"integer\",\"nullable\":true}"
#define ACTUAL_COLUMNS "{\"name\":\"id\",\"type\":\"bigint\",\"identity\":\"by default\"}," \
		       "{\"name\":\"code\",\"type\":\"character varying(10)\"}," \
		       "{\"name\":\"price\",\"type\":\"numeric(15,2)\"}," \
		       "{\"name\":\"owner_id\",\"type\":\"integer\",\"nullable\":true}"
#define KEYS "\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]}," \
	     "\"unique\":[{\"name\":\"code_key\",\"columns\":[\"code\"]}]," \
	     "\"foreign_keys\":[{\"name\":\"owner_fk\",\"columns\":[\"owner_id\"],\"references\":\"auth_user\"," \
	     "\"ref_columns\":[\"id\"],\"deferrable\":\"initially deferred\"}]," \
	     "\"checks\":[{\"name\":\"price_check\",\"definition\":\"CHECK ((price >= (0)::numeric))\"}]," \
	     "\"indexes\":[{\"name\":\"owner_idx\",\"definition\":\"btree (owner_id)\"}," \
	     "{\"name\":\"part\",\"unique\":true,\"definition\":\"btree (owner_id) WHERE (code IS NULL)\"}]"

static char dir[] = "/tmp/gesync-schema-XXXXXX";
static struct manifest *manifest;
static struct catalogue *catalogue;
static struct schema *schema;

static void forget(void)
{
	schema_free(schema);
	catalogue_free(catalogue);
	manifest_free(manifest);
	schema = NULL;
	catalogue = NULL;
	manifest = NULL;
}

static void compare(const char *declared, const char *const *rows, size_t n)
{
	struct schema_scope scope = { .table = NULL };
	char path[200];
	struct err err;
	FILE *out;

	forget();
	snprintf(path, sizeof(path), "%s/shop.json", dir);
	out = fopen(path, "w");
	fprintf(out, "{\"app\":\"shop\",\"tables\":[%s]}", declared);
	fclose(out);
	manifest = manifest_load(dir, &err);
	unlink(path);
	if (!manifest)
		fail_msg("%s", err.msg);
	catalogue = catalogue_read(rows, n, &err);
	if (!catalogue)
		fail_msg("%s", err.msg);
	schema = schema_compare(manifest, catalogue, &scope);
}

/* The table as declared above against this one: body of a catalogue row. */
static void against(const char *body)
{
	char *row;

	assert_true(asprintf(&row, "{\"table\":\"shop_item\",\"small\":true,%s}", body) > 0);
	compare("{\"table\":\"shop_item\",\"model\":\"Item\",\"columns\":[" COLUMNS "]," KEYS "}",
		(const char *const *)&row, 1);
	free(row);
}

/* "kind severity place declared | actual | fix; fix" of drift i. */
static const char *drift(size_t i)
{
	static char text[2000];
	const struct schema_drift *d = schema->drift.v[i];
	size_t used;

	snprintf(text, sizeof(text), "%s %s %s: %s | %s |", schema_kind_names[d->kind],
		 schema_severity_names[d->severity], d->column ? d->column : d->name,
		 d->declared ? d->declared : "-", d->actual ? d->actual : "-");
	for (const struct schema_statement *s = d->fix.first; s; s = s->next) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, " %s;", s->sql);
	}
	used = strlen(text);
	snprintf(text + used, sizeof(text) - used, "%s%s", d->safe ? " safe" : "",
		 d->loses_data ? " loses" : "");
	return text;
}

static void only(const char *expected)
{
	if (schema->drift.n != 1)
		fail_msg("%zu drifts, not 1: %s", schema->drift.n, schema->drift.n ? drift(schema->drift.n - 1) : "");
	assert_string_equal(drift(0), expected);
}

/* body is ACTUAL_COLUMNS and KEYS with `from` replaced by `to`. */
static void changed(const char *from, const char *to)
{
	static const char same[] = "\"columns\":[" ACTUAL_COLUMNS "]," KEYS;
	const char *at = strstr(same, from);
	char *body;

	assert_non_null(at);
	assert_true(asprintf(&body, "%.*s%s%s", (int)(at - same), same, to, at + strlen(from)) > 0);
	against(body);
	free(body);
}

static void what_is_the_same_is_not_told(void **state)
{
	(void)state;
	against("\"columns\":[" ACTUAL_COLUMNS "]," KEYS);
	assert_int_equal(schema->drift.n, 0);
	assert_int_equal(schema->missing.n, 0);
	assert_int_equal(schema->models, 1);
	assert_int_equal(schema->tables, 1);
}

static void equal_in_effect_is_equal(void **state)
{
	(void)state;
	/* an index for a constraint */
	changed("\"unique\":[{\"name\":\"code_key\",\"columns\":[\"code\"]}]", "\"unique\":[]");
	only("unique error code: UNIQUE (code) | - | CREATE UNIQUE INDEX CONCURRENTLY code_key ON shop_item "
	     "USING btree (code); ALTER TABLE shop_item ADD CONSTRAINT code_key UNIQUE USING INDEX code_key; safe");
	against("\"columns\":[" ACTUAL_COLUMNS "],\"primary_key\":{\"name\":\"other\",\"columns\":[\"id\"]},"
		"\"foreign_keys\":[{\"name\":\"x\",\"columns\":[\"owner_id\"],\"references\":\"auth_user\","
		"\"ref_columns\":[\"id\"],\"deferrable\":\"initially deferred\"}],"
		"\"checks\":[{\"name\":\"y\",\"definition\":\"CHECK ((price >= (0)::numeric))\"}],"
		"\"indexes\":[{\"name\":\"a\",\"definition\":\"btree (owner_id)\"},"
		"{\"name\":\"b\",\"unique\":true,\"definition\":\"btree (\\\"code\\\")\"},"
		"{\"name\":\"c\",\"unique\":true,\"definition\":\"btree (owner_id) WHERE (code IS NULL)\"}]");
	assert_int_equal(schema->drift.n, 0);
}

static void a_column_that_is_missing_brings_its_keys(void **state)
{
	(void)state;
	against("\"columns\":[{\"name\":\"id\",\"type\":\"bigint\",\"identity\":\"by default\"},"
		"{\"name\":\"code\",\"type\":\"character varying(10)\"},{\"name\":\"price\",\"type\":\"numeric(15,2)\"}],"
		"\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]},"
		"\"unique\":[{\"name\":\"code_key\",\"columns\":[\"code\"]}],"
		"\"checks\":[{\"name\":\"price_check\",\"definition\":\"CHECK ((price >= (0)::numeric))\"}]");
	only("missing_column error owner_id: integer | - | ALTER TABLE shop_item ADD COLUMN owner_id integer; "
	     "CREATE INDEX CONCURRENTLY owner_idx ON shop_item USING btree (owner_id); "
	     "CREATE UNIQUE INDEX CONCURRENTLY part ON shop_item USING btree (owner_id) WHERE (code IS NULL); "
	     "ALTER TABLE shop_item ADD CONSTRAINT owner_fk FOREIGN KEY (owner_id) REFERENCES auth_user (id) "
	     "DEFERRABLE INITIALLY DEFERRED NOT VALID; ALTER TABLE shop_item VALIDATE CONSTRAINT owner_fk; safe");
}

static void a_column_with_a_fill_is_added_without_rewriting(void **state)
{
	(void)state;
	against("\"columns\":[{\"name\":\"id\",\"type\":\"bigint\",\"identity\":\"by default\"},"
		"{\"name\":\"code\",\"type\":\"character varying(10)\"},"
		"{\"name\":\"owner_id\",\"type\":\"integer\",\"nullable\":true}],"
		"\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]},"
		"\"unique\":[{\"name\":\"code_key\",\"columns\":[\"code\"]}],"
		"\"foreign_keys\":[{\"name\":\"owner_fk\",\"columns\":[\"owner_id\"],\"references\":\"auth_user\","
		"\"ref_columns\":[\"id\"],\"deferrable\":\"initially deferred\"}],"
		"\"indexes\":[{\"name\":\"owner_idx\",\"definition\":\"btree (owner_id)\"},"
		"{\"name\":\"part\",\"unique\":true,\"definition\":\"btree (owner_id) WHERE (code IS NULL)\"}]");
	assert_int_equal(schema->drift.n, 1);   /* its check is brought along */
	assert_non_null(strstr(drift(0), "ADD CONSTRAINT price_check CHECK"));
	assert_non_null(strstr(drift(0), "ADD COLUMN price numeric(15,2) DEFAULT 0.00 NOT NULL; "
					 "ALTER TABLE shop_item ALTER COLUMN price DROP DEFAULT;"));
	assert_true(schema->drift.v[0]->safe);
}

static void a_unique_column_is_not_added_to_rows_that_stand(void **state)
{
	(void)state;
	changed("{\"name\":\"code\",\"type\":\"character varying(10)\"},", "");
	assert_int_equal(schema->drift.v[0]->kind, SCHEMA_MISSING_COLUMN);
	assert_false(schema->drift.v[0]->safe);
}

static void a_rename_is_proposed_as_one(void **state)
{
	(void)state;
	against("\"columns\":[{\"name\":\"id\",\"type\":\"bigint\",\"identity\":\"by default\"},"
		"{\"name\":\"kode\",\"type\":\"character varying(10)\"},{\"name\":\"price\",\"type\":\"numeric(15,2)\"},"
		"{\"name\":\"owner_id\",\"type\":\"integer\",\"nullable\":true}],"
		"\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]},"
		"\"unique\":[{\"name\":\"code_key\",\"columns\":[\"kode\"]}],"
		"\"foreign_keys\":[{\"name\":\"owner_fk\",\"columns\":[\"owner_id\"],\"references\":\"auth_user\","
		"\"ref_columns\":[\"id\"],\"deferrable\":\"initially deferred\"}],"
		"\"checks\":[{\"name\":\"price_check\",\"definition\":\"CHECK ((price >= (0)::numeric))\"}],"
		"\"indexes\":[{\"name\":\"owner_idx\",\"definition\":\"btree (owner_id)\"},"
		"{\"name\":\"part\",\"unique\":true,\"definition\":\"btree (owner_id) WHERE (kode IS NULL)\"}]");
	only("missing_column error code: character varying(10) NOT NULL | - | "
	     "ALTER TABLE shop_item RENAME COLUMN kode TO code;");
	assert_string_equal(schema->drift.v[0]->renamed_from, "kode");
	assert_false(schema_creates(schema->drift.v[0]));
}

static void an_extra_column_blocks_only_if_it_must_be_given(void **state)
{
	(void)state;
	changed("{\"name\":\"id\"", "{\"name\":\"flag\",\"type\":\"boolean\"},{\"name\":\"id\"");
	only("extra_column error flag: - | boolean NOT NULL | ALTER TABLE shop_item DROP COLUMN flag; loses");
	changed("{\"name\":\"id\"", "{\"name\":\"flag\",\"type\":\"boolean\",\"nullable\":true},{\"name\":\"id\"");
	only("extra_column warning flag: - | boolean | ALTER TABLE shop_item DROP COLUMN flag; loses");
}

static void types_are_graded_by_what_they_hold(void **state)
{
	static const struct { const char *to, *says; } cases[] = {
		{ "character varying(20)", "type warning code: character varying(10) | character varying(20) | "
		  "ALTER TABLE shop_item ALTER COLUMN code TYPE character varying(10) USING code::character varying(10); loses" },
		{ "text", "type warning code: character varying(10) | text | ALTER TABLE shop_item ALTER COLUMN code "
		  "TYPE character varying(10) USING code::character varying(10); loses" },
		{ "character varying(5)", "type error code: character varying(10) | character varying(5) | "
		  "ALTER TABLE shop_item ALTER COLUMN code TYPE character varying(10); safe" },
		{ "integer", "type error code: character varying(10) | integer | ALTER TABLE shop_item ALTER COLUMN "
		  "code TYPE character varying(10) USING code::character varying(10); loses" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char to[100];

		snprintf(to, sizeof(to), "\"code\",\"type\":\"%s\"", cases[i].to);
		changed("\"code\",\"type\":\"character varying(10)\"", to);
		only(cases[i].says);
	}
}

static void types_fit_or_do_not(void **state)
{
	static const struct { const char *from, *to; bool fits, in_place; } cases[] = {
		{ "text", "text", true, true },
		{ "integer", "bigint", true, false }, { "bigint", "integer", false, false },
		{ "smallint", "bigint", true, false }, { "real", "double precision", true, false },
		{ "character varying(5)", "character varying(6)", true, true },
		{ "character varying(6)", "character varying(5)", false, false },
		{ "character varying(5)", "character varying", true, true },
		{ "character varying", "character varying(5)", false, false },
		{ "character varying(5)", "text", true, true }, { "text", "character varying(5)", false, false },
		{ "text", "character varying", true, true },
		{ "numeric(15,2)", "numeric(16,2)", true, true }, { "numeric(15,2)", "numeric(15,3)", false, false },
		{ "numeric(15,2)", "numeric(16,3)", true, false }, { "numeric(15,2)", "numeric", true, true },
		{ "numeric(15,0)", "numeric(15)", true, true },
		{ "numeric", "numeric(15,2)", false, false }, { "integer", "numeric(15,2)", false, false },
		{ "timestamp(3) with time zone", "timestamp with time zone", false, false },
		{ "date", "text", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (schema_type_fits(cases[i].from, cases[i].to) != cases[i].fits ||
		    schema_type_in_place(cases[i].from, cases[i].to) != cases[i].in_place)
			fail_msg("%s to %s", cases[i].from, cases[i].to);
	}
}

static void an_old_installation_is_an_info(void **state)
{
	(void)state;
	changed("\"bigint\",\"identity\":\"by default\"", "\"integer\",\"identity\":\"by default\"");
	only("type info id: bigint | integer | ALTER TABLE shop_item ALTER COLUMN id TYPE bigint;");
	changed("\"identity\":\"by default\"", "\"identity\":\"serial\",\"default\":\"nextval('s'::regclass)\"");
	assert_int_equal(schema->drift.n, 1);
	assert_int_equal(schema->drift.v[0]->severity, SCHEMA_INFO);
	assert_string_equal(schema->drift.v[0]->actual, "serial");
	changed("\"foreign_keys\":[", "\"foreign_keys\":[{\"name\":\"twice\",\"columns\":[\"owner_id\"],"
		"\"references\":\"auth_user\",\"ref_columns\":[\"id\"],\"on_delete\":\"SET NULL\"},");
	only("foreign_key info owner_id: - | FOREIGN KEY (owner_id) REFERENCES auth_user (id) ON DELETE SET NULL | "
	     "ALTER TABLE shop_item DROP CONSTRAINT twice; safe");
	changed("\"character varying(10)\"", "\"character varying(10)\",\"nullable\":true");
	only("nullable warning code: NOT NULL | NULL | ALTER TABLE shop_item ALTER COLUMN code SET NOT NULL; safe");
}

static void null_and_defaults_are_compared(void **state)
{
	(void)state;
	changed("\"integer\",\"nullable\":true", "\"integer\"");
	only("nullable error owner_id: NULL | NOT NULL | ALTER TABLE shop_item ALTER COLUMN owner_id DROP NOT NULL; safe");
	changed("\"character varying(10)\"", "\"character varying(10)\",\"default\":\"'x'\"");
	only("default warning code: - | 'x' | ALTER TABLE shop_item ALTER COLUMN code DROP DEFAULT; safe");
	changed(",\"identity\":\"by default\"", ",\"identity\":\"always\"");
	only("default error id: GENERATED BY DEFAULT AS IDENTITY | GENERATED ALWAYS AS IDENTITY | "
	     "ALTER TABLE shop_item ALTER COLUMN id SET GENERATED BY DEFAULT; safe");
	changed(",\"identity\":\"by default\"", "");
	only("default error id: GENERATED BY DEFAULT AS IDENTITY | - | ALTER TABLE shop_item ALTER COLUMN id "
	     "ADD GENERATED BY DEFAULT AS IDENTITY; SELECT setval(pg_get_serial_sequence('shop_item', 'id'), "
	     "coalesce(max(id), 0) + 1, false) FROM shop_item; safe");
	changed("\"character varying(10)\"", "\"character varying(10)\",\"generated\":\"'x'\"");
	only("default error code: - | GENERATED ALWAYS AS ('x') STORED | ALTER TABLE shop_item ALTER COLUMN code "
	     "DROP EXPRESSION; safe");
	changed("\"character varying(10)\"", "\"character varying(10)\",\"collation\":\"C\"");
	only("type warning code: character varying(10) COLLATE \"default\" | character varying(10) COLLATE \"C\" | "
	     "ALTER TABLE shop_item ALTER COLUMN code TYPE character varying(10) COLLATE \"default\"; safe");
}

static void keys_are_compared(void **state)
{
	(void)state;
	changed("\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]},", "");
	only("primary_key error id: PRIMARY KEY (id) | - | CREATE UNIQUE INDEX CONCURRENTLY pk ON shop_item USING "
	     "btree (id); ALTER TABLE shop_item ADD CONSTRAINT pk PRIMARY KEY USING INDEX pk; safe");
	changed("\"columns\":[\"code\"]}", "\"columns\":[\"price\"]}");
	only("unique error code: UNIQUE (code) | UNIQUE (price) | CREATE UNIQUE INDEX CONCURRENTLY code_key_new ON "
	     "shop_item USING btree (code); ALTER TABLE shop_item DROP CONSTRAINT code_key; ALTER TABLE shop_item "
	     "ADD CONSTRAINT code_key UNIQUE USING INDEX code_key_new; safe");
	changed("\"unique\":[", "\"unique\":[{\"name\":\"more\",\"columns\":[\"price\"]},");
	only("unique error price: - | UNIQUE (price) | ALTER TABLE shop_item DROP CONSTRAINT more; safe");
	changed("\"unique\":[", "\"unique\":[{\"name\":\"more\",\"columns\":[\"price\",\"code\"]},");
	only("unique info more: - | UNIQUE (price, code) | ALTER TABLE shop_item DROP CONSTRAINT more; safe");
	changed("\"columns\":[\"code\"]}", "\"columns\":[\"code\"],\"deferrable\":\"initially deferred\"}");
	assert_int_equal(schema->drift.n, 1);
	assert_int_equal(schema->drift.v[0]->severity, SCHEMA_WARNING);
}

static void foreign_keys_are_compared(void **state)
{
	(void)state;
	changed("\"references\":\"auth_user\"", "\"references\":\"accounts_user\"");
	only("foreign_key error owner_id: FOREIGN KEY (owner_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED | "
	     "FOREIGN KEY (owner_id) REFERENCES accounts_user (id) DEFERRABLE INITIALLY DEFERRED | "
	     "ALTER TABLE shop_item DROP CONSTRAINT owner_fk; ALTER TABLE shop_item ADD CONSTRAINT owner_fk FOREIGN KEY "
	     "(owner_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED NOT VALID; "
	     "ALTER TABLE shop_item VALIDATE CONSTRAINT owner_fk; safe");
	changed("\"deferrable\":\"initially deferred\"", "\"on_delete\":\"CASCADE\"");
	assert_int_equal(schema->drift.v[0]->severity, SCHEMA_ERROR);
	changed("\"deferrable\":\"initially deferred\"", "\"deferrable\":\"initially immediate\"");
	assert_int_equal(schema->drift.v[0]->severity, SCHEMA_WARNING);
	changed("\"deferrable\":\"initially deferred\"", "\"deferrable\":\"initially deferred\",\"not_valid\":true");
	assert_int_equal(schema->drift.n, 1);
	assert_string_equal(schema->drift.v[0]->fix.first->sql, "ALTER TABLE shop_item VALIDATE CONSTRAINT owner_fk");
}

static void checks_are_compared(void **state)
{
	(void)state;
	changed("CHECK ((price >= (0)::numeric))", "CHECK ((price > (0)::numeric))");
	only("check error price_check: CHECK ((price >= (0)::numeric)) | CHECK ((price > (0)::numeric)) | "
	     "ALTER TABLE shop_item DROP CONSTRAINT price_check; ALTER TABLE shop_item ADD CONSTRAINT price_check "
	     "CHECK ((price >= (0)::numeric)) NOT VALID; ALTER TABLE shop_item VALIDATE CONSTRAINT price_check; safe");
	changed("\"checks\":[", "\"checks\":[{\"name\":\"more\",\"definition\":\"CHECK (false)\"},");
	only("check error more: - | CHECK (false) | ALTER TABLE shop_item DROP CONSTRAINT more; safe");
	changed("(0)::numeric))\"", "(0)::numeric))\",\"not_valid\":true");
	only("check warning price_check: CHECK ((price >= (0)::numeric)) | CHECK ((price >= (0)::numeric)) NOT VALID | "
	     "ALTER TABLE shop_item VALIDATE CONSTRAINT price_check; safe");
}

static void indexes_are_compared(void **state)
{
	(void)state;
	changed("{\"name\":\"owner_idx\",\"definition\":\"btree (owner_id)\"},", "");
	only("missing_index warning owner_id: btree (owner_id) | - | CREATE INDEX CONCURRENTLY owner_idx ON shop_item "
	     "USING btree (owner_id); safe");
	changed("\"btree (owner_id)\"", "\"btree (owner_id DESC)\"");
	only("missing_index warning owner_id: btree (owner_id) | btree (owner_id DESC) | CREATE INDEX CONCURRENTLY "
	     "owner_idx_new ON shop_item USING btree (owner_id); DROP INDEX CONCURRENTLY owner_idx; "
	     "ALTER INDEX owner_idx_new RENAME TO owner_idx; safe");
	changed("(code IS NULL)", "(code IS NOT NULL)");
	assert_int_equal(schema->drift.n, 1);
	assert_int_equal(schema->drift.v[0]->kind, SCHEMA_UNIQUE);
	changed("\"indexes\":[", "\"indexes\":[{\"name\":\"x\",\"definition\":\"hash (code)\"},");
	only("extra_index info x: - | hash (code) | DROP INDEX CONCURRENTLY x; safe");
	changed("\"btree (owner_id)\"", "\"btree (owner_id)\",\"invalid\":true");
	only("invalid_index warning owner_id: btree (owner_id) | btree (owner_id) | REINDEX INDEX CONCURRENTLY owner_idx; safe");
	changed("\"indexes\":[", "\"indexes\":[{\"name\":\"x_ccnew\",\"definition\":\"btree (owner_id)\",\"invalid\":true},");
	only("invalid_index warning owner_id: - | btree (owner_id) | DROP INDEX CONCURRENTLY x_ccnew; safe");
	/* A unique index that was never finished does not make anything unique. */
	against("\"columns\":[" ACTUAL_COLUMNS "],\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]},"
		"\"foreign_keys\":[{\"name\":\"owner_fk\",\"columns\":[\"owner_id\"],\"references\":\"auth_user\","
		"\"ref_columns\":[\"id\"],\"deferrable\":\"initially deferred\"}],"
		"\"checks\":[{\"name\":\"price_check\",\"definition\":\"CHECK ((price >= (0)::numeric))\"}],"
		"\"indexes\":[{\"name\":\"owner_idx\",\"definition\":\"btree (owner_id)\"},"
		"{\"name\":\"code_key\",\"unique\":true,\"definition\":\"btree (code)\",\"invalid\":true},"
		"{\"name\":\"part\",\"unique\":true,\"definition\":\"btree (owner_id) WHERE (code IS NULL)\"}]");
	only("invalid_index error code: - | UNIQUE btree (code) | REINDEX INDEX CONCURRENTLY code_key; safe");
}

static void of_two_equal_indexes_the_one_that_is_altered_is_told(void **state)
{
	static const char *const rows[] = { "{\"table\":\"shop_b\",\"columns\":[{\"name\":\"a\",\"type\":\"bigint\"}],"
		"\"indexes\":[{\"name\":\"one\",\"definition\":\"btree (a DESC)\"},{\"name\":\"two\",\"definition\":\"btree (a)\"}]}" };

	(void)state;
	compare("{\"table\":\"shop_b\",\"model\":\"B\",\"columns\":[{\"name\":\"a\",\"type\":\"bigint\"}],"
		"\"indexes\":[{\"name\":\"one\",\"definition\":\"btree (a)\"},{\"name\":\"two\",\"definition\":\"btree (a)\"}]}",
		rows, 1);
	assert_int_equal(schema->drift.n, 1);
	assert_string_equal(schema->drift.v[0]->name, "one");
	assert_string_equal(schema->drift.v[0]->actual, "btree (a DESC)");
}

static void a_table_that_is_missing_comes_with_those_that_refer_to_it(void **state)
{
	static const char *const rows[] = { "{\"table\":\"shop_b\",\"columns\":[{\"name\":\"a_id\",\"type\":\"bigint\"}]}" };
	const struct schema_statement *s;

	(void)state;
	compare("{\"table\":\"shop_a\",\"model\":\"A\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],"
		"\"primary_key\":{\"name\":\"pk\",\"columns\":[\"id\"]}},"
		"{\"table\":\"shop_b\",\"model\":\"B\",\"columns\":[{\"name\":\"a_id\",\"type\":\"bigint\"}],"
		"\"foreign_keys\":[{\"name\":\"fk\",\"columns\":[\"a_id\"],\"references\":\"shop_a\",\"ref_columns\":[\"id\"]}]}",
		rows, 1);
	assert_int_equal(schema->missing.n, 1);
	assert_int_equal(schema->drift.n, 0);
	s = schema->missing.v[0].fix.first;
	assert_string_equal(s->sql, "CREATE TABLE shop_a (\n    id bigint NOT NULL,\n    CONSTRAINT pk PRIMARY KEY (id)\n)");
	assert_string_equal(s->next->sql, "ALTER TABLE shop_b ADD CONSTRAINT fk FOREIGN KEY (a_id) REFERENCES shop_a (id) NOT VALID");
}

static void the_catalogues_nonsense_is_refused(void **state)
{
	static const char *const bad[] = { "{", "[]", "{\"table\":1}", "{\"table\":\"t\"}",
		"{\"table\":\"t\",\"columns\":[{\"name\":\"a\"}]}",
		"{\"table\":\"t\",\"columns\":[],\"indexes\":[{\"name\":\"i\",\"definition\":null}]}" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_null(catalogue_read(&bad[i], 1, &err));
		assert_string_equal(err.code, "db_error");
	}
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	forget();
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_is_not_told),
		cmocka_unit_test(equal_in_effect_is_equal),
		cmocka_unit_test(a_column_that_is_missing_brings_its_keys),
		cmocka_unit_test(a_column_with_a_fill_is_added_without_rewriting),
		cmocka_unit_test(a_unique_column_is_not_added_to_rows_that_stand),
		cmocka_unit_test(a_rename_is_proposed_as_one),
		cmocka_unit_test(an_extra_column_blocks_only_if_it_must_be_given),
		cmocka_unit_test(types_are_graded_by_what_they_hold),
		cmocka_unit_test(types_fit_or_do_not),
		cmocka_unit_test(an_old_installation_is_an_info),
		cmocka_unit_test(null_and_defaults_are_compared),
		cmocka_unit_test(keys_are_compared),
		cmocka_unit_test(foreign_keys_are_compared),
		cmocka_unit_test(checks_are_compared),
		cmocka_unit_test(indexes_are_compared),
		cmocka_unit_test(of_two_equal_indexes_the_one_that_is_altered_is_told),
		cmocka_unit_test(a_table_that_is_missing_comes_with_those_that_refer_to_it),
		cmocka_unit_test(the_catalogues_nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
