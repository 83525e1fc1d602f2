/* ctl.h - what the parts of gesyncctl share.
 *
 * main.c     the command line
 * status*.c  one screen of everything; workers
 * jobs.c     one licence (why), one job
 * dead.c     the dead and the retries: looked at, tried again, forgotten
 * cancel.c   a job, or a run, is not to be run
 * fsck*.c    every job in exactly one place
 * doctor.c   is this deployment safe?
 * runs.c     runs
 * run.c      one run: its failures, its changes, its summary
 * run_store.c  what PostgreSQL has of runs
 * run_summary.c  what people wrote by hand after such a night
 * queues.c   paused and resumed
 * session.c  the GE session in use
 * ge.c       what GE is like; breaker
 * report.c   the last check or migrate
 * migrations.c  the migration files, and what of them the database has
 * migrations_make.c, migrations_rebuild.c  migration files written
 * records.c  looks through retry, scheduled and dead, and moves what is there
 * print.c    tables, times, JSON
 *
 * A command is a function that prints and returns the exit status. Under
 * --json it prints one document, and nothing else on stdout. */
#ifndef GESYNC_CTL_H
#define GESYNC_CTL_H

#include <jansson.h>
#include <stdio.h>

#include "command.h"
#include "job.h"
#include "loop.h"
#include "redis.h"
#include "settings.h"

struct options {
	bool json, watch, failures, changes, csv, markdown, all;
	bool full, backup, remove_alters, recreate, dry_run;    /* of migrations */
	char *apps;                     /* "A,B"; NULL: all */
	char *code, *license, *kind;    /* NULL: any */
	char *older, *newer;            /* durations, or NULL */
	char *run;                      /* of cancel */
	bool repair;                    /* of fsck */
	int limit, offset;              /* 0: the usual */
};

#define CTL_KEYS 8

struct ctl {
	struct loop *loop;
	struct settings set;
	struct options opt;
	struct strings args;            /* the command and its words */
	struct redis *redis;
	struct command cmd;
	struct err err;                 /* of the last call that failed */
	void *answer;                   /* of what is waited for */
	char keys[CTL_KEYS][KEYS_MAX];
	int next_key;
};

enum { EXIT_DONE = 0, EXIT_MISSING = 1, EXIT_USAGE = 2, EXIT_AWAY = 69, EXIT_LATER = 75 };

/* Says c->err; returns the exit status it means. */
int ctl_fail(const struct ctl *c);
/* Wrong usage: returns 2. */
int ctl_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What was asked for is not there: returns 1. Under --json it is a document. */
int ctl_missing(const struct ctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 2, with the reason said, unless there are least to most words behind the
 * first `from` words of the command; else 0. */
int ctl_words(const struct ctl *c, size_t from, size_t least, size_t most, const char *usage);

/* Names of keys; the last eight stay valid. */
const char *ctl_key(struct ctl *c, enum key key);
const char *ctl_key_of(struct ctl *c, const char *prefix, const char *name);
/* redis_ask() with the error kept in c. */
#define ctl_ask(c, ...) redis_ask((c)->redis, &(c)->err, __VA_ARGS__, NULL)
/* Runs the script that c->cmd holds. */
struct redis_value *ctl_run_script(struct ctl *c);
/* Unix ms of Redis' clock; -1 on failure. */
int64_t ctl_now_ms(struct ctl *c);
void ctl_pause(struct ctl *c, int64_t ms);

int command_status(struct ctl *c);
int command_workers(struct ctl *c);
int command_why(struct ctl *c);
int command_job(struct ctl *c);
int command_dead(struct ctl *c);
int command_retry(struct ctl *c);
int command_runs(struct ctl *c);
int command_run(struct ctl *c);

/* ---- runs.c ---- */

/* A run as Redis has it: numbers as numbers, the outcomes of its check and migrate as
 * objects. NULL if Redis went away; JSON null if there is no such run. */
json_t *runs_read(struct ctl *c, const char *id);
const char *runs_text(const json_t *run, const char *key);      /* "-" for none */
long long runs_number(const json_t *run, const char *key);

/* ---- run_store.c ---- */

/* What PostgreSQL has of runs; it is asked when something is wanted of it. */
struct run_store *run_store_new(struct ctl *c);
void run_store_free(struct run_store *s);
/* Lists, the caller's. NULL where PostgreSQL does not answer: c->err. */
json_t *run_store_failures(struct run_store *s, const char *id);
json_t *run_store_changes(struct run_store *s, const char *id);
/* Of one run, with what it has done, or of all (id NULL), the latest first. One that has
 * not ended is "lost": Redis was asked before. Where PostgreSQL does not answer that is said. */
json_t *run_store_runs(struct run_store *s, const char *id);

/* ---- run_summary.c ---- */

/* In Markdown. failures: as run.c lists them. */
void run_summary(const json_t *run, const char *id, const json_t *failures);

int command_cancel(struct ctl *c);
int command_fsck(struct ctl *c);
int command_doctor(struct ctl *c);
int command_pause(struct ctl *c);
int command_resume(struct ctl *c);
int command_session(struct ctl *c);
int command_migrations(struct ctl *c);
int command_breaker(struct ctl *c);
int command_report(struct ctl *c);

/* What GE is like: breaker, session_expired, pause, pace; NULL on failure. */
json_t *ge_gather(struct ctl *c);
/* Of that, why the queues fetch and bulk are held: reason, since, until; or JSON's null. */
json_t *ge_held(const json_t *ge);

/* ---- records.c ---- */

struct record {
	const char *member;             /* borrowed */
	size_t len;
	int64_t at_ms;                  /* its score */
	bool known;                     /* rec could be read */
	struct job_record rec;
};

/* True to go on. */
typedef bool record_cb(const struct record *record, void *data);

/* Goes through the records that hold word between two spaces, in no order; cb
 * compares for itself. -1 on failure, 1 if it gave up after a bounded look. */
int records_find(struct ctl *c, enum key zset, const char *word, record_cb *cb, void *data);
/* Goes through all: the dead newest first, the others as they fall due. */
int records_each(struct ctl *c, enum key zset, record_cb *cb, void *data);

enum records_change { RECORDS_RETRY, RECORDS_RM };
/* Takes what wants() wants back to its queue, or away; says how many in
 * *changed. progress is drawn on a terminal. */
int records_change(struct ctl *c, enum key zset, enum records_change change,
		   record_cb *wants, void *data, int64_t *changed, int64_t *left);

/* For people to look at, as JSON: id, queue, license, code, message, times. */
json_t *record_json(const struct record *record, enum key zset);
/* The outcome that stands in the record, or NULL. */
json_t *record_outcome(const struct record *record);

/* ---- print.c ---- */

#define TIME_MAX 40

/* 2026-11-23T09:43:00.123Z; "" for 0. */
char *print_iso(int64_t ms, char out[TIME_MAX]);
json_t *print_iso_json(int64_t ms);     /* null for 0 */
/* "250ms", "12s", "3m 10s", "2h 5m", "4d 3h". */
char *print_span(int64_t ms, char out[TIME_MAX]);
/* A document on stdout, which it takes over. */
void print_json(json_t *doc);
/* Printable ASCII as it is, all else as \n, \\ or \x9f. */
void print_escaped(FILE *out, const char *bytes, size_t len);
/* A line, its control characters taken out: it holds what came from Redis. */
void print_tame(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define TABLE_COLUMNS 12

enum mark { MARK_NONE, MARK_GOOD, MARK_BAD, MARK_DIM };

struct table {
	int columns;
	const char *titles[TABLE_COLUMNS];      /* ">depth" stands right */
	struct cell { char *text; enum mark mark; } *cells;     /* owned */
	size_t n, cap;
};

/* titles: NULL-ended. */
void table_init(struct table *t, const char *const *titles);
void table_add(struct table *t, enum mark mark, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Prints and frees the cells. */
void table_print(struct table *t, FILE *out);

#endif
