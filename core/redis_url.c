/* redis_url.c - takes a Redis URL apart. */
#include "redis_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DB_MAX 1000000
/* A longer one is cut by the system, and would name another socket. */
#define SOCKET_PATH_MAX 107     /* unix(7): sun_path holds 108 bytes */

struct scheme {
	const char *name, *form;
	bool tls, unix_, sentinel;
	int port;
};

static const struct scheme schemes[] = {
	{ "redis://", "redis://host:port/0", .port = 6379 },
	{ "rediss://", "rediss://host:port/0", .tls = true, .port = 6379 },
	{ "unix://", "unix:///path?db=0", .unix_ = true },
	{ "redis+sentinel://", "redis+sentinel://host:port,host:port/name/0", .sentinel = true, .port = 26379 },
};

static int bad(struct err *err, const char *what, const struct scheme *scheme)
{
	return err_set(err, ERR_PERMANENT, "bad_url", "%s: give %s", what, scheme->form);
}

/* ---- parts ---- */

static int hex(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies [from, to) with %XX decoded; -1 if it does not fit or holds NUL. */
static int decode(char *out, size_t size, const char *from, const char *to)
{
	size_t n = 0;

	while (from < to) {
		char c = *from++;

		if (c == '%' && to - from >= 2 && hex(from[0]) >= 0 && hex(from[1]) >= 0) {
			c = (char)(hex(from[0]) * 16 + hex(from[1]));
			from += 2;
		}
		if (!c || n + 1 >= size)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

static int number(const char *from, const char *to, int max)
{
	long n = 0;

	if (from == to)
		return -1;
	for (; from < to; from++) {
		if (!isdigit((unsigned char)*from))
			return -1;
		n = n * 10 + (*from - '0');
		if (n > max)
			return -1;
	}
	return (int)n;
}

/* "", "/", "/3", each also with "?db=3". */
static int parse_db(struct redis_url *out, const char *p, const struct scheme *scheme, struct err *err)
{
	const char *query = strchr(p, '?');
	const char *end = query ? query : p + strlen(p);

	if (end > p + 1)
		out->db = number(p + 1, end, DB_MAX);
	if (query && out->db >= 0)
		out->db = strncmp(query, "?db=", 4) ? -1 : number(query + 4, query + strlen(query), DB_MAX);
	return out->db < 0 ? bad(err, "its database is no number", scheme) : 0;
}

/* "host", "host:6379", "[::1]:6379". */
static int parse_place(struct redis_place *out, const char *p, const char *end, const struct scheme *scheme)
{
	bool bracket = p < end && *p == '[';
	const char *close = bracket ? memchr(p, ']', (size_t)(end - p)) : memchr(p, ':', (size_t)(end - p));

	if (bracket && !close)
		return -1;
	if (!close)
		close = end;
	if (decode(out->host, sizeof(out->host), p + bracket, close) < 0)
		return -1;
	p = close + bracket;
	out->port = p == end ? scheme->port : *p == ':' ? number(p + 1, end, 65535) : -1;
	out->tls = scheme->tls;
	return out->port < 1 || !*out->host || strpbrk(out->host, " \t\r\n?#,/") ? -1 : 0;
}

static int parse_sentinels(struct redis_url *out, const char *p, const char *end, const struct scheme *scheme,
			   struct err *err)
{
	for (;;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));

		if (out->nsentinels == REDIS_SENTINELS_MAX)
			return err_set(err, ERR_PERMANENT, "bad_url", "it names more than %d sentinels: give some of them",
				       REDIS_SENTINELS_MAX);
		if (parse_place(&out->sentinels[out->nsentinels++], p, comma ? comma : end, scheme) < 0)
			return bad(err, "a sentinel's host or port cannot be (1 to 65535)", scheme);
		if (!comma)
			return 0;
		p = comma + 1;
	}
}

/* Up to the last '@' of the part. Returns what is behind it; NULL and err. */
static const char *parse_user(struct redis_url *out, const char *p, const char *end, struct err *err)
{
	const char *at = memrchr(p, '@', (size_t)(end - p));
	const char *colon;

	if (!at)
		return p;
	colon = memchr(p, ':', (size_t)(at - p));
	if (decode(out->user, sizeof(out->user), p, colon ? colon : at) < 0 ||
	    (colon && decode(out->password, sizeof(out->password), colon + 1, at) < 0)) {
		err_set(err, ERR_PERMANENT, "bad_url", "its user or password is too long, or holds %%00");
		return NULL;
	}
	return at + 1;
}

/* ---- the whole ---- */

static int parse_unix(struct redis_url *out, const char *p, const struct scheme *scheme, struct err *err)
{
	const char *end = p + strcspn(p, "?");

	if (end < p + 2 || !memchr(p, '/', (size_t)(end - p)) ||
	    decode(out->at.path, sizeof(out->at.path), p, end) < 0)
		return bad(err, "it names no socket", scheme);
	if (strlen(out->at.path) > SOCKET_PATH_MAX)
		return err_set(err, ERR_PERMANENT, "bad_url", "its socket has more than %d bytes: give a shorter path",
			       SOCKET_PATH_MAX);
	return parse_db(out, end, scheme, err);
}

static int parse_master(struct redis_url *out, const char *p, const struct scheme *scheme, struct err *err)
{
	const char *end = p + 1 + strcspn(p + (*p != '\0'), "/?");

	if (*p != '/' || end == p + 1 || decode(out->master, sizeof(out->master), p + 1, end) < 0)
		return bad(err, "it names no master", scheme);
	return parse_db(out, end, scheme, err);
}

static const struct scheme *scheme_of(const char *url)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncasecmp(url, schemes[i].name, strlen(schemes[i].name)))
			return &schemes[i];
	return NULL;
}

int redis_url_parse(struct redis_url *out, const char *url, struct err *err)
{
	const struct scheme *scheme = scheme_of(url);
	const char *p, *end;

	memset(out, 0, sizeof(*out));
	if (!scheme)
		return err_set(err, ERR_PERMANENT, "bad_url", "give redis://host:port/0, rediss://..., "
			       "unix:///path?db=0 or redis+sentinel://host:port,host:port/name/0");
	p = url + strlen(scheme->name);
	end = p + strcspn(p, "/?");
	p = parse_user(out, p, end, err);
	if (!p)
		return -1;
	if (scheme->unix_)
		return parse_unix(out, p, scheme, err);
	if (scheme->sentinel)
		return parse_sentinels(out, p, end, scheme, err) < 0 ? -1 : parse_master(out, end, scheme, err);
	if (parse_place(&out->at, p, end, scheme) < 0)
		return bad(err, "its host or port cannot be (1 to 65535)", scheme);
	return parse_db(out, end, scheme, err);
}
