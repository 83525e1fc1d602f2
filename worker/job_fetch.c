/* job_fetch.c - one licence: who owns it says GE, what is left of it say its rows.
 *
 *      LOAD ---> FETCH ---> STORE ---> finish
 *       |  \     |          ^
 *       |   +----|----------+  offline, incomplete: derived values alone
 *       |        +--> REPORT --> finish   no answer: the breaker decides what that costs
 *       +--> finish                unknown licence; or a first result stands already
 *
 * LOAD and STORE are in fetch_rows.c, FETCH and REPORT in fetch_ge.c, what all
 * fetch jobs of a worker share in fetcher.c. */
#include <stdlib.h>

#include "fetch_impl.h"
#include "log.h"
#include "mem.h"

static const char *const state_names[] = { "load", "fetch", "report", "store" };

void fetch_list_init(struct fetch_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

void fetch_list_add(struct fetch_list *list, struct fetch *f)
{
	f->next = NULL;
	*list->last = f;
	list->last = &f->next;
}

struct fetch *fetch_list_take(struct fetch_list *list)
{
	struct fetch *f = list->first;

	if (f && !(list->first = f->next))
		list->last = &list->first;
	return f;
}

void fetch_list_drop(struct fetch_list *list, const struct fetch *f)
{
	struct fetch_list kept;
	struct fetch *at;

	fetch_list_init(&kept);
	while ((at = fetch_list_take(list)))
		if (at != f)
			fetch_list_add(&kept, at);
	fetch_list_init(list);
	while ((at = fetch_list_take(&kept)))
		fetch_list_add(list, at);
}

void fetch_free(struct fetch *f)
{
	free(f->token);
	free(f->date);
	free(f->iec);
	ge_reply_clear(&f->reply);
	free(f);
}

void fetch_finish(struct fetch *f, const struct err *err, json_t *result, int changed)
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

/* ---- from state to state ---- */

void fetch_enter(struct fetch *f, enum fetch_state next)
{
	struct fetcher *ft = f->fetcher;

	log_debug("job=%s licence=%s state=%s", f->slot->held.job.id, f->slot->held.job.subject, state_names[next]);
	f->state = next;
	switch (next) {
	case FETCH_LOAD:
		fetch_list_add(&ft->load, f);
		fetch_flush_later(ft);
		return;
	case FETCH_GE:
		fetch_list_add(&ft->ask, f);
		fetch_ask_more(ft);
		return;
	case FETCH_REPORT:
		fetch_report(f);
		return;
	case FETCH_STORE:
		fetch_list_add(&ft->store, f);
		fetch_flush_later(ft);
		return;
	}
}

static void start(struct slot *slot)
{
	struct fetch *f = need(calloc(1, sizeof(*f)));

	f->slot = slot;
	f->fetcher = slot->pool->fetcher;
	slot->run = f;
	fetch_enter(f, FETCH_LOAD);
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
	if (f->call)
		fetch_ask_cancel(f);
	else
		fetch_list_drop(f->state == FETCH_GE ? &f->fetcher->ask :
				f->state == FETCH_LOAD ? &f->fetcher->load : &f->fetcher->store, f);
	fetch_free(f);
	return true;
}

const struct handler job_fetch = { .start = start, .stop = stop };

