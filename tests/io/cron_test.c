/* cron_test.c - one crontab, many schedulers, time that a test makes.
 *
 * Simulated minutes are an argument of cron_step() and cron_take(), as the
 * pool's clock is in scheduler/cron.c: the parent moves them on in memory
 * that its children share. Children take what is due and start it as a
 * scheduler's process does, by run_begin() and run_push(); they are killed at
 * random. What counts is what stands on the list in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cron.h"
#include "scheduler/scheduler.h"
#include "scripts.h"
#include "tests/support/servers.h"
#include "zone.h"

static const struct redis_script *const scripts[] = {
	&lua_run_begin, &lua_run_push, &lua_cron_fire, &lua_cron_take, NULL
};

static struct test_redis *server;

/* Of one process: nothing of it survives a fork. */
static void connect_to(struct app *app)
{
	struct err err;

	memset(app, 0, sizeof(*app));
	app->set.namespace_ = (char *)"gesync";
	app->loop = loop_new();
	command_init(&app->cmd, "gesync");
	app->redis = redis_new(app->loop, server->unix_url, scripts, NULL, NULL, &err);
	assert_non_null(app->redis);
}

static void disconnect(struct app *app)
{
	redis_free(app->redis);
	command_clear(&app->cmd);
	loop_free(app->loop);
}

static void load(struct crontab *tab, struct tz **zone, const char *text, const char *name)
{
	struct err err;

	assert_int_equal(crontab_parse(tab, text, strlen(text), name, NULL, &err), 0);
	*zone = zone_load(name, NULL, &err);
	assert_non_null(*zone);
	for (size_t i = 0; i < tab->n; i++)
		tab->lines[i].tz = *zone;
}

/* ---- catching up ---- */

#define NOON 1792584000         /* 2026-10-21 12:00 UTC */

/* After nobody was there for three hours, how many occurrences of an hourly line are due. */
static void catching_up(enum cron_catch_up catch_up, int due_then)
{
	struct crontab tab;
	struct tz *zone;
	struct app app;
	struct err err;

	test_redis_cli(server, "FLUSHALL", NULL);
	connect_to(&app);
	load(&tab, &zone, "0 * * * * ping", "UTC");
	assert_int_equal(cron_step(app.redis, &app.cmd, &tab, catch_up, NOON * INT64_C(1000) + 60000, &err), 0);
	assert_string_equal(test_redis_cli(server, "ZCARD", "gesync:cron:due", NULL), "0");
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(cron_step(app.redis, &app.cmd, &tab, catch_up, (NOON + 3 * 3600 + 1800) * INT64_C(1000), &err), 0);
		assert_int_equal(atoi(test_redis_cli(server, "ZCARD", "gesync:cron:due", NULL)), due_then);
	}
	crontab_clear(&tab);
	tz_free(zone);
	disconnect(&app);
}

static void what_nobody_was_there_for_is_caught_up_with_as_told(void **state)
{
	(void)state;
	catching_up(CRON_CATCH_NONE, 0);
	catching_up(CRON_CATCH_LAST, 1);
	catching_up(CRON_CATCH_ALL, 3);
}

static void an_occurrence_that_is_not_much_too_late_fires(void **state)
{
	struct crontab tab;
	struct tz *zone;
	struct app app;
	struct err err;
	struct cron_due due[2];

	(void)state;
	test_redis_cli(server, "FLUSHALL", NULL);
	connect_to(&app);
	load(&tab, &zone, "0 * * * * ping --count 7", "UTC");
	assert_int_equal(cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_NONE, NOON * INT64_C(1000) - 1000, &err), 0);
	assert_int_equal(cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_NONE, (NOON + CRON_LATE_S) * INT64_C(1000), &err), 0);
	assert_int_equal(cron_take(app.redis, &app.cmd, NOON * INT64_C(1000) + 300000, 2, due, &err), 1);
	assert_string_equal(due[0].args, "ping --count 7");
	assert_int_equal(due[0].at, NOON);
	/* In hand: nobody else's until the lease is over; then anybody's, until it is done. */
	struct cron_due other[2];

	assert_int_equal(cron_take(app.redis, &app.cmd, NOON * INT64_C(1000) + 300000, 2, other, &err), 0);
	assert_int_equal(cron_take(app.redis, &app.cmd, NOON * INT64_C(1000) + 300000 + CRON_LEASE_MS, 2, other, &err), 1);
	assert_string_equal(other[0].id, due[0].id);
	assert_int_equal(cron_done(app.redis, &app.cmd, &other[0], &err), 0);
	assert_int_equal(cron_keep(app.redis, &app.cmd, &due[0], 0, &err), 0);       /* too late: it is gone */
	assert_int_equal(cron_take(app.redis, &app.cmd, INT64_C(1) << 50, 2, other + 1, &err), 0);
	cron_due_clear(&due[0]);
	cron_due_clear(&other[0]);
	crontab_clear(&tab);
	tz_free(zone);
	disconnect(&app);
}

static void much_at_once_becomes_due_in_several_steps(void **state)
{
	struct crontab tab;
	struct tz *zone;
	struct app app;
	struct err err;
	int64_t now = NOON * INT64_C(1000);

	(void)state;
	test_redis_cli(server, "FLUSHALL", NULL);
	connect_to(&app);
	load(&tab, &zone, "* * * * * ping", "UTC");
	assert_int_equal(cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_ALL, now, &err), 0);
	now += 500 * 60000;
	for (int due = CRON_STEP_MAX; due < 500; due += CRON_STEP_MAX) {
		assert_int_equal(cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_ALL, now, &err), 0);
		assert_int_equal(atoi(test_redis_cli(server, "ZCARD", "gesync:cron:due", NULL)), due);
	}
	assert_int_equal(cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_ALL, now, &err), 0);
	assert_int_equal(atoi(test_redis_cli(server, "ZCARD", "gesync:cron:due", NULL)), 500);
	/* and no more than ten thousand in all */
	now += INT64_C(20000) * 60000;
	while (cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_ALL, now, &err) == 0)
		assert_true(atoi(test_redis_cli(server, "ZCARD", "gesync:cron:due", NULL)) < 10300);
	assert_string_equal(err.code, "cron_full");
	crontab_clear(&tab);
	tz_free(zone);
	disconnect(&app);
}

/* ---- ten thousand minutes ---- */

#define MINUTES 10000
/* 21 October 2026: the clocks of Berlin change on the 25th. */
#define BEGIN 1792540800

static const char table[] =
	"* * * * * ping\n"
	"*/7 * * * * ping --count 2\n"
	"30 2 * * * ping --count 3\n"
	"0,15,30,45 1-4 * * * ping --count 4\n"
	"@daily ping --count 5\n";

/* What a scheduler's process does for one occurrence, its job named after it. */
static int start_one(struct app *app, struct cron_due *due)
{
	struct run run;
	struct err err;
	char *element;
	int rc;

	app->opt.occurrence = due->id;
	app->opt.wait_ms = 1;                   /* another fills it: it is looked at again later */
	app->begun_ms = loop_now_ms(app->loop) - 1;
	rc = run_begin(app, &run, "ping", "ping", NULL, &err);
	if (rc < 0 || !run.fill)
		return rc;
	run.queue = QUEUE_PING;
	if (asprintf(&element, "%s", due->id) < 0)
		abort();
	return run_add(app, &run, element, &err) < 0 || run_push(app, &run, true, &err) < 0 ? -1 : 0;
}

static void scheduler(const struct crontab *tab, const _Atomic int64_t *clock)
{
	struct app app;
	struct cron_due due[20];
	struct err err;

	connect_to(&app);
	for (;;) {
		int64_t now = *clock * 1000;
		int n;

		if (cron_step(app.redis, &app.cmd, tab, CRON_CATCH_ALL, now, &err) < 0)
			continue;
		n = cron_take(app.redis, &app.cmd, now, 20, due, &err);
		for (int i = 0; i < n; i++) {
			if (start_one(&app, &due[i]) == 0)
				cron_done(app.redis, &app.cmd, &due[i], &err);
			cron_due_clear(&due[i]);
		}
	}
}

static pid_t fork_scheduler(const struct crontab *tab, const _Atomic int64_t *clock)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		scheduler(tab, clock);
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

static void kill_scheduler(pid_t *pid)
{
	kill(*pid, SIGKILL);
	assert_int_equal(waitpid(*pid, NULL, 0), *pid);
	*pid = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every occurrence of the time that has passed, and nothing else, once each. */
static void compare(struct app *app, const struct crontab *tab, int64_t from, int64_t to)
{
	struct err err;
	struct redis_value *list = redis_ask(app->redis, &err, "LRANGE", "gesync:queue:ping", "0", "-1", NULL);
	size_t n = redis_len(list), expected = 0;
	char **got = calloc(n + 1, sizeof(*got)), id[CRON_ID];

	assert_non_null(list);
	for (size_t i = 0; i < n; i++)
		got[i] = (char *)redis_text(redis_at(list, i));
	qsort(got, n, sizeof(*got), by_text);
	for (size_t i = 1; i < n; i++)
		if (!strcmp(got[i], got[i - 1]))
			fail_msg("%s twice", got[i]);
	for (size_t l = 0; l < tab->n; l++) {
		struct cron_time t = { from, CRON_NOTHING_YET };

		for (; cron_next(&tab->lines[l], t, &t) && t.at <= to; expected++) {
			char *key = cron_id(&tab->lines[l], t, id);

			if (!bsearch(&key, got, n, sizeof(*got), by_text))
				fail_msg("%s is missing", id);
		}
	}
	assert_int_equal(n, expected);
	assert_true(n > MINUTES);
	free(got);
	redis_value_free(list);
}

/* The lines have fired up to then, and nothing is left to start. */
static bool is_over(const struct crontab *tab, int64_t then)
{
	for (size_t i = 0; i < tab->n; i++)
		if (strtoll(test_redis_cli(server, "HGET", "gesync:cron", tab->lines[i].key, NULL), NULL, 10) < then)
			return false;
	return !strcmp(test_redis_cli(server, "ZCARD", "gesync:cron:due", NULL), "0");
}

static void every_occurrence_starts_once_whichever_scheduler_dies(void **state)
{
	_Atomic int64_t *clock = mmap(NULL, sizeof(*clock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct crontab tab;
	struct tz *zone;
	struct app app;
	struct err err;
	pid_t pid[2];
	int kills = 0;

	(void)state;
	test_redis_cli(server, "FLUSHALL", NULL);
	assert_true(clock != MAP_FAILED);
	load(&tab, &zone, table, "Europe/Berlin");
	connect_to(&app);
	*clock = BEGIN;
	assert_int_equal(cron_step(app.redis, &app.cmd, &tab, CRON_CATCH_ALL, *clock * 1000, &err), 0);
	disconnect(&app);               /* forked processes have loops of their own */
	for (int i = 0; i < 2; i++)
		pid[i] = fork_scheduler(&tab, clock);
	srand(20251119);
	for (int minute = 0; minute < MINUTES; minute++) {
		*clock += 60;
		if (minute % 10 == 0)
			test_pause();
		if (rand() % 100)
			continue;
		kill_scheduler(&pid[rand() % 2]);
		kills++;
		for (int i = 0; i < 2 && rand() % 4 == 0; i++)
			if (pid[i]) {                   /* nobody is there, for an hour */
				kill_scheduler(&pid[i]);
				*clock += 3600;
			}
		for (int i = 0; i < 2; i++)
			if (!pid[i])
				pid[i] = fork_scheduler(&tab, clock);
	}
	assert_true(kills > 50);
	/* What was in hand of the killed: time goes on until it has been taken. Their
	 * runs are taken over when the real lease of 30 s is over. */
	for (int64_t until = test_now_ms() + 3 * WAIT_MS; !is_over(&tab, 0); test_pause()) {
		assert_true(test_now_ms() < until);
		*clock += 1;
	}
	wait_until(is_over(&tab, *clock));
	for (int i = 0; i < 2; i++)
		kill_scheduler(&pid[i]);
	connect_to(&app);
	compare(&app, &tab, BEGIN, *clock);
	disconnect(&app);
	crontab_clear(&tab);
	tz_free(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_was_there_for_is_caught_up_with_as_told),
		cmocka_unit_test(an_occurrence_that_is_not_much_too_late_fires),
		cmocka_unit_test(much_at_once_becomes_due_in_several_steps),
		cmocka_unit_test(every_occurrence_starts_once_whichever_scheduler_dies),
	};

	server = test_redis_start(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
