/* cron.c - run --crontab: starts what is due, beside any number of others.
 *
 *      look at Redis' clock --> step, take (cron.h) --> start each as a process --+
 *         ^                                                                       |
 *         +-- the next minute that matters, a process ended, HUP, TERM, 10 s -----+
 *
 * An occurrence is this very program with the line's arguments, a process of
 * its own: a fan-out that takes long, or waits for a migration, stands in no
 * other line's way. While it runs its occurrence is kept in hand; if we die
 * it is another's after a lease, whose process goes on with the same run.
 * TERM hands everything back at once. */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cron.h"
#include "log.h"
#include "mem.h"
#include "notify.h"
#include "scheduler.h"

#define CHILDREN        64      /* that run beside one another; more wait */
#define LOOK_MS         10000   /* a third of a lease: what is in hand is kept, what others left is found */
#define ARGS_MAX        (CRONTAB_ARGS_MAX + 128)

extern char **environ;

struct child {
	pid_t pid;              /* 0: free */
	struct cron_due due;
	bool ended, again;      /* what is to be told of it */
};

struct cron {
	struct app *app;
	struct cron_file file;
	enum cron_catch_up catch_up;
	struct child children[CHILDREN];
	bool stop, reload, woken;
	bool away;              /* said that Redis is */
};

static void on_term(void *data)
{
	struct cron *c = data;

	c->stop = c->woken = true;
}

static void on_hup(void *data)
{
	struct cron *c = data;

	c->reload = c->woken = true;
}

static void on_wake(void *data)
{
	struct cron *c = data;

	c->woken = true;
}

static int running(const struct cron *c)
{
	int n = 0;

	for (int i = 0; i < CHILDREN; i++)
		n += c->children[i].pid != 0;
	return n;
}

/* ---- processes ---- */

/* Our own settings, the line's arguments: argv of the process, which borrows. */
static void make_argv(const struct app *app, char *occurrence, char *const *words, char *argv[ARGS_MAX])
{
	int n = 0;

	argv[n++] = app->argv[0];
	for (char **a = app->argv + 1; *a && n < ARGS_MAX - CRONTAB_ARGS_MAX - 2; a++) {
		if (*a == app->command || !strncmp(*a, "--crontab=", 10) || !strncmp(*a, "--catch-up=", 11))
			continue;
		if (!strcmp(*a, "--crontab") || !strcmp(*a, "--catch-up")) {
			a++;
			continue;
		}
		argv[n++] = *a;
	}
	argv[n++] = occurrence;
	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
}

static int spawn(const struct app *app, const struct cron_due *due, pid_t *pid)
{
	char *words[CRONTAB_ARGS_MAX + 1], *argv[ARGS_MAX], occurrence[CRON_ID + 16];
	posix_spawnattr_t attr;
	sigset_t standard;
	struct err err;
	int rc;

	if (cron_words(due->args, strlen(due->args), words, &err) < 0)
		return -1;
	snprintf(occurrence, sizeof(occurrence), "--occurrence=%s", due->id);
	make_argv(app, occurrence, words, argv);
	sigemptyset(&standard);
	sigaddset(&standard, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &standard);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, "/proc/self/exe", NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	cron_words_clear(words);
	if (rc)
		log_error("cron occurrence=%s cannot be started: %s", due->id, strerror(rc));
	return rc ? -1 : 0;
}

static void start(struct cron *c, struct cron_due *due)
{
	struct child *child = c->children;

	while (child->pid)
		child++;
	if (spawn(c->app, due, &child->pid) < 0) {      /* tried again when its lease is over */
		child->pid = 0;
		cron_due_clear(due);
		return;
	}
	child->due = *due;
	child->ended = child->again = false;
	log_info("cron occurrence=%s started pid=%d: %s", due->id, (int)child->pid, due->args);
}

/* What was killed, or could not reach Redis or PostgreSQL, is started again:
 * by us or others when a lease is over; at once by others where we leave. */
static void look_at(struct child *child)
{
	int status;

	if (!child->pid || child->ended || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	child->ended = true;
	child->again = WIFSIGNALED(status) || WEXITSTATUS(status) == EXIT_AWAY;
	if (WIFSIGNALED(status))
		log_warn("cron occurrence=%s ended by signal %d: starts again", child->due.id, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		log_warn("cron occurrence=%s exit=%d%s: %s", child->due.id, WEXITSTATUS(status),
			 child->again ? ", starts again" : "", child->due.args);
	else
		log_info("cron occurrence=%s exit=0", child->due.id);
}

static void tell(struct cron *c, struct child *child, int64_t now)
{
	struct app *app = c->app;
	struct err err;
	int rc;

	if (child->ended && !child->again)
		rc = cron_done(app->redis, &app->cmd, &child->due, &err);
	else
		rc = cron_keep(app->redis, &app->cmd, &child->due,
			       child->again && c->stop ? now : now + CRON_LEASE_MS, &err);
	if (rc < 0 || !child->ended)
		return;
	cron_due_clear(&child->due);
	child->pid = 0;
}

/* ---- the loop ---- */

static int ask_now(struct app *app, int64_t *now, struct err *err)
{
	struct redis_value *v = redis_ask(app->redis, err, "TIME", NULL);

	if (!v)
		return -1;
	*now = redis_int(redis_at(v, 0)) * 1000 + redis_int(redis_at(v, 1)) / 1000;
	redis_value_free(v);
	return 0;
}

static int fire(struct cron *c, int64_t now, struct err *err)
{
	struct app *app = c->app;
	struct cron_due due[CHILDREN];
	int room = CHILDREN - running(c), n = 0;

	if (app_protocol(app, err) < 0 || cron_step(app->redis, &app->cmd, &c->file.tab, c->catch_up, now, err) < 0)
		return -1;
	if (!room)
		log_warn("cron: %d one-shots run already: what is due waits", CHILDREN);
	else
		n = cron_take(app->redis, &app->cmd, now, room, due, err);
	for (int i = 0; i < n; i++)
		start(c, &due[i]);
	return n < 0 ? -1 : 0;
}

/* How long there is nothing to do. */
static int64_t turn(struct cron *c)
{
	struct err err;
	int64_t now, next;

	for (int i = 0; i < CHILDREN; i++)
		look_at(&c->children[i]);
	if (ask_now(c->app, &now, &err) < 0 || (!c->stop && fire(c, now, &err) < 0)) {
		if (!c->away)
			log_warn("cron: %s; goes on when it can", err.msg);
		c->away = true;
		return 1000;
	}
	if (c->away)
		log_info("cron: goes on");
	notify_works();
	c->away = false;
	for (int i = 0; i < CHILDREN; i++)
		if (c->children[i].pid)
			tell(c, &c->children[i], now);
	next = cron_next_ms(&c->file.tab, now);
	return next - now < LOOK_MS ? next - now : LOOK_MS;
}

static void log_wrong(const char *what)
{
	log_error("cron: goes on with the former crontab: %s", what);
}

static void reload(struct cron *c)
{
	struct cron_file fresh;

	c->reload = false;
	if (cron_file_load(&fresh, c->app->opt.crontab, c->app->set.tz, log_wrong) < 0)
		return;
	cron_file_clear(&c->file);
	c->file = fresh;
	log_info("cron: %zu lines read from %s", fresh.tab.n, c->app->opt.crontab);
}

static void sleep_a_while(struct cron *c, int64_t ms)
{
	struct timer *timer = timer_new(c->app->loop, on_wake, c);

	timer_set(timer, ms < 1 ? 1 : ms);
	while (!c->woken)
		loop_run_once(c->app->loop);
	c->woken = false;
	timer_free(timer);
}

static void leave(struct cron *c)
{
	int64_t until = loop_now_ms(c->app->loop) + c->app->set.grace_ms;

	notify_stopping();
	log_info("cron: stopping; %d one-shots are handed back", running(c));
	for (int i = 0; i < CHILDREN; i++)
		if (c->children[i].pid && !c->children[i].ended)
			kill(c->children[i].pid, SIGTERM);
	while (running(c) && loop_now_ms(c->app->loop) < until) {
		int64_t ms = turn(c);

		sleep_a_while(c, ms < 100 ? ms : 100);
	}
}

static int serve(struct cron *c)
{
	struct loop *loop = c->app->loop;

	loop_on_signal(loop, SIGTERM, on_term, c);
	loop_on_signal(loop, SIGINT, on_term, c);
	loop_on_signal(loop, SIGHUP, on_hup, c);
	loop_on_signal(loop, SIGCHLD, on_wake, c);
	log_info("cron: %zu lines read from %s", c->file.tab.n, c->app->opt.crontab);
	while (!c->stop) {
		if (c->reload)
			reload(c);
		sleep_a_while(c, turn(c));
	}
	leave(c);
	return EXIT_DONE;
}

static int catch_up(const char *text)
{
	static const char *const names[] = { "none", "last", "all" };

	for (int i = 0; text && i < 3; i++)
		if (!strcmp(text, names[i]))
			return i;
	return text ? -1 : CRON_CATCH_LAST;
}

static void say_wrong(const char *what)
{
	app_usage(what);
}

int command_run(struct app *app)
{
	struct cron *c;
	int status, late = catch_up(app->opt.catch_up);

	if (!app->opt.crontab == !app->opt.check_file)
		return app_usage("run takes --crontab FILE, or --check FILE to look at one");
	if (late < 0)
		return app_usage("--catch-up must be none, last or all");
	c = need(calloc(1, sizeof(*c)));
	c->app = app;
	c->catch_up = (enum cron_catch_up)late;
	if (cron_file_load(&c->file, app->opt.crontab ? app->opt.crontab : app->opt.check_file, app->set.tz, say_wrong) < 0)
		status = EXIT_USAGE;
	else
		status = app->opt.check_file ? cron_file_show(&c->file, app->opt.json) : serve(c);
	cron_file_clear(&c->file);
	free(c);
	return status;
}
