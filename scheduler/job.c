/* job.c - one job, from its push to its outcome.
 *
 *      push --> look at its hash --queued, running, retry--> a quarter of a second --+
 *                 ^   |                                                              |
 *                 |   +--done, dead, cancelled--> outcome                            |
 *                 +------------------------------------------------------------------+
 *
 * All that is known of the job is in Redis under its id, so whoever takes a
 * run over pushes and waits in the same way, and meets the same job. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "outcome.h"
#include "scheduler.h"
#include "scripts.h"

#define LOOK_MS         250     /* at most; the first looks follow one another sooner */
#define FIRST_LOOK_MS   20
#define JOB_HASH_S      "604800"        /* as the workers' (queue_impl.h) */

int job_push(struct app *app, enum settings_queue queue, const char *id, json_t *fields, struct err *err)
{
	struct command *c = &app->cmd;
	struct redis_value *v;
	char *element;

	json_object_set_new(fields, "id", json_string(id));
	element = need(json_dumps(fields, JSON_COMPACT));
	command_begin(c, &lua_job_push);
	command_key_of(c, "job", id);
	command_key_of(c, "queue", queue_names[queue]);
	command_arg(c, JOB_HASH_S);
	command_arg(c, id);
	command_arg(c, element);
	free(element);
	json_decref(fields);
	v = command_ask(c, app->redis, err);
	redis_value_free(v);
	return v ? 0 : -1;
}

int job_announce(struct app *app, const char *id, struct err *err)
{
	char key[KEYS_MAX];
	const char *name = keys_of(key, app->set.namespace_, "job", id);
	const char *const calls[][6] = {
		{ "DEL", name }, { "HSET", name, "id", id, "status", "queued" }, { "EXPIRE", name, JOB_HASH_S }
	};
	static const int words[] = { 2, 6, 3 };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct redis_value *v = redis_ask_argv(app->redis, words[i], calls[i], NULL, err);

		if (!v)
			return -1;
		redis_value_free(v);
	}
	return 0;
}

static bool has_ended(const json_t *outcome)
{
	const char *status = json_string_value(json_object_get(outcome, "status"));

	return status && (!strcmp(status, "done") || !strcmp(status, "dead") || !strcmp(status, "cancelled"));
}

static bool is_queued(const json_t *outcome)
{
	const char *status = json_string_value(json_object_get(outcome, "status"));

	return status && !strcmp(status, "queued");
}

int job_look(struct app *app, const char *id, json_t **outcome, struct err *err)
{
	char key[KEYS_MAX];
	struct redis_value *v = redis_ask(app->redis, err, "HGETALL",
					  keys_of(key, app->set.namespace_, "job", id), NULL);

	if (!v)
		return -1;
	*outcome = json_object();
	for (size_t i = 0; i + 1 < redis_len(v); i += 2)
		outcome_set_field(*outcome, redis_text(redis_at(v, i)), redis_text(redis_at(v, i + 1)));
	redis_value_free(v);
	if (json_object_size(*outcome))
		return has_ended(*outcome);
	json_decref(*outcome);
	*outcome = NULL;
	return err_set(err, ERR_PERMANENT, "no_job", "the job %s is gone from Redis", id);
}

static void on_tick(void *data)
{
	*(bool *)data = true;
}

void app_sleep(struct app *app, int64_t ms)
{
	bool over = false;
	struct timer *timer = timer_new(app->loop, on_tick, &over);

	timer_set(timer, ms);
	while (!over)
		loop_run_once(app->loop);
	timer_free(timer);
}

bool app_waited(const struct app *app)
{
	return app->opt.wait_ms > 0 && loop_now_ms(app->loop) - app->begun_ms >= app->opt.wait_ms;
}

int job_wait(struct app *app, const char *id, int64_t wait_ms, job_tick *tick, void *data,
	     json_t **outcome, struct err *err)
{
	int64_t begun = loop_now_ms(app->loop), pause = FIRST_LOOK_MS;
	struct still still = { 0 };

	for (;;) {
		bool over = wait_ms >= 0 && loop_now_ms(app->loop) - begun >= wait_ms;
		int rc = job_look(app, id, outcome, err);

		/* Redis comes back, or the time is over. */
		if (rc > 0 || (rc < 0 && err->kind != ERR_HOLD) || over)
			return rc;
		if (!rc)
			still_look(&still, app, is_queued(*outcome) ? 0 : loop_now_ms(app->loop));
		if (!rc && tick && tick(*outcome, data, err) < 0)
			rc = -2;
		if (rc != -1)
			json_decref(*outcome);
		*outcome = NULL;
		if (rc == -2)
			return -1;
		app_sleep(app, pause);
		pause = pause * 2 < LOOK_MS ? pause * 2 : LOOK_MS;
	}
}
