/* options.c - the command line.
 *
 * Names come from two tables: the program's own options and the settings.
 * A flag's value is `--flag value` or `--flag=value`; an OPT_OPTIONAL_SECONDS
 * takes the second form alone, since the first could be an operand. */
#include "core/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "mem.h"

#define SHOWN 60                /* characters of a wrong value that are shown */

/* ---- saying what is wrong ---- */

static void say(const struct report *rep, const char *prefix, const char *fmt,
		va_list ap)
{
	char line[512];

	if (!rep->errs)
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';       /* one line, whatever was given */
	fprintf(rep->errs, "%s: %s%s\n", rep->program, prefix, line);
}

void report_wrong(struct report *rep, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(rep, "", fmt, ap);
	va_end(ap);
	rep->wrong++;
}

void report_warn(struct report *rep, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(rep, "warning: ", fmt, ap);
	va_end(ap);
}

/* ---- names ---- */

const char *options_flag(const struct setting *set, char buf[SETTING_NAME_LEN])
{
	char *to = buf + 2;

	memcpy(buf, "--", 2);
	for (const char *c = set->name; *c && to < buf + SETTING_NAME_LEN - 1; c++)
		*to++ = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
	*to = '\0';
	return buf;
}

static bool listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, word, len) == 0 && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

bool options_of_command(const struct option_spec *spec, const char *command)
{
	return !spec->commands || !command || listed(spec->commands, command);
}

static const struct option_spec *find_option(const struct program *p, const char *name)
{
	for (const struct option_spec *o = p->options; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static const struct setting *find_setting(const char *name)
{
	char flag[SETTING_NAME_LEN];

	for (const struct setting *set = settings_table; set->name; set++)
		if (strcmp(options_flag(set, flag) + 2, name) == 0)
			return set;
	return NULL;
}

const struct program_command *options_find_command(const struct program *p, const char *name)
{
	for (const struct program_command *c = p->commands; c && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

#define MOST_NAMES 128          /* three times as many as any program has */

static void unknown_option(struct report *rep, const struct program *p, const char *name)
{
	char flags[MOST_NAMES][SETTING_NAME_LEN];
	const char *names[MOST_NAMES + 1] = { "help", "version" };
	const char *nearest;
	size_t n = 2;

	for (const struct option_spec *o = p->options; o && o->name && n < MOST_NAMES; o++)
		if (o->help)
			names[n++] = o->name;
	for (const struct setting *set = settings_table; set->name && n < MOST_NAMES; set++) {
		if (set->flags & SETTING_SECRET)
			continue;
		names[n] = options_flag(set, flags[n]) + 2;
		n++;
	}
	names[n] = NULL;
	nearest = words_nearest(name, names);
	if (nearest)
		report_wrong(rep, "--%.*s is unknown: did you mean --%s?", SHOWN, name, nearest);
	else
		report_wrong(rep, "--%.*s is unknown: %s --help lists all options",
			     SHOWN, name, p->name);
}

static void unknown_command(struct report *rep, const struct program *p, const char *name)
{
	const char *names[MOST_NAMES + 1] = { NULL };
	const char *nearest;
	size_t n = 0;

	for (const struct program_command *c = p->commands; c->name && n < MOST_NAMES; c++)
		names[n++] = c->name;
	nearest = name ? words_nearest(name, names) : NULL;
	if (!name)
		report_wrong(rep, "no command is given: %s --help lists them", p->name);
	else if (nearest)
		report_wrong(rep, "\"%.*s\" is no command: did you mean %s?", SHOWN, name, nearest);
	else
		report_wrong(rep, "\"%.*s\" is no command: %s --help lists them",
			     SHOWN, name, p->name);
}

/* ---- values ---- */

static void push(struct strings *list, char *text)
{
	list->v = need(realloc(list->v, (list->n + 1) * sizeof(*list->v)));
	list->v[list->n++] = text;
}

void strings_clear(struct strings *list)
{
	free(list->v);
	memset(list, 0, sizeof(*list));
}

static void set_int(struct report *rep, const struct option_spec *o, const char *text, int *field)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || isspace((unsigned char)*text) ||
	    n < o->min || n > o->max)
		report_wrong(rep, "--%s \"%.*s\": give a whole number from %d to %d",
			     o->name, SHOWN, text, o->min, o->max);
	else
		*field = (int)n;
}

static void set_seconds(struct report *rep, const struct option_spec *o, const char *text,
			int64_t *field)
{
	int64_t ms = text ? settings_duration_ms(text) : -1;

	if (text && ms < 0)
		report_wrong(rep, "--%s=%.*s: give a time like 90, 90s or 5m", o->name, SHOWN, text);
	else
		*field = ms ? ms : 1;   /* 0 is for "absent" */
}

static void set_option(struct report *rep, const struct option_spec *o, char *text, void *options)
{
	void *field = (char *)options + o->offset;

	switch (o->type) {
	case OPT_FLAG:
		if (text)
			report_wrong(rep, "--%s takes no value: leave out what follows it", o->name);
		*(bool *)field = true;
		return;
	case OPT_STRING:
		*(char **)field = text;
		return;
	case OPT_STRINGS:
		push(field, text);
		return;
	case OPT_INT:
		set_int(rep, o, text, field);
		return;
	case OPT_OPTIONAL_SECONDS:
		set_seconds(rep, o, text, field);
		return;
	}
}

/* ---- the command line ---- */

struct line {                   /* being read */
	struct report *rep;
	const struct program *p;
	void *options;
	const char **values;
	char **argv;
	int argc, at;
	struct strings given;   /* names of the program's options seen */
};

/* The value of the flag at hand, or NULL with the reason said. */
static char *take_value(struct line *l, const char *name, const char *arg, char *attached)
{
	char *next = l->at + 1 < l->argc ? l->argv[l->at + 1] : NULL;

	if (attached)
		return attached;
	if (next && strncmp(next, "--", 2) != 0) {
		l->at++;
		return next;
	}
	report_wrong(l->rep, "--%s needs a value: --%s=%s", name, name, arg ? arg : "VALUE");
	return NULL;
}

static void read_option(struct line *l, const struct option_spec *o, char *attached)
{
	char *text = attached;

	push(&l->given, (char *)(uintptr_t)o->name);
	if (o->type != OPT_FLAG && o->type != OPT_OPTIONAL_SECONDS) {
		text = take_value(l, o->name, o->arg, attached);
		if (!text)
			return;
	}
	set_option(l->rep, o, text, l->options);
}

static void read_setting(struct line *l, const struct setting *set, const char *name,
			 char *attached)
{
	const char *text;

	if (set->flags & SETTING_SECRET) {
		/* Taken along, lest the secret that follows be shown as a word. */
		if (!attached && l->at + 1 < l->argc && l->argv[l->at + 1][0] != '-')
			l->at++;
		report_wrong(l->rep, "--%s would show a secret to other users: set GESYNC_%s or "
			     "GESYNC_%s_FILE in the environment", name, set->name, set->name);
		return;
	}
	text = set->arg ? take_value(l, name, set->arg, attached) : attached ? attached : "1";
	if (text)
		l->values[set - settings_table] = text;
}

static void read_flag(struct line *l)
{
	char *name = l->argv[l->at] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	char *attached = equals ? equals + 1 : NULL;
	char *copy = need(strndup(name, len));
	const struct option_spec *o;
	const struct setting *set;

	o = find_option(l->p, copy);
	set = o ? NULL : find_setting(copy);
	if (o)
		read_option(l, o, attached);
	else if (set)
		read_setting(l, set, copy, attached);
	else
		unknown_option(l->rep, l->p, copy);
	free(copy);
}

/* --help and --version answer whatever else stands there. */
static const char *asked_for(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return "help";
		if (strcmp(argv[i], "--version") == 0)
			return "version";
	}
	return NULL;
}

static void read_line(struct line *l, struct strings *args)
{
	for (l->at = 1; l->at < l->argc; l->at++) {
		char *word = l->argv[l->at];

		if (strcmp(word, "--") == 0) {
			while (++l->at < l->argc)
				push(args, l->argv[l->at]);
		} else if (strncmp(word, "--", 2) == 0) {
			if (strcmp(word, "--help") != 0)
				read_flag(l);
		} else if (word[0] == '-' && word[1]) {
			report_wrong(l->rep, "%.*s is unknown: %s --help lists all options",
				     SHOWN, word, l->p->name);
		} else {
			push(args, word);
		}
	}
}

static void check_command(struct line *l, const struct strings *args)
{
	const char *command = args->n ? args->v[0] : NULL;

	if (!l->p->commands) {
		/* The word itself may be a URL with a password that lost its flag. */
		if (command)
			report_wrong(l->rep, "a word stands where an option should: "
				     "%s takes options alone, see --help", l->p->name);
		return;
	}
	if (!command || !options_find_command(l->p, command)) {
		unknown_command(l->rep, l->p, command);
		return;
	}
	for (size_t i = 0; i < l->given.n; i++) {
		const struct option_spec *o = find_option(l->p, l->given.v[i]);

		if (o && !options_of_command(o, command))
			report_wrong(l->rep, "--%s is no option of %s: it belongs to %s",
				     o->name, command, o->commands);
	}
}

int options_parse(struct report *rep, void *options, const struct program *p,
		  int argc, char **argv, const char **values,
		  struct strings *args, FILE *out)
{
	const char *asked = asked_for(argc, argv);
	struct line l = { .rep = rep, .p = p, .options = options, .values = values,
			  .argv = argv, .argc = argc };

	if (asked)
		rep->errs = NULL;
	read_line(&l, args);
	if (!asked && !rep->wrong)      /* an unknown flag's value looks like a command */
		check_command(&l, args);
	strings_clear(&l.given);
	if (!asked)
		return -1;
	if (strcmp(asked, "help") == 0)
		options_print_help(out, p, args->n ? args->v[0] : NULL);
	else
		fprintf(out, "%s %s\n", p->name, GESYNC_VERSION);
	return 0;
}

void options_clear(void *options, const struct program *p)
{
	for (const struct option_spec *o = p->options; o && o->name; o++)
		if (o->type == OPT_STRINGS)
			strings_clear((struct strings *)((char *)options + o->offset));
}
