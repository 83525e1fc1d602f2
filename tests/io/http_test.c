/* http_test.c - requests to a server that says, byte for byte, what a test
 * wants it to: whole answers, halves, nonsense, nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "http.h"
#include "open_files.h"
#include "tests/support/servers.h"

enum after { KEEP, CLOSE, RESET, HANG };

/* The server runs in a thread of its own: what it does, each connection gets. */
static struct {
	uv_thread_t thread;
	int fd, port;
	const char *bytes;
	size_t len;
	enum after after;
	int last;                       /* the request that gets no answer but `after`; 0: none */
	char request[8192];             /* the last one, where one connection asks */
	volatile int connections, requests, stop;
} server;

static struct loop *loop;
static struct http *http;

/* Reads a request with its body. Returns which it is; 0 at the end of the connection. */
static int read_request(int fd)
{
	char request[sizeof(server.request)], *body;
	size_t len = 0, want = 0;
	ssize_t n;

	do {
		n = recv(fd, request + len, sizeof(request) - 1 - len, 0);
		if (n <= 0)
			return 0;
		len += (size_t)n;
		request[len] = '\0';
		body = strstr(request, "\r\n\r\n");
		if (body) {
			const char *length = strcasestr(request, "content-length:");

			want = (size_t)(body + 4 - request) +
			       (length ? strtoul(length + 15, NULL, 10) : 0);
		}
	} while (!body || len < want);
	memcpy(server.request, request, len + 1);
	return __atomic_add_fetch(&server.requests, 1, __ATOMIC_SEQ_CST);
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static void serve_one(int fd)
{
	const struct linger now = { .l_onoff = 1 };
	char rest;
	int which;

	while ((which = read_request(fd))) {
		if (which != server.last)
			send_all(fd, server.bytes, server.len);
		if (server.after == KEEP || which < server.last)
			continue;
		if (server.after == HANG)
			while (!server.stop && recv(fd, &rest, 1, 0) > 0)
				;
		if (server.after == RESET)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		break;
	}
	close(fd);
}

static void on_connection(void *arg)
{
	serve_one((int)(intptr_t)arg);
}

#define THREADS_MAX 1024

static void serve(void *data)
{
	static uv_thread_t threads[THREADS_MAX];
	int n = 0;

	(void)data;
	while (!server.stop && n < THREADS_MAX) {
		int fd = accept(server.fd, NULL, NULL);

		if (fd < 0)
			break;
		server.connections++;
		if (uv_thread_create(&threads[n], on_connection, (void *)(intptr_t)fd))
			close(fd);
		else
			n++;
	}
	while (n)
		uv_thread_join(&threads[--n]);
}

static void server_start(const char *bytes, size_t len, enum after after)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(addr);

	memset(&server, 0, sizeof(server));
	server.bytes = bytes;
	server.len = len;
	server.after = after;
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&addr, size), 0);
	assert_int_equal(listen(server.fd, 1024), 0);
	getsockname(server.fd, (struct sockaddr *)&addr, &size);
	server.port = ntohs(addr.sin_port);
	assert_int_equal(uv_thread_create(&server.thread, serve, NULL), 0);
}

static void server_stop(void)
{
	server.stop = 1;
	shutdown(server.fd, SHUT_RDWR);
	uv_thread_join(&server.thread);
	close(server.fd);
}

/* What a callback got, copied. */
struct got {
	int calls;
	bool failed;
	struct err err;
	int status;
	size_t len;
	char body[256], content_type[64], location[64], awsalb[64];
	int64_t retry_after_s;
};

static void on_reply(const struct http_reply *reply, const struct err *err, void *data)
{
	struct got *g = data;

	g->calls++;
	g->failed = err;
	assert_true(!reply != !err);
	if (err) {
		g->err = *err;
		return;
	}
	g->status = reply->status;
	g->len = reply->len;
	assert_int_equal(reply->body[reply->len], '\0');
	snprintf(g->body, sizeof(g->body), "%s", reply->body);
	snprintf(g->content_type, sizeof(g->content_type), "%s", reply->content_type);
	snprintf(g->location, sizeof(g->location), "%s", reply->location);
	snprintf(g->awsalb, sizeof(g->awsalb), "%s", reply->set_awsalb);
	g->retry_after_s = reply->retry_after_s;
}

static const char *const headers[] = { "X-Requested-With: XMLHttpRequest", "Accept: */*", NULL };

static struct http_call *post(struct got *g, const char *url, int64_t timeout_ms)
{
	const struct http_request req = {
		.url = url, .body = "scripNumber=0310837893&iecNumber=1",
		.cookie = "JSESSIONID=abc; AWSALB=x", .headers = headers, .timeout_ms = timeout_ms,
	};

	*g = (struct got){ 0 };
	return http_post(http, &req, on_reply, g);
}

static const char *url(void)
{
	return test_format("http://127.0.0.1:%d/ge?a=b&_csrf=hunter2", server.port);
}

/* One request to a server that answers so. */
static struct got ask(const char *bytes, size_t len, enum after after)
{
	struct got g;

	server_start(bytes, len, after);
	post(&g, url(), 60000);
	assert_int_equal(g.calls, 0);
	loop_until(loop, g.calls);
	http_free(http);
	loop_free(loop);
	server_stop();
	loop = loop_new();
	http = http_new(loop, NULL);
	assert_int_equal(g.calls, 1);
	return g;
}

#define ASK(text, after) ask(text, sizeof(text) - 1, after)

static void assert_failed(struct got g, const char *code, const char *part)
{
	assert_true(g.failed);
	if (strcmp(g.err.code, code) || !strstr(g.err.msg, part) || strstr(g.err.msg, "hunter2"))
		fail_msg("expected %s '%s', got %s '%s'", code, part, g.err.code, g.err.msg);
	assert_int_equal(g.err.kind, ERR_RETRY);
}

static int begin(void **state)
{
	(void)state;
	loop = loop_new();
	http = http_new(loop, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	http_free(http);
	loop_free(loop);
	return 0;
}

/* --- answers ----------------------------------------------------------------------- */

static void an_answer_comes_with_what_matters_of_its_headers(void **state)
{
	struct got g = ASK("HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=UTF-8 \r\n"
		"Set-Cookie: AWSALBCORS=no; Path=/\r\nSet-Cookie: AWSALB=new+value==; Expires=x; Path=/\r\n"
		"Content-Length: 2\r\n\r\n{}", KEEP);

	(void)state;
	assert_false(g.failed);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body, "{}");
	assert_string_equal(g.content_type, "application/json;charset=UTF-8");
	assert_string_equal(g.awsalb, "new+value==");
	assert_string_equal(g.location, "");
	assert_int_equal(g.retry_after_s, -1);
}

static void a_request_carries_its_form_cookie_and_headers(void **state)
{
	(void)state;
	ASK("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", KEEP);
	assert_non_null(strstr(server.request, "POST /ge?a=b&_csrf=hunter2 HTTP/1.1\r\n"));
	assert_non_null(strstr(server.request, "\r\nCookie: JSESSIONID=abc; AWSALB=x\r\n"));
	assert_non_null(strstr(server.request, "\r\nX-Requested-With: XMLHttpRequest\r\n"));
	assert_non_null(strstr(server.request, "\r\nUser-Agent: gesync/"));
	assert_non_null(strstr(server.request, "gzip"));
	assert_null(strstr(server.request, "Expect"));
	assert_non_null(strstr(server.request, "\r\n\r\nscripNumber=0310837893&iecNumber=1"));
}

static void a_redirect_is_told_and_not_followed(void **state)
{
	struct got g = ASK("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", KEEP);

	(void)state;
	assert_int_equal(g.status, 302);
	assert_string_equal(g.location, "/login");
	assert_string_equal(g.body, "");
	assert_int_equal(server.requests, 1);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	time_t soon = time(NULL) + 100;
	char date[64], text[256];
	struct got g;

	(void)state;
	g = ASK("HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n", KEEP);
	assert_int_equal(g.status, 429);
	assert_int_equal(g.retry_after_s, 17);
	g = ASK("HTTP/1.1 503 No\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n", KEEP);
	assert_int_equal(g.retry_after_s, 3600);
	g = ASK("HTTP/1.1 503 No\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n", KEEP);
	assert_int_equal(g.retry_after_s, 0);
	g = ASK("HTTP/1.1 503 No\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", KEEP);
	assert_int_equal(g.retry_after_s, -1);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&soon));
	snprintf(text, sizeof(text), "HTTP/1.1 503 No\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
	g = ask(text, strlen(text), KEEP);
	assert_in_range(g.retry_after_s, 60, 100);
}

/* An answer of HTTP with a body of so many 'a', gzip'ed. */
static char *gzipped(size_t body, size_t *len)
{
	char *path = test_path("body.gz"), *out = malloc(1u << 20);
	size_t head, size;
	FILE *f;

	proc_run((const char *const[]){ "sh", "-c", "head -c $0 /dev/zero | tr '\\0' a | gzip > $1",
		 test_format("%zu", body), path, NULL }, NULL, NULL);
	f = fopen(path, "r");
	assert_non_null(f);
	size = fread(out + 1024, 1, (1u << 20) - 1024, f);
	fclose(f);
	head = (size_t)sprintf(out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", size);
	memmove(out + head, out + 1024, size);
	*len = head + size;
	return out;
}

static void a_compressed_body_is_unpacked_within_its_bound(void **state)
{
	size_t len;
	char *bytes = gzipped(HTTP_BODY_MAX, &len);
	struct got g = ask(bytes, len, KEEP);

	(void)state;
	assert_false(g.failed);
	assert_int_equal(g.len, HTTP_BODY_MAX);
	free(bytes);
	bytes = gzipped(HTTP_BODY_MAX + 1, &len);
	assert_true(len < 100000);
	assert_failed(ask(bytes, len, KEEP), "ge_bad_response", "4 MiB");
	free(bytes);
}

static void what_cannot_be_decoded_is_a_bad_response(void **state)
{
	size_t len;
	char *bytes = gzipped(100000, &len);

	(void)state;
	assert_failed(ASK("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!", KEEP),
		      "ge_bad_response", "");
	memset(bytes + len - 30, 'x', 20);
	assert_failed(ask(bytes, len, KEEP), "ge_bad_response", "");
	free(bytes);
	assert_failed(ASK("HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\n{}", KEEP),
		      "ge_bad_response", "");
}

static void what_is_cut_short_is_a_bad_response(void **state)
{
	(void)state;
	assert_failed(ASK("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", CLOSE), "ge_bad_response", "");
	assert_failed(ASK("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"a\":", CLOSE),
		      "ge_bad_response", "");
	assert_failed(ASK("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", CLOSE),
		      "ge_bad_response", "");
}

static void what_is_not_http_is_a_bad_response(void **state)
{
	size_t len = (1u << 20) + 20;
	char *many = malloc(len + 1);

	(void)state;
	assert_failed(ASK("SSH-2.0-OpenSSH_9.2\r\n", CLOSE), "ge_bad_response", "");
	assert_failed(ASK("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", KEEP),
		      "ge_bad_response", "");
	strcpy(many, "HTTP/1.1 200 OK\r\n");
	while (strlen(many) < (1u << 20))
		strcpy(many + strlen(many), "X-Header: 123456789012345678901234567890123456789012345678901234567890"
		       "12345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n"),
		len = strlen(many), many = realloc(many, len + 400);
	assert_failed(ask(many, strlen(many), CLOSE), "ge_bad_response", "headers");
	free(many);
}

static void a_body_past_its_bound_is_a_bad_response(void **state)
{
	size_t len = HTTP_BODY_MAX + 200;
	char *bytes = malloc(len);

	(void)state;
	assert_failed(ASK("HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\nx", HANG), "ge_bad_response", "");
	memset(bytes, 'x', len);        /* without a length, as long as it lasts */
	memcpy(bytes, "HTTP/1.1 200 OK\r\n\r\n", 19);
	assert_failed(ask(bytes, len, CLOSE), "ge_bad_response", "4 MiB");
	free(bytes);
}

/* --- no answer ----------------------------------------------------------------------- */

static void a_reset_or_empty_answer_is_unreachable(void **state)
{
	(void)state;
	assert_failed(ASK("", RESET), "ge_unreachable", "");
	assert_failed(ASK("", CLOSE), "ge_unreachable", "");
}

static void nobody_there_is_unreachable(void **state)
{
	struct got g;

	(void)state;
	post(&g, test_format("http://127.0.0.1:%d/?_csrf=hunter2", test_free_port()), 20000);
	loop_until(loop, g.calls);
	assert_failed(g, "ge_unreachable", "");
	post(&g, "http://no-such-host.invalid/?_csrf=hunter2", 20000);
	loop_until(loop, g.calls);
	assert_failed(g, "ge_unreachable", "no-such-host.invalid");
	post(&g, "file:///etc/passwd?_csrf=hunter2", 20000);
	loop_until(loop, g.calls);
	assert_true(g.failed);
	post(&g, "http://", 20000);
	loop_until(loop, g.calls);
	assert_true(g.failed);
}

static void silence_is_a_timeout(void **state)
{
	struct got g, h;
	int64_t start = test_now_ms();

	(void)state;
	server_start("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", 40, HANG);
	post(&g, url(), 150);
	loop_until(loop, g.calls);
	assert_failed(g, "ge_timeout", "150 ms");
	server.len = 0;
	post(&h, url(), 150);
	loop_until(loop, h.calls);
	assert_failed(h, "ge_timeout", "150 ms");
	assert_true(test_now_ms() - start < WAIT_MS);
	end(NULL);
	server_stop();
	begin(NULL);
}

static void a_pasted_line_end_never_becomes_a_header(void **state)
{
	const struct http_request req = { .url = "http://127.0.0.1:1/", .body = "",
		.cookie = "JSESSIONID=a\r\nX-Evil: 1", .timeout_ms = 1000 };
	struct got g = { 0 };

	(void)state;
	http_post(http, &req, on_reply, &g);
	assert_int_equal(g.calls, 0);
	loop_until(loop, g.calls);
	assert_failed(g, "ge_unreachable", "control character");
}

/* --- TLS -------------------------------------------------------------------------------- */

static void certificates_are_verified(void **state)
{
	char *key = test_path("key.pem"), *cert = test_path("cert.pem"), *port = test_format("%d", test_free_port());
	struct proc *tls;
	struct got g;
	char *to = test_format("https://localhost:%s/?_csrf=hunter2", port);

	(void)state;
	proc_run((const char *const[]){ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
		"subjectAltName=DNS:localhost", "-keyout", key, "-out", cert, "-days", "2", NULL }, NULL, NULL);
	tls = proc_start((const char *const[]){ "openssl", "s_server", "-www", "-accept", port,
		"-key", key, "-cert", cert, NULL }, NULL);
	proc_wait_text(tls, "ACCEPT");
	post(&g, to, 60000);
	loop_until(loop, g.calls);
	assert_failed(g, "ge_unreachable", "GESYNC_GE_CA_FILE");
	end(NULL);
	loop = loop_new();
	http = http_new(loop, cert);
	post(&g, to, 5000);
	loop_until(loop, g.calls);
	if (g.failed)           /* s_server knows no POST: any answer will do, or none */
		assert_null(strstr(g.err.msg, "certificate"));
	end(NULL);
	loop = loop_new();
	http = http_new(loop, "/no/such/file.pem");
	post(&g, to, 60000);
	loop_until(loop, g.calls);
	assert_failed(g, "ge_unreachable", "GESYNC_GE_CA_FILE cannot be used");
	proc_signal(tls, SIGKILL);
}

/* --- many, cancelled, freed --------------------------------------------------------------- */

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

static void a_connection_is_used_again(void **state)
{
	struct got g;

	(void)state;
	server_start(ok, sizeof(ok) - 1, KEEP);
	for (int i = 0; i < 20; i++) {
		post(&g, url(), 60000);
		loop_until(loop, g.calls);
		assert_int_equal(g.status, 200);
	}
	assert_int_equal(server.connections, 1);
	assert_int_equal(server.requests, 20);
	end(NULL);
	server_stop();
	begin(NULL);
}

/* The server breaks a connection that was used before: the request was sent, so it counts. */
static void a_request_is_sent_once(void **state)
{
	static const enum after ways[] = { CLOSE, RESET };
	struct got g;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		server_start(ok, sizeof(ok) - 1, ways[i]);
		server.last = 2;
		post(&g, url(), 60000);
		loop_until(loop, g.calls);
		assert_int_equal(g.status, 200);
		post(&g, url(), 60000);
		loop_until(loop, g.calls);
		assert_failed(g, "ge_unreachable", "");
		assert_int_equal(server.requests, 2);
		server.after = KEEP;
		post(&g, url(), 60000);
		loop_until(loop, g.calls);
		assert_int_equal(g.status, 200);        /* and the next one is none the worse */
		assert_int_equal(server.requests, 3);
		end(NULL);
		server_stop();
		begin(NULL);
	}
}

static void hundreds_are_in_flight_at_once(void **state)
{
	enum { N = 600 };
	struct got *got = calloc(N, sizeof(*got));
	int done = 0;

	(void)state;
	assert_true(open_files_raise() > 2 * N + 100);
	server_start(ok, sizeof(ok) - 1, KEEP);
	for (int i = 0; i < N; i++)
		post(&got[i], url(), 30000);
	while (done < N) {
		loop_run_once(loop);
		for (done = 0; done < N && got[done].calls; done++)
			;
	}
	for (int i = 0; i < N; i++)
		if (got[i].failed || got[i].status != 200)
			fail_msg("%s %s", got[i].err.code, got[i].err.msg);
	free(got);
	end(NULL);
	server_stop();
	begin(NULL);
}

static void a_cancelled_request_says_nothing(void **state)
{
	struct got a, b, c;
	struct http_call *call;
	struct timer *tick;
	const struct http_request evil = { .url = "http://127.0.0.1:1/", .body = "", .cookie = "\n",
					   .timeout_ms = 1000 };

	(void)state;
	server_start(ok, sizeof(ok) - 1, HANG);
	http_cancel(post(&a, url(), 10000));
	call = post(&b, url(), 10000);
	tick = test_tick(loop);
	for (int i = 0; i < 5; i++)
		loop_run_once(loop);
	if (!b.calls)
		http_cancel(call);
	timer_free(tick);
	c = (struct got){ 0 };
	http_cancel(http_post(http, &evil, on_reply, &c));      /* has failed already */
	loop_run_once(loop);
	assert_int_equal(a.calls + c.calls, 0);
	end(NULL);
	server_stop();
	begin(NULL);
}

static void what_is_pending_when_it_is_freed_fails(void **state)
{
	struct got a, b;

	(void)state;
	server_start("", 0, HANG);
	post(&a, url(), 10000);
	post(&b, url(), 10000);
	loop_until(loop, server.requests);
	http_free(http);
	assert_failed(a, "ge_unreachable", "stopping");
	assert_failed(b, "ge_unreachable", "stopping");
	loop_free(loop);
	server_stop();
	begin(NULL);
}

static struct got second;

static void on_reply_post_and_free(const struct http_reply *reply, const struct err *err, void *data)
{
	struct got *g = data;

	assert_null(err);
	assert_int_equal(reply->status, 200);
	post(&second, url(), 10000);
	http_free(http);
	g->calls++;
}

static void it_may_be_freed_from_a_callback(void **state)
{
	struct http_request req = { .body = "", .timeout_ms = 10000 };
	struct got g = { 0 };

	(void)state;
	server_start(ok, sizeof(ok) - 1, KEEP);
	req.url = url();
	http_post(http, &req, on_reply_post_and_free, &g);
	loop_until(loop, g.calls);
	assert_failed(second, "ge_unreachable", "stopping");
	loop_free(loop);
	server_stop();
	begin(NULL);
}

#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP_TEST(an_answer_comes_with_what_matters_of_its_headers),
		HTTP_TEST(a_request_carries_its_form_cookie_and_headers),
		HTTP_TEST(a_redirect_is_told_and_not_followed),
		HTTP_TEST(retry_after_is_seconds_or_a_date),
		HTTP_TEST(a_compressed_body_is_unpacked_within_its_bound),
		HTTP_TEST(what_cannot_be_decoded_is_a_bad_response),
		HTTP_TEST(what_is_cut_short_is_a_bad_response),
		HTTP_TEST(what_is_not_http_is_a_bad_response),
		HTTP_TEST(a_body_past_its_bound_is_a_bad_response),
		HTTP_TEST(a_reset_or_empty_answer_is_unreachable),
		HTTP_TEST(nobody_there_is_unreachable),
		HTTP_TEST(silence_is_a_timeout),
		HTTP_TEST(a_pasted_line_end_never_becomes_a_header),
		HTTP_TEST(certificates_are_verified),
		HTTP_TEST(a_connection_is_used_again),
		HTTP_TEST(a_request_is_sent_once),
		HTTP_TEST(hundreds_are_in_flight_at_once),
		HTTP_TEST(a_cancelled_request_says_nothing),
		HTTP_TEST(what_is_pending_when_it_is_freed_fails),
		HTTP_TEST(it_may_be_freed_from_a_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
