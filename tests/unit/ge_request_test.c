/* ge_request_test.c - what the GE server gets to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ge_request.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ENDPOINT "https://ge.example/app/webHP"
#define QUERY "requestType=ApplicationRH&actionVal=viewScripOwnership&screenId=90000549&_csrf="

static int make(struct ge_request *req, const char *endpoint, const char *jsessionid,
		const char *csrf, const char *awsalb, struct err *err)
{
	const struct ge_session session = { (char *)jsessionid, (char *)csrf, (char *)awsalb };

	return ge_request_make(req, endpoint, &session, NULL, "0310837893", "2025-01-15",
			       "0300000001", err);
}

static int make_for(struct ge_request *req, const char *app_id, const char *license,
		    const char *date, const char *iec, struct err *err)
{
	const struct ge_session session = { (char *)"S", (char *)"C", NULL };

	return ge_request_make(req, ENDPOINT, &session, app_id, license, date, iec, err);
}

static void a_request_carries_what_the_portal_wants(void **state)
{
	struct ge_request req;
	struct err err;

	(void)state;
	assert_int_equal(make(&req, ENDPOINT, "AB12", "t-0", "lb", &err), 0);
	assert_string_equal(req.url, ENDPOINT "?" QUERY "t-0");
	assert_string_equal(req.body, "scripNumber=0310837893&scripIssueDate=15%2F01%2F2025"
			    "&iecNumber=0300000001&appId=204000000");
	assert_string_equal(req.cookie, "JSESSIONID=AB12; AWSALB=lb");
	assert_string_equal(req.origin, "Origin: https://ge.example");
	assert_string_equal(req.referer, "Referer: https://ge.example/app/webHP");
	ge_request_clear(&req);
	assert_null(req.url);
	ge_request_clear(&req);
}

static void urls_of_all_kinds_get_the_query(void **state)
{
	static const struct {
		const char *endpoint, *url, *origin, *referer;
	} rows[] = {
		{ "http://h", "http://h?", "http://h", "http://h" },
		{ "http://h/", "http://h/?", "http://h", "http://h/" },
		{ "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x?", "http://127.0.0.1:8080", "http://127.0.0.1:8080/x" },
		{ "http://[::1]:80/x", "http://[::1]:80/x?", "http://[::1]:80", "http://[::1]:80/x" },
		{ "https://h/x?a=b", "https://h/x?a=b&", "https://h", "https://h/x" },
		{ "https://h/x?", "https://h/x?", "https://h", "https://h/x" },
		{ "https://h/x?a=b&", "https://h/x?a=b&", "https://h", "https://h/x" },
		{ "https://h?a=b", "https://h?a=b&", "https://h", "https://h" },
		{ "https://h/x#top", "https://h/x?", "https://h", "https://h/x" },
		{ "https://h/x?a=b#to?p", "https://h/x?a=b&", "https://h", "https://h/x" },
		{ "https://h/x#to?p", "https://h/x?", "https://h", "https://h/x" },
		{ "https://u:secret@h/x", "https://u:secret@h/x?", "https://h", "https://h/x" },
		{ "https://u:s@c@h:1/x@y?z@w", "https://u:s@c@h:1/x@y?z@w&", "https://h:1", "https://h:1/x@y" },
		{ "https://h/a://b", "https://h/a://b?", "https://h", "https://h/a://b" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ge_request req;
		struct err err;
		char want[256];

		assert_int_equal(make(&req, rows[i].endpoint, "S", "C", NULL, &err), 0);
		snprintf(want, sizeof(want), "%s" QUERY "C", rows[i].url);
		assert_string_equal(req.url, want);
		snprintf(want, sizeof(want), "Origin: %s", rows[i].origin);
		assert_string_equal(req.origin, want);
		snprintf(want, sizeof(want), "Referer: %s", rows[i].referer);
		assert_string_equal(req.referer, want);
		ge_request_clear(&req);
	}
}

static void what_is_no_url_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "ge.example", "/path", "://h", "https://", "https:///x", "https://?a", "https:/h", "https://@h",
		"https://h/a b", "https://h/\r\nX: y", "https://h/\t", "a/b://h", "?u=http://h", "https://h/\x7f",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ge_request req;
		struct err err;

		if (!make(&req, rows[i], "S", "C", NULL, &err))
			fail_msg("'%s' passed as a URL", rows[i]);
		assert_int_equal(err.kind, ERR_RETRY);
		assert_string_equal(err.code, "ge_unreachable");
		assert_null(req.url);
		assert_null(req.body);
	}
}

static void values_are_percent_encoded(void **state)
{
	struct ge_request req;
	struct err err;

	(void)state;
	assert_int_equal(make(&req, ENDPOINT, "S", "a+b/c=&d e%\xc3\xa9", NULL, &err), 0);
	assert_string_equal(req.url, ENDPOINT "?" QUERY "a%2Bb%2Fc%3D%26d%20e%25%C3%A9");
	ge_request_clear(&req);

	assert_int_equal(make_for(&req, "2&x=1", "A/1&appId=9", "2025-12-31", "AB CD\n", &err), 0);
	assert_string_equal(req.body, "scripNumber=A%2F1%26appId%3D9&scripIssueDate=31%2F12%2F2025"
			    "&iecNumber=AB%20CD&appId=2%26x%3D1");
	ge_request_clear(&req);

	assert_int_equal(make(&req, ENDPOINT, "S", "AZaz09-._~", NULL, &err), 0);
	assert_string_equal(req.url, ENDPOINT "?" QUERY "AZaz09-._~");
	ge_request_clear(&req);
}

static void cookies_go_as_they_are(void **state)
{
	static const struct {
		const char *jsessionid, *awsalb, *cookie;
	} rows[] = {
		{ NULL, NULL, NULL },
		{ "", "", NULL },
		{ " \n", NULL, NULL },
		{ "AB", NULL, "JSESSIONID=AB" },
		{ NULL, "x", "AWSALB=x" },
		{ "AB\n", "a+b/c==", "JSESSIONID=AB; AWSALB=a+b/c==" },
		{ "0000abc:-1!9", "\"q\"", "JSESSIONID=0000abc:-1!9; AWSALB=\"q\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ge_request req;
		struct err err;

		assert_int_equal(make(&req, ENDPOINT, rows[i].jsessionid, "C", rows[i].awsalb, &err), 0);
		if (rows[i].cookie)
			assert_string_equal(req.cookie, rows[i].cookie);
		else
			assert_null(req.cookie);
		ge_request_clear(&req);
	}
}

static void a_session_that_would_break_the_header_is_refused_and_not_shown(void **state)
{
	static const char *const rows[] = { "a;b", "a\r\nX-Evil: 1", "a\nb", "a\tb", "a\x7f", "\xc3\xa9", "a\x01" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int second = 0; second < 2; second++) {
			struct ge_request req;
			struct err err;

			assert_int_equal(make(&req, ENDPOINT, second ? "S3CRET" : rows[i], "C",
					      second ? rows[i] : NULL, &err), -1);
			assert_int_equal(err.kind, ERR_HOLD);
			assert_string_equal(err.code, "ge_session_expired");
			assert_null(strstr(err.msg, "Evil"));
			assert_null(strstr(err.msg, "S3CRET"));
			assert_null(req.cookie);
			assert_null(req.url);
		}
}

static void no_session_at_all_is_an_empty_one(void **state)
{
	struct ge_request req;
	struct err err;

	(void)state;
	assert_int_equal(ge_request_make(&req, ENDPOINT, NULL, "", "1", "2025-01-15", "2", &err), 0);
	assert_string_equal(req.url, ENDPOINT "?" QUERY);
	assert_string_equal(req.body, "scripNumber=1&scripIssueDate=15%2F01%2F2025&iecNumber=2&appId=" GE_APP_ID);
	assert_null(req.cookie);
	ge_request_clear(&req);
}

static void the_app_id_comes_from_the_settings(void **state)
{
	static const struct {
		const char *app_id, *sent;
	} rows[] = {
		{ NULL, "&appId=204000000" }, { "", "&appId=204000000" }, { " ", "&appId=204000000" },
		{ "7", "&appId=7" }, { " 205000000\n", "&appId=205000000" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ge_request req;
		struct err err;

		assert_int_equal(make_for(&req, rows[i].app_id, "1", "2025-01-15", "2", &err), 0);
		assert_string_equal(strstr(req.body, "&appId="), rows[i].sent);
		ge_request_clear(&req);
	}
}

static void a_licence_without_date_or_exporter_is_incomplete(void **state)
{
	static const struct {
		const char *date, *iec, *says;
	} rows[] = {
		{ NULL, "2", "has no date" }, { "", "2", "has no date" }, { NULL, NULL, "has no date" },
		{ "infinity", "2", "date" }, { "10000-01-01", "2", "date" }, { "0044-03-15 BC", "2", "date" },
		{ "2025-02-30", "2", "date" },
		{ "2025-01-15", NULL, "no exporter" }, { "2025-01-15", "", "no exporter" }, { "2025-01-15", " ", "no exporter" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ge_request req;
		struct err err;

		assert_int_equal(make_for(&req, NULL, "0310837893", rows[i].date, rows[i].iec, &err), -1);
		assert_int_equal(err.kind, ERR_PERMANENT);
		assert_string_equal(err.code, "license_incomplete");
		assert_non_null(strstr(err.msg, "0310837893"));
		assert_non_null(strstr(err.msg, rows[i].says));
		assert_null(req.url);
		assert_null(req.body);
		assert_null(req.cookie);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_carries_what_the_portal_wants),
		cmocka_unit_test(urls_of_all_kinds_get_the_query),
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(values_are_percent_encoded),
		cmocka_unit_test(cookies_go_as_they_are),
		cmocka_unit_test(a_session_that_would_break_the_header_is_refused_and_not_shown),
		cmocka_unit_test(no_session_at_all_is_an_empty_one),
		cmocka_unit_test(the_app_id_comes_from_the_settings),
		cmocka_unit_test(a_licence_without_date_or_exporter_is_incomplete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
