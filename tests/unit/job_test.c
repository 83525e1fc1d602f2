/* job_test.c - what is a job, what is none, and records there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "job.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S50 "12345678901234567890123456789012345678901234567890"
#define S64 S50 "12345678901234"

/* The element stands in a block of its own size: a read past it is seen. */
static int parse(struct job *job, enum settings_queue queue, const char *bytes, size_t len, struct err *err)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	memset(err, 0, sizeof(*err));
	memset(job, 'x', sizeof(*job));
	rc = job_parse(job, queue, copy, len, err);
	free(copy);
	assert_int_equal(job->queue, queue);
	if (rc < 0) {
		assert_int_equal(rc, -1);
		assert_string_equal(err->code, "bad_job");
		assert_int_equal(err->kind, ERR_PERMANENT);
		assert_true(strlen(err->msg) > 10);
	}
	return rc;
}

static void good(struct job *job, enum settings_queue queue, const char *text)
{
	struct err err;

	if (parse(job, queue, text, strlen(text), &err) < 0)
		fail_msg("'%s' is a job: %s", text, err.msg);
}

/* Returns the message, for a look at it. */
static const char *bad(enum settings_queue queue, const char *text)
{
	static struct err err;
	struct job job;

	if (parse(&job, queue, text, strlen(text), &err) == 0)
		fail_msg("'%s' is no job", text);
	return err.msg;
}

/* ---- bare elements ---- */

static void a_bare_element_is_a_licence(void **state)
{
	static const char *const rows[] = {
		"0310837893", "0", "00000", "-1", "1e400", "true", "null", "all", "*", "%s%n", "GE/2024-25/001",
		"M\xc3\xbcller", "\xe0\xa4\x95\xe0\xa4\x96", "\xf0\x9f\x9a\x80", "}{", "]", "a\"b", "gesync", "gesync/1",
		"gesync/2", ("\xef\xbb\xbf" "1"), S50,
	};
	static const enum settings_queue queues[] = { QUEUE_FETCH, QUEUE_BULK };
	struct job job;

	(void)state;
	for (size_t q = 0; q < COUNT(queues); q++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			good(&job, queues[q], rows[i]);
			assert_string_equal(job.subject, rows[i]);
			assert_true(job.bare);
			assert_false(job.has_id || job.force || job.dry_run);
			assert_string_equal(job.id, "");
			assert_string_equal(job.run, "");
			assert_int_equal(job.max_attempts, 0);
			assert_int_equal(job.timeout_ms, 0);
			assert_int_equal(job.not_before, 0);
			assert_int_equal(job.attempt, 0);
			assert_int_equal(job.deaths, 0);
			assert_int_equal(job.queued_ms, 0);
			assert_int_equal(job.head_len, 0);
		}
}

static void white_space_and_control_characters_are_in_no_licence(void **state)
{
	static const char *const rows[] = {
		"", " ", "a b", " a", "a ", "a\n", "\na", "a\tb", "a\r", "a\x01", "\x1f", "\x7f", "a\x7f" "b",
		"a\xc2\x80", "a\xc2\x85" "b", "a\xc2\x9f", "a\xc2\xa0" "b", "a\u1680b", "\u2000", "a\u2003b",
		"a\u200a", "a\u2028", "a\u2029b", "\u202fa", "a\u205f", "\u3000", "1\u30002",
	};
	static const char *const fine[] = { "\xc2\xa1", "\u1681", "\u200b", "\u2010", "\u3001" };
	struct job job;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bad(QUEUE_FETCH, rows[i]);
		bad(QUEUE_BULK, rows[i]);
		assert_false(job_license_valid(rows[i], strlen(rows[i])));
	}
	for (size_t i = 0; i < COUNT(fine); i++)
		good(&job, QUEUE_FETCH, fine[i]);
}

static void bytes_that_are_no_utf8_are_no_job(void **state)
{
	static const char *const rows[] = {
		"\xff", "\xfe", "\x80", "a\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
		"\xe0\xa4", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x9a",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "ok\xe2\x82",
	};
	char json[100];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bad(QUEUE_FETCH, rows[i]);
		bad(QUEUE_PING, rows[i]);
		snprintf(json, sizeof(json), "{\"license\":\"%s\"}", rows[i]);
		bad(QUEUE_FETCH, json);
		snprintf(json, sizeof(json), "{\"license\":\"1\",\"x\":\"%s\"}", rows[i]);
		bad(QUEUE_FETCH, json);
	}
}

/* count times one character, bare and in JSON. */
static int repeat(enum settings_queue queue, const char *one, size_t count, bool json)
{
	char text[1000] = "";
	struct job job;
	struct err err;
	int rc;

	strcat(text, json ? "{\"license\":\"" : "");
	for (size_t i = 0; i < count; i++)
		strcat(text, one);
	strcat(text, json ? "\"}" : "");
	rc = parse(&job, queue, text, strlen(text), &err);
	if (!rc && queue != QUEUE_PING)
		assert_int_equal(strlen(job.subject), count * strlen(one));
	return rc;
}

static void a_licence_has_1_to_50_characters_however_many_bytes_they_take(void **state)
{
	static const char *const chars[] = { "9", "\xc3\xbc", "\xe0\xa4\x95", "\xf0\x9f\x9a\x80" };

	(void)state;
	for (size_t c = 0; c < COUNT(chars); c++)
		for (size_t n = 0; n <= 60; n++) {
			int want = n >= 1 && n <= 50 ? 0 : -1;

			assert_int_equal(repeat(QUEUE_FETCH, chars[c], n, false), want);
			assert_int_equal(repeat(QUEUE_BULK, chars[c], n, true), want);
			assert_int_equal(repeat(QUEUE_PING, chars[c], n, false), want);
		}
}

static void a_nul_byte_is_in_no_licence(void **state)
{
	static const struct { const char *bytes; size_t len; } rows[] = {
		{ "\0", 1 }, { "031\0", 4 }, { "\0" "031", 4 }, { "03\0" "1", 4 }, { "{\0}", 3 },
		{ "{\"license\":\"1\"}\0", 16 }, { "{\"license\":\"1\0\"}", 16 },
	};
	struct job job;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(parse(&job, QUEUE_FETCH, rows[i].bytes, rows[i].len, &err), -1);
	bad(QUEUE_FETCH, "{\"license\":\"1\\u0000\"}");
	bad(QUEUE_FETCH, "{\"license\":\"\\u0000\"}");
	bad(QUEUE_FETCH, "{\"license\":\"1\",\"id\":\"a\\u0000\"}");
	bad(QUEUE_FETCH, "{\"license\":\"1\",\"run\":\"a\\u0000b\"}");
	good(&job, QUEUE_FETCH, "{\"license\":\"1\",\"note\":\"a\\u0000b\"}");
	assert_int_equal(parse(&job, QUEUE_PING, "a\0b", 3, &err), 0);
}

static void a_bare_ping_is_any_text(void **state)
{
	static const char *const rows[] = { "hello", "hello there", " ", "\t", "[x]", "\"quoted\"", "gesync/1 fetch", S50 };
	struct job job;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		good(&job, QUEUE_PING, rows[i]);
		assert_true(job.bare);
		assert_string_equal(job.subject, "");
	}
	bad(QUEUE_PING, "");
	bad(QUEUE_PING, S50 "1");
}

/* ---- JSON ---- */

static void every_field_is_read(void **state)
{
	struct job job;

	(void)state;
	good(&job, QUEUE_BULK, "{\"license\":\"0310837893\",\"force\":true,\"dry_run\":true,\"id\":\"ops-42\",\"run\":\"r.1:a_B\","
	     "\"max_attempts\":3,\"timeout_ms\":1500,\"not_before\":1763515800101}");
	assert_string_equal(job.subject, "0310837893");
	assert_true(job.force && job.dry_run && job.has_id && !job.bare);
	assert_string_equal(job.id, "ops-42");
	assert_string_equal(job.run, "r.1:a_B");
	assert_int_equal(job.max_attempts, 3);
	assert_int_equal(job.timeout_ms, 1500);
	assert_int_equal(job.not_before, INT64_C(1763515800101));
	assert_false(job.offline);
}

static void offline_is_a_field_or_a_queue(void **state)
{
	struct job job;

	(void)state;
	good(&job, QUEUE_FETCH, "{\"license\":\"1\",\"offline\":true}");
	assert_true(job.offline && job_is_fetch(&job));
	good(&job, QUEUE_BULK, "{\"license\":\"1\",\"offline\":false}");
	assert_false(job.offline);
	good(&job, QUEUE_OFFLINE, "0310837893");
	assert_true(job.offline && job_is_fetch(&job));
	assert_string_equal(job.subject, "0310837893");
	good(&job, QUEUE_OFFLINE, "{\"license\":\"1\"}");
	assert_true(job.offline);
	good(&job, QUEUE_PING, "{\"offline\":1}");      /* nobody's field there */
	assert_false(job.offline || job_is_fetch(&job));
}

static void what_is_not_said_is_left_to_the_settings(void **state)
{
	static const char *const rows[] = {
		"{\"license\":\"007\"}", "{\"license\":\"007\",\"force\":false,\"dry_run\":false}",
		("{\"license\":\"007\",\"force\":null,\"dry_run\":null,\"id\":null,\"run\":null,\"max_attempts\":null,"
		 "\"timeout_ms\":null,\"not_before\":null}"),
		"{ \"license\" : \"007\" }\n", "{\"\\u006cicense\":\"\\u0030\\u0030\\u0037\"}",
	};
	struct job job;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		good(&job, QUEUE_FETCH, rows[i]);
		assert_string_equal(job.subject, "007");
		assert_false(job.force || job.dry_run || job.has_id || job.bare);
		assert_string_equal(job.id, "");
		assert_string_equal(job.run, "");
		assert_int_equal(job.max_attempts, 0);
		assert_int_equal(job.timeout_ms, 0);
		assert_int_equal(job.not_before, 0);
	}
	good(&job, QUEUE_PING, "{}");
	good(&job, QUEUE_PING, "{\"echo\":\"x y\"}");
	good(&job, QUEUE_PING, "{\"echo\":null}");
}

static void unknown_fields_are_ignored_whatever_they_hold(void **state)
{
	static const char *const values[] = {
		"1", "-0", "1.5", "1e3", "1e-400", "9223372036854775807", "9223372036854775808", "18446744073709551615",
		"-9223372036854775809", "123456789012345678901234567890", "true", "null", "\"\"", "\"\\ud83d\\ude80\"",
		"[]", "{}", "[[[[1]]]]", "{\"license\":\"other\",\"id\":5}", "[{\"force\":\"no\"}]",
	};
	char text[300];
	struct job job;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(text, sizeof(text), "{\"trace\":%s,\"license\":\"0042\",\"max_attempts\":7,\"Force\":%s,\"\":%s}",
			 values[i], values[i], values[i]);
		good(&job, QUEUE_FETCH, text);
		assert_string_equal(job.subject, "0042");
		assert_int_equal(job.max_attempts, 7);
		assert_false(job.force || job.has_id);
	}
}

static void a_field_of_the_wrong_type_is_no_job(void **state)
{
	static const struct { const char *field, *values[12]; } rows[] = {
		{ "license", { "1", "1.0", "true", "[]", "[\"1\"]", "{}" } },
		{ "id", { "1", "true", "[]", "{}", "\"\"", "\"a b\"", "\"a/b\"", "\"\\u00fc\"", "\"*\"", "\"a\\n\"", "1e3" } },
		{ "run", { "1", "true", "[]", "{}", "\"\"", "\"a b\"", "\"a/b\"", "\"\\u00fc\"", "\"*\"", "\"a\\n\"", "0.5" } },
		{ "offline", { "1", "0", "\"true\"", "\"\"", "[]", "{}", "1.0" } },
		{ "force", { "1", "0", "\"true\"", "\"\"", "[]", "{}", "1.0" } },
		{ "dry_run", { "1", "0", "\"true\"", "\"\"", "[]", "{}", "1.0" } },
		{ "max_attempts", { "\"3\"", "true", "[]", "{}", "1.5", "0", "-1", "1001", "1e400", "1e18", "9223372036854775808" } },
		{ "timeout_ms", { "\"3\"", "true", "[]", "{}", "0.5", "0", "-1", "86400001", "-1e400", "9223372036854775807" } },
		{ "not_before", { "\"3\"", "true", "[]", "{}", "0.5", "-1", "100000000000000", "1e300", "-9223372036854775808" } },
	};
	char text[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t v = 0; v < COUNT(rows[i].values) && rows[i].values[v]; v++) {
			snprintf(text, sizeof(text), "{%s\"%s\":%s}", i ? "\"license\":\"1\"," : "", rows[i].field, rows[i].values[v]);
			bad(QUEUE_FETCH, text);
		}
	bad(QUEUE_FETCH, "{}");
	bad(QUEUE_FETCH, "{\"license\":null}");
	bad(QUEUE_FETCH, "{\"License\":\"1\"}");
	bad(QUEUE_FETCH, "{\"license\":\"1 2\"}");
	bad(QUEUE_FETCH, "{\"license\":\"\"}");
	bad(QUEUE_FETCH, "{\"license\":\"1\\n\"}");
	bad(QUEUE_PING, "{\"echo\":1}");
	bad(QUEUE_PING, "{\"echo\":[]}");
}

static void numbers_are_taken_up_to_their_bounds(void **state)
{
	static const struct { const char *text; int attempts; int64_t timeout, before; } rows[] = {
		{ "{\"license\":\"1\",\"max_attempts\":1,\"timeout_ms\":1,\"not_before\":0}", 1, 1, 0 },
		{ "{\"license\":\"1\",\"max_attempts\":1000,\"timeout_ms\":86400000,\"not_before\":99999999999999}",
		  1000, 86400000, INT64_C(99999999999999) },
		{ "{\"license\":\"1\",\"x\":99999999999999999999,\"max_attempts\":1000,\"timeout_ms\":86400000,"
		  "\"not_before\":99999999999998}", 1000, 86400000, INT64_C(99999999999998) },
		{ "{\"license\":\"1\",\"max_attempts\":5.0,\"timeout_ms\":1e3}", 5, 1000, 0 },
	};
	struct job job;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		good(&job, QUEUE_FETCH, rows[i].text);
		assert_int_equal(job.max_attempts, rows[i].attempts);
		assert_int_equal(job.timeout_ms, rows[i].timeout);
		assert_int_equal(job.not_before, rows[i].before);
	}
}

static void bad_json_is_no_job(void **state)
{
	static const char *const rows[] = {
		"{", "{}x", "{}{}", "{\"license\":\"1\"", "{\"license\":\"1\",}", "{'license':'1'}", "{license:\"1\"}",
		"{\"license\":\"1\"}}", "{\"license\":\"1\"} 2", "{\"license\":01}", "{\"license\":\"1\",\"x\":NaN}",
		"{\"license\":\"1\",\"x\":1e400}", "{\"license\":\"1\",\"x\":-1e999999999}", "{\"license\":\"1\",\"x\":+1}",
		"{\"license\":\"1\",\"x\":.5}", "{\"license\":\"1\",\"x\":tru}", "{\"license\":\"1\"/*c*/}",
		"{\"license\":\"\\ud800\"}", "{\"license\":\"\\x31\"}", "{\"license\":\"a\nb\"}",
		"{\"license\":\"1\",\"license\":\"2\"}", "{\"license\":\"1\",\"license\":\"1\"}",
		"{\"license\":\"1\",\"x\":{\"y\":1,\"y\":2}}", "{\"id\":\"a\",\"license\":\"1\",\"id\":\"b\"}",
		"[]", "[\"0310837893\"]", "\"0310837893\"", "\"", "[", "[{\"license\":\"1\"}]",
		" {\"license\":\"1\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		bad(QUEUE_FETCH, rows[i]);
}

static void deep_nesting_is_refused_without_harm(void **state)
{
	static const char open[] = "[{";
	char *text = malloc(JOB_BYTES_MAX);
	struct job job;
	struct err err;

	(void)state;
	assert_non_null(text);
	for (int kind = 0; kind < 2; kind++) {
		size_t n = (size_t)sprintf(text, "{\"license\":\"1\",\"x\":");

		while (n + 5 < JOB_BYTES_MAX) {
			text[n++] = open[kind];
			if (kind)
				n += (size_t)sprintf(text + n, "\"\":");
		}
		assert_int_equal(parse(&job, QUEUE_FETCH, text, n, &err), -1);
	}
	free(text);
}

static void an_element_has_64_kib_at_most(void **state)
{
	static const char start[] = "{\"license\":\"0042\",\"pad\":\"";
	char *text = malloc(JOB_BYTES_MAX + 2);
	struct job job;
	struct err err;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', JOB_BYTES_MAX + 2);
	memcpy(text, start, strlen(start));
	memcpy(text + JOB_BYTES_MAX - 2, "\"}", 2);
	assert_int_equal(parse(&job, QUEUE_FETCH, text, JOB_BYTES_MAX, &err), 0);
	assert_string_equal(job.subject, "0042");
	memcpy(text + JOB_BYTES_MAX - 2, "x\"}", 3);
	assert_int_equal(parse(&job, QUEUE_FETCH, text, JOB_BYTES_MAX + 1, &err), -1);
	assert_non_null(strstr(err.msg, "65537"));
	memset(text, '9', JOB_BYTES_MAX + 2);
	assert_int_equal(parse(&job, QUEUE_FETCH, text, JOB_BYTES_MAX + 2, &err), -1);
	assert_int_equal(parse(&job, QUEUE_PING, text, JOB_BYTES_MAX, &err), -1);
	free(text);
}

static void an_id_is_1_to_64_of_its_letters(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
	struct job job;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char one = (char)c;

		assert_int_equal(job_id_valid(&one, 1), c && strchr(letters, c) ? 1 : 0);
	}
	assert_true(job_id_valid(letters, 64));
	assert_false(job_id_valid(letters, 65));
	assert_false(job_id_valid(letters, 0));
	assert_false(job_id_valid("a\0b", 3));
	good(&job, QUEUE_FETCH, "{\"license\":\"1\",\"id\":\"" S64 "\",\"run\":\"" S64 "\"}");
	assert_string_equal(job.id, S64);
	assert_string_equal(job.run, S64);
	bad(QUEUE_FETCH, "{\"license\":\"1\",\"id\":\"" S64 "5\"}");
	bad(QUEUE_FETCH, "{\"license\":\"1\",\"run\":\"" S64 "5\"}");
}

static void a_message_says_what_to_put_right(void **state)
{
	(void)state;
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":310837893}"), "leading zeros"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":\"1\",\"id\":\"a b\"}"), "id must match"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":\"1\",\"run\":5}"), "run must match"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":\"1\",\"force\":1}"), "force"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":\"1\",\"max_attempts\":0}"), "max_attempts"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":\"1\",\"timeout_ms\":0}"), "timeout_ms"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":\"1\",\"not_before\":-1}"), "not_before"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "{\"license\":"), "bad JSON"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "031 083"), "white space"));
	assert_non_null(strstr(bad(QUEUE_FETCH, "[1]"), "no object"));
}

/* ---- records ---- */

static void a_job_survives_the_way_to_a_record_and_back(void **state)
{
	static const struct {
		enum settings_queue queue;
		const char *element, *code, *outcome, *made_id;
		int attempt, deaths;
		int64_t queued;
	} rows[] = {
		{ QUEUE_FETCH, "0310837893", NULL, NULL, "", 0, 0, 0 },
		{ QUEUE_FETCH, "0310837893", JOB_NEW, NULL, "w-1", 0, 1, 5 },
		{ QUEUE_FETCH, "0310837893", "ge_http_503", "{\"id\":\"x y\"}", "w-1", 3, 1, INT64_C(1763515800101) },
		{ QUEUE_BULK, "{\"license\":\"007\",\"id\":\"a\",\"run\":\"r1\",\"max_attempts\":2}", "ge_timeout", "{}", "", 1, 0, 1 },
		{ QUEUE_BULK, "{\"license\":\"007\",\"run\":\"" S64 "\",\"id\":\"" S64 "\"}", "license_incomplete", "{}", "", 1000000,
		  1000000, INT64_C(99999999999999) },
		{ QUEUE_PING, "two words\nand a line", "job_timeout", NULL, "p", 2, 2, 5 },
		{ QUEUE_PING, "{}", NULL, "{}", "", 0, 0, 5 },
		{ QUEUE_FETCH, "\xf0\x9f\x9a\x80", NULL, NULL, "id", 1, 0, 5 },
	};
	char record[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job job, again;
		struct job_record rec;
		struct err err;
		size_t head, len = strlen(rows[i].element);

		good(&job, rows[i].queue, rows[i].element);
		if (!*job.id)
			strcpy(job.id, rows[i].made_id);
		job.attempt = rows[i].attempt;
		job.deaths = rows[i].deaths;
		job.queued_ms = rows[i].queued;
		head = job_head(&job, rows[i].code, rows[i].outcome, record, sizeof(record));
		assert_int_equal(head, strlen(record));
		memcpy(record + head, rows[i].element, len);

		assert_int_equal(parse(&again, rows[i].queue, record, head + len, &err), 0);
		assert_string_equal(again.subject, job.subject);
		assert_string_equal(again.id, job.id);
		assert_string_equal(again.run, job.run);
		assert_int_equal(again.has_id, job.has_id);
		assert_int_equal(again.bare, job.bare);
		assert_int_equal(again.max_attempts, job.max_attempts);
		assert_int_equal(again.attempt, rows[i].attempt);
		assert_int_equal(again.deaths, rows[i].deaths);
		assert_int_equal(again.queued_ms, rows[i].queued);
		assert_int_equal(again.head_len, head);
		assert_int_equal(again.known, !rows[i].code || strcmp(rows[i].code, JOB_NEW) != 0);

		assert_int_equal(job_record_parse(&rec, record, head + len), 0);
		assert_string_equal(rec.queue, queue_names[rows[i].queue]);
		assert_string_equal(rec.subject, job.subject);
		assert_string_equal(rec.code, rows[i].code ? rows[i].code : "");
		assert_string_equal(rec.id, job.id);
		assert_string_equal(rec.run, job.run);
		assert_int_equal(rec.outcome_len, rows[i].outcome ? strlen(rows[i].outcome) : 0);
		assert_memory_equal(rec.outcome, rows[i].outcome ? rows[i].outcome : "", rec.outcome_len);
		assert_int_equal(rec.bytes_len, len);
		assert_memory_equal(rec.bytes, rows[i].element, len);
	}
}

static void the_head_is_written_as_scripts_read_it(void **state)
{
	struct job job = { .queue = QUEUE_BULK, .subject = "0310837893", .id = "ops-42", .run = "r1", .attempt = 2,
			   .deaths = 1, .queued_ms = 1763515800101 };
	struct job none = { .queue = QUEUE_PING };
	char out[JOB_HEAD_MAX];

	(void)state;
	job_head(&job, "ge_timeout", "{\"a\":1}", out, sizeof(out));
	assert_string_equal(out, "gesync/1 bulk 0310837893 ge_timeout ops-42 2 1 1763515800101 r1\n{\"a\":1}\n");
	job_head(&none, NULL, NULL, out, sizeof(out));
	assert_string_equal(out, "gesync/1 ping * * * 0 0 0 *\n\n");
	job_head(&none, "", "", out, sizeof(out));
	assert_string_equal(out, "gesync/1 ping * * * 0 0 0 *\n\n");
}

static void the_longest_head_fits_and_one_that_does_not_is_none(void **state)
{
	struct job job = { .queue = QUEUE_MIGRATE, .attempt = 1000000, .deaths = 1000000, .queued_ms = 99999999999999 };
	struct job_record rec;
	char out[JOB_HEAD_MAX + 1];
	size_t n;

	(void)state;
	memset(job.subject, 's', JOB_SUBJECT_MAX);
	memset(job.id, 'i', JOB_ID_MAX);
	memset(job.run, 'r', JOB_ID_MAX);
	n = job_head(&job, "a_code_of_thirty_one_characters", NULL, out, JOB_HEAD_MAX);
	assert_true(n > 0 && n < JOB_HEAD_MAX);
	assert_int_equal(job_record_parse(&rec, out, n), 0);
	assert_int_equal(rec.bytes_len, 0);
	assert_string_equal(rec.run, job.run);
	for (size_t size = 0; size <= n; size++)
		assert_int_equal(job_head(&job, "a_code_of_thirty_one_characters", NULL, out, size), 0);
	assert_int_equal(job_head(&job, "a_code_of_thirty_one_characters", NULL, out, n + 1), n);
}

static void what_only_looks_like_a_record_is_an_element(void **state)
{
	static const char *const rows[] = {
		"gesync/1 ", "gesync/1 fetch", "gesync/1 fetch 1 * * 0 0 0 *", "gesync/1 fetch 1 * * 0 0 0 *\n",
		"gesync/1 fetch 1 * * 0 0 0\n\n1", "gesync/1 fetch 1 * * 0 0 0 * x\n\n1", "gesync/1  fetch 1 * * 0 0 0 *\n\n1",
		"gesync/1 fetch 1 * * -1 0 0 *\n\n1", "gesync/1 fetch 1 * * 0 +1 0 *\n\n1", "gesync/1 fetch 1 * * 0 0 x *\n\n1",
		"gesync/1 fetch 1 * * 1000001 0 0 *\n\n1", "gesync/1 fetch 1 * * 0 1000001 0 *\n\n1",
		"gesync/1 fetch 1 * * 0 0 100000000000000 *\n\n1", "gesync/1 fetch 1 * * 0 0 99999999999999999999999 *\n\n1",
		"gesync/1 fetch 1 * * 99999999999999999999 0 0 *\n\n1", "gesync/1 fetch 1 * * 0x1 0 0 *\n\n1",
		"gesync/1 averyveryverylongqueue 1 * * 0 0 0 *\n\n1",
		"gesync/1 fetch 1 a_code_that_is_longer_than_any_code_is * 0 0 0 *\n\n1",
		"gesync/1 fetch 1 * " S64 "5 0 0 0 *\n\n1", "gesync/1 fetch 1 * * 0 0 0 " S64 "5\n\n1",
		"gesync/1 fetch " S50 S50 S50 S50 "1 * * 0 0 0 *\n\n1", "gesync/2 fetch 1 * * 0 0 0 *\n\n1",
		"gesync/1\tfetch 1 * * 0 0 0 *\n\n1", "Gesync/1 fetch 1 * * 0 0 0 *\n\n1", " gesync/1 fetch 1 * * 0 0 0 *\n\n1",
	};
	struct job_record rec;
	struct job job;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (job_record_parse(&rec, rows[i], strlen(rows[i])) == 0)
			fail_msg("a record: %s", rows[i]);
		bad(QUEUE_FETCH, rows[i]);
	}
	assert_int_equal(job_record_parse(&rec, "gesync/1 fetch 1\0 * * 0 0 0 *\n\n1", 32), -1);
	assert_int_equal(job_record_parse(&rec, "", 0), -1);
	assert_int_equal(parse(&job, QUEUE_FETCH, "gesync/1 fetch 1\0 * * 0 0 0 *\n\n1", 32, &err), -1);
}

static void a_forged_record_gives_no_more_than_its_element(void **state)
{
	struct job job;
	struct err err;
	static const char two[] = "gesync/1 fetch 9 * * 0 0 0 *\n\ngesync/1 fetch 9 * * 0 0 0 *\n\n0042";

	(void)state;
	/* The subject, the run and the queue of a head are not believed; nor an id that cannot be one. */
	good(&job, QUEUE_FETCH, "gesync/1 bulk 999 * a/b 4 2 77 forged\n{}\n0042");
	assert_string_equal(job.subject, "0042");
	assert_string_equal(job.run, "");
	assert_string_equal(job.id, "");
	assert_false(job.has_id);
	assert_int_equal(job.attempt, 4);
	assert_int_equal(job.deaths, 2);
	/* An element's own id goes before the head's. */
	good(&job, QUEUE_FETCH, "gesync/1 fetch 0042 * made 0 0 7 *\n\n{\"license\":\"0042\",\"id\":\"mine\"}");
	assert_string_equal(job.id, "mine");
	assert_true(job.has_id);
	good(&job, QUEUE_FETCH, "gesync/1 fetch 0042 * made 0 0 7 *\n\n{\"license\":\"0042\"}");
	assert_string_equal(job.id, "made");
	assert_false(job.has_id);
	/* A record in a record is no element. */
	assert_int_equal(parse(&job, QUEUE_FETCH, two, strlen(two), &err), -1);
}

static void what_is_known_of_a_bad_element_is_kept(void **state)
{
	static const char *const elements[] = { "", "{", "a b", "[1]", "{\"license\":5}", "\xff", "{\"license\":\"1\",\"id\":\"a b\"}" };
	char text[200];
	struct job job;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(elements); i++) {
		int head = snprintf(text, sizeof(text), "gesync/1 fetch * bad_job j7 3 1 1763515800101 *\n{\"x\":1}\n");

		strcat(text, elements[i]);
		assert_int_equal(parse(&job, QUEUE_FETCH, text, strlen(text), &err), -1);
		assert_string_equal(job.id, "j7");
		assert_int_equal(job.attempt, 3);
		assert_int_equal(job.deaths, 1);
		assert_int_equal(job.queued_ms, INT64_C(1763515800101));
		assert_int_equal(job.head_len, head);
		assert_string_equal(job.subject, "");
	}
}

static void a_record_may_be_longer_than_64_kib_its_element_not(void **state)
{
	size_t outcome_len = 3 * JOB_BYTES_MAX, n;
	char *text = malloc(outcome_len + 2 * JOB_BYTES_MAX);
	struct job job;
	struct job_record rec;
	struct err err;

	(void)state;
	assert_non_null(text);
	n = (size_t)sprintf(text, "gesync/1 fetch 1 * a 1 0 5 *\n");
	memset(text + n, 'o', outcome_len);
	n += outcome_len;
	n += (size_t)sprintf(text + n, "\n0042");
	assert_int_equal(parse(&job, QUEUE_FETCH, text, n, &err), 0);
	assert_string_equal(job.subject, "0042");
	assert_int_equal(job.head_len, n - 4);
	memset(text + n, '9', JOB_BYTES_MAX);
	assert_int_equal(parse(&job, QUEUE_FETCH, text, n + JOB_BYTES_MAX, &err), -1);
	assert_int_equal(job_record_parse(&rec, text, n + JOB_BYTES_MAX), 0);
	assert_int_equal(rec.bytes_len, JOB_BYTES_MAX + 4);
	free(text);
}

/* ---- names ---- */

static void queues_and_kinds_have_their_names(void **state)
{
	static const struct { enum settings_queue queue; const char *name, *kind; } rows[] = {
		{ QUEUE_MIGRATE, "migrate", "migrate" }, { QUEUE_CHECK, "check", "check" }, { QUEUE_FETCH, "fetch", "fetch" },
		{ QUEUE_BULK, "bulk", "fetch" }, { QUEUE_PING, "ping", "ping" }, { QUEUE_OFFLINE, "offline", "fetch" },
	};
	static const char *const none[] = { "", "f", "fetc", "fetchx", "Fetch", " fetch", "dead", "retry" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(job_queue(rows[i].name, strlen(rows[i].name)), rows[i].queue);
		assert_string_equal(job_kind(rows[i].queue), rows[i].kind);
	}
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(job_queue(none[i], strlen(none[i])), -1);
	assert_int_equal(job_queue("fetch:x", 5), QUEUE_FETCH);
	assert_int_equal(job_queue("bulk\0", 5), -1);
}

/* ---- anything at all ---- */

static uint64_t noise;

static uint32_t next(uint32_t below)
{
	noise ^= noise << 13;
	noise ^= noise >> 7;
	noise ^= noise << 17;
	return (uint32_t)(noise >> 20) % below;
}

/* What must hold of anything that was taken for a job: it can be written and
 * read again, and is the same. */
static void check_parsed(const struct job *job, const char *element, size_t len)
{
	char head[JOB_HEAD_MAX], *record;
	struct job again;
	struct err err;
	size_t n;

	assert_true(job->queue == QUEUE_PING ? !*job->subject : job_license_valid(job->subject, strlen(job->subject)));
	assert_true(!*job->id || job_id_valid(job->id, strlen(job->id)));
	assert_true(!*job->run || job_id_valid(job->run, strlen(job->run)));
	assert_true(!job->has_id || *job->id);
	assert_in_range(job->max_attempts, 0, 1000);
	assert_in_range(job->timeout_ms, 0, 86400000);
	assert_in_range(job->not_before, 0, INT64_C(99999999999999));
	assert_in_range(job->attempt, 0, 1000000);
	assert_in_range(job->deaths, 0, 1000000);
	assert_true(job->head_len <= len);
	n = job_head(job, "ge_timeout", NULL, head, sizeof(head));
	assert_true(n > 0);
	record = malloc(n + len - job->head_len);
	assert_non_null(record);
	memcpy(record, head, n);
	memcpy(record + n, element + job->head_len, len - job->head_len);
	assert_int_equal(parse(&again, job->queue, record, n + len - job->head_len, &err), 0);
	free(record);
	assert_string_equal(again.subject, job->subject);
	assert_string_equal(again.id, job->id);
	assert_string_equal(again.run, job->run);
	assert_int_equal(again.attempt, job->attempt);
	assert_int_equal(again.queued_ms, job->queued_ms);
	assert_int_equal(again.head_len, n);
}

static void check_any(const char *bytes, size_t len)
{
	static const enum settings_queue queues[] = { QUEUE_FETCH, QUEUE_PING };
	char *copy = malloc(len ? len : 1);
	struct job_record rec;
	struct job job;
	struct err err;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	if (job_record_parse(&rec, copy, len) == 0) {
		assert_true(rec.bytes > copy && rec.bytes + rec.bytes_len == copy + len);
		assert_true(rec.outcome > copy && rec.outcome + rec.outcome_len + 1 == rec.bytes);
	}
	free(copy);
	for (size_t q = 0; q < COUNT(queues); q++)
		if (parse(&job, queues[q], bytes, len, &err) == 0)
			check_parsed(&job, bytes, len);
}

static void random_bytes_do_no_harm(void **state)
{
	char bytes[300];

	(void)state;
	noise = 88172645463325252u;
	for (int round = 0; round < 5000; round++) {
		size_t len = next(round % 2 ? 12 : sizeof(bytes));

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)next(256);
		check_any(bytes, len);
	}
}

static void mutations_of_good_elements_do_no_harm(void **state)
{
	static const char *const seeds[] = {
		"0310837893", "M\xc3\xbcller\xf0\x9f\x9a\x80",
		"{\"license\":\"0310837893\",\"force\":true,\"id\":\"ops-42\",\"max_attempts\":3,\"not_before\":1763515800101}",
		"{\"license\":\"7\",\"run\":\"r\",\"x\":[1,{\"y\":null}],\"timeout_ms\":18446744073709551615}",
		"gesync/1 fetch 0310837893 ge_timeout ops-42 2 1 1763515800101 r1\n{\"a\":1}\n0310837893",
		"gesync/1 bulk * * * 0 0 0 *\n\n{\"license\":\"7\",\"id\":\"a\"}",
	};
	static const char letters[] = "{}[]\":, \n*0189eE.-+\\u\xff\xc3\x80\0gt";
	char bytes[400];

	(void)state;
	noise = 2463534242u;
	for (int round = 0; round < 20000; round++) {
		const char *seed = seeds[(size_t)round % COUNT(seeds)];
		size_t len = strlen(seed);

		memcpy(bytes, seed, len);
		for (uint32_t edits = 1 + next(4); edits && len; edits--) {
			size_t at = next((uint32_t)len), n = 1 + next(8);

			switch (next(4)) {
			case 0:         /* another byte */
				bytes[at] = letters[next(sizeof(letters) - 1)];
				break;
			case 1:         /* one more */
				memmove(bytes + at + 1, bytes + at, len++ - at);
				bytes[at] = letters[next(sizeof(letters) - 1)];
				break;
			case 2:         /* some fewer */
				n = n < len - at ? n : len - at;
				memmove(bytes + at, bytes + at + n, len - at - n);
				len -= n;
				break;
			case 3:         /* cut */
				len = next(4) ? len : at;
				break;
			}
		}
		check_any(bytes, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_element_is_a_licence),
		cmocka_unit_test(white_space_and_control_characters_are_in_no_licence),
		cmocka_unit_test(bytes_that_are_no_utf8_are_no_job),
		cmocka_unit_test(a_licence_has_1_to_50_characters_however_many_bytes_they_take),
		cmocka_unit_test(a_nul_byte_is_in_no_licence),
		cmocka_unit_test(a_bare_ping_is_any_text),
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(offline_is_a_field_or_a_queue),
		cmocka_unit_test(what_is_not_said_is_left_to_the_settings),
		cmocka_unit_test(unknown_fields_are_ignored_whatever_they_hold),
		cmocka_unit_test(a_field_of_the_wrong_type_is_no_job),
		cmocka_unit_test(numbers_are_taken_up_to_their_bounds),
		cmocka_unit_test(bad_json_is_no_job),
		cmocka_unit_test(deep_nesting_is_refused_without_harm),
		cmocka_unit_test(an_element_has_64_kib_at_most),
		cmocka_unit_test(an_id_is_1_to_64_of_its_letters),
		cmocka_unit_test(a_message_says_what_to_put_right),
		cmocka_unit_test(a_job_survives_the_way_to_a_record_and_back),
		cmocka_unit_test(the_head_is_written_as_scripts_read_it),
		cmocka_unit_test(the_longest_head_fits_and_one_that_does_not_is_none),
		cmocka_unit_test(what_only_looks_like_a_record_is_an_element),
		cmocka_unit_test(a_forged_record_gives_no_more_than_its_element),
		cmocka_unit_test(what_is_known_of_a_bad_element_is_kept),
		cmocka_unit_test(a_record_may_be_longer_than_64_kib_its_element_not),
		cmocka_unit_test(queues_and_kinds_have_their_names),
		cmocka_unit_test(random_bytes_do_no_harm),
		cmocka_unit_test(mutations_of_good_elements_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
