/* job_fetch.c - one licence: who owns it says GE, what is left of it say its rows.
 *
 *      LOAD ---> FETCH ---> STORE ---> finish
 *       |  \     |          ^
 *       |   +----|----------+  offline, incomplete: derived values alone
 *       |        +--> REPORT --> finish   no answer: the breaker decides what that costs
 *       +--> finish                unknown licence; or a first result stands already
 *
 * Where no rate spreads the requests, FETCH does: an expired session is seen
 * by all that were sent before GE's first word of it, so a worker sends a few
 * at once and more only as GE takes its time (may_ask).
 *
 * LOAD and STORE work on batches: what gathered while the connections were
 * busy goes in one statement. A batch that fails is stored licence by licence,
 * so that one bad licence harms no other. */
#include "job_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "ge_reply.h"
#include "ge_request.h"
#include "log.h"
#include "queries.h"
#include "own_schema.h"

#define BATCH           50      /* 14,000 licences/s in batches of 50, 3,600 one by one */
#define LOOK_MS         250     /* how soon an absent PostgreSQL is noticed to be back */
#define BUSY_HOLD_MS    5000    /* after a 429 without Retry-After */
#define PATIENCE_MS     2000    /* with an absent PostgreSQL */
#define STALE_MS        5000    /* what was claimed before the session expired has gone by then */
#define AT_ONCE         6       /* requests to GE, as many as a browser sends one host */
#define RAMP_MS         1000    /* further ones go one by one, each slot one a second */

enum fetch_state { FETCH_LOAD, FETCH_GE, FETCH_REPORT, FETCH_STORE };
static const char *const state_names[] = { "load", "fetch", "report", "store" };

struct fetch {
	struct slot *slot;              /* NULL: let go of, goes when its callback comes */
	struct fetcher *fetcher;
	enum fetch_state state;
	bool away;                      /* part of a statement or a report on its way: its callback will come */
	bool alone;                     /* its batch failed: stored by itself */
	char *token, *date, *iec;
	struct ge_reply reply;
	struct http_call *call;
	char session[DIGEST_HEX];       /* the one the request was made with */
	struct err err;                 /* to finish with after STORE, if code is set */
	struct fetch *next;
};

struct fetch_list { struct fetch *first, **last; };

struct fetcher {
	struct pool *pool;
	struct db *db;
	struct http *http;
	struct fetch_list load, store;  /* waiting for a connection */
	struct fetch_list ask;          /* waiting to ask GE */
	int asking;                     /* requests on their way */
	int64_t asked_ms;               /* loop ms at which the last one went */
	struct timer *ask_due;
	bool flush_due;
	struct ge_session session;
	bool schema_ready, schema_asked;
	struct timer *look;
	int64_t up_ms;                  /* loop ms at which PostgreSQL was last seen up */
	char expired[DIGEST_HEX];       /* the session that GE refused last, and when (loop ms) */
	int64_t expired_ms;
	struct fetch_counts counts;
};

static void enter(struct fetch *f, enum fetch_state next);

/* ---- lists and lives ---- */

static void list_init(struct fetch_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static void list_add(struct fetch_list *list, struct fetch *f)
{
	f->next = NULL;
	*list->last = f;
	list->last = &f->next;
}

static struct fetch *list_take(struct fetch_list *list)
{
	struct fetch *f = list->first;

	if (f && !(list->first = f->next))
		list->last = &list->first;
	return f;
}

static void list_drop(struct fetch_list *list, const struct fetch *f)
{
	struct fetch_list kept;
	struct fetch *at;

	list_init(&kept);
	while ((at = list_take(list)))
		if (at != f)
			list_add(&kept, at);
	list_init(list);
	while ((at = list_take(&kept)))
		list_add(list, at);
}

static void fetch_free(struct fetch *f)
{
	free(f->token);
	free(f->date);
	free(f->iec);
	ge_reply_clear(&f->reply);
	free(f);
}

static void finish(struct fetch *f, const struct err *err, json_t *result, int changed)
{
	struct slot *slot = f->slot;
	struct err copy;

	if (err)
		copy = *err;
	fetch_free(f);
	if (slot)
		slot_finish(slot, err ? &copy : NULL, result, changed);
	else
		json_decref(result);
}

static void flush_later(struct fetcher *ft);

/* ---- the elements of a batch, as JSON ---- */

struct batch {
	struct fetcher *fetcher;
	size_t n;
	struct fetch *f[BATCH];
};

static void put_text(FILE *out, const char *key, const char *value)
{
	json_t *text = value ? json_string(value) : json_null();
	char *json = json_dumps(text, JSON_ENCODE_ANY | JSON_COMPACT);

	fprintf(out, "\"%s\":%s,", key, json);
	free(json);
	json_decref(text);
}

static void put_element(FILE *out, const struct fetch *f)
{
	const struct job *job = &f->slot->held.job;

	putc('{', out);
	put_text(out, "license", job->subject);
	put_text(out, "job", job->id);
	put_text(out, "worker", queue_worker(f->fetcher->pool->queue));
	put_text(out, "run", *job->run ? job->run : NULL);
	put_text(out, "token", f->token);
	put_text(out, "code", *f->err.code ? f->err.code : NULL);
	fprintf(out, "\"attempt\":%d,\"known\":%s,\"force\":%s,\"dry_run\":%s,\"reply\":%s}", job->attempt + 1,
		job->known ? "true" : "false", job->force ? "true" : "false", job->dry_run ? "true" : "false",
		f->reply.json ? f->reply.json : "null");
}

static char *batch_json(const struct batch *b)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	putc('[', out);
	for (size_t i = 0; i < b->n; i++) {
		if (i)
			putc(',', out);
		put_element(out, b->f[i]);
	}
	putc(']', out);
	if (fclose(out))
		abort();
	return text;
}

/* Takes what may go together: dry runs are rolled back, so they go apart, as
 * does a licence whose batch failed. */
static struct batch *batch_take(struct fetcher *ft, struct fetch_list *list)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->fetcher = ft;
	while (list->first && b->n < BATCH) {
		struct fetch *f = list->first;

		if (b->n && (f->alone || b->f[0]->alone ||
			     f->slot->held.job.dry_run != b->f[0]->slot->held.job.dry_run))
			break;
		list_take(list);
		f->away = true;
		b->f[b->n++] = f;
	}
	return b;
}

/* A migration that keeps the gate closed is not the job's fault. */
static const struct err *excuse_gate(const struct err *err, struct err *hold)
{
	if (!err || strcmp(err->code, "lock_timeout") || strncmp(err->msg, "gate:", 5))
		return err;
	err_set(hold, ERR_HOLD, "db_unavailable", "a migration is changing the tables");
	return hold;
}

static int row_of(const struct db_rows *rows, const char *license)
{
	for (int i = 0; i < db_rows_count(rows); i++)
		if (!strcmp(db_rows_get(rows, i, "license"), license))
			return i;
	return -1;
}

/* ---- LOAD ---- */

static char *copy(const char *text)
{
	char *dup = text ? strdup(text) : NULL;

	if (text && !dup)
		abort();
	return dup;
}

static int is_changed(const json_t *result)
{
	return json_is_true(json_object_get(result, "changed"));
}

/* This very job has stored already, and its acknowledgement was lost. */
static void report_first(struct fetch *f, const char *first)
{
	json_t *result = json_loads(first, 0, NULL);

	f->slot->may_have_stored = true;
	finish(f, NULL, result, is_changed(result));
}

static void loaded(struct fetch *f, const struct db_rows *rows)
{
	const char *license = f->slot->held.job.subject;
	int row = row_of(rows, license);
	struct err err;

	if (row < 0) {
		err_set(&err, ERR_PERMANENT, "unknown_license", "licence %s is not in the database", license);
		finish(f, &err, NULL, -1);
		return;
	}
	f->token = copy(db_rows_get(rows, row, "token"));
	f->date = copy(db_rows_get(rows, row, "license_date"));
	f->iec = copy(db_rows_get(rows, row, "iec"));
	if (db_rows_get(rows, row, "first_result"))
		report_first(f, db_rows_get(rows, row, "first_result"));
	else if (f->slot->held.job.offline)
		enter(f, FETCH_STORE);
	else
		enter(f, FETCH_GE);
}

static void on_loaded(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct batch *b = data;
	struct err hold;

	err = excuse_gate(err, &hold);
	for (size_t i = 0; i < b->n; i++) {
		struct fetch *f = b->f[i];

		f->away = false;
		if (!f->slot)
			fetch_free(f);
		else if (err)
			finish(f, err, NULL, -1);
		else
			loaded(f, rows[1]);
	}
	flush_later(b->fetcher);
	free(b);
}

static void send_load(struct fetcher *ft)
{
	struct batch *b = batch_take(ft, &ft->load);
	char *json = batch_json(b);
	struct db_stmt stmts[] = { { &sql_gate, 0, { NULL } }, { &sql_load, 1, { json } } };

	ft->counts.loads++;
	db_run(ft->db, stmts, 2, DB_COMMIT, on_loaded, b);
	free(json);
}

/* ---- FETCH ---- */

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
	finish(f, &f->err, NULL, -1);
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
		enter(f, FETCH_REPORT);
		return;
	}
	if (reply && err->kind == ERR_HOLD)
		hold_for(f, reply, err);
	queue_ge_answered(queue, &f->slot->held, err->kind != ERR_HOLD);
	if (err->kind == ERR_PERMANENT)
		enter(f, FETCH_STORE);          /* told after the derived values are stored */
	else
		finish(f, &f->err, NULL, -1);
}

static void ask_later(struct fetcher *ft)
{
	if (ft->ask.first)
		timer_set(ft->ask_due, 0);
}

static void answered(struct fetch *f)
{
	f->call = NULL;
	f->fetcher->asking--;
	ask_later(f->fetcher);
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
		ft->session.awsalb = copy(reply->set_awsalb);
	}
	if (ge_reply_parse(&f->reply, reply->status, reply->content_type, reply->location,
			   reply->body, reply->len, &bad) < 0) {
		answer_bad(f, reply, &bad);
		return;
	}
	queue_ge_answered(ft->pool->queue, &f->slot->held, true);
	enter(f, FETCH_STORE);
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
		enter(f, FETCH_STORE);
		return;
	}
	log_warn("licence=%s %s", f->slot->held.job.subject, err->msg);
	if (err->kind == ERR_HOLD)
		hold_session(f);
	finish(f, &f->err, NULL, -1);
}

static void ask_ge(struct fetch *f)
{
	struct fetcher *ft = f->fetcher;
	const struct settings *set = ft->pool->set;
	struct ge_request req;
	struct err err;

	if (is_stale(ft)) {
		err_set(&err, ERR_HOLD, "ge_session_expired", "the GE session has expired");
		finish(f, &err, NULL, -1);
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
	ft->asking++;
	ft->asked_ms = loop_now_ms(ft->pool->loop);
	f->call = http_post(ft->http, &http, on_replied, f);
	ge_request_clear(&req);
}

/* How long the next request has to wait; 0: not at all. */
static int64_t may_ask(const struct fetcher *ft)
{
	const struct settings *set = ft->pool->set;
	int64_t left = ft->asked_ms + RAMP_MS / set->concurrency + 1 - loop_now_ms(ft->pool->loop);

	return set->ge_rate > 0 || ft->asking < AT_ONCE || left <= 0 ? 0 : left;
}

static void ask_more(void *data)
{
	struct fetcher *ft = data;
	int64_t wait = 0;

	while (ft->ask.first && !(wait = may_ask(ft)))
		ask_ge(list_take(&ft->ask));
	if (ft->ask.first)
		timer_set(ft->ask_due, wait);
}

/* ---- STORE ---- */

static void stored(struct fetch *f, const struct db_rows *rows)
{
	const char *license = f->slot->held.job.subject;
	int row = row_of(rows, license);
	json_t *result;
	struct err err;

	if (row < 0) {
		err_set(&err, ERR_PERMANENT, "unknown_license", "licence %s has gone from the database", license);
		finish(f, &err, NULL, -1);
	} else if (!strcmp(db_rows_get(rows, row, "fenced"), "t")) {
		f->fetcher->counts.fenced++;
		err_set(&err, ERR_RETRY, "db_error", "licence %s: a later attempt has taken over", license);
		finish(f, &err, NULL, -1);
	} else {
		f->fetcher->counts.stored++;
		result = json_loads(db_rows_get(rows, row, "result"), 0, NULL);
		finish(f, *f->err.code ? &f->err : NULL, result, is_changed(result));
	}
}

static void on_stored(const struct db_rows *const *rows, const struct err *err, void *data)
{
	struct batch *b = data;
	struct err hold;
	bool split;

	err = excuse_gate(err, &hold);
	split = err && err->kind != ERR_HOLD && b->n > 1;

	for (size_t i = 0; i < b->n; i++) {
		struct fetch *f = b->f[i];

		f->away = false;
		if (!f->slot) {
			fetch_free(f);
		} else if (split) {
			f->alone = true;
			list_add(&b->fetcher->store, f);
		} else if (err) {
			finish(f, err, NULL, -1);
		} else {
			stored(f, rows[3]);
		}
	}
	if (split)
		log_info("batch of %zu failed, storing one by one: %s", b->n, err->msg);
	flush_later(b->fetcher);
	free(b);
}

static void send_store(struct fetcher *ft)
{
	struct batch *b = batch_take(ft, &ft->store);
	char *json = batch_json(b);
	const char *today = ft->pool->set->today;
	struct db_stmt stmts[] = {
		{ &sql_gate, 0, { NULL } }, { &sql_lock, 1, { json } }, { &sql_companies, 1, { json } }, { &sql_store, 2, { json, today } }
	};

	ft->counts.stores++;
	for (size_t i = 0; i < b->n; i++)
		b->f[i]->slot->may_have_stored = true;
	db_run(ft->db, stmts, 4, b->f[0]->slot->held.job.dry_run ? DB_ROLLBACK : DB_COMMIT, on_stored, b);
	free(json);
}

/* ---- from state to state ---- */

static void on_flush(void *data)
{
	struct fetcher *ft = data;

	ft->flush_due = false;
	if (!ft->db)
		return;
	while (ft->store.first && db_idle(ft->db) > 0)
		send_store(ft);
	while (ft->load.first && db_idle(ft->db) > 0)
		send_load(ft);
}

static void flush_later(struct fetcher *ft)
{
	if (!ft->flush_due && (ft->load.first || ft->store.first)) {
		ft->flush_due = true;
		loop_defer(ft->pool->loop, on_flush, ft);
	}
}

static void enter(struct fetch *f, enum fetch_state next)
{
	struct fetcher *ft = f->fetcher;

	log_debug("job=%s licence=%s state=%s", f->slot->held.job.id, f->slot->held.job.subject, state_names[next]);
	f->state = next;
	switch (next) {
	case FETCH_LOAD:
		list_add(&ft->load, f);
		flush_later(ft);
		return;
	case FETCH_GE:
		list_add(&ft->ask, f);
		ask_more(ft);
		return;
	case FETCH_REPORT:
		f->away = true;
		queue_ge_failed(ft->pool->queue, &f->slot->held, &f->err, on_reported, f);
		return;
	case FETCH_STORE:
		list_add(&ft->store, f);
		flush_later(ft);
		return;
	}
}

static void start(struct slot *slot)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	f->slot = slot;
	f->fetcher = slot->pool->fetcher;
	slot->run = f;
	enter(f, FETCH_LOAD);
}

static bool stop(struct slot *slot)
{
	struct fetch *f = slot->run;

	if (f->away && f->state == FETCH_STORE)
		return false;
	f->slot = NULL;
	slot->run = NULL;
	if (f->away)
		return true;            /* freed by its callback */
	if (f->call) {
		http_cancel(f->call);
		answered(f);
	} else {
		list_drop(f->state == FETCH_GE ? &f->fetcher->ask :
			  f->state == FETCH_LOAD ? &f->fetcher->load : &f->fetcher->store, f);
	}
	fetch_free(f);
	return true;
}

const struct handler job_fetch = { .start = start, .stop = stop };

/* ---- what they share ---- */

static void on_schema(const struct err *err, void *data)
{
	struct fetcher *ft = data;

	ft->schema_asked = false;
	ft->schema_ready = !err;
	if (ft->db)                     /* else the worker ends while it asks */
		fetcher_look(ft);
}

static void ask_schema(struct fetcher *ft)
{
	if (ft->schema_asked)
		return;
	ft->schema_asked = true;
	own_schema_ensure(ft->db, on_schema, ft);
}

/* Why no licence can be fetched now, or "". */
static void tell_why(const struct fetcher *ft, char *why, size_t size)
{
	why[0] = '\0';
	if (!ft->pool->set->ge_url)
		snprintf(why, size, "GESYNC_GE_URL is not set");
	else if (!db_up(ft->db) && *db_trouble(ft->db))
		snprintf(why, size, "PostgreSQL is away: %s", db_trouble(ft->db));
	else if (!db_up(ft->db))
		snprintf(why, size, "PostgreSQL has not answered yet");
	else if (!ft->schema_ready)
		snprintf(why, size, "the schema gesync is not there yet in PostgreSQL");
}

/* Jobs wait out a short absence of PostgreSQL, in their slots; of a longer one
 * in their queues. */
static void look_at_waiting(struct fetcher *ft)
{
	int64_t now = loop_now_ms(ft->pool->loop);
	struct fetch *f;
	struct err err;

	if (db_up(ft->db)) {
		ft->up_ms = now;
		flush_later(ft);
		return;
	}
	if (now - ft->up_ms < PATIENCE_MS)
		return;
	err_set(&err, ERR_HOLD, "db_unavailable", "PostgreSQL is away: %s", db_trouble(ft->db));
	while ((f = list_take(&ft->load)) || (f = list_take(&ft->store)))
		finish(f, &err, NULL, -1);
}

void fetcher_look(struct fetcher *ft)
{
	const struct settings *set = ft->pool->set;
	struct queue *queue = ft->pool->queue;
	bool serves = false;
	char why[300];

	for (int i = 0; i < set->nqueues; i++)
		serves |= handlers[set->queues[i]] == &job_fetch;
	if (!serves)
		return;
	if (!ft->schema_ready)
		ask_schema(ft);
	look_at_waiting(ft);
	tell_why(ft, why, sizeof(why));
	queue_tell(queue, why);
	queue_set_open(queue, QUEUE_FETCH, !*why);
	queue_set_open(queue, QUEUE_BULK, !*why);
	queue_set_open(queue, QUEUE_OFFLINE, ft->schema_ready && db_up(ft->db));
	timer_set(ft->look, LOOK_MS);
}

static void on_look(void *data)
{
	fetcher_look(data);
}

struct fetcher *fetcher_new(struct pool *pool)
{
	struct fetcher *ft = calloc(1, sizeof(*ft));

	if (!ft)
		abort();
	ft->pool = pool;
	ft->db = pool->db = db_new(pool->loop, pool->set->database_url, pool->set->db_pool, "gesync-worker");
	ft->http = pool->http = http_new(pool->loop, pool->set->ge_ca_file);
	ft->look = timer_new(pool->loop, on_look, ft);
	ft->ask_due = timer_new(pool->loop, ask_more, ft);
	list_init(&ft->load);
	list_init(&ft->store);
	list_init(&ft->ask);
	queue_set_open(pool->queue, QUEUE_FETCH, false);
	queue_set_open(pool->queue, QUEUE_BULK, false);
	queue_set_open(pool->queue, QUEUE_OFFLINE, false);
	fetcher_set_session(ft, "", "", "");
	timer_set(ft->look, 0);
	return ft;
}

void fetcher_free(struct fetcher *ft)
{
	struct db *db = ft->db;

	ft->db = NULL;                  /* what ends now starts nothing new */
	db_free(db);
	http_free(ft->http);
	timer_free(ft->look);
	timer_free(ft->ask_due);
	while (ft->flush_due)
		loop_run_once(ft->pool->loop);
	free(ft->session.jsessionid);
	free(ft->session.csrf);
	free(ft->session.awsalb);
	free(ft);
}

void fetcher_set_session(struct fetcher *ft, const char *jsessionid, const char *csrf, const char *awsalb)
{
	const struct settings *set = ft->pool->set;
	bool ours = !*jsessionid;

	free(ft->session.jsessionid);
	free(ft->session.csrf);
	free(ft->session.awsalb);
	ft->session.jsessionid = copy(ours ? set->ge_session : jsessionid);
	ft->session.csrf = copy(ours ? set->ge_csrf : csrf);
	ft->session.awsalb = copy(*awsalb ? awsalb : NULL);
}

struct fetch_counts fetcher_counts(const struct fetcher *ft)
{
	return ft->counts;
}
