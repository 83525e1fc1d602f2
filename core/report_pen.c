/* report_pen.c - lines of a report, tamed, in colour where that is wanted. */
#include "report_pen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "tame.h"

#define WIDTH_MAX 100   /* of a padded column */

static const char *const inks[] = {
	[INK_PLAIN] = "", [INK_BOLD] = "\033[1m", [INK_GOOD] = "\033[32m", [INK_BAD] = "\033[31m",
	[INK_WARN] = "\033[33m", [INK_DIM] = "\033[2m"
};

static void put(struct pen *pen, enum ink ink, const char *text)
{
	bool coloured = pen->colours && ink != INK_PLAIN && *text;

	fprintf(pen->out, "%s%s%s", coloured ? inks[ink] : "", text, coloured ? "\033[0m" : "");
	pen->begun = true;
}

static void vput(struct pen *pen, enum ink ink, bool lines, const char *fmt, va_list ap)
{
	char *text = need_vtext(fmt, ap);

	tame(text, lines);
	put(pen, ink, text);
	free(text);
}

void pen_put(struct pen *pen, enum ink ink, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput(pen, ink, false, fmt, ap);
	va_end(ap);
}

void pen_line(struct pen *pen, enum ink ink, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput(pen, ink, false, fmt, ap);
	va_end(ap);
	fputc('\n', pen->out);
}

void pen_heading(struct pen *pen, const char *fmt, ...)
{
	va_list ap;

	if (pen->begun)
		fputc('\n', pen->out);
	va_start(ap, fmt);
	vput(pen, INK_BOLD, false, fmt, ap);
	va_end(ap);
	fputc('\n', pen->out);
}

static int characters(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void pen_cell(struct pen *pen, enum ink ink, int width, const char *text)
{
	int pad = width - characters(text);

	pen_put(pen, ink, "%s", text);
	fprintf(pen->out, "%*s", (pad > 0 ? pad : 0) + 2, "");
}

/* Tabs are kept. */
static void put_line(struct pen *pen, enum ink ink, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput(pen, ink, true, fmt, ap);
	va_end(ap);
	fputc('\n', pen->out);
}

void pen_block(struct pen *pen, enum ink ink, const char *indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		put_line(pen, ink, "%s%.*s", indent, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

const char *pen_text(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "";
}

long long pen_number(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

size_t pen_count(const json_t *obj, const char *key)
{
	return json_array_size(json_object_get(obj, key));
}

int pen_width(const json_t *list, const char *key)
{
	int most = 0, n;
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		n = characters(pen_text(one, key));
		if (n > most)
			most = n;
	}
	return most < WIDTH_MAX ? most : WIDTH_MAX;
}

void pen_truncated(struct pen *pen, const json_t *result)
{
	json_t *cut = json_object_get(result, "truncated"), *n;
	const char *key;

	json_object_foreach(cut, key, n)
		pen_line(pen, INK_WARN, "The report was too large: of %lld entries of %s the first %zu were kept.",
			 (long long)json_integer_value(n), key, pen_count(result, key));
}

void pen_outcome(struct pen *pen, const json_t *outcome)
{
	const json_t *error = json_object_get(outcome, "error");

	if (!error)
		return;
	pen_put(pen, INK_BAD, "%s", pen_text(outcome, "status"));
	pen_line(pen, INK_PLAIN, ": %s: %s", pen_text(error, "code"), pen_text(error, "message"));
}
