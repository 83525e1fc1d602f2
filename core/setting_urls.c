/* setting_urls.c - what a URL or an address may be, as far as one can tell
 * without asking anybody. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/setting_values.h"
#include "redis_url.h"

static bool port_ok(const char *text, size_t len, long least)
{
	char buf[6];
	long port;

	if (!setting_digits(text, len) || len >= sizeof(buf))
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

int setting_redis_url(const struct setting *set, const char *text, void *field, char *why)
{
	struct redis_url url;
	struct err err;

	(void)set;
	if (!setting_printable(text))
		return setting_wrong(why, "it holds a blank: write it as %%20");
	if (redis_url_parse(&url, text, &err) < 0)
		return setting_wrong(why, "%s", err.msg);
	return setting_keep(text, field);
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
			return setting_wrong(why, DATABASE_FORM);
		value = at + 1 + strspn(at + 1, " ");
		at = past_value(value);
		if (!at)
			return setting_wrong(why, "a quote is not closed in it: add the missing '");
		if (len == 4 && strncmp(key, "port", 4) == 0 && !ports_ok(value, at))
			return setting_wrong(why, "its port cannot be: give one from 1 to 65535");
		at += strspn(at, " ");
	}
	return 0;
}

int setting_database_url(const struct setting *set, const char *text, void *field, char *why)
{
	const char *rest = after(text, "postgresql://");
	const char *hosts;
	size_t len;

	(void)set;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return setting_wrong(why, "it holds a control character: leave that out");
	if (!rest)
		rest = after(text, "postgres://");
	if (!rest)
		return check_pairs(text, why) < 0 ? -1 : setting_keep(text, field);
	if (!setting_printable(text))
		return setting_wrong(why, "it holds a blank: write it as %%20");
	len = strcspn(rest, "/?");
	hosts = past_user(rest, &len);
	if (!hosts_ok(hosts, len, true))
		return setting_wrong(why, "its host or port cannot be: give a host and a port from 1 to "
			     "65535");
	return setting_keep(text, field);
}

int setting_ge_url(const struct setting *set, const char *text, void *field, char *why)
{
	const char *rest = after(text, "https://"), *host;
	size_t len;

	(void)set;
	if (!rest)
		rest = after(text, "http://");
	if (!rest || !setting_printable(text) || strchr(text, '#'))
		return setting_wrong(why, "give https://host/path");
	len = strcspn(rest, "/?");
	host = past_user(rest, &len);
	if (!host_ok(host, len, false))
		return setting_wrong(why, "its host or port cannot be: give https://host:port/path, "
			     "port from 1 to 65535");
	return setting_keep(text, field);
}

int setting_listen(const struct setting *set, const char *text, void *field, char *why)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool bracket = len > 2 && text[0] == '[' && text[len - 1] == ']';

	(void)set;
	if (!colon || !port_ok(colon + 1, strlen(colon + 1), 0))
		return setting_wrong(why, "give ADDR:PORT, like 127.0.0.1:9090 (port 0 to 65535)");
	if (bracket ? !setting_letters(text + 1, len - 2, ":.%") : !setting_letters(text, len, ".-"))
		return setting_wrong(why, "give ADDR:PORT, like 127.0.0.1:9090 or [::1]:9090");
	return setting_keep(text, field);
}
