/* options.h - between settings.c, options.c and options_help.c, nobody else's.
 *
 * settings.c knows what can be set and what a value may be, options.c knows
 * command lines, options_help.c tells of both. They share the table of settings
 * and the report of what is wrong. */
#ifndef GESYNC_OPTIONS_H
#define GESYNC_OPTIONS_H

#include "settings.h"

enum {
	SETTING_SECRET = 1,     /* no flag: other users see a command line */
	SETTING_HIDDEN = 2,     /* may hold a password: never shown */
	SETTING_FILE = 4        /* has a GESYNC_..._FILE variant */
};

#define WHY_LEN 160             /* how to put a wrong value right */

struct setting {
	const char *name;       /* "REDIS_URL": GESYNC_REDIS_URL, --redis-url; NULL ends the table */
	const char *arg;        /* "URL" in --help; NULL: a switch, --name is --name=1 */
	const char *def;        /* as one would write it; NULL: the field stays zero */
	const char *shown;      /* what --help says instead of def */
	const char *help;
	int flags;
	size_t offset;          /* into struct settings */
	int64_t min, max;
	/* -1 and why where text cannot be. *field is zero before. */
	int (*parse)(const struct setting *set, const char *text, void *field, char *why);
};

extern const struct setting settings_table[];
#define SETTING_NAME_LEN 64

struct report {                 /* what is wrong, so far */
	const char *program;
	FILE *errs;             /* NULL: silent, --help has been asked for */
	int wrong;
};

void report_wrong(struct report *rep, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void report_warn(struct report *rep, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "--redis-url" for "REDIS_URL". */
const char *options_flag(const struct setting *set, char buf[SETTING_NAME_LEN]);

const struct program_command *options_find_command(const struct program *p, const char *name);
/* Is it an option of the command, or (NULL) of any? */
bool options_of_command(const struct option_spec *spec, const char *command);
/* --help: of the command, or (NULL or unknown) of the program. */
void options_print_help(FILE *out, const struct program *p, const char *command);

/* Reads argv: the program's options into *options, the words into *args, and
 * the text of each setting's flag into values[] (as long as settings_table),
 * borrowed. Returns -1 to go on, 0 where --help or --version has answered. */
int options_parse(struct report *rep, void *options, const struct program *p,
		  int argc, char **argv, const char **values,
		  struct strings *args, FILE *out);
void options_clear(void *options, const struct program *p);

#endif
