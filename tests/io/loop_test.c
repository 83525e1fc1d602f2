/* loop_test.c - the loop, its timers, its signals, name lookups, the log. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/resolve.h"
#include "log.h"
#include "loop.h"
#include "tests/support/servers.h"

static struct loop *loop;
static char said[512];

static int begin(void **state)
{
	(void)state;
	loop = loop_new();
	*said = '\0';
	return 0;
}

static int end(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void say(void *data)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s", (const char *)data);
}

static void say_and_put_off(void *data)
{
	say(data);
	loop_defer(loop, say, "d");
}

static void deferred_calls_come_in_order_and_not_at_once(void **state)
{
	(void)state;
	loop_defer(loop, say, "a");
	loop_defer(loop, say_and_put_off, "b");
	loop_defer(loop, say, "c");
	assert_string_equal(said, "");
	loop_run(loop);
	assert_string_equal(said, "abcd");
}

static void what_is_deferred_while_it_is_freed_is_still_called(void **state)
{
	struct loop *other = loop_new();

	(void)state;
	loop_defer(other, say, "x");
	loop_free(other);
	assert_string_equal(said, "x");
}

static void a_timer_fires_once_and_not_early(void **state)
{
	struct timer *t = timer_new(loop, say, "t");
	int64_t start = test_now_ms();

	(void)state;
	timer_set(t, 1000);
	timer_set(t, 30);
	loop_run(loop);
	assert_string_equal(said, "t");
	assert_true(test_now_ms() - start >= 29);
	timer_free(t);
}

/* Before libuv's clock was brought up to date, this timer fired at once. */
static void a_timer_counts_from_now_and_not_from_the_last_turn(void **state)
{
	struct timer *t = timer_new(loop, say, "t");
	int64_t start = test_now_ms();

	(void)state;
	wait_until(test_now_ms() - start >= 60);
	start = test_now_ms();
	timer_set(t, 50);
	loop_run(loop);
	assert_true(test_now_ms() - start >= 49);
	timer_free(t);
}

static void a_timer_that_was_stopped_or_freed_says_nothing(void **state)
{
	struct timer *a = timer_new(loop, say, "a"), *b = timer_new(loop, say, "b");

	(void)state;
	timer_set(a, 0);
	timer_set(b, 0);
	timer_stop(a);
	timer_free(b);
	timer_free(NULL);
	loop_run(loop);
	assert_string_equal(said, "");
	timer_free(a);
}

static void a_signal_calls_the_last_one_who_asked(void **state)
{
	(void)state;
	loop_on_signal(loop, SIGUSR1, say, "1");
	loop_on_signal(loop, SIGUSR1, say, "2");
	raise(SIGUSR1);
	loop_until(loop, *said);
	assert_string_equal(said, "2");
	loop_run(loop);                 /* a signal does not keep it running */
}

static void an_idle_loop_uses_no_time(void **state)
{
	struct timer *t = timer_new(loop, say, "t");
	struct rusage before, after;

	(void)state;
	loop_defer(loop, say, "d");
	loop_run_once(loop);
	getrusage(RUSAGE_SELF, &before);
	timer_set(t, 200);
	loop_run(loop);
	getrusage(RUSAGE_SELF, &after);
	assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
		    after.ru_utime.tv_usec - before.ru_utime.tv_usec < 100000);
	timer_free(t);
}

static void on_names(const char *const *ips, int n, const struct err *err, void *data)
{
	(void)data;
	for (int i = 0; i < n; i++) {
		say((void *)(uintptr_t)ips[i]);
		say(" ");
	}
	if (err)
		say("failed");
}

static void on_name(const char *ip, const struct err *err, void *data)
{
	(void)data;
	say((void *)(uintptr_t)(ip ? ip : err->msg));
}

static void a_name_becomes_its_addresses(void **state)
{
	(void)state;
	resolve_all(loop, "localhost", on_names, NULL);
	assert_string_equal(said, "");
	loop_run(loop);
	assert_true(strstr(said, "127.0.0.1 ") || strstr(said, "::1 "));
}

static void an_address_stays_as_it_is(void **state)
{
	(void)state;
	resolve_nth(loop, "::1", 0, on_name, NULL);
	loop_run(loop);
	assert_string_equal(said, "::1");
}

static void a_name_that_is_none_fails_with_the_name(void **state)
{
	char *labels = malloc(4001);

	(void)state;
	resolve_nth(loop, "no such host.invalid", 0, on_name, NULL);
	loop_run(loop);
	assert_non_null(strstr(said, "cannot resolve the host name no such host.invalid"));
	*said = '\0';
	memset(labels, 'a', 4000);
	labels[4000] = '\0';
	resolve_nth(loop, labels, 0, on_name, NULL);
	loop_run(loop);
	assert_non_null(strstr(said, "cannot resolve"));
	free(labels);
}

static void a_cancelled_lookup_says_nothing(void **state)
{
	(void)state;
	resolve_cancel(resolve_nth(loop, "localhost", 0, on_name, NULL));
	resolve_cancel(resolve_nth(loop, "127.0.0.1", 0, on_name, NULL));
	resolve_cancel(NULL);
	loop_run(loop);
	assert_string_equal(said, "");
}

/* What log_at() writes, through a file in place of stderr. */
static char *logged(bool json, const char *msg)
{
	char *path = test_path("log");
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600), saved = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	log_setup(LOG_LEVEL_INFO, json);
	log_debug("not this");
	log_info("%s", msg);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	log_setup(LOG_LEVEL_WARN, false);
	return test_read(path);
}

static void a_log_line_stays_one_line(void **state)
{
	(void)state;
	assert_string_equal(logged(false, "a\nb\t\x1b[0m \xff \xe2\x86\x92 \"q\"") + 24,
			    " info  a\\nb\\t\\x1b[0m \\xff \xe2\x86\x92 \"q\"\n");
	assert_string_equal(logged(true, "a\nb\x01 \"q\\ \xff \xc3\xa4") + 32,
			    ",\"level\":\"info\",\"msg\":\"a\\nb\\u0001 \\\"q\\\\ \\ufffd \xc3\xa4\"}\n");
}

static void a_log_line_is_bounded_and_still_json(void **state)
{
	char *text = malloc(10001), *line;

	(void)state;
	memset(text, '\x01', 10000);
	text[10000] = '\0';
	line = logged(true, text);
	assert_true(strlen(line) <= 4096);
	assert_string_equal(line + strlen(line) - 6, "...\"}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(deferred_calls_come_in_order_and_not_at_once, begin, end),
		cmocka_unit_test_setup_teardown(what_is_deferred_while_it_is_freed_is_still_called, begin, end),
		cmocka_unit_test_setup_teardown(a_timer_fires_once_and_not_early, begin, end),
		cmocka_unit_test_setup_teardown(a_timer_counts_from_now_and_not_from_the_last_turn, begin, end),
		cmocka_unit_test_setup_teardown(a_timer_that_was_stopped_or_freed_says_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_signal_calls_the_last_one_who_asked, begin, end),
		cmocka_unit_test_setup_teardown(an_idle_loop_uses_no_time, begin, end),
		cmocka_unit_test_setup_teardown(a_name_becomes_its_addresses, begin, end),
		cmocka_unit_test_setup_teardown(an_address_stays_as_it_is, begin, end),
		cmocka_unit_test_setup_teardown(a_name_that_is_none_fails_with_the_name, begin, end),
		cmocka_unit_test_setup_teardown(a_cancelled_lookup_says_nothing, begin, end),
		cmocka_unit_test(a_log_line_stays_one_line),
		cmocka_unit_test(a_log_line_is_bounded_and_still_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
