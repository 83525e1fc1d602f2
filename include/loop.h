/* loop.h - one event loop, its timers, its signals, and work put off to its
 * next turn. Everything in gesync runs on the thread that runs the loop. */
#ifndef GESYNC_LOOP_H
#define GESYNC_LOOP_H

#include <stdint.h>

struct loop;
struct timer;

typedef void loop_cb(void *data);

struct loop *loop_new(void);
/* Everything that was made on the loop must have been freed before; runs
 * pending close callbacks. */
void loop_free(struct loop *loop);

/* Runs until loop_stop(), or until nothing is left that could happen. */
void loop_run(struct loop *loop);
/* One turn; waits for an event if none is pending. */
void loop_run_once(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds of a monotonic clock, as of this turn of the loop. */
int64_t loop_now_ms(const struct loop *loop);

/* Calls cb once from the loop's next turn, never from within this call. Calls
 * are made in the order in which they were asked for. */
void loop_defer(struct loop *loop, loop_cb *cb, void *data);

/* Calls cb in the loop whenever the process gets the signal; one callback a
 * signal, the last one asked for. Does not keep the loop running. */
void loop_on_signal(struct loop *loop, int signum, loop_cb *cb, void *data);

struct timer *timer_new(struct loop *loop, loop_cb *cb, void *data);
/* Fires once after ms (0: next turn); a timer already set is set anew. */
void timer_set(struct timer *timer, int64_t ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);   /* NULL is fine; no call after this */

#endif
