/* redis_test.c - one connection, kept up, against a real server that is killed,
 * stopped and started again. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "redis.h"
#include "tests/support/servers.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct test_redis *server;       /* for the tests that leave it alive */
static struct loop *loop;

/* What became of one request. */
struct got {
	int calls;
	bool failed;
	enum err_kind kind;
	char code[32], msg[256], text[64];
	int64_t number;
	size_t len;
	int *order, place;              /* place: when it was answered, from 1 */
};

static void on_got(const struct redis_value *v, const struct err *err, void *data)
{
	struct got *g = data;

	assert_true(!v != !err);
	g->calls++;
	if (g->order)
		g->place = ++*g->order;
	if (err) {
		g->failed = true;
		g->kind = err->kind;
		strcpy(g->code, err->code);
		strcpy(g->msg, err->msg);
		return;
	}
	snprintf(g->text, sizeof(g->text), "%s", redis_text(v));
	g->number = redis_int(v);
	g->len = redis_len(v);
}

struct states { int ups, downs; };

static void on_state(bool up, void *data)
{
	struct states *s = data;

	*(up ? &s->ups : &s->downs) += 1;
}

static struct redis *connect_to(const char *url)
{
	struct err err;
	struct redis *r = redis_new(loop, url, NULL, NULL, NULL, &err);

	assert_non_null(r);
	loop_until(loop, redis_up(r));
	return r;
}

static void check_unavailable(const struct got *g)
{
	assert_int_equal(g->calls, 1);
	assert_true(g->failed);
	assert_string_equal(g->code, "redis_unavailable");
	assert_int_equal(g->kind, ERR_HOLD);
}

/* ---- the log, which goes to stderr ---- */

static int real_stderr = -1;
static char *log_path;

static void log_begin(void)
{
	static int number;
	int fd;

	log_path = test_path("log%d", number++);
	fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	real_stderr = dup(STDERR_FILENO);
	assert_true(fd >= 0 && real_stderr >= 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static char *log_end(void)
{
	if (real_stderr < 0)
		return NULL;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	real_stderr = -1;
	return test_read(log_path);
}

static int count_of(const char *text, const char *word)
{
	int n = 0;

	while ((text = strstr(text, word)))
		n++, text++;
	return n;
}

static int logged(const char *word)
{
	return count_of(test_read(log_path), word);
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_end();
	loop_free(loop);        /* aborts if anything was left on it */
	return 0;
}

/* ---- requests and replies ---- */

static void a_url_that_cannot_be_is_refused_at_once(void **state)
{
	struct err err;

	(void)state;
	assert_null(redis_new(loop, "redis://h:70000", NULL, NULL, NULL, &err));
	assert_string_equal(err.code, "bad_url");
}

static void a_request_before_it_is_up_fails_from_the_loop(void **state)
{
	struct got a = { 0 }, b = { 0 };
	struct err err;
	struct redis *r = redis_new(loop, server->url, NULL, NULL, NULL, &err);

	(void)state;
	redis_call(r, on_got, &a, "PING", NULL);
	redis_call(r, NULL, NULL, "PING", NULL);
	assert_int_equal(a.calls, 0);
	loop_until(loop, a.calls);
	check_unavailable(&a);
	loop_until(loop, redis_up(r));
	redis_call(r, on_got, &b, "PING", NULL);
	assert_int_equal(b.calls, 0);
	loop_until(loop, b.calls);
	assert_string_equal(b.text, "PONG");
	redis_free(r);
}

static void requests_are_answered_in_order_errors_among_them(void **state)
{
	enum { N = 3000 };
	struct got *g = calloc(N, sizeof(*g));
	struct redis *r = connect_to(server->unix_url);
	int order = 0;
	char text[16];

	(void)state;
	assert_non_null(g);
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "%d", i);
		g[i].order = &order;
		redis_call(r, on_got, &g[i], i % 7 ? "ECHO" : "NOSUCH", text, NULL);
	}
	loop_until(loop, order == N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(g[i].calls, 1);
		assert_int_equal(g[i].place, i + 1);
		assert_int_equal(g[i].failed, i % 7 == 0);
		assert_int_equal(g[i].number, i % 7 ? i : 0);
	}
	redis_free(r);
	free(g);
}

static void an_error_reply_is_told_and_the_connection_stays(void **state)
{
	static const char *const errors[] = {
		"ERR no luck", "WRONGTYPE no list", "STALE epoch", "ERR LOADING x", "LOADINGX y", "BUSYGROUP exists",
		"MOVED 1 h:1", "EXECABORT no",
	};
	struct states states = { 0 };
	struct err err;
	struct redis *r = redis_new(loop, server->url, NULL, on_state, &states, &err);

	(void)state;
	loop_until(loop, redis_up(r));
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct got g = { 0 };

		redis_call(r, on_got, &g, "EVAL", "return redis.error_reply(ARGV[1])", "0", errors[i], NULL);
		loop_until(loop, g.calls);
		assert_true(g.failed);
		assert_string_equal(g.code, "redis_error");
		assert_int_equal(g.kind, ERR_RETRY);
		assert_non_null(strstr(g.msg, errors[i]));
	}
	assert_true(redis_up(r));
	assert_int_equal(states.ups, 1);
	assert_int_equal(states.downs, 0);
	redis_free(r);
}

static void an_error_of_a_server_in_trouble_drops_the_connection(void **state)
{
	static const char *const errors[] = {
		"LOADING Redis is loading", "BUSY a script runs", "READONLY a replica", "MASTERDOWN x", "NOREPLICAS x",
		"CLUSTERDOWN x", "OOM command not allowed", "NOSCRIPT x", "UNBLOCKED x", "MISCONF x", "NOAUTH x",
	};
	struct states states = { 0 };
	struct err err;
	struct redis *r = redis_new(loop, server->url, NULL, on_state, &states, &err);

	(void)state;
	log_begin();
	for (int i = 0; i < (int)COUNT(errors); i++) {
		struct got before = { 0 }, bad = { 0 }, after = { 0 };

		loop_until(loop, redis_up(r));
		assert_int_equal(states.ups, i + 1);
		assert_int_equal(states.downs, i);
		redis_call(r, on_got, &before, "ECHO", "x", NULL);
		redis_call(r, on_got, &bad, "EVAL", "return redis.error_reply(ARGV[1])", "0", errors[i], NULL);
		redis_call(r, on_got, &after, "ECHO", "y", NULL);
		loop_until(loop, after.calls);
		assert_string_equal(before.text, "x");
		check_unavailable(&bad);
		assert_non_null(strstr(bad.msg, errors[i]));
		check_unavailable(&after);
		assert_false(redis_up(r));
	}
	redis_free(r);
}

static void arguments_are_bytes(void **state)
{
	static const char odd[] = "a\0b\r\n$3\r\n\xff\xfe*";
	const char *set[] = { "SET", odd, odd }, *get[] = { "GET", odd }, *none[] = { "ECHO", "" };
	const size_t lens[] = { 3, sizeof(odd) - 1, sizeof(odd) - 1 }, none_lens[] = { 4, 0 };
	struct redis *r = connect_to(server->url);
	struct redis_value *v;
	struct err err;

	(void)state;
	v = redis_ask_argv(r, 3, set, lens, &err);
	assert_string_equal(redis_text(v), "OK");
	redis_value_free(v);
	v = redis_ask_argv(r, 2, get, lens, &err);
	assert_int_equal(redis_len(v), sizeof(odd) - 1);
	assert_memory_equal(redis_text(v), odd, sizeof(odd));
	redis_value_free(v);
	v = redis_ask_argv(r, 2, none, none_lens, &err);
	assert_non_null(v);
	assert_false(redis_is_nil(v));
	assert_int_equal(redis_len(v), 0);
	redis_value_free(v);
	redis_free(r);
}

static void large_arguments_and_replies_pass(void **state)
{
	size_t size = 8 * 1024 * 1024;
	char *big = malloc(size);
	const char *set[] = { "SET", "big", big };
	const size_t lens[] = { 3, 3, size };
	struct redis *r = connect_to(server->url);
	struct got first = { 0 };
	struct redis_value *v;
	struct err err;

	(void)state;
	assert_non_null(big);
	for (size_t i = 0; i < size; i++)
		big[i] = (char)(i * 31 >> 3);
	redis_send(r, 3, set, lens, 0, on_got, &first);
	memset(big, 0, 3);              /* it was copied */
	v = redis_ask(r, &err, "GET", "big", NULL);
	assert_int_equal(first.calls, 1);
	assert_string_equal(first.text, "OK");
	assert_int_equal(redis_len(v), size);
	memcpy(big, redis_text(v), 3);
	assert_memory_equal(redis_text(v), big, size);
	redis_value_free(v);
	v = redis_ask(r, &err, "EVAL", "local t = {} for i = 1, 100000 do t[i] = i end return t", "0", NULL);
	assert_int_equal(redis_len(v), 100000);
	assert_int_equal(redis_int(redis_at(v, 99999)), 100000);
	redis_value_free(v);
	redis_free(r);
	free(big);
}

static void a_value_tells_what_it_is(void **state)
{
	struct redis *r = connect_to(server->url);
	struct redis_value *v;
	struct err err;

	(void)state;
	v = redis_ask(r, &err, "EVAL", "return {'a', '12', 'b', -7, 'c', {'x', {}}, 'd', false, 'e', '', 'a', 'second', "
		      "redis.status_reply('FINE'), 'odd one'}", "0", NULL);
	assert_int_equal(redis_len(v), 14);
	assert_string_equal(redis_text(v), "");
	assert_int_equal(redis_int(v), 0);
	assert_int_equal(redis_int(redis_get(v, "a")), 12);
	assert_int_equal(redis_int(redis_get(v, "b")), -7);
	assert_int_equal(redis_len(redis_get(v, "c")), 2);
	assert_string_equal(redis_text(redis_at(redis_get(v, "c"), 0)), "x");
	assert_int_equal(redis_len(redis_at(redis_get(v, "c"), 1)), 0);
	assert_true(redis_is_nil(redis_get(v, "d")));
	assert_string_equal(redis_text(redis_get(v, "d")), "");
	assert_false(redis_is_nil(redis_get(v, "e")));
	assert_string_equal(redis_text(redis_get(v, "FINE")), "odd one");
	assert_null(redis_get(v, "12"));
	assert_null(redis_get(v, "none"));
	assert_null(redis_at(v, 14));
	assert_null(redis_at(redis_at(v, 0), 0));
	redis_value_free(v);
	assert_true(redis_is_nil(NULL));
	assert_string_equal(redis_text(NULL), "");
	assert_int_equal(redis_len(NULL), 0);
	assert_int_equal(redis_int(NULL), 0);
	assert_null(redis_at(NULL, 0));
	assert_null(redis_get(NULL, "a"));
	redis_value_free(NULL);
	redis_free(r);
}

/* ---- asking ---- */

static void asking_waits_for_the_connection_and_for_the_answer(void **state)
{
	struct err err;
	struct redis *r = redis_new(loop, server->url, NULL, NULL, NULL, &err);
	struct redis_value *v = redis_ask(r, &err, "ECHO", "hello", NULL);

	(void)state;
	assert_string_equal(redis_text(v), "hello");
	redis_value_free(v);
	v = redis_ask(r, &err, "GET", "no:such:key", NULL);
	assert_non_null(v);
	assert_true(redis_is_nil(v));
	redis_value_free(v);
	assert_null(redis_ask(r, &err, "NOSUCH", NULL));
	assert_string_equal(err.code, "redis_error");
	/* QUIT closes; the next question waits until it is up again. */
	log_begin();
	redis_value_free(redis_ask(r, &err, "QUIT", NULL));
	for (int i = 0; i < 50; i++) {
		v = redis_ask(r, &err, "PING", NULL);
		if (v)
			break;
		assert_string_equal(err.code, "redis_unavailable");
	}
	assert_string_equal(redis_text(v), "PONG");
	redis_value_free(v);
	redis_free(r);
}

static void asking_a_server_that_dies_or_is_away_fails(void **state)
{
	struct test_redis *own = test_redis_start(NULL);
	struct redis *r = connect_to(own->url);
	int64_t since;
	struct err err;

	(void)state;
	log_begin();
	assert_null(redis_ask(r, &err, "SHUTDOWN", "NOSAVE", NULL));
	assert_string_equal(err.code, "redis_unavailable");
	assert_int_equal(err.kind, ERR_HOLD);
	proc_wait(own->proc);
	since = test_now_ms();
	assert_null(redis_ask(r, &err, "PING", NULL));
	assert_string_equal(err.code, "redis_unavailable");
	assert_true(test_now_ms() - since >= 4900);
	redis_free(r);
}

/* ---- servers that go and come ---- */

static void a_server_that_is_killed_is_found_again(void **state)
{
	struct test_redis *own = test_redis_start(NULL);
	struct states states = { 0 };
	struct got pending[50] = { { 0 } }, refused = { 0 }, last = { 0 };
	struct err err;
	struct redis *r = redis_new(loop, own->url, NULL, on_state, &states, &err);
	char *text;

	(void)state;
	loop_until(loop, redis_up(r));
	log_begin();
	for (int round = 1; round <= 2; round++) {
		int64_t since;

		memset(pending, 0, sizeof(pending));
		for (size_t i = 0; i < COUNT(pending); i++)
			redis_call(r, on_got, &pending[i], "BLPOP", "none", "0", NULL);
		test_redis_kill(own);
		loop_until(loop, !redis_up(r));
		for (size_t i = 0; i < COUNT(pending); i++)
			check_unavailable(&pending[i]);
		assert_int_equal(states.downs, round);
		memset(&refused, 0, sizeof(refused));
		redis_call(r, on_got, &refused, "PING", NULL);
		loop_until(loop, refused.calls);
		check_unavailable(&refused);
		since = test_now_ms();          /* several vain tries, no more lines */
		loop_until(loop, test_now_ms() - since > 400);
		test_redis_again(own);
		loop_until(loop, redis_up(r));
		assert_int_equal(states.ups, round + 1);
	}
	redis_call(r, on_got, &last, "PING", NULL);
	loop_until(loop, last.calls);
	assert_string_equal(last.text, "PONG");
	redis_free(r);
	text = log_end();
	assert_int_equal(count_of(text, "redis=down"), 2);
	assert_int_equal(count_of(text, "redis=up"), 2);
	assert_int_equal(count_of(text, "\n"), 4);
}

static void a_server_that_was_never_there_is_waited_for(void **state)
{
	struct test_redis *own = test_redis_start(NULL);
	struct states states = { 0 };
	struct err err;
	struct redis *r, *u;
	char *text;
	int64_t since;

	(void)state;
	test_redis_kill(own);
	log_begin();
	r = redis_new(loop, own->url, NULL, on_state, &states, &err);
	u = redis_new(loop, own->unix_url, NULL, on_state, &states, &err);
	since = test_now_ms();
	loop_until(loop, test_now_ms() - since > 400 && logged("redis=down") == 2);
	assert_int_equal(states.ups + states.downs, 0);
	test_redis_again(own);
	loop_until(loop, redis_up(r) && redis_up(u));
	assert_int_equal(states.ups, 2);
	redis_free(r);
	redis_free(u);
	text = log_end();
	assert_int_equal(count_of(text, "redis=down"), 2);
	assert_int_equal(count_of(text, "redis=up"), 2);
}

static void a_server_that_stands_still_is_given_up_after_the_deadline(void **state)
{
	struct test_redis *own = test_redis_start(NULL);
	struct redis *r = connect_to(own->url);
	const char *ping[] = { "PING" };
	struct got first = { 0 }, second = { 0 };
	int64_t since;

	(void)state;
	log_begin();
	proc_signal(own->proc, SIGSTOP);
	since = test_now_ms();
	redis_send(r, 1, ping, NULL, 300, on_got, &first);
	redis_send(r, 1, ping, NULL, 60000, on_got, &second);
	loop_until(loop, first.calls && second.calls);
	assert_in_range(test_now_ms() - since, 295, 59000);
	check_unavailable(&first);
	check_unavailable(&second);
	assert_false(redis_up(r));
	/* The kernel still takes connections: the greeting waits, and goes on. */
	since = test_now_ms();
	loop_until(loop, test_now_ms() - since > 200);
	assert_false(redis_up(r));
	proc_signal(own->proc, SIGCONT);
	loop_until(loop, redis_up(r));
	redis_free(r);
}

static void answers_in_time_put_the_deadline_off(void **state)
{
	struct redis *r = connect_to(server->url);
	const char *pop[] = { "BLPOP", "none", "0.2" };
	int64_t since = test_now_ms();
	struct got g[4] = { { 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(g); i++) {
		redis_send(r, 3, pop, NULL, 5000, on_got, &g[i]);
		loop_until(loop, g[i].calls);
		assert_false(g[i].failed);
	}
	assert_true(test_now_ms() - since >= 800);
	redis_free(r);
}

static void a_server_that_is_full_is_tried_again_and_says_why(void **state)
{
	struct test_redis *own = test_redis_start(NULL);
	struct redis *first = connect_to(own->url), *second;
	struct redis_value *v;
	struct err err;
	int64_t since;
	char *text;

	(void)state;
	v = redis_ask(first, &err, "CONFIG", "SET", "maxclients", "1", NULL);
	assert_string_equal(redis_text(v), "OK");
	redis_value_free(v);
	log_begin();
	second = redis_new(loop, own->url, NULL, NULL, NULL, &err);
	since = test_now_ms();
	loop_until(loop, test_now_ms() - since > 300 && logged("redis=down"));
	assert_false(redis_up(second));
	redis_value_free(redis_ask(first, &err, "CONFIG", "SET", "maxclients", "10", NULL));
	loop_until(loop, redis_up(second));
	redis_free(first);
	redis_free(second);
	text = log_end();
	assert_int_equal(count_of(text, "redis=down"), 1);
	assert_non_null(strstr(text, "max number of clients"));
}

/* ---- the greeting ---- */

static void the_urls_database_is_selected_on_every_connection(void **state)
{
	struct redis *tcp = connect_to(test_format("redis://localhost:%d/5", server->port));
	struct redis *un = connect_to(test_format("unix://%s?db=5", server->socket));
	struct redis_value *v;
	struct err err;

	(void)state;
	redis_value_free(redis_ask(tcp, &err, "SET", "here", "five", NULL));
	v = redis_ask(un, &err, "GET", "here", NULL);
	assert_string_equal(redis_text(v), "five");
	redis_value_free(v);
	assert_string_equal(test_redis_cli(server, "-n", "5", "GET", "here", NULL), "five");
	assert_string_equal(test_redis_cli(server, "GET", "here", NULL), "");
	log_begin();
	v = redis_ask(tcp, &err, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no", NULL);
	redis_value_free(v);
	loop_until(loop, !redis_up(un));
	loop_until(loop, redis_up(un));
	v = redis_ask(un, &err, "GET", "here", NULL);
	assert_string_equal(redis_text(v), "five");
	redis_value_free(v);
	redis_free(tcp);
	redis_free(un);
}

static void a_database_that_is_not_there_keeps_it_down(void **state)
{
	struct err err;
	struct redis *r = redis_new(loop, test_format("redis://127.0.0.1:%d/999", server->port), NULL, NULL, NULL, &err);
	int64_t since = test_now_ms();
	char *text;

	(void)state;
	log_begin();
	loop_until(loop, test_now_ms() - since > 300 && logged("redis=down"));
	assert_false(redis_up(r));
	redis_free(r);
	text = log_end();
	assert_int_equal(count_of(text, "redis=down"), 1);
	assert_non_null(strstr(text, "DB index"));
}

static void a_password_is_given_and_a_wrong_one_never_gets_up_nor_into_the_log(void **state)
{
	static const struct { const char *before; bool good; } rows[] = {
		{ ":p%40ss%2Fw%3Ard@", true }, { "default:p%40ss%2fw:rd@", true }, { "app:s3cret@", true },
		{ ":wr0ng@", false }, { "app:wr0ng@", false }, { "nobody:wr0ng@", false }, { "", false },
	};
	struct test_redis *own = test_redis_start(NULL);
	struct err err;
	char *text;

	(void)state;
	test_redis_cli(own, "ACL", "SETUSER", "app", "on", ">s3cret", "~*", "+@all", NULL);
	test_redis_cli(own, "CONFIG", "SET", "requirepass", "p@ss/w:rd", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *url = test_format("redis://%s127.0.0.1:%d/1", rows[i].before, own->port);
		struct redis *r = redis_new(loop, url, NULL, NULL, NULL, &err);
		int64_t since = test_now_ms();

		log_begin();
		if (rows[i].good)
			loop_until(loop, redis_up(r));
		else
			loop_until(loop, test_now_ms() - since > 250 && logged("redis=down"));
		assert_int_equal(redis_up(r), rows[i].good);
		redis_free(r);
		text = log_end();
		assert_int_equal(count_of(text, "redis=down"), !rows[i].good);
		assert_int_equal(count_of(text, "\n"), !rows[i].good);
		assert_null(strstr(text, "wr0ng"));
		assert_null(strstr(text, "s3cret"));
	}
}

static void a_password_for_a_server_without_one_says_so(void **state)
{
	struct err err;
	struct redis *r = redis_new(loop, test_format("redis://:s3cret@127.0.0.1:%d", server->port), NULL, NULL, NULL, &err);
	int64_t since = test_now_ms();
	char *text;

	(void)state;
	log_begin();
	loop_until(loop, test_now_ms() - since > 250 && logged("without any password"));
	assert_false(redis_up(r));
	redis_free(r);
	text = log_end();
	assert_non_null(strstr(text, "without any password"));
	assert_null(strstr(text, "s3cret"));
}

static void scripts_are_there_whenever_it_is_up(void **state)
{
	static const struct redis_script one = { "one", "return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" };
	static const struct redis_script two = { "two", "return 2", "7f923f79fe76194c868d7e1d0820de36700eb649" };
	static const struct redis_script *const scripts[] = { &one, &two, NULL };
	struct states states = { 0 };
	struct err err;
	struct redis *r = redis_new(loop, server->url, scripts, on_state, &states, &err);
	struct redis_value *v;

	(void)state;
	v = redis_ask(r, &err, "EVALSHA", two.sha1, "0", NULL);
	assert_int_equal(redis_int(v), 2);
	redis_value_free(v);
	log_begin();
	redis_value_free(redis_ask(r, &err, "SCRIPT", "FLUSH", NULL));
	assert_null(redis_ask(r, &err, "EVALSHA", one.sha1, "0", NULL));
	assert_string_equal(err.code, "redis_unavailable");
	assert_int_equal(states.downs, 1);
	v = redis_ask(r, &err, "EVALSHA", one.sha1, "0", NULL);
	assert_int_equal(redis_int(v), 1);
	redis_value_free(v);
	redis_free(r);
}

/* ---- freeing ---- */

static void freeing_fails_what_is_pending_exactly_once(void **state)
{
	struct redis *r = connect_to(server->url);
	struct got sent[3] = { { 0 } };
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(sent); i++)
		redis_call(r, on_got, &sent[i], "ECHO", "x", NULL);
	redis_free(r);
	for (size_t i = 0; i < COUNT(sent); i++)
		check_unavailable(&sent[i]);
	/* In every state on the way up. */
	for (int turns = 0; turns < 8; turns++) {
		struct timer *tick = test_tick(loop);   /* a turn ends, whatever happens */
		struct got early = { 0 };

		r = redis_new(loop, turns % 2 ? server->url : test_format("redis://localhost:%d", server->port),
			      NULL, NULL, NULL, &err);
		redis_call(r, on_got, &early, "PING", NULL);
		for (int i = 0; i < turns; i++)
			loop_run_once(loop);
		timer_free(tick);
		redis_free(r);
		loop_until(loop, early.calls);
		check_unavailable(&early);
	}
	redis_free(NULL);
}

struct suicide {
	struct redis *r;
	int calls;
	bool on_up, on_down;
};

static void on_free_it(const struct redis_value *v, const struct err *err, void *data)
{
	struct suicide *s = data;
	struct redis *r = s->r;

	(void)v;
	(void)err;
	s->calls++;
	s->r = NULL;
	redis_free(r);
}

static void on_state_free_it(bool up, void *data)
{
	struct suicide *s = data;

	if (up ? s->on_up : s->on_down)
		on_free_it(NULL, NULL, s);
}

static void a_connection_may_be_freed_by_its_own_callbacks(void **state)
{
	static const char *const commands[] = { "PING", "NOSUCH", "QUIT" };
	struct got after = { 0 };
	struct suicide s = { 0 };
	struct err err;

	(void)state;
	log_begin();
	for (size_t i = 0; i < COUNT(commands); i++) {
		memset(&after, 0, sizeof(after));
		s = (struct suicide){ .r = connect_to(server->url) };
		redis_call(s.r, on_free_it, &s, commands[i], NULL);
		redis_call(s.r, on_got, &after, "ECHO", "x", NULL);
		loop_until(loop, s.calls && after.calls);
		check_unavailable(&after);
	}
	s = (struct suicide){ .r = connect_to(server->url) };           /* of an error that drops it */
	redis_call(s.r, on_free_it, &s, "EVAL", "return redis.error_reply('LOADING x')", "0", NULL);
	loop_until(loop, s.calls);
	s = (struct suicide){ .on_up = true };
	s.r = redis_new(loop, server->url, NULL, on_state_free_it, &s, &err);
	loop_until(loop, s.calls);
	s = (struct suicide){ .on_down = true };
	s.r = redis_new(loop, server->url, NULL, on_state_free_it, &s, &err);
	loop_until(loop, redis_up(s.r));
	memset(&after, 0, sizeof(after));
	redis_call(s.r, on_got, &after, "EVAL", "return redis.error_reply('LOADING x')", "0", NULL);
	loop_until(loop, s.calls);
	check_unavailable(&after);
}

struct resend {
	struct redis *r;
	int failures, answers;
};

static void on_resend(const struct redis_value *v, const struct err *err, void *data)
{
	struct resend *s = data;

	(void)err;
	if (v) {
		s->answers++;
		return;
	}
	s->failures++;
	if (s->failures == 1)
		redis_call(s->r, on_resend, s, "PING", NULL);   /* refused: it is down just now */
}

static void a_failed_request_may_be_sent_again_from_its_callback(void **state)
{
	struct resend s = { .r = connect_to(server->url) };

	(void)state;
	log_begin();
	redis_call(s.r, on_resend, &s, "EVAL", "return redis.error_reply('BUSY x')", "0", NULL);
	loop_until(loop, s.failures == 2 || s.answers);
	loop_until(loop, redis_up(s.r));
	redis_call(s.r, on_resend, &s, "PING", NULL);
	loop_until(loop, s.answers);
	redis_free(s.r);
}

static int start_server(void **state)
{
	(void)state;
	server = test_redis_start(NULL);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_url_that_cannot_be_is_refused_at_once),
		TEST(a_request_before_it_is_up_fails_from_the_loop),
		TEST(requests_are_answered_in_order_errors_among_them),
		TEST(an_error_reply_is_told_and_the_connection_stays),
		TEST(an_error_of_a_server_in_trouble_drops_the_connection),
		TEST(arguments_are_bytes),
		TEST(large_arguments_and_replies_pass),
		TEST(a_value_tells_what_it_is),
		TEST(asking_waits_for_the_connection_and_for_the_answer),
		TEST(asking_a_server_that_dies_or_is_away_fails),
		TEST(a_server_that_is_killed_is_found_again),
		TEST(a_server_that_was_never_there_is_waited_for),
		TEST(a_server_that_stands_still_is_given_up_after_the_deadline),
		TEST(answers_in_time_put_the_deadline_off),
		TEST(a_server_that_is_full_is_tried_again_and_says_why),
		TEST(the_urls_database_is_selected_on_every_connection),
		TEST(a_database_that_is_not_there_keeps_it_down),
		TEST(a_password_is_given_and_a_wrong_one_never_gets_up_nor_into_the_log),
		TEST(a_password_for_a_server_without_one_says_so),
		TEST(scripts_are_there_whenever_it_is_up),
		TEST(freeing_fails_what_is_pending_exactly_once),
		TEST(a_connection_may_be_freed_by_its_own_callbacks),
		TEST(a_failed_request_may_be_sent_again_from_its_callback),
	};

	return cmocka_run_group_tests(tests, start_server, NULL);
}
