/* queue_enter.c - a worker comes in, comes back, or learns that it was declared
 * dead.
 *
 *      OUT --> ENTERING --> IN
 *       ^         | STALE    | STALE: declared dead
 *       |         v          v
 *       +---- a new name <---+
 *
 * Back after a broken connection it has a new epoch, which makes void what the
 * old connection still carries, and compares what Redis holds for it with what
 * it holds: what was finished is let go, what was lost with a reply is taken
 * up, what was not confirmed is sent again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "noise.h"
#include "queue_impl.h"
#include "scripts.h"

#define STUCK_SAY_MS    60000

/* ---- lost: declared dead ---- */

void queue_make_name(struct queue *q)
{
	char host[64] = "";

	gethostname(host, sizeof(host) - 1);
	for (char *p = host; *p; p++)
		if (*p == ' ' || *p == ':')
			*p = '_';
	snprintf(q->name, sizeof(q->name), "%s-%d-%08x", *host ? host : "worker", (int)getpid(), noise_word());
	q->epoch_number = 0;
	q->epoch[0] = q->former[0] = '\0';
}

void queue_free_list(struct held_list *list)
{
	while (list->first) {
		struct held *h = list->first;

		held_move(list, NULL, h);
		finish_free(h);
		h->state = HELD_FREE;
	}
}

static void become_new(struct queue *q)
{
	log_warn("worker=%s lost: declared dead, its jobs were handed on; back under a new name", q->name);
	q->state = OUT;
	queue_free_list(&q->starting);
	queue_free_list(&q->finishing);
	queue_free_list(&q->sent);
	q->running = 0;
	strcpy(q->dead_name, q->name);
	queue_make_name(q);
	q->ev.lost(q->data);
	if (q->state == OUT && redis_up(q->redis))
		queue_enter(q);
}

/* An error that comes again and again is said once a minute. */
static void say_stuck(struct queue *q, const char *why)
{
	int64_t now = loop_now_ms(q->loop);

	if (!strcmp(why, q->stuck_why) && now - q->stuck_ms < STUCK_SAY_MS)
		return;
	snprintf(q->stuck_why, sizeof(q->stuck_why), "%s", why);
	q->stuck_ms = now;
	log_error("queue=stuck err=\"%s\"", why);
}

bool queue_answered(struct queue *q, const struct err *err)
{
	if (!err)
		return q->state == IN || q->state == LEAVING;
	if (q->state != IN && q->state != LEAVING)
		return false;
	if (strstr(err->msg, "STALE")) {
		become_new(q);
	} else if (err->kind == ERR_RETRY) {
		/* A script stopped in its middle: compare what is held, under a new epoch. */
		say_stuck(q, err->msg);
		q->state = OUT;
		timer_set(q->wake, 1000);
	}
	return false;
}

/* ---- coming in ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Jobs that Redis does not hold for us any more are gone: their finish was
 * applied, or they wait elsewhere. The rest is sent again. */
static void resync_list(struct queue *q, struct held_list *list, const char **tickets, size_t n)
{
	struct held *h = list->first, *next;
	const char *key;

	for (; h; h = next) {
		next = h->next;
		key = h->ticket;
		if (bsearch(&key, tickets, n, sizeof(*tickets), by_text)) {
			if (h->state == HELD_STARTING && list == &q->sent)
				held_move(list, &q->starting, h);
			else if (h->state == HELD_FINISHING && list == &q->sent)
				held_move(list, &q->finishing, h);
			continue;
		}
		held_move(list, NULL, h);
		q->running--;
		if (h->state == HELD_FINISHING) {
			finish_free(h);
			h->state = HELD_FREE;
			q->ev.released(h, q->data);
		} else {
			h->state = HELD_FREE;
			q->ev.started(h, START_GONE, q->data);
		}
	}
}

static bool knows(const struct held_list *list, const char *ticket)
{
	for (const struct held *h = list->first; h; h = h->next)
		if (!strcmp(h->ticket, ticket))
			return true;
	return false;
}

struct unheard { struct queue *queue; int epoch; size_t n; char tickets[][32]; };

static void on_unheard(const struct redis_value *v, const struct err *err, void *data)
{
	struct unheard *u = data;
	struct queue *q = u->queue;

	if (u->epoch == q->epoch_number)
		q->asked -= (int)u->n;
	for (size_t i = 0; !err && q->state == IN && i < u->n; i++)
		if (!redis_is_nil(redis_at(v, i)))
			queue_take(q, u->tickets[i], redis_at(v, i));
	if (q->state == IN)
		queue_flush_later(q);
	free(u);
}

/* Claims whose reply was lost with the connection. */
static void adopt_unheard(struct queue *q, const char **tickets, size_t n)
{
	struct unheard *u = need(malloc(sizeof(*u) + n * sizeof(*u->tickets)));
	const char **argv = need(malloc((n + 2) * sizeof(*argv)));
	char key[KEYS_MAX], of[200];

	u->queue = q;
	u->epoch = q->epoch_number;
	u->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (strlen(tickets[i]) >= sizeof(*u->tickets) || knows(&q->sent, tickets[i]) ||
		    knows(&q->starting, tickets[i]) || knows(&q->finishing, tickets[i]))
			continue;
		strcpy(u->tickets[u->n], tickets[i]);
		argv[2 + u->n] = u->tickets[u->n];
		u->n++;
	}
	snprintf(of, sizeof(of), "%s:jobs", q->name);
	argv[0] = "HMGET";
	argv[1] = keys_of(key, q->set->namespace_, "worker", of);
	q->asked += (int)u->n;          /* their slots are taken, though none knows by what yet */
	if (u->n)
		redis_send(q->redis, (int)u->n + 2, argv, NULL, 0, on_unheard, u);
	else
		free(u);
	free(argv);
}

static void resync(struct queue *q, const struct redis_value *list)
{
	size_t n = redis_len(list);
	const char **tickets = need(malloc((n + 1) * sizeof(*tickets)));

	for (size_t i = 0; i < n; i++)
		tickets[i] = redis_text(redis_at(list, i));
	qsort(tickets, n, sizeof(*tickets), by_text);
	resync_list(q, &q->starting, tickets, n);
	resync_list(q, &q->finishing, tickets, n);
	resync_list(q, &q->sent, tickets, n);
	adopt_unheard(q, tickets, n);
	free(tickets);
}

static void on_entered(const struct redis_value *v, const struct err *err, void *data)
{
	struct queue *q = data;

	if (q->state != ENTERING)
		return;
	q->state = OUT;
	if (err && strstr(err->msg, "STALE")) {
		become_new(q);
		return;
	}
	if (err && strstr(err->msg, "PROTOCOL")) {
		q->ev.fatal(err->msg, q->data);
		return;
	}
	if (err) {
		if (err->kind == ERR_RETRY)
			say_stuck(q, err->msg);
		timer_set(q->wake, 1000);
		return;
	}
	q->state = IN;
	strcpy(q->former, q->epoch);
	q->dead_name[0] = '\0';
	queue_learn_time(q, redis_int(redis_at(v, 0)));
	q->beat_at = loop_now_ms(q->loop);
	q->look_inbox = true;
	q->dry = q->beating = q->burying = false;
	q->claims = q->asked = 0;
	resync(q, redis_at(v, 1));
	queue_beat(q);
	queue_flush_later(q);
}

void queue_enter(struct queue *q)
{
	char number[24], queues[128] = "";

	q->state = ENTERING;
	/* Confirmed or not, the last may have been applied: a lost reply must
	 * not make this worker a stranger to itself. */
	if (!strcmp(q->epoch, q->former))
		q->epoch_number++;
	snprintf(q->epoch, sizeof(q->epoch), "%d", q->epoch_number);
	for (int i = 0; i < q->set->nqueues; i++)
		snprintf(queues + strlen(queues), sizeof(queues) - strlen(queues), "%s%s", i ? "," : "",
			 queue_names[q->set->queues[i]]);
	command_begin(&q->cmd, &lua_enter);
	command_key(&q->cmd, KEY_WORKERS);
	command_key(&q->cmd, KEY_LEASES);
	queue_jobs_key(q);
	command_key(&q->cmd, KEY_PROTOCOL);
	command_key_of(&q->cmd, "worker", q->name);
	command_key(&q->cmd, KEY_GRAVES);
	command_key(&q->cmd, KEY_DEATHS);
	command_arg(&q->cmd, q->name);
	command_arg(&q->cmd, q->epoch);
	command_arg(&q->cmd, q->former);
	command_arg_int(&q->cmd, q->set->lease_ms);
	command_arg(&q->cmd, KEYS_PROTOCOL_VERSION);
	command_arg(&q->cmd, q->dead_name);
	command_arg(&q->cmd, "queues");
	command_arg(&q->cmd, queues);
	command_arg(&q->cmd, "concurrency");
	snprintf(number, sizeof(number), "%d", q->set->concurrency);
	command_arg(&q->cmd, number);
	command_arg(&q->cmd, "rate");
	snprintf(number, sizeof(number), "%.6g", q->set->ge_rate);
	command_arg(&q->cmd, number);
	command_arg(&q->cmd, "version");
	command_arg(&q->cmd, GESYNC_VERSION);
	command_send(&q->cmd, q->redis, on_entered, q);
}
