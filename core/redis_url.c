/* redis_url.c - takes a Redis URL apart. */
#include "redis_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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

/* A longer one is cut by the system, and would name another socket. */
#define SOCKET_PATH_MAX 107     /* unix(7): sun_path holds 108 bytes */

static int parse_unix(struct redis_url *out, const char *p, struct err *err)
{
	const char *query = strchr(p, '?');
	const char *end = query ? query : p + strlen(p);

	if (end == p || decode(out->path, sizeof(out->path), p, end) < 0)
		return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL names no socket: unix:///path/to/redis.sock");
	if (strlen(out->path) > SOCKET_PATH_MAX)
		return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's socket has more than %d bytes",
			       SOCKET_PATH_MAX);
	if (!query)
		return 0;
	if (strncmp(query, "?db=", 4) || (out->db = number(query + 4, query + strlen(query), 1000000)) < 0)
		return err_set(err, ERR_PERMANENT, "bad_url", "after '?' a Redis URL takes only db=N");
	return 0;
}

static int parse_host(struct redis_url *out, const char *p, const char *end, struct err *err)
{
	const char *colon;

	if (p < end && *p == '[') {     /* [::1]:6379 */
		const char *close = memchr(p, ']', (size_t)(end - p));

		if (!close || decode(out->host, sizeof(out->host), p + 1, close) < 0)
			return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's address lacks its ']'");
		p = close + 1;
		if (p < end && *p != ':')
			return err_set(err, ERR_PERMANENT, "bad_url", "after ']' a Redis URL takes only :port");
		colon = p < end ? p : NULL;
	} else {
		colon = memchr(p, ':', (size_t)(end - p));
		if (decode(out->host, sizeof(out->host), p, colon ? colon : end) < 0)
			return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's host is no name, or too long");
	}
	if (strpbrk(out->host, " \t\r\n?#"))
		return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's host is no name: redis://host:port/db");
	if (!*out->host)
		strcpy(out->host, "127.0.0.1");
	out->port = colon ? number(colon + 1, end, 65535) : 6379;
	if (out->port <= 0)
		return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's port is no number from 1 to 65535");
	return 0;
}

static int parse_credentials(struct redis_url *out, const char *p, const char *at, struct err *err)
{
	const char *colon = memchr(p, ':', (size_t)(at - p));

	if (decode(out->user, sizeof(out->user), p, colon ? colon : at) < 0 ||
	    (colon && decode(out->password, sizeof(out->password), colon + 1, at) < 0))
		return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's user or password is too long, or holds %%00");
	return 0;
}

int redis_url_parse(struct redis_url *out, const char *url, struct err *err)
{
	const char *p, *slash, *end, *at = NULL;

	memset(out, 0, sizeof(*out));
	if (!strncmp(url, "unix://", 7))
		return parse_unix(out, url + 7, err);
	if (strncmp(url, "redis://", 8))
		return err_set(err, ERR_PERMANENT, "bad_url", "a Redis URL begins with redis:// or unix:// in this build");
	p = url + 8;
	slash = strchr(p, '/');
	end = slash ? slash : p + strlen(p);
	for (const char *c = p; c < end; c++)
		if (*c == '@')
			at = c;
	if (at) {
		if (parse_credentials(out, p, at, err) < 0)
			return -1;
		p = at + 1;
	}
	if (parse_host(out, p, end, err) < 0)
		return -1;
	if (slash && slash[1] && (out->db = number(slash + 1, slash + strlen(slash), 1000000)) < 0)
		return err_set(err, ERR_PERMANENT, "bad_url", "the Redis URL's database is no number");
	return 0;
}
