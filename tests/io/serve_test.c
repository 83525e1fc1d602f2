/* serve_test.c - asked by real clients: curl, and sockets that misbehave. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve.h"
#include "tests/support/servers.h"

static struct loop *loop;
static struct serve *serve;

static int on_get(const char *path, char **body, const char **type, void *data)
{
	int *calls = data;

	++*calls;
	if (!strcmp(path, "/healthz"))
		return 200;
	if (strcmp(path, "/metrics")) {
		*body = strdup("no such page\n");
		return 404;
	}
	*body = malloc(1000001);
	memset(*body, 'm', 1000000);
	(*body)[1000000] = '\0';
	*type = "text/plain; version=0.0.4";
	return 200;
}

static int calls;

static int begin(void **state)
{
	struct err err;

	(void)state;
	calls = 0;
	loop = loop_new();
	serve = serve_new(loop, "127.0.0.1:0", on_get, &calls, &err);
	assert_non_null(serve);
	assert_in_range(serve_port(serve), 1, 65535);
	return 0;
}

static int end(void **state)
{
	(void)state;
	serve_free(serve);
	loop_free(loop);
	return 0;
}

/* curl with these words and a URL; its output. */
static char *curl(const char *path, const char *one, const char *two)
{
	const char *argv[8] = { "curl", "-sS", "-m", "20",
		test_format("http://127.0.0.1:%d%s", serve_port(serve), path), one, one ? two : NULL, NULL };
	struct proc *p = proc_start(argv, NULL);

	loop_until(loop, proc_ended(p));
	if (p->status)
		fail_msg("curl: %d %s", p->status, proc_err(p));
	return proc_out(p);
}

static void a_page_is_served_whole(void **state)
{
	char *out = curl("/metrics", "-i", NULL);

	(void)state;
	assert_non_null(strstr(out, "HTTP/1.1 200"));
	assert_non_null(strstr(out, "Content-Type: text/plain; version=0.0.4\r\n"));
	assert_int_equal(strlen(strstr(out, "\r\n\r\n") + 4), 1000000);
}

static void an_unknown_page_is_the_callees_404(void **state)
{
	char *out = curl("/nothing?x=1", "-i", NULL);

	(void)state;
	assert_non_null(strstr(out, "HTTP/1.1 404"));
	assert_non_null(strstr(out, "no such page"));
}

static void an_empty_page_and_head_work(void **state)
{
	char *out = curl("/healthz", "-i", NULL);

	(void)state;
	assert_non_null(strstr(out, "Content-Length: 0"));
	out = curl("/metrics", "-I", NULL);
	assert_non_null(strstr(out, "Content-Length: 1000000"));
	assert_int_equal(calls, 2);
}

static void only_get_is_allowed(void **state)
{
	char *out = curl("/metrics", "-i", "-dx=1");

	(void)state;
	assert_non_null(strstr(out, "HTTP/1.1 405"));
	assert_non_null(strstr(out, "Allow: GET, HEAD"));
	assert_int_equal(calls, 0);
}

static int dial(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)serve_port(serve)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void silent_and_long_winded_clients_do_no_harm(void **state)
{
	int fds[20], talker = dial();
	char junk[4096], answer[16];
	ssize_t n;

	(void)state;
	for (int i = 0; i < 20; i++)
		fds[i] = dial();
	memset(junk, 'x', sizeof(junk));
	send(talker, "GET /", 5, MSG_NOSIGNAL);
	for (int i = 0; i < 16; i++) {          /* 64 KiB of a request line */
		struct timer *tick = test_tick(loop);

		send(talker, junk, sizeof(junk), MSG_NOSIGNAL | MSG_DONTWAIT);
		loop_run_once(loop);
		timer_free(tick);
	}
	loop_until(loop, (n = recv(talker, answer, sizeof(answer), MSG_DONTWAIT)) >= 0 || n == -1);
	assert_non_null(strstr(curl("/nothing", NULL, NULL), "no such page"));
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	close(talker);
}

static void a_silent_client_is_sent_away(void **state)
{
	int fd = dial();
	char byte;

	(void)state;
	loop_until(loop, recv(fd, &byte, 1, MSG_DONTWAIT) == 0);
	close(fd);
}

static void addresses_are_understood_or_refused(void **state)
{
	const char *const bad[] = { "9090", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "[::1:80", "::1:80",
				    "127.0.0.1:", "", "no such host:80", "192.0.2.1:0" };
	const char *const good[] = { ":0", "localhost:0", "0.0.0.0:0", "[::1]:0" };
	struct serve *s;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_null(serve_new(loop, bad[i], on_get, &calls, &err));
		assert_true(strlen(err.msg) > 10);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		s = serve_new(loop, good[i], on_get, &calls, &err);
		if (!s && good[i][0] == '[')
			continue;               /* a machine without IPv6 */
		assert_non_null(s);
		serve_free(s);
	}
	assert_null(serve_new(loop, test_format("127.0.0.1:%d", serve_port(serve)), on_get, &calls, &err));
	assert_non_null(strstr(err.msg, "in use"));
}

#define SERVE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVE_TEST(a_page_is_served_whole),
		SERVE_TEST(an_unknown_page_is_the_callees_404),
		SERVE_TEST(an_empty_page_and_head_work),
		SERVE_TEST(only_get_is_allowed),
		SERVE_TEST(silent_and_long_winded_clients_do_no_harm),
		SERVE_TEST(a_silent_client_is_sent_away),
		SERVE_TEST(addresses_are_understood_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
