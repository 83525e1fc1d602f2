/* status.c - one screen: queues, workers, retries, the dead, counters, and in
 * words why nothing moves when nothing does. All is gathered into one document
 * first; --json prints it, people get it as text. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "status_impl.h"

#define SCAN_EVERY      10      /* draws of --watch */

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
	else if (status_needs_ge(text(q, "name")) && number(q, "workers") && !status_find_worker(workers, text(q, "name"), true))
		table_add(t, MARK_BAD, "%s", text(status_find_worker(workers, text(q, "name"), false), "why"));
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

static int show_once(struct ctl *c)
{
	json_t *strangers = status_strangers(c);
	int64_t now;
	json_t *doc = strangers ? status_gather(c, strangers, &now) : NULL;

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
	FILE *out = need(open_memstream(&screen, &size));
	int64_t now;
	json_t *doc = strangers ? status_gather(c, strangers, &now) : NULL;

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
			strangers = status_strangers(c);
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
	json_t *list = rc || now < 0 ? NULL : status_workers(c, now);

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
