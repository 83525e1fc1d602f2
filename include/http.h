/* http.h - requests to the GE server: libcurl on the loop, keep-alive, gzip. */
#ifndef GESYNC_HTTP_H
#define GESYNC_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loop.h"

struct http;

#define HTTP_BODY_MAX (4u << 20)        /* bytes, after decompression: a real reply has a few KiB */

struct http_request {
	const char *url;
	const char *body;               /* x-www-form-urlencoded */
	const char *cookie;             /* "JSESSIONID=..; AWSALB=.."; NULL for none */
	const char *const *headers;     /* "Name: value", NULL at the end */
	int64_t timeout_ms;             /* for the whole request */
};

struct http_reply {
	int status;
	const char *body;               /* borrowed: gone when the callback returns */
	size_t len;
	const char *content_type;       /* "" where missing */
	const char *location;           /* of a redirect, which is never followed; "" */
	const char *set_awsalb;         /* value of a Set-Cookie: AWSALB; "" */
	int64_t retry_after_s;          /* seconds or date, 0 to 3600; -1 where missing */
};

/* Either reply or err is NULL. Called exactly once per request, and never
 * before the call which made it has returned. Errors, all ERR_RETRY:
 * ge_unreachable (no name, no connection, refused, reset), ge_timeout,
 * ge_bad_response (cut short, past HTTP_BODY_MAX, not decodable, not HTTP).
 * A message never holds the URL's query, where the token is. */
typedef void http_cb(const struct http_reply *reply, const struct err *err,
		     void *data);

/* ca_file: NULL for the system's. Certificates are always verified. */
struct http *http_new(struct loop *loop, const char *ca_file);
void http_free(struct http *http);      /* pending callbacks get ge_unreachable */

/* The request and its strings are copied. Returns a handle for http_cancel(),
 * valid until the callback. */
struct http_call;
struct http_call *http_post(struct http *http, const struct http_request *req,
			    http_cb *cb, void *data);
void http_cancel(struct http_call *call);       /* no callback after this */

#endif
