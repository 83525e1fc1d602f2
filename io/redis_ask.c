/* redis_ask.c - calls in words; and Redis for programs that do one thing after
 * another, where each call turns the loop until its answer is there. */
#include <stdarg.h>
#include <string.h>

#include "redis_impl.h"

#define WORDS_MAX 32
#define UP_MS   5000            /* for a connection that is not up yet */

static int collect(const char **argv, va_list ap)
{
	int argc = 0;
	const char *word;

	while ((word = va_arg(ap, const char *)) && argc < WORDS_MAX)
		argv[argc++] = word;
	return argc;
}

void redis_call(struct redis *r, redis_cb *cb, void *data, ...)
{
	const char *argv[WORDS_MAX];
	va_list ap;
	int argc;

	va_start(ap, data);
	argc = collect(argv, ap);
	va_end(ap);
	redis_send(r, argc, argv, NULL, 0, cb, data);
}

/* ---- one after another ---- */

struct ask {
	bool done;
	struct redis_value *value;
	struct err *err;
};

static void on_asked(const struct redis_value *value, const struct err *err, void *data)
{
	struct ask *ask = data;

	ask->done = true;
	if (err)
		*ask->err = *err;
	else
		ask->value = redis_value_copy(value);
}

static void on_tick(void *data)
{
	(void)data;                     /* only wakes the loop */
}

static int wait_up(struct redis *r, struct err *err)
{
	int64_t end = loop_now_ms(redis_loop(r)) + UP_MS;
	struct timer *tick = timer_new(redis_loop(r), on_tick, NULL);

	while (!redis_up(r) && loop_now_ms(redis_loop(r)) < end) {
		timer_set(tick, end - loop_now_ms(redis_loop(r)));
		loop_run_once(redis_loop(r));
	}
	timer_free(tick);
	if (redis_up(r))
		return 0;
	return err_set(err, ERR_HOLD, "redis_unavailable", "Redis could not be reached within 5 s%s%s",
		       *redis_why(r) ? ": " : "", redis_why(r));
}

struct redis_value *redis_ask_argv(struct redis *r, int argc, const char *const *argv,
				   const size_t *lens, struct err *err)
{
	struct ask ask = { .err = err };

	if (wait_up(r, err) < 0)
		return NULL;
	redis_send(r, argc, argv, lens, 0, on_asked, &ask);
	while (!ask.done)
		loop_run_once(redis_loop(r));
	if (!ask.value && argc > 1 && strstr(err->msg, "WRONGTYPE"))    /* which one, people have to know */
		err_set(err, err->kind, err->code, "%s (%s %.100s)", err->msg, argv[0], argv[1]);
	return ask.value;
}

struct redis_value *redis_ask(struct redis *r, struct err *err, ...)
{
	const char *argv[WORDS_MAX];
	va_list ap;
	int argc;

	va_start(ap, err);
	argc = collect(argv, ap);
	va_end(ap);
	return redis_ask_argv(r, argc, argv, NULL, err);
}
