/* main.c - gesync-worker: settings, signals, and when to go.
 *
 *      RUN <--TSTP/CONT--> QUIET
 *       |                    |
 *       +-----TERM, INT------+---> GRACE: what runs may finish
 *       |                            | nothing runs, grace is over, second signal
 *       +--drained (--drain)---------+---> HAND BACK ---> LEAVE ---> exit */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job_fetch.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "open_files.h"
#include "pool.h"
#include "report.h"
#include "serve.h"
#include "settings.h"

#define DRAIN_LOOK_MS   100     /* how often a worker with nothing to do asks whether it is done */
#define STORE_WAIT_MS   5000    /* for what is being stored when all else is handed back */

#define FILES_OF_A_JOB  2       /* its connection to GE, and one that is kept or resolves a name */
#define FILES_OF_ITS_OWN 128

extern char **environ;

struct options {
	bool drain;
};

static const struct option_spec option_specs[] = {
	{ "drain", OPT_FLAG, offsetof(struct options, drain), NULL,
	  "exit 0 once the served queues and their retries are done; 75 if the rest is paused or held", .max = 0 },
	{ .name = NULL }
};

static const struct program program = {
	.name = "gesync-worker",
	.summary = "consumes gesync's queues: many jobs in flight in one process",
	.usage = "gesync-worker [--queues LIST] [--concurrency N] [--db-pool N] [--drain] [--listen ADDR:PORT]",
	.options = option_specs,
};

enum state { RUN, GRACE, HANDING_BACK, LEAVING };

struct worker {
	struct loop *loop;
	struct settings set;
	struct options opt;
	struct pool pool;
	struct serve *serve;
	enum state state;
	struct timer *timer;            /* grace, or the next look of --drain */
	bool asking;
	int status;
};

static void on_left(void *data)
{
	struct worker *w = data;

	loop_stop(w->loop);
}

static void leave(struct worker *w)
{
	if (w->state == LEAVING)
		return;
	w->state = LEAVING;
	w->pool.stopping = true;
	timer_stop(w->timer);
	queue_leave(w->pool.queue, on_left, w);
}

static void hand_back(struct worker *w)
{
	w->state = HANDING_BACK;
	pool_hand_back(&w->pool);
	timer_set(w->timer, STORE_WAIT_MS);
	if (!w->pool.busy)
		leave(w);
}

static void on_idle(void *data)
{
	struct worker *w = data;

	if (w->state == GRACE || w->state == HANDING_BACK)
		leave(w);
}

static void on_term(void *data)
{
	struct worker *w = data;

	if (w->state == RUN) {
		log_info("worker=%s stopping: %d jobs may finish within %lld s; a second signal hands them back at once",
			 queue_worker(w->pool.queue), w->pool.busy, (long long)w->set.grace_ms / 1000);
		notify_stopping();
		w->state = GRACE;
		w->pool.stopping = true;
		queue_stop_claims(w->pool.queue, true);
		timer_set(w->timer, w->set.grace_ms);
		if (!w->pool.busy)
			leave(w);
	} else if (w->state == GRACE) {
		hand_back(w);
	}
}

static void on_tstp(void *data)
{
	struct worker *w = data;

	if (w->state == RUN) {
		log_info("worker=%s quiet: claims nothing until CONT", queue_worker(w->pool.queue));
		queue_stop_claims(w->pool.queue, true);
	}
}

static void on_cont(void *data)
{
	struct worker *w = data;

	if (w->state == RUN)
		queue_stop_claims(w->pool.queue, false);
}

static void on_drained(int verdict, void *data)
{
	struct worker *w = data;

	w->asking = false;
	if (w->state != RUN)
		return;
	if (verdict >= 0 && !w->pool.busy) {
		w->status = verdict;
		queue_stop_claims(w->pool.queue, true);
		if (verdict)
			log_warn("drained, but for what is paused or held: gesyncctl status tells which");
		leave(w);
		return;
	}
	timer_set(w->timer, DRAIN_LOOK_MS);
}

static void on_timer(void *data)
{
	struct worker *w = data;

	if (w->state == GRACE) {
		hand_back(w);
	} else if (w->state == HANDING_BACK) {
		leave(w);
	} else if (w->state == RUN && w->opt.drain) {
		if (!w->asking && !w->pool.busy && queue_up(w->pool.queue)) {
			w->asking = true;
			queue_ask_drained(w->pool.queue, on_drained, w);
		} else {
			timer_set(w->timer, DRAIN_LOOK_MS);
		}
	}
}

/* Who serves licences serves those that do without GE, too. */
static void choose_queues(struct settings *set)
{
	bool fetches = false, offline = false;

	for (int i = 0; i < set->nqueues; i++) {
		fetches |= handlers[set->queues[i]] == &job_fetch;
		offline |= set->queues[i] == QUEUE_OFFLINE;
	}
	if (fetches && !offline)
		set->queues[set->nqueues++] = QUEUE_OFFLINE;
}

/* A socket that cannot be had would look like a GE that is down. */
static void fit_open_files(struct settings *set)
{
	int files = open_files_raise(), jobs = (files - FILES_OF_ITS_OWN) / FILES_OF_A_JOB;

	if (jobs >= set->concurrency)
		return;
	jobs = jobs < 1 ? 1 : jobs;
	log_warn("takes %d jobs at once, not %d: the system lets it open %d files; raise `ulimit -Hn`, or systemd's LimitNOFILE",
		 jobs, set->concurrency, files);
	set->concurrency = jobs;
}

/* Unlike the other programs it needs them: each request would fail. */
static int look_at_certificates(const struct settings *set)
{
	if (!set->ge_ca_file || !access(set->ge_ca_file, R_OK))
		return 0;
	fprintf(stderr, "gesync-worker: GESYNC_GE_CA_FILE \"%s\": %s: name a file that can be read\n", set->ge_ca_file, strerror(errno));
	return -1;
}

static int run(struct worker *w)
{
	struct err err;

	if (pool_init(&w->pool, w->loop, &w->set, &err) < 0) {
		fprintf(stderr, "gesync-worker: %s\n", err.msg);
		return 2;
	}
	w->pool.on_idle = on_idle;
	w->pool.on_idle_data = w;
	w->timer = timer_new(w->loop, on_timer, w);
	if (w->opt.drain)
		timer_set(w->timer, DRAIN_LOOK_MS);
	if (w->set.listen && !(w->serve = serve_new(w->loop, w->set.listen, report_answer, &w->pool, &err))) {
		fprintf(stderr, "gesync-worker: %s\n", err.msg);
		w->status = 2;
	} else {
		loop_on_signal(w->loop, SIGTERM, on_term, w);
		loop_on_signal(w->loop, SIGINT, on_term, w);
		loop_on_signal(w->loop, SIGTSTP, on_tstp, w);
		loop_on_signal(w->loop, SIGCONT, on_cont, w);
		log_info("worker=%s up: %d jobs in flight at most", queue_worker(w->pool.queue), w->set.concurrency);
		if (w->serve)
			log_info("listening on port %d", serve_port(w->serve));
		loop_run(w->loop);
	}
	if (w->pool.fatal) {
		fprintf(stderr, "gesync-worker: %s\n", w->pool.fatal);
		w->status = w->pool.status;
	}
	serve_free(w->serve);
	pool_clear(&w->pool);           /* tells that nothing runs: to the timer too */
	timer_free(w->timer);
	return w->status;
}

int main(int argc, char **argv)
{
	struct worker w = { .status = 0 };
	struct strings args = { NULL, 0 };
	int status = settings_parse(&w.set, &w.opt, &program, argc, argv, environ, &args, stdout, stderr);

	if (status >= 0)
		return status;
	if (args.n) {
		fprintf(stderr, "gesync-worker: takes no argument '%s': see --help\n", args.v[0]);
		return 2;
	}
	if (look_at_certificates(&w.set) < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	log_setup((enum log_level)w.set.log, w.set.log_json);
	choose_queues(&w.set);
	fit_open_files(&w.set);
	w.loop = loop_new();
	status = run(&w);
	loop_free(w.loop);
	settings_clear(&w.set);
	free(args.v);
	return status;
}
