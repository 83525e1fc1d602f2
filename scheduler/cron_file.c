/* cron_file.c - a crontab file: read, its zones loaded, each line's arguments
 * tried as the one-shot would take them; and run --check. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "iso.h"
#include "mem.h"
#include "scheduler.h"
#include "zone.h"

#define TIMES_SHOWN     5
#define WRONG_SHOWN     20

struct zone { struct zone *next; char *name; struct tz *tz; };

/* Owned by the caller; at most a byte more than a crontab may have. NULL and err. */
static char *read_text(const char *path, size_t *len, struct err *err)
{
	FILE *f = fopen(path, "re");
	char *text = need(malloc(CRONTAB_BYTES_MAX + 1));

	if (f) {
		*len = fread(text, 1, CRONTAB_BYTES_MAX + 1, f);
		if (!ferror(f)) {
			fclose(f);
			return text;
		}
	}
	err_set(err, ERR_PERMANENT, "bad_crontab", "%s", strerror(errno));      /* a folder, too */
	free(text);
	if (f)
		fclose(f);
	return NULL;
}

static const struct tz *zone_of(struct cron_file *file, const char *name, struct err *err)
{
	struct zone *z = file->zones;

	while (z && strcmp(z->name, name))
		z = z->next;
	if (z)
		return z->tz;
	z = need(calloc(1, sizeof(*z)));
	z->tz = zone_load(name, NULL, err);
	z->name = need_copy(name);
	z->next = file->zones;
	file->zones = z;
	return z->tz;
}

/* ---- the file ---- */

struct load {
	struct cron_file *file;
	const char *path;
	cron_file_say *say;
	size_t wrong;
};

static void say(const struct load *load, const char *what)
{
	char text[PATH_MAX + sizeof(struct err)];

	snprintf(text, sizeof(text), "%s: %s", load->path, what);
	load->say(text);
}

static void on_bad(const char *why, void *data)
{
	struct load *load = data;

	if (load->wrong++ < WRONG_SHOWN)
		say(load, why);
}

static int on_line(struct cron_line *line, void *data, struct err *err)
{
	struct load *load = data;
	char *words[CRONTAB_ARGS_MAX + 1];
	int n, rc;

	line->tz = zone_of(load->file, line->zone, err);
	if (!line->tz)
		return -1;
	n = cron_words(line->args, strlen(line->args), words, err);
	if (n < 0)
		return -1;
	rc = app_check_words(words, n, err);
	cron_words_clear(words);
	return rc;
}

int cron_file_load(struct cron_file *file, const char *path, const char *zone, cron_file_say *to)
{
	struct load load = { file, path, to, 0 };
	const struct crontab_reader reader = { on_line, on_bad, &load };
	struct err err;
	char *text, more[64];
	size_t len;
	int rc;

	memset(file, 0, sizeof(*file));
	text = read_text(path, &len, &err);
	rc = text ? crontab_parse(&file->tab, text, len, zone, &reader, &err) : -1;
	free(text);
	if (rc < 0 && !load.wrong)
		say(&load, err.msg);
	if (load.wrong > WRONG_SHOWN) {
		snprintf(more, sizeof(more), "and %zu more lines are wrong", load.wrong - WRONG_SHOWN);
		say(&load, more);
	}
	if (rc < 0)
		cron_file_clear(file);
	return rc;
}

void cron_file_clear(struct cron_file *file)
{
	struct zone *z;

	crontab_clear(&file->tab);
	while ((z = file->zones)) {
		file->zones = z->next;
		free(z->name);
		tz_free(z->tz);
		free(z);
	}
}

/* ---- run --check ---- */

/* "2026-03-29 03:00 +0200" on the line's clock. */
static void local_text(const struct cron_line *line, int64_t at, char *out, size_t size)
{
	int offset = tz_span_at(line->tz, at).offset;
	time_t local = at + offset;
	struct tm tm;
	size_t n;

	gmtime_r(&local, &tm);
	n = strftime(out, size, "%a %Y-%m-%d %H:%M", &tm);
	snprintf(out + n, size - n, " %c%02d%02d", offset < 0 ? '-' : '+', abs(offset) / 3600, abs(offset) / 60 % 60);
}

static json_t *show_times(const struct cron_line *line, int64_t now, bool json)
{
	struct cron_time t = { now, CRON_NOTHING_YET };
	json_t *times = json_array();
	char text[ISO_TIME * 2];

	for (int i = 0; i < TIMES_SHOWN && cron_next(line, t, &t); i++) {
		json_array_append_new(times, json_string(iso_time(t.at * 1000, text)));
		local_text(line, t.at, text, sizeof(text));
		if (!json)
			printf("    %s\n", text);
	}
	return times;
}

int cron_file_show(const struct cron_file *file, bool json)
{
	json_t *lines = json_array();
	int64_t now = time(NULL);       /* no pool is needed to look at a file */

	for (size_t i = 0; i < file->tab.n; i++) {
		const struct cron_line *line = &file->tab.lines[i];

		if (!json)
			printf("line %d: %s (%s)  %s\n", line->number, line->schedule, line->zone, line->args);
		json_array_append_new(lines, json_pack("{si ss ss ss so}", "line", line->number, "schedule", line->schedule,
						       "zone", line->zone, "command", line->args, "next", show_times(line, now, json)));
	}
	if (json) {
		json_t *doc = json_pack("{sO}", "lines", lines);

		json_dumpf(doc, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(doc);
	} else if (!file->tab.n) {
		puts("no line starts anything");
	}
	json_decref(lines);
	return EXIT_DONE;
}
