/* migrate_watch.c - while a statement runs, a second session asks now and then
 * who keeps the first one waiting. */
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "queries.h"
#include "structure/migrate_impl.h"

#define FIRST_MS 1000
#define NEXT_MS  5000

struct migrate_watch {
	struct migrate *m;
	struct db_session *session;     /* made when first needed */
	struct timer *timer;
	const char *what;               /* borrowed; NULL: nothing runs */
	char blockers[300];
};

static void on_blockers(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_watch *w = data;
	const char *who = err ? NULL : db_rows_get(rows, 0, "blockers");

	if (!w->what)
		return;
	if (who) {
		snprintf(w->blockers, sizeof(w->blockers), "%s", who);
		migrate_say(w->m, "%s: waits for a lock, held by %s", w->what, who);
	}
	timer_set(w->timer, NEXT_MS);
}

static void on_timer(void *data)
{
	struct migrate_watch *w = data;
	char pid[16];
	const char *params[] = { pid };

	if (!w->what)
		return;
	if (!w->session)
		w->session = db_session_new(w->m->loop, w->m->settings->database_url, MIGRATE_PROGRAM "-watch");
	snprintf(pid, sizeof(pid), "%d", w->m->backend_pid);
	if (!db_session_busy(w->session))
		db_session_query(w->session, sql_migrate_blockers.text, 1, params, on_blockers, w);
}

struct migrate_watch *migrate_watch_new(struct migrate *m)
{
	struct migrate_watch *w = need(calloc(1, sizeof(*w)));

	w->m = m;
	w->timer = timer_new(m->loop, on_timer, w);
	return w;
}

void migrate_watch_free(struct migrate_watch *w)
{
	db_session_free(w->session);
	timer_free(w->timer);
	free(w);
}

void migrate_watch_begin(struct migrate_watch *w, const char *what)
{
	w->what = what;
	*w->blockers = '\0';
	timer_set(w->timer, FIRST_MS);
}

const char *migrate_watch_end(struct migrate_watch *w)
{
	w->what = NULL;
	timer_stop(w->timer);
	return w->blockers;
}
