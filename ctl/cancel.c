/* cancel.c - one job, or all of a run, is not to be run.
 *
 *      flag: "#<id>" or "@<run>" in gesync:cancel
 *        |    workers read it with their beat and stop what runs; a start drops it
 *        v
 *      SWEEP --> LOOK (who runs it?) --none--> SWEEP once more --> flag away
 *        ^            | some
 *        +-- gone ----+---- time is over: it is told, the flag ends within the hour
 *
 * A sweep takes what waits in queues, retry, scheduled and behind locks. The
 * flag comes first, so that what moves meanwhile meets it where it goes. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "outcome.h"
#include "scripts.h"

#define FLAG_MS         "3600000"
#define WAIT_MS         15000   /* within it a job is told, or back from a dead worker */
#define LOOK_MS         200
#define PAGE            200     /* of one script call, too */
#define JOB_HASH_S      "604800"
#define DAILY_S         "34560000"

struct sweep {
	struct ctl *c;
	const char *id, *run;           /* one of them */
	int64_t now, cancelled;
	int pending;                    /* in the script call that is being built */
	char worker[128];               /* the last one that was seen to run it */
	char subject[JOB_SUBJECT_MAX + 1];
};

/* True: job is the caller's to clear. */
static bool matches(const struct sweep *s, enum settings_queue queue, const char *bytes, size_t len, struct job *job)
{
	const char *word = s->id ? s->id : s->run;
	struct err err;

	/* JSON may write a character in another way; else the word must be in it. */
	if (!memmem(bytes, len, word, strlen(word)) && !memchr(bytes, '\\', len))
		return false;
	if (job_parse(job, queue, bytes, len, &err) < 0)
		return false;
	if (!strcmp(s->id ? job->id : job->run, word))
		return true;
	job_clear(job);
	return false;
}

/* ---- what waits ---- */

/* Where the job of a member begins, and its queue; NULL if it holds none. */
typedef const char *open_cb(const char *member, size_t len, int *queue);

struct place {
	int queue;                      /* -1: the sorted set zset, of members that open() reads */
	enum key zset;
	open_cb *open;
};

static void begin(struct sweep *s, const struct place *p, long from)
{
	struct command *cmd = &s->c->cmd;
	char day[KEYS_DAY];

	command_begin(cmd, &lua_cancel);
	if (p->queue < 0)
		command_key(cmd, p->zset);
	else
		command_key_of(cmd, "queue", queue_names[p->queue]);
	command_key(cmd, KEY_STATS);
	command_key_of(cmd, "stats", keys_day(day, s->now));
	command_key(cmd, KEY_NEWS);
	if (p->queue < 0)
		command_arg(cmd, "");
	else
		command_arg_int(cmd, from);
	command_arg(cmd, JOB_HASH_S);
	command_arg(cmd, DAILY_S);
	s->pending = 0;
}

static int flush(struct sweep *s)
{
	struct redis_value *v;

	if (!s->pending)
		return 0;
	v = ctl_run_script(s->c);
	if (!v)
		return -1;
	s->cancelled += redis_int(v);
	redis_value_free(v);
	return 0;
}

static void add(struct sweep *s, const char *member, size_t len, const struct job *job)
{
	struct command *cmd = &s->c->cmd;
	struct outcome o = { .job = job, .status = "cancelled", .now_ms = s->now };
	struct outcome_fields fields = { .n = 0 };
	bool kept = job->queue != QUEUE_PING && *job->subject;
	struct err err;
	char *text;

	err_set(&err, ERR_PERMANENT, "cancelled", "cancelled while it waited");
	o.err = &err;
	text = outcome_text(&o);
	if (job->has_id)
		outcome_fields(text, &fields);
	command_arg_bytes(cmd, member, len);
	command_arg(cmd, job_kind(job->queue));
	command_arg_int(cmd, kept ? command_key_of(cmd, "outcome", job_kind(job->queue)) : 0);
	command_arg(cmd, job->subject);
	command_arg(cmd, text);
	command_arg_int(cmd, *job->run ? command_key_of(cmd, "run", job->run) : 0);
	command_arg(cmd, job->attempt ? "1" : "0");
	command_arg_int(cmd, job->has_id ? command_key_of(cmd, "job", job->id) : 0);
	command_arg_int(cmd, (int64_t)fields.n);
	for (size_t i = 0; i < fields.n; i++)
		command_arg(cmd, fields.v[i]);
	outcome_fields_clear(&fields);
	free(text);
	s->pending++;
}

static const char *open_record(const char *member, size_t len, int *queue)
{
	struct job_record rec;

	*queue = job_record_parse(&rec, member, len) < 0 ? -1 : job_queue(rec.queue, strlen(rec.queue));
	return *queue < 0 ? NULL : member;
}

/* "<lock> o<number> <queue> <job>", and p for those that share one place. */
static const char *open_waiter(const char *member, size_t len, int *queue)
{
	const char *end = member + len, *word = member, *space = NULL;

	for (int i = 0; i < 3; i++) {
		word = space ? space + 1 : member;
		space = memchr(word, ' ', (size_t)(end - word));
		if (!space)
			return NULL;
	}
	*queue = job_queue(word, (size_t)(space - word));
	return *queue < 0 ? NULL : space + 1;
}

/* Takes those of the page that match; returns how many stay, -1 on failure. */
static long sweep_page(struct sweep *s, const struct place *p, const struct redis_value *page, long from)
{
	long stay = 0;

	begin(s, p, from);
	for (size_t i = redis_len(page); i-- > 0; ) {
		const char *member = redis_text(redis_at(page, i)), *bytes = member;
		size_t len = redis_len(redis_at(page, i));
		int queue = p->queue;
		struct job job;

		if (p->open)
			bytes = p->open(member, len, &queue);
		if (!bytes || !matches(s, (enum settings_queue)queue, bytes, len - (size_t)(bytes - member), &job)) {
			stay++;
			continue;
		}
		add(s, member, len, &job);
		job_clear(&job);
	}
	return flush(s) < 0 ? -1 : stay;
}

/* A list from the right, which is served first. */
static struct redis_value *ask_page(struct ctl *c, const struct place *p, long from)
{
	char a[24], b[24];

	snprintf(a, sizeof(a), "%ld", p->queue < 0 ? from : -from - PAGE);
	snprintf(b, sizeof(b), "%ld", p->queue < 0 ? from + PAGE - 1 : -from - 1);
	if (p->queue < 0)
		return ctl_ask(c, "ZRANGE", ctl_key(c, p->zset), a, b);
	return ctl_ask(c, "LRANGE", ctl_key_of(c, "queue", queue_names[p->queue]), a, b);
}

static int sweep_place(struct sweep *s, const struct place *p)
{
	long from = 0, stay;
	size_t n;

	do {
		struct redis_value *v = ask_page(s->c, p, from);

		if (!v)                 /* a key of another type holds no job */
			return s->c->err.kind == ERR_HOLD ? -1 : 0;
		n = redis_len(v);
		stay = sweep_page(s, p, v, from);
		redis_value_free(v);
		from += stay;
	} while (n == PAGE && stay >= 0);
	return stay < 0 ? -1 : 0;
}

static int sweep(struct sweep *s)
{
	static const struct place sets[] = {
		{ -1, KEY_RETRY, open_record }, { -1, KEY_SCHEDULED, open_record }, { -1, KEY_WAITING, open_waiter }
	};

	s->now = ctl_now_ms(s->c);
	if (s->now < 0)
		return -1;
	for (int q = 0; q < QUEUES; q++) {
		struct place list = { .queue = q };

		if (sweep_place(s, &list) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (sweep_place(s, &sets[i]) < 0)
			return -1;
	return 0;
}

/* ---- what runs ---- */

static long look_at_page(struct sweep *s, const char *worker, const struct redis_value *page)
{
	long found = 0;

	for (size_t i = 0; i + 1 < redis_len(page); i += 2) {
		const char *ticket = redis_text(redis_at(page, i)), *colon = strchr(ticket, ':');
		const struct redis_value *bytes = redis_at(page, i + 1);
		int queue = colon ? job_queue(ticket, (size_t)(colon - ticket)) : -1;
		struct job job;

		if (queue < 0 || !matches(s, (enum settings_queue)queue, redis_text(bytes), redis_len(bytes), &job))
			continue;
		snprintf(s->worker, sizeof(s->worker), "%s", worker);
		strcpy(s->subject, job.subject);
		job_clear(&job);
		found++;
	}
	return found;
}

static long look_at_worker(struct sweep *s, const char *worker)
{
	char jobs[200], cursor[32] = "0";
	long found = 0;

	snprintf(jobs, sizeof(jobs), "%.120s:jobs", worker);
	do {
		struct redis_value *v = ctl_ask(s->c, "HSCAN", ctl_key_of(s->c, "worker", jobs), cursor, "COUNT", "500");

		if (!v)
			return -1;
		found += look_at_page(s, worker, redis_at(v, 1));
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		redis_value_free(v);
	} while (strcmp(cursor, "0"));
	return found;
}

static long look_at_all(struct sweep *s, struct redis_value *names)
{
	long found = 0, n = 0;

	if (!names)
		return -1;
	for (size_t i = 0; n >= 0 && i < redis_len(names); i++) {
		n = look_at_worker(s, redis_text(redis_at(names, i)));
		found += n;
	}
	redis_value_free(names);
	return n < 0 ? -1 : found;
}

/* How many workers hold, the dead included: what those held comes back. */
static long count_running(struct sweep *s)
{
	long living = look_at_all(s, ctl_ask(s->c, "HKEYS", ctl_key(s->c, KEY_WORKERS)));
	long dead = living < 0 ? -1 : look_at_all(s, ctl_ask(s->c, "ZRANGE", ctl_key(s->c, KEY_GRAVES), "0", "999"));

	return dead < 0 ? -1 : living + dead;
}

/* ---- both ---- */

static int set_flag(struct ctl *c, const char *flag)
{
	char until[24];
	int64_t now = ctl_now_ms(c);
	struct redis_value *v;

	if (now < 0)
		return -1;
	snprintf(until, sizeof(until), "%lld", (long long)(now + strtoll(FLAG_MS, NULL, 10)));
	v = ctl_ask(c, "ZADD", ctl_key(c, KEY_CANCEL), until, flag);
	redis_value_free(v);
	return v ? 0 : -1;
}

static int clear_flag(struct ctl *c, const char *flag)
{
	struct redis_value *v = ctl_ask(c, "ZREM", ctl_key(c, KEY_CANCEL), flag);

	redis_value_free(v);
	return v ? 0 : -1;
}

/* Returns how many still run; -1 on failure. */
static long cancel(struct sweep *s, const char *flag)
{
	int64_t until = loop_now_ms(s->c->loop) + WAIT_MS;
	long running = 0;

	for (int round = 0; round < 2; round++) {
		if (sweep(s) < 0)
			return -1;
		while ((running = count_running(s)) > 0 && loop_now_ms(s->c->loop) < until)
			ctl_pause(s->c, LOOK_MS);
		if (running)
			return running;         /* the flag stays: they may stop yet */
	}
	return clear_flag(s->c, flag);
}

/* ---- one job ---- */

/* What became of a job that ran: its last status, "" if nobody knows. */
static int last_status(struct sweep *s, char *out, size_t size)
{
	struct redis_value *v = ctl_ask(s->c, "HGET", ctl_key_of(s->c, "job", s->id), "status");
	json_t *outcome = NULL;
	const char *id;

	if (!v && s->c->err.kind == ERR_HOLD)
		return -1;
	snprintf(out, size, "%s", redis_text(v));
	redis_value_free(v);
	if (*out || !*s->subject)
		return 0;
	v = ctl_ask(s->c, "HGET", ctl_key(s->c, KEY_OUTCOME_FETCH), s->subject);
	outcome = json_loadb(redis_text(v), redis_len(v), 0, NULL);
	redis_value_free(v);
	id = json_string_value(json_object_get(outcome, "id"));
	if (id && !strcmp(id, s->id))
		snprintf(out, size, "%s", json_string_value(json_object_get(outcome, "status")));
	json_decref(outcome);
	return 0;
}

static int tell_job(struct sweep *s, long running)
{
	struct ctl *c = s->c;
	char status[32];

	if (last_status(s, status, sizeof(status)) < 0)
		return ctl_fail(c);
	if (*s->worker && !running && !strcmp(status, "cancelled"))
		s->cancelled++;
	if (!s->cancelled && !running)
		return ctl_missing(c, *status ? "the job %s has ended: %.20s" : "there is no job %s that waits or runs", s->id, status);
	if (c->opt.json)
		print_json(json_pack("{ss sI sI}", "id", s->id, "cancelled", (json_int_t)s->cancelled, "running", (json_int_t)running));
	else if (running)
		print_tame(stdout, "%s still runs in %s, which is told to stop it where it can.", s->id, s->worker);
	else
		printf("%s is cancelled.\n", s->id);
	return running ? EXIT_LATER : EXIT_DONE;
}

static int cancel_job(struct ctl *c, const char *id)
{
	struct sweep s = { .c = c, .id = id };
	char flag[JOB_ID_MAX + 2];
	long running;

	if (!job_id_valid(id, strlen(id)))
		return ctl_usage("\"%.64s\" is no id: an id has 1 to 64 letters, digits or any of . _ : -", id);
	snprintf(flag, sizeof(flag), "#%s", id);
	running = set_flag(c, flag) < 0 ? -1 : cancel(&s, flag);
	return running < 0 ? ctl_fail(c) : tell_job(&s, running);
}

/* ---- one run ---- */

static int cancel_run(struct ctl *c, const char *run)
{
	struct sweep s = { .c = c, .run = run };
	char flag[JOB_ID_MAX + 2], state[16];
	struct redis_value *v;
	long running;

	if (!job_id_valid(run, strlen(run)))
		return ctl_usage("\"%.64s\" is no id of a run: gesyncctl runs shows them", run);
	command_begin(&c->cmd, &lua_cancel_run);
	command_key_of(&c->cmd, "run", run);
	command_key(&c->cmd, KEY_CANCEL);
	command_arg(&c->cmd, run);
	command_arg(&c->cmd, FLAG_MS);
	v = ctl_run_script(c);
	if (!v)
		return ctl_fail(c);
	snprintf(state, sizeof(state), "%s", redis_text(v));
	redis_value_free(v);
	if (!*state)
		return ctl_missing(c, "there is no run %s", run);
	if (strcmp(state, "running") && strcmp(state, "cancelled"))
		return ctl_missing(c, "the run %s has ended: %s", run, state);
	snprintf(flag, sizeof(flag), "@%s", run);
	running = cancel(&s, flag);
	if (running < 0)
		return ctl_fail(c);
	if (c->opt.json)
		print_json(json_pack("{ss ss sI sI}", "run", run, "state", "cancelled", "cancelled", (json_int_t)s.cancelled,
				     "running", (json_int_t)running));
	else
		printf("The run %s is cancelled: %lld of its jobs waited, %ld still run.\n", run, (long long)s.cancelled, running);
	return EXIT_DONE;
}

int command_cancel(struct ctl *c)
{
	static const char usage[] = "cancel ID | cancel --run RUN";
	int rc = ctl_words(c, 1, c->opt.run ? 0 : 1, c->opt.run ? 0 : 1, usage);

	if (rc)
		return rc;
	return c->opt.run ? cancel_run(c, c->opt.run) : cancel_job(c, c->args.v[1]);
}
