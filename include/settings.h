/* settings.h - what can be set, by environment, file and flag (INTERFACE.md
 * section 6), and the command line of all three programs.
 *
 * One table of settings; a program adds a table of its own options. The same
 * tables read the environment, parse the flags and print --help. */
#ifndef GESYNC_SETTINGS_H
#define GESYNC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum settings_queue { QUEUE_MIGRATE, QUEUE_CHECK, QUEUE_FETCH, QUEUE_BULK, QUEUE_PING, QUEUE_OFFLINE, QUEUES };
extern const char *const queue_names[QUEUES];   /* "migrate", ... */

struct settings {               /* strings owned, never NULL unless said */
	char *redis_url;
	char *database_url;
	char *namespace_;
	char *ge_url;                   /* NULL: fetch jobs wait */
	char *ge_app_id;                /* NULL; secret */
	char *ge_session;               /* NULL; secret */
	char *ge_csrf;                  /* NULL; secret */
	double ge_rate, ge_burst;       /* requests a second, 0 to 1e6; 0: no limit */
	int64_t ge_timeout_ms;
	int ge_breaker;
	int64_t ge_breaker_open_ms;
	char *ge_ca_file;               /* NULL: the system's */
	enum settings_queue queues[QUEUES];     /* first is served first */
	int nqueues;
	int concurrency;
	int db_pool;
	int max_attempts;
	int64_t retry_base_ms, retry_cap_ms;
	int64_t job_timeout_ms;
	char *today;                    /* yyyy-mm-dd; NULL: today in Asia/Kolkata */
	char *tz;
	char *backup_dir;               /* NULL */
	int64_t grace_ms, lease_ms;
	char *models_dir, *migrations_dir;      /* NULL: the installed ones */
	char *listen;                   /* NULL: off */
	int log;                        /* enum log_level */
	bool log_json;
	bool allow_eviction;
};

/* An option of a program or command. */
enum option_type {
	OPT_FLAG,               /* bool */
	OPT_STRING,             /* char *, borrowed from argv */
	OPT_STRINGS,            /* struct strings: may be given again */
	OPT_INT,                /* int, min..max */
	OPT_OPTIONAL_SECONDS    /* int64_t ms: --wait (-> -1, no limit), --wait=90 (-> 90000),
				 * --wait=0 (-> 1); 0 where absent */
};

/* The vector is owned, what it holds is borrowed from argv. */
struct strings { char **v; size_t n; };
void strings_clear(struct strings *list);

struct option_spec {
	const char *name;       /* "license", without dashes; NULL ends a table */
	enum option_type type;
	size_t offset;          /* into the program's options */
	const char *arg;        /* "NO" in --help; NULL for OPT_FLAG */
	const char *help;       /* one line; NULL: between our own programs, not shown */
	int min, max;           /* of OPT_INT */
	const char *commands;   /* "check migrate": refused with others; NULL: any */
};

/* A program with commands refuses a first word that is none of them. */
struct program_command {
	const char *name;       /* "sync"; NULL ends a table */
	const char *args;       /* "LICENSE" in --help, or NULL */
	const char *help;       /* one line */
};

struct program {
	const char *name;               /* "gesync-worker" */
	const char *summary;            /* one line of --help */
	const char *usage;              /* the lines after "usage:" */
	const struct option_spec *options;              /* or NULL */
	const struct program_command *commands;         /* NULL: takes no words at all */
};

/* Reads env (a NULL-ended array of "K=V", as environ is), *_FILE variants,
 * then argv; the flag wins. Words (the command and its operands) go to *args.
 * Options may stand before and after them; "--" ends them. *options is zeroed
 * by the caller, and its OPT_STRINGS are freed by him with strings_clear().
 *
 * An empty variable is like an absent one where the default is none, else it
 * is wrong. An unknown GESYNC_ variable is told on errs, and no more.
 *
 * Returns -1 to go on. Otherwise an exit status, everything said and freed:
 * 0 after --help or --version (on out), 2 after wrong usage or settings, all
 * wrong ones at once, one line each, with how to put it right (on errs). */
int settings_parse(struct settings *s, void *options, const struct program *p,
		   int argc, char **argv, char **env, struct strings *args,
		   FILE *out, FILE *errs);
void settings_clear(struct settings *s);

/* "1h", "5m", "90s", "250ms", "5" (seconds), "1.5s": milliseconds, whole ones.
 * -1 if it is none of these, or more than a hundred years. */
int64_t settings_duration_ms(const char *text);

#endif
