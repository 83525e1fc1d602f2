/* records.c - looks through retry, scheduled and dead, and moves what is there.
 *
 * Records are read in pages, and changed by scripts that look again: what a
 * worker or another person has moved meanwhile stays where it went. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "mem.h"
#include "scripts.h"

#define PAGE            100
#define PIECE_BYTES     (1024 * 1024)   /* of one script call: Redis serves others too */
#define FIND_COUNT      "1000"
#define FIND_ROUNDS     1000            /* a million records */

static void record_read(struct record *r, const struct redis_value *member, const struct redis_value *score)
{
	r->member = redis_text(member);
	r->len = redis_len(member);
	r->at_ms = (int64_t)strtod(redis_text(score), NULL);
	r->known = job_record_parse(&r->rec, r->member, r->len) == 0;
}

/* ---- looking ---- */

/* "gesync/1 * WORD *", with what a pattern takes for special escaped. */
static char *pattern_of(const char *word)
{
	char *out = need(malloc(strlen(word) * 2 + 32)), *to = out;

	to += sprintf(to, "gesync/1 * ");
	for (; *word; word++) {
		if (strchr("*?[]\\^-", *word))
			*to++ = '\\';
		*to++ = *word;
	}
	strcpy(to, " *");
	return out;
}

static bool tell_page(const struct redis_value *page, record_cb *cb, void *data)
{
	for (size_t i = 0; i + 1 < redis_len(page); i += 2) {
		struct record r;

		record_read(&r, redis_at(page, i), redis_at(page, i + 1));
		if (!cb(&r, data))
			return false;
	}
	return true;
}

int records_find(struct ctl *c, enum key zset, const char *word, record_cb *cb, void *data)
{
	char *pattern = pattern_of(word), cursor[32] = "0";
	int rounds = 0, rc = 0;

	do {
		struct redis_value *v = ctl_ask(c, "ZSCAN", ctl_key(c, zset), cursor, "MATCH", pattern, "COUNT", FIND_COUNT);
		bool on = v && tell_page(redis_at(v, 1), cb, data);

		snprintf(cursor, sizeof(cursor), "%s", on ? redis_text(redis_at(v, 0)) : "0");
		if (!v)
			rc = -1;
		redis_value_free(v);
		if (++rounds == FIND_ROUNDS && strcmp(cursor, "0")) {
			rc = 1;
			break;
		}
	} while (strcmp(cursor, "0"));
	free(pattern);
	return rc;
}

int records_each(struct ctl *c, enum key zset, record_cb *cb, void *data)
{
	for (long from = 0;; from += PAGE) {
		char a[24], b[24];
		struct redis_value *v;
		bool on;

		snprintf(a, sizeof(a), "%ld", from);
		snprintf(b, sizeof(b), "%ld", from + PAGE - 1);
		v = ctl_ask(c, zset == KEY_DEAD ? "ZREVRANGE" : "ZRANGE", ctl_key(c, zset), a, b, "WITHSCORES");
		if (!v)
			return -1;
		on = tell_page(v, cb, data) && redis_len(v) == 2 * PAGE;
		redis_value_free(v);
		if (!on)
			return 0;
	}
}

/* ---- changing ---- */

struct piece {
	struct ctl *c;
	enum key zset;
	enum records_change change;
	int n;
	size_t bytes;
	int queue_key[QUEUES];          /* index in KEYS, 0: not there yet */
	char run[PAGE][JOB_ID_MAX + 1];
	int run_key[PAGE], nruns;
	int64_t changed;
};

static void piece_begin(struct piece *p)
{
	struct command *cmd = &p->c->cmd;

	command_begin(cmd, p->change == RECORDS_RM ? &lua_dead_rm : &lua_dead_retry);
	command_key(cmd, p->zset);
	command_key(cmd, KEY_DEAD_BYTES);
	command_key(cmd, KEY_OUTCOME_FETCH);
	if (p->change == RECORDS_RETRY)
		command_arg(cmd, p->zset == KEY_DEAD ? "1" : "0");
	memset(p->queue_key, 0, sizeof(p->queue_key));
	p->n = p->nruns = 0;
	p->bytes = 0;
}

static int piece_end(struct piece *p)
{
	struct redis_value *v;

	if (!p->n)
		return 0;
	v = ctl_run_script(p->c);
	if (!v)
		return -1;
	p->changed += redis_int(v);
	redis_value_free(v);
	piece_begin(p);
	return 0;
}

static int run_key(struct piece *p, const char *run)
{
	if (!*run)
		return 0;
	for (int i = 0; i < p->nruns; i++)
		if (!strcmp(p->run[i], run))
			return p->run_key[i];
	strcpy(p->run[p->nruns], run);
	p->run_key[p->nruns] = command_key_of(&p->c->cmd, "run", run);
	return p->run_key[p->nruns++];
}

static int queue_key(struct piece *p, int queue)
{
	if (!p->queue_key[queue])
		p->queue_key[queue] = command_key_of(&p->c->cmd, "queue", queue_names[queue]);
	return p->queue_key[queue];
}

/* A dead job begins anew: its element goes back as it came, under an id of its
 * own, since PostgreSQL answers a repeated id with the first result. A retry
 * keeps its head: its attempts count on. */
static void piece_add(struct piece *p, const struct record *r)
{
	struct command *cmd = &p->c->cmd;

	command_arg_bytes(cmd, r->member, r->len);
	if (p->change == RECORDS_RETRY) {
		bool anew = p->zset == KEY_DEAD;

		command_arg_int(cmd, queue_key(p, job_queue(r->rec.queue, strlen(r->rec.queue))));
		command_arg_int(cmd, anew ? r->rec.bytes - r->member : 0);
		command_arg_int(cmd, anew ? run_key(p, r->rec.run) : 0);
	}
	p->n++;
	p->bytes += r->len;
}

/* Of an element past 1 MiB only the beginning was kept. */
static bool was_cut(const struct record *r)
{
	json_t *outcome = strcmp(r->rec.code, "bad_job") ? NULL : record_outcome(r);
	const json_t *length = json_object_get(json_object_get(outcome, "result"), "length");
	bool cut = json_integer_value(length) > (json_int_t)r->rec.bytes_len;

	json_decref(outcome);
	return cut;
}

static bool may_change(const struct piece *p, const struct record *r)
{
	if (p->change == RECORDS_RM)
		return true;
	return r->known && job_queue(r->rec.queue, strlen(r->rec.queue)) >= 0 && !was_cut(r);
}

static void draw_progress(const struct ctl *c, int64_t seen, int64_t total, bool last)
{
	if (c->opt.json || !isatty(STDERR_FILENO) || total <= PAGE)
		return;
	fprintf(stderr, last ? "\r\033[K" : "\r%lld of %lld", (long long)seen, (long long)total);
}

/* Returns how many of the page stay where they are; -1 on failure. */
static int64_t change_page(struct piece *p, const struct redis_value *page, record_cb *wants, void *data, int64_t *left)
{
	int64_t stay = 0;

	for (size_t i = 0; i + 1 < redis_len(page); i += 2) {
		struct record r;
		bool wanted, may;

		record_read(&r, redis_at(page, i), redis_at(page, i + 1));
		wanted = wants(&r, data);
		may = wanted && may_change(p, &r);
		*left += wanted && !may;
		stay += !may;
		if (!may)
			continue;
		if (p->bytes + r.len > PIECE_BYTES && piece_end(p) < 0)
			return -1;
		piece_add(p, &r);
	}
	return piece_end(p) < 0 ? -1 : stay;
}

/* As many as there were: what fails again at once is not run after. */
static int64_t count_all(struct ctl *c, enum key zset)
{
	struct redis_value *v = ctl_ask(c, "ZCARD", ctl_key(c, zset));
	int64_t n = v ? redis_int(v) : -1;

	redis_value_free(v);
	return n;
}

int records_change(struct ctl *c, enum key zset, enum records_change change,
		   record_cb *wants, void *data, int64_t *changed, int64_t *left)
{
	struct piece *p = need(calloc(1, sizeof(*p)));
	int64_t total = count_all(c, zset), seen = 0, at = 0, stay = 0;

	*p = (struct piece){ .c = c, .zset = zset, .change = change };
	*left = 0;
	piece_begin(p);
	while (stay >= 0 && seen < total) {
		int64_t n = total - seen < PAGE ? total - seen : PAGE;
		char from[24], to[24];
		struct redis_value *v;
		size_t got;

		snprintf(from, sizeof(from), "%lld", (long long)at);
		snprintf(to, sizeof(to), "%lld", (long long)(at + n - 1));
		v = ctl_ask(c, "ZRANGE", ctl_key(c, zset), from, to, "WITHSCORES");
		got = redis_len(v) / 2;
		stay = v ? change_page(p, v, wants, data, left) : -1;
		redis_value_free(v);
		if (!got)
			break;
		at += stay;
		seen += (int64_t)got;
		draw_progress(c, seen, total, false);
	}
	draw_progress(c, seen, total, true);
	*changed = p->changed;
	free(p);
	return total < 0 || stay < 0 ? -1 : 0;
}

/* ---- telling ---- */

json_t *record_outcome(const struct record *r)
{
	return r->known ? json_loadb(r->rec.outcome, r->rec.outcome_len, 0, NULL) : NULL;
}

static json_t *text_or_null(const char *text)
{
	json_t *v = *text ? json_string(text) : NULL;

	return v ? v : json_null();
}

/* A check or migrate: its subject is an app. */
static bool record_is_structure(const struct record *r)
{
	return !strcmp(r->rec.queue, "check") || !strcmp(r->rec.queue, "migrate");
}

json_t *record_json(const struct record *r, enum key zset)
{
	json_t *obj = json_object(), *outcome, *message, *attempt;
	const char *when = zset == KEY_DEAD ? "died_at" : zset == KEY_RETRY ? "next_attempt_at" : "not_before";

	json_object_set_new(obj, when, print_iso_json(r->at_ms));
	if (!r->known) {
		json_object_set_new(obj, "error", json_string("this entry is no record of gesync's"));
		return obj;
	}
	outcome = record_outcome(r);
	message = json_object_get(json_object_get(outcome, "error"), "message");
	attempt = json_object_get(outcome, "attempt");
	json_object_set_new(obj, "id", text_or_null(r->rec.id));
	json_object_set_new(obj, "queue", json_string(r->rec.queue));
	json_object_set_new(obj, record_is_structure(r) ? "app" : "license", text_or_null(r->rec.subject));
	json_object_set_new(obj, "run", text_or_null(r->rec.run));
	json_object_set_new(obj, "code", text_or_null(r->rec.code));
	json_object_set(obj, "message", message ? message : json_null());
	json_object_set_new(obj, "attempts", attempt ? json_incref(attempt) : json_integer(r->rec.attempt));
	json_object_set_new(obj, "deaths", json_integer(r->rec.deaths));
	json_object_set_new(obj, "queued_at", print_iso_json(r->rec.queued_ms));
	json_decref(outcome);
	return obj;
}
