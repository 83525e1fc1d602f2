/* dead.c - the dead and the retries: looked at, tried again, forgotten. */
#include <string.h>

#include "ctl.h"
#include "mem.h"

#define LS_MAX 100

static const char *const what_of[KEYS] = { [KEY_DEAD] = "dead job", [KEY_RETRY] = "job in retry" };

struct wanted {
	const char *id, *code, *license, *kind; /* NULL: any */
	int64_t after_ms, before_ms;            /* given up between; INT64_MIN and INT64_MAX: any time */
	bool filtered;
	long skip, limit;
	json_t *list;           /* of ls */
	int64_t matched;        /* by ls, so far: all of them where there are filters */
	enum key zset;
};

static bool wants(const struct record *r, void *data)
{
	const struct wanted *w = data;
	int queue;

	if (r->at_ms <= w->after_ms || r->at_ms > w->before_ms)
		return false;
	if (!r->known)
		return !w->id && !w->code && !w->license && !w->kind;
	queue = job_queue(r->rec.queue, strlen(r->rec.queue));
	if (w->kind && (queue < 0 || strcmp(w->kind, job_kind((enum settings_queue)queue))))
		return false;
	return (!w->id || !strcmp(w->id, r->rec.id)) && (!w->code || !strcmp(w->code, r->rec.code)) &&
	       (!w->license || !strcmp(w->license, r->rec.subject));
}

/* An instant so long ago; `otherwise` where no duration is given. */
static int ago(const char *name, const char *duration, int64_t now, int64_t otherwise, int64_t *out)
{
	int64_t ms = duration ? settings_duration_ms(duration) : 0;

	if (ms < 0)
		return ctl_usage("--%s takes a duration: 90s, 15m, 2h", name);
	*out = duration ? now - ms : otherwise;
	return 0;
}

/* 0, or the exit status: what is wrong with the filters has been said. */
static int read_filters(struct ctl *c, enum key zset, struct wanted *w)
{
	const struct options *opt = &c->opt;
	int64_t now = 0;
	int rc;

	*w = (struct wanted){ .code = opt->code, .license = opt->license, .kind = opt->kind, .zset = zset,
			      .filtered = opt->code || opt->license || opt->kind || opt->older || opt->newer, .skip = opt->offset, .limit = opt->limit ? opt->limit : LS_MAX };
	if (w->kind && (job_queue(w->kind, strlen(w->kind)) < 0 || !strcmp(w->kind, queue_names[QUEUE_BULK])))
		return ctl_usage("\"%.64s\" is no kind: give fetch, check, migrate or ping", w->kind);
	if ((opt->older || opt->newer) && (now = ctl_now_ms(c)) < 0)
		return ctl_fail(c);
	rc = ago("older", opt->older, now, INT64_MAX, &w->before_ms);
	return rc ? rc : ago("newer", opt->newer, now, INT64_MIN, &w->after_ms);
}

/* ---- ls ---- */

static bool collect(const struct record *r, void *data)
{
	struct wanted *w = data;

	if (wants(r, w) && w->matched++ >= w->skip && json_array_size(w->list) < (size_t)w->limit)
		json_array_append_new(w->list, record_json(r, w->zset));
	return w->filtered || json_array_size(w->list) < (size_t)w->limit;
}

static const char *text_of(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "-";
}

static void print_list(const json_t *list, enum key zset)
{
	static const char *const dead_titles[] = { "ID", "QUEUE", "LICENCE, APP", "CODE", ">ATTEMPTS", "DIED", "WHY", NULL };
	static const char *const retry_titles[] = { "ID", "QUEUE", "LICENCE, APP", "CODE", ">ATTEMPTS", "NEXT", "WHY", NULL };
	struct table t;
	json_t *r;
	size_t i;

	table_init(&t, zset == KEY_DEAD ? dead_titles : retry_titles);
	json_array_foreach(list, i, r) {
		const char *message = json_string_value(json_object_get(r, "message"));

		table_add(&t, MARK_NONE, "%s", text_of(r, "id"));
		table_add(&t, MARK_NONE, "%s", text_of(r, "queue"));
		table_add(&t, MARK_NONE, "%s", text_of(r, json_object_get(r, "app") ? "app" : "license"));
		table_add(&t, MARK_BAD, "%s", text_of(r, "code"));
		table_add(&t, MARK_NONE, "%lld", (long long)json_integer_value(json_object_get(r, "attempts")));
		table_add(&t, MARK_NONE, "%s", text_of(r, zset == KEY_DEAD ? "died_at" : "next_attempt_at"));
		table_add(&t, MARK_DIM, "%s", message ? message : text_of(r, "error"));
	}
	table_print(&t, stdout);
}

static int list(struct ctl *c, enum key zset)
{
	struct wanted w;
	struct redis_value *v;
	int64_t total;
	size_t shown;
	bool any;
	int rc = read_filters(c, zset, &w);

	if (rc)
		return rc;
	v = ctl_ask(c, "ZCARD", ctl_key(c, zset));
	if (!v)
		return ctl_fail(c);
	total = redis_int(v);
	redis_value_free(v);
	w.list = json_array();
	if (records_each(c, zset, collect, &w) < 0) {
		json_decref(w.list);
		return ctl_fail(c);
	}
	shown = json_array_size(w.list);
	any = total > 0;
	if (w.filtered)
		total = w.matched;
	if (c->opt.json) {
		print_json(json_pack("{sI so}", "total", (json_int_t)total, zset == KEY_DEAD ? "dead" : "retry", w.list));
		return EXIT_DONE;
	}
	if (shown)
		print_list(w.list, zset);
	if (!shown)
		printf("No %s%s.\n", what_of[zset], any ? " is like that" : "");
	else if ((int64_t)shown < total)
		printf("%zu of %lld; --limit and --offset show more.\n", shown, (long long)total);
	json_decref(w.list);
	return EXIT_DONE;
}

/* ---- show ---- */

struct shown {
	const char *id;
	bool json, found;
};

static void print_element(const struct record *r)
{
	printf("element    %zu bytes\n  ", r->rec.bytes_len);
	print_escaped(stdout, r->rec.bytes, r->rec.bytes_len);
	putchar('\n');
}

static void show_json(const struct record *r)
{
	json_t *obj = record_json(r, KEY_DEAD), *outcome = record_outcome(r);
	json_t *element = json_stringn(r->rec.bytes, r->rec.bytes_len);
	char *escaped = NULL;
	size_t size;
	FILE *f = need(open_memstream(&escaped, &size));

	print_escaped(f, r->rec.bytes, r->rec.bytes_len);
	fclose(f);
	json_object_set_new(obj, "element", element ? element : json_null());   /* null: no UTF-8 */
	json_object_set_new(obj, "element_escaped", json_string(escaped));
	json_object_set_new(obj, "outcome", outcome ? outcome : json_null());
	free(escaped);
	print_json(obj);
}

static bool show_one(const struct record *r, void *data)
{
	static const char *const rows[] = {
		"id", "queue", "license", "app", "run", "code", "message", "queued_at", "died_at"
	};
	struct shown *s = data;
	json_t *obj;

	if (!r->known || strcmp(r->rec.id, s->id))
		return true;
	s->found = true;
	if (s->json) {
		show_json(r);
		return false;
	}
	obj = record_json(r, KEY_DEAD);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (json_object_get(obj, rows[i]))
			print_tame(stdout, "%-10s %s", rows[i], text_of(obj, rows[i]));
	printf("%-10s %lld\n", "attempts", (long long)json_integer_value(json_object_get(obj, "attempts")));
	if (r->rec.deaths)
		printf("%-10s %d workers died over it\n", "deaths", r->rec.deaths);
	print_element(r);
	json_decref(obj);
	return false;
}

static int show(struct ctl *c)
{
	struct shown s = { .json = c->opt.json };
	int rc = ctl_words(c, 2, 1, 1, "dead show ID");

	if (rc)
		return rc;
	s.id = c->args.v[2];
	if (!job_id_valid(s.id, strlen(s.id)))
		return ctl_usage("\"%.64s\" is no id: dead ls shows them", s.id);
	if (records_find(c, KEY_DEAD, s.id, show_one, &s) < 0)
		return ctl_fail(c);
	return s.found ? EXIT_DONE : ctl_missing(c, "there is no dead job %s", s.id);
}

/* ---- changes ---- */

static int which(struct ctl *c, enum key zset, struct wanted *w, const char *usage)
{
	int rc = ctl_words(c, 2, 0, 1, usage);
	bool filtered;

	if (!rc)
		rc = read_filters(c, zset, w);
	if (rc)
		return rc;
	w->id = c->args.n > 2 ? c->args.v[2] : NULL;
	filtered = w->code || w->license || w->kind || c->opt.older || c->opt.newer;
	if ((w->id != NULL) + c->opt.all + filtered != 1)
		return ctl_usage("say which ones: an id, --all, or filters like --code CODE, and one of these alone");
	if (c->opt.limit || c->opt.offset)
		return ctl_usage("--limit and --offset belong to ls");
	if (w->id && !job_id_valid(w->id, strlen(w->id)))
		return ctl_usage("\"%.64s\" is no id: ls shows them", w->id);
	return 0;
}

static int change(struct ctl *c, enum key zset, enum records_change how, const char *usage, const char *verb)
{
	struct wanted w;
	int64_t n, left;
	int rc = which(c, zset, &w, usage);

	if (rc)
		return rc;
	rc = records_change(c, zset, how, wants, &w, &n, &left);
	if (rc < 0) {
		if (n)
			fprintf(stderr, "gesyncctl: %lld %s before that\n", (long long)n, verb);
		return ctl_fail(c);
	}
	if (left)
		fprintf(stderr, "gesyncctl: %lld cannot be tried again: cut for their size, or no records of gesync's\n",
			(long long)left);
	if (!n && w.id)
		return left ? EXIT_MISSING : ctl_missing(c, "there is no %s %s", what_of[zset], w.id);
	if (c->opt.json)
		print_json(json_pack("{sI sI}", "changed", (json_int_t)n, "left", (json_int_t)left));
	else
		printf("%lld %s %s.\n", (long long)n, n == 1 ? "job" : "jobs", verb);
	return left ? EXIT_MISSING : EXIT_DONE;
}

int command_dead(struct ctl *c)
{
	const char *what = c->args.n > 1 ? c->args.v[1] : "";
	int rc;

	if (!strcmp(what, "retry"))
		return change(c, KEY_DEAD, RECORDS_RETRY, "dead retry ID | --all | FILTER...", "back in the queue");
	if (!strcmp(what, "rm"))
		return change(c, KEY_DEAD, RECORDS_RM, "dead rm ID | --all | FILTER...", "forgotten");
	if (c->opt.all)
		return ctl_usage("--all belongs to dead retry and dead rm");
	if (!strcmp(what, "show"))
		return show(c);
	if (strcmp(what, "ls"))
		return ctl_usage("dead has no \"%.64s\": give ls, show, retry or rm", what);
	rc = ctl_words(c, 2, 0, 0, "dead ls [--code CODE] [--kind KIND] [--license NO] [--older DURATION] [--newer DURATION] [--limit N] [--offset N]");
	return rc ? rc : list(c, KEY_DEAD);
}

int command_retry(struct ctl *c)
{
	const char *what = c->args.n > 1 ? c->args.v[1] : "";
	int rc;

	if (!strcmp(what, "now"))
		return change(c, KEY_RETRY, RECORDS_RETRY, "retry now ID | --all | FILTER...", "back in the queue");
	if (c->opt.all)
		return ctl_usage("--all belongs to retry now");
	if (strcmp(what, "ls"))
		return ctl_usage("retry has no \"%.64s\": give ls or now", what);
	rc = ctl_words(c, 2, 0, 0, "retry ls [--code CODE] [--kind KIND] [--license NO] [--limit N] [--offset N]");
	return rc ? rc : list(c, KEY_RETRY);
}
