/* run.c - a run in Redis: begun, joined or taken over, and filled.
 *
 *      new --> FILLING (lease) --last push--> FILLED --last job ends--> done, failed
 *                 ^   | scheduler dies
 *                 +---+ taken over when its lease is over
 *
 * A run is a hash that says how many of its jobs are where. While it is being
 * filled its scheduler renews a lease with every push, and notes the place
 * reached in the same step: whoever takes over goes on just there. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "noise.h"
#include "scheduler.h"
#include "scripts.h"

#define LEASE_MS        "30000"
#define FILLING_LOOK_MS 250
#define KEPT_S          "2592000"       /* 30 days */

static void make_id(struct run *run, const char *wanted)
{
	time_t now = time(NULL);        /* a name for people; no order is made of it */
	char stamp[32];
	struct tm tm;

	if (wanted) {
		snprintf(run->id, sizeof(run->id), "%s", wanted);
		return;
	}
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	snprintf(run->id, sizeof(run->id), "%s-%06x", stamp, noise_word() & 0xffffff);
}

/* The id that stands under the signature now, "" for none. */
static int ask_active(struct app *app, const char *signature, char *out, size_t size, struct err *err)
{
	char key[KEYS_MAX];
	struct redis_value *v;

	out[0] = '\0';
	if (!*signature)
		return 0;
	v = redis_ask(app->redis, err, "HGET", keys_name(key, app->set.namespace_, KEY_RUNS_ACTIVE), signature, NULL);
	if (!v)
		return -1;
	snprintf(out, size, "%s", redis_text(v));
	redis_value_free(v);
	return 0;
}

/* Who asked, for people. */
static void asked_by(const struct app *app, char *out, size_t size)
{
	char host[64] = "";
	const struct passwd *pw = getpwuid(geteuid());

	if (gethostname(host, sizeof(host) - 1) < 0 || !*host)
		strcpy(host, "localhost");
	snprintf(out, size, "%s@%s", app->opt.occurrence ? "crontab" : pw ? pw->pw_name : "somebody", host);
}

static int try_begin(struct app *app, struct run *run, const char *kind, const char *mode,
		     char *verdict, size_t size, struct err *err)
{
	char active[80], who[160];
	struct redis_value *v;
	struct command *c = &app->cmd;

	if (ask_active(app, run->signature, active, sizeof(active), err) < 0)
		return -1;
	asked_by(app, who, sizeof(who));
	command_begin(c, &lua_run_begin);
	command_key(c, KEY_RUNS);
	command_key(c, KEY_RUNS_ACTIVE);
	command_key_of(c, "run", run->id);
	command_key_of(c, "run", *active ? active : run->id);
	command_arg(c, run->signature);
	command_arg(c, run->id);
	command_arg(c, active);
	command_arg(c, run->owner);
	command_arg(c, LEASE_MS);
	command_arg(c, KEPT_S);
	command_arg(c, app->opt.occurrence || app->opt.resume ? "1" : "");
	command_arg(c, "asked_by");
	command_arg(c, who);
	if (app->deadline_ms) {
		command_arg(c, "deadline");
		command_arg_int(c, app->deadline_ms);
	}
	command_arg(c, "kind");
	command_arg(c, kind);
	command_arg(c, "mode");
	command_arg(c, mode);
	command_arg(c, "force");
	command_arg(c, app->opt.force ? "1" : "0");
	v = command_ask(c, app->redis, err);
	if (!v)
		return -1;
	snprintf(verdict, size, "%s", redis_text(redis_at(v, 0)));
	if (strcmp(verdict, "again"))
		snprintf(run->id, sizeof(run->id), "%s", redis_text(redis_at(v, 1)));
	redis_value_free(v);
	return 0;
}

static int ask_place(struct app *app, struct run *run, struct err *err)
{
	char key[KEYS_MAX];
	struct redis_value *v = redis_ask(app->redis, err, "HMGET",
					  keys_of(key, app->set.namespace_, "run", run->id), "place", "resumed", NULL);

	if (!v)
		return -1;
	snprintf(run->place, sizeof(run->place), "%s", redis_text(redis_at(v, 0)));
	run->resumed = redis_int(redis_at(v, 1)) == 1;
	redis_value_free(v);
	return 0;
}

int app_protocol(struct app *app, struct err *err)
{
	char key[KEYS_MAX];
	struct redis_value *v = redis_ask(app->redis, err, "GET", keys_name(key, app->set.namespace_, KEY_PROTOCOL), NULL);
	int rc = v ? 0 : -1;

	if (v && !redis_is_nil(v) && strcmp(redis_text(v), KEYS_PROTOCOL_VERSION))
		rc = err_set(err, ERR_PERMANENT, "protocol", "this Redis is used by version %.16s of the protocol, gesync-scheduler "
			     "speaks version " KEYS_PROTOCOL_VERSION ": use the gesync-scheduler of that version", redis_text(v));
	redis_value_free(v);
	return rc;
}

int run_begin(struct app *app, struct run *run, const char *kind, const char *mode,
	      const char *signature, struct err *err)
{
	char verdict[16], own[sizeof(run->id)];

	memset(run, 0, sizeof(*run));
	if (app_protocol(app, err) < 0)
		return -1;
	make_id(run, app->opt.occurrence ? app->opt.occurrence : app->opt.id);
	snprintf(own, sizeof(own), "%s", run->id);
	snprintf(run->owner, sizeof(run->owner), "%08x%08x", noise_word(), noise_word());
	snprintf(run->signature, sizeof(run->signature), "%s", signature ? signature : "");
	for (;;) {
		if (try_begin(app, run, kind, mode, verdict, sizeof(verdict), err) < 0)
			return -1;
		if (!strcmp(verdict, "taken"))
			return err_set(err, ERR_PERMANENT, "id_taken", "there is a run %s already: give another --id, or ask "
				       "gesyncctl run %s", own, own);
		if (strcmp(verdict, "again") && strcmp(verdict, "filling"))
			break;
		if (app_waited(app))
			return err_set(err, ERR_HOLD, "gave_up", "gave up waiting: another scheduler is filling the run %s", run->id);
		if (!strcmp(verdict, "filling"))        /* it ends that, or dies and we go on */
			app_sleep(app, FILLING_LOOK_MS);
		snprintf(run->id, sizeof(run->id), "%s", own);
	}
	run->fill = strcmp(verdict, "joined") != 0;
	run->taken = !strcmp(verdict, "takeover");
	return !run->taken ? 0 : ask_place(app, run, err);
}

static void add_all(struct command *c, char **texts, size_t *n)
{
	for (size_t i = 0; i < *n; i++) {
		command_arg(c, texts[i]);
		free(texts[i]);
	}
	*n = 0;
}

static int push(struct app *app, struct run *run, bool last, const char *lease_ms, struct err *err)
{
	struct command *c = &app->cmd;
	struct redis_value *v;

	command_begin(c, &lua_run_push);
	command_key_of(c, "run", run->id);
	command_key_of(c, "queue", queue_names[run->queue]);
	command_key(c, KEY_NEWS);
	command_arg(c, run->owner);
	command_arg(c, lease_ms);
	command_arg(c, run->place);
	command_arg(c, last ? "1" : "0");
	command_arg_int(c, (int64_t)run->nrefused);
	add_all(c, run->refused, &run->nrefused);
	add_all(c, run->elements, &run->n);
	v = command_ask(c, app->redis, err);
	if (!v)
		return -1;
	run->total = redis_int(v);
	redis_value_free(v);
	if (run->total == -2)
		return err_set(err, ERR_PERMANENT, "cancelled", "the run %s was cancelled", run->id);
	if (run->total < 0)
		return err_set(err, ERR_HOLD, "taken_over", "another scheduler has taken the run %s over", run->id);
	return 0;
}

int run_push(struct app *app, struct run *run, bool last, struct err *err)
{
	return push(app, run, last, LEASE_MS, err);
}

void run_leave(struct app *app, struct run *run)
{
	struct err err;

	push(app, run, false, "0", &err);       /* where it fails the lease ends by itself */
}

int run_add(struct app *app, struct run *run, char *element, struct err *err)
{
	run->elements[run->n++] = element;
	return run->n == PUSH_MAX ? run_push(app, run, false, err) : 0;
}
