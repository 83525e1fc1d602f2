/* log.c - one event, one line, one write().
 *
 * A line is never longer than PIPE_BUF: so lines of several processes that
 * share a pipe never mix. What does not fit is cut and ends in "...". */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define TAIL_MAX 8      /* room for `..."}` and the end of line */

static enum log_level log_least = LOG_LEVEL_INFO;
static bool log_json;

static const char *const level_name[] = { "debug", "info", "warn", "error" };

struct line {
	char buf[PIPE_BUF];
	size_t len;
};

/* The length of the UTF-8 sequence at s, 0 if it is none (or a C1 control). */
static size_t utf8_len(const unsigned char *s)
{
	unsigned long cp;
	size_t n;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2, cp = s[0] & 0x1f;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3, cp = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4, cp = s[0] & 0x07;
	else
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < 0xa0 || (n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000) ||
	    cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	return n;
}

/* How the character at s stands in a line; *used bytes of s are done then. */
static size_t escape(char out[8], const unsigned char *s, size_t *used)
{
	size_t n;

	*used = 1;
	if (*s == '\n')
		return (size_t)snprintf(out, 8, "\\n");
	if (*s == '\t')
		return (size_t)snprintf(out, 8, "\\t");
	if (log_json && (*s == '"' || *s == '\\'))
		return (size_t)snprintf(out, 8, "\\%c", *s);
	if (*s < ' ' || *s == 0x7f)
		return (size_t)snprintf(out, 8, log_json ? "\\u%04x" : "\\x%02x", *s);
	if (*s < 0x80) {
		out[0] = (char)*s;
		return 1;
	}
	n = utf8_len(s);
	if (!n)
		return (size_t)snprintf(out, 8, log_json ? "\\ufffd" : "\\x%02x", *s);
	memcpy(out, s, n);
	*used = n;
	return n;
}

static void line_add(struct line *line, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char out[8];
	size_t n, used;

	for (; *s; s += used) {
		n = escape(out, s, &used);
		if (line->len + n > sizeof(line->buf) - TAIL_MAX) {
			memcpy(line->buf + line->len, "...", 3);
			line->len += 3;
			return;
		}
		memcpy(line->buf + line->len, out, n);
		line->len += n;
	}
}

static void line_start(struct line *line, enum log_level level)
{
	const char *fmt = log_json ?
		"{\"at\":\"%s.%03ldZ\",\"level\":\"%s\",\"msg\":\"" : "%s.%03ldZ %-5s ";
	struct timespec ts;
	struct tm tm;
	char at[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &tm);
	line->len = (size_t)snprintf(line->buf, sizeof(line->buf), fmt, at,
				     ts.tv_nsec / 1000000, level_name[level]);
}

/* A log that cannot be written must not stop the work: what is lost is lost. */
static void line_write(struct line *line)
{
	const char *end = log_json ? "\"}\n" : "\n";
	size_t done = 0;
	ssize_t n;

	memcpy(line->buf + line->len, end, strlen(end));
	line->len += strlen(end);
	while (done < line->len) {
		n = write(STDERR_FILENO, line->buf + done, line->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

void log_setup(enum log_level least, bool json)
{
	log_least = least;
	log_json = json;
}

bool log_enabled(enum log_level level)
{
	return level >= log_least;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char msg[PIPE_BUF];
	struct line line;
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	line_start(&line, level);
	line_add(&line, msg);
	line_write(&line);
	errno = saved;
}
