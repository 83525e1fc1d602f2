/* session.c - the GE session in use: set from standard input, shown without
 * its values, taken back. Values reach neither stdout, nor logs, nor argv. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "mem.h"

#define INPUT_MAX 65536
#define VALUE_MAX 4096

static const char *const fields[3] = { "jsessionid", "csrf", "awsalb" };

struct session {
	char value[3][VALUE_MAX + 1];   /* "" where none */
};

/* Also a session that is set again as it was is tried. */
static bool forget_expired(struct ctl *c)
{
	struct redis_value *v = ctl_ask(c, "HDEL", ctl_key(c, KEY_GE), "expired", "expired_since", "expired_until");

	redis_value_free(v);
	return v;
}

/* ---- set ---- */

static bool value_ok(const char *value, size_t len)
{
	if (!len || len > VALUE_MAX)
		return false;
	for (size_t i = 0; i < len; i++)        /* what a cookie, or a query, can carry */
		if (value[i] <= ' ' || value[i] >= 0x7f || strchr("\";,\\", value[i]))
			return false;
	return true;
}

static int set_field(struct session *s, const char *name, size_t name_len, const char *value, size_t len)
{
	for (int i = 0; i < 3; i++) {
		if (strlen(fields[i]) != name_len || strncasecmp(fields[i], name, name_len))
			continue;
		if (!value_ok(value, len))
			return ctl_usage("%s must have 1 to %d printable characters and none of \" ; , \\ or a blank",
					 fields[i], VALUE_MAX);
		memcpy(s->value[i], value, len);
		s->value[i][len] = '\0';
		return 0;
	}
	return ctl_usage("the input must be lines like jsessionid=..., csrf=..., awsalb=..., or a JSON object of them");
}

static int read_json(struct session *s, const char *text, size_t len)
{
	json_t *obj = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *value;
	const char *key;
	int rc = 0;

	if (!json_is_object(obj))
		rc = ctl_usage("the JSON on standard input is no valid object");
	json_object_foreach(obj, key, value) {
		if (json_is_null(value))
			continue;
		if (!rc)        /* no string: refused like an empty one */
			rc = set_field(s, key, strlen(key), json_is_string(value) ? json_string_value(value) : "",
				       json_string_length(value));
	}
	json_decref(obj);
	return rc;
}

static int read_line(struct session *s, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	size_t name = equals ? (size_t)(equals - line) : len;

	return set_field(s, line, name, equals ? equals + 1 : "", equals ? len - name - 1 : 0);
}

static bool is_blank(char b)
{
	return b == ' ' || b == '\t' || b == '\r';
}

static int read_lines(struct session *s, const char *text, size_t len)
{
	const char *end = text + len, *next;
	int rc = 0;

	for (; !rc && text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		next = newline ? newline + 1 : end;
		while (stop > text && is_blank(stop[-1]))
			stop--;
		while (text < stop && is_blank(*text))
			text++;
		if (text < stop)
			rc = read_line(s, text, (size_t)(stop - text));
	}
	return rc;
}

static int read_session(struct session *s)
{
	char *text = need(calloc(1, INPUT_MAX + 1));
	size_t len, blank;
	int rc;

	if (isatty(STDIN_FILENO))
		fputs("jsessionid=..., csrf=..., awsalb=..., one a line; then Ctrl-D:\n", stderr);
	len = fread(text, 1, INPUT_MAX + 1, stdin);
	blank = strspn(text, " \t\r\n");
	if (len > INPUT_MAX)
		rc = ctl_usage("the input is longer than %d bytes: that is no session", INPUT_MAX);
	else if (blank >= len)
		rc = ctl_usage("nothing on standard input: give jsessionid=..., csrf=..., awsalb=..., one a line");
	else if (text[blank] == '{')
		rc = read_json(s, text, len);
	else
		rc = read_lines(s, text, len);
	if (!rc && !*s->value[0])
		rc = ctl_usage("jsessionid is missing: without it there is no session");
	explicit_bzero(text, INPUT_MAX + 1);
	free(text);
	return rc;
}

static int session_set(struct ctl *c)
{
	struct session s;
	struct redis_value *v = NULL;
	bool csrf;
	int rc;

	memset(&s, 0, sizeof(s));
	rc = read_session(&s);
	csrf = *s.value[1];
	/* All three in one step: a worker never sees the half of a session. */
	if (!rc)
		v = ctl_ask(c, "HSET", ctl_key(c, KEY_SESSION), fields[0], s.value[0], fields[1], s.value[1],
			    fields[2], s.value[2]);
	explicit_bzero(&s, sizeof(s));
	if (rc)
		return rc;
	redis_value_free(v);
	if (!v || !forget_expired(c))
		return ctl_fail(c);
	if (!csrf)
		fputs("gesyncctl: warning: no csrf was given; GE may refuse requests without one\n", stderr);
	if (c->opt.json)
		print_json(json_pack("{sb}", "set", 1));
	else
		puts("The session is set: every worker goes over to it within seconds.");
	return EXIT_DONE;
}

/* ---- show, clear ---- */

static int session_show(struct ctl *c)
{
	json_t *ge = ge_gather(c), *held, *doc;
	struct redis_value *v = ge ? ctl_ask(c, "HMGET", ctl_key(c, KEY_SESSION), fields[0], fields[1], fields[2]) : NULL;

	held = ge_held(ge);
	json_decref(ge);
	if (!v) {
		json_decref(held);
		return ctl_fail(c);
	}
	if (!redis_len(redis_at(v, 0))) {
		redis_value_free(v);
		json_decref(held);
		return ctl_missing(c, "no session is set here: workers use their own (GESYNC_GE_SESSION)");
	}
	doc = json_pack("{sb}", "set", 1);
	for (size_t i = 0; i < 3; i++) {
		json_object_set_new(doc, fields[i], json_boolean(redis_len(redis_at(v, i))));
		if (!c->opt.json)
			printf("%-10s  %s\n", fields[i], redis_len(redis_at(v, i)) ? "set (hidden)" : "not set");
	}
	json_object_set(doc, "held", json_is_object(held) ? json_object_get(held, "reason") : held);
	if (c->opt.json)
		print_json(json_incref(doc));
	else if (json_is_object(held))
		print_tame(stdout, "The queues fetch and bulk are held: %s", json_string_value(json_object_get(held, "reason")));
	json_decref(held);
	json_decref(doc);
	redis_value_free(v);
	return EXIT_DONE;
}

static int session_clear(struct ctl *c)
{
	struct redis_value *v = ctl_ask(c, "DEL", ctl_key(c, KEY_SESSION));
	bool was;

	if (!v)
		return ctl_fail(c);
	was = redis_int(v) == 1;
	redis_value_free(v);
	if (!forget_expired(c))
		return ctl_fail(c);
	if (c->opt.json)
		print_json(json_pack("{sb sb}", "set", 0, "changed", was));
	else
		puts(was ? "The session is cleared: workers go back to their own (GESYNC_GE_SESSION)." :
		     "No session was set here.");
	return EXIT_DONE;
}

int command_session(struct ctl *c)
{
	const char *what = c->args.n > 1 ? c->args.v[1] : "";
	int rc = ctl_words(c, 1, 1, 1, "session set|show|clear");

	if (rc)
		return rc;
	if (!strcmp(what, "set"))
		return session_set(c);
	if (!strcmp(what, "show"))
		return session_show(c);
	if (!strcmp(what, "clear"))
		return session_clear(c);
	return ctl_usage("session has no \"%.64s\": give set, show or clear", what);
}
