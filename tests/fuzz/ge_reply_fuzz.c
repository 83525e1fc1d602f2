/* ge_reply_fuzz.c - an answer of the GE server. The first byte chooses status,
 * type and place.
 *
 * A good one is a record that STORE can take; a bad one says why, by a code
 * that is promised. */
#include "fuzz.h"

#include "ge_date.h"
#include "ge_reply.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const int statuses[] = { 200, 200, 200, 200, 302, 401, 403, 404, 429, 500, 503, 999 };
static const char *const types[] = { "application/json;charset=UTF-8", "text/html", "" };
static const char *const places[] = { "", "/login", "https://elsewhere/\xff" };

static bool is_text_or_null(const json_t *v)
{
	return json_is_null(v) || (json_is_string(v) && json_string_length(v) > 0);
}

static void must_be_instant(const json_t *v)
{
	char same[GE_DATE_SIZE];

	must(json_is_string(v));
	must(ge_date_instant(same, json_string_value(v)) == 0 && !strcmp(same, json_string_value(v)));
}

static void must_be_transfer(const json_t *t)
{
	must(json_object_size(t) == 10);
	must(is_text_or_null(json_object_get(t, "from_iec")) && is_text_or_null(json_object_get(t, "to_iec")));
	must(json_is_string(json_object_get(t, "status")));
	if (!json_is_null(json_object_get(t, "initiated")))
		must_be_instant(json_object_get(t, "initiated"));
}

static void must_be_record(const char *text)
{
	json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *item;
	const char *last = "";
	size_t i;

	must(json_is_object(all) && !strstr(text, "\\u0000"));   /* PostgreSQL takes no NUL in a text */
	must(json_is_null(json_object_get(all, "owner")) || json_is_object(json_object_get(all, "owner")));
	must(json_is_array(json_object_get(all, "companies")) && json_is_array(json_object_get(all, "transfers")));
	json_array_foreach(json_object_get(all, "companies"), i, item) {
		const char *iec = json_string_value(json_object_get(item, "iec"));

		must(iec && strcmp(iec, last) > 0);     /* each once, sorted */
		last = iec;
	}
	json_array_foreach(json_object_get(all, "transfers"), i, item)
		must_be_transfer(item);
	json_decref(all);
}

static void must_be_reason(const struct err *err, int status)
{
	char http[32];

	snprintf(http, sizeof(http), "ge_http_%d", status);
	must_be_message(err->msg);
	if (!strcmp(err->code, "ge_session_expired"))
		must(err->kind == ERR_HOLD);
	else if (!strcmp(err->code, "ge_not_found"))
		must(err->kind == ERR_PERMANENT);
	else if (!strcmp(err->code, "ge_bad_response"))
		must(err->kind == ERR_RETRY && status == 200);
	else
		must(!strcmp(err->code, http) && err->kind == (status == 429 ? ERR_HOLD : ERR_RETRY));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ge_reply reply;
	struct err err;
	uint8_t choice;
	char *body;
	int status;

	if (!len)
		return 0;
	choice = bytes[0];
	status = statuses[choice % COUNT(statuses)];
	body = malloc(len);             /* not ended by NUL: a byte read past it is found */
	must(body != NULL);
	memcpy(body, bytes + 1, len - 1);
	if (ge_reply_parse(&reply, status, types[choice / 16 % COUNT(types)], places[choice / 64 % COUNT(places)],
			   body, len - 1, &err) == 0) {
		must(status == 200);
		must_be_record(reply.json);
		ge_reply_clear(&reply);
	} else {
		must(!reply.json);
		must_be_reason(&err, status);
	}
	free(body);
	return 0;
}
