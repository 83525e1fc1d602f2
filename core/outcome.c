/* outcome.c - what is recorded of a job. */
#include "outcome.h"

#include <stdlib.h>
#include <string.h>

#include "iso.h"
#include "mem.h"

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *time_or_null(int64_t ms)
{
	char text[ISO_TIME];

	return ms ? json_string(iso_time(ms, text)) : json_null();
}

char *outcome_text(const struct outcome *o)
{
	const struct job *job = o->job;
	json_t *obj = json_object();
	char *text;

	json_object_set_new(obj, "id", text_or_null(job->id));
	json_object_set_new(obj, "kind", json_string(job_kind(job->queue)));
	if (job->fields)
		json_object_update(obj, job->fields);
	else if (*job->subject)
		json_object_set_new(obj, "license", json_string(job->subject));
	json_object_set_new(obj, "status", json_string(o->status));
	json_object_set_new(obj, "attempt", json_integer(job->attempt + 1));
	json_object_set_new(obj, "run", text_or_null(job->run));
	json_object_set_new(obj, "worker", text_or_null(o->worker));
	json_object_set_new(obj, "queued_at", time_or_null(job->queued_ms));
	json_object_set_new(obj, "started_at", time_or_null(o->started_ms));
	json_object_set_new(obj, "finished_at", time_or_null(o->now_ms));
	json_object_set_new(obj, "duration_ms", json_integer(o->started_ms ? o->now_ms - o->started_ms : 0));
	if (o->next_ms)
		json_object_set_new(obj, "next_attempt_at", time_or_null(o->next_ms));
	if (job->dry_run)
		json_object_set_new(obj, "dry_run", json_true());
	if (o->result)
		json_object_set(obj, "result", o->result);
	if (o->err)
		json_object_set_new(obj, "error", json_pack("{ss ss}", "code", o->err->code, "message", o->err->msg));
	text = need(json_dumps(obj, JSON_COMPACT));
	json_decref(obj);
	return text;
}

void outcome_fields(const char *text, struct outcome_fields *out)
{
	json_t *obj = json_loads(text, 0, NULL), *value;
	const char *key;

	out->n = 0;
	json_object_foreach(obj, key, value) {
		if (out->n + 2 > sizeof(out->v) / sizeof(*out->v))
			break;
		out->v[out->n++] = need_copy(key);
		if (json_is_string(value))
			out->v[out->n++] = need_copy(json_string_value(value));
		else if (json_is_null(value))
			out->v[out->n++] = need_copy("");
		else
			out->v[out->n++] = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	json_decref(obj);
}

void outcome_fields_clear(struct outcome_fields *out)
{
	for (size_t i = 0; i < out->n; i++)
		free(out->v[i]);
}

/* Texts that people chose may look like JSON; the rest is JSON where it does. */
static bool was_json(const char *name, const char *value)
{
	static const char *const texts[] = { "id", "run", "worker", "license", "table" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(name, texts[i]))
			return false;
	if (!strcmp(name, "attempt") || !strcmp(name, "duration_ms") || *value == '{' || *value == '[')
		return true;
	return !strcmp(value, "true") && strcmp(name, "app") != 0;
}

void outcome_set_field(json_t *outcome, const char *name, const char *value)
{
	json_t *item = was_json(name, value) ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;

	if (!item && *value)
		item = json_string(value);
	json_object_set_new(outcome, name, item ? item : json_null());
}
