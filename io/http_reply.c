/* http_reply.c - headers that matter, and libcurl's errors in our words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http_reply.h"
#include "mem.h"

#define RETRY_AFTER_MAX 3600    /* obeyed up to an hour */

char *http_header_value(const char *line, size_t n, const char *name)
{
	size_t skip = strlen(name);
	char *value;

	if (n <= skip || strncasecmp(line, name, skip) || line[skip] != ':')
		return NULL;
	line += skip + 1;
	n -= skip + 1;
	while (n && (*line == ' ' || *line == '\t'))
		line++, n--;
	while (n && strchr(" \t\r\n", line[n - 1]))
		n--;
	value = need(strndup(line, n));
	return value;
}

int64_t http_retry_after(const char *text)
{
	char *end;
	long long s = strtoll(text, &end, 10);

	if (end == text || *end) {
		time_t at = curl_getdate(text, NULL);   /* a parser, no transfer */

		if (at == (time_t)-1)
			return -1;
		s = (long long)at - (long long)time(NULL);
	}
	return s < 0 ? 0 : s > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : s;
}

static void set(struct err *err, const char *code, const char *what, const char *why)
{
	err_set(err, ERR_RETRY, code, "%s%s%s", what, *why ? ": " : "", why);
}

void http_err_set(struct err *err, CURLcode rc, const char *why, int64_t timeout_ms,
		  const char *ca_file)
{
	const char *at_fault = ca_file ? "the server's certificate is not signed by one in GESYNC_GE_CA_FILE"
		: "the server's certificate cannot be verified; GESYNC_GE_CA_FILE names its authority if it is a private one";
	char text[64];

	if (!*why)
		why = curl_easy_strerror(rc);
	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
		snprintf(text, sizeof(text), "no complete answer within %lld ms",
			 (long long)timeout_ms);
		set(err, "ge_timeout", text, "");
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		set(err, "ge_unreachable", at_fault, why);
		return;
	case CURLE_SSL_CACERT_BADFILE:
		set(err, "ge_unreachable", "GESYNC_GE_CA_FILE cannot be used", why);
		return;
	case CURLE_WRITE_ERROR:                 /* past a bound of ours */
	case CURLE_PARTIAL_FILE:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:        /* HTTP/0.9: no status line */
		set(err, "ge_bad_response", "the answer cannot be used", why);
		return;
	case CURLE_FILESIZE_EXCEEDED:           /* by its length, since 8.4 also while it comes */
		set(err, "ge_bad_response", "the answer cannot be used", HTTP_TOO_LONG);
		return;
	case CURLE_SEND_FAIL_REWIND:
		set(err, "ge_unreachable", "no connection to the server", "it was closed before an answer came");
		return;
	case CURLE_RECV_ERROR:
		/* libcurl has no code of its own for a broken chunk: 7.88 tells of
		 * "chunked-encoding", 8.14 of a "chunk hex-length char". */
		if (strstr(why, "chunk")) {
			set(err, "ge_bad_response", "the answer cannot be used", why);
			return;
		}
		/* fallthrough */
	default:
		set(err, "ge_unreachable", "no connection to the server", why);
		return;
	}
}
