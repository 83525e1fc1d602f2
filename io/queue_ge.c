/* queue_ge.c - what GE is like, as the pool tells one another through Redis:
 * the session, a pause, the breaker (lua/ge_report.lua draws its states).
 *
 * What goes well costs nothing: it rides on the finish. What does not is a
 * small script of its own, and the answer to a probe too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "queue_impl.h"
#include "scripts.h"

#define PROBE_SESSION_MS 900000 /* nobody renews it: one request every quarter of an hour looks */

/* ---- the session ---- */

void ge_learn_own_session(struct queue *q)
{
	const char *session = q->set->ge_session, *csrf = q->set->ge_csrf;

	digest_session(session ? session : "", csrf ? csrf : "", q->session_sum);
}

void ge_learn_session(struct queue *q, const struct redis_value *v)
{
	const char *sum = redis_text(redis_at(v, 3));

	if (!strcmp(sum, q->session_known))
		return;
	snprintf(q->session_known, sizeof(q->session_known), "%s", sum);
	if (*sum)
		snprintf(q->session_sum, sizeof(q->session_sum), "%s", sum);
	else
		ge_learn_own_session(q);
	log_info("ge=session another is in use");
	q->ev.session(redis_text(redis_at(v, 0)), redis_text(redis_at(v, 1)), redis_text(redis_at(v, 2)), q->data);
	q->dry = false;
	queue_flush_later(q);
}

const char *queue_session(const struct queue *q)
{
	return q->session_sum;
}

static void on_expired(const struct redis_value *v, const struct err *err, void *data)
{
	(void)data;
	if (!err && redis_int(v))
		log_warn("ge=held why=\"the GE session has expired\" do=\"gesyncctl session set, or HSET ...:ge:session\"");
}

void queue_ge_expired(struct queue *q, const char *session)
{
	command_begin(&q->cmd, &lua_ge_expire);
	command_key(&q->cmd, KEY_GE);
	command_key(&q->cmd, KEY_SESSION);
	command_arg(&q->cmd, session);
	command_arg_int(&q->cmd, PROBE_SESSION_MS);
	command_send(&q->cmd, q->redis, on_expired, NULL);
}

/* ---- a pause ---- */

static void on_paused(const struct redis_value *v, const struct err *err, void *data)
{
	(void)data;
	if (!err && redis_int(v))
		log_warn("ge=paused why=\"GE asked for a pause\": gesyncctl status tells until when");
}

void queue_ge_pause(struct queue *q, int64_t ms, int status)
{
	char why[64];

	snprintf(why, sizeof(why), "GE asked for a pause (%d)", status);
	command_begin(&q->cmd, &lua_ge_pause);
	command_key(&q->cmd, KEY_GE);
	command_arg_int(&q->cmd, ms);
	command_arg(&q->cmd, why);
	command_send(&q->cmd, q->redis, on_paused, NULL);
}

/* ---- the breaker ---- */

enum report { REPORT_CLOSED, REPORT_OPEN, REPORT_PROBED, REPORT_OPENED, REPORT_CLOSES };

static void send_report(struct queue *q, const char *ticket, const char *what, const char *error,
			redis_cb *cb, void *data)
{
	command_begin(&q->cmd, &lua_ge_report);
	command_key(&q->cmd, KEY_GE);
	command_arg(&q->cmd, q->name);
	command_arg(&q->cmd, ticket);
	command_arg(&q->cmd, what);
	command_arg_int(&q->cmd, q->set->ge_breaker);
	command_arg_int(&q->cmd, q->set->ge_breaker_open_ms);
	command_arg(&q->cmd, error);
	command_send(&q->cmd, q->redis, cb, data);
	if (!strcmp(ticket, q->probe))
		q->probe[0] = '\0';
}

/* The queues may be open again, or another probe may go. */
static void look_again(struct queue *q)
{
	q->dry = false;
	if (q->state == IN)
		queue_flush_later(q);
}

static void on_probe_told(const struct redis_value *v, const struct err *err, void *data)
{
	struct queue *q = data;

	if (err)
		return;                 /* its time will be over, and another goes */
	if (redis_int(v) == REPORT_CLOSES)
		log_info("ge=up: it answers again");
	look_again(q);
}

void queue_ge_answered(struct queue *q, struct held *h, bool accepted)
{
	h->answered = true;
	if (*q->probe && !strcmp(h->ticket, q->probe))
		send_report(q, h->ticket, accepted ? "accepted" : "answered", NULL, on_probe_told, q);
}

void queue_ge_asks(struct held *h)
{
	h->asked = true;
}

void ge_leaves(struct queue *q, const struct held *h)
{
	if (*q->probe && !strcmp(h->ticket, q->probe))
		send_report(q, h->ticket, "unasked", NULL, on_probe_told, q);
	if (queue_needs_ge(h->job.queue) && !h->asked && q->set->ge_rate > 0)
		q->refund++;
}

void ge_flush(struct queue *q)
{
	char key[KEYS_MAX], n[16];

	if (!q->refund)
		return;
	snprintf(n, sizeof(n), "%d", q->refund);
	q->refund = 0;
	q->dry = false;
	redis_call(q->redis, NULL, NULL, "HINCRBYFLOAT", keys_name(key, q->set->namespace_, KEY_GE), "tokens", n, NULL);
}

struct failure {
	struct queue *queue;
	queue_ge_cb *cb;
	void *data;
	char why[300];
};

static void on_failure_told(const struct redis_value *v, const struct err *err, void *data)
{
	struct failure *f = data;
	struct queue *q = f->queue;
	enum report is = err ? REPORT_OPEN : (enum report)redis_int(v);

	if (is == REPORT_OPENED)
		log_warn("ge=down why=\"%s\": %d failures in a row; one probe at a time goes from now on", f->why,
			 q->set->ge_breaker);
	f->cb(is == REPORT_OPEN ? BREAKER_OPEN : is == REPORT_PROBED ? BREAKER_PROBED : BREAKER_CLOSED, f->data);
	free(f);
	look_again(q);
}

void queue_ge_failed(struct queue *q, const struct held *h, const struct err *why, queue_ge_cb *cb, void *data)
{
	struct failure *f = need(malloc(sizeof(*f)));

	f->queue = q;
	f->cb = cb;
	f->data = data;
	snprintf(f->why, sizeof(f->why), "%s: %s", why->code, why->msg);
	send_report(q, h->ticket, "failed", f->why, on_failure_told, f);
}

void queue_tell(struct queue *q, const char *why)
{
	snprintf(q->why, sizeof(q->why), "%s", why);
}
