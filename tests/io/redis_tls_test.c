/* redis_tls_test.c - rediss://: a real server with a certificate of a private
 * authority; and those servers that one must not talk to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "io/redis_impl.h"
#include "tests/support/servers.h"

static struct loop *loop;
static char *certificates;

struct tls_server {
	struct test_redis *redis;
	int port;
	char *url;              /* rediss://127.0.0.1:port/0 */
};

static struct tls_server start(const char *name)
{
	static const char *args[5][16];         /* which must outlive the server */
	static int number;
	const char **a = args[number++];
	int port = test_free_port();
	const char *const words[] = {
		"--tls-port", test_format("%d", port), "--tls-auth-clients", "no",
		"--tls-ca-cert-file", test_format("%s/ca.crt", certificates),
		"--tls-cert-file", test_format("%s/%s.crt", certificates, name),
		"--tls-key-file", test_format("%s/%s.key", certificates, name), NULL
	};

	memcpy(a, words, sizeof(words));
	return (struct tls_server){ test_redis_start(a), port, test_format("rediss://127.0.0.1:%d/0", port) };
}

static void trust(const char *name)
{
	setenv("SSL_CERT_FILE", test_format("%s/%s.crt", certificates, name), 1);
}

static void check_echo(struct redis *r, const char *text)
{
	struct err err;
	struct redis_value *v = redis_ask(r, &err, "ECHO", text, NULL);

	assert_non_null(v);
	assert_string_equal(redis_text(v), text);
	redis_value_free(v);
}

/* It does not come up, and says why. A name may have an address at which nobody
 * listens (::1 for localhost): the next try is for another. */
static void check_refused(const char *url, const char *says)
{
	struct err err;
	struct redis *r = redis_new(loop, url, NULL, NULL, NULL, &err);

	assert_non_null(r);
	redis_set_quiet(r);
	loop_until(loop, *redis_why(r) && strcmp(redis_why(r), "connection refused") != 0);
	if (!strstr(redis_why(r), says))
		fail_msg("%s: %s, and not: %s", url, redis_why(r), says);
	assert_false(redis_up(r));
	redis_free(r);
}

static void a_server_of_a_known_authority_is_talked_to(void **state)
{
	struct tls_server s = start("good");
	char *by_name = test_format("rediss://localhost:%d/3", s.port);
	size_t size = 8 * 1024 * 1024;
	const char *set[] = { "SET", "big", malloc(size) };
	const size_t lens[] = { 3, 3, size };
	struct redis_value *v;
	struct redis *r;
	struct err err;

	(void)state;
	trust("ca");
	r = redis_new(loop, by_name, NULL, NULL, NULL, &err);
	check_echo(r, "hello");
	redis_free(r);

	r = redis_new(loop, s.url, NULL, NULL, NULL, &err);
	assert_non_null(set[2]);
	for (size_t i = 0; i < size; i++)
		((char *)set[2])[i] = (char)(i * 31 >> 3);
	v = redis_ask_argv(r, 3, set, lens, &err);
	assert_string_equal(redis_text(v), "OK");
	redis_value_free(v);
	v = redis_ask(r, &err, "GET", "big", NULL);
	assert_int_equal(redis_len(v), size);
	assert_memory_equal(redis_text(v), set[2], size);
	redis_value_free(v);
	free((char *)set[2]);

	/* Killed, and there again. */
	redis_set_quiet(r);
	test_redis_kill(s.redis);
	loop_until(loop, !redis_up(r));
	test_redis_again(s.redis);
	loop_until(loop, redis_up(r));
	check_echo(r, "again");
	redis_free(r);
	test_redis_stop(s.redis);
}

static void a_server_that_cannot_be_verified_is_refused(void **state)
{
	struct tls_server good = start("good"), other = start("other"), old = start("old");

	(void)state;
	trust("ca");
	check_refused(other.url, "refused: IP address mismatch");
	check_refused(test_format("rediss://localhost:%d", other.port), "refused: hostname mismatch");
	check_refused(old.url, "refused: certificate has expired");
	trust("stranger");
	check_refused(good.url, "refused: self-signed certificate in certificate chain");
	trust("nobody");        /* no such file: nobody is trusted */
	check_refused(good.url, "refused: self-signed certificate in certificate chain");
	trust("ca");
	check_refused(test_format("rediss://127.0.0.1:%d", good.redis->port), "is this its tls-port?");
	test_redis_cli(good.redis, "CONFIG", "SET", "tls-auth-clients", "yes", NULL);
	check_refused(good.url, "tls-auth-clients");
}

/* Of a handshake that the server leaves open, in every turn of the loop. */
static void it_may_be_freed_while_hands_are_shaken(void **state)
{
	struct tls_server s = start("good");
	struct err err;

	(void)state;
	trust("ca");
	for (int turns = 0; turns < 10; turns++) {
		struct timer *tick = test_tick(loop);
		struct redis *r = redis_new(loop, s.url, NULL, NULL, NULL, &err);

		for (int i = 0; i < turns; i++)
			loop_run_once(loop);
		timer_free(tick);
		redis_free(r);
	}
}

static int set_up(void **state)
{
	const char *argv[] = { "tests/support/certificates", test_path("certificates"), NULL };
	int status;

	(void)state;
	certificates = test_path("certificates");
	proc_run((const char *const[]){ "mkdir", certificates, NULL }, NULL, NULL);
	proc_run(argv, NULL, &status);
	loop = loop_new();
	return status;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_of_a_known_authority_is_talked_to),
		cmocka_unit_test(a_server_that_cannot_be_verified_is_refused),
		cmocka_unit_test(it_may_be_freed_while_hands_are_shaken),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
