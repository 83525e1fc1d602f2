/* ge_sim_control.c - /_control/: a test looks at the simulator and changes it. */
#include "ge_sim_server.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void add_license(struct ge_sim_entry *entry, void *arg)
{
	if (entry->requests)
		json_object_set_new(arg, entry->license, json_pack("{s:I,s:I,s:I}",
				    "requests", (json_int_t)entry->requests, "running", (json_int_t)entry->running,
				    "concurrent_max", (json_int_t)entry->running_max));
}

static void add_license_max(struct ge_sim_entry *entry, void *arg)
{
	unsigned long *max = arg;

	if (entry->running_max > *max)
		*max = entry->running_max;
}

static json_t *day_counts(const struct sim *sim)
{
	json_t *days = must(json_object());

	for (size_t i = 0; i < ge_sim_days_count; i++)
		if (sim->day_counts[i])
			json_object_set_new(days, ge_sim_days[i].name, json_integer((json_int_t)sim->day_counts[i]));
	return days;
}

/* The last of them, oldest first. */
static int show_requests(const struct sim *sim, char **text)
{
	size_t i = sim->past_count > GE_SIM_PAST ? sim->past_count - GE_SIM_PAST : 0;
	json_t *list = must(json_array());

	for (; i < sim->past_count; i++) {
		const struct past *p = &sim->past[i % GE_SIM_PAST];

		json_array_append_new(list, must(json_pack("[I,s?,s]", (json_int_t)p->at_ms,
							   p->entry ? p->entry->license : NULL, p->kind)));
	}
	*text = must(json_dumps(list, JSON_COMPACT));
	json_decref(list);
	return 200;
}

static int show_stats(struct sim *sim, const struct ge_sim_http *http, char **text)
{
	const struct stats *s = &sim->stats;
	unsigned long license_max = 0;
	json_t *json;

	ge_sim_data_each(sim->data, add_license_max, &license_max);
	json = must(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}",
		"requests", (json_int_t)s->requests, "good", (json_int_t)s->good, "bad", (json_int_t)s->bad,
		"expired", (json_int_t)s->expired, "astray", (json_int_t)s->astray, "aborted", (json_int_t)s->aborted,
		"waiting", (json_int_t)s->waiting, "concurrent", (json_int_t)s->running,
		"concurrent_max", (json_int_t)s->running_max, "license_concurrent_max", (json_int_t)license_max,
		"connections", (json_int_t)s->connections, "connections_max", (json_int_t)s->connections_max,
		"connections_total", (json_int_t)s->connections_total, "days", day_counts(sim)));
	if (strcmp(http->query, "brief")) {
		json_t *licenses = must(json_object());

		ge_sim_data_each(sim->data, add_license, licenses);
		json_object_set_new(json, "licenses", licenses);
	}
	*text = must(json_dumps(json, JSON_COMPACT));
	json_decref(json);
	return 200;
}

static void reset_license(struct ge_sim_entry *entry, void *arg)
{
	(void)arg;
	entry->requests = entry->running;
	entry->running_max = entry->running;
}

/* What is under way goes on being counted. */
static void reset_stats(struct sim *sim)
{
	struct stats *s = &sim->stats;

	*s = (struct stats){
		.running = s->running, .running_max = s->running, .waiting = s->waiting,
		.connections = s->connections, .connections_max = s->connections,
	};
	memset(sim->day_counts, 0, ge_sim_days_count * sizeof(*sim->day_counts));
	sim->past_count = 0;
	ge_sim_data_each(sim->data, reset_license, NULL);
}

/* Of one licence, or of all for NULL. */
static void release(struct sim *sim, const char *license)
{
	struct request *next;

	if (!license)
		sim->holding = false;
	for (struct request *r = sim->held_first; r; r = next) {
		next = r->held_next;
		if (license && (!r->entry || strcmp(r->entry->license, license)))
			continue;
		ge_sim_held_remove(sim, r);
		if (!r->day || r->day->wire != WIRE_HANG)
			ge_sim_wait_us(sim, r, 0);      /* at once, from the loop */
	}
}

static int control_latency(struct sim *sim, const struct ge_sim_http *http, char *why)
{
	char value[64];

	if (ge_sim_form_get(http->query, strlen(http->query), "ms", value, sizeof(value)) > 0 &&
	    !ge_sim_parse_latency(value, &sim->options->latency_min, &sim->options->latency_max))
		return 200;
	snprintf(why, GE_SIM_WHY_SIZE, "latency wants ?ms=N or ?ms=N-M");
	return 400;
}

static int control_session(struct sim *sim, const struct ge_sim_http *http, char *why)
{
	struct ge_sim_rules *rules = &sim->options->rules;
	const char *session = "", *csrf = "";
	json_t *json = json_loadb(http->body, http->body_len, 0, NULL);
	int rc = json_unpack(json, "{s?s,s?s}", "session", &session, "csrf", &csrf);

	if (json && !rc) {
		snprintf(rules->session, sizeof(rules->session), "%s", session);
		snprintf(rules->csrf, sizeof(rules->csrf), "%s", csrf);
		sim->expires_after = -1;
	} else {
		snprintf(why, GE_SIM_WHY_SIZE, "session wants {\"session\": text, \"csrf\": text}");
	}
	json_decref(json);
	return json && !rc ? 200 : 400;
}

/* A field of the query: -1 where it is no number. */
static long query_number(const struct ge_sim_http *http, const char *name, long missing)
{
	char value[32], *end;
	long n;

	if (ge_sim_form_get(http->query, strlen(http->query), name, value, sizeof(value)) < 0)
		return missing;
	n = strtol(value, &end, 10);
	return end == value || *end || n < 0 || n > 1000000000 ? -1 : n;
}

static int control_expire(struct sim *sim, const struct ge_sim_http *http, char *why)
{
	char page[32];
	long after = query_number(http, "after", 0);

	if (ge_sim_form_get(http->query, strlen(http->query), "page", page, sizeof(page)) < 0)
		snprintf(page, sizeof(page), "login");
	if (after < 0 || !ge_sim_day_find(page)) {
		snprintf(why, GE_SIM_WHY_SIZE, "expire wants nothing, ?after=REQUESTS or ?page=login|redirect|401|403");
		return 400;
	}
	sim->page = ge_sim_day_find(page);
	sim->expires_after = after;
	return 200;
}

static int control_refuse(struct sim *sim, const struct request *r, const struct ge_sim_http *http, char *why)
{
	long ms = query_number(http, "ms", 0);

	if (ms < 0) {
		snprintf(why, GE_SIM_WHY_SIZE, "refuse wants nothing or ?ms=N");
		return 400;
	}
	ge_sim_refuse(sim, ms, r->conn);
	return 200;
}

static int control_awsalb(struct sim *sim, const struct ge_sim_http *http, char *why)
{
	long on = query_number(http, "on", -1);

	if (on != 0 && on != 1) {
		snprintf(why, GE_SIM_WHY_SIZE, "awsalb wants ?on=1 or ?on=0");
		return 400;
	}
	sim->options->awsalb = on;
	return 200;
}

static int read_rates(double *rates, json_t *json, char *why)
{
	const char *name;
	json_t *value;
	double sum = 0;

	json_object_foreach(json, name, value) {
		const struct ge_sim_day *day = ge_sim_day_find(name);
		double rate = json_number_value(value);

		sum += rate;
		if (!day || !json_is_number(value) || rate < 0 || sum > 1.000001) {
			snprintf(why, GE_SIM_WHY_SIZE, "day %.40s: there is none, or its rate is not 0 to 1 (in sum)", name);
			return -1;
		}
		rates[day - ge_sim_days] = rate;
	}
	return 0;
}

int ge_sim_set_rates(struct sim *sim, const char *text, size_t len, char *why)
{
	json_t *json = json_loadb(text, len, 0, NULL);
	double *rates = must(calloc(ge_sim_days_count, sizeof(*rates)));
	int rc;

	snprintf(why, GE_SIM_WHY_SIZE, "days are an object of rates");
	rc = json_is_object(json) ? read_rates(rates, json, why) : -1;
	if (!rc)
		memcpy(sim->rates, rates, ge_sim_days_count * sizeof(*rates));
	json_decref(json);
	free(rates);
	return rc;
}

/* Returns the status; *text is the answer where it is not just "ok" or why. */
static int control(struct sim *sim, const struct request *r, const struct ge_sim_http *http, char **text, char *why)
{
	const char *what = http->path + strlen("/_control/");
	bool post = !strcmp(http->method, "POST");

	if (!strcmp(what, "stats") && !post)
		return show_stats(sim, http, text);
	if (!strcmp(what, "requests") && !post)
		return show_requests(sim, text);
	if (!post) {
		snprintf(why, GE_SIM_WHY_SIZE, "GET shows stats and requests; all else is POST");
		return 405;
	}
	if (!strncmp(what, "license/", 8))
		return ge_sim_data_set(sim->data, what + 8, http->body, http->body_len, why) < 0 ? 400 : 200;
	if (!strcmp(what, "licenses"))
		return ge_sim_data_set_many(sim->data, http->body, http->body_len, why) < 0 ? 400 : 200;
	if (!strcmp(what, "hold"))
		sim->holding = true;
	else if (!strcmp(what, "release"))
		release(sim, NULL);
	else if (!strncmp(what, "release/", 8))
		release(sim, what + 8);
	else if (!strcmp(what, "reset"))
		reset_stats(sim);
	else if (!strcmp(what, "latency"))
		return control_latency(sim, http, why);
	else if (!strcmp(what, "session"))
		return control_session(sim, http, why);
	else if (!strcmp(what, "expire"))
		return control_expire(sim, http, why);
	else if (!strcmp(what, "refuse"))
		return control_refuse(sim, r, http, why);
	else if (!strcmp(what, "listen"))
		ge_sim_listen(sim);
	else if (!strcmp(what, "awsalb"))
		return control_awsalb(sim, http, why);
	else if (!strcmp(what, "days"))
		return ge_sim_set_rates(sim, http->body, http->body_len, why) < 0 ? 400 : 200;
	else
		return snprintf(why, GE_SIM_WHY_SIZE, "there is no control %.60s", what), 404;
	return 200;
}

void ge_sim_control(struct sim *sim, struct request *r, const struct ge_sim_http *http)
{
	char why[GE_SIM_WHY_SIZE] = "";

	r->control = true;
	r->ready = true;
	r->text_status = control(sim, r, http, &r->text, why);
	if (!r->text) {
		json_t *json = must(r->text_status == 200 ? json_pack("{s:b}", "ok", 1) : json_pack("{s:s}", "error", why));

		r->text = must(json_dumps(json, JSON_COMPACT));
		json_decref(json);
	}
}
