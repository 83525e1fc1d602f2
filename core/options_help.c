/* options_help.c - --help: what a program or a command takes, with defaults. */
#include <string.h>

#include "core/options.h"

#define WIDTH 100               /* columns */

/* left, then text from column `from` on, broken between words. */
static void print_row(FILE *out, const char *left, int from, const char *text)
{
	int at = fprintf(out, "  %s", left);

	if (at > from - 2) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", from - at, "");
	at = from;
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > from && at + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", from, "");
			at = from;
		} else if (at > from) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", len, text);
		at += len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

#define OPTION_COLUMN 30
#define LEFT_LEN 96

static void print_option(FILE *out, const struct option_spec *o, bool whose)
{
	char left[LEFT_LEN], text[512];

	if (o->type == OPT_OPTIONAL_SECONDS)
		snprintf(left, sizeof(left), "--%s[=%s]", o->name, o->arg ? o->arg : "SECONDS");
	else
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
	snprintf(text, sizeof(text), "%s%s%s%s%s", o->help,
		 o->type == OPT_STRINGS ? "; may be given again" : "",
		 whose ? " (" : "", whose ? o->commands : "", whose ? ")" : "");
	print_row(out, left, OPTION_COLUMN, text);
}

static void print_options(FILE *out, const struct program *p, const char *command)
{
	fprintf(out, "\nOptions:\n");
	for (const struct option_spec *o = p->options; o && o->name; o++)
		if (o->help && options_of_command(o, command))
			print_option(out, o, !command && o->commands);
	print_row(out, "--help", OPTION_COLUMN, "prints this");
	print_row(out, "--version", OPTION_COLUMN, "prints the version");
}

static void print_settings(FILE *out)
{
	char left[LEFT_LEN], text[512], flag[SETTING_NAME_LEN];

	fprintf(out, "\nSettings (--redis-url is GESYNC_REDIS_URL in the environment; "
		"the flag wins):\n");
	for (const struct setting *set = settings_table; set->name; set++) {
		const char *def = set->shown ? set->shown : set->def;

		if (set->flags & SETTING_SECRET)
			continue;
		snprintf(left, sizeof(left), "%s%s%s", options_flag(set, flag),
			 set->arg ? " " : "", set->arg ? set->arg : "");
		snprintf(text, sizeof(text), "%s%s%s%s", set->help, def ? " [" : "",
			 def ? def : "", def ? "]" : "");
		print_row(out, left, OPTION_COLUMN, text);
	}
	fprintf(out, "\nSecrets (by environment or file only: each has a variant "
		"GESYNC_..._FILE that names a file):\n");
	for (const struct setting *set = settings_table; set->name; set++) {
		if (!(set->flags & SETTING_SECRET))
			continue;
		snprintf(left, sizeof(left), "GESYNC_%s", set->name);
		print_row(out, left, OPTION_COLUMN, set->help);
	}
}

static void print_usage(FILE *out, const struct program *p, const struct program_command *c)
{
	if (c) {
		fprintf(out, "%s %s - %s\n\nusage: %s %s%s%s [OPTION]...\n", p->name, c->name,
			c->help, p->name, c->name, c->args ? " " : "", c->args ? c->args : "");
		return;
	}
	fprintf(out, "%s - %s\n\nusage: %s\n", p->name, p->summary, p->usage);
	if (!p->commands)
		return;
	fprintf(out, "\nCommands (COMMAND --help tells more):\n");
	for (c = p->commands; c->name; c++) {
		char left[LEFT_LEN];

		snprintf(left, sizeof(left), "%s%s%s", c->name, c->args ? " " : "",
			 c->args ? c->args : "");
		print_row(out, left, OPTION_COLUMN, c->help);
	}
}

void options_print_help(FILE *out, const struct program *p, const char *command)
{
	const struct program_command *c = command ? options_find_command(p, command) : NULL;

	print_usage(out, p, c);
	print_options(out, p, c ? c->name : NULL);
	print_settings(out);
}
