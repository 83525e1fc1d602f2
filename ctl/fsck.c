/* fsck.c - every job in exactly one place: what is not so is told, and repaired.
 *
 * The pool goes on meanwhile, so Redis is looked through twice, and only what
 * both looks found is told. A repair is a script that looks once more.
 *
 * Places are gone through in the order in which they win: of a job that
 * stands in two, the first keeps it. That is mended only while no worker
 * lives: of one that moves, both places could be seen. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fsck_impl.h"
#include "mem.h"

#define PAGE            500
#define BETWEEN_MS      1000    /* the two looks: what is on its way has arrived */

bool fsck_problem(struct fsck *f, const char *problem, const char *fmt, ...)
{
	struct err clean;               /* one line of UTF-8, whatever stands in Redis */
	const char *text = clean.msg;
	va_list ap;
	bool both;
	char *raw;

	va_start(ap, fmt);
	raw = need_vtext(fmt, ap);
	va_end(ap);
	err_set(&clean, ERR_PERMANENT, problem, "%s", raw);
	free(raw);
	both = f->second && json_object_get(f->before, text);
	json_object_set_new(f->seen, text, json_true());
	if (both)
		json_array_append_new(f->found, json_pack("{ss ss sb}", "problem", problem, "what", text, "repaired", 0));
	if (both && f->c->opt.repair)
		command_begin(&f->c->cmd, &lua_fsck);
	return both && f->c->opt.repair;
}

int fsck_repair(struct fsck *f)
{
	struct redis_value *v = ctl_run_script(f->c);
	bool done = redis_int(v) > 0;

	redis_value_free(v);
	if (done) {
		f->repaired++;
		json_object_set_new(json_array_get(f->found, json_array_size(f->found) - 1), "repaired", json_true());
	}
	return v ? 0 : -1;
}

/* Bytes that may be anything, short, in the text of a problem. */
static char *quoted(const char *bytes, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *out = need(open_memstream(&text, &size));

	print_escaped(out, bytes, len < 40 ? len : 40);
	if (len > 40)
		fprintf(out, "... (%zu bytes)", len);
	fclose(out);
	return text;
}

/* ---- one job, one place ---- */

static void add_key(struct command *cmd, const struct place *p)
{
	if (p->prefix)
		command_key_of(cmd, p->prefix, p->name);
	else
		command_key(cmd, p->zset);
}

/* bytes: the record in member. A producer may push an id twice; the pool's own
 * doubles were seen first at the same instant too. */
int fsck_record(struct fsck *f, const struct place *p, const struct redis_value *member, const char *bytes, size_t len)
{
	struct job_record rec;
	char key[JOB_ID_MAX + 32];
	const char *other;

	f->jobs++;
	fsck_count_run(f, p, bytes, len);
	if (job_record_parse(&rec, bytes, len) < 0 || !*rec.id)
		return 0;
	snprintf(key, sizeof(key), "%s %lld", rec.id, (long long)rec.queued_ms);
	other = json_string_value(json_object_get(f->places, key));
	if (!other)
		return json_object_set_new(f->places, key, json_string(p->where)) < 0 ? -1 : 0;
	if (!fsck_problem(f, "twice", "the job %s stands in %s and in %s%s", rec.id, other, p->where,
			f->anybody_lives ? ": stop the workers, then --repair" : "") || f->anybody_lives)
		return 0;
	add_key(&f->c->cmd, p);
	command_key(&f->c->cmd, KEY_DEAD_BYTES);
	command_key(&f->c->cmd, KEY_OUTCOME_FETCH);
	command_arg(&f->c->cmd, "twice");
	command_arg_bytes(&f->c->cmd, redis_text(member), redis_len(member));
	command_arg(&f->c->cmd, !p->prefix && p->zset == KEY_DEAD ? "1" : "0");
	return fsck_repair(f);
}

static int look_at_list(struct fsck *f, enum settings_queue queue)
{
	char where[40], a[24], b[24];
	struct place p = { where, "queue", queue_names[queue], KEYS };
	size_t n = PAGE;

	snprintf(where, sizeof(where), "the queue %s", queue_names[queue]);
	for (long from = 0; n == PAGE; from += PAGE) {
		struct redis_value *v;

		snprintf(a, sizeof(a), "%ld", -from - PAGE);
		snprintf(b, sizeof(b), "%ld", -from - 1);
		v = ctl_ask(f->c, "LRANGE", ctl_key_of(f->c, "queue", queue_names[queue]), a, b);
		if (!v) {
			if (f->c->err.kind == ERR_HOLD)
				return -1;
			fsck_problem(f, "wrong_type", "the key of the queue %s holds no list", queue_names[queue]);
			return 0;
		}
		n = redis_len(v);
		for (size_t i = n; i-- > 0; ) {
			const struct redis_value *m = redis_at(v, i);

			if (fsck_record(f, &p, m, redis_text(m), redis_len(m)) < 0)
				return -1;
		}
		redis_value_free(v);
	}
	return 0;
}

/* What no program of gesync put there, or none can read, is a bad job. */
static int look_at_stray(struct fsck *f, const struct place *p, const struct redis_value *member)
{
	struct job job = { .queue = QUEUE_FETCH };
	char head[JOB_HEAD_MAX + 128], *text = quoted(redis_text(member), redis_len(member));
	bool mend = fsck_problem(f, "stray", "%s holds what is no job of gesync's: %s", p->where, text);
	size_t n;

	free(text);
	if (!mend)
		return 0;
	snprintf(job.id, sizeof(job.id), "stray-%lld", (long long)f->repaired);
	job.queued_ms = ctl_now_ms(f->c);
	n = job_head(&job, "bad_job", "{\"error\":{\"code\":\"bad_job\",\"message\":\"stood where only jobs of the pool may stand\"}}", head, sizeof(head));
	add_key(&f->c->cmd, p);
	command_key(&f->c->cmd, KEY_DEAD);
	command_key(&f->c->cmd, KEY_DEAD_BYTES);
	command_key(&f->c->cmd, KEY_OUTCOME_FETCH);
	command_key(&f->c->cmd, KEY_NEWS);
	command_arg(&f->c->cmd, "stray");
	command_arg_bytes(&f->c->cmd, redis_text(member), redis_len(member));
	command_arg_bytes(&f->c->cmd, head, n);
	return fsck_repair(f);
}

static int look_at_member(struct fsck *f, const struct place *p, const struct redis_value *member)
{
	struct job_record rec;

	if (job_record_parse(&rec, redis_text(member), redis_len(member)) < 0 || job_queue(rec.queue, strlen(rec.queue)) < 0)
		return look_at_stray(f, p, member);
	return fsck_record(f, p, member, redis_text(member), redis_len(member));
}

/* A waiter whose lock nobody has is woken by a beat, sooner or later. */
static int look_at_waiter(struct fsck *f, const struct place *p, const struct redis_value *member)
{
	const char *text = redis_text(member), *space = strchr(text, ' ');
	const char *queue = space ? strchr(space + 1, ' ') : NULL, *bytes = queue ? strchr(queue + 1, ' ') : NULL;
	char lock[JOB_SUBJECT_MAX + 8];
	struct redis_value *v;
	bool free_lock;

	if (!bytes || space - text >= (long)sizeof(lock) || job_queue(queue + 1, (size_t)(bytes - queue - 1)) < 0)
		return look_at_stray(f, p, member);
	snprintf(lock, sizeof(lock), "%.*s", (int)(space - text), text);
	v = ctl_ask(f->c, "HEXISTS", ctl_key(f->c, KEY_LOCKS), lock);
	if (!v)
		return -1;
	free_lock = !redis_int(v);
	redis_value_free(v);
	if (free_lock && fsck_problem(f, "waiter", "a job waits for the lock %s, which nobody holds", lock)) {
		command_key(&f->c->cmd, KEY_WAITING);
		command_key(&f->c->cmd, KEY_LOCKS);
		command_arg(&f->c->cmd, "waiter");
		command_arg(&f->c->cmd, lock);
		for (int q = 0; q < QUEUES; q++) {
			command_key_of(&f->c->cmd, "queue", queue_names[q]);
			command_arg(&f->c->cmd, queue_names[q]);
		}
		return fsck_repair(f);
	}
	bytes++;
	return fsck_record(f, p, member, bytes, redis_len(member) - (size_t)(bytes - text));
}

typedef int member_cb(struct fsck *f, const struct place *p, const struct redis_value *member);

static int look_at_zset(struct fsck *f, const char *where, enum key zset, member_cb *cb)
{
	struct place p = { where, NULL, NULL, zset };
	char cursor[32] = "0";

	do {
		struct redis_value *v = ctl_ask(f->c, "ZSCAN", ctl_key(f->c, zset), cursor, "COUNT", "500");
		const struct redis_value *page = redis_at(v, 1);
		int rc = 0;

		if (!v) {
			if (f->c->err.kind == ERR_HOLD)
				return -1;
			fsck_problem(f, "wrong_type", "the key of %s holds no sorted set", where);
			return 0;
		}
		for (size_t i = 0; !rc && i + 1 < redis_len(page); i += 2)
			rc = cb(f, &p, redis_at(page, i));
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
		if (rc)
			return rc;
	} while (strcmp(cursor, "0"));
	return 0;
}

/* ---- the dead ---- */

struct weight { int64_t bytes, n; };

static bool weigh(const struct record *r, void *data)
{
	struct weight *w = data;

	w->bytes += (int64_t)r->len;
	w->n++;
	return true;
}

static int look_at_dead_bytes(struct fsck *f)
{
	struct weight w = { 0, 0 };
	struct redis_value *v = ctl_ask(f->c, "GET", ctl_key(f->c, KEY_DEAD_BYTES));
	char said[32];

	snprintf(said, sizeof(said), "%.24s", redis_len(v) ? redis_text(v) : "0");
	redis_value_free(v);
	if (!v || records_each(f->c, KEY_DEAD, weigh, &w) < 0)
		return f->c->err.kind == ERR_HOLD ? -1 : 0;
	if (strtoll(said, NULL, 10) == w.bytes ||
	    !fsck_problem(f, "bytes", "the dead have more or fewer bytes than were counted"))
		return 0;
	command_key(&f->c->cmd, KEY_DEAD_BYTES);
	command_key(&f->c->cmd, KEY_DEAD);
	command_arg(&f->c->cmd, "bytes");
	command_arg(&f->c->cmd, said);
	command_arg_int(&f->c->cmd, w.bytes);
	command_arg_int(&f->c->cmd, w.n);
	return fsck_repair(f);
}

/* ---- all ---- */

static int look(struct fsck *f)
{
	int rc = fsck_workers(f);

	for (int q = 0; !rc && q < QUEUES; q++)
		rc = look_at_list(f, (enum settings_queue)q);
	if (!rc)
		rc = look_at_zset(f, "waiting", KEY_WAITING, look_at_waiter);
	if (!rc)
		rc = look_at_zset(f, "retry", KEY_RETRY, look_at_member);
	if (!rc)
		rc = look_at_zset(f, "scheduled", KEY_SCHEDULED, look_at_member);
	if (!rc)
		rc = look_at_zset(f, "dead", KEY_DEAD, look_at_member);
	if (!rc)
		rc = look_at_dead_bytes(f);
	return rc ? rc : fsck_runs(f);
}

static int look_twice(struct fsck *f)
{
	f->places = json_object();
	f->runs = json_object();
	if (look(f) < 0)
		return -1;
	if (!json_object_size(f->seen))
		return 0;
	ctl_pause(f->c, BETWEEN_MS);
	json_decref(f->before);
	f->before = f->seen;
	f->seen = json_object();
	json_object_clear(f->places);
	json_object_clear(f->runs);
	f->second = true;
	f->jobs = 0;
	return look(f);
}

static int tell(struct fsck *f)
{
	int64_t n = (int64_t)json_array_size(f->found), left = n - f->repaired;
	json_t *one;
	size_t i;

	if (f->c->opt.json) {
		print_json(json_pack("{sI sO sI sI}", "jobs", (json_int_t)f->jobs, "problems", f->found,
				     "repaired", (json_int_t)f->repaired, "left", (json_int_t)left));
		return left ? EXIT_MISSING : EXIT_DONE;
	}
	json_array_foreach(f->found, i, one)
		print_tame(stdout, "%s%s", json_is_true(json_object_get(one, "repaired")) ? "repaired: " : "",
			   json_string_value(json_object_get(one, "what")));
	printf("%lld jobs looked at: ", (long long)f->jobs);
	if (!n)
		puts("each is in exactly one place.");
	else
		printf("%lld problems, %lld repaired%s.\n", (long long)n, (long long)f->repaired,
		       left && !f->c->opt.repair ? "; --repair mends what can be" : "");
	return left ? EXIT_MISSING : EXIT_DONE;
}

int command_fsck(struct ctl *c)
{
	struct fsck f = { .c = c };
	int rc = ctl_words(c, 1, 0, 0, "fsck [--repair]");

	if (rc)
		return rc;
	f.before = json_object();
	f.seen = json_object();
	f.found = json_array();
	rc = look_twice(&f) < 0 ? ctl_fail(c) : tell(&f);
	json_decref(f.before);
	json_decref(f.seen);
	json_decref(f.found);
	json_decref(f.places);
	json_decref(f.runs);
	return rc;
}
