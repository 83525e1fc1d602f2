/* fetch_rows.c - a fetch reads what it needs to ask GE, and stores the answer.
 *
 * Both work on batches: what gathered while the connections were busy goes in
 * one statement. A batch that fails is stored licence by licence, so that one
 * bad licence harms no other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch_impl.h"
#include "log.h"
#include "mem.h"
#include "queries.h"

#define BATCH           50      /* 14,000 licences/s in batches of 50, 3,600 one by one */

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
	FILE *out = need(open_memstream(&text, &len));

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
	struct batch *b = need(calloc(1, sizeof(*b)));

	b->fetcher = ft;
	while (list->first && b->n < BATCH) {
		struct fetch *f = list->first;

		if (b->n && (f->alone || b->f[0]->alone ||
			     f->slot->held.job.dry_run != b->f[0]->slot->held.job.dry_run))
			break;
		fetch_list_take(list);
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

static int is_changed(const json_t *result)
{
	return json_is_true(json_object_get(result, "changed"));
}

/* This very job has stored already, and its acknowledgement was lost. */
static void report_first(struct fetch *f, const char *first)
{
	json_t *result = json_loads(first, 0, NULL);

	f->slot->may_have_stored = true;
	fetch_finish(f, NULL, result, is_changed(result));
}

static void loaded(struct fetch *f, const struct db_rows *rows)
{
	const char *license = f->slot->held.job.subject;
	int row = row_of(rows, license);
	struct err err;

	if (row < 0) {
		err_set(&err, ERR_PERMANENT, "unknown_license", "licence %s is not in the database", license);
		fetch_finish(f, &err, NULL, -1);
		return;
	}
	f->token = need_copy(db_rows_get(rows, row, "token"));
	f->date = need_copy(db_rows_get(rows, row, "license_date"));
	f->iec = need_copy(db_rows_get(rows, row, "iec"));
	if (db_rows_get(rows, row, "first_result"))
		report_first(f, db_rows_get(rows, row, "first_result"));
	else if (f->slot->held.job.offline)
		fetch_enter(f, FETCH_STORE);
	else
		fetch_enter(f, FETCH_GE);
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
			fetch_finish(f, err, NULL, -1);
		else
			loaded(f, rows[1]);
	}
	fetch_flush_later(b->fetcher);
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

/* ---- STORE ---- */

static void stored(struct fetch *f, const struct db_rows *rows)
{
	const char *license = f->slot->held.job.subject;
	int row = row_of(rows, license);
	json_t *result;
	struct err err;

	if (row < 0) {
		err_set(&err, ERR_PERMANENT, "unknown_license", "licence %s has gone from the database", license);
		fetch_finish(f, &err, NULL, -1);
	} else if (!strcmp(db_rows_get(rows, row, "fenced"), "t")) {
		f->fetcher->counts.fenced++;
		err_set(&err, ERR_RETRY, "db_error", "licence %s: a later attempt has taken over", license);
		fetch_finish(f, &err, NULL, -1);
	} else {
		f->fetcher->counts.stored++;
		result = json_loads(db_rows_get(rows, row, "result"), 0, NULL);
		fetch_finish(f, *f->err.code ? &f->err : NULL, result, is_changed(result));
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
			fetch_list_add(&b->fetcher->store, f);
		} else if (err) {
			fetch_finish(f, err, NULL, -1);
		} else {
			stored(f, rows[3]);
		}
	}
	if (split)
		log_info("batch of %zu failed, storing one by one: %s", b->n, err->msg);
	fetch_flush_later(b->fetcher);
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

/* ---- when ---- */

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

void fetch_flush_later(struct fetcher *ft)
{
	if (!ft->flush_due && (ft->load.first || ft->store.first)) {
		ft->flush_due = true;
		loop_defer(ft->pool->loop, on_flush, ft);
	}
}
