/* fetcher.c - what all fetch jobs of a worker share: its connections, the
 * session, and whether there is anything to fetch with. */
#include <stdio.h>
#include <stdlib.h>

#include "fetch_impl.h"
#include "log.h"
#include "mem.h"
#include "own_schema.h"

#define LOOK_MS         250     /* how soon an absent PostgreSQL is noticed to be back */
#define PATIENCE_MS     2000    /* with an absent PostgreSQL */

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
		fetch_flush_later(ft);
		return;
	}
	if (now - ft->up_ms < PATIENCE_MS)
		return;
	err_set(&err, ERR_HOLD, "db_unavailable", "PostgreSQL is away: %s", db_trouble(ft->db));
	while ((f = fetch_list_take(&ft->load)) || (f = fetch_list_take(&ft->store)))
		fetch_finish(f, &err, NULL, -1);
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
	struct fetcher *ft = need(calloc(1, sizeof(*ft)));

	ft->pool = pool;
	ft->db = pool->db = db_new(pool->loop, pool->set->database_url, pool->set->db_pool, "gesync-worker");
	ft->http = pool->http = http_new(pool->loop, pool->set->ge_ca_file);
	ft->look = timer_new(pool->loop, on_look, ft);
	ft->ask_due = timer_new(pool->loop, fetch_ask_more, ft);
	fetch_list_init(&ft->load);
	fetch_list_init(&ft->store);
	fetch_list_init(&ft->ask);
	fetch_list_init(&ft->young);
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
	ft->session.jsessionid = need_copy(ours ? set->ge_session : jsessionid);
	ft->session.csrf = need_copy(ours ? set->ge_csrf : csrf);
	ft->session.awsalb = need_copy(*awsalb ? awsalb : NULL);
}

struct fetch_counts fetcher_counts(const struct fetcher *ft)
{
	return ft->counts;
}
