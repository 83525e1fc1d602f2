/* print.c - tables, times, JSON. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "mem.h"
#include "tame.h"
#include "terminal.h"

char *print_iso(int64_t ms, char out[TIME_MAX])
{
	time_t at = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	out[0] = '\0';
	if (ms <= 0 || !gmtime_r(&at, &tm))
		return out;
	n = strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, TIME_MAX - n, ".%03dZ", (int)(ms % 1000));
	return out;
}

json_t *print_iso_json(int64_t ms)
{
	char text[TIME_MAX];

	return *print_iso(ms, text) ? json_string(text) : json_null();
}

char *print_span(int64_t ms, char out[TIME_MAX])
{
	long long s = (ms < 0 ? 0 : ms) / 1000;

	if (ms > 0 && ms < 1000)
		snprintf(out, TIME_MAX, "%dms", (int)ms);
	else if (s < 60)
		snprintf(out, TIME_MAX, "%llds", s);
	else if (s < 3600)
		snprintf(out, TIME_MAX, "%lldm %llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, TIME_MAX, "%lldh %lldm", s / 3600, s / 60 % 60);
	else
		snprintf(out, TIME_MAX, "%lldd %lldh", s / 86400, s / 3600 % 24);
	return out;
}

void print_json(json_t *doc)
{
	json_dumpf(doc, stdout, JSON_INDENT(isatty(STDOUT_FILENO) ? 2 : 0));
	fputc('\n', stdout);
	json_decref(doc);
}

void print_escaped(FILE *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char b = (unsigned char)bytes[i];

		if (b == '\\')
			fputs("\\\\", out);
		else if (b == '\n')
			fputs("\\n", out);
		else if (b >= ' ' && b < 0x7f)
			fputc(b, out);
		else
			fprintf(out, "\\x%02x", b);
	}
}

void print_tame(FILE *out, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = need_vtext(fmt, ap);
	va_end(ap);
	tame(text, false);
	fprintf(out, "%s\n", text);
	free(text);
}

/* ---- tables ---- */

void table_init(struct table *t, const char *const *titles)
{
	memset(t, 0, sizeof(*t));
	for (; titles[t->columns] && t->columns < TABLE_COLUMNS; t->columns++)
		t->titles[t->columns] = titles[t->columns];
}

void table_add(struct table *t, enum mark mark, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->cells = need(realloc(t->cells, t->cap * sizeof(*t->cells)));
	}
	va_start(ap, fmt);
	text = need_vtext(fmt, ap);
	va_end(ap);
	tame(text, false);
	t->cells[t->n++] = (struct cell){ text, mark };
}

/* Characters of UTF-8: near enough to columns. */
static int width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool stands_right(const struct table *t, int column)
{
	return t->titles[column][0] == '>';
}

static int column_width(const struct table *t, int column)
{
	int most = width(t->titles[column] + stands_right(t, column));

	for (size_t i = (size_t)column; i < t->n; i += (size_t)t->columns)
		if (width(t->cells[i].text) > most)
			most = width(t->cells[i].text);
	return most;
}

static void print_cell(const struct table *t, FILE *out, int column, int wide, const char *text, const char *colour)
{
	bool last = column == t->columns - 1, right = stands_right(t, column);
	int pad = wide - width(text);

	if (right)
		fprintf(out, "%*s", pad, "");
	fprintf(out, "%s%s%s", colour, text, *colour ? "\033[0m" : "");
	if (!last)
		fprintf(out, "%*s", (right ? 0 : pad) + 2, "");
}

void table_print(struct table *t, FILE *out)
{
	static const char *const colours[] = {
		[MARK_NONE] = "", [MARK_GOOD] = "\033[32m", [MARK_BAD] = "\033[31m", [MARK_DIM] = "\033[2m"
	};
	bool colour = terminal_colours();
	int wide[TABLE_COLUMNS] = { 0 };

	for (int i = 0; i < t->columns; i++)
		wide[i] = column_width(t, i);
	for (int i = 0; i < t->columns; i++)
		print_cell(t, out, i, wide[i], t->titles[i] + stands_right(t, i), colour ? "\033[1m" : "");
	fputc('\n', out);
	for (size_t i = 0; i < t->n; i++) {
		int column = (int)(i % (size_t)t->columns);

		print_cell(t, out, column, wide[column], t->cells[i].text, colour ? colours[t->cells[i].mark] : "");
		if (column == t->columns - 1)
			fputc('\n', out);
		free(t->cells[i].text);
	}
	free(t->cells);
	t->cells = NULL;
	t->n = t->cap = 0;
}
