/* settings.c - what can be set: one table of name, default, help and bounds.
 *
 * A value comes from the flag, else GESYNC_<NAME>, else the file that
 * GESYNC_<NAME>_FILE names, else the default; whichever it is, the same
 * function reads it. Whatever may hold a password is never printed, right or
 * wrong: a URL that cannot be read cannot be redacted either. */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/options.h"
#include "core/words.h"
#include "log.h"

#define PREFIX "GESYNC_"
#define FILE_MOST 65536         /* a secret is a line, not a file given by mistake */
#define SHOWN 60                /* characters of a wrong value that are shown */
#define SECOND 1000
#define HOUR (3600 * (int64_t)SECOND)
#define DAY (24 * HOUR)

const char *const queue_names[QUEUES] = { "migrate", "check", "fetch", "bulk", "ping", "offline" };

/* ---- what a value may be ---- */

static int wrong(char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int wrong(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, WHY_LEN, fmt, ap);
	va_end(ap);
	return -1;
}

static char *copied(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

static int keep(const char *text, void *field)
{
	*(char **)field = copied(text);
	return 0;
}

static bool all_of(const char *text, size_t len, const char *allowed)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (!text[i] || !strchr(allowed, text[i])))
			return false;
	return true;
}

static bool digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return len > 0;
}

/* No blank, no control character: nothing that could end a line or a header. */
static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static int parse_text(const struct setting *set, const char *text, void *field, char *why)
{
	(void)set;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return wrong(why, "it holds a control character: leave that out");
	return keep(text, field);
}

static int parse_secret(const struct setting *set, const char *text, void *field, char *why)
{
	(void)set;
	if (!printable(text))
		return wrong(why, "it holds a blank or a control character: give the bare value, "
			     "on one line");
	return keep(text, field);
}

static int parse_int(const struct setting *set, const char *text, void *field, char *why)
{
	size_t len = strlen(text);
	long n = digits(text, len) && len < 10 ? strtol(text, NULL, 10) : -1;

	if (n < set->min || n > set->max)
		return wrong(why, "give a whole number from %d to %d",
			     (int)set->min, (int)set->max);
	*(int *)field = (int)n;
	return 0;
}

static int parse_number(const struct setting *set, const char *text, void *field, char *why)
{
	size_t whole = strspn(text, "0123456789");
	const char *point = text + whole;
	size_t part = *point == '.' ? strspn(point + 1, "0123456789") : 0;
	const char *end = *point == '.' ? point + 1 + part : point;
	double n = whole + part && !*end ? strtod(text, NULL) : -1;

	if (n < (double)set->min || n > (double)set->max)
		return wrong(why, "give a number from %d to %d, like 0.5 or 20",
			     (int)set->min, (int)set->max);
	*(double *)field = n;
	return 0;
}

static int parse_bool(const struct setting *set, const char *text, void *field, char *why)
{
	static const char *const yes[] = { "1", "true", "yes", "on" };
	static const char *const no[] = { "0", "false", "no", "off" };

	(void)set;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (strcasecmp(text, yes[i]) == 0) {
			*(bool *)field = true;
			return 0;
		}
		if (strcasecmp(text, no[i]) == 0) {
			*(bool *)field = false;
			return 0;
		}
	}
	return wrong(why, "give 1 or 0");
}

/* Milliseconds of one unit; 0 for an unknown one. */
static int64_t unit_ms(const char *unit)
{
	static const struct { const char *name; int64_t ms; } units[] = {
		{ "", SECOND }, { "ms", 1 }, { "s", SECOND },
		{ "m", 60 * SECOND }, { "h", HOUR }, { "d", DAY },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ms;
	return 0;
}

int64_t settings_duration_ms(const char *text)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	const char *unit = text + whole;
	int64_t thousandths = 0, ms;

	if (!whole || whole > 13)
		return -1;
	if (*unit == '.') {
		part = strspn(unit + 1, "0123456789");
		unit += 1 + part;
		if (!part || part > 3)
			return -1;
	}
	for (size_t i = 0; i < whole + 3; i++) {        /* 13 + 3 digits fit; a hundred years are 13 digits of ms */
		size_t at = i < whole ? i : i + 1;

		thousandths *= 10;
		if (i < whole + part)
			thousandths += text[at] - '0';
	}
	ms = unit_ms(unit);
	if (!ms || thousandths > 36525 * DAY / ms * 1000 || thousandths * ms % 1000)
		return -1;
	return thousandths * ms / 1000;
}

/* 5000 as "5s". */
static const char *shown_ms(int64_t ms, char buf[24])
{
	if (ms % HOUR == 0 && ms)
		snprintf(buf, 24, "%dh", (int)(ms / HOUR));
	else if (ms % SECOND == 0)
		snprintf(buf, 24, "%ds", (int)(ms / SECOND));
	else
		snprintf(buf, 24, "%dms", (int)ms);
	return buf;
}

static int parse_duration(const struct setting *set, const char *text, void *field, char *why)
{
	int64_t ms = settings_duration_ms(text);
	char least[24], most[24];

	if (ms < set->min || ms > set->max)
		return wrong(why, "give a time from %s to %s, like 250ms, 15s, 5m or 1h",
			     shown_ms(set->min, least), shown_ms(set->max, most));
	*(int64_t *)field = ms;
	return 0;
}

static int parse_namespace(const struct setting *set, const char *text, void *field, char *why)
{
	size_t len = strlen(text);

	(void)set;
	if (len > 64 || !all_of(text, len, "._:{}-"))
		return wrong(why, "give 1 to 64 letters, digits or any of ._:{}-");
	return keep(text, field);
}

static int parse_zone(const struct setting *set, const char *text, void *field, char *why)
{
	size_t len = strlen(text);

	(void)set;
	/* It names a file below /usr/share/zoneinfo: no way out of there. */
	if (len > 64 || *text == '/' || !all_of(text, len, "/_+-"))
		return wrong(why, "give the name of a time zone, like UTC or Asia/Kolkata");
	return keep(text, field);
}

static int parse_date(const struct setting *set, const char *text, void *field, char *why)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d, last;

	(void)set;
	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 4) ||
	    !digits(text + 5, 2) || !digits(text + 8, 2))
		return wrong(why, "give a date as yyyy-mm-dd");
	y = (int)strtol(text, NULL, 10);
	m = (int)strtol(text + 5, NULL, 10);
	d = (int)strtol(text + 8, NULL, 10);
	if (y < 1900 || m < 1 || m > 12)
		return wrong(why, "give a date of this age, as yyyy-mm-dd");
	last = days[m - 1] + (m == 2 && (y % 4 == 0 && (y % 100 || y % 400 == 0)));
	if (d < 1 || d > last)
		return wrong(why, "there is no such day: that month has %d", last);
	return keep(text, field);
}

static int find_queue(const char *name, size_t len)
{
	for (int q = 0; q < QUEUES; q++)
		if (strlen(queue_names[q]) == len && strncmp(queue_names[q], name, len) == 0)
			return q;
	return -1;
}

/* The field is the first of queues[]; nqueues is counted by count_queues(). */
static int parse_queues(const struct setting *set, const char *text, void *field, char *why)
{
	struct settings *s = (struct settings *)((char *)field - set->offset);
	const char *at = text, *comma;

	do {
		size_t len;
		int queue;

		comma = strchr(at, ',');
		len = comma ? (size_t)(comma - at) : strlen(at);
		for (; len && *at == ' '; len--)
			at++;
		for (; len && at[len - 1] == ' '; len--)
			;
		queue = find_queue(at, len);
		if (queue < 0)
			return wrong(why, "\"%.*s\" is no queue: give some of migrate,check,fetch,"
				     "bulk,ping,offline", (int)(len < SHOWN ? len : SHOWN), at);
		for (int i = 0; i < s->nqueues; i++)
			if ((int)s->queues[i] == queue)
				return wrong(why, "%s stands there twice: name it once",
					     queue_names[queue]);
		s->queues[s->nqueues++] = (enum settings_queue)queue;
		at = comma ? comma + 1 : NULL;
	} while (at);
	return 0;
}

static int parse_level(const struct setting *set, const char *text, void *field, char *why)
{
	static const char *const levels[] = {
		[LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_ERROR] = "error",
	};

	(void)set;
	for (int i = 0; i <= LOG_LEVEL_ERROR; i++)
		if (strcmp(text, levels[i]) == 0) {
			*(int *)field = i;
			return 0;
		}
	return wrong(why, "give one of debug, info, warn, error");
}

static int parse_format(const struct setting *set, const char *text, void *field, char *why)
{
	(void)set;
	*(bool *)field = strcmp(text, "json") == 0;
	if (*(bool *)field || strcmp(text, "text") == 0)
		return 0;
	return wrong(why, "give text or json");
}

/* ---- addresses ---- */

static bool port_ok(const char *text, size_t len, long least)
{
	char buf[6];
	long port;

	if (!digits(text, len) || len >= sizeof(buf))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	port = strtol(buf, NULL, 10);
	return port >= least && port <= 65535;
}

/* "host", "host:6379", "[::1]:6379"; a host may be left out where empty is. */
static bool host_ok(const char *text, size_t len, bool empty)
{
	const char *end = text + len, *colon;

	if (memchr(text, ',', len))
		return false;
	if (len && *text == '[') {
		const char *close = memchr(text, ']', len);

		if (!close || close == text + 1)
			return false;
		text = close + 1;
		colon = text;
		if (text < end && *text != ':')
			return false;
	} else {
		colon = memchr(text, ':', len);
		if (!empty && (len == 0 || colon == text))
			return false;
		if (!colon)
			colon = end;
	}
	if (colon == end)
		return true;
	return empty && colon + 1 == end ? true : port_ok(colon + 1, (size_t)(end - colon - 1), 1);
}

static bool hosts_ok(const char *text, size_t len, bool empty)
{
	const char *end = text + len;

	for (;;) {
		const char *comma = memchr(text, ',', (size_t)(end - text));

		if (!host_ok(text, (size_t)((comma ? comma : end) - text), empty))
			return false;
		if (!comma)
			return true;
		text = comma + 1;
	}
}

/* The hosts of "user:password@hosts/...": past the last '@' of the part. */
static const char *past_user(const char *at, size_t *len)
{
	for (size_t i = *len; i > 0; i--)
		if (at[i - 1] == '@') {
			*len -= i;
			return at + i;
		}
	return at;
}

static const char *after(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);

	return strncasecmp(text, scheme, len) == 0 ? text + len : NULL;
}

#define REDIS_FORM "redis://host:port/0, rediss://..., unix:///path?db=0 or " \
	"redis+sentinel://host:port,host:port/name/0"

/* "/3?..." or "", or "?db=3". */
static bool redis_db_ok(const char *path)
{
	size_t len = strcspn(path, "?");
	const char *db = strstr(path + len, "db=");

	if (len > 1 && (!digits(path + 1, len - 1) || len > 6))
		return false;
	return !db || (db[-1] != '?' && db[-1] != '&') ||
	       digits(db + 3, strcspn(db + 3, "&"));
}

static int redis_unix(const char *rest, char *why)
{
	const char *path = strchr(rest, '/');
	const char *query;

	if (!path || strcspn(path, "?") < 2)
		return wrong(why, "it names no socket: give unix:///path?db=0");
	query = strchr(path, '?');
	if (query && !redis_db_ok(query))
		return wrong(why, "its database is no number: give unix:///path?db=0");
	return 0;
}

static int redis_sentinel(const char *path, char *why)
{
	const char *db;

	if (strcspn(path, "?") < 2 || path[1] == '/')
		return wrong(why, "it names no master: give redis+sentinel://host:port,host:port/"
			     "name/0");
	db = strchr(path + 1, '/');
	if (db && !redis_db_ok(db))
		return wrong(why, "its database is no number: give redis+sentinel://host:port/"
			     "name/0");
	return 0;
}

static int parse_redis_url(const struct setting *set, const char *text, void *field, char *why)
{
	const char *rest = after(text, "unix://"), *hosts, *path;
	bool sentinel;
	size_t len;

	(void)set;
	if (!printable(text))
		return wrong(why, "it holds a blank: write it as %%20");
	if (rest)
		return redis_unix(rest, why) < 0 ? -1 : keep(text, field);
	rest = after(text, "redis+sentinel://");
	sentinel = rest != NULL;
	if (!rest)
		rest = after(text, "redis://");
	if (!rest)
		rest = after(text, "rediss://");
	if (!rest)
		return wrong(why, "give %s", REDIS_FORM);
	len = strcspn(rest, "/?");
	path = rest + len;
	hosts = past_user(rest, &len);
	if (sentinel ? !hosts_ok(hosts, len, false) : !host_ok(hosts, len, false))
		return wrong(why, "its host or port cannot be: give a host and a port from 1 to "
			     "65535");
	if (sentinel)
		return redis_sentinel(path, why) < 0 ? -1 : keep(text, field);
	if (!redis_db_ok(path))
		return wrong(why, "its database is no number: give redis://host:port/0");
	return keep(text, field);
}

#define DATABASE_FORM "give postgresql://user@host:port/name or \"host=... dbname=...\""

/* One value of "key=value": 'quoted' or bare, '\' before any character. */
static const char *past_value(const char *at)
{
	bool quoted = *at == '\'';

	for (at += quoted; *at && (quoted ? *at != '\'' : !isspace((unsigned char)*at)); at++)
		if (*at == '\\' && at[1])
			at++;
	if (quoted && *at != '\'')
		return NULL;
	return at + quoted;
}

/* "5432,5433,": one of each host, and empty is the usual one. */
static bool ports_ok(const char *value, const char *end)
{
	if (*value == '\'') {
		value++;
		end--;
	}
	for (;;) {
		const char *comma = memchr(value, ',', (size_t)(end - value));
		size_t len = (size_t)((comma ? comma : end) - value);

		if (len && !port_ok(value, len, 1))
			return false;
		if (!comma)
			return true;
		value = comma + 1;
	}
}

/* PostgreSQL's manual, 34.1.1.1: blanks between pairs and around '='. */
static int check_pairs(const char *text, char *why)
{
	const char *at = text + strspn(text, " ");

	while (*at) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		const char *key = at, *value;

		at += len + strspn(at + len, " ");
		if (!len || *at != '=')
			return wrong(why, DATABASE_FORM);
		value = at + 1 + strspn(at + 1, " ");
		at = past_value(value);
		if (!at)
			return wrong(why, "a quote is not closed in it: add the missing '");
		if (len == 4 && strncmp(key, "port", 4) == 0 && !ports_ok(value, at))
			return wrong(why, "its port cannot be: give one from 1 to 65535");
		at += strspn(at, " ");
	}
	return 0;
}

static int parse_database_url(const struct setting *set, const char *text, void *field, char *why)
{
	const char *rest = after(text, "postgresql://");
	const char *hosts;
	size_t len;

	(void)set;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return wrong(why, "it holds a control character: leave that out");
	if (!rest)
		rest = after(text, "postgres://");
	if (!rest)
		return check_pairs(text, why) < 0 ? -1 : keep(text, field);
	if (!printable(text))
		return wrong(why, "it holds a blank: write it as %%20");
	len = strcspn(rest, "/?");
	hosts = past_user(rest, &len);
	if (!hosts_ok(hosts, len, true))
		return wrong(why, "its host or port cannot be: give a host and a port from 1 to "
			     "65535");
	return keep(text, field);
}

static int parse_ge_url(const struct setting *set, const char *text, void *field, char *why)
{
	const char *rest = after(text, "https://"), *host;
	size_t len;

	(void)set;
	if (!rest)
		rest = after(text, "http://");
	if (!rest || !printable(text) || strchr(text, '#'))
		return wrong(why, "give https://host/path");
	len = strcspn(rest, "/?");
	host = past_user(rest, &len);
	if (!host_ok(host, len, false))
		return wrong(why, "its host or port cannot be: give https://host:port/path, "
			     "port from 1 to 65535");
	return keep(text, field);
}

static int parse_listen(const struct setting *set, const char *text, void *field, char *why)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracket = len > 2 && text[0] == '[' && text[len - 1] == ']';

	(void)set;
	if (!colon || !port_ok(colon + 1, strlen(colon + 1), 0))
		return wrong(why, "give ADDR:PORT, like 127.0.0.1:9090 (port 0 to 65535)");
	if (bracket ? !all_of(text + 1, len - 2, ":.%") : !all_of(text, len, ".-"))
		return wrong(why, "give ADDR:PORT, like 127.0.0.1:9090 or [::1]:9090");
	return keep(text, field);
}

/* ---- the table: INTERFACE.md section 6 ---- */

#define AT(field) .offset = offsetof(struct settings, field)

const struct setting settings_table[] = {
	{ "REDIS_URL", "URL", "redis://127.0.0.1:6379/0", NULL,
	  "Redis: also unix:///path?db=0, rediss://..., redis+sentinel://h1:26379,h2:26379/mymaster/0",
	  SETTING_HIDDEN | SETTING_FILE, AT(redis_url), .parse = parse_redis_url },
	{ "DATABASE_URL", "URL", "postgresql://lmanagement@127.0.0.1/lmanagement", NULL,
	  "PostgreSQL: any libpq connection string",
	  SETTING_HIDDEN | SETTING_FILE, AT(database_url), .parse = parse_database_url },
	{ "NAMESPACE", "NAME", "gesync", NULL, "prefix of every Redis key; {gesync} on a cluster",
	  0, AT(namespace_), .parse = parse_namespace },
	{ "GE_URL", "URL", NULL, "none: fetch jobs wait", "endpoint of the GE server",
	  SETTING_HIDDEN, AT(ge_url), .parse = parse_ge_url },
	{ "GE_APP_ID", NULL, NULL, NULL, "appId that GE is told",
	  SETTING_SECRET | SETTING_HIDDEN | SETTING_FILE, AT(ge_app_id), .parse = parse_secret },
	{ "GE_SESSION", NULL, NULL, NULL, "JSESSIONID of a person who is logged in at GE",
	  SETTING_SECRET | SETTING_HIDDEN | SETTING_FILE, AT(ge_session), .parse = parse_secret },
	{ "GE_CSRF", NULL, NULL, NULL, "_csrf token of that session",
	  SETTING_SECRET | SETTING_HIDDEN | SETTING_FILE, AT(ge_csrf), .parse = parse_secret },
	{ "GE_RATE", "N", "0.5", NULL, "GE requests a second over all workers; 0 is no limit",
	  0, AT(ge_rate), 0, 1000000, parse_number },
	{ "GE_BURST", "N", "1", NULL, "GE requests that may come at once",
	  0, AT(ge_burst), 1, 1000000, parse_number },
	{ "GE_TIMEOUT", "TIME", "15s", NULL, "for one GE request",
	  0, AT(ge_timeout_ms), 1, HOUR, parse_duration },
	{ "GE_BREAKER", "N", "5", NULL, "failures in a row that open the breaker",
	  0, AT(ge_breaker), 1, 1000000, parse_int },
	{ "GE_BREAKER_OPEN", "TIME", "1s", NULL, "first wait of an open breaker; it doubles up to 60s",
	  0, AT(ge_breaker_open_ms), 1, HOUR, parse_duration },
	{ "GE_CA_FILE", "FILE", NULL, "the system's", "certificates that GE is verified with",
	  0, AT(ge_ca_file), .parse = parse_text },
	{ "QUEUES", "LIST", "migrate,check,fetch,bulk,ping", NULL, "served queues, first is served first",
	  0, AT(queues), .parse = parse_queues },
	{ "CONCURRENCY", "N", "64", NULL, "jobs in flight in one worker, 1 to 10000",
	  0, AT(concurrency), 1, 10000, parse_int },
	{ "DB_POOL", "N", "4", NULL, "PostgreSQL connections of one worker",
	  0, AT(db_pool), 1, 1000, parse_int },
	{ "MAX_ATTEMPTS", "N", "8", NULL, "attempts before a job is dead",
	  0, AT(max_attempts), 1, 1000, parse_int },
	{ "RETRY_BASE", "TIME", "5s", NULL, "wait after the first failure; it doubles",
	  0, AT(retry_base_ms), 1, 30 * DAY, parse_duration },
	{ "RETRY_CAP", "TIME", "1h", NULL, "longest wait between attempts",
	  0, AT(retry_cap_ms), 1, 30 * DAY, parse_duration },
	{ "JOB_TIMEOUT", "TIME", "60s", NULL, "for one attempt of a job; a migrate job has none",
	  0, AT(job_timeout_ms), 1, 30 * DAY, parse_duration },
	{ "TODAY", "DATE", NULL, "today in Asia/Kolkata", "reference date of the rules, yyyy-mm-dd",
	  0, AT(today), .parse = parse_date },
	{ "TZ", "ZONE", "UTC", NULL, "zone of crontabs and deadlines",
	  0, AT(tz), .parse = parse_zone },
	{ "BACKUP_DIR", "DIR", NULL, "none", "where --backup may write",
	  0, AT(backup_dir), .parse = parse_text },
	{ "GRACE", "TIME", "25s", NULL, "time to finish on TERM",
	  0, AT(grace_ms), 0, DAY, parse_duration },
	{ "LEASE", "TIME", "10s", NULL, "a worker not heard of for so long is dead",
	  0, AT(lease_ms), 500, HOUR, parse_duration },
	{ "MODELS_DIR", "DIR", NULL, "the installed ones", "declared models, <app>.json",
	  0, AT(models_dir), .parse = parse_text },
	{ "MIGRATIONS_DIR", "DIR", NULL, "the installed ones", "migrations, <app>/<NNNN_name>.sql",
	  0, AT(migrations_dir), .parse = parse_text },
	{ "LISTEN", "ADDR:PORT", NULL, "off", "address of /metrics, /healthz and /readyz",
	  0, AT(listen), .parse = parse_listen },
	{ "LOG", "LEVEL", "info", NULL, "debug, info, warn or error",
	  0, AT(log), .parse = parse_level },
	{ "LOG_FORMAT", "FORMAT", "text", NULL, "text or json",
	  0, AT(log_json), .parse = parse_format },
	{ "ALLOW_EVICTION", NULL, "0", "refused", "work with a Redis that evicts keys all the same",
	  0, AT(allow_eviction), .parse = parse_bool },
	{ .name = NULL },
};

#define SETTINGS (sizeof(settings_table) / sizeof(*settings_table) - 1)

/* ---- where a value comes from ---- */

struct source {
	struct report *rep;
	char **env;
	const char *flags[SETTINGS];    /* borrowed from argv; NULL: not given */
};

/* The value of GESYNC_<name><suffix>, borrowed; NULL where absent. */
static const char *lookup(char **env, const char *name, const char *suffix)
{
	char key[SETTING_NAME_LEN];
	size_t len = (size_t)snprintf(key, sizeof(key), "%s%s%s=", PREFIX, name, suffix);

	for (; env && *env; env++)
		if (strncmp(*env, key, len) == 0)
			return *env + len;
	return NULL;
}

/* The file's text without its last line end, owned; NULL and why. The path is
 * not in why: the caller names it. */
static char *read_file(const char *path, char *why)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len;

	if (!file) {
		wrong(why, "%s: name a file that can be read", strerror(errno));
		return NULL;
	}
	text = malloc(FILE_MOST + 2);
	if (!text)
		abort();
	len = fread(text, 1, FILE_MOST + 1, file);
	if (ferror(file))
		wrong(why, "%s: name a file that can be read", strerror(errno));
	else if (len > FILE_MOST)
		wrong(why, "it is longer than 64 KiB: name the file of the value alone");
	else if (memchr(text, '\0', len))
		wrong(why, "it is no text: name the file of the value alone");
	else
		goto out;
	free(text);
	text = NULL;
	len = 0;
out:
	fclose(file);
	if (!text)
		return NULL;
	if (len && text[len - 1] == '\n')
		len--;
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	if (!len) {
		wrong(why, "it is empty: write the value into it");
		free(text);
		return NULL;
	}
	return text;
}

/* where: "GESYNC_GE_RATE" or "--ge-rate". */
static void apply(struct source *src, const struct setting *set, struct settings *s,
		  const char *where, const char *text)
{
	void *field = (char *)s + set->offset;
	char why[WHY_LEN] = "";

	if (!*text)
		report_wrong(src->rep, "%s is empty: give a value or leave it out", where);
	else if (set->parse(set, text, field, why) == 0)
		return;
	else if (set->flags & SETTING_HIDDEN)
		report_wrong(src->rep, "%s: %s", where, why);
	else
		report_wrong(src->rep, "%s \"%.*s\": %s", where, SHOWN, text, why);
}

static void apply_file(struct source *src, const struct setting *set, struct settings *s,
		       const char *path)
{
	char where[SETTING_NAME_LEN], why[WHY_LEN] = "";
	char *text = read_file(path, why);

	snprintf(where, sizeof(where), "%s%s_FILE", PREFIX, set->name);
	if (text)
		apply(src, set, s, where, text);
	else
		report_wrong(src->rep, "%s \"%.*s\": %s", where, SHOWN, path, why);
	free(text);
}

static void apply_setting(struct source *src, const struct setting *set, struct settings *s)
{
	const char *flag = src->flags[set - settings_table];
	const char *value = lookup(src->env, set->name, "");
	const char *file = set->flags & SETTING_FILE ? lookup(src->env, set->name, "_FILE") : NULL;
	char where[SETTING_NAME_LEN];

	if (value && !*value && (!set->def || (file && *file)))
		value = NULL;
	if (file && !*file)
		file = NULL;
	snprintf(where, sizeof(where), "%s%s", PREFIX, set->name);
	if (flag)
		apply(src, set, s, options_flag(set, where), flag);
	else if (value && file)
		report_wrong(src->rep, "%s and %s_FILE are both set: leave one out", where, where);
	else if (value)
		apply(src, set, s, where, value);
	else if (file)
		apply_file(src, set, s, file);
	else if (set->def)
		apply(src, set, s, where, set->def);
}

/* Kubernetes and Docker put such variables for a service that is called
 * gesync-something; nobody set them. */
static bool from_service_link(const char *name, size_t len)
{
	static const char *const ends[] = { "_SERVICE_HOST", "_PORT" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strncmp(name + len - n, ends[i], n) == 0)
			return true;
	}
	for (size_t i = 0; i + 6 < len; i++)
		if (strncmp(name + i, "_PORT_", 6) == 0)
			return true;
	return strstr(name, "_SERVICE_PORT") && strstr(name, "_SERVICE_PORT") < name + len;
}

static bool known(const char *name, size_t len)
{
	for (const struct setting *set = settings_table; set->name; set++) {
		size_t n = strlen(set->name);

		if (n <= len && strncmp(set->name, name, n) == 0 &&
		    (len == n || (set->flags & SETTING_FILE && len == n + 5 &&
				  strncmp(name + n, "_FILE", 5) == 0)))
			return true;
	}
	return false;
}

static void warn_unknown(struct report *rep, const char *name, size_t len)
{
	const char *names[SETTINGS + 1];
	char word[SETTING_NAME_LEN];
	const char *nearest;

	for (size_t i = 0; i <= SETTINGS; i++)
		names[i] = settings_table[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)(len < SHOWN ? len : SHOWN), name);
	nearest = words_nearest(word, names);
	if (nearest)
		report_warn(rep, "%s%s is no setting and ignored: did you mean %s%s?",
			    PREFIX, word, PREFIX, nearest);
	else
		report_warn(rep, "%s%s is no setting and ignored: %s --help lists all",
			    PREFIX, word, rep->program);
}

static void warn_unknowns(struct report *rep, char **env)
{
	size_t prefix = strlen(PREFIX);

	for (; env && *env; env++) {
		const char *name = *env + prefix;
		size_t len;

		if (strncmp(*env, PREFIX, prefix) != 0)
			continue;
		len = strcspn(name, "=");
		if (!known(name, len) && !from_service_link(name, len))
			warn_unknown(rep, name, len);
	}
}

int settings_parse(struct settings *s, void *options, const struct program *p,
		   int argc, char **argv, char **env, struct strings *args,
		   FILE *out, FILE *errs)
{
	struct report rep = { .program = p->name, .errs = errs };
	struct source src = { .rep = &rep, .env = env };
	int status;

	memset(s, 0, sizeof(*s));
	memset(args, 0, sizeof(*args));
	status = options_parse(&rep, options, p, argc, argv, src.flags, args, out);
	if (status < 0) {
		for (const struct setting *set = settings_table; set->name; set++)
			apply_setting(&src, set, s);
		warn_unknowns(&rep, env);
		if (!rep.wrong)
			return -1;
		status = 2;
	}
	settings_clear(s);
	strings_clear(args);
	options_clear(options, p);
	return status;
}

void settings_clear(struct settings *s)
{
	char *const texts[] = {
		s->redis_url, s->database_url, s->namespace_, s->ge_url, s->ge_app_id,
		s->ge_session, s->ge_csrf, s->ge_ca_file, s->today, s->tz, s->backup_dir,
		s->models_dir, s->migrations_dir, s->listen,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	memset(s, 0, sizeof(*s));
}
