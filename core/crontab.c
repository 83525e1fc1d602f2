/* crontab.c - what a crontab starts, and when (crontab.h has the form). */
#include "crontab.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MINUTE          60
#define DAY             86400
#define BOM             "\xef\xbb\xbf"  /* what some editors put before UTF-8 */
#define SEARCH_DAYS     (50 * 366)      /* 29 February on a Sunday: 40 years across 2100 */

static const char *const months[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL
};
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct field {
	const char *name;
	int least, most;
	const char *const *words;       /* the first is `least`; NULL: numbers only */
} fields[] = {
	{ "minute", 0, 59, NULL }, { "hour", 0, 23, NULL }, { "day", 1, 31, NULL },
	{ "month", 1, 12, months }, { "weekday", 0, 7, weekdays },
};

static const struct { const char *name, *means; } nicknames[] = {
	{ "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" }, { "@monthly", "0 0 1 * *" },
	{ "@weekly", "0 0 * * 0" }, { "@daily", "0 0 * * *" }, { "@midnight", "0 0 * * *" },
	{ "@hourly", "0 * * * *" },
};

struct span { const char *p, *end; };   /* text that is still to be read */

static int bad(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct err *err, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_PERMANENT, "bad_crontab", "%s", what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct span *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

static struct span next_word(struct span *s)
{
	struct span word;

	skip_blanks(s);
	word.p = s->p;
	while (s->p < s->end && !is_blank(*s->p))
		s->p++;
	word.end = s->p;
	return word;
}

static bool is(struct span word, const char *text)
{
	return (size_t)(word.end - word.p) == strlen(text) && !strncasecmp(word.p, text, strlen(text));
}

static char *copied(struct span s)
{
	return need(strndup(s.p, (size_t)(s.end - s.p)));
}

/* ---- fields ---- */

static int field_bad(const struct field *f, struct span text, struct err *err)
{
	return bad(err, "the %s '%.*s' cannot be: %s%d to %d, lists 1,2, ranges 1-5, steps */2 or 1-9/2", f->name,
		   (int)(text.end - text.p > 40 ? 40 : text.end - text.p), text.p, f->words ? "names, " : "", f->least, f->most);
}

/* A number or a name. -1 if it is neither. */
static int field_value(const struct field *f, struct span *s)
{
	int n = 0;

	if (s->p < s->end && isdigit((unsigned char)*s->p)) {
		while (s->p < s->end && isdigit((unsigned char)*s->p) && n <= f->most)
			n = n * 10 + (*s->p++ - '0');
		return n >= f->least && n <= f->most ? n : -1;
	}
	for (int i = 0; f->words && f->words[i]; i++) {
		if (s->end - s->p >= 3 && !strncasecmp(s->p, f->words[i], 3)) {
			s->p += 3;
			return f->least + i;
		}
	}
	return -1;
}

static bool take(struct span *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* One member of a list: *, n, n-m, any range with a step. */
static int field_member(const struct field *f, struct span *s, uint64_t *bits)
{
	int from = f->least, to = f->most - (f->words == weekdays), step = 1;
	bool range = true;

	if (!take(s, '*')) {
		from = to = field_value(f, s);
		range = take(s, '-');
		if (range)
			to = field_value(f, s);
		if (range && f->words == weekdays && to == 0 && from > 0)
			to = 7;                 /* sat-sun */
	}
	if (take(s, '/')) {
		const struct field steps = { "step", 1, 59, NULL };

		step = range ? field_value(&steps, s) : -1;
	}
	if (from < 0 || to < from || step < 1)
		return -1;
	for (int n = from; n <= to; n += step)
		*bits |= UINT64_C(1) << (f->words == weekdays && n == 7 ? 0 : n);
	return 0;
}

static int read_field(const struct field *f, struct span text, uint64_t *bits, struct err *err)
{
	struct span s = text;

	*bits = 0;
	do {
		if (field_member(f, &s, bits) < 0)
			return field_bad(f, text, err);
	} while (take(&s, ','));
	return s.p == s.end ? 0 : field_bad(f, text, err);
}

static int read_fields(struct cron_line *line, struct span *s, struct err *err)
{
	uint64_t bits[5];
	bool star[5];

	for (int i = 0; i < 5; i++) {
		struct span word = next_word(s);

		if (memchr(word.p, '=', (size_t)(word.end - word.p)))
			return bad(err, "'%.*s' cannot be set here: CRON_TZ=ZONE alone can, the rest is gesync's own environment",
				   (int)(word.end - word.p > 40 ? 40 : word.end - word.p), word.p);
		if (word.p == word.end)
			return bad(err, "the %s is missing: minute hour day month weekday, then what is to be started",
				   fields[i].name);
		if (read_field(&fields[i], word, &bits[i], err) < 0)
			return -1;
		star[i] = *word.p == '*';
	}
	line->minutes = bits[0];
	line->hours = (uint32_t)bits[1];
	line->days = (uint32_t)bits[2];
	line->months = (uint32_t)bits[3];
	line->weekdays = (uint32_t)bits[4];
	line->fixed = !star[0] && !star[1];
	line->either_day = !star[2] && !star[4];
	return 0;
}

static int read_nickname(struct cron_line *line, struct span word, struct err *err)
{
	for (size_t i = 0; i < sizeof(nicknames) / sizeof(*nicknames); i++) {
		struct span means = { nicknames[i].means, nicknames[i].means + strlen(nicknames[i].means) };

		if (is(word, nicknames[i].name))
			return read_fields(line, &means, err);
	}
	return bad(err, "'%.*s' is not known: @hourly @daily @midnight @weekly @monthly @yearly @annually",
		   (int)(word.end - word.p > 40 ? 40 : word.end - word.p), word.p);
}

/* ---- words ---- */

/* One word from *s into out, which holds what is left of it. -1: a quote is open. */
static int read_word(struct span *s, char *out)
{
	char quote = '\0';

	for (; s->p < s->end && (quote || !is_blank(*s->p)); s->p++) {
		if (quote ? *s->p == quote : *s->p == '\'' || *s->p == '"') {
			quote = quote ? '\0' : *s->p;
		} else if (*s->p == '\\' && quote != '\'' && s->p + 1 < s->end) {
			*out++ = *++s->p;
		} else {
			*out++ = *s->p;
		}
	}
	*out = '\0';
	return quote ? -1 : 0;
}

int cron_words(const char *text, size_t len, char *words[CRONTAB_ARGS_MAX + 1], struct err *err)
{
	struct span s = { text, text + len };
	int n = 0;

	memset(words, 0, (CRONTAB_ARGS_MAX + 1) * sizeof(*words));
	for (skip_blanks(&s); s.p < s.end; skip_blanks(&s)) {
		if (n == CRONTAB_ARGS_MAX) {
			cron_words_clear(words);
			return bad(err, "there are more than %d words", CRONTAB_ARGS_MAX);
		}
		words[n] = need(malloc((size_t)(s.end - s.p) + 1));
		if (read_word(&s, words[n++]) < 0) {
			cron_words_clear(words);
			return bad(err, "a quote is not closed");
		}
	}
	return n ? n : bad(err, "nothing is to be started: give a one-shot's arguments, like sync --data-only");
}

void cron_words_clear(char *words[CRONTAB_ARGS_MAX + 1])
{
	for (int i = 0; i < CRONTAB_ARGS_MAX; i++) {
		free(words[i]);
		words[i] = NULL;
	}
}

/* ---- lines ---- */

static void line_clear(struct cron_line *line)
{
	free(line->schedule);
	free(line->zone);
	free(line->args);
}

/* FNV-1a, 64 bits: the same lines in every copy of the file have one key. */
static void make_key(struct cron_line *line)
{
	const char *const parts[] = { line->zone, line->schedule, line->args };
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < 3; i++)
		for (const char *c = parts[i]; ; c++) {
			sum = (sum ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
			if (!*c)
				break;
		}
	snprintf(line->key, sizeof(line->key), "%016llx", (unsigned long long)sum);
}

static bool zone_given(struct span *s, char **zone)
{
	struct span word, rest = *s;

	word = next_word(&rest);
	if (word.end - word.p < 8 || strncmp(word.p, "CRON_TZ=", 8))
		return false;
	word.p += 8;
	if (word.end - word.p >= 2 && *word.p == '"' && word.end[-1] == '"') {
		word.p++;
		word.end--;
	}
	free(*zone);
	*zone = copied(word);
	*s = rest;
	return true;
}

/* The rest of a line behind its zone. The line is the caller's to clear, whatever comes. */
static int read_line(struct cron_line *line, struct span s, struct err *err)
{
	char *words[CRONTAB_ARGS_MAX + 1];
	struct span schedule = s, word;
	struct cron_time never = { 0, CRON_NOTHING_YET };

	word = next_word(&schedule);
	if (*word.p == '@') {
		if (read_nickname(line, word, err) < 0)
			return -1;
	} else {
		schedule = s;
		if (read_fields(line, &schedule, err) < 0)
			return -1;
	}
	line->schedule = copied((struct span){ s.p, schedule.p });
	skip_blanks(&schedule);
	line->args = copied(schedule);
	make_key(line);
	if (cron_words(line->args, strlen(line->args), words, err) < 0)
		return -1;
	cron_words_clear(words);
	return cron_next(line, never, &never) ? 0 : bad(err, "it never fires: there is no such day");
}

static int add_line(struct crontab *tab, struct span s, int number, char **zone, const struct crontab_reader *reader,
		    struct err *err)
{
	struct cron_line line = { .number = number, .zone = need_copy(*zone) };
	bool given = zone_given(&s, &line.zone);

	skip_blanks(&s);
	if (s.p == s.end && given) {            /* for the lines below it */
		free(*zone);
		*zone = line.zone;
		return 0;
	}
	if (read_line(&line, s, err) < 0 || (reader && reader->look(&line, reader->data, err) < 0)) {
		line_clear(&line);
		return -1;
	}
	for (size_t i = 0; i < tab->n; i++) {
		if (!strcmp(tab->lines[i].key, line.key)) {
			line_clear(&line);
			return bad(err, "it is line %d again", tab->lines[i].number);
		}
	}
	if (tab->n == CRONTAB_LINES_MAX) {
		line_clear(&line);
		return bad(err, "there are more than %d lines that start something", CRONTAB_LINES_MAX);
	}
	tab->lines = need(realloc(tab->lines, (tab->n + 1) * sizeof(*tab->lines)));
	tab->lines[tab->n++] = line;
	return 0;
}

static int parse_one(struct crontab *tab, struct span s, int number, char **zone, const struct crontab_reader *reader,
		     struct err *err)
{
	while (s.p < s.end && isspace((unsigned char)s.end[-1]))
		s.end--;
	skip_blanks(&s);
	if (s.p == s.end || *s.p == '#')
		return 0;
	if (s.end - s.p > CRONTAB_LINE_MAX)
		return bad(err, "it has more than %d bytes", CRONTAB_LINE_MAX);
	for (const char *c = s.p; c < s.end; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return bad(err, "it holds a control character");
	return add_line(tab, s, number, zone, reader, err);
}

int crontab_parse(struct crontab *tab, const char *text, size_t len, const char *zone,
		  const struct crontab_reader *reader, struct err *err)
{
	const char *end = text + len, *eol;
	char *current = need_copy(zone);
	struct err why;
	int rc = 0;

	memset(tab, 0, sizeof(*tab));
	if (len > CRONTAB_BYTES_MAX) {
		free(current);
		return bad(err, "the file has more than %d bytes", CRONTAB_BYTES_MAX);
	}
	if (len >= strlen(BOM) && !memcmp(text, BOM, strlen(BOM)))
		text += strlen(BOM);
	for (int number = 1; text < end; number++, text = eol + 1) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol)
			eol = end;
		if (parse_one(tab, (struct span){ text, eol }, number, &current, reader, &why) == 0)
			continue;
		bad(&why, "line %d: %s", number, why.msg);
		if (reader)
			reader->bad(why.msg, reader->data);
		if (!rc)
			*err = why;
		rc = -1;
	}
	free(current);
	if (rc < 0)
		crontab_clear(tab);
	return rc;
}

void crontab_clear(struct crontab *tab)
{
	for (size_t i = 0; i < tab->n; i++)
		line_clear(&tab->lines[i]);
	free(tab->lines);
	memset(tab, 0, sizeof(*tab));
}

/* ---- when ---- */

static bool day_matches(const struct cron_line *line, int64_t days)
{
	int64_t year;
	int month, day;
	bool of_month, of_week;

	tz_date(days, &year, &month, &day);
	of_month = line->days >> day & 1;
	of_week = line->weekdays >> (((days + 4) % 7 + 7) % 7) & 1;     /* 1970-01-01 was a Thursday */
	return (line->months >> month & 1) && (line->either_day ? of_month || of_week : of_month && of_week);
}

/* The first minute from `from` on that matches on a clock that is never
 * changed; from is a whole minute. False: none within SEARCH_DAYS. */
static bool next_wall(const struct cron_line *line, int64_t from, int64_t *wall)
{
	int64_t days = (from - ((from % DAY) + DAY) % DAY) / DAY;
	int begin = (int)((from - days * DAY) / MINUTE);

	for (int64_t last = days + SEARCH_DAYS; days <= last; days++, begin = 0) {
		if (!day_matches(line, days))
			continue;
		for (int m = begin; m < 24 * 60; m++) {
			if ((line->hours >> (m / 60) & 1) && (line->minutes >> (m % 60) & 1)) {
				*wall = days * DAY + m * (int64_t)MINUTE;
				return true;
			}
		}
	}
	return false;
}

static struct tz_span span_at(const struct cron_line *line, int64_t t)
{
	return line->tz ? tz_span_at(line->tz, t) : (struct tz_span){ INT64_MIN, INT64_MAX, 0 };
}

static int64_t next_minute(int64_t t)
{
	return t - (t % MINUTE + MINUTE) % MINUTE + MINUTE;
}

/* Wall-clock minutes in order: their instants never go back (tz.h). */
static bool next_fixed(const struct cron_line *line, struct cron_time after, struct cron_time *next)
{
	bool first = after.wall == CRON_NOTHING_YET;
	int64_t wall = first ? after.at + span_at(line, after.at).offset : after.wall;

	for (wall = next_minute(wall); next_wall(line, wall, &wall); wall += MINUTE) {
		int64_t at = line->tz ? tz_instant(line->tz, wall) : wall;

		if (!first || at > after.at) {
			*next = (struct cron_time){ at, wall };
			return true;
		}
	}
	return false;
}

/* Stretch by stretch of one offset. */
static bool next_elapsed(const struct cron_line *line, struct cron_time after, struct cron_time *next)
{
	struct tz_span span = span_at(line, after.at);
	int64_t t = after.at, wall, limit = after.at + SEARCH_DAYS * (int64_t)DAY;

	for (wall = next_minute(t + span.offset); t < limit && next_wall(line, wall, &wall); ) {
		if (span.until == INT64_MAX || wall - span.offset < span.until) {
			*next = (struct cron_time){ wall - span.offset, wall };
			return true;
		}
		t = span.until;
		span = span_at(line, t);
		wall = next_minute(t + span.offset - 1);        /* the change itself may be a match */
	}
	return false;
}

bool cron_next(const struct cron_line *line, struct cron_time after, struct cron_time *next)
{
	return line->fixed ? next_fixed(line, after, next) : next_elapsed(line, after, next);
}

char *cron_id(const struct cron_line *line, struct cron_time when, char *out)
{
	int64_t t = line->fixed ? when.wall : when.at, days = (t - (t % DAY + DAY) % DAY) / DAY, year;
	int month, day, minute = (int)((t - days * DAY) / MINUTE);

	tz_date(days, &year, &month, &day);
	snprintf(out, CRON_ID, "cron-%s-%04d%02d%02dT%02d%02d%s", line->key, (int)(year % 10000), month, day,
		 minute / 60, minute % 60, line->fixed ? "" : "Z");
	return out;
}
