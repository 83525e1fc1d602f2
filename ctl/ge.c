/* ge.c - what GE is like, as the pool knows it: breaker, session, pause, pace;
 * and the command breaker. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "scripts.h"

static json_t *text_or_null(const struct redis_value *fields, const char *key)
{
	const struct redis_value *v = redis_get(fields, key);
	json_t *text = redis_len(v) ? json_string(redis_text(v)) : NULL;

	return text ? text : json_null();
}

static json_t *time_or_null(const struct redis_value *fields, const char *key)
{
	return print_iso_json(redis_int(redis_get(fields, key)));
}

static json_t *breaker_json(const struct redis_value *v, int64_t now)
{
	int64_t until = redis_int(redis_get(v, "open_until"));
	bool open = redis_int(redis_get(v, "open_wait")) > 0, probing = open && until > now && redis_len(redis_get(v, "probe"));

	return json_pack("{ss sI so so sI so so}", "state", probing ? "probing" : open ? "open" : "closed",
			 "failures", (json_int_t)redis_int(redis_get(v, "failures")),
			 "since", time_or_null(v, "open_since"),
			 "next_probe_at", probing ? json_null() : time_or_null(v, "open_until"),
			 "wait_ms", (json_int_t)redis_int(redis_get(v, "open_wait")),
			 "last_error", text_or_null(v, "error"), "last_error_at", time_or_null(v, "error_at"));
}

/* A session that expired, and that no other in Redis has replaced. */
static json_t *session_json(const struct redis_value *v, const char *in_redis)
{
	const char *expired = redis_text(redis_get(v, "expired"));

	if (!*expired || (*in_redis && strcmp(expired, in_redis)))
		return json_null();
	return json_pack("{so so}", "since", time_or_null(v, "expired_since"), "until", time_or_null(v, "expired_until"));
}

static json_t *pause_json(const struct redis_value *v, int64_t now)
{
	if (redis_int(redis_get(v, "pause_until")) <= now)
		return json_null();
	return json_pack("{so so so}", "why", text_or_null(v, "pause_why"), "since", time_or_null(v, "pause_since"),
			 "until", time_or_null(v, "pause_until"));
}

json_t *ge_gather(struct ctl *c)
{
	struct redis_value *v;
	json_t *doc;

	command_begin(&c->cmd, &lua_ge_show);
	command_key(&c->cmd, KEY_GE);
	command_key(&c->cmd, KEY_SESSION);
	v = ctl_run_script(c);
	if (!v)
		return NULL;
	doc = json_pack("{so so so sf}", "breaker", breaker_json(v, redis_int(redis_at(v, 0))),
			"session_expired", session_json(v, redis_text(redis_at(v, 1))),
			"pause", pause_json(v, redis_int(redis_at(v, 0))), "pace", strtod(redis_text(redis_at(v, 2)), NULL));
	redis_value_free(v);
	return doc;
}

static const char *text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

static json_t *held(const char *reason, const json_t *since, const json_t *until)
{
	return json_pack("{ss sO? sO?}", "reason", reason, "since", since, "until", until);
}

json_t *ge_held(const json_t *ge)
{
	const json_t *b = json_object_get(ge, "breaker"), *s = json_object_get(ge, "session_expired"),
		     *p = json_object_get(ge, "pause");
	char reason[512], next[64] = "a probe is under way";

	if (json_is_object(s))
		return held("the GE session has expired", json_object_get(s, "since"), json_object_get(s, "until"));
	if (strcmp(text(b, "state"), "closed")) {
		if (*text(b, "next_probe_at"))
			snprintf(next, sizeof(next), "next probe at %.19sZ", text(b, "next_probe_at"));
		snprintf(reason, sizeof(reason), "GE is down, the breaker is open: %s; last error %s", next, text(b, "last_error"));
		return held(reason, json_object_get(b, "since"), json_object_get(b, "next_probe_at"));
	}
	if (json_is_object(p))
		return held(text(p, "why"), json_object_get(p, "since"), json_object_get(p, "until"));
	return json_null();
}

/* ---- breaker show, reset ---- */

static void print_breaker(const json_t *b)
{
	bool closed = !strcmp(text(b, "state"), "closed");

	if (closed)
		printf("breaker     closed: %lld failures in a row\n", (long long)json_integer_value(json_object_get(b, "failures")));
	else
		print_tame(stdout, "breaker     open since %s, after %lld failures in a row", text(b, "since"),
			   (long long)json_integer_value(json_object_get(b, "failures")));
	if (!closed)
		print_tame(stdout, "next probe  %s", *text(b, "next_probe_at") ? text(b, "next_probe_at") : "is under way");
	if (*text(b, "last_error"))
		print_tame(stdout, "last error  %s, at %s", text(b, "last_error"), text(b, "last_error_at"));
}

static int breaker_reset(struct ctl *c, const char *was)
{
	struct redis_value *v = ctl_ask(c, "HDEL", ctl_key(c, KEY_GE), "failures", "open_since", "open_wait", "open_until", "probe");

	if (!v)
		return ctl_fail(c);
	redis_value_free(v);
	if (c->opt.json)
		print_json(json_pack("{sb ss}", "reset", 1, "was", was));
	else
		printf("The breaker is closed%s\n", strcmp(was, "closed") ? ": workers go on within seconds." : ", as it was.");
	return EXIT_DONE;
}

int command_breaker(struct ctl *c)
{
	const char *what = c->args.n > 1 ? c->args.v[1] : "";
	int rc = ctl_words(c, 1, 1, 1, "breaker show|reset");
	json_t *ge, *b;

	if (rc)
		return rc;
	if (strcmp(what, "show") && strcmp(what, "reset"))
		return ctl_usage("breaker has no \"%.64s\": give show or reset", what);
	ge = ge_gather(c);
	if (!ge)
		return ctl_fail(c);
	b = json_object_get(ge, "breaker");
	if (!strcmp(what, "reset"))
		rc = breaker_reset(c, text(b, "state"));
	else if (c->opt.json)
		print_json(json_incref(b));
	else
		print_breaker(b);
	json_decref(ge);
	return rc;
}
