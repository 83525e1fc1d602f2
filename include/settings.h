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

enum settings_queue { QUEUE_MIGRATE, QUEUE_CHECK, QUEUE_FETCH, QUEUE_BULK, QUEUE_PING, QUEUES };
extern const char *const queue_names[QUEUES];

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
	OPT_STRING,             /* char * */
	OPT_STRINGS,            /* struct strings: may be given again */
	OPT_INT,                /* int, min..max */
	OPT_OPTIONAL_SECONDS    /* int64_t ms: --wait (-> -1, no limit), --wait=90 (-> 90000); 0 where absent */
};

struct strings { char **v; size_t n; };

struct option_spec {
	const char *name;       /* "license", without dashes; NULL ends a table */
	enum option_type type;
	size_t offset;          /* into the program's options */
	const char *arg;        /* "NO" in --help; NULL for OPT_FLAG */
	const char *help;       /* one line */
	int min, max;           /* of OPT_INT */
};

struct program {
	const char *name;               /* "gesync-worker" */
	const char *summary;            /* one line of --help */
	const char *usage;              /* the lines after "usage:" */
	const struct option_spec *options;
};

/* Reads environ (through env, a NULL-ended array of "K=V"), *_FILE variants,
 * then argv. Positional arguments (command and its operands) go to *args,
 * borrowed from argv. Options may stand before and after them; "--" ends them.
 *
 * Returns -1 to go on. Otherwise an exit status, everything said already:
 * 0 after --help or --version (on out), 2 after wrong usage or settings, all
 * wrong ones at once, one line each, with how to put it right (on errs). */
int settings_parse(struct settings *s, void *options, const struct program *p,
		   int argc, char **argv, char **env, struct strings *args,
		   FILE *out, FILE *errs);
void settings_clear(struct settings *s);

/* "1h", "90s", "250ms", "5" (seconds): -1 if it is none of these. */
int64_t settings_duration_ms(const char *text);

#endif
