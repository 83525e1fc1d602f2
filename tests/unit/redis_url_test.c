/* redis_url_test.c - every part of a Redis URL, and what cannot be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "redis_url.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void a_url_is_taken_apart(void **state)
{
	static const struct {
		const char *url, *host;
		int port;
		const char *path, *user, *password;
		int db;
	} rows[] = {
		{ "redis://127.0.0.1:6379/0", "127.0.0.1", 6379, "", "", "", 0 },
		{ "redis://cache", "cache", 6379, "", "", "", 0 },
		{ "redis://cache/", "cache", 6379, "", "", "", 0 },
		{ "REDIS://cache", "cache", 6379, "", "", "", 0 },
		{ "rediss://cache", "cache", 6379, "", "", "", 0 },
		{ "rediss://:s3cret@cache:6380/3", "cache", 6380, "", "", "s3cret", 3 },
		{ "redis://cache?db=4", "cache", 6379, "", "", "", 4 },
		{ "redis://cache/?db=4", "cache", 6379, "", "", "", 4 },
		{ "redis://cache/15", "cache", 6379, "", "", "", 15 },
		{ "redis://cache:1", "cache", 1, "", "", "", 0 },
		{ "redis://cache:65535/1000000", "cache", 65535, "", "", "", 1000000 },
		{ "redis://:s3cret@cache", "cache", 6379, "", "", "s3cret", 0 },
		{ "redis://app:s3cret@cache:7000/2", "cache", 7000, "", "app", "s3cret", 2 },
		{ "redis://app@cache", "cache", 6379, "", "app", "", 0 },
		{ "redis://:@cache", "cache", 6379, "", "", "", 0 },
		{ "redis://@cache", "cache", 6379, "", "", "", 0 },
		{ "redis://a:b@c@d:p@cache", "cache", 6379, "", "a", "b@c@d:p", 0 },
		{ "redis://a%3ab:p%40%2F%25%3a@cache", "cache", 6379, "", "a:b", "p@/%:", 0 },
		{ "redis://:100%@cache", "cache", 6379, "", "", "100%", 0 },
		{ "redis://:%zz%4@cache", "cache", 6379, "", "", "%zz%4", 0 },
		{ "redis://:p%C3%BC@cache", "cache", 6379, "", "", "p\xc3\xbc", 0 },
		{ "redis://[::1]", "::1", 6379, "", "", "", 0 },
		{ "redis://[::1]:7000/1", "::1", 7000, "", "", "", 1 },
		{ "redis://u:p@[fe80::1%25eth0]:7000", "fe80::1%eth0", 7000, "", "u", "p", 0 },
		{ "unix:///run/redis.sock", "", 0, "/run/redis.sock", "", "", 0 },
		{ "unix:///run/redis.sock?db=7", "", 0, "/run/redis.sock", "", "", 7 },
		{ "unix://app:s3cret@/run/redis.sock?db=7", "", 0, "/run/redis.sock", "app", "s3cret", 7 },
		{ "unix:///run/a@b", "", 0, "/run/a@b", "", "", 0 },
		{ "unix://run/redis.sock", "", 0, "run/redis.sock", "", "", 0 },
		{ "unix:///run/my%20redis%3f.sock?db=0", "", 0, "/run/my redis?.sock", "", "", 0 },
	};
	struct redis_url u;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (redis_url_parse(&u, rows[i].url, &err) < 0)
			fail_msg("%s: %s", rows[i].url, err.msg);
		assert_string_equal(u.at.host, rows[i].host);
		assert_int_equal(u.at.port, rows[i].port);
		assert_string_equal(u.at.path, rows[i].path);
		assert_string_equal(u.user, rows[i].user);
		assert_string_equal(u.password, rows[i].password);
		assert_int_equal(u.db, rows[i].db);
	}
}

static void sentinels_are_listed_before_the_name_of_their_master(void **state)
{
	struct redis_url u;
	struct err err;
	char url[400] = "redis+sentinel://h0";

	(void)state;
	assert_int_equal(redis_url_parse(&u, "redis+sentinel://app:p%40@h1:26380,h2,[::1]:1/my%2Fmaster/3", &err), 0);
	assert_int_equal(u.nsentinels, 3);
	assert_string_equal(u.sentinels[0].host, "h1");
	assert_int_equal(u.sentinels[0].port, 26380);
	assert_string_equal(u.sentinels[1].host, "h2");
	assert_int_equal(u.sentinels[1].port, 26379);
	assert_string_equal(u.sentinels[2].host, "::1");
	assert_string_equal(u.master, "my/master");
	assert_string_equal(u.user, "app");
	assert_string_equal(u.password, "p@");
	assert_int_equal(u.db, 3);
	assert_string_equal(u.at.host, "");

	assert_int_equal(redis_url_parse(&u, "redis+sentinel://h/m", &err), 0);
	assert_int_equal(u.db, 0);
	assert_int_equal(redis_url_parse(&u, "redis+sentinel://h/m?db=2", &err), 0);
	assert_int_equal(u.db, 2);
	for (int n = 1; n <= REDIS_SENTINELS_MAX; n++) {
		snprintf(url + strlen(url) - (n > 1 ? 2 : 0), 20, ",h%d/m", n);
		assert_int_equal(redis_url_parse(&u, url, &err), n < REDIS_SENTINELS_MAX ? 0 : -1);
	}
	assert_non_null(strstr(err.msg, "more than 16 sentinels"));
}

static void only_rediss_is_tls(void **state)
{
	struct redis_url u;
	struct err err;

	(void)state;
	assert_int_equal(redis_url_parse(&u, "rediss://h", &err), 0);
	assert_true(u.at.tls);
	assert_int_equal(redis_url_parse(&u, "redis://h", &err), 0);
	assert_false(u.at.tls);
}

static void what_cannot_be_is_refused_and_the_password_kept_secret(void **state)
{
	static const char *const rows[] = {
		"", "redis", "redis:", "redis:/", "http://h", "redisss://h", "rediss:/h", "redis://", "redis://:7000", "redis:///3", "rediss://", "redis://[]", "redis://h,i",
		" redis://h", "redis//h",
		"redis://:s3cret@h:", "redis://:s3cret@h:0", "redis://:s3cret@h:65536", "redis://:s3cret@h:70000",
		"redis://:s3cret@h:-1", "redis://:s3cret@h:+1", "redis://:s3cret@h:6379x", "redis://:s3cret@h:99999999999999999999",
		"redis://:s3cret@h: 6379", "redis://:s3cret@h/x", "redis://:s3cret@h/-1", "redis://:s3cret@h/1/2",
		"redis://:s3cret@h/0?x=1", "redis://:s3cret@h/1000001", "redis://:s3cret@h/0x1", "redis://:s3cret@h/ ",
		"redis://:s3cret@h?db=x", "redis://:s3cret@h/0?db=", "redis://:s3cret@h#1", "redis://:s3cret@h h", "redis://:s3cret@h\n",
		"redis://:s3cret@%00", "redis://:s3cret%00@h", "redis://s3cret%00@h", "redis://:s3/cret@h",
		"redis://:s3cret@::1", "redis://:s3cret@::1:6379", "redis://:s3cret@[::1", "redis://:s3cret@[::1]x",
		"redis://:s3cret@[::1]x:7", "redis://:s3cret@[::1]:", "redis://:s3cret@[::1]7000",
		"unix://", "unix://?db=1", "unix:///s?", "unix:///s?db=", "unix:///s?db=x", "unix:///s?db=-1",
		"unix:///s?db=1&x=2", "unix:///s?database=1", "unix:///s?DB=1", "unix:///s%00", "unix:/s", "unix://redis.sock",
		"unix://:s3cret@", "unix://:s3cret@/", "redis+sentinel://h", "redis+sentinel://h/", "redis+sentinel:///m",
		"redis+sentinel://h,/m", "redis+sentinel://,h/m", "redis+sentinel://h//0", "redis+sentinel://h/m/x", "redis+sentinel://h/m/0/1",
		"redis+sentinel://h/m%00", "redis+sentinel://h:0/m", "redis+sentinel://h:x/m", "redis+sentinel://h?db=1", "sentinel://h/m",
		"redis+sentinel://:s3cret@h1,:s3cret@h2:x/m",
	};
	struct redis_url u;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (redis_url_parse(&u, rows[i], &err) == 0)
			fail_msg("accepted: %s", rows[i]);
		assert_string_equal(err.code, "bad_url");
		assert_int_equal(err.kind, ERR_PERMANENT);
		assert_true(strlen(err.msg) > 10);
		assert_null(strstr(err.msg, "s3cret"));
		assert_null(strstr(err.msg, "cret@"));
	}
}

/* prefix, n times c, suffix: the most that fits, and one more. */
static void check_longest(const char *prefix, const char *suffix, size_t most)
{
	char url[1000];
	struct redis_url u;
	struct err err;

	for (size_t n = most; n <= most + 1; n++) {
		snprintf(url, sizeof(url), "%s%*s%s", prefix, (int)n, "", suffix);
		memset(url + strlen(prefix), 'c', n);
		assert_int_equal(redis_url_parse(&u, url, &err), n == most ? 0 : -1);
		if (n > most)
			assert_string_equal(err.code, "bad_url");
	}
}

static void every_part_has_its_longest(void **state)
{
	(void)state;
	check_longest("redis://", "", 255);
	check_longest("redis://", ":1", 255);
	check_longest("redis://[", "]:1", 255);
	check_longest("redis://", "@h", 127);
	check_longest("redis://", ":p@h", 127);
	check_longest("redis://:", "@h", 255);
	check_longest("redis://u:", "@h", 255);
	check_longest("redis+sentinel://", "/m", 255);
	check_longest("redis+sentinel://h/", "", 127);
	check_longest("unix:///", "?db=1", 106);
}

static void any_text_is_read_or_refused(void **state)
{
	static const char *const seeds[] = {
		"redis://user:pass@host:6379/0", "unix:///run/redis.sock?db=3", "redis://[::1]:7000/1",
		"redis+sentinel://u:p@a:1,b/m/2?db=3",
	};
	static const char letters[] = "redis:/@[]%?#=,+0123456789 unxdb\xff\xc3\n";
	uint64_t x = 88172645463325252u;
	struct redis_url u;
	struct err err;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		char *url = strdup(seeds[(size_t)round % COUNT(seeds)]);   /* its own block: a read past its end is seen */
		size_t len = strlen(url);

		assert_non_null(url);
		for (int edits = 0; edits < 1 + round % 5; edits++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			url[x % len] = letters[(x >> 20) % (sizeof(letters) - 1)];
			if (x >> 40 & 1)
				url[len - 1 - (x >> 44) % 3] = '\0', len = strlen(url) ? strlen(url) : 1;
		}
		if (redis_url_parse(&u, url, &err) == 0) {
			const struct redis_place *at = u.nsentinels ? &u.sentinels[u.nsentinels - 1] : &u.at;

			assert_true(!*at->host != !*at->path);
			assert_true(*at->path || (at->port >= 1 && at->port <= 65535));
			assert_true(!*u.master == !u.nsentinels);
			assert_in_range(u.db, 0, 1000000);
		} else {
			assert_string_equal(err.code, "bad_url");
		}
		free(url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(sentinels_are_listed_before_the_name_of_their_master),
		cmocka_unit_test(only_rediss_is_tls),
		cmocka_unit_test(what_cannot_be_is_refused_and_the_password_kept_secret),
		cmocka_unit_test(every_part_has_its_longest),
		cmocka_unit_test(any_text_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
