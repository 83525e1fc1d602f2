/* ge_sim_data.c - what the GE simulator answers for each licence.
 *
 * {"0310837893": {"date": "2025-01-15", "iec": "9900000001", "reply": {...}}, ...}
 *
 * An entry has a reply (JSON) or a body (a text, sent as it is), and may have a
 * bad day. A member that nobody knows is refused, since a
 * misspelt one would make a test pass that tests nothing. */
#include "ge_sim.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct ge_sim_data {
	struct ge_sim_entry **slots;    /* open addressing; size is a power of two */
	size_t size, used;
	bool generate;
};

static uint64_t hash(const char *text)
{
	uint64_t h = 14695981039346656037u;     /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h ^ h >> 32;
}

static struct ge_sim_entry **find_slot(struct ge_sim_entry **slots, size_t size, const char *license)
{
	size_t i = hash(license) & (size - 1);

	while (slots[i] && strcmp(slots[i]->license, license))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static void grow(struct ge_sim_data *data)
{
	size_t size = data->size * 2;
	struct ge_sim_entry **slots = must(calloc(size, sizeof(*slots)));

	for (size_t i = 0; i < data->size; i++)
		if (data->slots[i])
			*find_slot(slots, size, data->slots[i]->license) = data->slots[i];
	free(data->slots);
	data->slots = slots;
	data->size = size;
}

/* Everything but the name and the counts. */
static void clear_entry(struct ge_sim_entry *entry)
{
	free(entry->date);
	free(entry->iec);
	free(entry->headers);
	free(entry->body);
	entry->date = entry->iec = entry->headers = entry->body = NULL;
	entry->body_len = 0;
	entry->has_type = false;
	entry->status = 200;
	entry->delay_ms = 0;
	entry->hold = false;
	entry->day = NULL;
	entry->times = ULONG_MAX;
}

static struct ge_sim_entry *find_or_add(struct ge_sim_data *data, const char *license, bool *added)
{
	struct ge_sim_entry **slot = find_slot(data->slots, data->size, license);

	*added = !*slot;
	if (*slot)
		return *slot;
	if (data->used++ >= data->size / 2) {
		grow(data);
		slot = find_slot(data->slots, data->size, license);
	}
	*slot = must(calloc(1, sizeof(**slot)));
	snprintf((*slot)->license, sizeof((*slot)->license), "%s", license);
	clear_entry(*slot);
	return *slot;
}

static int set_text(char **out, const json_t *value)
{
	if (!json_is_string(value))
		return -1;
	free(*out);
	*out = must(strdup(json_string_value(value)));
	return 0;
}

static int set_date(struct ge_sim_entry *entry, const json_t *value)
{
	return set_text(&entry->date, value);
}

static int set_iec(struct ge_sim_entry *entry, const json_t *value)
{
	return set_text(&entry->iec, value);
}

static int set_reply(struct ge_sim_entry *entry, const json_t *value)
{
	free(entry->body);
	entry->body = must(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
	entry->body_len = strlen(entry->body);
	return 0;
}

static int set_body(struct ge_sim_entry *entry, const json_t *value)
{
	if (!json_is_string(value))
		return -1;
	free(entry->body);
	entry->body_len = json_string_length(value);
	entry->body = must(malloc(entry->body_len + 1));
	memcpy(entry->body, json_string_value(value), entry->body_len + 1);
	return 0;
}

static int set_status(struct ge_sim_entry *entry, const json_t *value)
{
	json_int_t status = json_integer_value(value);

	if (!json_is_integer(value) || status < 200 || status > 999)
		return -1;
	entry->status = (int)status;
	return 0;
}

static int set_headers(struct ge_sim_entry *entry, const json_t *value)
{
	const char *name;
	json_t *text;
	size_t len = 0;

	if (!json_is_object(value))
		return -1;
	free(entry->headers);
	entry->headers = must(strdup(""));
	json_object_foreach((json_t *)value, name, text) {
		size_t more;

		if (!json_is_string(text))
			return -1;
		more = strlen(name) + 2 + json_string_length(text) + 2;
		entry->headers = must(realloc(entry->headers, len + more + 1));
		len += (size_t)sprintf(entry->headers + len, "%s: %s\r\n", name, json_string_value(text));
		entry->has_type |= !strcasecmp(name, "Content-Type");
	}
	return 0;
}

static int set_delay_ms(struct ge_sim_entry *entry, const json_t *value)
{
	entry->delay_ms = json_integer_value(value);
	return json_is_integer(value) && entry->delay_ms >= 0 ? 0 : -1;
}

static int set_hold(struct ge_sim_entry *entry, const json_t *value)
{
	entry->hold = json_is_true(value);
	return json_is_boolean(value) ? 0 : -1;
}

static int set_day(struct ge_sim_entry *entry, const json_t *value)
{
	entry->day = json_is_string(value) ? ge_sim_day_find(json_string_value(value)) : NULL;
	return entry->day ? 0 : -1;
}

static int set_times(struct ge_sim_entry *entry, const json_t *value)
{
	entry->times = (unsigned long)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) > 0 ? 0 : -1;
}

static int set_license(struct ge_sim_entry *entry, const json_t *value)
{
	return json_is_string(value) && !strcmp(json_string_value(value), entry->license) ? 0 : -1;
}

/* A further member is one row and its function here. */
static const struct member {
	const char *name;
	int (*set)(struct ge_sim_entry *entry, const json_t *value);
	const char *wants;
} members[] = {
	{ "license", set_license, "its own number" },
	{ "date", set_date, "yyyy-mm-dd" },
	{ "iec", set_iec, "a text" },
	{ "reply", set_reply, "JSON" },
	{ "status", set_status, "200 to 999" },
	{ "headers", set_headers, "an object of texts" },
	{ "body", set_body, "a text" },
	{ "delay_ms", set_delay_ms, "milliseconds" },
	{ "hold", set_hold, "true or false" },
	{ "day", set_day, "the name of a bad day, see --help" },
	{ "times", set_times, "a number from 1" },
};

static int set_member(struct ge_sim_entry *entry, const char *name, const json_t *value, char *why)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i].name, name))
			continue;
		if (!members[i].set(entry, value))
			return 0;
		snprintf(why, GE_SIM_WHY_SIZE, "licence %s: %s wants %s", entry->license, name, members[i].wants);
		return -1;
	}
	snprintf(why, GE_SIM_WHY_SIZE, "licence %s: nobody knows the member %.40s", entry->license, name);
	return -1;
}

static int set_entry(struct ge_sim_data *data, const char *license, json_t *object, char *why)
{
	struct ge_sim_entry *entry;
	const char *name;
	json_t *value;
	bool added;

	if (!*license || strlen(license) >= GE_SIM_LICENSE_SIZE) {
		snprintf(why, GE_SIM_WHY_SIZE, "a licence number has 1 to %d bytes", GE_SIM_LICENSE_SIZE - 1);
		return -1;
	}
	if (!json_is_object(object) && !json_is_null(object)) {
		snprintf(why, GE_SIM_WHY_SIZE, "licence %s: an entry is an object or null", license);
		return -1;
	}
	entry = find_or_add(data, license, &added);
	clear_entry(entry);
	json_object_foreach(object, name, value)
		if (set_member(entry, name, value, why) < 0)
			return -1;
	if (!entry->body && !entry->day && json_is_object(object)) {    /* nothing to say */
		entry->body = must(strdup(""));
		entry->body_len = 0;
	}
	return 0;
}

static int set_document(struct ge_sim_data *data, json_t *root, char *why)
{
	const char *license;
	json_t *entry = json_object_get(root, "license");

	if (json_is_string(entry))
		return set_entry(data, json_string_value(entry), root, why);
	if (!json_is_object(root)) {
		snprintf(why, GE_SIM_WHY_SIZE, "data are JSON objects");
		return -1;
	}
	json_object_foreach(root, license, entry)
		if (set_entry(data, license, entry, why) < 0)
			return -1;
	return 0;
}

int ge_sim_data_set_many(struct ge_sim_data *data, const char *json, size_t len, char *why)
{
	json_error_t error;
	json_t *root = json_loadb(json, len, JSON_ALLOW_NUL, &error);
	int rc = -1;

	if (root)
		rc = set_document(data, root, why);
	else
		snprintf(why, GE_SIM_WHY_SIZE, "no JSON: %.150s", error.text);
	json_decref(root);
	return rc;
}

int ge_sim_data_set(struct ge_sim_data *data, const char *license, const char *json, size_t len, char *why)
{
	json_error_t error;
	json_t *object = json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	int rc;

	if (!object) {
		snprintf(why, GE_SIM_WHY_SIZE, "no JSON: %.150s", error.text);
		return -1;
	}
	rc = set_entry(data, license, object, why);
	json_decref(object);
	return rc;
}

int ge_sim_data_load(struct ge_sim_data *data, const char *path, char *why)
{
	FILE *f = fopen(path, "re");
	int rc = 0;

	if (!f) {
		snprintf(why, GE_SIM_WHY_SIZE, "%.150s: %m", path);
		return -1;
	}
	while (!rc) {
		json_error_t error;
		json_t *root;
		int c;

		while ((c = getc(f)) == ' ' || c == '\n' || c == '\r' || c == '\t')
			;
		if (c == EOF)
			break;
		ungetc(c, f);
		root = json_loadf(f, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
		rc = root ? set_document(data, root, why) : -1;
		if (!root)
			snprintf(why, GE_SIM_WHY_SIZE, "%.100s: %.90s", path, error.text);
		json_decref(root);
	}
	fclose(f);
	return rc;
}

/* A reply that depends on the number and the exporter alone. One company of 500 gets
 * each transfer, so that companies meet each other again as they do in life. */
static void generate(struct ge_sim_entry *entry, const char *iec)
{
	static const char *const last_status[] = { "Transfer - Pending Acceptance", "Withdrawn", "Approved", "APPROVED" };
	uint64_t h = hash(entry->license);
	int count = (int)(h % 4), from_no = 0;
	char from[32], to[32];
	json_t *transfers = must(json_array());
	json_t *root;

	snprintf(from, sizeof(from), "%.20s", *iec ? iec : "0900000000");
	for (int i = 0; i < count; i++) {
		int to_no = (int)((h >> (8 * i + 8)) % 500) + 1, day = 1 + 9 * i + (int)((h >> 40) % 9);
		const char *status = i + 1 < count ? "Approved" : last_status[(h >> 48) % 4];
		char from_name[32] = "GENERATED EXPORTER", to_name[32], date[32], initiated[32];

		snprintf(to, sizeof(to), "09%08d", to_no);
		if (from_no)
			snprintf(from_name, sizeof(from_name), "COMPANY %d LTD", from_no);
		snprintf(to_name, sizeof(to_name), "COMPANY %d LTD", to_no);
		snprintf(initiated, sizeof(initiated), "2025-03-%02d %d:%d:0.0", day, (int)(h >> 52) % 24, i * 7);
		snprintf(date, sizeof(date), "2025-03-%02d", day + 1);
		if (json_array_append_new(transfers, must(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:n,s:n,s:n,s:s,s:n}",
				"fromIEC", from, "toIEC", to, "fromIecEntityName", from_name, "toIecEntityName", to_name,
				"transferStatus", status, "transferInitiationDate", initiated, "transferDate", date,
				"transferacceptanceDate", "cbicStatus", "cbicResponseDate",
				"userIdTransferInitiation", "gen", "userIdAcceptance"))) < 0)
			abort();
		memcpy(from, to, sizeof(from));
		from_no = to_no;
	}
	root = must(json_pack("{s:{s:s,s:s},s:o}", "meisScripCurrentOwnerDtls", "iec", *iec ? iec : from,
			      "firm", "GENERATED EXPORTER", "scripTransfer", transfers));
	set_reply(entry, root);
	json_decref(root);
}

struct ge_sim_entry *ge_sim_data_find(struct ge_sim_data *data, const char *license, const char *iec)
{
	bool added;
	struct ge_sim_entry *entry = find_or_add(data, license, &added);

	if (data->generate && (added || (entry->day && !entry->body)))
		generate(entry, iec);
	return entry;
}

void ge_sim_data_each(struct ge_sim_data *data, void (*cb)(struct ge_sim_entry *entry, void *arg), void *arg)
{
	for (size_t i = 0; i < data->size; i++)
		if (data->slots[i])
			cb(data->slots[i], arg);
}

struct ge_sim_data *ge_sim_data_new(bool generate_missing)
{
	struct ge_sim_data *data = must(calloc(1, sizeof(*data)));

	data->size = 1024;
	data->slots = must(calloc(data->size, sizeof(struct ge_sim_entry *)));
	data->generate = generate_missing;
	return data;
}

void ge_sim_data_free(struct ge_sim_data *data)
{
	for (size_t i = 0; i < data->size; i++) {
		if (data->slots[i])
			clear_entry(data->slots[i]);
		free(data->slots[i]);
	}
	free(data->slots);
	free(data);
}
