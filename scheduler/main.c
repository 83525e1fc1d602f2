/* main.c - gesync-scheduler: turns a request into jobs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "scheduler.h"
#include "scripts.h"

extern char **environ;

#define PATIENCE_MS       30000         /* for a connection to PostgreSQL; --wait may shorten it */
#define PATIENCE_LEAST_MS 5000          /* as for Redis: time to connect */

#define AT(field) offsetof(struct options, field)

static const struct option_spec option_specs[] = {
	{ .name = "app", .type = OPT_STRINGS, .offset = AT(apps), .arg = "APP", .commands = "check migrate",
	  .help = "just this app; several make one job (default: all)" },
	{ .name = "table", .type = OPT_STRING, .offset = AT(table), .arg = "T", .commands = "check",
	  .help = "just this table" },
	{ .name = "show-columns", .type = OPT_FLAG, .offset = AT(show_columns), .commands = "check",
	  .help = "list all columns too, with type, null and default" },
	{ .name = "fix", .type = OPT_FLAG, .offset = AT(fix), .commands = "check",
	  .help = "create what is missing, then check again; never drops or rewrites" },
	{ .name = "plan", .type = OPT_FLAG, .offset = AT(plan), .commands = "migrate",
	  .help = "print the SQL that would run; change nothing" },
	{ .name = "to", .type = OPT_STRING, .offset = AT(to), .arg = "APP.NAME", .commands = "migrate",
	  .help = "stop behind this migration" },
	{ .name = "fake", .type = OPT_STRINGS, .offset = AT(fake), .arg = "APP.NAME", .commands = "migrate",
	  .help = "record this one, without running it" },
	{ .name = "fake-applied", .type = OPT_FLAG, .offset = AT(fake_applied), .commands = "migrate",
	  .help = "record all whose effect stands already in full" },
	{ .name = "repair", .type = OPT_FLAG, .offset = AT(repair), .commands = "migrate",
	  .help = "take files that were edited after they were applied as they are" },
	{ .name = "backup", .type = OPT_STRING, .offset = AT(backup), .arg = "NAME", .commands = "migrate",
	  .help = "first pg_dump into this file of GESYNC_BACKUP_DIR" },
	{ .name = "allow-data-loss", .type = OPT_FLAG, .offset = AT(allow_data_loss), .commands = "migrate",
	  .help = "go on where data is in the way of a step that destroys it" },
	{ .name = "full", .type = OPT_FLAG, .offset = AT(full), .commands = "sync",
	  .help = "check, migrate what is pending, then the licences (as without a mode)" },
	{ .name = "structure-only", .type = OPT_FLAG, .offset = AT(structure_only), .commands = "sync",
	  .help = "stop after the structure" },
	{ .name = "data-only", .type = OPT_FLAG, .offset = AT(data_only), .commands = "sync",
	  .help = "fetch the licences; leave the structure alone" },
	{ .name = "license", .type = OPT_STRINGS, .offset = AT(licenses), .arg = "NO", .commands = "sync",
	  .help = "just this licence, whatever its status" },
	{ .name = "force", .type = OPT_FLAG, .offset = AT(force), .commands = "sync",
	  .help = "write even where nothing changed" },
	{ .name = "offline", .type = OPT_FLAG, .offset = AT(offline), .commands = "sync",
	  .help = "recompute what follows from the database's own rows; GE is not asked" },
	{ .name = "deadline", .type = OPT_STRING, .offset = AT(deadline), .arg = "HH:MM", .commands = "sync",
	  .help = "put back for the next night what has not started by then (in GESYNC_TZ)" },
	{ .name = "resume", .type = OPT_FLAG, .offset = AT(resume), .commands = "sync",
	  .help = "after losing Redis: fetch what the last run has not done" },
	{ .name = "dry-run", .type = OPT_FLAG, .offset = AT(dry_run), .commands = "sync",
	  .help = "tell what would be synced; change nothing anywhere" },
	{ .name = "count", .type = OPT_INT, .offset = AT(count), .arg = "N", .commands = "ping",
	  .help = "so many pings (default 1)", .min = 1, .max = 100000000 },
	{ .name = "crontab", .type = OPT_STRING, .offset = AT(crontab), .arg = "FILE", .commands = "run",
	  .help = "minute hour day month weekday, then a one-shot's arguments" },
	{ .name = "catch-up", .type = OPT_STRING, .offset = AT(catch_up), .arg = "WHICH", .commands = "run",
	  .help = "of what nobody was there for: none, last (default) or all" },
	{ .name = "check", .type = OPT_STRING, .offset = AT(check_file), .arg = "FILE", .commands = "run",
	  .help = "look at a crontab: what is wrong, or the next five times of each line" },
	{ .name = "occurrence", .type = OPT_STRING, .offset = AT(occurrence), .arg = "ID" },
	{ .name = "wait", .type = OPT_OPTIONAL_SECONDS, .offset = AT(wait_ms), .arg = "SECONDS",
	  .help = "follow the run to its end; exit 75 after so many seconds" },
	{ .name = "id", .type = OPT_STRING, .offset = AT(id), .arg = "ID", .help = "name of the run" },
	{ .name = "json", .type = OPT_FLAG, .offset = AT(json), .help = "one JSON document on stdout, nothing else" },
	{ .name = NULL }
};

static const struct program_command commands[] = {
	{ "check", NULL, "compare the database with the models" },
	{ "migrate", NULL, "apply the migrations that are pending" },
	{ "sync", NULL, "fetch the licences that are due, or those named" },
	{ "ping", NULL, "send pings through the pool" },
	{ "run", NULL, "start what a crontab says, when it says so, beside any number of others" },
	{ .name = NULL }
};

static int command_check(struct app *app)
{
	return command_structure(app, QUEUE_CHECK);
}

static int command_migrate(struct app *app)
{
	return command_structure(app, QUEUE_MIGRATE);
}

/* What stands behind each command. */
static const struct { const char *name; int (*run)(struct app *app); bool daemon; } actions[] = {
	{ "check", command_check, false },
	{ "migrate", command_migrate, false },
	{ "sync", command_sync, false },
	{ "ping", command_ping, false },
	{ "run", command_run, true },
};

static const struct program program = {
	.name = "gesync-scheduler",
	.summary = "turns a request into jobs for gesync's workers",
	.usage = "gesync-scheduler check [--app APP]... [--table T] [--show-columns] [--fix]\n"
		 "gesync-scheduler migrate [--app APP]... [--plan] [--to APP.NAME] [--fake APP.NAME]... [--fake-applied]\n"
		 "                 [--repair] [--backup NAME] [--allow-data-loss]\n"
		 "gesync-scheduler sync [--full | --data-only | --structure-only] [--license NO]... [--force] [--offline]\n"
		 "                 [--deadline HH:MM] [--resume] [--dry-run]\n"
		 "gesync-scheduler ping [--count N] [--wait[=SECONDS]] [--id ID] [--json]\n"
		 "gesync-scheduler run --crontab FILE [--catch-up none|last|all]\n"
		 "gesync-scheduler run --check FILE [--json]",
	.options = option_specs,
	.commands = commands,
};

int app_fail(const struct err *err)
{
	fprintf(stderr, "gesync-scheduler: %s\n", err->msg);
	if (!strcmp(err->code, "redis_unavailable") || !strcmp(err->code, "db_unavailable"))
		return EXIT_AWAY;
	if (!strcmp(err->code, "id_taken") || !strcmp(err->code, "protocol"))
		return EXIT_USAGE;
	return !strcmp(err->code, "taken_over") || !strcmp(err->code, "gave_up") ? EXIT_GAVE_UP : EXIT_WRONG;
}

int app_usage(const char *what)
{
	fprintf(stderr, "gesync-scheduler: %s\n", what);
	return EXIT_USAGE;
}

static size_t action_of(const char *command)
{
	size_t i = 0;

	while (strcmp(actions[i].name, command))        /* settings_parse() knows no other */
		i++;
	return i;
}

/* Why these options cannot be; NULL if they can. */
static const char *refuse(const struct options *opt, const char *command)
{
	if ((opt->id && !job_id_valid(opt->id, strlen(opt->id))) ||
	    (opt->occurrence && !job_id_valid(opt->occurrence, strlen(opt->occurrence))))
		return "--id must match [A-Za-z0-9._:-]{1,64}";
	if (!strcmp(command, "sync"))
		return sync_refuse(opt);
	if (!strcmp(command, "run") && (opt->id || opt->wait_ms))
		return "run takes neither --id nor --wait: it stays, and --wait may stand in the crontab's lines";
	return NULL;
}

static int run(struct app *app)
{
	static const struct redis_script *const scripts[] = {
		&lua_run_begin, &lua_run_push, &lua_run_stop, &lua_job_push, &lua_cron_fire, &lua_cron_take, NULL
	};
	struct err err;
	int status;

	app->loop = loop_new();
	app->begun_ms = loop_now_ms(app->loop);
	command_init(&app->cmd, app->set.namespace_);
	app->redis = redis_new(app->loop, app->set.redis_url, scripts, NULL, NULL, &err);
	if (app->redis) {
		app->db = db_new(app->loop, app->set.database_url, 1, "gesync-scheduler");
		if (app->opt.wait_ms > 0 && app->opt.wait_ms < PATIENCE_MS)
			db_set_patience(app->db, app->opt.wait_ms < PATIENCE_LEAST_MS ? PATIENCE_LEAST_MS : app->opt.wait_ms);
		app->news = news_new(app->loop, app->redis, app->db, app->set.namespace_);
		status = actions[action_of(app->command)].run(app);
		news_free(app->news);
		db_free(app->db);
		redis_free(app->redis);
	} else {
		status = app_usage(err.msg);
	}
	command_clear(&app->cmd);
	loop_free(app->loop);
	return status;
}

static void app_clear(struct app *app, struct strings *args)
{
	settings_clear(&app->set);
	strings_clear(&app->opt.licenses);
	strings_clear(&app->opt.apps);
	strings_clear(&app->opt.fake);
	strings_clear(args);
}

/* -1 to go on; else everything is said on errs, and freed. */
static int parse(struct app *app, int argc, char **argv, struct strings *args, FILE *out, FILE *errs)
{
	const char *why;
	int status = settings_parse(&app->set, &app->opt, &program, argc, argv, environ, args, out, errs);

	if (status >= 0)
		return status;
	why = args->n > 1 ? "there is a word too many: behind the command stand options alone (seconds to wait: --wait=5)" :
	      refuse(&app->opt, args->v[0]);
	if (!why) {
		app->argv = argv;
		app->command = args->v[0];
		return -1;
	}
	fprintf(errs, "gesync-scheduler: %s\n", why);
	app_clear(app, args);
	return EXIT_USAGE;
}

/* The first line that is no warning, without the program's name. */
static const char *first_wrong(char *said)
{
	static const char name[] = "gesync-scheduler: ", warning[] = "warning: ";

	for (said += strlen(name); !strncmp(said, warning, strlen(warning)); said += strlen(name))
		said += strcspn(said, "\n") + 1;
	said[strcspn(said, "\n")] = '\0';
	return said;
}

int app_check_words(char *const *words, int n, struct err *err)
{
	struct app app = { .opt.count = 1 };
	struct strings args = { NULL, 0 };
	char *argv[CRONTAB_ARGS_MAX + 2] = { "gesync-scheduler" }, *said = NULL;
	size_t len;
	FILE *errs = need(open_memstream(&said, &len));
	int status;

	memcpy(argv + 1, words, (size_t)n * sizeof(*argv));
	status = parse(&app, n + 1, argv, &args, errs, errs);
	if (fclose(errs))
		abort();
	if (status >= 0)
		status = err_set(err, ERR_PERMANENT, "bad_crontab", "%s", status ? first_wrong(said) : "--help and --version start nothing");
	else if (actions[action_of(app.command)].daemon || app.opt.id || app.opt.occurrence)
		status = err_set(err, ERR_PERMANENT, "bad_crontab", "%s", app.opt.id || app.opt.occurrence ?
				 "--id cannot stand in a crontab: each occurrence has an id of its own" :
				 "run cannot stand in a crontab: give a one-shot");
	else
		status = 0;
	if (app.command)
		app_clear(&app, &args);
	free(said);
	return status;
}

int main(int argc, char **argv)
{
	struct app app = { .opt.count = 1 };
	struct strings args = { NULL, 0 };
	int status = parse(&app, argc, argv, &args, stdout, stderr);
	enum log_level level = (enum log_level)app.set.log;

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	/* People read a one-shot's output: connections that come up are no news to them. */
	if (level == LOG_LEVEL_INFO && !actions[action_of(app.command)].daemon)
		level = LOG_LEVEL_WARN;
	log_setup(level, app.set.log_json);
	status = run(&app);
	app_clear(&app, &args);
	return status;
}
