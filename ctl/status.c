/* status.c - one screen: queues, workers, retries, the dead, counters, and in
 * words why nothing moves when nothing does. All is gathered into one document
 * first; --json prints it, people get it as text. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

#define SCAN_ROUNDS     100     /* of 1,000 keys: Redis may hold much that is not ours */
#define STRANGERS_MAX   20      /* misspelt lists that are shown */
#define SCAN_EVERY      10      /* draws of --watch */

static int64_t number(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

static const char *text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

static json_t *safe_text(const char *bytes)
{
	json_t *v = json_string(bytes);

	return v ? v : json_string("?");
}

/* ---- workers ---- */

static json_t *gather_worker(struct ctl *c, const char *name, int64_t lease_end, int64_t now)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", ctl_key_of(c, "worker", name));
	int64_t beat = redis_int(redis_get(v, "beat"));
	const char *why;
	json_t *obj;

	if (!v)
		return NULL;
	obj = json_pack("{so so sI sI so so sb}", "name", safe_text(name),
			"queues", safe_text(redis_text(redis_get(v, "queues"))),
			"concurrency", (json_int_t)redis_int(redis_get(v, "concurrency")),
			"running", (json_int_t)redis_int(redis_get(v, "running")),
			"version", safe_text(redis_text(redis_get(v, "version"))),
			"beat_at", print_iso_json(beat), "alive", lease_end > now);
	why = redis_text(redis_get(v, "why"));
	json_object_set_new(obj, "why", *why ? safe_text(why) : json_null());
	json_object_set_new(obj, "why_since", *why ? print_iso_json(redis_int(redis_get(v, "why_since"))) : json_null());
	json_object_set_new(obj, "rate", json_real(strtod(redis_text(redis_get(v, "rate")), NULL)));
	json_object_set_new(obj, "beat_ms_ago", beat ? json_integer(now > beat ? now - beat : 0) : json_null());
	redis_value_free(v);
	return obj;
}

static json_t *gather_workers(struct ctl *c, int64_t now)
{
	struct redis_value *v = ctl_ask(c, "ZRANGE", ctl_key(c, KEY_LEASES), "0", "9999", "WITHSCORES");
	json_t *list = v ? json_array() : NULL;

	for (size_t i = 0; list && i + 1 < redis_len(v); i += 2) {
		json_t *w = gather_worker(c, redis_text(redis_at(v, i)), redis_int(redis_at(v, i + 1)), now);

		if (w) {
			json_array_append_new(list, w);
		} else {
			json_decref(list);
			list = NULL;
		}
	}
	redis_value_free(v);
	return list;
}

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, len) && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

static int count_servers(const json_t *workers, const char *queue)
{
	const json_t *w;
	size_t i;
	int n = 0;

	json_array_foreach(workers, i, w)
		n += json_is_true(json_object_get(w, "alive")) && listed(text(w, "queues"), queue);
	return n;
}

/* ---- queues ---- */

/* The oldest element's age is known where it is a record: others carry no time. */
static json_t *oldest_at(struct ctl *c, const char *queue)
{
	struct redis_value *v = ctl_ask(c, "LINDEX", ctl_key_of(c, "queue", queue), "-1");
	struct job_record rec;
	json_t *at = json_null();

	if (v && job_record_parse(&rec, redis_text(v), redis_len(v)) == 0 && rec.queued_ms)
		at = print_iso_json(rec.queued_ms);
	redis_value_free(v);
	return at;
}

/* Null where the key holds no list; -1 from the function is a lost Redis. */
static int gather_depth(struct ctl *c, json_t *obj, const char *queue)
{
	struct redis_value *v = ctl_ask(c, "LLEN", ctl_key_of(c, "queue", queue));

	if (!v && c->err.kind == ERR_HOLD)
		return -1;
	json_object_set_new(obj, "depth", v ? json_integer(redis_int(v)) : json_null());
	redis_value_free(v);
	return 0;
}

static json_t *gather_queues(struct ctl *c, const json_t *workers, const json_t *ge)
{
	static const enum settings_queue order[] = { QUEUE_MIGRATE, QUEUE_CHECK, QUEUE_FETCH, QUEUE_BULK, QUEUE_PING,
						     QUEUE_OFFLINE };
	struct redis_value *paused = ctl_ask(c, "SMEMBERS", ctl_key(c, KEY_PAUSED));
	json_t *held = ge_held(ge), *list = paused ? json_array() : NULL;

	for (size_t i = 0; list && i < QUEUES; i++) {
		const char *name = queue_names[order[i]];
		bool needs_ge = order[i] == QUEUE_FETCH || order[i] == QUEUE_BULK, is_paused = false;
		json_t *q;

		for (size_t k = 0; k < redis_len(paused); k++)
			is_paused |= !strcmp(redis_text(redis_at(paused, k)), name);
		q = json_pack("{ss sb sO sI}", "name", name, "paused", is_paused,
			      "held", needs_ge ? held : json_null(), "workers", (json_int_t)count_servers(workers, name));
		json_array_append_new(list, q);
		if (gather_depth(c, q, name) < 0) {
			json_decref(list);
			list = NULL;
			break;
		}
		json_object_set_new(q, "oldest_at", number(q, "depth") ? oldest_at(c, name) : json_null());
	}
	json_decref(held);
	redis_value_free(paused);
	return list;
}

/* ---- lists that nobody knows ---- */

static void note_stranger(const struct ctl *c, json_t *names, const char *key)
{
	const char *name = key + strlen(c->set.namespace_) + strlen(":queue:");
	json_t *v;
	size_t i;

	if (strlen(key) >= KEYS_MAX || job_queue(name, strlen(name)) >= 0 || json_array_size(names) == STRANGERS_MAX)
		return;
	json_array_foreach(names, i, v)         /* SCAN may tell a key again */
		if (!strcmp(json_string_value(v), name))
			return;
	json_array_append_new(names, json_string(name));
}

static json_t *find_strangers(struct ctl *c)
{
	char pattern[KEYS_MAX], cursor[32] = "0";
	json_t *names = json_array();

	keys_of(pattern, c->set.namespace_, "queue", "*");
	for (int round = 0; round < SCAN_ROUNDS; round++) {
		struct redis_value *v = ctl_ask(c, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000");

		if (!v) {
			json_decref(names);
			return NULL;
		}
		snprintf(cursor, sizeof(cursor), "%s", redis_text(redis_at(v, 0)));
		for (size_t i = 0; i < redis_len(redis_at(v, 1)); i++)
			note_stranger(c, names, redis_text(redis_at(redis_at(v, 1), i)));
		redis_value_free(v);
		if (!strcmp(cursor, "0"))
			break;
	}
	return names;
}

static json_t *gather_strangers(struct ctl *c, const json_t *names)
{
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach(names, i, name) {
		json_t *q = json_pack("{sO}", "name", name);

		json_array_append_new(list, q);
		if (gather_depth(c, q, json_string_value(name)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- the rest ---- */

/* when: what the lowest score is called, or NULL. */
static json_t *gather_zset(struct ctl *c, enum key key, const char *when)
{
	struct redis_value *n = ctl_ask(c, "ZCARD", ctl_key(c, key)), *first = NULL;
	json_t *obj;

	if (!n)
		return NULL;
	obj = json_pack("{sI}", "count", (json_int_t)redis_int(n));
	if (when) {
		first = ctl_ask(c, "ZRANGE", ctl_key(c, key), "0", "0", "WITHSCORES");
		json_object_set_new(obj, when, print_iso_json(redis_int(redis_at(first, 1))));
		json_object_set_new(obj, "next_ms", json_integer(redis_int(redis_at(first, 1))));
	}
	redis_value_free(n);
	redis_value_free(first);
	return obj;
}

static json_t *gather_counters(struct ctl *c, const char *key)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", key);
	json_t *obj = v ? json_object() : NULL;

	for (size_t i = 0; i + 1 < redis_len(v); i += 2)
		json_object_set_new(obj, redis_text(redis_at(v, i)), json_integer(redis_int(redis_at(v, i + 1))));
	redis_value_free(v);
	return obj;
}

static const char *today_key(struct ctl *c, int64_t now)
{
	char day[KEYS_DAY];

	return ctl_key_of(c, "stats", keys_day(day, now));
}

/* False if any part could not be had. */
static bool add_part(json_t *doc, const char *key, json_t *part)
{
	return part && json_object_set_new(doc, key, part) == 0;
}

static bool gather_parts(struct ctl *c, json_t *doc, const json_t *strangers, int64_t now)
{
	return add_part(doc, "workers", gather_workers(c, now)) &&
	       add_part(doc, "ge", ge_gather(c)) &&
	       add_part(doc, "queues", gather_queues(c, json_object_get(doc, "workers"), json_object_get(doc, "ge"))) &&
	       add_part(doc, "unknown_queues", gather_strangers(c, strangers)) &&
	       add_part(doc, "waiting", gather_zset(c, KEY_WAITING, NULL)) &&
	       add_part(doc, "retry", gather_zset(c, KEY_RETRY, "next_at")) &&
	       add_part(doc, "scheduled", gather_zset(c, KEY_SCHEDULED, "next_at")) &&
	       add_part(doc, "dead", gather_zset(c, KEY_DEAD, NULL)) &&
	       add_part(doc, "today", gather_counters(c, today_key(c, now))) &&
	       add_part(doc, "totals", gather_counters(c, ctl_key(c, KEY_STATS)));
}

/* ---- why nothing moves ---- */

/* The first living worker of the queue that can serve it (able), or cannot. */
static const json_t *find_worker(const json_t *workers, const char *queue, bool able)
{
	const json_t *w;
	size_t i;

	json_array_foreach(workers, i, w)
		if (json_is_true(json_object_get(w, "alive")) && listed(text(w, "queues"), queue) && able == !*text(w, "why"))
			return w;
	return NULL;
}

static bool needs_ge(const char *queue)
{
	return !strcmp(queue, "fetch") || !strcmp(queue, "bulk");
}

/* Why nobody claims from the queue now, or false. */
static bool blocked(FILE *out, const json_t *q, const json_t *workers)
{
	const json_t *held = json_object_get(q, "held"), *w;
	const char *name = text(q, "name");

	if (json_is_true(json_object_get(q, "paused")))
		fprintf(out, "%s is paused (gesyncctl resume %s)", name, name);
	else if (json_is_object(held))
		fprintf(out, "%s is held since %.19sZ: %s%s", name, text(held, "since"), text(held, "reason"),
			strstr(text(held, "reason"), "session") ? " (gesyncctl session set)" : "");
	else if (!number(q, "workers"))
		fprintf(out, "no living worker serves %s", name);
	else if (needs_ge(name) && !find_worker(workers, name, true) && (w = find_worker(workers, name, false)))
		fprintf(out, "no worker can serve %s since %.19sZ: %s", name, text(w, "why_since"), text(w, "why"));
	else
		return false;
	return true;
}

/* Nothing holds it, and yet nothing runs. */
static void say_open(FILE *out, const json_t *q, const json_t *doc)
{
	const json_t *w = find_worker(json_object_get(doc, "workers"), text(q, "name"), true);
	double rate = json_real_value(json_object_get(w, "rate")), pace = json_real_value(json_object_get(json_object_get(doc, "ge"), "pace"));

	if (needs_ge(text(q, "name")) && rate > 0)
		fprintf(out, "%s is paced: %.3g requests a second over the pool%s", text(q, "name"), rate * pace,
			pace < 1 ? ", slowed down since GE asked for it" : "");
	else
		fprintf(out, "%s is open and served, yet nothing of it runs at this moment; if it stays so, ask the workers' logs",
			text(q, "name"));
}

static void say_later(FILE *out, const json_t *doc, int64_t now)
{
	static const char *const where[] = { "retry", "scheduled" };
	char span[TIME_MAX];
	bool said = false;

	for (int i = 0; i < 2; i++) {
		const json_t *z = json_object_get(doc, where[i]);

		if (!number(z, "count"))
			continue;
		fprintf(out, "%s%lld in %s, the next one due %s%s", said ? "; " : "Nothing runs now: ",
			(long long)number(z, "count"), where[i], number(z, "next_ms") > now ? "in " : "now",
			number(z, "next_ms") > now ? print_span(number(z, "next_ms") - now, span) : "");
		said = true;
	}
	fputs(said ? "." : "Nothing to do: all queues are empty.", out);
	if (number(json_object_get(doc, "waiting"), "count"))
		fprintf(out, " %lld wait for a lock that a job or a dead worker holds.",
			(long long)number(json_object_get(doc, "waiting"), "count"));
}

static int64_t sum(const json_t *list, const char *key)
{
	const json_t *v;
	int64_t n = 0;
	size_t i;

	json_array_foreach(list, i, v)
		n += number(v, key);
	return n;
}

/* What lies where no worker will ever look. */
static void say_strangers(FILE *out, const json_t *strangers)
{
	const json_t *q;
	size_t i;

	json_array_foreach(strangers, i, q)
		if (number(q, "depth"))
			fprintf(out, " %lld in %s, a queue that nobody knows.", (long long)number(q, "depth"), text(q, "name"));
}

static int count_alive(const json_t *workers)
{
	const json_t *w;
	size_t i;
	int n = 0;

	json_array_foreach(workers, i, w)
		n += json_is_true(json_object_get(w, "alive"));
	return n;
}

/* Queues that have jobs and are blocked; where nothing runs, the open ones too. */
static bool say_queues(FILE *out, const json_t *doc, bool still)
{
	const char *before = still ? "Nothing moves: " : "";
	const json_t *q;
	bool said = false;
	size_t i;

	json_array_foreach(json_object_get(doc, "queues"), i, q) {
		char *why = NULL;
		size_t size;
		FILE *one = open_memstream(&why, &size);

		if (!one)
			abort();
		if (number(q, "depth") && !blocked(one, q, json_object_get(doc, "workers")) && still)
			say_open(one, q, doc);
		fclose(one);
		if (*why) {
			fprintf(out, "%s%s", said ? "; " : before, why);
			said = true;
		}
		free(why);
	}
	if (said)
		fputc('.', out);
	return said;
}

/* Why nothing moves, or what does not; NULL if there is nothing to say. */
static char *why_still(const json_t *doc, int64_t now)
{
	const json_t *workers = json_object_get(doc, "workers");
	bool still = !sum(workers, "running"), alive = count_alive(workers), work = sum(json_object_get(doc, "queues"), "depth") > 0;
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		abort();
	if (still && !work)
		say_later(out, doc, now);
	else if (still && !alive)
		fputs("Nothing moves: no worker is alive. Start gesync-worker.", out);
	else
		say_queues(out, doc, still);
	if (still && !work && !alive)
		fputs(" No worker is alive.", out);
	say_strangers(out, json_object_get(doc, "unknown_queues"));
	fclose(out);
	if (*line)
		return line;
	free(line);
	return NULL;
}

/* ---- for people ---- */

static void print_state(struct table *t, const json_t *q, const json_t *workers)
{
	const json_t *held = json_object_get(q, "held");

	if (!json_is_integer(json_object_get(q, "depth")))
		table_add(t, MARK_BAD, "its key holds no list");
	else if (json_is_true(json_object_get(q, "paused")))
		table_add(t, MARK_BAD, "paused");
	else if (json_is_object(held))
		table_add(t, MARK_BAD, "held since %.19sZ: %s", text(held, "since"), text(held, "reason"));
	else if (needs_ge(text(q, "name")) && number(q, "workers") && !find_worker(workers, text(q, "name"), true))
		table_add(t, MARK_BAD, "%s", text(find_worker(workers, text(q, "name"), false), "why"));
	else if (!number(q, "workers"))
		table_add(t, number(q, "depth") ? MARK_BAD : MARK_DIM, "not served");
	else
		table_add(t, MARK_GOOD, "open");
}

static int64_t parse_iso(const char *iso)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	return *iso && strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void print_queues(FILE *out, const json_t *doc, int64_t now)
{
	static const char *const titles[] = { "QUEUE", ">DEPTH", ">OLDEST", ">WORKERS", "STATE", NULL };
	char span[TIME_MAX];
	struct table t;
	const json_t *q;
	size_t i;

	table_init(&t, titles);
	json_array_foreach(json_object_get(doc, "queues"), i, q) {
		int64_t oldest = parse_iso(text(q, "oldest_at"));

		table_add(&t, MARK_NONE, "%s", text(q, "name"));
		table_add(&t, MARK_NONE, "%lld", (long long)number(q, "depth"));
		table_add(&t, MARK_NONE, "%s", oldest ? print_span(now - oldest, span) : "-");
		table_add(&t, MARK_NONE, "%lld", (long long)number(q, "workers"));
		print_state(&t, q, json_object_get(doc, "workers"));
	}
	json_array_foreach(json_object_get(doc, "unknown_queues"), i, q) {
		table_add(&t, MARK_BAD, "%s", text(q, "name"));
		table_add(&t, MARK_NONE, "%lld", (long long)number(q, "depth"));
		table_add(&t, MARK_NONE, "-");
		table_add(&t, MARK_NONE, "0");
		table_add(&t, MARK_BAD, "nobody knows this queue: misspelt?");
	}
	table_print(&t, out);
}

static void print_zset(FILE *out, const json_t *doc, const char *name, int64_t now)
{
	const json_t *z = json_object_get(doc, name);
	char span[TIME_MAX];

	fprintf(out, "%s %lld", name, (long long)number(z, "count"));
	if (number(z, "next_ms"))
		fprintf(out, " (next %s%s)", number(z, "next_ms") > now ? "in " : "now",
			number(z, "next_ms") > now ? print_span(number(z, "next_ms") - now, span) : "");
}

static void print_places(FILE *out, const json_t *doc, int64_t now)
{
	static const char *const names[] = { "retry", "scheduled", "waiting", "dead" };

	fprintf(out, "\nrunning %lld", (long long)sum(json_object_get(doc, "workers"), "running"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		fputs("   ", out);
		print_zset(out, doc, names[i], now);
	}
	fputc('\n', out);
}

static void print_counters(FILE *out, const json_t *doc)
{
	static const char *const titles[] = { "KIND", ">DONE TODAY", ">RETRIED", ">DEAD", ">DONE EVER", ">RETRIED", ">DEAD", NULL };
	static const char *const kinds[] = { "fetch", "check", "migrate", "ping" };
	static const char *const statuses[] = { "done", "retry", "dead" };
	struct table t;

	table_init(&t, titles);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		table_add(&t, MARK_NONE, "%s", kinds[k]);
		for (int i = 0; i < 6; i++) {
			char field[32];

			snprintf(field, sizeof(field), "%s:%s", kinds[k], statuses[i % 3]);
			table_add(&t, MARK_NONE, "%lld", (long long)number(json_object_get(doc, i < 3 ? "today" : "totals"), field));
		}
	}
	fputc('\n', out);
	table_print(&t, out);
}

static void print_workers(FILE *out, const json_t *workers)
{
	static const char *const titles[] = { "WORKER", "QUEUES", ">RUNNING", ">LAST BEAT", "VERSION", "STATE", NULL };
	struct table t;
	const json_t *w;
	size_t i;

	if (!json_array_size(workers)) {
		fputs("No worker is alive.\n", out);
		return;
	}
	table_init(&t, titles);
	json_array_foreach(workers, i, w) {
		char span[TIME_MAX];
		bool alive = json_is_true(json_object_get(w, "alive")), beat = *text(w, "beat_at");

		table_add(&t, MARK_NONE, "%s", text(w, "name"));
		table_add(&t, MARK_NONE, "%s", text(w, "queues"));
		table_add(&t, MARK_NONE, "%lld/%lld", (long long)number(w, "running"), (long long)number(w, "concurrency"));
		table_add(&t, MARK_NONE, "%s%s", beat ? print_span(number(w, "beat_ms_ago"), span) : "-", beat ? " ago" : "");
		table_add(&t, MARK_NONE, "%s", text(w, "version"));
		table_add(&t, alive ? MARK_GOOD : MARK_BAD, alive ? "alive" : "silent: its lease is over");
	}
	table_print(&t, out);
}

static void print_status(FILE *out, const json_t *doc, int64_t now)
{
	const char *still = text(doc, "still");

	print_queues(out, doc, now);
	print_places(out, doc, now);
	print_counters(out, doc);
	fputc('\n', out);
	print_workers(out, json_object_get(doc, "workers"));
	if (*still) {                           /* it holds names that came from Redis */
		fputc('\n', out);
		print_tame(out, "%s", still);
	}
}

/* ---- status ---- */

static json_t *gather(struct ctl *c, const json_t *strangers, int64_t *now)
{
	json_t *doc;
	char *still;

	*now = ctl_now_ms(c);
	if (*now < 0)
		return NULL;
	doc = json_pack("{so ss}", "at", print_iso_json(*now), "namespace", c->set.namespace_);
	if (!gather_parts(c, doc, strangers, *now)) {
		json_decref(doc);
		return NULL;
	}
	json_object_set_new(doc, "running", json_integer(sum(json_object_get(doc, "workers"), "running")));
	still = why_still(doc, *now);
	json_object_set_new(doc, "still", still ? safe_text(still) : json_null());
	free(still);
	return doc;
}

static int show_once(struct ctl *c)
{
	json_t *strangers = find_strangers(c);
	int64_t now;
	json_t *doc = strangers ? gather(c, strangers, &now) : NULL;

	json_decref(strangers);
	if (!doc)
		return ctl_fail(c);
	if (c->opt.json) {
		print_json(doc);
		return EXIT_DONE;
	}
	print_status(stdout, doc, now);
	json_decref(doc);
	return EXIT_DONE;
}

/* ---- --watch ---- */

static volatile sig_atomic_t stopped;

static void on_stop(int signum)
{
	(void)signum;
	stopped = 1;
}

/* Written in one piece, so that nothing flickers. */
static void draw(struct ctl *c, const json_t *strangers)
{
	char *screen = NULL;
	size_t size;
	FILE *out = open_memstream(&screen, &size);
	int64_t now;
	json_t *doc = strangers ? gather(c, strangers, &now) : NULL;

	if (!out)
		abort();
	fputs("\033[H\033[J", out);
	if (doc)
		print_status(out, doc, now);
	else
		fprintf(out, "%s\n", c->err.msg);
	fputs("\nq quits\n", out);
	fclose(out);
	fwrite(screen, 1, size, stdout);
	fflush(stdout);
	free(screen);
	json_decref(doc);
}

/* False once q was typed, or a signal came. */
static bool wait_second(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	if (poll(&fd, 1, 1000) > 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
		return false;
	return !stopped;
}

static int watch(struct ctl *c)
{
	struct sigaction act = { .sa_handler = on_stop };
	struct termios before, raw;
	json_t *strangers = NULL;

	if (c->opt.json || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return ctl_usage("--watch needs a terminal, and no --json: ask for status alone");
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout);
	for (int i = 0; !stopped; i++) {
		if (i % SCAN_EVERY == 0 || !strangers) {
			json_decref(strangers);
			strangers = find_strangers(c);
		}
		draw(c, strangers);
		if (!wait_second())
			break;
	}
	fputs("\033[?25h\033[?1049l", stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	json_decref(strangers);
	return EXIT_DONE;
}

int command_status(struct ctl *c)
{
	int rc = ctl_words(c, 1, 0, 0, "status [--watch]");

	return rc ? rc : c->opt.watch ? watch(c) : show_once(c);
}

int command_workers(struct ctl *c)
{
	int rc = ctl_words(c, 1, 0, 0, "workers");
	int64_t now = rc ? 0 : ctl_now_ms(c);
	json_t *list = rc || now < 0 ? NULL : gather_workers(c, now);

	if (rc)
		return rc;
	if (!list)
		return ctl_fail(c);
	if (c->opt.json) {
		print_json(json_pack("{so}", "workers", list));
		return EXIT_DONE;
	}
	print_workers(stdout, list);
	json_decref(list);
	return EXIT_DONE;
}
