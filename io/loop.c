/* loop.c - libuv's loop with what all of gesync needs of it.
 *
 * Deferred calls stand in one queue. An idle handle runs while the queue is
 * not empty and at no other time, so that an empty queue costs no turn. */
#include <signal.h>
#include <stdlib.h>

#include "loop_uv.h"
#include "log.h"
#include "mem.h"

struct deferred {
	struct deferred *next;
	loop_cb *cb;
	void *data;
};

struct signal {
	struct signal *next;
	uv_signal_t uv;
	loop_cb *cb;
	void *data;
};

struct loop {
	uv_loop_t uv;
	uv_idle_t idle;                 /* active while head is set */
	struct deferred *head, **tail;  /* owned */
	struct signal *signals;         /* owned */
};

struct timer {
	uv_timer_t uv;
	loop_cb *cb;
	void *data;
};

uv_loop_t *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

struct loop *loop_new(void)
{
	struct loop *loop = need(calloc(1, sizeof(*loop)));

	if (uv_loop_init(&loop->uv) < 0)
		abort();
	uv_idle_init(&loop->uv, &loop->idle);
	loop->tail = &loop->head;
	/* A write to a peer that is gone is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	return loop;
}

static void on_signal_closed(uv_handle_t *h)
{
	free(container_of(h, struct signal, uv));
}

void loop_free(struct loop *loop)
{
	struct signal *s;

	if (!loop)
		return;
	/* What was freed just now may still owe its callers a deferred call. */
	while (loop->head)
		uv_run(&loop->uv, UV_RUN_NOWAIT);
	uv_close((uv_handle_t *)&loop->idle, NULL);
	while ((s = loop->signals)) {
		loop->signals = s->next;
		uv_close((uv_handle_t *)&s->uv, on_signal_closed);
	}
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop->uv) < 0) {
		log_error("loop_free: something on the loop was never freed");
		abort();
	}
	free(loop);
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_run_once(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_ONCE);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

int64_t loop_now_ms(const struct loop *loop)
{
	return (int64_t)uv_now(&loop->uv);
}

/* Runs what stands in the queue now; what these calls add waits for the next
 * turn, so that sockets get theirs in between. */
static void on_idle(uv_idle_t *idle)
{
	struct loop *loop = container_of(idle, struct loop, idle);
	struct deferred *d, *next;

	d = loop->head;
	loop->head = NULL;
	loop->tail = &loop->head;
	uv_idle_stop(idle);
	for (; d; d = next) {
		next = d->next;
		d->cb(d->data);
		free(d);
	}
}

void loop_defer(struct loop *loop, loop_cb *cb, void *data)
{
	struct deferred *d = need(malloc(sizeof(*d)));

	*d = (struct deferred){ NULL, cb, data };
	*loop->tail = d;
	loop->tail = &d->next;
	uv_idle_start(&loop->idle, on_idle);    /* no-op while active */
}

static void on_signal(uv_signal_t *uv, int signum)
{
	struct signal *s = container_of(uv, struct signal, uv);

	(void)signum;
	s->cb(s->data);
}

void loop_on_signal(struct loop *loop, int signum, loop_cb *cb, void *data)
{
	struct signal *s = loop->signals;

	while (s && s->uv.signum != signum)
		s = s->next;
	if (s) {
		s->cb = cb;
		s->data = data;
		return;
	}
	s = need(calloc(1, sizeof(*s)));
	if (uv_signal_init(&loop->uv, &s->uv) < 0 ||
	    uv_signal_start(&s->uv, on_signal, signum) < 0)
		abort();        /* KILL, STOP or no signal at all: a mistake in the code */
	uv_unref((uv_handle_t *)&s->uv);
	s->cb = cb;
	s->data = data;
	s->next = loop->signals;
	loop->signals = s;
}

struct timer *timer_new(struct loop *loop, loop_cb *cb, void *data)
{
	struct timer *t = need(calloc(1, sizeof(*t)));

	uv_timer_init(&loop->uv, &t->uv);
	t->cb = cb;
	t->data = data;
	return t;
}

static void on_timer(uv_timer_t *uv)
{
	struct timer *t = container_of(uv, struct timer, uv);

	t->cb(t->data);
}

void timer_set(struct timer *timer, int64_t ms)
{
	/* The loop's clock stands still between turns and outside loop_run():
	 * counted from an old now, a timer would fire too early. */
	uv_update_time(timer->uv.loop);
	uv_timer_start(&timer->uv, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

void timer_stop(struct timer *timer)
{
	uv_timer_stop(&timer->uv);
}

static void on_timer_closed(uv_handle_t *h)
{
	free(container_of(h, struct timer, uv));
}

void timer_free(struct timer *timer)
{
	if (!timer)
		return;
	uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
}
