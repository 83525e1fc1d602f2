/* cron.c - a crontab that any number of schedulers share, through Redis. */
#include "cron.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "scripts.h"

#define DUE_MAX         (CRONTAB_LINE_MAX + CRON_ID + 32)
#define TIES_MAX        1440    /* that fire together: a day that clocks skip */

/* ---- a step ---- */

/* What one line does in one step. */
struct move {
	struct cron_time fires[CRON_STEP_MAX + TIES_MAX];
	size_t n;
	int64_t passed;         /* late, and passed over */
	int64_t upto;
};

/* Late ones are passed over; of those the last may be caught up with. */
static void plan(const struct cron_line *line, enum cron_catch_up catch_up, int64_t from, int64_t now, struct move *m)
{
	struct cron_time t = { from, CRON_NOTHING_YET }, missed = { 0, CRON_NOTHING_YET };

	m->n = 0;
	m->passed = 0;
	m->upto = now;
	while (cron_next(line, t, &t) && t.at <= now) {
		if (t.at < now - CRON_LATE_S && catch_up != CRON_CATCH_ALL) {
			missed = t;
			m->passed++;
		} else if (m->n >= CRON_STEP_MAX && t.at > m->fires[m->n - 1].at) {
			m->upto = m->fires[m->n - 1].at;        /* the rest in the next step */
			break;
		} else if (m->n < CRON_STEP_MAX + TIES_MAX) {
			m->fires[m->n++] = t;
		}
	}
	if (catch_up == CRON_CATCH_LAST && m->passed && !m->n) {
		m->fires[m->n++] = missed;
		m->passed--;
	}
}

static void add_line(struct command *cmd, const struct cron_line *line, const char *seen, const struct move *m)
{
	char text[DUE_MAX], id[CRON_ID];

	command_arg(cmd, line->key);
	command_arg(cmd, seen);
	command_arg_int(cmd, m->upto);
	command_arg_int(cmd, (int64_t)m->n);
	for (size_t i = 0; i < m->n; i++) {
		snprintf(text, sizeof(text), "%s %lld %s", cron_id(line, m->fires[i], id),
			 (long long)m->fires[i].at, line->args);
		command_arg(cmd, text);
	}
	if (m->passed)
		log_warn("cron line=%d passed_over=%lld: no scheduler was there, and they are late", line->number,
			 (long long)m->passed);
}

static struct redis_value *ask_seen(struct redis *redis, struct command *cmd, const struct crontab *tab, struct err *err)
{
	const char *argv[2 + CRONTAB_LINES_MAX] = { "HMGET" };
	char key[KEYS_MAX];

	argv[1] = keys_name(key, cmd->ns, KEY_CRON);
	for (size_t i = 0; i < tab->n; i++)
		argv[2 + i] = tab->lines[i].key;
	return redis_ask_argv(redis, (int)(2 + tab->n), argv, NULL, err);
}

int cron_step(struct redis *redis, struct command *cmd, const struct crontab *tab,
	      enum cron_catch_up catch_up, int64_t now_ms, struct err *err)
{
	struct redis_value *seen, *v;
	struct move m;
	int rc;

	if (!tab->n)
		return 0;
	seen = ask_seen(redis, cmd, tab, err);
	if (!seen)
		return -1;
	command_begin(cmd, &lua_cron_fire);
	command_key(cmd, KEY_CRON);
	command_key(cmd, KEY_CRON_DUE);
	command_arg_int(cmd, now_ms);
	for (size_t i = 0; i < tab->n; i++) {
		const struct redis_value *last = redis_at(seen, i);
		int64_t now = now_ms / 1000, from = redis_is_nil(last) ? now : redis_int(last);

		if (from > now)
			continue;       /* the clock was set back: until it is there again */
		plan(&tab->lines[i], catch_up, from, now, &m);
		add_line(cmd, &tab->lines[i], redis_text(last), &m);
	}
	redis_value_free(seen);
	v = command_ask(cmd, redis, err);
	rc = !v ? -1 : redis_int(v) < 0 ? err_set(err, ERR_HOLD, "cron_full",
		"more than 10000 occurrences are due and not started: nothing new becomes due") : 0;
	redis_value_free(v);
	return rc;
}

int64_t cron_next_ms(const struct crontab *tab, int64_t now_ms)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < tab->n; i++) {
		struct cron_time t = { now_ms / 1000, CRON_NOTHING_YET };

		if (cron_next(&tab->lines[i], t, &t) && t.at < first)
			first = t.at;
	}
	return first == INT64_MAX ? first : first * 1000;
}

/* ---- what is due ---- */

static int read_due(struct cron_due *due, const struct redis_value *v)
{
	char *space = NULL, *id_end;

	due->text = need_copy(redis_text(v));
	id_end = strchr(due->text, ' ');
	if (!id_end || id_end - due->text >= CRON_ID)
		return -1;
	snprintf(due->id, sizeof(due->id), "%.*s", (int)(id_end - due->text), due->text);
	due->at = strtoll(id_end + 1, &space, 10);
	if (*space != ' ')
		return -1;
	due->args = space + 1;
	return 0;
}

int cron_take(struct redis *redis, struct command *cmd, int64_t now_ms, int max,
	      struct cron_due *due, struct err *err)
{
	struct redis_value *v;
	int n = 0;

	command_begin(cmd, &lua_cron_take);
	command_key(cmd, KEY_CRON_DUE);
	command_arg_int(cmd, now_ms);
	command_arg_int(cmd, CRON_LEASE_MS);
	command_arg_int(cmd, max);
	v = command_ask(cmd, redis, err);
	if (!v)
		return -1;
	for (size_t i = 0; i < redis_len(v) && n < max; i++) {
		if (read_due(&due[n], redis_at(v, i)) == 0) {
			n++;
			continue;
		}
		log_error("cron: what is due is no occurrence: %.80s", due[n].text);
		cron_done(redis, cmd, &due[n], err);
		cron_due_clear(&due[n]);
	}
	redis_value_free(v);
	return n;
}

int cron_keep(struct redis *redis, struct command *cmd, const struct cron_due *due, int64_t until_ms, struct err *err)
{
	char key[KEYS_MAX], score[24];
	struct redis_value *v;

	snprintf(score, sizeof(score), "%lld", (long long)until_ms);
	v = redis_ask(redis, err, "ZADD", keys_name(key, cmd->ns, KEY_CRON_DUE), "XX", score, due->text, NULL);
	redis_value_free(v);
	return v ? 0 : -1;
}

int cron_done(struct redis *redis, struct command *cmd, const struct cron_due *due, struct err *err)
{
	char key[KEYS_MAX];
	struct redis_value *v = redis_ask(redis, err, "ZREM", keys_name(key, cmd->ns, KEY_CRON_DUE), due->text, NULL);

	redis_value_free(v);
	return v ? 0 : -1;
}

void cron_due_clear(struct cron_due *due)
{
	free(due->text);
	due->text = NULL;
}
