/* command_test.c - keys and arguments reach a script as they were given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "command.h"
#include "tests/support/servers.h"

static const struct redis_script echo = {
	"echo", "return {KEYS, ARGV}", "25798f6e367278f6dedc9713a90c526c253106f3"
};
static const struct redis_script *const scripts[] = { &echo, NULL };

static struct loop *loop;
static struct redis *redis;
static struct command c;

static int set_up(void **state)
{
	struct err err;

	(void)state;
	loop = loop_new();
	redis = redis_new(loop, test_redis_start(NULL)->url, scripts, NULL, NULL, &err);
	command_init(&c, "ns");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	command_clear(&c);
	redis_free(redis);
	loop_free(loop);
	return 0;
}

static void words_arrive_in_order_and_as_bytes(void **state)
{
	struct redis_value *v;
	struct err err;

	(void)state;
	for (int round = 0; round < 2; round++) {       /* begun anew, nothing is left of the last one */
		command_begin(&c, &echo);
		assert_int_equal(command_key(&c, KEY_DEAD), 1);
		command_arg(&c, "a b");
		assert_int_equal(command_key_of(&c, "queue", "fetch"), 2);
		command_arg(&c, NULL);
		command_arg_bytes(&c, "x\0\r\n\xff", 5);
		command_arg_int(&c, INT64_MIN);
		v = command_ask(&c, redis, &err);
		assert_int_equal(redis_len(redis_at(v, 0)), 2);
		assert_string_equal(redis_text(redis_at(redis_at(v, 0), 0)), "ns:dead");
		assert_string_equal(redis_text(redis_at(redis_at(v, 0), 1)), "ns:queue:fetch");
		assert_int_equal(redis_len(redis_at(v, 1)), 4);
		assert_string_equal(redis_text(redis_at(redis_at(v, 1), 0)), "a b");
		assert_int_equal(redis_len(redis_at(redis_at(v, 1), 1)), 0);
		assert_int_equal(redis_len(redis_at(redis_at(v, 1), 2)), 5);
		assert_memory_equal(redis_text(redis_at(redis_at(v, 1), 2)), "x\0\r\n\xff", 5);
		assert_string_equal(redis_text(redis_at(redis_at(v, 1), 3)), "-9223372036854775808");
		redis_value_free(v);
	}
}

static void a_command_may_have_no_words_and_may_have_very_many(void **state)
{
	static const int counts[] = { 0, 1, 64, 65, 5000 };
	struct redis_value *v;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		command_begin(&c, &echo);
		for (int n = 0; n < counts[i]; n++)
			command_arg_int(&c, n);
		v = command_ask(&c, redis, &err);
		assert_int_equal(redis_len(redis_at(v, 0)), 0);
		assert_int_equal(redis_len(redis_at(v, 1)), counts[i]);
		for (int n = 0; n < counts[i]; n++)
			assert_int_equal(redis_int(redis_at(redis_at(v, 1), (size_t)n)), n);
		redis_value_free(v);
	}
}

static void on_sent(const struct redis_value *v, const struct err *err, void *data)
{
	assert_null(err);
	*(size_t *)data = redis_len(redis_at(v, 1));
}

static void a_command_that_was_sent_may_be_built_anew_at_once(void **state)
{
	size_t n[2] = { 0, 0 };

	(void)state;
	loop_until(loop, redis_up(redis));
	command_begin(&c, &echo);
	command_arg(&c, "one");
	command_send(&c, redis, on_sent, &n[0]);
	command_begin(&c, &echo);
	command_arg(&c, "one");
	command_arg(&c, "two");
	command_send(&c, redis, on_sent, &n[1]);
	loop_until(loop, n[0] && n[1]);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[1], 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_arrive_in_order_and_as_bytes),
		TEST(a_command_may_have_no_words_and_may_have_very_many),
		TEST(a_command_that_was_sent_may_be_built_anew_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
