/* ge_reply_test.c - replies of the GE server, the good days and the bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "ge_reply.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define JSON "application/json;charset=UTF-8"
#define FEB2 "2026-02-02T13:12:00+05:30"

static int parse(struct ge_reply *reply, const char *body, struct err *err)
{
	return ge_reply_parse(reply, 200, JSON, "", body, strlen(body), err);
}

/* The record of a reply that must be good. */
static json_t *record(const char *body)
{
	struct ge_reply reply;
	struct err err;
	json_t *json;

	if (parse(&reply, body, &err) < 0)
		fail_msg("%s: %s\n%s", err.code, err.msg, body);
	json = json_loads(reply.json, 0, NULL);
	assert_non_null(json);
	ge_reply_clear(&reply);
	assert_null(reply.json);
	return json;
}

/* Compares the record's member, or all of it for NULL, with JSON. */
static void check(const char *body, const char *member, const char *want)
{
	json_t *all = record(body), *got = member ? json_object_get(all, member) : all;
	json_t *expected = json_loads(want, JSON_DECODE_ANY, NULL);

	assert_non_null(expected);
	if (!json_equal(got, expected)) {
		char *text = json_dumps(got, JSON_ENCODE_ANY);

		fail_msg("%s\ngot  %s\nwant %s", body, text, want);
	}
	json_decref(expected);
	json_decref(all);
}

/* Compares one member of the first transfer. */
static void check_transfer(const char *fields, const char *member, const char *want)
{
	char body[2048];
	json_t *all, *got, *expected = json_loads(want, JSON_DECODE_ANY, NULL);

	snprintf(body, sizeof(body), "{\"scripTransfer\":[{\"cbicStatus\":\"x\",%s}]}", fields);
	all = record(body);
	got = json_object_get(json_array_get(json_object_get(all, "transfers"), 0), member);
	assert_non_null(expected);
	if (!json_equal(got, expected))
		fail_msg("%s: %s is %s", fields, member, got ? json_dumps(got, JSON_ENCODE_ANY) : "absent");
	json_decref(expected);
	json_decref(all);
}

static void check_fails(int status, const char *type, const char *location, const char *body, size_t len,
			enum err_kind kind, const char *code)
{
	struct ge_reply reply = { (char *)"untouched" };
	struct err err;

	if (!ge_reply_parse(&reply, status, type, location, body, len, &err))
		fail_msg("%d '%.60s' was taken for a reply: %s", status, body, reply.json);
	assert_null(reply.json);
	if (strcmp(err.code, code) || err.kind != kind)
		fail_msg("%d '%.60s' is %s: %s", status, body, err.code, err.msg);
	assert_true(*err.msg);
	assert_true(strlen(err.msg) < sizeof(err.msg) - 1);
	assert_null(strpbrk(err.msg, "\r\n"));
}

static void check_bad(const char *body)
{
	check_fails(200, JSON, "", body, strlen(body), ERR_RETRY, "ge_bad_response");
}

static void check_says(const char *body, const char *says)
{
	struct ge_reply reply;
	struct err err;

	assert_int_equal(parse(&reply, body, &err), -1);
	assert_string_equal(err.code, "ge_bad_response");
	if (!strstr(err.msg, says))
		fail_msg("'%s' does not say '%s'", err.msg, says);
}

static void the_example_of_the_domain_becomes_a_record(void **state)
{
	(void)state;
	check("{\"meisScripCurrentOwnerDtls\": {\"iec\": \"0300000002\", \"firm\": \"EXAMPLE BUYER LTD\"},"
	      " \"meisScripOriginalOwnerDtls\": {\"iec\": \"0300000001\", \"firm\": \"EXAMPLE EXPORTER LTD\", \"validity\": \"14/01/2027\"},"
	      " \"scripTransfer\": [{\"fromIEC\": \"0300000001\", \"toIEC\": \"0300000002\","
	      " \"fromIecEntityName\": \"EXAMPLE EXPORTER LTD\", \"toIecEntityName\": \"EXAMPLE BUYER LTD\","
	      " \"transferStatus\": \"Approved\", \"transferInitiationDate\": \"2026-02-02 13:12:0.0\", \"transferDate\": \"2026-02-03\","
	      " \"transferacceptanceDate\": \"2026-02-03 10:00:0.0\", \"cbicStatus\": null, \"cbicResponseDate\": null,"
	      " \"userIdTransferInitiation\": \"u1\", \"userIdAcceptance\": \"u2\"}]}", NULL,
	      "{\"owner\": {\"iec\": \"0300000002\", \"name\": \"EXAMPLE BUYER LTD\"}, \"file_transfer_status\": null,"
	      " \"companies\": [{\"iec\": \"0300000001\", \"name\": \"EXAMPLE EXPORTER LTD\"},"
	      "                 {\"iec\": \"0300000002\", \"name\": \"EXAMPLE BUYER LTD\"}],"
	      " \"transfers\": [{\"from_iec\": \"0300000001\", \"to_iec\": \"0300000002\", \"initiated\": \"" FEB2 "\","
	      " \"date\": \"2026-02-03\", \"status\": \"Approved\", \"accepted\": \"2026-02-03T10:00:00+05:30\","
	      " \"cbic_status\": null, \"cbic_date\": null, \"user_initiation\": \"u1\", \"user_acceptance\": \"u2\"}]}");
}

#define NOTHING "{\"owner\":null,\"file_transfer_status\":null,\"companies\":[],\"transfers\":[]}"

static void any_block_may_be_absent_null_or_empty(void **state)
{
	static const char *const rows[] = {
		"{\"meisScripOriginalOwnerDtls\":{\"iec\":\"0300000001\"}}",
		"{\"meisScripOriginalOwnerDtls\":null}", "{\"meisScripOriginalOwnerDtls\":\"anything\"}",
		"{\"meisScripCurrentOwnerDtls\":null}", "{\"meisScripCurrentOwnerDtls\":{}}",
		"{\"meisScripCurrentOwnerDtls\":\"\"}", "{\"meisScripCurrentOwnerDtls\":[]}",
		"{\"meisScripCurrentOwnerDtls\":{\"iec\":null,\"firm\":null}}",
		"{\"meisScripCurrentOwnerDtls\":{\"iec\":\"\",\"firm\":\"A FIRM\"}}",
		"{\"meisScripCurrentOwnerDtls\":{\"iec\":\"  \"}}", "{\"meisScripCurrentOwnerDtls\":{\"firm\":\"A\"}}",
		"{\"scripTransfer\":null}", "{\"scripTransfer\":[]}", "{\"scripTransfer\":\"\"}", "{\"scripTransfer\":{}}",
		"{\"scripTransfer\":[null]}", "{\"scripTransfer\":[{}]}", "{\"scripTransfer\":[null,{\"toIEC\":\" \",\"transferDate\":\"\"},{\"other\":1}]}",
		"{\"scripTransfer\":null,\"message\":\"No record found\"}",
		"\xef\xbb\xbf \r\n\t{\"scripTransfer\":[]}\n", "{\"scripTransfer\":[],\"more\":{\"deep\":[1,2.5,true]}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i], NULL, NOTHING);
}

static void empty_values_are_null_and_a_missing_status_is_empty(void **state)
{
	static const char *const rows[] = {
		"{\"scripTransfer\":[{\"fromIEC\":\"0300000001\"}]}",
		"{\"scripTransfer\":[{\"fromIEC\":\" 0300000001\\t\",\"toIEC\":\"\",\"fromIecEntityName\":\"\",\"toIecEntityName\":null,"
		"\"transferStatus\":null,\"transferInitiationDate\":\"\",\"transferDate\":\" \",\"transferacceptanceDate\":null,"
		"\"cbicStatus\":\"\",\"cbicResponseDate\":\"\\n\",\"userIdTransferInitiation\":\"\",\"userIdAcceptance\":\"\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i], NULL, "{\"owner\":null,\"file_transfer_status\":null,\"companies\":[{\"iec\":\"0300000001\",\"name\":null}],"
		      "\"transfers\":[{\"from_iec\":\"0300000001\",\"to_iec\":null,\"initiated\":null,\"date\":null,\"status\":\"\","
		      "\"accepted\":null,\"cbic_status\":null,\"cbic_date\":null,\"user_initiation\":null,\"user_acceptance\":null}]}");
}

static void each_field_goes_to_its_own_column(void **state)
{
	static const struct {
		const char *fields, *member, *want;
	} rows[] = {
		{ "\"transferacceptanceDate\":\"03/02/2026 10:00:00\"", "accepted", "\"2026-02-03T10:00:00+05:30\"" },
		{ "\"transferAcceptanceDate\":\"03/02/2026 10:00:00\"", "accepted", "null" },
		{ "\"cbicResponseDate\":\"2026-02-03T04:30:00Z\"", "cbic_date", "\"2026-02-03T10:00:00+05:30\"" },
		{ "\"transferDate\":\"03/02/2026\"", "date", "\"2026-02-03\"" },
		{ "\"transferDate\":\"2026-02-03 23:00:0.0\"", "date", "\"2026-02-03\"" },
		{ "\"transferDate\":\"2026-02-03T20:00:00Z\"", "date", "\"2026-02-04\"" },
		{ "\"transferInitiationDate\":\"2026-02-02\"", "initiated", "\"2026-02-02T00:00:00+05:30\"" },
		{ "\"transferInitiationDate\":\"2026-02-02 1:2:3.25\"", "initiated", "\"2026-02-02T01:02:03.25+05:30\"" },
		{ "\"transferStatus\":\" Withdrawn \"", "status", "\"Withdrawn\"" },
		{ "\"userIdTransferInitiation\":\"A\"", "user_initiation", "\"A\"" },
		{ "\"userIdAcceptance\":\"B\"", "user_acceptance", "\"B\"" },
		{ "\"a\":1", "cbic_status", "\"x\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_transfer(rows[i].fields, rows[i].member, rows[i].want);
}

static void numbers_become_their_texts(void **state)
{
	static const struct {
		const char *number, *text;
	} rows[] = {
		{ "0", "\"0\"" }, { "-1", "\"-1\"" }, { "42", "\"42\"" }, { "42.0", "\"42\"" }, { "4.2e1", "\"42\"" }, { "0.5", "\"0.5\"" },
		{ "9007199254740993", "\"9007199254740993\"" }, { "9223372036854775807", "\"9223372036854775807\"" },
		{ "-9223372036854775808", "\"-9223372036854775808\"" }, { "9223372036854775808", "\"9223372036854775808\"" },
		{ "12345678901234567890123456789 ", "\"12345678901234567890123456789\"" },
		{ "-12345678901234567890123456789", "\"-12345678901234567890123456789\"" },
	};
	char fields[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(fields, sizeof(fields), "\"k\\\"\\\\\":\"9 \\\" {99999999999999999999}\",\"userIdAcceptance\":%s", rows[i].number);
		check_transfer(fields, "user_acceptance", rows[i].text);
	}
	check_transfer("\"a\":12345678901234567890,\"userIdAcceptance\":1.5,\"toIEC\":300000001", "user_acceptance", "\"1.5\"");
}

static void an_iec_of_nine_digits_gets_its_zero_back(void **state)
{
	static const struct {
		const char *iec, *want;
	} rows[] = {
		{ "\"300000002\"", "\"0300000002\"" }, { "300000002", "\"0300000002\"" }, { "300000002.0", "\"0300000002\"" },
		{ "\" 300000002 \"", "\"0300000002\"" }, { "\"0300000002\"", "\"0300000002\"" }, { "3000000023", "\"3000000023\"" },
		{ "\"AAACE1234F\"", "\"AAACE1234F\"" }, { "\"30000000A\"", "\"30000000A\"" }, { "30000002", "\"30000002\"" },
		{ "\"\"", "null" }, { "\" \"", "null" },
	};
	char fields[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(fields, sizeof(fields), "\"toIEC\":%s", rows[i].iec);
		check_transfer(fields, "to_iec", rows[i].want);
		snprintf(fields, sizeof(fields), "\"fromIEC\":%s", rows[i].iec);
		check_transfer(fields, "from_iec", rows[i].want);
	}
	check("{\"meisScripCurrentOwnerDtls\":{\"iec\":300000002,\"firm\":7}}", "owner", "{\"iec\":\"0300000002\",\"name\":\"7\"}");
}

#define T(from, to, status, date) \
	"{\"fromIEC\":\"" from "\",\"toIEC\":\"" to "\",\"fromIecEntityName\":\"F" from "\",\"toIecEntityName\":\"N" to \
	"\",\"transferStatus\":\"" status "\",\"transferInitiationDate\":\"" date "\"}"
#define LIST(...) "{\"meisScripCurrentOwnerDtls\":{\"iec\":\"9\",\"firm\":\"N9\"},\"scripTransfer\":[" __VA_ARGS__ "]}"
#define OWNER(iec) "{\"iec\":\"" iec "\",\"name\":\"N" iec "\"}"

static void the_owner_is_who_got_the_latest_approved_transfer(void **state)
{
	static const struct {
		const char *body, *owner;
	} rows[] = {
		{ LIST(), OWNER("9") },
		{ LIST(T("1", "2", "Approved", "2026-01-01")), OWNER("2") },
		{ LIST(T("1", "2", "APPROVED", "2026-01-01")), OWNER("2") },
		{ LIST(T("1", "2", " approved ", "2026-01-01")), OWNER("2") },
		{ LIST(T("1", "2", "Not Approved", "2026-01-01")), OWNER("9") },
		{ LIST(T("1", "2", "Approved by CBIC", "2026-01-01")), OWNER("9") },
		{ LIST(T("1", "2", "", "2026-01-01")), OWNER("9") },
		{ LIST(T("1", "2", "Approved", "2026-01-01") "," T("2", "3", "Approved", "2026-01-02")), OWNER("3") },
		{ LIST(T("2", "3", "Approved", "2026-01-02") "," T("1", "2", "Approved", "2026-01-01")), OWNER("3") },
		{ LIST(T("1", "2", "Approved", "2026-01-01") "," T("2", "3", "Withdrawn", "2026-01-02")), OWNER("2") },
		{ LIST(T("2", "3", "Approved", "2026-01-10") "," T("1", "2", "Approved", "09/01/2026")), OWNER("3") },
		{ LIST(T("2", "3", "Approved", "2026-01-01T19:00:00Z") "," T("1", "2", "Approved", "2026-01-02 0:29:0.0")), OWNER("3") },
		{ LIST(T("2", "3", "Approved", "2026-01-01 0:0:0.2") "," T("1", "2", "Approved", "2026-01-01 0:0:0.15")), OWNER("3") },
		/* without date lowest, of equal ones the later in the list */
		{ LIST(T("1", "2", "Approved", "2026-01-01") "," T("2", "3", "Approved", "")), OWNER("2") },
		{ LIST(T("1", "2", "Approved", "") "," T("2", "3", "Approved", "")), OWNER("3") },
		{ LIST(T("1", "2", "Approved", "2026-01-01") "," T("2", "3", "Approved", "01/01/2026")), OWNER("3") },
		{ LIST(T("2", "3", "Approved", "01/01/2026") "," T("1", "2", "Approved", "2026-01-01")), OWNER("2") },
		/* nobody named: the block is second best */
		{ LIST(T("1", "", "Approved", "2026-01-01")), OWNER("9") },
		{ LIST(T("1", "2", "Approved", "2025-01-01") "," T("2", "", "Approved", "2026-01-01")), OWNER("9") },
		{ "{\"scripTransfer\":[" T("1", "", "Approved", "2026-01-01") "]}", "null" },
		{ "{\"scripTransfer\":[" T("1", "2", "Pending", "2026-01-01") "]}", "null" },
		/* a repeated transfer was approved once, and then no more */
		{ LIST(T("1", "2", "Approved", "2026-01-01") "," T("1", "2", "Withdrawn", "2026-01-01")), OWNER("9") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i].body, "owner", rows[i].owner);
}

static void the_status_tells_of_a_transfer_under_way(void **state)
{
	static const struct {
		const char *body, *status;
	} rows[] = {
		{ LIST(), "null" },
		{ LIST(T("1", "2", "Approved", "2026-01-01")), "null" },
		{ LIST(T("1", "2", "approved", "2026-01-01")), "null" },
		{ LIST(T("1", "2", "Transfer - Pending Acceptance", "2026-01-01")), "\"Transfer - Pending Acceptance \xe2\x86\x92 N2\"" },
		{ LIST(T("1", "2", "Approved", "2026-01-01") "," T("2", "3", "Withdrawn", "2026-01-02")), "\"Withdrawn \xe2\x86\x92 N3\"" },
		{ LIST(T("1", "2", "Approved", "2026-01-03") "," T("2", "3", "Withdrawn", "2026-01-02")), "null" },
		{ LIST(T("1", "2", "Approved", "") "," T("2", "3", "Pending", "")), "\"Pending \xe2\x86\x92 N3\"" },
		{ LIST(T("2", "3", "Pending", "") "," T("1", "2", "Approved", "")), "null" },
		{ LIST(T("1", "2", "", "2026-01-01")), "\"\xe2\x86\x92 N2\"" },
		{ LIST("{\"transferStatus\":\"Pending\"}"), "\"Pending \xe2\x86\x92\"" },
		{ LIST("{\"transferStatus\":\"Pending\",\"toIEC\":\"300000002\"}"), "\"Pending \xe2\x86\x92 0300000002\"" },
		{ LIST("{\"transferStatus\":\"Pending\",\"toIEC\":\"9\"}"), "\"Pending \xe2\x86\x92 N9\"" },
		{ LIST("{\"fromIEC\":\"9\"}"), "null" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i].body, "file_transfer_status", rows[i].status);
}

static void companies_are_the_owner_and_everybody_in_a_transfer(void **state)
{
	static const struct {
		const char *body, *companies;
	} rows[] = {
		{ LIST(), "[{\"iec\":\"9\",\"name\":\"N9\"}]" },
		{ LIST(T("1", "2", "Approved", "2026-01-01")), "[{\"iec\":\"1\",\"name\":\"F1\"},{\"iec\":\"2\",\"name\":\"N2\"}]" },
		{ LIST(T("2", "1", "Pending", "2026-01-01")),
		  "[{\"iec\":\"1\",\"name\":\"N1\"},{\"iec\":\"2\",\"name\":\"F2\"},{\"iec\":\"9\",\"name\":\"N9\"}]" },
		/* a name wins over none, wherever it stands */
		{ LIST("{\"fromIEC\":\"1\",\"toIEC\":\"2\",\"transferStatus\":\"Approved\"},{\"fromIEC\":\"2\",\"fromIecEntityName\":\"B\"}"),
		  "[{\"iec\":\"1\",\"name\":null},{\"iec\":\"2\",\"name\":\"B\"}]" },
		{ LIST("{\"fromIEC\":\"1\",\"fromIecEntityName\":\"A\"},{\"toIEC\":\"1\",\"toIecEntityName\":\" \",\"transferStatus\":\"Approved\"}"),
		  "[{\"iec\":\"1\",\"name\":\"A\"}]" },
		/* the block names whom it knows, and brings in nobody who is not the owner */
		{ LIST("{\"fromIEC\":\"9\",\"toIEC\":\"2\",\"transferStatus\":\"Approved\"}"),
		  "[{\"iec\":\"2\",\"name\":null},{\"iec\":\"9\",\"name\":\"N9\"}]" },
		/* the owner's name counts, then the first */
		{ LIST("{\"fromIEC\":\"1\",\"fromIecEntityName\":\"OLD\"},{\"toIEC\":\"1\",\"toIecEntityName\":\"NEW\",\"transferStatus\":\"Approved\"}"),
		  "[{\"iec\":\"1\",\"name\":\"NEW\"}]" },
		{ LIST("{\"fromIEC\":\"1\",\"fromIecEntityName\":\"OLD\"},{\"fromIEC\":\"1\",\"toIEC\":\"3\",\"fromIecEntityName\":\"NEW\"}"),
		  "[{\"iec\":\"1\",\"name\":\"OLD\"},{\"iec\":\"3\",\"name\":null},{\"iec\":\"9\",\"name\":\"N9\"}]" },
		/* one company, with and without its zero */
		{ "{\"scripTransfer\":[{\"fromIEC\":300000001,\"toIEC\":\"0300000001\",\"toIecEntityName\":\"A\"}]}",
		  "[{\"iec\":\"0300000001\",\"name\":\"A\"}]" },
		{ "{\"scripTransfer\":[{\"toIecEntityName\":\"NAME WITHOUT IEC\"}]}", "[]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i].body, "companies", rows[i].companies);
}

static void the_owner_has_the_name_that_any_transfer_knows(void **state)
{
	(void)state;
	check(LIST("{\"toIEC\":\"2\",\"transferStatus\":\"Approved\"},{\"fromIEC\":\"2\",\"fromIecEntityName\":\"B\"}"),
	      "owner", "{\"iec\":\"2\",\"name\":\"B\"}");
	check(LIST("{\"toIEC\":\"9\",\"transferStatus\":\"Approved\"}"), "owner", OWNER("9"));
	check(LIST("{\"toIEC\":\"2\",\"transferStatus\":\"Approved\"}"), "owner", "{\"iec\":\"2\",\"name\":null}");
}

static void a_repeated_transfer_is_kept_once_as_it_came_last(void **state)
{
	json_t *all = record(LIST(T("1", "2", "Pending", "2026-01-01 10:00:0.0") "," T("1", "3", "Pending", "2026-01-01")
				  "," T("1", "2", "Approved", "2026-01-01T04:30:00Z") "," T("", "", "A", "") "," T("", "", "B", "")));
	json_t *transfers = json_object_get(all, "transfers"), *entry;
	const char *statuses[] = { "Pending", "Approved", "B" };
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(transfers), 3);
	json_array_foreach(transfers, i, entry)
		assert_string_equal(json_string_value(json_object_get(entry, "status")), statuses[i]);
	json_decref(all);
}

static void a_date_that_cannot_be_read_makes_the_reply_bad(void **state)
{
	static const char *const fields[] = { "transferInitiationDate", "transferDate", "transferacceptanceDate", "cbicResponseDate" };
	static const char *const dates[] = { "\"31/02/2026\"", "\"2026-02-31\"", "\"soon\"", "\"null\"", "\"-\"", "0", "1770000000000",
					     "true", "[]", "{}", "\"2026-02-02 25:00:00\"" };
	char body[256];

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		for (size_t j = 0; j < COUNT(dates); j++) {
			snprintf(body, sizeof(body), "{\"scripTransfer\":[{\"toIEC\":\"1\",\"%s\":%s}]}", fields[i], dates[j]);
			check_bad(body);
			check_says(body, fields[i]);
		}
}

static char *repeat(char *out, const char *unit, int times)
{
	*out = '\0';
	for (size_t len = strlen(unit), at = 0; times-- > 0; at += len)
		memcpy(out + at, unit, len + 1);
	return out;
}

static void what_is_longer_than_its_column_is_refused_and_named(void **state)
{
	static const struct {
		const char *field;
		int max;
	} rows[] = {
		{ "fromIEC", 10 }, { "toIEC", 10 }, { "fromIecEntityName", 255 }, { "toIecEntityName", 255 },
		{ "transferStatus", 50 }, { "cbicStatus", 100 }, { "userIdTransferInitiation", 100 }, { "userIdAcceptance", 100 },
	};
	char text[1024], body[2048], says[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int over = 0; over < 2; over++) {
			/* characters count, not bytes, and blanks around do not */
			snprintf(body, sizeof(body), "{\"scripTransfer\":[null,{\"%s\":\" %s \"}]}", rows[i].field,
				 repeat(text, "\xc3\xa9", rows[i].max + over));
			if (!over) {
				json_decref(record(body));
				continue;
			}
			check_bad(body);
			snprintf(says, sizeof(says), "%s of transfer 2", rows[i].field);
			check_says(body, says);
		}
	check_says("{\"meisScripCurrentOwnerDtls\":{\"iec\":\"03000000020\"}}", "iec of the current owner");
	snprintf(body, sizeof(body), "{\"meisScripCurrentOwnerDtls\":{\"iec\":\"1\",\"firm\":\"%s\"}}", repeat(text, "x", 256));
	check_says(body, "firm of the current owner");
	check_says("{\"scripTransfer\":[{\"toIEC\":12345678901}]}", "toIEC of transfer 1");
	check_says("{\"scripTransfer\":[{\"toIEC\":12345678901234567890}]}", "toIEC of transfer 1");
}

static void senseless_replies_are_bad(void **state)
{
	static const char *const rows[] = {
		"{}", "[]", "null", "true", "1", "\"text\"", "[{\"scripTransfer\":[]}]", "{\"message\":\"failed\"}", "{\"scriptransfer\":[]}",
		"{\"meisScripCurrentOwnerDtls\":1}", "{\"meisScripCurrentOwnerDtls\":\"x\"}", "{\"meisScripCurrentOwnerDtls\":[1]}",
		"{\"meisScripCurrentOwnerDtls\":true}", "{\"meisScripCurrentOwnerDtls\":{\"iec\":{}}}",
		"{\"meisScripCurrentOwnerDtls\":{\"iec\":\"1\",\"firm\":[]}}",
		"{\"scripTransfer\":1}", "{\"scripTransfer\":\"x\"}", "{\"scripTransfer\":false}", "{\"scripTransfer\":{\"toIEC\":\"1\"}}",
		"{\"scripTransfer\":[1]}", "{\"scripTransfer\":[\"\"]}", "{\"scripTransfer\":[[]]}", "{\"scripTransfer\":[true]}",
		"{\"scripTransfer\":[{\"toIEC\":true}]}", "{\"scripTransfer\":[{\"toIEC\":[]}]}", "{\"scripTransfer\":[{\"toIecEntityName\":{}}]}",
		"{\"scripTransfer\":[{\"transferStatus\":false}]}", "{\"scripTransfer\":[{\"userIdAcceptance\":[\"a\"]}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_bad(rows[i]);
}

static void what_is_no_json_is_bad(void **state)
{
	static const char *const rows[] = {
		"", " \r\n", "\xef\xbb\xbf", "\xef\xbb", "x", "OK", "No record found", "{", "{\"scripTransfer\":[", "{\"scripTransfer\":[]",
		"{\"scripTransfer\":[]}}", "{\"scripTransfer\":[]} {}", "{\"scripTransfer\":[],}", "{'scripTransfer':[]}",
		"{\"scripTransfer\":[{\"toIEC\":0300000002}]}", "{\"scripTransfer\":NaN}", "{\"scripTransfer\":[{\"toIEC\":1e999}]}",
		"{\"scripTransfer\":[{\"toIEC\":99999999999999999999,\"a\":01}]}", "{\"scripTransfer\":[],99999999999999999999:1}",
		"{\"scripTransfer\":[],\"a\":99999999999999999999.5.5}", "{\"scripTransfer\":[],\"a\":99999999999999999999",
		"{\"scripTransfer\":[],\"a\":99999999999999999999,\"b\":\"\\",
		"{\"scripTransfer\":[{\"toIecEntityName\":\"a\\u0000b\"}]}", "{\"scripTransfer\":[],\"a\\u0000b\":1}",
		"{\"scripTransfer\":[{\"toIecEntityName\":\"\xff\"}]}", "{\"scripTransfer\":[{\"toIecEntityName\":\"\xc0\x80\"}]}",
		"{\"scripTransfer\":[{\"toIecEntityName\":\"\xed\xa0\x80\"}]}", "{\"scripTransfer\":[{\"toIecEntityName\":\"\\ud800\"}]}",
		"{\"scripTransfer\":[{\"toIecEntityName\":\"\xc3\"}]}", "{\"scripTransfer\":[],\"\xfe\":1}",
		"{\"scripTransfer\":[{\"toIecEntityName\":\"a\nb\"}]}",
	};
	static const char nul[] = "{\"scripTransfer\":[]}\0";
	static const char inside[] = "{\"scripTransfer\":[{\"toIEC\":\"1\0\"}]}";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_bad(rows[i]);
	check_fails(200, JSON, "", nul, sizeof(nul) - 1, ERR_RETRY, "ge_bad_response");
	check_fails(200, JSON, "", inside, sizeof(inside) - 1, ERR_RETRY, "ge_bad_response");
	check_fails(200, JSON, "", "", 0, ERR_RETRY, "ge_bad_response");
	check_fails(200, JSON, "", NULL, 0, ERR_RETRY, "ge_bad_response");
}

static void a_reply_cut_short_anywhere_is_never_a_reply(void **state)
{
	static const char whole[] = LIST(T("1", "2", "Approved", "2026-01-01") ",{\"toIEC\":12345678901,\"x\":99999999999999999999}");

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		char *cut = malloc(len ? len : 1);      /* of its own, so that the sanitizer sees a step too far */

		memcpy(cut, whole, len);
		check_fails(200, JSON, "", cut, len, ERR_RETRY, "ge_bad_response");
		free(cut);
	}
}

static void a_page_is_an_expired_session(void **state)
{
	static const struct {
		const char *type, *body;
	} rows[] = {
		{ "text/html", "<html><body>Login</body></html>" }, { "text/html; charset=UTF-8", "Please log in" },
		{ "TEXT/HTML", "captcha" }, { " text/html", "x" }, { "application/xhtml+xml", "x" }, { JSON, "<!DOCTYPE html>" },
		{ "", "<html>" }, { "", "\xef\xbb\xbf\r\n <html>" }, { "text/plain", "<" }, { "text/html", "null" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_fails(200, rows[i].type, "", rows[i].body, strlen(rows[i].body), ERR_HOLD, "ge_session_expired");
	check_fails(200, "text/html", "", "", 0, ERR_RETRY, "ge_bad_response");
}

static void json_is_read_whatever_it_is_called(void **state)
{
	static const char *const types[] = { "text/html;charset=UTF-8", "text/plain", "", "application/octet-stream", "text/json" };
	static const char body[] = "{\"scripTransfer\":[]}";

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct ge_reply reply;
		struct err err;

		assert_int_equal(ge_reply_parse(&reply, 200, types[i], "", body, strlen(body), &err), 0);
		assert_string_equal(reply.json, NOTHING);
		ge_reply_clear(&reply);
	}
	check_fails(200, "text/html", "", "{\"scripTransfer\":[", 18, ERR_RETRY, "ge_bad_response");
	check_fails(200, "text/html", "", "[]", 2, ERR_RETRY, "ge_bad_response");
	check_fails(200, "text/html", "", "\"No record\"", 11, ERR_PERMANENT, "ge_not_found");
}

static void every_status_but_200_tells_its_own_story(void **state)
{
	static const struct {
		int status;
		const char *location, *code;
		enum err_kind kind;
	} rows[] = {
		{ 401, "", "ge_session_expired", ERR_HOLD }, { 403, "", "ge_session_expired", ERR_HOLD },
		{ 301, "/login", "ge_session_expired", ERR_HOLD }, { 302, "https://h/login?token=S3CRET", "ge_session_expired", ERR_HOLD },
		{ 303, "x", "ge_session_expired", ERR_HOLD }, { 307, "x", "ge_session_expired", ERR_HOLD },
		{ 302, "", "ge_http_302", ERR_RETRY }, { 304, "", "ge_http_304", ERR_RETRY },
		{ 404, "", "ge_not_found", ERR_PERMANENT }, { 404, "/x", "ge_not_found", ERR_PERMANENT },
		{ 429, "", "ge_http_429", ERR_HOLD },
		{ 400, "", "ge_http_400", ERR_RETRY }, { 402, "", "ge_http_402", ERR_RETRY }, { 408, "", "ge_http_408", ERR_RETRY },
		{ 410, "", "ge_http_410", ERR_RETRY }, { 500, "", "ge_http_500", ERR_RETRY }, { 502, "", "ge_http_502", ERR_RETRY },
		{ 503, "", "ge_http_503", ERR_RETRY }, { 504, "/x", "ge_http_504", ERR_RETRY }, { 201, "", "ge_http_201", ERR_RETRY },
		{ 204, "", "ge_http_204", ERR_RETRY }, { 100, "", "ge_http_100", ERR_RETRY }, { 999, "", "ge_http_999", ERR_RETRY },
		{ 0, "", "ge_http_0", ERR_RETRY },
	};
	static const char good[] = "{\"scripTransfer\":[]}", page[] = "<html>S3CRET</html>";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_fails(rows[i].status, JSON, rows[i].location, good, strlen(good), rows[i].kind, rows[i].code);
		check_fails(rows[i].status, "text/html", rows[i].location, page, strlen(page), rows[i].kind, rows[i].code);
	}
}

static void no_record_is_a_licence_that_ge_does_not_know(void **state)
{
	static const char *const rows[] = {
		"{\"message\":\"No Record Found\"}", "{\"message\":\"no record\"}", "{\"error\":{\"text\":\"Sorry: NO RECORDS for this scrip\"}}",
		"{\"status\":0,\"errors\":[\"x\",\"No record\"]}", "\"No record found\"", "[\"No record found\"]",
		"{\"id\":99999999999999999999,\"message\":\"No Record Found\"}",
	};
	static const char *const others[] = {
		"{\"message\":\"Norecord\"}", "{\"message\":\"no  record\"}", "{\"no record\":\"x\"}", "{\"message\":\"no recor\"}",
		"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":\"no record\"}}}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_fails(200, JSON, "", rows[i], strlen(rows[i]), ERR_PERMANENT, "ge_not_found");
	for (size_t i = 0; i < COUNT(others); i++)
		check_bad(others[i]);
}

static void messages_hold_no_large_piece_of_a_reply_and_no_secret(void **state)
{
	static const char *const rows[] = {
		"{\"csrf\":\"S3CRET-S3CRET-S3CRET\"}", "S3CRET", "{\"S3CRET\":", "{\"scripTransfer\":[{\"toIEC\":\"S3CRET-TOO-LONG\"}]}",
		"{\"scripTransfer\":\"S3CRET\"}", "<html>S3CRET</html>", "{\"a\":S3CRET}", "{\"message\":\"no record S3CRET\"}",
	};
	struct ge_reply reply;
	struct err err;
	char date[4096], body[8192];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(parse(&reply, rows[i], &err), -1);
		assert_null(strstr(err.msg, "S3CRET"));
	}
	assert_int_equal(ge_reply_parse(&reply, 302, "", "https://u:S3CRET@h/;jsessionid=S3CRET?S3CRET", "", 0, &err), -1);
	assert_null(strstr(err.msg, "S3CRET"));

	/* an unreadable date is shown, a little of it, in ASCII and in one line */
	check_says("{\"scripTransfer\":[{\"transferDate\":\"31/02/2026\"}]}", "'31/02/2026'");
	check_says("{\"scripTransfer\":[{\"transferDate\":\"1\\n\\u00e9\"}]}", "'1\?\?\?'");
	snprintf(body, sizeof(body), "{\"scripTransfer\":[{\"transferDate\":\"%s\"}]}", repeat(date, "x", 4000));
	assert_int_equal(parse(&reply, body, &err), -1);
	assert_true(strlen(err.msg) < 150);
}

static char *many_transfers(int count)
{
	char *body = malloc((size_t)count * 80 + 64), *p = body;

	p += sprintf(p, "{\"scripTransfer\":[");
	for (int i = 0; i < count; i++)
		p += sprintf(p, "%s{\"fromIEC\":%d,\"toIEC\":1,\"transferStatus\":\"Approved\"}", i ? "," : "", i);
	sprintf(p, "]}");
	return body;
}

static void a_licence_may_have_ten_thousand_transfers_and_no_more(void **state)
{
	char *body = many_transfers(10000);
	json_t *all = record(body);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(all, "transfers")), 10000);
	assert_int_equal(json_array_size(json_object_get(all, "companies")), 10000);
	json_decref(all);
	free(body);

	body = many_transfers(10001);
	check_bad(body);
	check_says(body, "10001 transfers");
	free(body);
}

static void depth_and_size_are_bounded(void **state)
{
	size_t big = (4u << 20) + 1;
	char *body = malloc(big);

	(void)state;
	for (int depth = 1000; depth <= 1000000; depth *= 10) {
		int n = sprintf(body, "{\"scripTransfer\":[],\"deep\":");

		memset(body + n, '[', (size_t)depth);
		memset(body + n + depth, ']', (size_t)depth);
		body[n + 2 * depth] = '}';
		body[n + 2 * depth + 1] = '\0';
		if (depth < 2000)
			check(body, NULL, NOTHING);
		else
			check_bad(body);
	}
	memset(body, ' ', big);
	memcpy(body, "{\"scripTransfer\":[]}", 20);
	check_fails(200, JSON, "", body, big, ERR_RETRY, "ge_bad_response");
	free(body);
}

static void of_a_repeated_key_the_last_counts(void **state)
{
	(void)state;
	check("{\"meisScripCurrentOwnerDtls\":{\"iec\":\"1\",\"iec\":\"2\"}}", "owner", "{\"iec\":\"2\",\"name\":null}");
	check("{\"scripTransfer\":1,\"scripTransfer\":[]}", NULL, NOTHING);
}

static void names_keep_their_letters(void **state)
{
	(void)state;
	check("{\"meisScripCurrentOwnerDtls\":{\"iec\":\"1\",\"firm\":\"M/S \\u0905 & \xe0\xa4\x85 \\\"X\\\" \\ud83d\\ude00 \\\\ O'Y\"}}", "owner",
	      "{\"iec\":\"1\",\"name\":\"M/S \xe0\xa4\x85 & \xe0\xa4\x85 \\\"X\\\" \xf0\x9f\x98\x80 \\\\ O'Y\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_domain_becomes_a_record),
		cmocka_unit_test(any_block_may_be_absent_null_or_empty),
		cmocka_unit_test(empty_values_are_null_and_a_missing_status_is_empty),
		cmocka_unit_test(each_field_goes_to_its_own_column),
		cmocka_unit_test(numbers_become_their_texts),
		cmocka_unit_test(an_iec_of_nine_digits_gets_its_zero_back),
		cmocka_unit_test(the_owner_is_who_got_the_latest_approved_transfer),
		cmocka_unit_test(the_status_tells_of_a_transfer_under_way),
		cmocka_unit_test(companies_are_the_owner_and_everybody_in_a_transfer),
		cmocka_unit_test(the_owner_has_the_name_that_any_transfer_knows),
		cmocka_unit_test(a_repeated_transfer_is_kept_once_as_it_came_last),
		cmocka_unit_test(a_date_that_cannot_be_read_makes_the_reply_bad),
		cmocka_unit_test(what_is_longer_than_its_column_is_refused_and_named),
		cmocka_unit_test(senseless_replies_are_bad),
		cmocka_unit_test(what_is_no_json_is_bad),
		cmocka_unit_test(a_reply_cut_short_anywhere_is_never_a_reply),
		cmocka_unit_test(a_page_is_an_expired_session),
		cmocka_unit_test(json_is_read_whatever_it_is_called),
		cmocka_unit_test(every_status_but_200_tells_its_own_story),
		cmocka_unit_test(no_record_is_a_licence_that_ge_does_not_know),
		cmocka_unit_test(messages_hold_no_large_piece_of_a_reply_and_no_secret),
		cmocka_unit_test(a_licence_may_have_ten_thousand_transfers_and_no_more),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(of_a_repeated_key_the_last_counts),
		cmocka_unit_test(names_keep_their_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
