/* The worker and systemd: ready once it is in the pool, the watchdog fed by
 * round trips to Redis and by nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/servers.h"

#define QUIET_MS 2000   /* several beats of a lease of 1 s */

static int sock;
static struct test_redis *redis;
static struct proc *worker;

/* The next message within ms; "" if none comes. */
static const char *heard(int ms)
{
	static char text[256];
	struct pollfd fd = { .fd = sock, .events = POLLIN };
	ssize_t n = poll(&fd, 1, ms) > 0 ? recv(sock, text, sizeof(text) - 1, 0) : 0;

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* What waits already does not count. */
static void forget(void)
{
	while (*heard(0))
		;
}

static const char *bin(const char *name)
{
	const char *build = getenv("GESYNC_BUILD");

	return test_format("%s/bin/%s", build ? build : "build", name);
}

static int set_up(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)state;
	redis = test_redis_start(NULL);
	strncpy(addr.sun_path, test_path("notify"), sizeof(addr.sun_path) - 1);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return 0;
}

static void start(void)
{
	const char *argv[] = { bin("gesync-worker"), "--queues", "ping", "--lease", "1s", NULL };
	const char *env[] = { test_format("GESYNC_REDIS_URL=%s", redis->unix_url),
			      test_format("NOTIFY_SOCKET=%s", test_path("notify")), NULL };

	worker = proc_start(argv, env);
}

static void a_worker_is_ready_once_it_is_in_the_pool(void **state)
{
	(void)state;
	test_redis_stop(redis);
	start();
	proc_wait_text(worker, "redis=down");
	assert_string_equal(heard(QUIET_MS), "");       /* up, and no use to anybody */
	test_redis_again(redis);
	assert_string_equal(heard(WAIT_MS), "READY=1\nWATCHDOG=1");
}

static void the_watchdog_is_fed_while_redis_answers(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_string_equal(heard(WAIT_MS), "WATCHDOG=1");
}

static void a_mute_redis_leaves_it_hungry(void **state)
{
	(void)state;
	proc_signal(redis->proc, SIGSTOP);
	forget();
	while (*heard(QUIET_MS))                        /* one that was under way */
		;
	assert_string_equal(heard(QUIET_MS), "");
	assert_false(proc_ended(worker));
	proc_signal(redis->proc, SIGCONT);
	assert_string_equal(heard(WAIT_MS), "WATCHDOG=1");
}

static void one_that_is_stopped_says_so(void **state)
{
	const char *text;

	(void)state;
	proc_signal(worker, SIGTERM);
	do
		text = heard(WAIT_MS);
	while (!strcmp(text, "WATCHDOG=1"));
	assert_string_equal(text, "STOPPING=1");
	assert_int_equal(proc_wait(worker), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_is_ready_once_it_is_in_the_pool),
		cmocka_unit_test(the_watchdog_is_fed_while_redis_answers),
		cmocka_unit_test(a_mute_redis_leaves_it_hungry),
		cmocka_unit_test(one_that_is_stopped_says_so),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
