/* child_test.c - other programs, run on the loop. */
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

#include "child.h"
#include "tests/support/servers.h"

static struct loop *loop;

struct got { int calls, status; char said[CHILD_SAID]; };

static void on_end(int status, const char *said, void *data)
{
	struct got *g = data;

	g->calls++;
	g->status = status;
	snprintf(g->said, sizeof(g->said), "%s", said);
}

static struct got run_env(const char *script, const char *const *env)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct got g = { .calls = 0 };

	child_start(loop, argv, env, on_end, &g);
	assert_int_equal(g.calls, 0);
	loop_until(loop, g.calls);
	return g;
}

static struct got run(const char *script)
{
	return run_env(script, (const char *[]){ NULL });
}

static int begin(void **state)
{
	(void)state;
	loop = loop_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void its_status_and_last_line_are_told(void **state)
{
	struct got g = run("echo out; echo one >&2; printf 'two\\n\\n' >&2; exit 3");

	(void)state;
	assert_int_equal(g.status, 3);
	assert_string_equal(g.said, "two");
	g = run("kill -9 $$");
	assert_int_equal(g.status, 128 + 9);
	assert_string_equal(g.said, "");
	g = run("printf 'no end' >&2");
	assert_int_equal(g.status, 0);
	assert_string_equal(g.said, "no end");
}

static void what_it_says_is_bounded(void **state)
{
	struct got g = run("head -c 1000000 /dev/zero | tr '\\0' x >&2");

	(void)state;
	assert_int_equal(g.status, 0);
	assert_int_equal(strlen(g.said), CHILD_SAID - 1);
}

static void its_environment_is_ours_and_what_was_given(void **state)
{
	(void)state;
	setenv("CHILD_TEST_A", "ours", 1);
	setenv("CHILD_TEST_B", "ours", 1);
	assert_string_equal(run_env("echo $CHILD_TEST_A $CHILD_TEST_B >&2",
				    (const char *[]){ "CHILD_TEST_B=given", NULL }).said, "ours given");
}

static void what_cannot_be_started_is_said(void **state)
{
	const char *argv[] = { "no-such-program-here", NULL };
	struct got g = { .calls = 0 };

	(void)state;
	child_start(loop, argv, (const char *[]){ NULL }, on_end, &g);
	loop_until(loop, g.calls);
	assert_int_equal(g.status, -1);
	assert_non_null(strstr(g.said, "no-such-program-here"));
}

static void one_that_is_stopped_is_killed_and_tells_nothing(void **state)
{
	char *file = test_path("pid");
	const char *argv[] = { "sh", "-c", test_format("echo $$ > %s; exec sleep 600", file), NULL };
	struct got g = { .calls = 0 };
	struct child *c = child_start(loop, argv, (const char *[]){ NULL }, on_end, &g);
	int pid;

	(void)state;
	loop_until(loop, (pid = atoi(test_read(file))) > 0);
	child_stop(c);
	loop_until(loop, kill(pid, 0) < 0 || strstr(test_read(test_format("/proc/%d/status", pid)), "State:\tZ"));
	assert_int_equal(g.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_status_and_last_line_are_told, begin, end),
		cmocka_unit_test_setup_teardown(what_it_says_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(its_environment_is_ours_and_what_was_given, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_started_is_said, begin, end),
		cmocka_unit_test_setup_teardown(one_that_is_stopped_is_killed_and_tells_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
