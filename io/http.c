/* http.c - requests by libcurl, whose handles http_multi.c keeps on the loop.
 *
 * What has finished is put in a list and told from the loop's next turn: so a
 * callback may post, cancel or free at will.
 *
 *      ACTIVE (in a multi) --> DONE (in the list) --> callback, freed */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "http_multi.h"
#include "http_reply.h"
#include "mem.h"

#define SPARE_MAX 256           /* easy handles kept for the next request */
#define CONNECT_MAX_MS 10000
#define HEADERS_MAX (256u << 10)

struct http_call {
	struct http_call *next, **link;         /* in http->active or http->done */
	struct http *http;
	struct http_multi *multi;               /* NULL: DONE */
	CURL *easy;                             /* owned */
	struct curl_slist *headers;             /* owned */
	http_cb *cb;                            /* NULL: cancelled */
	void *data;
	int64_t timeout_ms;
	char *form;                             /* owned: what is sent */
	size_t form_len, form_at;
	char *body;                             /* owned; one byte more than len */
	size_t len, size;
	size_t header_bytes;
	const char *too_long;                   /* what has passed its bound */
	char *content_type, *location, *awsalb; /* owned, or NULL */
	int64_t retry_after_s;
	bool answered, failed;
	struct err err;
	char curl_err[CURL_ERROR_SIZE];
};

struct http {
	struct loop *loop;                      /* borrowed */
	char *ca_file;                          /* owned */
	struct http_multis *multis;             /* owned */
	struct http_call *active, *done;        /* owned */
	struct http_call **done_tail;
	CURL *spare[SPARE_MAX];                 /* owned */
	int nspare;
	bool telling;                           /* tell() is on its way */
	bool freed;
};

/* --- a call ----------------------------------------------------------------- */

static void call_link(struct http_call *call, struct http_call **link)
{
	call->link = link;
	call->next = *link;
	*link = call;
	if (call->next)
		call->next->link = &call->next;
}

static void call_unlink(struct http_call *call)
{
	if (call->http->done_tail == &call->next)
		call->http->done_tail = call->link;
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
}

static void call_free(struct http_call *call)
{
	struct http *http = call->http;

	curl_slist_free_all(call->headers);
	/* One that broke may remember it: libcurl 8.14 would not send its next request,
	 * since it could not wind back the last one. */
	if (call->answered && http->nspare < SPARE_MAX && !http->freed) {
		curl_easy_reset(call->easy);
		http->spare[http->nspare++] = call->easy;
	} else {
		curl_easy_cleanup(call->easy);
	}
	free(call->form);
	free(call->body);
	free(call->content_type);
	free(call->location);
	free(call->awsalb);
	free(call);
}

/* From ACTIVE to DONE. */
static void call_done(struct http_call *call)
{
	call_unlink(call);
	if (call->multi) {
		http_multi_remove(call->multi, call->easy);
		call->multi = NULL;
	}
	call_link(call, call->http->done_tail);
	call->http->done_tail = &call->next;
}

static void call_tell(struct http_call *call)
{
	struct http_reply reply = {
		.body = call->body ? call->body : "",
		.len = call->len,
		.content_type = call->content_type ? call->content_type : "",
		.location = call->location ? call->location : "",
		.set_awsalb = call->awsalb ? call->awsalb : "",
		.retry_after_s = call->retry_after_s,
	};
	long status = 0;

	call_unlink(call);
	if (call->cb && call->failed) {
		call->cb(NULL, &call->err, call->data);
	} else if (call->cb) {
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		reply.status = (int)status;
		call->cb(&reply, NULL, call->data);
	}
	call_free(call);
}

static void tell(void *data)
{
	struct http *http = data;

	http->telling = false;
	while (http->done)
		call_tell(http->done);
}

static void tell_soon(struct http *http)
{
	if (http->telling)
		return;
	http->telling = true;
	loop_defer(http->loop, tell, http);
}

/* --- why it failed ---------------------------------------------------------- */

static void fail(struct http_call *call, const char *code, const char *what, const char *why)
{
	call->failed = true;
	err_set(&call->err, ERR_RETRY, code, "%s%s%s", what, *why ? ": " : "", why);
}

static void fail_curl(struct http_call *call, CURLcode rc)
{
	call->failed = true;
	http_err_set(&call->err, rc, call->too_long ? call->too_long : call->curl_err,
		     call->timeout_ms, call->http->ca_file);
}

/* --- what libcurl calls: nothing here may call libcurl --------------------- */

/* Of a request whose kept-alive connection breaks libcurl would send another at once.
 * One that GE may have seen is an attempt, and has a place in the pool's pace: so
 * there is nothing here that could wind it back. */
static size_t on_want_form(char *bytes, size_t one, size_t n, void *data)
{
	struct http_call *call = data;

	(void)one;
	if (n > call->form_len - call->form_at)
		n = call->form_len - call->form_at;
	memcpy(bytes, call->form + call->form_at, n);
	call->form_at += n;
	return n;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *data)
{
	struct http_call *call = data;

	(void)one;
	if (call->len + n > HTTP_BODY_MAX) {
		call->too_long = HTTP_TOO_LONG;
		return 0;
	}
	if (call->len + n + 1 > call->size) {
		call->size = 2 * (call->len + n) + 1024;
		call->body = need(realloc(call->body, call->size));
	}
	memcpy(call->body + call->len, bytes, n);
	call->len += n;
	call->body[call->len] = '\0';
	return n;
}

static void keep(char **place, char *value)
{
	if (!value)
		return;
	free(*place);
	*place = value;
}

static size_t on_header(char *line, size_t one, size_t n, void *data)
{
	struct http_call *call = data;
	char *value;

	(void)one;
	call->header_bytes += n;
	if (call->header_bytes > HEADERS_MAX) {
		call->too_long = "the headers are longer than 256 KiB";
		return 0;
	}
	keep(&call->content_type, http_header_value(line, n, "Content-Type"));
	keep(&call->location, http_header_value(line, n, "Location"));
	value = http_header_value(line, n, "Set-Cookie");
	if (value && !strncmp(value, "AWSALB=", 7)) {
		value[7 + strcspn(value + 7, "; \t")] = '\0';
		keep(&call->awsalb, need_copy(value + 7));
	}
	free(value);
	value = http_header_value(line, n, "Retry-After");
	if (value)
		call->retry_after_s = http_retry_after(value);
	free(value);
	return n;
}

static void on_finished(CURL *easy, CURLcode rc)
{
	struct http_call *call = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
	call->answered = rc == CURLE_OK;
	if (!call->answered)
		fail_curl(call, rc);
	call_done(call);
	tell_soon(call->http);
}

/* --- what the header promised ----------------------------------------------- */

struct http *http_new(struct loop *loop, const char *ca_file)
{
	struct http *http = need(calloc(1, sizeof(*http)));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	http->loop = loop;
	http->ca_file = need_copy(ca_file);
	http->done_tail = &http->done;
	http->multis = http_multis_new(loop, on_finished);
	return http;
}

/* A turn later: http_free() may have been called from a callback. */
static void on_free(void *data)
{
	struct http *http = data;

	http_multis_free(http->multis);
	while (http->nspare)
		curl_easy_cleanup(http->spare[--http->nspare]);
	free(http->ca_file);
	free(http);
	curl_global_cleanup();
}

void http_free(struct http *http)
{
	if (!http || http->freed)
		return;
	http->freed = true;
	while (http->active) {
		fail(http->active, "ge_unreachable", "the program is stopping", "");
		call_done(http->active);
	}
	while (http->done)
		call_tell(http->done);
	loop_defer(http->loop, on_free, http);
}

static void set_transfer(struct http_call *call, const struct http_request *req)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_URL, req->url);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)call->form_len);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_want_form);
	curl_easy_setopt(e, CURLOPT_READDATA, call);
	if (req->cookie)
		curl_easy_setopt(e, CURLOPT_COOKIE, req->cookie);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "gesync/" GESYNC_VERSION);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");       /* all it can decode */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(req->timeout_ms < CONNECT_MAX_MS ? req->timeout_ms : CONNECT_MAX_MS));
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_BODY_MAX);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	if (call->http->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, call->http->ca_file);
}

static void set_behaviour(struct http_call *call)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, call);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->curl_err);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Giving up on a slow name server must not block until it answers. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void add_header(struct http_call *call, const char *header)
{
	call->headers = need(curl_slist_append(call->headers, header));
}

/* A session that a person pasted may hold a line's end: it would become a
 * header of its own. */
static bool is_one_line(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

struct http_call *http_post(struct http *http, const struct http_request *req,
			    http_cb *cb, void *data)
{
	struct http_call *call = need(calloc(1, sizeof(*call)));
	bool clean = is_one_line(req->cookie);

	call->http = http;
	call->cb = cb;
	call->data = data;
	call->timeout_ms = req->timeout_ms;
	call->retry_after_s = -1;
	call->form = need_copy(req->body);
	call->form_len = strlen(req->body);
	call_link(call, &http->active);
	for (const char *const *h = req->headers; h && *h; h++) {
		clean = clean && is_one_line(*h);
		add_header(call, *h);
	}
	add_header(call, "Expect:");            /* no round trip before the body */
	if (http->freed || !clean) {
		fail(call, "ge_unreachable", http->freed ? "the program is stopping" :
		     "a cookie or header of the request holds a control character", "");
		call_done(call);
		tell_soon(http);
		return call;
	}
	call->easy = http->nspare ? http->spare[--http->nspare] : need(curl_easy_init());
	set_transfer(call, req);
	set_behaviour(call);
	call->multi = http_multis_add(http->multis, call->easy);
	return call;
}

void http_cancel(struct http_call *call)
{
	call->cb = NULL;
	if (!call->multi)
		return;                 /* tell() frees it */
	call_done(call);
	call_unlink(call);
	call_free(call);
}
