/* ge_sim_control.c - /_control/: a test looks at the simulator and changes it. */
#include "ge_sim_server.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

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

static int show_stats(struct sim *sim, const struct ge_sim_http *http, char **text)
{
	const struct stats *s = &sim->stats;
	unsigned long license_max = 0;
	json_t *json;

	ge_sim_data_each(sim->data, add_license_max, &license_max);
	json = must(json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
		"requests", (json_int_t)s->requests, "good", (json_int_t)s->good, "bad", (json_int_t)s->bad,
		"expired", (json_int_t)s->expired, "aborted", (json_int_t)s->aborted,
		"waiting", (json_int_t)s->waiting, "concurrent", (json_int_t)s->running,
		"concurrent_max", (json_int_t)s->running_max, "license_concurrent_max", (json_int_t)license_max,
		"connections", (json_int_t)s->connections, "connections_max", (json_int_t)s->connections_max,
		"connections_total", (json_int_t)s->connections_total));
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
		r->due_us = 0;          /* at once, from the loop */
		ge_sim_heap_add(sim, r);
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
	} else {
		snprintf(why, GE_SIM_WHY_SIZE, "session wants {\"session\": text, \"csrf\": text}");
	}
	json_decref(json);
	return json && !rc ? 200 : 400;
}

/* Returns the status; *text is the answer where it is not just "ok" or why. */
static int control(struct sim *sim, const struct ge_sim_http *http, char **text, char *why)
{
	const char *what = http->path + strlen("/_control/");
	bool post = !strcmp(http->method, "POST");

	if (!strcmp(what, "stats") && !post)
		return show_stats(sim, http, text);
	if (!post) {
		snprintf(why, GE_SIM_WHY_SIZE, "GET shows stats; all else is POST");
		return 405;
	}
	if (!strncmp(what, "license/", 8))
		return ge_sim_data_set(sim->data, what + 8, http->body, http->body_len, why) < 0 ? 400 : 200;
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
	else
		return snprintf(why, GE_SIM_WHY_SIZE, "there is no control %.60s", what), 404;
	return 200;
}

void ge_sim_control(struct sim *sim, struct request *r, const struct ge_sim_http *http)
{
	char why[GE_SIM_WHY_SIZE] = "";

	r->control = true;
	r->ready = true;
	r->text_status = control(sim, http, &r->text, why);
	if (!r->text) {
		json_t *json = must(r->text_status == 200 ? json_pack("{s:b}", "ok", 1) : json_pack("{s:s}", "error", why));

		r->text = must(json_dumps(json, JSON_COMPACT));
		json_decref(json);
	}
}
