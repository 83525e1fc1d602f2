/* fetch_impl.h - what the files of the fetch job share; nobody else includes it. */
#ifndef GESYNC_FETCH_IMPL_H
#define GESYNC_FETCH_IMPL_H

#include "digest.h"
#include "ge_reply.h"
#include "ge_request.h"
#include "job_fetch.h"

enum fetch_state { FETCH_LOAD, FETCH_GE, FETCH_REPORT, FETCH_STORE };

struct fetch {
	struct slot *slot;              /* NULL: let go of, goes when its callback comes */
	struct fetcher *fetcher;
	enum fetch_state state;
	bool away;                      /* part of a statement or a report on its way: its callback will come */
	bool alone;                     /* its batch failed: stored by itself */
	char *token, *date, *iec;
	struct ge_reply reply;
	struct http_call *call;
	int64_t asked_ms;               /* loop ms at which it went */
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
	struct fetch_list young;        /* on their way, and not for long; oldest first */
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

/* job_fetch.c: from state to state. finish takes result, and frees the fetch. */
void fetch_enter(struct fetch *f, enum fetch_state next);
void fetch_finish(struct fetch *f, const struct err *err, json_t *result, int changed);
void fetch_free(struct fetch *f);

void fetch_list_init(struct fetch_list *list);
void fetch_list_add(struct fetch_list *list, struct fetch *f);
struct fetch *fetch_list_take(struct fetch_list *list);
void fetch_list_drop(struct fetch_list *list, const struct fetch *f);

/* fetch_ge.c: sends the requests that may go now; takes one back; tells the
 * breaker of f->err. */
void fetch_ask_more(void *fetcher);
void fetch_ask_cancel(struct fetch *f);
void fetch_report(struct fetch *f);

/* fetch_rows.c: sends what waits for PostgreSQL, once the loop has come round. */
void fetch_flush_later(struct fetcher *ft);

#endif
