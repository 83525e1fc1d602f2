/* still.c - whoever waits is told once, after ten seconds in which nothing moved,
 * what keeps it; gesyncctl status knows more. */
#include <stdio.h>
#include <unistd.h>

#include "scheduler.h"

#define STILL_MS 10000

/* What Redis answers, as a number: -1 where it does not. */
static int64_t ask(struct app *app, const char *command, const char *key, const char *member)
{
	struct err err;
	struct redis_value *v = redis_ask(app->redis, &err, command, key, member, NULL);
	int64_t n = v ? redis_int(v) : -1;

	redis_value_free(v);
	return n;
}

/* The first queue that is paused and has jobs; NULL for none. */
static const char *paused(struct app *app)
{
	char key[KEYS_MAX], set[KEYS_MAX];

	keys_name(set, app->set.namespace_, KEY_PAUSED);
	for (int i = 0; i < QUEUES; i++)
		if (ask(app, "LLEN", keys_of(key, app->set.namespace_, "queue", queue_names[i]), NULL) > 0 &&
		    ask(app, "SISMEMBER", set, queue_names[i]) == 1)
			return queue_names[i];
	return NULL;
}

static void say(struct app *app)
{
	char key[KEYS_MAX];
	const char *queue;

	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);     /* a bar */
	fputs("gesync-scheduler: nothing has moved for 10 s: ", stderr);
	if (ask(app, "HLEN", keys_name(key, app->set.namespace_, KEY_WORKERS), NULL) == 0)
		fputs("no worker is alive; start gesync-worker\n", stderr);
	else if ((queue = paused(app)))
		fprintf(stderr, "%s is paused (gesyncctl resume %s)\n", queue, queue);
	else
		fputs("gesyncctl status tells why\n", stderr);
}

void still_look(struct still *s, struct app *app, int64_t progress)
{
	int64_t now = loop_now_ms(app->loop);

	if (!s->since || progress != s->progress) {
		s->progress = progress;
		s->since = now;
	} else if (!s->said && now - s->since >= STILL_MS) {
		s->said = true;
		say(app);
	}
}
