/* fetch_ge.c - a fetch asks GE who owns its licence, and reports a GE that does
 * not answer.
 *
 * A worker spreads its requests: an expired session is seen by all that were
 * sent before GE's first word of it, so a few go at once and more only as GE
 * takes its time (may_ask). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch_impl.h"
#include "log.h"
#include "mem.h"

#define BUSY_HOLD_MS    5000    /* after a 429 without Retry-After */
#define STALE_MS        5000    /* what was claimed before the session expired has gone by then */
#define AT_ONCE         9       /* young requests to GE: fewer than ten see that a session has expired */
#define YOUNG_MS        16000   /* by slots: 250 of 64, which is more than GE takes on a good day */

static void hold_session(struct fetch *f)
{
	struct fetcher *ft = f->fetcher;

	memcpy(ft->expired, f->session, sizeof(f->session));
	ft->expired_ms = loop_now_ms(ft->pool->loop);
	queue_ge_expired(ft->pool->queue, f->session);
}

/* GE is there, but wants no requests: with this session, or for a while. */
static void hold_for(struct fetch *f, const struct http_reply *reply, const struct err *err)
{
	if (!strcmp(err->code, "ge_session_expired"))
		hold_session(f);
	else
		queue_ge_pause(f->fetcher->pool->queue, reply->retry_after_s > 0 ? reply->retry_after_s * 1000 : BUSY_HOLD_MS,
			       reply->status);
}

static void on_reported(enum queue_breaker breaker, void *data)
{
	struct fetch *f = data;

	f->away = false;
	if (!f->slot) {
		fetch_free(f);
		return;
	}
	if (breaker != BREAKER_CLOSED)
		f->err.kind = ERR_HOLD;
	f->slot->yields = breaker == BREAKER_PROBED;
	fetch_finish(f, &f->err, NULL, -1);
}

void fetch_report(struct fetch *f)
{
	f->away = true;
	queue_ge_failed(f->fetcher->pool->queue, &f->slot->held, &f->err, on_reported, f);
}

/* No answer counts against the breaker, and so does one that says GE is broken. */
static bool is_failure(const struct err *err)
{
	return !strcmp(err->code, "ge_timeout") || !strcmp(err->code, "ge_unreachable") ||
	       !strncmp(err->code, "ge_http_5", 9);
}

static void answer_bad(struct fetch *f, const struct http_reply *reply, const struct err *err)
{
	struct queue *queue = f->fetcher->pool->queue;

	f->err = *err;
	if (is_failure(err)) {
		if (reply && reply->retry_after_s > 0)
			queue_ge_pause(queue, reply->retry_after_s * 1000, reply->status);
		fetch_enter(f, FETCH_REPORT);
		return;
	}
	if (reply && err->kind == ERR_HOLD)
		hold_for(f, reply, err);
	queue_ge_answered(queue, &f->slot->held, err->kind != ERR_HOLD);
	if (err->kind == ERR_PERMANENT)
		fetch_enter(f, FETCH_STORE);          /* told after the derived values are stored */
	else
		fetch_finish(f, &f->err, NULL, -1);
}

static void ask_later(struct fetcher *ft)
{
	if (ft->ask.first)
		timer_set(ft->ask_due, 0);
}

static void answered(struct fetch *f)
{
	f->call = NULL;
	fetch_list_drop(&f->fetcher->young, f);
	ask_later(f->fetcher);
}

void fetch_ask_cancel(struct fetch *f)
{
	http_cancel(f->call);
	answered(f);
}

static void on_replied(const struct http_reply *reply, const struct err *err, void *data)
{
	struct fetch *f = data;
	struct fetcher *ft = f->fetcher;
	struct err bad;

	answered(f);
	if (err) {
		answer_bad(f, NULL, err);
		return;
	}
	if (*reply->set_awsalb && strcmp(reply->set_awsalb, ft->session.awsalb ? ft->session.awsalb : "")) {
		free(ft->session.awsalb);
		ft->session.awsalb = need_copy(reply->set_awsalb);
	}
	if (ge_reply_parse(&f->reply, reply->status, reply->content_type, reply->location,
			   reply->body, reply->len, &bad) < 0) {
		answer_bad(f, reply, &bad);
		return;
	}
	queue_ge_answered(ft->pool->queue, &f->slot->held, true);
	fetch_enter(f, FETCH_STORE);
}

/* Claimed when nobody knew that the session had expired. */
static bool is_stale(const struct fetcher *ft)
{
	return !strcmp(ft->expired, queue_session(ft->pool->queue)) &&
	       loop_now_ms(ft->pool->loop) - ft->expired_ms < STALE_MS;
}

/* Incomplete; or it is the session, or the URL, that no request can be made of. */
static void cannot_ask(struct fetch *f, const struct err *err)
{
	f->err = *err;
	if (err->kind == ERR_PERMANENT) {
		fetch_enter(f, FETCH_STORE);
		return;
	}
	log_warn("licence=%s %s", f->slot->held.job.subject, err->msg);
	if (err->kind == ERR_HOLD)
		hold_session(f);
	fetch_finish(f, &f->err, NULL, -1);
}

static void ask_ge(struct fetch *f)
{
	struct fetcher *ft = f->fetcher;
	const struct settings *set = ft->pool->set;
	struct ge_request req;
	struct err err;

	if (is_stale(ft)) {
		err_set(&err, ERR_HOLD, "ge_session_expired", "the GE session has expired");
		fetch_finish(f, &err, NULL, -1);
		return;
	}
	snprintf(f->session, sizeof(f->session), "%s", queue_session(ft->pool->queue));
	if (ge_request_make(&req, set->ge_url, &ft->session, set->ge_app_id ? set->ge_app_id : GE_APP_ID,
			    f->slot->held.job.subject, f->date, f->iec, &err) < 0) {
		cannot_ask(f, &err);
		return;
	}
	const char *headers[] = {
		"Accept: */*", "X-Requested-With: XMLHttpRequest", req.origin, req.referer,
		"Content-Type: application/x-www-form-urlencoded; charset=UTF-8",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) gesync/" GESYNC_VERSION, NULL
	};
	struct http_request http = { req.url, req.body, req.cookie, headers, set->ge_timeout_ms };

	ft->counts.requests++;
	queue_ge_asks(&f->slot->held);
	fetch_list_add(&ft->young, f);
	f->asked_ms = loop_now_ms(ft->pool->loop);
	f->call = http_post(ft->http, &http, on_replied, f);
	ge_request_clear(&req);
}

/* How long the next request has to wait; 0: not at all. */
static int64_t may_ask(struct fetcher *ft)
{
	int64_t now = loop_now_ms(ft->pool->loop), young_ms = YOUNG_MS / ft->pool->set->concurrency;
	int n = 0;

	while (ft->young.first && now - ft->young.first->asked_ms >= young_ms)
		fetch_list_take(&ft->young);
	for (const struct fetch *f = ft->young.first; f; f = f->next)
		n++;
	return n < AT_ONCE ? 0 : ft->young.first->asked_ms + young_ms - now;
}

void fetch_ask_more(void *data)
{
	struct fetcher *ft = data;
	int64_t wait = 0;

	while (ft->ask.first && !(wait = may_ask(ft)))
		ask_ge(fetch_list_take(&ft->ask));
	if (ft->ask.first)
		timer_set(ft->ask_due, wait);
}
