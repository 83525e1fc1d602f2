/* http.c - requests to the GE server: libcurl's multi interface on the loop.
 *
 * One multi handle slows down with its number of connections, so a call goes
 * to the first lane that has fewer than LANE_CALLS in flight, and a lane is
 * added where there is none. Easy handles are reused; connections stay alive
 * within a lane.
 *
 *      post --> easy added to a lane --> sockets and timer drive it --> done
 *                                                                      |
 *      callback from the lane's own turn, after the easy was removed <-+ */
#include "http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#include "loop_uv.h"

#define LANE_CALLS      256
#define RETRY_AFTER_MAX 3600    /* INTERFACE.md section 5: up to an hour */
#define HEADER_MAX      2048    /* bytes of a header value that is kept */

struct lane {
	struct http *http;
	CURLM *multi;
	struct timer *timer;
	int calls;
	bool check_due;
	struct lane *next;
};

struct http_call {
	struct http *http;
	struct lane *lane;
	CURL *easy;
	struct curl_slist *headers;
	char *body, *reply;
	size_t len, size;
	bool too_large;
	char location[HEADER_MAX], awsalb[HEADER_MAX];
	int64_t retry_after_s;
	char why[CURL_ERROR_SIZE];
	http_cb *cb;
	void *data;
	struct http_call *next, *prev;
};

struct http {
	struct loop *loop;
	char *ca_file;
	struct lane *lanes;
	struct http_call *calls;
	CURL **idle;                    /* easy handles to be used again */
	size_t nidle, size_idle;
};

/* ---- sockets ---- */

struct socket {
	uv_poll_t poll;
	struct lane *lane;
	curl_socket_t fd;
};

static void lane_check_later(struct lane *lane);

static void on_socket_closed(uv_handle_t *handle)
{
	free(container_of((uv_poll_t *)handle, struct socket, poll));
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct socket *s = container_of(poll, struct socket, poll);
	struct lane *lane = s->lane;
	int running, what = 0;

	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	curl_multi_socket_action(lane->multi, s->fd, what, &running);
	lane_check_later(lane);
}

static int on_want(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	struct lane *lane = data;
	struct socket *s = known;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			curl_multi_assign(lane->multi, fd, NULL);
			uv_poll_stop(&s->poll);
			uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		}
		return 0;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			abort();
		s->lane = lane;
		s->fd = fd;
		uv_poll_init(loop_uv(lane->http->loop), &s->poll, fd);
		curl_multi_assign(lane->multi, fd, s);
	}
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&s->poll, events, on_socket);
	return 0;
}

static int on_want_timer(CURLM *multi, long ms, void *data)
{
	struct lane *lane = data;

	(void)multi;
	if (ms < 0)
		timer_stop(lane->timer);
	else
		timer_set(lane->timer, ms);
	return 0;
}

static void on_timer(void *data)
{
	struct lane *lane = data;
	int running;

	curl_multi_socket_action(lane->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	lane_check_later(lane);
}

/* ---- the end of a call ---- */

static void call_free(struct http_call *c)
{
	struct http *h = c->http;

	*(c->prev ? &c->prev->next : &h->calls) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	curl_multi_remove_handle(c->lane->multi, c->easy);
	c->lane->calls--;
	if (h->nidle == h->size_idle) {
		h->size_idle = h->size_idle ? h->size_idle * 2 : 16;
		h->idle = realloc(h->idle, h->size_idle * sizeof(*h->idle));
		if (!h->idle)
			abort();
	}
	curl_easy_reset(c->easy);
	h->idle[h->nidle++] = c->easy;
	curl_slist_free_all(c->headers);
	free(c->body);
	free(c->reply);
	free(c);
}

static int explain(const struct http_call *c, CURLcode code, struct err *err)
{
	const char *why = *c->why ? c->why : curl_easy_strerror(code);

	if (c->too_large)
		return err_set(err, ERR_RETRY, "ge_bad_response", "GE's answer is larger than %u bytes", HTTP_BODY_MAX);
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(err, ERR_RETRY, "ge_timeout", "GE did not answer in time");
	case CURLE_PARTIAL_FILE:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_WRITE_ERROR:
	case CURLE_UNSUPPORTED_PROTOCOL:
		if (code == CURLE_GOT_NOTHING)
			return err_set(err, ERR_RETRY, "ge_unreachable", "GE closed the connection without an answer");
		return err_set(err, ERR_RETRY, "ge_bad_response", "GE's answer is broken: %s", why);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(err, ERR_RETRY, "ge_unreachable",
			       "GE's certificate could not be verified (see GESYNC_GE_CA_FILE): %s", why);
	case CURLE_RECV_ERROR:
		/* Reset in the middle, or a chunk that is none: curl tells them apart by words only. */
		if (strcasestr(why, "chunk") || strcasestr(why, "malformed") || strcasestr(why, "illegal"))
			return err_set(err, ERR_RETRY, "ge_bad_response", "GE's answer is broken: %s", why);
		return err_set(err, ERR_RETRY, "ge_unreachable", "the connection to GE broke: %s", why);
	default:
		return err_set(err, ERR_RETRY, "ge_unreachable", "GE could not be reached: %s", why);
	}
}

static void finish(struct http_call *c, CURLcode code)
{
	struct http_reply reply = {
		.body = c->reply ? c->reply : "", .len = c->len, .content_type = "", .location = c->location,
		.set_awsalb = c->awsalb, .retry_after_s = c->retry_after_s
	};
	http_cb *cb = c->cb;
	char type[128] = "", *text = NULL;
	long status = 0;
	struct err err;

	c->cb = NULL;
	if (code != CURLE_OK || c->too_large) {
		explain(c, code, &err);
		cb(NULL, &err, c->data);
	} else {
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
		if (curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text)
			snprintf(type, sizeof(type), "%s", text);
		reply.status = (int)status;
		reply.content_type = type;
		cb(&reply, NULL, c->data);
	}
}

static void lane_check(void *data)
{
	struct lane *lane = data;
	CURLMsg *msg;
	int left;

	lane->check_due = false;
	while (lane->multi && (msg = curl_multi_info_read(lane->multi, &left))) {
		struct http_call *c = NULL;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &c);
		finish(c, code);
		call_free(c);
	}
}

static void lane_check_later(struct lane *lane)
{
	if (!lane->check_due) {
		lane->check_due = true;
		loop_defer(lane->http->loop, lane_check, lane);
	}
}

/* ---- what comes in ---- */

static size_t on_body(char *bytes, size_t one, size_t n, void *data)
{
	struct http_call *c = data;

	(void)one;
	if (c->len + n > HTTP_BODY_MAX) {
		c->too_large = true;
		return 0;
	}
	if (c->len + n + 1 > c->size) {
		c->size = (c->len + n + 1) * 2;
		c->reply = realloc(c->reply, c->size);
		if (!c->reply)
			abort();
	}
	memcpy(c->reply + c->len, bytes, n);
	c->len += n;
	c->reply[c->len] = '\0';
	return n;
}

/* The value of the header line, if it is the one that is asked for. */
static bool header_is(const char *line, size_t n, const char *name, const char **value, size_t *len)
{
	size_t m = strlen(name);

	if (n <= m || strncasecmp(line, name, m) || line[m] != ':')
		return false;
	*value = line + m + 1;
	*len = n - m - 1;
	while (*len && (**value == ' ' || **value == '\t')) {
		(*value)++;
		(*len)--;
	}
	while (*len && ((*value)[*len - 1] == '\r' || (*value)[*len - 1] == '\n' || (*value)[*len - 1] == ' '))
		(*len)--;
	return true;
}

static int64_t retry_after(const char *value, size_t len)
{
	char text[64];
	char *end;
	long long s;
	time_t at;

	snprintf(text, sizeof(text), "%.*s", (int)(len < 63 ? len : 63), value);
	s = strtoll(text, &end, 10);
	if (end == text || *end) {
		at = curl_getdate(text, NULL);
		if (at < 0)
			return -1;
		s = at - time(NULL);    /* a date is told in wall time */
	}
	return s < 0 ? 0 : s > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : s;
}

static size_t on_header(char *line, size_t one, size_t n, void *data)
{
	struct http_call *c = data;
	const char *value;
	size_t len;

	(void)one;
	if (header_is(line, n, "Retry-After", &value, &len)) {
		c->retry_after_s = retry_after(value, len);
	} else if (header_is(line, n, "Location", &value, &len) && len < HEADER_MAX) {
		memcpy(c->location, value, len);
		c->location[len] = '\0';
	} else if (header_is(line, n, "Set-Cookie", &value, &len) && len > 7 && !strncmp(value, "AWSALB=", 7)) {
		const char *end = memchr(value, ';', len);
		size_t m = (end ? (size_t)(end - value) : len) - 7;

		if (m < HEADER_MAX) {
			memcpy(c->awsalb, value + 7, m);
			c->awsalb[m] = '\0';
		}
	}
	return n;
}

/* ---- asking ---- */

static struct lane *lane_for(struct http *h)
{
	struct lane *lane;

	for (lane = h->lanes; lane; lane = lane->next)
		if (lane->calls < LANE_CALLS)
			return lane;
	lane = calloc(1, sizeof(*lane));
	if (!lane || !(lane->multi = curl_multi_init()))
		abort();
	lane->http = h;
	lane->timer = timer_new(h->loop, on_timer, lane);
	curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, on_want);
	curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
	curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
	curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, (long)LANE_CALLS);
	lane->next = h->lanes;
	h->lanes = lane;
	return lane;
}

static void set_request(struct http_call *c, const struct http_request *req)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_URL, req->url);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)strlen(c->body));
	for (size_t i = 0; req->headers && req->headers[i]; i++)
		c->headers = curl_slist_append(c->headers, req->headers[i]);
	c->headers = curl_slist_append(c->headers, "Expect:");  /* no 100-continue */
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	if (req->cookie)
		curl_easy_setopt(e, CURLOPT_COOKIE, req->cookie);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
}

static void set_usual(struct http_call *c)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->why);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	if (c->http->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, c->http->ca_file);
}

struct http_call *http_post(struct http *h, const struct http_request *req, http_cb *cb, void *data)
{
	struct http_call *c = calloc(1, sizeof(*c));

	if (!c || !(c->body = strdup(req->body)))
		abort();
	c->http = h;
	c->cb = cb;
	c->data = data;
	c->retry_after_s = -1;
	c->easy = h->nidle ? h->idle[--h->nidle] : curl_easy_init();
	if (!c->easy)
		abort();
	c->lane = lane_for(h);
	c->lane->calls++;
	c->next = h->calls;
	if (c->next)
		c->next->prev = c;
	h->calls = c;
	set_usual(c);
	set_request(c, req);
	curl_multi_add_handle(c->lane->multi, c->easy);
	return c;
}

void http_cancel(struct http_call *c)
{
	call_free(c);
}

struct http *http_new(struct loop *loop, const char *ca_file)
{
	static bool ready;
	struct http *h = calloc(1, sizeof(*h));

	if (!h || (ca_file && !(h->ca_file = strdup(ca_file))))
		abort();
	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT))
		abort();
	ready = true;
	h->loop = loop;
	return h;
}

static void fail_all(struct http *h)
{
	struct err err;

	err_set(&err, ERR_RETRY, "ge_unreachable", "shut down");
	while (h->calls) {
		struct http_call *c = h->calls;

		c->cb(NULL, &err, c->data);
		call_free(c);
	}
}

void http_free(struct http *h)
{
	struct lane *lane, *next;

	if (!h)
		return;
	fail_all(h);
	for (size_t i = 0; i < h->nidle; i++)
		curl_easy_cleanup(h->idle[i]);
	free(h->idle);
	free(h->ca_file);
	for (lane = h->lanes; lane; lane = next) {
		next = lane->next;
		curl_multi_cleanup(lane->multi);
		lane->multi = NULL;
		timer_free(lane->timer);
		while (lane->check_due)
			loop_run_once(h->loop); /* its deferred look still names the lane */
		free(lane);
	}
	free(h);
}
