/* main.c - gesyncctl: looks at the pool and controls it. One command, one
 * connection, one thing after another. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "log.h"
#include "scripts.h"

extern char **environ;

static const struct option_spec option_specs[] = {
	{ "json", OPT_FLAG, offsetof(struct options, json), NULL,
	  "one JSON document on standard output, nothing else", .max = 0 },
	{ "watch", OPT_FLAG, offsetof(struct options, watch), NULL,
	  "draws anew every second, until q or Ctrl-C", .commands = "status" },
	{ "failures", OPT_FLAG, offsetof(struct options, failures), NULL,
	  "the licences of the run that are given up, each with its error", .commands = "run" },
	{ "changes", OPT_FLAG, offsetof(struct options, changes), NULL,
	  "the licences that the run changed: owner, balance", .commands = "run" },
	{ "csv", OPT_FLAG, offsetof(struct options, csv), NULL,
	  "of --failures or --changes: for a spreadsheet", .commands = "run" },
	{ "markdown", OPT_FLAG, offsetof(struct options, markdown), NULL,
	  "a summary of the night, or a table of --failures or --changes", .commands = "run" },
	{ "limit", OPT_INT, offsetof(struct options, limit), "N",
	  "how many ls shows at the most [100]", 1, 1000000, "dead retry runs" },
	{ "offset", OPT_INT, offsetof(struct options, offset), "N",
	  "how many ls passes over first [0]", 0, 1000000, "dead retry" },
	{ "repair", OPT_FLAG, offsetof(struct options, repair), NULL,
	  "mends what can be", .commands = "fsck" },
	{ "run", OPT_STRING, offsetof(struct options, run), "RUN",
	  "all jobs of this run", .commands = "cancel" },
	{ "code", OPT_STRING, offsetof(struct options, code), "CODE",
	  "those whose last error has this code", .commands = "dead retry" },
	{ "license", OPT_STRING, offsetof(struct options, license), "NO",
	  "those of this licence", .commands = "dead retry" },
	{ "kind", OPT_STRING, offsetof(struct options, kind), "KIND",
	  "those of a kind: fetch, check, migrate or ping", .commands = "dead retry" },
	{ "older", OPT_STRING, offsetof(struct options, older), "DURATION",
	  "those that were given up longer ago: 90s, 2h", .commands = "dead" },
	{ "newer", OPT_STRING, offsetof(struct options, newer), "DURATION",
	  "those that were given up less long ago", .commands = "dead" },
	{ "all", OPT_FLAG, offsetof(struct options, all), NULL,
	  "all of them, in place of an id", .commands = "dead retry" },
	{ "full", OPT_FLAG, offsetof(struct options, full), NULL,
	  "rebuild: all three of the next", .commands = "migrations" },
	{ "backup", OPT_FLAG, offsetof(struct options, backup), NULL,
	  "rebuild: the files as they are are kept in a folder beside them", .commands = "migrations" },
	{ "remove-alters", OPT_FLAG, offsetof(struct options, remove_alters), NULL,
	  "rebuild: a baseline for apps whose migrations alter, rename or change", .commands = "migrations" },
	{ "recreate", OPT_FLAG, offsetof(struct options, recreate), NULL,
	  "rebuild: a baseline for all apps", .commands = "migrations" },
	{ "apps", OPT_STRING, offsetof(struct options, apps), "A,B",
	  "make, rebuild: of these apps only", .commands = "migrations" },
	{ "dry-run", OPT_FLAG, offsetof(struct options, dry_run), NULL,
	  "make, rebuild: only tells what would be done", .commands = "migrations" },
	{ .name = NULL }
};

static const struct program_command commands[] = {
	{ "status", NULL, "queues, workers, retries, the dead; why nothing moves when nothing does" },
	{ "why", "LICENSE", "one licence: last outcome, where it waits now, its next attempt" },
	{ "job", "ID", "one job that was given an id, or waits, or is given up" },
	{ "runs", NULL, "the last runs" },
	{ "run", "[ID]", "one run, the last one without an id" },
	{ "workers", NULL, "who lives, what he serves, when he was last heard of" },
	{ "dead", "ls|show ID|retry ID|rm ID", "jobs that are given up" },
	{ "retry", "ls|now ID", "jobs that wait for their next attempt" },
	{ "report", "check|migrate [APP]", "what the last check found, what the last migrate did" },
	{ "cancel", "ID | --run RUN", "a job that waits or runs, or all of a run" },
	{ "doctor", NULL, "is this deployment safe? eviction, persistence, versions, clocks, roles" },
	{ "fsck", NULL, "is every job in exactly one place? --repair mends what is not" },
	{ "pause", "QUEUE", "no worker claims from the queue any more; what runs goes on" },
	{ "resume", "QUEUE", "claims from the queue go on" },
	{ "session", "set|show|clear", "the GE session in use (set reads jsessionid=, csrf=, awsalb= lines or JSON)" },
	{ "breaker", "show|reset", "whether the pool takes GE for down, and since when; takes it for up" },
	{ "migrations", "ls|plan|make|rebuild|sql|lint", "the migration files: applied and pending, the SQL that migrate would run; writes new ones" },
	{ .name = NULL }
};

static const struct {
	const char *name;
	int (*run)(struct ctl *c);
} handlers[] = {
	{ "status", command_status }, { "why", command_why }, { "job", command_job },
	{ "runs", command_runs }, { "run", command_run }, { "workers", command_workers },
	{ "dead", command_dead }, { "retry", command_retry },
	{ "cancel", command_cancel }, { "fsck", command_fsck }, { "doctor", command_doctor },
	{ "pause", command_pause }, { "resume", command_resume },
	{ "session", command_session }, { "breaker", command_breaker },
	{ "report", command_report }, { "migrations", command_migrations },
};

static const struct program program = {
	.name = "gesyncctl",
	.summary = "looks at gesync's pool and controls it",
	.usage = "gesyncctl COMMAND [WORD]... [OPTION]...",
	.options = option_specs,
	.commands = commands,
};

static const struct redis_script *const scripts[] = {
	&lua_dead_retry, &lua_dead_rm, &lua_cancel, &lua_cancel_run, &lua_fsck, &lua_ge_show, NULL
};

/* ---- what all commands say alike ---- */

int ctl_fail(const struct ctl *c)
{
	/* Of --apps; of GESYNC_MODELS_DIR. */
	bool usage = !strcmp(c->err.code, "unknown_app") || !strcmp(c->err.code, "bad_models");

	fprintf(stderr, "gesyncctl: %s\n", c->err.msg);
	return usage ? EXIT_USAGE : c->err.kind == ERR_HOLD ? EXIT_AWAY : EXIT_MISSING;
}

int ctl_usage(const char *fmt, ...)
{
	va_list ap;

	fputs("gesyncctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

int ctl_missing(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->opt.json)
		print_json(json_pack("{s{ss ss}}", "error", "code", "not_found", "message", text));
	else
		fprintf(stderr, "gesyncctl: %s\n", text);
	return EXIT_MISSING;
}

int ctl_words(const struct ctl *c, size_t from, size_t least, size_t most, const char *usage)
{
	if (c->args.n >= from + least && c->args.n <= from + most)
		return 0;
	return ctl_usage("%s: usage: gesyncctl %s", c->args.n < from + least ? "something is missing" :
			 "too many words", usage);
}

/* ---- Redis ---- */

const char *ctl_key(struct ctl *c, enum key key)
{
	return keys_name(c->keys[c->next_key++ % CTL_KEYS], c->set.namespace_, key);
}

const char *ctl_key_of(struct ctl *c, const char *prefix, const char *name)
{
	return keys_of(c->keys[c->next_key++ % CTL_KEYS], c->set.namespace_, prefix, name);
}

struct redis_value *ctl_run_script(struct ctl *c)
{
	return command_ask(&c->cmd, c->redis, &c->err);
}

static void on_over(void *data)
{
	*(bool *)data = true;
}

void ctl_pause(struct ctl *c, int64_t ms)
{
	bool over = false;
	struct timer *timer = timer_new(c->loop, on_over, &over);

	timer_set(timer, ms);
	while (!over)
		loop_run_once(c->loop);
	timer_free(timer);
}

int64_t ctl_now_ms(struct ctl *c)
{
	struct redis_value *v = ctl_ask(c, "TIME");
	int64_t ms = v ? redis_int(redis_at(v, 0)) * 1000 + redis_int(redis_at(v, 1)) / 1000 : -1;

	redis_value_free(v);
	return ms;
}

/* The private keys that are looked at are of one version: another's are not
 * guessed. */
static int check_protocol(struct ctl *c)
{
	struct redis_value *v = ctl_ask(c, "GET", ctl_key(c, KEY_PROTOCOL));
	int rc = 0;

	if (!v)
		return ctl_fail(c);
	if (!redis_is_nil(v) && strcmp(redis_text(v), KEYS_PROTOCOL_VERSION))
		rc = ctl_usage("this Redis is used by version %.16s of the protocol, gesyncctl speaks version "
			       KEYS_PROTOCOL_VERSION ": use the gesyncctl of that version", redis_text(v));
	redis_value_free(v);
	return rc;
}

static int run_with_redis(struct ctl *c, int (*command)(struct ctl *c))
{
	int rc;

	c->redis = redis_new(c->loop, c->set.redis_url, scripts, NULL, NULL, &c->err);
	if (!c->redis)
		return ctl_usage("%s", c->err.msg);
	rc = check_protocol(c);
	if (!rc)
		rc = command(c);
	redis_free(c->redis);
	return rc;
}

static int run(struct ctl *c)
{
	size_t i = 0;
	int rc;

	while (strcmp(handlers[i].name, c->args.v[0]))  /* settings_parse() knows no other */
		i++;
	c->loop = loop_new();
	command_init(&c->cmd, c->set.namespace_);
	if (handlers[i].run == command_migrations)
		rc = command_migrations(c);
	else
		rc = run_with_redis(c, handlers[i].run);
	command_clear(&c->cmd);
	loop_free(c->loop);
	return rc;
}

int main(int argc, char **argv)
{
	struct ctl c = { .next_key = 0 };
	int status;

	status = settings_parse(&c.set, &c.opt, &program, argc, argv, environ, &c.args, stdout, stderr);
	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	/* Logs on a screen that is drawn again and again are only in the way. */
	log_setup(c.set.log == LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : c.opt.watch ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
		  c.set.log_json);
	status = run(&c);
	if (fflush(stdout) || ferror(stdout))
		status = status ? status : EXIT_MISSING;
	settings_clear(&c.set);
	strings_clear(&c.args);
	return status;
}
