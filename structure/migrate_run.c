/* migrate_run.c - one migration.
 *
 *   apply:  BEGIN, gate --> statement ... --> record --> COMMIT
 *             ^                 | a lock was not to be had
 *             +--- ROLLBACK <---+ (40 times at most, with jitter)
 *           with "transaction: off": statement by statement, then the record
 *   fake:   record
 *   probe:  BEGIN, sum of the catalogue --> statement ... --> sum --> ROLLBACK:
 *           the effect stands if the sum is the same and no row was written
 *
 * A probe gives up at once where it would have to wait: it must not disturb. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "noise.h"
#include "queries.h"
#include "sql_lex.h"
#include "structure/migrate_impl.h"

#define ATTEMPTS        40      /* of 3 s and a pause of up to 5 s: some minutes */
#define PAUSE_FIRST_MS  500
#define PAUSE_MOST_MS   5000
#define PROBE_MS        3000    /* for all of a probe; a statement of it has 2 s */
#define NAME_MAX_       200

struct migrate_run {
	struct migrate *m;
	const struct migration *mig;
	enum migrate_how how;
	migrate_run_cb *cb;
	struct timer *timer;            /* between two attempts; of a probe */
	int attempt;
	int64_t pause_ms, started_ms;
	const char *at;                 /* in the file: behind st */
	int line;
	struct sql_statement st;
	char index[NAME_MAX_];          /* that st makes concurrently, or "" */
	bool probe_end;                 /* the second sum is asked for */
	char before[128], after[128];
	bool failed;
	enum migrate_outcome outcome;
	struct err err;
};

static void begin(struct migrate_run *r);
static void next_statement(struct migrate_run *r);

static struct db_session *session(const struct migrate_run *r)
{
	return r->m->session;
}

/* ---- its end ---- */

static void run_free(struct migrate_run *r)
{
	r->m->run = NULL;
	timer_free(r->timer);
	free(r);
}

static void finish(struct migrate_run *r, enum migrate_outcome outcome, const struct err *err)
{
	struct migrate *m = r->m;
	const struct migration *mig = r->mig;
	migrate_run_cb *cb = r->cb;
	int64_t ms = loop_now_ms(m->loop) - r->started_ms;
	struct err copy;

	if (err)
		copy = *err;
	migrate_watch_end(m->watch);
	run_free(r);
	cb(m, mig, outcome, ms, err ? &copy : NULL);
}

static void on_rolled_back(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err)
		finish(r, r->outcome, err);
	else
		finish(r, r->outcome, r->failed ? &r->err : NULL);
}

static void end_probe(struct migrate_run *r, enum migrate_outcome outcome)
{
	timer_stop(r->timer);
	r->outcome = outcome;
	db_session_run(session(r), "ROLLBACK", on_rolled_back, r);
}

/* ---- failures ---- */

static void on_pause(void *data)
{
	struct migrate_run *r = data;

	if (r->how == MIGRATE_PROBE)
		db_session_cancel(session(r));
	else
		begin(r);
}

static void on_may_try_again(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err) {
		finish(r, r->outcome, err);
		return;
	}
	timer_set(r->timer, r->pause_ms / 2 + (int64_t)((double)r->pause_ms / 2 * noise_unit()));
	r->pause_ms = r->pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : r->pause_ms * 2;
}

static void try_again(struct migrate_run *r, const char *blockers)
{
	migrate_say(r->m, "%s: no lock within 3 s%s%s; tries again (%d of %d)", r->mig->id,
		    *blockers ? ", held by " : "", blockers, r->attempt + 1, ATTEMPTS);
	db_session_run(session(r), "ROLLBACK", on_may_try_again, r);
}

static void give_up(struct migrate_run *r, const struct err *err, const char *blockers)
{
	r->failed = true;
	r->err = *err;
	if (!strcmp(err->code, "lock_timeout"))
		err_set(&r->err, ERR_RETRY, "lock_timeout", "%s: no lock in %d attempts%s%s", r->mig->id, ATTEMPTS,
			*blockers ? ", held by " : "", blockers);
	else
		migrate_result_failed(r->m, r->mig, r->st.text ? r->st.line : 0, &r->err);
	migrate_say(r->m, "%s", r->err.msg);
	db_session_run(session(r), "ROLLBACK", on_rolled_back, r);
}

/* Of a probe: it would have had to wait, or it has no such effect. */
static void probe_failed(struct migrate_run *r)
{
	const char *state = db_session_error(session(r)).sqlstate;
	bool waited = !strcmp(state, "55P03") || !strcmp(state, "57014") || !strcmp(state, "40P01");

	end_probe(r, waited ? MIGRATE_UNKNOWN : MIGRATE_STANDS_NOT);
}

/* Any statement's error comes here. */
static void failed(struct migrate_run *r, const struct err *err)
{
	const char *blockers = migrate_watch_end(r->m->watch);

	if (err->kind == ERR_HOLD)
		finish(r, MIGRATE_UNKNOWN, err);
	else if (r->how == MIGRATE_PROBE)
		probe_failed(r);
	else if (!strcmp(err->code, "lock_timeout") && ++r->attempt < ATTEMPTS)
		try_again(r, blockers);
	else
		give_up(r, err, blockers);
}

/* ---- the record ---- */

static void on_committed(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err)                        /* deferred constraints speak here */
		failed(r, err);
	else
		finish(r, r->how == MIGRATE_FAKE ? MIGRATE_FAKED : MIGRATE_APPLIED, NULL);
}

static void on_recorded(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	if (err)
		failed(r, err);
	else if (r->how == MIGRATE_APPLY && r->mig->transaction)
		db_session_run(session(r), "COMMIT", on_committed, r);
	else
		on_committed(rows, NULL, r);
}

static void record(struct migrate_run *r)
{
	json_t *ids = json_pack("[s]", r->mig->id);
	char ms[24];
	char *text;

	for (size_t i = 0; i < r->mig->replaces.n; i++)
		if (strcmp(r->mig->replaces.v[i], r->mig->id))
			json_array_append_new(ids, json_string(r->mig->replaces.v[i]));
	text = need(json_dumps(ids, JSON_COMPACT));
	snprintf(ms, sizeof(ms), "%lld", (long long)(loop_now_ms(r->m->loop) - r->started_ms));
	db_session_query(session(r), sql_migrate_record.text, 3,
			 (const char *const[]){ text, r->mig->checksum, r->how == MIGRATE_FAKE ? NULL : ms },
			 on_recorded, r);
	free(text);
	json_decref(ids);
}

/* ---- the sum of the catalogue ---- */

static void on_sum(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;
	char *to = r->probe_end ? r->after : r->before;

	if (err) {
		failed(r, err);
		return;
	}
	snprintf(to, sizeof(r->before), "%s %s", db_rows_get(rows, 0, "catalogue"), db_rows_get(rows, 0, "written"));
	if (r->probe_end)
		end_probe(r, strcmp(r->before, r->after) ? MIGRATE_STANDS_NOT : MIGRATE_STANDS);
	else
		next_statement(r);
}

static void ask_sum(struct migrate_run *r)
{
	db_session_run(session(r), sql_migrate_catalogue.text, on_sum, r);
}

/* ---- statements ---- */

static void on_statement(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err)
		failed(r, err);
	else
		next_statement(r);
}

static void run_statement(struct migrate_run *r)
{
	char *text = need(strndup(r->st.text, r->st.len));

	db_session_run(session(r), text, on_statement, r);
	free(text);
}

static void on_dropped(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err)
		failed(r, err);
	else
		run_statement(r);
}

static void drop_leftover(struct migrate_run *r)
{
	char *text;

	migrate_say(r->m, "%s: drops the invalid index %s that an earlier attempt left", r->mig->id, r->index);
	text = need_text("DROP INDEX CONCURRENTLY IF EXISTS %s", r->index);
	db_session_run(session(r), text, on_dropped, r);
	free(text);
}

static void on_index(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;
	const char *valid = err ? NULL : db_rows_get(rows, 0, "valid");

	if (err)
		failed(r, err);
	else if (r->how == MIGRATE_PROBE && valid && *valid == 't')
		next_statement(r);
	else if (r->how == MIGRATE_PROBE)
		end_probe(r, MIGRATE_STANDS_NOT);
	else if (valid && *valid == 'f')
		drop_leftover(r);
	else
		run_statement(r);
}

/* What cannot run in a transaction: an index may be half made already, and a probe
 * can but look for it. */
static void run_outside(struct migrate_run *r)
{
	const char *name = sql_concurrent_index(&r->st, r->index, sizeof(r->index));

	if (name)
		db_session_query(session(r), sql_migrate_index.text, 1, &name, on_index, r);
	else if (r->how == MIGRATE_PROBE)
		end_probe(r, MIGRATE_UNKNOWN);
	else
		run_statement(r);
}

static void on_reset(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err) {
		failed(r, err);
	} else if (r->how == MIGRATE_APPLY) {
		record(r);
	} else {
		r->probe_end = true;
		ask_sum(r);
	}
}

/* A file may have SET a search_path or a role: neither the record nor the next file is to
 * see it. What has deferred its work to COMMIT keeps its bound. */
static void reset(struct migrate_run *r)
{
	char *text = need_text("%s; SELECT set_config('statement_timeout', '%lld', true)", db_session_reset,
			       (long long)r->mig->statement_timeout_ms);

	db_session_run(session(r), text, on_reset, r);
	free(text);
}

static void no_more_statements(struct migrate_run *r)
{
	r->st.text = NULL;
	migrate_watch_end(r->m->watch);
	if (r->how == MIGRATE_APPLY || r->mig->transaction)
		reset(r);
	else
		end_probe(r, MIGRATE_STANDS);
}

static void next_statement(struct migrate_run *r)
{
	if (!sql_next_statement(&r->at, &r->line, &r->st)) {
		no_more_statements(r);
		return;
	}
	if (r->how == MIGRATE_APPLY)
		migrate_watch_begin(r->m->watch, r->mig->id);
	if (r->mig->transaction)
		run_statement(r);
	else
		run_outside(r);
}

/* ---- its beginning ---- */

static void on_begun(const struct db_rows *rows, const struct err *err, void *data)
{
	struct migrate_run *r = data;

	(void)rows;
	if (err)
		failed(r, err);
	else if (r->how == MIGRATE_PROBE && r->mig->transaction)
		ask_sum(r);
	else
		next_statement(r);
}

/* What an earlier file has left in the session. */
#define FORGET "DISCARD TEMP; DEALLOCATE ALL; "

/* Outside a transaction there is no bound but statement_timeout: CREATE INDEX CONCURRENTLY
 * waits for others without standing in anybody's way. */
static char *begin_text(const struct migrate_run *r)
{
	bool in = r->mig->transaction;
	const char *loss = r->m->req.allow_data_loss ? "on" : "off";
	long long ms = r->mig->statement_timeout_ms;

	if (r->how == MIGRATE_PROBE && !in)
		return need_copy("BEGIN READ ONLY");
	if (r->how == MIGRATE_PROBE)
		return need_copy("BEGIN; SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '2s';"
				 "SELECT set_config('gesync.allow_data_loss', 'off', true)");
	if (in)
		return need_text(FORGET "BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = %lld;"
				 "SELECT set_config('gesync.allow_data_loss', '%s', true); %s",
				 ms, loss, sql_migrate_begin.text);
	return need_text(FORGET "SET lock_timeout = 0; SET statement_timeout = %lld;"
			 "SELECT set_config('gesync.allow_data_loss', '%s', false)", ms, loss);
}

static void begin(struct migrate_run *r)
{
	char *text = begin_text(r);

	r->at = r->mig->sql;
	r->line = 1;
	r->st.text = NULL;
	if (r->how == MIGRATE_PROBE)
		timer_set(r->timer, PROBE_MS);
	else
		migrate_watch_begin(r->m->watch, r->mig->id);
	db_session_run(session(r), text, on_begun, r);
	free(text);
}

void migrate_run(struct migrate *m, const struct migration *mig, enum migrate_how how, migrate_run_cb *cb)
{
	struct migrate_run *r = need(calloc(1, sizeof(*r)));

	r->m = m;
	r->mig = mig;
	r->how = how;
	r->cb = cb;
	r->pause_ms = PAUSE_FIRST_MS;
	r->started_ms = loop_now_ms(m->loop);
	r->timer = timer_new(m->loop, on_pause, r);
	m->run = r;
	if (how == MIGRATE_FAKE)
		record(r);
	else
		begin(r);
}

void migrate_run_stop(struct migrate *m)
{
	if (m->run)
		run_free(m->run);
}
