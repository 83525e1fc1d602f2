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

#include "ctl.h"
#include "scripts.h"

#define PAGE            500
#define BETWEEN_MS      1000    /* the two looks: what is on its way has arrived */

struct fsck {
	struct ctl *c;
	json_t *before, *seen;          /* sets: what the first look found; what this one did */
	json_t *found;                  /* list: what both did */
	json_t *places;                 /* "<id> <queued ms>" -> where that job stands */
	bool second, anybody_lives;
	int64_t jobs, repaired;
};

/* True if this is to be repaired now: c->cmd is then begun, for fsck.lua. */
static bool is_problem(struct fsck *f, const char *problem, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static bool is_problem(struct fsck *f, const char *problem, const char *fmt, ...)
{
	struct err clean;               /* one line of UTF-8, whatever stands in Redis */
	const char *text = clean.msg;
	va_list ap;
	bool both;
	char *raw;

	va_start(ap, fmt);
	if (vasprintf(&raw, fmt, ap) < 0)
		abort();
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

/* Sends the repair that c->cmd holds. */
static int repair(struct fsck *f)
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
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	print_escaped(out, bytes, len < 40 ? len : 40);
	if (len > 40)
		fprintf(out, "... (%zu bytes)", len);
	fclose(out);
	return text;
}

/* ---- one job, one place ---- */

/* where: how people name the place; prefix and name: its key. */
struct place { const char *where, *prefix, *name; enum key zset; };

static void add_key(struct command *cmd, const struct place *p)
{
	if (p->prefix)
		command_key_of(cmd, p->prefix, p->name);
	else
		command_key(cmd, p->zset);
}

/* bytes: the record in member. A producer may push an id twice; the pool's own
 * doubles were seen first at the same instant too. */
static int look_at_record(struct fsck *f, const struct place *p, const struct redis_value *member, const char *bytes, size_t len)
{
	struct job_record rec;
	char key[JOB_ID_MAX + 32];
	const char *other;

	f->jobs++;
	if (job_record_parse(&rec, bytes, len) < 0 || !*rec.id)
		return 0;
	snprintf(key, sizeof(key), "%s %lld", rec.id, (long long)rec.queued_ms);
	other = json_string_value(json_object_get(f->places, key));
	if (!other)
		return json_object_set_new(f->places, key, json_string(p->where)) < 0 ? -1 : 0;
	if (!is_problem(f, "twice", "the job %s stands in %s and in %s%s", rec.id, other, p->where,
			f->anybody_lives ? ": stop the workers, then --repair" : "") || f->anybody_lives)
		return 0;
	add_key(&f->c->cmd, p);
	command_key(&f->c->cmd, KEY_DEAD_BYTES);
	command_key(&f->c->cmd, KEY_OUTCOME_FETCH);
	command_arg(&f->c->cmd, "twice");
	command_arg_bytes(&f->c->cmd, redis_text(member), redis_len(member));
	command_arg(&f->c->cmd, !p->prefix && p->zset == KEY_DEAD ? "1" : "0");
	return repair(f);
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
			is_problem(f, "wrong_type", "the key of the queue %s holds no list", queue_names[queue]);
			return 0;
		}
		n = redis_len(v);
		for (size_t i = n; i-- > 0; ) {
			const struct redis_value *m = redis_at(v, i);

			if (look_at_record(f, &p, m, redis_text(m), redis_len(m)) < 0)
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
	bool mend = is_problem(f, "stray", "%s holds what is no job of gesync's: %s", p->where, text);
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
	return repair(f);
}

static int look_at_member(struct fsck *f, const struct place *p, const struct redis_value *member)
{
	struct job_record rec;

	if (job_record_parse(&rec, redis_text(member), redis_len(member)) < 0 || job_queue(rec.queue, strlen(rec.queue)) < 0)
		return look_at_stray(f, p, member);
	return look_at_record(f, p, member, redis_text(member), redis_len(member));
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
	if (free_lock && is_problem(f, "waiter", "a job waits for the lock %s, which nobody holds", lock)) {
		command_key(&f->c->cmd, KEY_WAITING);
		command_key(&f->c->cmd, KEY_LOCKS);
		command_arg(&f->c->cmd, "waiter");
		command_arg(&f->c->cmd, lock);
		for (int q = 0; q < QUEUES; q++) {
			command_key_of(&f->c->cmd, "queue", queue_names[q]);
			command_arg(&f->c->cmd, queue_names[q]);
		}
		return repair(f);
	}
	bytes++;
	return look_at_record(f, p, member, bytes, redis_len(member) - (size_t)(bytes - text));
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
			is_problem(f, "wrong_type", "the key of %s holds no sorted set", where);
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

/* ---- workers, and what they hold ---- */

static int look_at_hands(struct fsck *f, const char *worker)
{
	char jobs[200], where[160], cursor[32] = "0";
	struct place p = { where, "worker", jobs, KEYS };

	snprintf(jobs, sizeof(jobs), "%.120s:jobs", worker);
	snprintf(where, sizeof(where), "the hands of %.120s", worker);
	do {
		struct redis_value *v = ctl_ask(f->c, "HSCAN", ctl_key_of(f->c, "worker", jobs), cursor, "COUNT", "500");
		const struct redis_value *page = redis_at(v, 1);

		if (!v)
			return -1;
		for (size_t i = 0; i + 1 < redis_len(page); i += 2) {
			const struct redis_value *m = redis_at(page, i + 1);

			if (look_at_record(f, &p, m, redis_text(m), redis_len(m)) < 0)
				return -1;
		}
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
	} while (strcmp(cursor, "0"));
	return 0;
}

static bool holds(const struct redis_value *names, const char *name, size_t step)
{
	for (size_t i = 0; i < redis_len(names); i += step)
		if (!strcmp(redis_text(redis_at(names, i)), name))
			return true;
	return false;
}

/* The worker in "<ns>:worker:<w>:jobs" or "...:<w>:in:<q>"; false for another key. */
static bool owner_of(const struct ctl *c, const char *key, char *out, size_t size)
{
	size_t skip = strlen(c->set.namespace_) + strlen(":worker:");
	const char *end;

	if (strlen(key) <= skip)
		return false;
	end = strstr(key + skip, ":jobs");
	if (!end)
		end = strstr(key + skip, ":in:");
	if (!end)
		return false;
	snprintf(out, size, "%.*s", (int)(end - key - (long)skip), key + skip);
	return true;
}

static int look_at_holder(struct fsck *f, const char *key, const struct redis_value *alive, const struct redis_value *graves)
{
	struct command *cmd = &f->c->cmd;
	char worker[128];

	if (!owner_of(f->c, key, worker, sizeof(worker)) || holds(alive, worker, 1) || holds(graves, worker, 1))
		return 0;
	if (!is_problem(f, "orphan", "%s holds jobs of a worker that neither lives nor was buried", key))
		return 0;
	command_key(cmd, KEY_WORKERS);
	command_key(cmd, KEY_GRAVES);
	command_key(cmd, KEY_DEATHS);
	command_arg(cmd, "grave");
	command_arg(cmd, worker);
	return repair(f);
}

static int look_at_keys(struct fsck *f, const struct redis_value *alive, const struct redis_value *graves)
{
	char pattern[160], cursor[32] = "0";
	size_t plain = strlen(f->c->set.namespace_) + 1;

	snprintf(pattern, sizeof(pattern), "%.80s:*:*", f->c->set.namespace_);
	do {
		struct redis_value *v = ctl_ask(f->c, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000");
		const struct redis_value *page = redis_at(v, 1);
		int rc = 0;

		if (!v)
			return -1;
		for (size_t i = 0; !rc && i < redis_len(page); i++) {
			const char *key = redis_text(redis_at(page, i));

			if (!strncmp(key + plain, "worker:", 7))
				rc = look_at_holder(f, key, alive, graves);
			else if (strstr(key + plain, ":aside:"))
				is_problem(f, "aside", "%s is of a type that has no place there, and was set aside: look at it, then delete it", key);
		}
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
		if (rc)
			return rc;
	} while (strcmp(cursor, "0"));
	return 0;
}

static int mend_lease(struct fsck *f, const char *worker)
{
	command_key(&f->c->cmd, KEY_WORKERS);
	command_key(&f->c->cmd, KEY_LEASES);
	command_arg(&f->c->cmd, "lease");
	command_arg(&f->c->cmd, worker);
	return repair(f);
}

static int look_at_leases(struct fsck *f, const struct redis_value *alive, const struct redis_value *leases)
{
	for (size_t i = 0; i < redis_len(alive); i++) {
		const char *name = redis_text(redis_at(alive, i));

		if (!holds(leases, name, 1) && is_problem(f, "lease", "the worker %s has no lease: nobody would notice its death", name) &&
		    mend_lease(f, name) < 0)
			return -1;
	}
	for (size_t i = 0; i < redis_len(leases); i++) {
		const char *name = redis_text(redis_at(leases, i));

		if (!holds(alive, name, 1) && is_problem(f, "lease", "there is a lease of %s, which is no worker", name) &&
		    mend_lease(f, name) < 0)
			return -1;
	}
	return 0;
}

static int look_at_lock(struct fsck *f, const char *name, const char *holder)
{
	const char *space = strchr(holder, ' ');
	char jobs[200];
	struct redis_value *v;
	bool gone;

	snprintf(jobs, sizeof(jobs), "%.*s:jobs", space ? (int)(space - holder < 120 ? space - holder : 120) : 0, holder);
	v = ctl_ask(f->c, "HEXISTS", ctl_key_of(f->c, "worker", jobs), space ? space + 1 : "");
	if (!v)
		return -1;
	gone = !redis_int(v);
	redis_value_free(v);
	if (!gone || !is_problem(f, "lock", "the lock %s is of a job that nobody holds (%s)", name, holder))
		return 0;
	command_key(&f->c->cmd, KEY_LOCKS);
	command_key_of(&f->c->cmd, "worker", jobs);
	command_arg(&f->c->cmd, "lock");
	command_arg(&f->c->cmd, name);
	command_arg(&f->c->cmd, holder);
	command_arg(&f->c->cmd, space ? space + 1 : "");
	return repair(f);
}

static int look_at_locks(struct fsck *f)
{
	char cursor[32] = "0";

	do {
		struct redis_value *v = ctl_ask(f->c, "HSCAN", ctl_key(f->c, KEY_LOCKS), cursor, "COUNT", "500");
		const struct redis_value *page = redis_at(v, 1);
		int rc = v ? 0 : -1;

		for (size_t i = 0; !rc && i + 1 < redis_len(page); i += 2)
			rc = look_at_lock(f, redis_text(redis_at(page, i)), redis_text(redis_at(page, i + 1)));
		snprintf(cursor, sizeof(cursor), "%s", rc ? "0" : redis_text(redis_at(v, 0)));
		redis_value_free(v);
		if (rc)
			return rc;
	} while (strcmp(cursor, "0"));
	return 0;
}

static int look_at_workers(struct fsck *f)
{
	struct redis_value *alive = ctl_ask(f->c, "HKEYS", ctl_key(f->c, KEY_WORKERS));
	struct redis_value *graves = alive ? ctl_ask(f->c, "ZRANGE", ctl_key(f->c, KEY_GRAVES), "0", "-1") : NULL;
	struct redis_value *leases = graves ? ctl_ask(f->c, "ZRANGE", ctl_key(f->c, KEY_LEASES), "0", "-1") : NULL;
	int rc = leases ? look_at_leases(f, alive, leases) : -1;

	f->anybody_lives = redis_len(alive) > 0;
	for (size_t i = 0; !rc && i < redis_len(alive); i++)
		rc = look_at_hands(f, redis_text(redis_at(alive, i)));
	for (size_t i = 0; !rc && i < redis_len(graves); i++)
		rc = look_at_hands(f, redis_text(redis_at(graves, i)));
	if (!rc)
		rc = look_at_keys(f, alive, graves);
	redis_value_free(alive);
	redis_value_free(graves);
	redis_value_free(leases);
	return rc ? rc : look_at_locks(f);
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
	    !is_problem(f, "bytes", "the dead have more or fewer bytes than were counted"))
		return 0;
	command_key(&f->c->cmd, KEY_DEAD_BYTES);
	command_key(&f->c->cmd, KEY_DEAD);
	command_arg(&f->c->cmd, "bytes");
	command_arg(&f->c->cmd, said);
	command_arg_int(&f->c->cmd, w.bytes);
	command_arg_int(&f->c->cmd, w.n);
	return repair(f);
}

/* ---- all ---- */

static int look(struct fsck *f)
{
	int rc = look_at_workers(f);

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
	return rc ? rc : look_at_dead_bytes(f);
}

static int look_twice(struct fsck *f)
{
	f->places = json_object();
	if (look(f) < 0)
		return -1;
	if (!json_object_size(f->seen))
		return 0;
	ctl_pause(f->c, BETWEEN_MS);
	json_decref(f->before);
	f->before = f->seen;
	f->seen = json_object();
	json_object_clear(f->places);
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
	return rc;
}
