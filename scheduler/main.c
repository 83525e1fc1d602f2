/* main.c - gesync-scheduler: turns a request into jobs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "scheduler.h"
#include "scripts.h"

extern char **environ;

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
	{ .name = "data-only", .type = OPT_FLAG, .offset = AT(data_only), .commands = "sync",
	  .help = "fetch the licences; leave the structure alone" },
	{ .name = "license", .type = OPT_STRINGS, .offset = AT(licenses), .arg = "NO", .commands = "sync",
	  .help = "just this licence, whatever its status" },
	{ .name = "force", .type = OPT_FLAG, .offset = AT(force), .commands = "sync",
	  .help = "write even where nothing changed" },
	{ .name = "offline", .type = OPT_FLAG, .offset = AT(offline), .commands = "sync",
	  .help = "recompute what follows from the database's own rows; GE is not asked" },
	{ .name = "dry-run", .type = OPT_FLAG, .offset = AT(dry_run), .commands = "sync",
	  .help = "tell what would be synced; change nothing anywhere" },
	{ .name = "count", .type = OPT_INT, .offset = AT(count), .arg = "N", .commands = "ping",
	  .help = "so many pings (default 1)", .min = 1, .max = 100000000 },
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
	{ .name = NULL }
};

static const struct program program = {
	.name = "gesync-scheduler",
	.summary = "turns a request into jobs for gesync's workers",
	.usage = "gesync-scheduler check [--app APP]... [--table T] [--show-columns] [--fix]\n"
		 "gesync-scheduler migrate [--app APP]... [--plan] [--to APP.NAME] [--fake APP.NAME]... [--fake-applied]\n"
		 "                 [--repair] [--backup NAME] [--allow-data-loss]\n"
		 "gesync-scheduler sync --data-only|--offline [--force] [--dry-run] [--wait[=SECONDS]] [--id ID] [--json]\n"
		 "gesync-scheduler sync --license NO... [--force] [--offline] [--dry-run] [--wait[=SECONDS]] [--id ID] [--json]\n"
		 "gesync-scheduler ping [--count N] [--wait[=SECONDS]] [--id ID] [--json]",
	.options = option_specs,
	.commands = commands,
};

int app_fail(const struct err *err)
{
	fprintf(stderr, "gesync-scheduler: %s\n", err->msg);
	if (!strcmp(err->code, "redis_unavailable") || !strcmp(err->code, "db_unavailable"))
		return EXIT_AWAY;
	return !strcmp(err->code, "taken_over") ? EXIT_GAVE_UP : EXIT_WRONG;
}

static int usage(const char *what)
{
	fprintf(stderr, "gesync-scheduler: %s\n", what);
	return EXIT_USAGE;
}

static int check_options(const struct app *app, const char *command)
{
	const struct options *opt = &app->opt;

	if (opt->id && !job_id_valid(opt->id, strlen(opt->id)))
		return usage("--id must match [A-Za-z0-9._:-]{1,64}");
	if (!strcmp(command, "sync") && !opt->data_only && !opt->offline && !opt->licenses.n)
		return usage("a full sync needs check and migrate, which are not in this version: use sync --data-only, or --license NO");
	return -1;
}

static int dispatch(struct app *app, const char *command)
{
	if (!strcmp(command, "sync"))
		return command_sync(app);
	if (!strcmp(command, "ping"))
		return command_ping(app);
	return command_structure(app, !strcmp(command, "check") ? QUEUE_CHECK : QUEUE_MIGRATE);
}

static int run(struct app *app, const char *command)
{
	static const struct redis_script *const scripts[] = { &lua_run_begin, &lua_run_push, &lua_job_push, NULL };
	struct err err;
	int status = check_options(app, command);

	if (status >= 0)
		return status;
	app->loop = loop_new();
	command_init(&app->cmd, app->set.namespace_);
	app->redis = redis_new(app->loop, app->set.redis_url, scripts, NULL, NULL, &err);
	if (app->redis) {
		app->db = db_new(app->loop, app->set.database_url, 1, "gesync-scheduler");
		status = dispatch(app, command);
		db_free(app->db);
		redis_free(app->redis);
	} else {
		status = usage(err.msg);
	}
	command_clear(&app->cmd);
	loop_free(app->loop);
	return status;
}

int main(int argc, char **argv)
{
	struct app app = { .opt.count = 1 };
	struct strings args = { NULL, 0 };
	int status = settings_parse(&app.set, &app.opt, &program, argc, argv, environ, &args, stdout, stderr);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	/* People read this program's output: connections that come up are no news to them. */
	log_setup(app.set.log == LOG_LEVEL_INFO ? LOG_LEVEL_WARN : (enum log_level)app.set.log, app.set.log_json);
	if (args.n != 1)
		status = usage(args.n ? "takes one command: see --help" : "what is to be done? check, migrate, sync or ping: see --help");
	else
		status = run(&app, args.v[0]);
	settings_clear(&app.set);
	strings_clear(&app.opt.licenses);
	strings_clear(&app.opt.apps);
	strings_clear(&app.opt.fake);
	strings_clear(&args);
	return status;
}
