/* ge_sim_check.c - reads HTTP requests and is strict about what GE is told. */
#include "ge_sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 16384          /* cookies and all */
#define LATENCY_MAX_MS 3600000

static const char *const header_name[GE_SIM_HEADERS] = {
	[GE_SIM_ACCEPT] = "Accept",
	[GE_SIM_ACCEPT_ENCODING] = "Accept-Encoding",
	[GE_SIM_CONNECTION] = "Connection",
	[GE_SIM_CONTENT_LENGTH] = "Content-Length",
	[GE_SIM_CONTENT_TYPE] = "Content-Type",
	[GE_SIM_COOKIE] = "Cookie",
	[GE_SIM_ORIGIN] = "Origin",
	[GE_SIM_REFERER] = "Referer",
	[GE_SIM_REQUESTED_WITH] = "X-Requested-With",
	[GE_SIM_TRANSFER_ENCODING] = "Transfer-Encoding",
	[GE_SIM_USER_AGENT] = "User-Agent",
};

/* The value of the Content-Length line, 0 where there is none. */
static int64_t content_length(const char *head, const char *end)
{
	static const char name[] = "\r\ncontent-length:";

	for (; (head = memchr(head, '\r', (size_t)(end - head))) != NULL; head++)
		if ((size_t)(end - head) > sizeof(name) && !strncasecmp(head, name, sizeof(name) - 1))
			return strtoll(head + sizeof(name) - 1, NULL, 10);
	return 0;
}

int64_t ge_sim_http_length(const char *buf, size_t len, size_t max)
{
	const char *end = memmem(buf, len, "\r\n\r\n", 4);
	int64_t body;
	size_t head;

	if (!end)
		return len > HEAD_MAX ? -1 : 0;
	head = (size_t)(end + 4 - buf);
	body = content_length(buf, end + 2);
	if (head > HEAD_MAX || body < 0 || (uint64_t)body > max)
		return -1;
	return head + (size_t)body <= len ? (int64_t)head + body : 0;
}

static void read_header(struct ge_sim_http *http, const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon)
		return;
	for (int i = 0; i < GE_SIM_HEADERS; i++)
		if (strlen(header_name[i]) == (size_t)(colon - line) &&
		    !strncasecmp(header_name[i], line, (size_t)(colon - line)))
			http->header[i] = colon + 1 + strspn(colon + 1, " \t");
}

static char *cut(char **rest, const char *at)
{
	char *start = *rest, *end = start ? strstr(start, at) : NULL;

	*rest = NULL;
	if (end) {
		*end = '\0';
		*rest = end + strlen(at);
	}
	return start;
}

int ge_sim_http_parse(struct ge_sim_http *http, char *buf, size_t len)
{
	char *end = memmem(buf, len, "\r\n\r\n", 4), *line, *rest = buf;

	*http = (struct ge_sim_http){ .body = end + 4, .body_len = len - (size_t)(end + 4 - buf), .query = "" };
	for (int i = 0; i < GE_SIM_HEADERS; i++)
		http->header[i] = "";
	end[2] = '\0';
	line = cut(&rest, "\r\n");
	while (rest && *rest)
		read_header(http, cut(&rest, "\r\n"));

	http->method = cut(&line, " ");
	http->path = cut(&line, " ");
	http->version = line;
	if (!http->version || http->path[0] != '/' || strncmp(http->version, "HTTP/1.", 7))
		return -1;
	line = strchr(http->path, '?');
	if (line) {
		*line = '\0';
		http->query = line + 1;
	}
	return 0;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int decode(const char *from, const char *end, char *out, size_t size)
{
	size_t n = 0;

	for (; from < end; from++) {
		char c = *from == '+' ? ' ' : *from;

		if (c == '%') {
			if (end - from < 3 || hex(from[1]) < 0 || hex(from[2]) < 0)
				return -1;
			c = (char)(hex(from[1]) * 16 + hex(from[2]));
			from += 2;
		}
		if (n + 1 >= size || !c)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return (int)n;
}

int ge_sim_form_get(const char *form, size_t len, const char *name, char *out, size_t size)
{
	const char *end = form + len;
	size_t name_len = strlen(name);
	int found = -1;

	out[0] = '\0';
	while (form < end) {
		const char *next = memchr(form, '&', (size_t)(end - form));

		if (!next)
			next = end;
		if ((size_t)(next - form) > name_len && form[name_len] == '=' && !memcmp(form, name, name_len)) {
			if (found >= 0)
				return -1;      /* twice */
			found = decode(form + name_len + 1, next, out, size);
			if (found < 0)
				return -1;
		}
		form = next + 1;
	}
	return found;
}

static bool get_cookie(const char *cookies, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name);

	while (*cookies) {
		size_t len = strcspn(cookies, ";");

		if (len > name_len && cookies[name_len] == '=' && !memcmp(cookies, name, name_len)) {
			snprintf(out, size, "%.*s", (int)(len - name_len - 1), cookies + name_len + 1);
			return true;
		}
		cookies += len;
		cookies += strspn(cookies, "; ");
	}
	return false;
}

static bool bad(char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool bad(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, GE_SIM_WHY_SIZE, fmt, ap);
	va_end(ap);
	return false;
}

/* Fields of the query that never change. */
static bool check_query(const struct ge_sim_http *http, char *csrf, size_t csrf_size, char *why)
{
	static const char *const fixed[][2] = {
		{ "requestType", "ApplicationRH" }, { "actionVal", "viewScripOwnership" }, { "screenId", "90000549" },
	};
	size_t len = strlen(http->query);
	char value[64];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (ge_sim_form_get(http->query, len, fixed[i][0], value, sizeof(value)) < 0 || strcmp(value, fixed[i][1]))
			return bad(why, "the query's %s is not %s", fixed[i][0], fixed[i][1]);
	if (ge_sim_form_get(http->query, len, "_csrf", csrf, csrf_size) < 0)
		return bad(why, "the query has no _csrf, or two");
	return true;
}

static bool check_headers(const struct ge_sim_http *http, char *why)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *given = http->header[GE_SIM_CONTENT_TYPE];

	if (strcmp(http->method, "POST"))
		return bad(why, "the method is not POST");
	if (strncasecmp(given, type, sizeof(type) - 1) || !strcasestr(given, "charset=UTF-8"))
		return bad(why, "the content type is not %s; charset=UTF-8", type);
	if (strcmp(http->header[GE_SIM_REQUESTED_WITH], "XMLHttpRequest"))
		return bad(why, "X-Requested-With is not XMLHttpRequest");
	if (strcmp(http->header[GE_SIM_ACCEPT], "*/*"))
		return bad(why, "Accept is not */*");
	if (strncmp(http->header[GE_SIM_ORIGIN], "http", 4) || strncmp(http->header[GE_SIM_REFERER], "http", 4))
		return bad(why, "there is no Origin or no Referer");
	if (!*http->header[GE_SIM_USER_AGENT])
		return bad(why, "there is no User-Agent");
	return true;
}

/* dd/mm/yyyy becomes yyyy-mm-dd. */
static bool read_form_date(const char *text, char iso[11])
{
	if (strlen(text) != 10 || text[2] != '/' || text[5] != '/')
		return false;
	for (int i = 0; i < 10; i++)
		if (i != 2 && i != 5 && (text[i] < '0' || text[i] > '9'))
			return false;
	snprintf(iso, 11, "%.4s-%.2s-%.2s", text + 6, text + 3, text);
	return true;
}

static bool check_form(const struct ge_sim_rules *rules, struct ge_sim_data *data, const struct ge_sim_http *http,
		       struct ge_sim_entry **entry, char *why)
{
	char license[GE_SIM_LICENSE_SIZE], date[32], iso[11], iec[64], app_id[64];

	if (ge_sim_form_get(http->body, http->body_len, "scripNumber", license, sizeof(license)) <= 0)
		return bad(why, "there is no scripNumber of 1 to 50 characters");
	if (ge_sim_form_get(http->body, http->body_len, "appId", app_id, sizeof(app_id)) < 0 || strcmp(app_id, rules->app_id))
		return bad(why, "licence %s: appId is not %s", license, rules->app_id);
	if (ge_sim_form_get(http->body, http->body_len, "scripIssueDate", date, sizeof(date)) < 0 || !read_form_date(date, iso))
		return bad(why, "licence %s: scripIssueDate is not dd/mm/yyyy", license);
	if (ge_sim_form_get(http->body, http->body_len, "iecNumber", iec, sizeof(iec)) <= 0)
		return bad(why, "licence %s: there is no iecNumber", license);
	*entry = ge_sim_data_find(data, license, iec);
	if ((*entry)->date && strcmp((*entry)->date, iso))
		return bad(why, "licence %s: scripIssueDate is %s, the licence's is %s", license, iso, (*entry)->date);
	if ((*entry)->iec && strcmp((*entry)->iec, iec))
		return bad(why, "licence %s: iecNumber is %s, the exporter's is %s", license, iec, (*entry)->iec);
	return true;
}

enum ge_sim_verdict ge_sim_check(const struct ge_sim_rules *rules, struct ge_sim_data *data,
				 const struct ge_sim_http *http, struct ge_sim_entry **entry, char *why)
{
	char csrf[256], session[256];

	*entry = NULL;
	why[0] = '\0';
	if (!check_headers(http, why) || !check_query(http, csrf, sizeof(csrf), why))
		return GE_SIM_BAD;
	if (!get_cookie(http->header[GE_SIM_COOKIE], "JSESSIONID", session, sizeof(session)) || !*session)
		return bad(why, "there is no cookie JSESSIONID"), GE_SIM_BAD;
	if (!check_form(rules, data, http, entry, why))
		return GE_SIM_BAD;
	if ((*rules->session && strcmp(rules->session, session)) || (*rules->csrf && strcmp(rules->csrf, csrf)))
		return GE_SIM_EXPIRED;
	return GE_SIM_GOOD;
}

int ge_sim_parse_latency(const char *text, int64_t *min, int64_t *max)
{
	char *end;
	long long low = strtoll(text, &end, 10), high = low;

	if (end == text)
		return -1;
	if (*end == '-') {
		text = end + 1;
		high = strtoll(text, &end, 10);
		if (end == text)
			return -1;
	}
	if (*end || low < 0 || high < low || high > LATENCY_MAX_MS)
		return -1;
	*min = low;
	*max = high;
	return 0;
}
