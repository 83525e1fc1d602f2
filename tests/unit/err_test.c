/* err_test.c - an error is one line of text that fits anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "err.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void an_error_is_filled_and_minus_one_returned(void **state)
{
	static const enum err_kind kinds[] = { ERR_RETRY, ERR_HOLD, ERR_PERMANENT };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		memset(&err, 'x', sizeof(err));
		assert_int_equal(err_set(&err, kinds[i], "ge_http_503", "GE answered %d to %s", 503, "licence 7"), -1);
		assert_int_equal(err.kind, kinds[i]);
		assert_string_equal(err.code, "ge_http_503");
		assert_string_equal(err.msg, "GE answered 503 to licence 7");
	}
}

static void a_message_is_one_line_of_utf8(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" },
		{ "a\nb\r\nc\td", "a b  c d" },
		{ "\x01\x1f\x7f|\x1b[31m", "   | [31m" },
		{ "M\xc3\xbcller \xe0\xa4\x95 \xf0\x9f\x9a\x80", "M\xc3\xbcller \xe0\xa4\x95 \xf0\x9f\x9a\x80" },
		{ "a\xff" "b\xfe", "a?b?" },
		{ "\xc3", "?" },
		{ "\xc3(", "?(" },
		{ "\x80\xbf", "??" },
		{ "\xc0\xaf", "??" },                   /* overlong */
		{ "\xed\xa0\x80", "???" },              /* a surrogate */
		{ "\xf4\x90\x80\x80", "????" },         /* past U+10FFFF */
		{ "a\xc2\x85" "b", "a  b" },            /* NEL */
		{ "\xe0\xa4", "??" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		err_set(&err, ERR_RETRY, "db_error", "%s", rows[i].in);
		assert_string_equal(err.msg, rows[i].out);
	}
}

static void a_message_too_long_is_cut_between_characters(void **state)
{
	static const char *const chars[] = { "a", "\xc3\xbc", "\xe0\xa4\x95", "\xf0\x9f\x9a\x80" };
	char text[2000];
	struct err err;

	(void)state;
	for (size_t c = 0; c < COUNT(chars); c++)
		for (size_t shift = 0; shift < 5; shift++) {
			json_t *json;

			memset(text, 'x', shift);
			text[shift] = '\0';
			while (strlen(text) < 1000)
				strcat(text, chars[c]);
			err_set(&err, ERR_RETRY, "db_error", "%s", text);
			assert_in_range(strlen(err.msg), sizeof(err.msg) - 4, sizeof(err.msg) - 1);
			assert_memory_equal(err.msg, text, strlen(err.msg));
			json = json_string(err.msg);
			assert_non_null(json);
			json_decref(json);
		}
}

static void any_bytes_make_a_message_that_json_takes(void **state)
{
	uint64_t x = 88172645463325252u;
	char text[400];
	struct err err;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)(x % (sizeof(text) - 1));
		json_t *json;

		for (size_t i = 0; i < len; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			text[i] = (char)(x >> 24 & 1 ? 0x80 | (x >> 16 & 0x7f) : (x >> 16 & 0xff));
			text[i] = text[i] ? text[i] : 'n';
		}
		text[len] = '\0';
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		err_set(&err, ERR_RETRY, "db_error", "%s", text);
		json = json_string(err.msg);
		assert_non_null(json);
		json_decref(json);
		for (const char *p = err.msg; *p; p++)
			assert_false((unsigned char)*p < ' ');
	}
}

static void a_code_too_long_is_cut(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_RETRY, "a_code_that_is_much_longer_than_any_code_may_be", "x");
	assert_int_equal(strlen(err.code), sizeof(err.code) - 1);
}

static void an_error_may_be_told_anew_in_its_own_words(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_RETRY, "ge_timeout", "no answer");
	err_set(&err, ERR_HOLD, err.code, "licence 7: %s (%s)", err.msg, err.code);
	assert_string_equal(err.code, "ge_timeout");
	assert_string_equal(err.msg, "licence 7: no answer (ge_timeout)");
	assert_int_equal(err.kind, ERR_HOLD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_filled_and_minus_one_returned),
		cmocka_unit_test(a_message_is_one_line_of_utf8),
		cmocka_unit_test(a_message_too_long_is_cut_between_characters),
		cmocka_unit_test(any_bytes_make_a_message_that_json_takes),
		cmocka_unit_test(a_code_too_long_is_cut),
		cmocka_unit_test(an_error_may_be_told_anew_in_its_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
