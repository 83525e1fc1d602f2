/* ge_field.c - reads single values of a GE reply.
 *
 * Nothing is guessed and nothing is cut: what could not be stored as it is makes
 * the whole reply ge_bad_response. */
#include "ge_field.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ge_date.h"
#include "mem.h"

#define EXCERPT_SIZE 41         /* of a value, in a message */

/* In pieces which never move, since they are pointed to. */
struct ge_piece {
	struct ge_piece *next;
	char text[];
};

int ge_field_bad(struct err *err, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_RETRY, "ge_bad_response", "GE sent %s", what);
}

static int bad_field(struct ge_fields *f, const struct ge_place *at, const char *what)
{
	char where[48] = "of the current owner";

	if (at->transfer)
		snprintf(where, sizeof(where), "of transfer %zu", at->transfer);
	return ge_field_bad(f->err, "a %s %s that %s", at->key, where, what);
}

/* A text of its own, gone with f. */
static char *keep(struct ge_fields *f, const char *text, size_t len)
{
	struct ge_piece *piece = need(malloc(sizeof(*piece) + len + 1));

	piece->next = f->pieces;
	f->pieces = piece;
	memcpy(piece->text, text, len);
	piece->text[len] = '\0';
	return piece->text;
}

/* The start of a value for a message: it must stay valid UTF-8, so ASCII only. */
static const char *excerpt(char out[EXCERPT_SIZE], const char *text)
{
	size_t i = 0;

	for (; text[i] && i + 1 < EXCERPT_SIZE; i++)
		out[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	out[i] = '\0';
	return out;
}

static bool same_letter(char a, char b)
{
	if (a >= 'A' && a <= 'Z')
		a = (char)(a + 'a' - 'A');
	if (b >= 'A' && b <= 'Z')
		b = (char)(b + 'a' - 'A');
	return a == b;
}

bool ge_text_begins(const char *text, const char *word)
{
	for (; *word; word++, text++)
		if (!same_letter(*text, *word))
			return false;
	return true;
}

bool ge_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;     /* jansson let only valid UTF-8 in */
	return n;
}

static const char *trim(struct ge_fields *f, const char *text)
{
	size_t len;

	while (ge_is_blank(*text))
		text++;
	len = strlen(text);
	if (!len || !ge_is_blank(text[len - 1]))
		return text;
	while (len && ge_is_blank(text[len - 1]))
		len--;
	return keep(f, text, len);
}

/* Some Java programs write every number as a double, 300000001.0: what is a
 * whole number then reads like one. */
static const char *number_text(struct ge_fields *f, const json_t *value)
{
	char text[64];
	double real = json_real_value(value);
	int n;

	if (json_is_integer(value))
		n = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (fabs(real) < 9007199254740992.0 && trunc(real) == real)
		n = snprintf(text, sizeof(text), "%lld", (long long)real);
	else
		n = snprintf(text, sizeof(text), "%.17g", real);
	return keep(f, text, (size_t)n);
}

int ge_field_text(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		  size_t max, const char **out)
{
	const json_t *value = json_object_get(object, at->key);
	const char *text;

	*out = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (json_is_string(value))
		text = trim(f, json_string_value(value));
	else if (json_is_number(value))
		text = number_text(f, value);
	else
		return bad_field(f, at, "is no text");
	if (count_characters(text) > max)
		return bad_field(f, at, "is too long for its column");
	if (*text)
		*out = text;
	return 0;
}

/* Nine digits have lost the leading zero on their way through a number. */
int ge_field_iec(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		 const char **out)
{
	char whole[GE_IEC_MAX + 1];

	if (ge_field_text(f, object, at, GE_IEC_MAX, out) < 0)
		return -1;
	if (*out && strlen(*out) == 9 && strspn(*out, "0123456789") == 9) {
		snprintf(whole, sizeof(whole), "0%s", *out);
		*out = keep(f, whole, 10);
	}
	return 0;
}

static int read_date(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		     int (*convert)(char *out, const char *text), const char **out)
{
	char iso[GE_DATE_SIZE], start[EXCERPT_SIZE], what[EXCERPT_SIZE + 40];

	if (ge_field_text(f, object, at, SIZE_MAX, out) < 0)
		return -1;
	if (!*out)
		return 0;
	if (convert(iso, *out) < 0) {
		snprintf(what, sizeof(what), "is no date: '%s'", excerpt(start, *out));
		return bad_field(f, at, what);
	}
	*out = keep(f, iso, strlen(iso));
	return 0;
}

int ge_field_instant(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		     const char **out)
{
	return read_date(f, object, at, ge_date_instant, out);
}

int ge_field_day(struct ge_fields *f, const json_t *object, const struct ge_place *at,
		 const char **out)
{
	return read_date(f, object, at, ge_date_day, out);
}

void ge_fields_clear(struct ge_fields *f)
{
	while (f->pieces) {
		struct ge_piece *piece = f->pieces;

		f->pieces = piece->next;
		free(piece);
	}
}
