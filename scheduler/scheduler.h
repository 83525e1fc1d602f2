/* scheduler.h - what the parts of gesync-scheduler share.
 *
 * main.c    the command line
 * sync.c    a request becomes a run: the structure, then the licences
 * gate.c    the structure step: check, migrate, check again
 * fanout.c  the licences of a run become jobs on a list
 * waiting.c, seen.c  licences that are passed by, since they wait already
 * resume.c  a run that Redis has lost goes on
 * dry_run.c what a run would do
 * ping.c    the same for pings
 * structure.c  check and migrate: a run of one job, and its report
 * run.c     a run in Redis: begun, joined or taken over, filled
 * job.c     one job, from its push to its outcome
 * cron.c    run: a crontab's lines, beside other schedulers
 * cron_file.c  the crontab's file, and run --check
 * follow.c  --wait: a run to its end, and what is told of it
 * still.c   what keeps it, where nothing moves */
#ifndef GESYNC_SCHEDULER_H
#define GESYNC_SCHEDULER_H

#include <jansson.h>

#include "command.h"
#include "crontab.h"
#include "db.h"
#include "job.h"
#include "loop.h"
#include "news.h"
#include "redis.h"
#include "settings.h"

#define NEWS_MS  10000  /* for what a run has to tell PostgreSQL */
#define PUSH_MAX 500    /* elements of one script call */

struct options {
	struct strings licenses;
	bool full, data_only, structure_only;
	bool force, offline, dry_run, resume, json;
	char *deadline;                 /* HH:MM */
	struct strings apps, fake;
	char *table, *to, *backup;
	bool show_columns, fix;
	bool plan, fake_applied, repair, allow_data_loss;
	int64_t wait_ms;                /* 0: no; -1: without limit */
	char *id;
	char *crontab, *catch_up, *check_file;
	char *occurrence;               /* id of a crontab's occurrence, which begins once */
	int count;
};

struct app {
	struct loop *loop;
	struct settings set;
	struct options opt;
	struct redis *redis;
	struct db *db;
	struct command cmd;
	struct news *news;
	char **argv;
	const char *command;            /* the word in argv */
	int64_t deadline_ms;            /* unix; of jobs that have not started by then; 0: none */
	int64_t begun_ms;               /* loop_now_ms() when the command began: --wait counts from it */
};

enum { EXIT_DONE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_PENDING = 3, EXIT_AWAY = 69, EXIT_GAVE_UP = 75 };

/* Says err on stderr; returns the exit status it means. */
int app_fail(const struct err *err);
/* Says what on stderr; returns 2. */
int app_usage(const char *what);
/* Whether a one-shot would take these words; err says why not. */
int app_check_words(char *const *words, int n, struct err *err);

int command_sync(struct app *app);
/* Why these options cannot be together; NULL if they can. */
const char *sync_refuse(const struct options *opt);
int command_ping(struct app *app);
int command_run(struct app *app);
int command_structure(struct app *app, enum settings_queue kind);       /* check, migrate */

/* The exit status that the outcome of a check or migrate means. */
int structure_status(const json_t *outcome);

/* ---- run.c ---- */

struct run {
	char id[80];
	char owner[40];
	char signature[80];             /* "" joins nothing */
	char place[160];                /* where the fan-out goes on; "" at its beginning */
	enum settings_queue queue;
	bool fill;                      /* its jobs are ours to push: new, or taken over */
	bool taken;                     /* taken over */
	bool resumed;                   /* Redis had lost it: what it has done is passed by */
	char *elements[PUSH_MAX];       /* owned, not pushed yet */
	size_t n;
	char *refused[PUSH_MAX];        /* owned: outcomes of licences of which no job can be made, not told yet */
	size_t nrefused;
	int64_t total;
};

/* -1 and err (protocol): the private keys are another version's, and not guessed. */
int app_protocol(struct app *app, struct err *err);
/* kind: "sync", "ping", ... signature: of two runs with the same only one is
 * unfinished at a time; NULL for none. Where another scheduler is filling that
 * one, waits until it has or is dead: then run->fill, and run->place is where
 * it stood. Error gave_up: --wait is over before. */
int run_begin(struct app *app, struct run *run, const char *kind, const char *mode,
	      const char *signature, struct err *err);
/* Takes element over. Pushes when there are PUSH_MAX. */
int run_add(struct app *app, struct run *run, char *element, struct err *err);
/* Pushes what is left; last: these were all. */
int run_push(struct app *app, struct run *run, bool last, struct err *err);
/* We go before all its jobs are on the lists, though no push has failed: the next
 * scheduler need not wait for our lease. */
void run_leave(struct app *app, struct run *run);

/* ---- sync.c and its steps ---- */

/* A new array of its words. */
json_t *list_json(const struct strings *list);
/* Begins the run that the options ask for, fills and follows it. */
int command_sync_run(struct app *app);
int command_resume(struct app *app);
int dry_run(struct app *app);
/* 0: the structure is clean, now. -1 and err: code structure, with why no licence
 * may be fetched, or what kept it from being looked at. */
int gate(struct app *app, struct run *run, struct err *err);
/* Pushes the run's licences, from run->place on. */
int fanout(struct app *app, struct run *run, struct err *err);

struct seen;
int waiting_licenses(struct app *app, struct seen *seen, struct err *err);
int resume_counts(struct app *app, struct run *run, struct err *err);
int resume_done(struct app *app, const struct run *run, struct seen *seen, struct err *err);

/* Rows from a server-side cursor, page by page. */
struct source {
	struct app *app;
	void (*row)(struct source *src, const struct db_rows *rows, int i);
	struct db_stream *stream;
	bool came, ended, failed;
	struct err err;
};

/* Waits for the first page, or the next one; each row is given to src->row. -1: src->err. */
int source_begin(struct source *src, const struct db_stmt *stmt, int page);
int source_next(struct source *src);
void source_stop(struct source *src);
/* The licences that are due and were put back by a deadline, as run sees them. */
int source_put_back(struct source *src, const char *run, int page);
/* The licences that are due, behind place ("" for all). */
int source_open(struct source *src, const char *place, int page);

/* ---- query.c ---- */

/* Waits for it. each may be NULL. Errors as in db_run(). */
typedef void query_rows(const struct db_rows *const *rows, void *data);
int app_query(struct app *app, const struct db_stmt *stmts, int n, query_rows *each, void *data, struct err *err);
/* gesync's own schema is there. */
int app_schema(struct app *app, struct err *err);

/* ---- job.c ---- */

/* Puts a job of that id on its queue, once: not if one of the id is known already.
 * fields (taken over) are those of INTERFACE.md section 3; the id is added. */
int job_push(struct app *app, enum settings_queue queue, const char *id, json_t *fields, struct err *err);
/* Of a job that a run is to push: its hash says queued from now on, and nothing of
 * an older job of that id. */
int job_announce(struct app *app, const char *id, struct err *err);
/* 1: it has ended (done, dead, cancelled); 0: not yet; -1 and err. *outcome, the caller's
 * but for -1, is what is known: the outcome object of INTERFACE.md section 4. */
int job_look(struct app *app, const char *id, json_t **outcome, struct err *err);
/* What is done at each look while it has not ended: show it, renew a lease. -1 and err end the wait. */
typedef int job_tick(const json_t *outcome, void *data, struct err *err);
/* As job_look(), until the job has ended or wait_ms (-1: no limit) are over (0). While
 * Redis is away it waits on. tick may be NULL. */
int job_wait(struct app *app, const char *id, int64_t wait_ms, job_tick *tick, void *data,
	     json_t **outcome, struct err *err);
void app_sleep(struct app *app, int64_t ms);
/* --wait=SECONDS is over. */
bool app_waited(const struct app *app);

/* ---- still.c ---- */

struct still { int64_t progress, since; bool said; };   /* zero at first */
/* progress: any number that changes where something moves. Once it has not for ten
 * seconds stderr is told why. */
void still_look(struct still *s, struct app *app, int64_t progress);

/* ---- cron_file.c ---- */

struct zone;
struct cron_file {
	struct crontab tab;
	struct zone *zones;     /* owned; lines borrow from them */
};

/* What is wrong with it, once for each line: "file: line 3: ...". */
typedef void cron_file_say(const char *what);
/* zone: GESYNC_TZ. -1: it has been said why; nothing is left to clear. */
int cron_file_load(struct cron_file *file, const char *path, const char *zone, cron_file_say *say);
void cron_file_clear(struct cron_file *file);
/* run --check: each line with its next times. Returns the exit status. */
int cron_file_show(const struct cron_file *file, bool json);

/* ---- follow.c ---- */

/* Prints the run's id; with --wait --json the report alone is printed, later. */
void follow_name(const struct app *app, const struct run *run);
/* With --wait, until the run has ended, or app->opt.wait_ms are over (75). license:
 * of a run of one, or NULL. Prints the report; returns the exit status. */
int follow(struct app *app, const struct run *run, const char *license);
/* Of a run that cannot be followed: with --wait --json, as it is now. */
void follow_now(struct app *app, const struct run *run);

#endif
