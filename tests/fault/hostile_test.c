/* hostile_test.c - whatever stands on a list ends in gesync:dead with its bytes
 * kept, or runs; the worker, and every other queue, goes on.
 *
 * Two worker processes serve all queues of a real Redis and PostgreSQL; each
 * row of the table is pushed on each list. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "digest.h"
#include "job.h"
#include "redis.h"
#include "tests/support/servers.h"

#define COUNT(a)        (sizeof(a) / sizeof((a)[0]))
#define MIB             (1024u * 1024)
#define KEPT            65536u  /* of an element past 1 MiB */
#define LONG            "a-name-of-more-than-twenty-bytes"
#define JSON(head)      "{\"license\":\"X1\",\"app\":\"core\",\"echo\":\"e\"," head "}"

static const char *bin;
static struct test_redis *server;
static struct test_pg *pg;
static struct proc *workers[2];
static struct loop *loop;
static struct redis *redis;

/* ---- the elements ---- */

struct element { const char *name; char *bytes; size_t len; };

static struct element text(const char *name, const char *bytes, size_t len)
{
	struct element e = { name, malloc(len + 1), len };

	assert_non_null(e.bytes);
	memcpy(e.bytes, bytes, len);
	return e;
}

static struct element filled(const char *name, size_t len, char with)
{
	struct element e = { name, malloc(len), len };

	assert_non_null(e.bytes);
	memset(e.bytes, with, len);
	return e;
}

/* The same noise every time. */
static struct element noise(const char *name, size_t len, uint32_t seed)
{
	struct element e = filled(name, len, 0);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		e.bytes[i] = (char)(seed >> 24);
	}
	e.bytes[0] = '\x80';            /* neither JSON nor UTF-8 */
	return e;
}

static struct element deep(const char *name, size_t levels, const char *head)
{
	size_t n = strlen(head);
	struct element e = filled(name, n + 2 * levels + 1, '[');

	memcpy(e.bytes, head, n);
	memset(e.bytes + n + levels, ']', levels);
	e.bytes[e.len - 1] = '}';
	return e;
}

/* A JSON object of so many bytes. */
static struct element padded(const char *name, size_t len)
{
	static const char head[] = "{\"license\":\"X1\",\"app\":\"core\",\"pad\":\"";
	struct element e = filled(name, len, 'x');

	memcpy(e.bytes, head, strlen(head));
	memcpy(e.bytes + len - 2, "\"}", 2);
	return e;
}

#define TEXT(name, literal) text(name, literal, sizeof(literal) - 1)

/* No job on any list. */
static size_t bad_elements(struct element *out)
{
	struct element all[] = {
		TEXT("nothing", ""),
		TEXT("a NUL byte", "{\0}"),
		TEXT("NUL bytes in an id", "{\"license\":\"X1\",\"app\":\"core\",\"id\":\"a\\u0000b\"}"),
		TEXT("invalid UTF-8", "\xff\xfe\xc0\x80"),
		TEXT("an overlong character", "X\xc0\xaf"),
		TEXT("half a surrogate in JSON", JSON("\"id\":\"\\ud800\"")),
		TEXT("invalid UTF-8 in JSON", JSON("\"x\":\"\xff\"")),
		noise("random bytes", 200, 1), noise("many random bytes", 60000, 2),
		noise("random bytes past 64 KiB", 100000, 3), noise("a MiB of random bytes", MIB, 4),
		noise("a MiB and a byte", MIB + 1, 5),
		filled("10 MB", 10000000, 'x'), filled("2 MiB of zeros", 2 * MIB, '\0'),
		padded("JSON past 64 KiB", KEPT + 1), padded("2 MiB of JSON", 2 * MIB),
		deep("deep JSON", 30000, "{\"a\":"), filled("open brackets", 60000, '{'),
		TEXT("1e400 where a number belongs", JSON("\"max_attempts\":1e400")),
		TEXT("minus nothing", JSON("\"timeout_ms\":-0.5")),
		TEXT("a number too large", JSON("\"not_before\":99999999999999999999999999")),
		TEXT("a fraction", JSON("\"max_attempts\":1.5")),
		TEXT("a flag that is none", JSON("\"dry_run\":\"yes\"")),
		TEXT("a list for an id", JSON("\"id\":[1]")),
		TEXT("an id with a space", JSON("\"id\":\"a b\"")),
		TEXT("an id with a line end", JSON("\"id\":\"a\\nb\"")),
		TEXT("an id too long", JSON("\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"")),
		TEXT("a run with a star", JSON("\"run\":\"*\"")),
		TEXT("a field twice", JSON("\"id\":\"a\",\"id\":\"b\"")),
		TEXT("half of it", "{\"license\":"), TEXT("more than one", JSON("\"x\":1") JSON("\"x\":2")),
		TEXT("a byte order mark", "\xef\xbb\xbf" JSON("\"x\":1,\"y\":2")),
		TEXT("1e400 in a field that is nobody's", JSON("\"x\":1e400")), TEXT("NUL in a name", JSON("\"\\u0000\":1")),
		/* Long ones: a short text of any kind is a ping. */
		TEXT("a record of nothing", "gesync/1 \n\n                                           "),
		TEXT("a record with a number that is none", "gesync/1 ping * * " LONG " -5 0 0 *\n\n{}"),
		TEXT("a record of another version", "gesync/2 ping * * " LONG " 0 0 0 *\n\n{}"),
		TEXT("a record without end", "gesync/1 ping * * " LONG " 0 0 0 *"),
		TEXT("a command of Redis", "*1\r\n$8\r\nFLUSHALL\r\n *1\r\n$8\r\nFLUSHALL\r\n *1\r\n$8\r\nFLUSHALL\r\n"),
	};

	memcpy(out, all, sizeof(all));
	return COUNT(all);
}

/* ---- Redis ---- */

static struct redis_value *ask(int argc, const char *const *argv, const size_t *lens)
{
	int64_t since = test_now_ms();
	struct redis_value *v;
	struct err err;

	/* Busy with ten megabytes Redis may be late; all but a push may be asked again. */
	do {
		v = redis_ask_argv(redis, argc, argv, lens, &err);
	} while (!v && err.kind == ERR_HOLD && strcmp(argv[0], "LPUSH") && test_now_ms() - since < WAIT_MS);
	if (!v)
		fail_msg("%s: %s", argv[0], err.msg);
	return v;
}

static void on_pushed(const struct redis_value *v, const struct err *err, void *data)
{
	if (err || !redis_int(v))
		fail_msg("LPUSH: %s", err ? err->msg : "nothing");
	*(bool *)data = true;
}

/* Ten megabytes take their time on a busy machine. */
static void push(const char *queue, const struct element *e)
{
	const char *argv[] = { "LPUSH", test_format("gesync:queue:%s", queue), e->bytes };
	size_t lens[] = { 5, strlen(argv[1]), e->len };
	bool pushed = false;

	redis_send(redis, 3, argv, lens, WAIT_MS, on_pushed, &pushed);
	loop_until(loop, pushed);
}

static int64_t number(const char *command, const char *key, const char *field)
{
	const char *argv[] = { command, key, field };
	struct redis_value *v = ask(field ? 3 : 2, argv, NULL);
	int64_t n = redis_int(v);

	redis_value_free(v);
	return n;
}

static void words(int argc, const char *const *argv)
{
	redis_value_free(ask(argc, argv, NULL));
}
#define redis_do(...) words((int)COUNT(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })

static bool alive(void)
{
	return !proc_ended(workers[0]) && !proc_ended(workers[1]);
}

/* ---- set up ---- */

static struct proc *start_worker(void)
{
	const char *argv[] = { test_format("%s/gesync-worker", bin), NULL };
	const char *env[] = {
		test_format("GESYNC_REDIS_URL=%s", server->unix_url), test_format("GESYNC_DATABASE_URL=%s", pg->conninfo),
		"GESYNC_GE_URL=http://127.0.0.1:9/", "GESYNC_GE_RATE=0", "GESYNC_GE_BREAKER=1000000", NULL
	};

	return proc_start(argv, env);
}

static int set_up(void **state)
{
	struct err err;

	(void)state;
	bin = getenv("GESYNC_BUILD") ? test_format("%s/bin", getenv("GESYNC_BUILD")) : "build/bin";
	unsetenv("GESYNC_BUILD");
	server = test_redis_start(NULL);
	pg = test_pg_start();
	proc_run((const char *const[]){ "scripts/create-schema", pg->conninfo, NULL }, NULL, NULL);
	loop = loop_new();
	redis = redis_new(loop, server->url, NULL, NULL, NULL, &err);
	workers[0] = start_worker();
	workers[1] = start_worker();
	wait_until(number("ZCARD", "gesync:leases", NULL) == 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		proc_signal(workers[i], SIGTERM);
		assert_int_equal(proc_wait(workers[i]), 0);
	}
	redis_free(redis);
	loop_free(loop);
	return 0;
}

/* ---- what must be in the dead ---- */

static bool is_kept(const struct job_record *rec, const struct element *e)
{
	size_t kept = e->len > MIB ? KEPT : e->len;
	json_t *outcome, *result;
	char hex[DIGEST_HEX];
	bool same;

	if (rec->bytes_len != kept || memcmp(rec->bytes, e->bytes, kept))
		return false;
	outcome = json_loadb(rec->outcome, rec->outcome_len, 0, NULL);
	assert_non_null(outcome);
	result = json_object_get(outcome, "result");
	same = e->len <= MIB ||
	       (json_integer_value(json_object_get(result, "length")) == (json_int_t)e->len &&
		!strcmp(json_string_value(json_object_get(result, "sha256")), digest_sha256(e->bytes, e->len, hex)));
	json_decref(outcome);
	return same;
}

/* Marks those of the elements that the member of gesync:dead is. */
static void mark_kept(const char *queue, const struct redis_value *member, const struct element *e, bool *kept, size_t n)
{
	struct job_record rec;

	assert_int_equal(job_record_parse(&rec, redis_text(member), redis_len(member)), 0);
	if (strcmp(rec.code, "bad_job") || strcmp(rec.queue, queue))
		fail_msg("%s with code %s: %.80s", rec.queue, rec.code, rec.bytes);
	for (size_t i = 0; i < n; i++)
		kept[i] |= is_kept(&rec, &e[i]);
}

static void expect_dead(const char *queue, const struct element *e, size_t n)
{
	bool kept[64] = { false };

	for (size_t i = 0; i < n; i++) {        /* one by one: together they are large */
		const char *at = test_format("%zu", i);
		struct redis_value *v = ask(4, (const char *const[]){ "ZRANGE", "gesync:dead", at, at }, NULL);

		mark_kept(queue, redis_at(v, 0), e, kept, n);
		redis_value_free(v);
	}
	for (size_t i = 0; i < n; i++)
		if (!kept[i])
			fail_msg("%s on %s is not in the dead with its bytes", e[i].name, queue);
}

static void expect_ping(const char *why)
{
	int64_t before = number("HGET", "gesync:stats", "ping:done");

	redis_do("LPUSH", "gesync:queue:ping", "still there");
	wait_until(number("HGET", "gesync:stats", "ping:done") > before || !alive());
	if (!alive())
		fail_msg("a worker ended after %s", why);
}

static void no_element_stops_a_worker_or_loses_a_byte(void **state)
{
	struct element bad[64];
	size_t n = bad_elements(bad);
	char *served = test_redis_cli(server, "HGET", test_format("gesync:worker:%s", test_redis_cli(server, "ZRANGE", "gesync:leases", "0", "0", NULL)),
				      "queues", NULL);

	(void)state;
	for (char *queue = strtok(served, ","); queue; queue = strtok(NULL, ",")) {
		/* Some MB a list, and the dead are bounded: one list after another. */
		redis_do("DEL", "gesync:dead", "gesync:dead:bytes");
		for (size_t i = 0; i < n; i++)
			push(queue, &bad[i]);
		wait_until(number("ZCARD", "gesync:dead", NULL) == (int64_t)n || !alive());
		expect_dead(queue, bad, n);
		assert_int_equal(number("LLEN", test_format("gesync:queue:%s", queue), NULL), 0);
		expect_ping(queue);
	}
	redis_do("DEL", "gesync:dead", "gesync:dead:bytes");
	for (size_t i = 0; i < n; i++)
		free(bad[i].bytes);
}

/* ---- odd, and jobs all the same ---- */

static void what_is_odd_and_still_a_job_runs(void **state)
{
	static const char *const odd[] = {
		"{}", "{\"x\":1e308,\"y\":-1e-400}", "{\"x\":123456789012345678901234567890}",
		"{\"x\":\"\\u0000\"}", "{\"id\":null,\"run\":null,\"max_attempts\":null}", "\"", "[", "gesync/1", "\xe2\x98\x83",
		"{\"max_attempts\":1e0}", "{\"not_before\":0.0}", " ", "\n", "*", "#", "nil",
		"gesync/1 ping * * forged 999999 999999 99999999999999 *\n\n{}",
	};
	int64_t before = number("HGET", "gesync:stats", "ping:done");

	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++)
		redis_do("LPUSH", "gesync:queue:ping", odd[i]);
	wait_until(number("HGET", "gesync:stats", "ping:done") == before + (int64_t)COUNT(odd) || !alive());
	assert_true(alive());
	assert_int_equal(number("ZCARD", "gesync:dead", NULL), 0);
}

static void names_like_private_keys_are_just_names(void **state)
{
	static const char *const names[] = {
		"workers", "leases", "locks", "dead:bytes", "runs:active", "worker:x:jobs", "..", "-", ":", "queue:ping",
		"ge:session", "protocol", "job:job:job", "x:in:fetch", "1", "cancel",
	};
	int64_t before = number("HGET", "gesync:stats", "ping:done"), unknown = number("HGET", "gesync:stats", "fetch:dead");

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		redis_do("LPUSH", "gesync:queue:ping", test_format("{\"id\":\"%s\",\"run\":\"%s\"}", names[i], names[i]));
		redis_do("LPUSH", "gesync:queue:fetch", names[i]);
	}
	redis_do("LPUSH", "gesync:queue:fetch", "%s%n", "=", "#1", "!", "*", "a!b", "{x}", "\xc3\xa9", "^(.*)$");
	wait_until(number("HGET", "gesync:stats", "ping:done") == before + (int64_t)COUNT(names) || !alive());
	wait_until(number("HGET", "gesync:stats", "fetch:dead") == unknown + (int64_t)COUNT(names) + 9 || !alive());
	assert_true(alive());
	for (size_t i = 0; i < COUNT(names); i++) {
		struct redis_value *v = ask(3, (const char *const[]){ "HGET", test_format("gesync:job:%s", names[i]), "status" }, NULL);

		assert_string_equal(redis_text(v), "done");
		redis_value_free(v);
		assert_int_equal(number("HEXISTS", "gesync:outcome:fetch", names[i]), 1);
		assert_int_equal(number("EXISTS", test_format("gesync:run:%s", names[i]), NULL), 0);
	}
	redis_do("DEL", "gesync:dead", "gesync:dead:bytes");
}

/* ---- keys of a wrong type ---- */

static void a_queue_that_is_no_list_harms_no_other(void **state)
{
	static const char *const queues[] = { "fetch", "bulk", "check", "migrate" };
	struct redis_value *v;

	(void)state;
	for (size_t i = 0; i < COUNT(queues); i++)
		redis_do("SET", test_format("gesync:queue:%s", queues[i]), "kept");
	for (int i = 0; i < 20; i++)
		expect_ping("a queue became a string");
	/* What is due in retry for a queue that is no list waits on; others go. */
	redis_do("ZADD", "gesync:retry", "1", "gesync/1 fetch X7 ge_timeout r1 1 0 1 *\n\nX7",
		 "1", "gesync/1 ping * job_timeout r2 1 0 1 *\n\n{\"id\":\"r2\"}");
	wait_until(number("HEXISTS", "gesync:job:r2", "finished_at") == 1);
	assert_int_equal(number("ZCARD", "gesync:retry", NULL), 1);
	for (size_t i = 0; i < COUNT(queues); i++) {
		v = ask(2, (const char *const[]){ "GET", test_format("gesync:queue:%s", queues[i]) }, NULL);
		assert_string_equal(redis_text(v), "kept");
		redis_value_free(v);
		redis_do("DEL", test_format("gesync:queue:%s", queues[i]));
	}
	wait_until(number("HEXISTS", "gesync:outcome:fetch", "X7") == 1);       /* mended: it goes on */
	assert_true(alive());
	redis_do("DEL", "gesync:dead", "gesync:dead:bytes");
}

static void other_keys_of_a_wrong_type_stop_nothing(void **state)
{
	static const char *const keys[] = {
		"retry", "scheduled", "dead", "outcome:fetch", "job:bad", "run:bad", "stats", "paused", "ge:session"
	};
	struct element bad = TEXT("a bad one", "\xff");
	struct redis_value *v;

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		redis_do("DEL", test_format("gesync:%s", keys[i]));
		redis_do("SET", test_format("gesync:%s", keys[i]), "kept");
	}
	redis_do("LPUSH", "gesync:queue:ping", "{\"id\":\"bad\",\"run\":\"bad\"}", "{\"id\":\"good\"}", "plain");
	redis_do("LPUSH", "gesync:queue:fetch", "X8");
	push("ping", &bad);
	wait_until(number("HEXISTS", "gesync:job:good", "finished_at") == 1 || !alive());
	/* Two that are dead: what stood there is kept beside. */
	wait_until(!strcmp(test_redis_cli(server, "TYPE", "gesync:dead", NULL), "zset") || !alive());
	wait_until(number("ZCARD", "gesync:dead", NULL) == 2 || !alive());
	assert_true(alive());
	v = ask(2, (const char *const[]){ "KEYS", "gesync:*:aside:*" }, NULL);
	assert_int_equal(redis_len(v), 3);
	for (size_t i = 0; i < redis_len(v); i++)
		assert_string_equal(test_redis_cli(server, "GET", redis_text(redis_at(v, i)), NULL), "kept");
	redis_value_free(v);
	for (size_t i = 3; i < COUNT(keys); i++)
		assert_string_equal(test_redis_cli(server, "GET", test_format("gesync:%s", keys[i]), NULL), "kept");
	for (size_t i = 0; i < COUNT(keys); i++)
		redis_do("DEL", test_format("gesync:%s", keys[i]));
	expect_ping("keys of a wrong type");
	free(bad.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_element_stops_a_worker_or_loses_a_byte),
		cmocka_unit_test(what_is_odd_and_still_a_job_runs),
		cmocka_unit_test(names_like_private_keys_are_just_names),
		cmocka_unit_test(a_queue_that_is_no_list_harms_no_other),
		cmocka_unit_test(other_keys_of_a_wrong_type_stop_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
