/* ge_record.c - the rules of DOMAIN.md section 3: who owns a licence, who is known,
 * and which transfers there were. */
#include "ge_record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ge_field.h"
#include "mem.h"

#define TRANSFERS_MAX 10000     /* real licences have a handful */

/* Widths of the columns, in characters: facts/schema.json. */
enum { COMPANY_MAX = 255, STATUS_MAX = 50, CBIC_MAX = 100, USER_MAX = 100 };

struct transfer {
	const char *from_iec, *to_iec, *from_name, *to_name;    /* NULL where empty */
	const char *status;                                     /* "" where empty */
	const char *cbic_status, *user_initiation, *user_acceptance;
	const char *initiated, *date, *accepted, *cbic_date;    /* ISO */
	size_t position;                                        /* in the list */
	bool repeated;                                          /* a later one has the same key */
};

struct company {
	const char *iec, *name;
	size_t position;
};

/* A document on its way to a record. */
struct reading {
	struct ge_fields fields;
	const json_t *root;             /* borrowed */
	struct transfer *transfers;     /* owned, as are the next two */
	size_t transfers_count;
	struct company *companies;
	size_t companies_count;
	char *file_transfer_status;
	struct company block;           /* current-owner block */
	struct company owner;
};

static bool is_empty_block(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_string(value) && !*json_string_value(value)) ||
	       (json_is_array(value) && !json_array_size(value)) ||
	       (json_is_object(value) && !json_object_size(value));
}

static int read_block(struct reading *p)
{
	const json_t *block = json_object_get(p->root, GE_KEY_CURRENT);

	if (is_empty_block(block))
		return 0;
	if (!json_is_object(block))
		return ge_field_bad(p->fields.err, "a " GE_KEY_CURRENT " that is no object");
	if (ge_field_iec(&p->fields, block, &(struct ge_place){ "iec", 0 }, &p->block.iec) < 0)
		return -1;
	return ge_field_text(&p->fields, block, &(struct ge_place){ "firm", 0 }, COMPANY_MAX,
			     &p->block.name);
}

/* Fields of a transfer: a further one is a row here and a line in transfer_json(). */
enum field_kind { FIELD_IEC, FIELD_TEXT, FIELD_INSTANT, FIELD_DAY };

static const struct field {
	const char *key;
	enum field_kind kind;
	size_t max;
	size_t offset;
} transfer_fields[] = {
	{ "fromIEC", FIELD_IEC, 0, offsetof(struct transfer, from_iec) },
	{ "toIEC", FIELD_IEC, 0, offsetof(struct transfer, to_iec) },
	{ "fromIecEntityName", FIELD_TEXT, COMPANY_MAX, offsetof(struct transfer, from_name) },
	{ "toIecEntityName", FIELD_TEXT, COMPANY_MAX, offsetof(struct transfer, to_name) },
	{ "transferStatus", FIELD_TEXT, STATUS_MAX, offsetof(struct transfer, status) },
	{ "transferInitiationDate", FIELD_INSTANT, 0, offsetof(struct transfer, initiated) },
	{ "transferDate", FIELD_DAY, 0, offsetof(struct transfer, date) },
	{ "transferacceptanceDate", FIELD_INSTANT, 0, offsetof(struct transfer, accepted) },
	{ "cbicStatus", FIELD_TEXT, CBIC_MAX, offsetof(struct transfer, cbic_status) },
	{ "cbicResponseDate", FIELD_INSTANT, 0, offsetof(struct transfer, cbic_date) },
	{ "userIdTransferInitiation", FIELD_TEXT, USER_MAX, offsetof(struct transfer, user_initiation) },
	{ "userIdAcceptance", FIELD_TEXT, USER_MAX, offsetof(struct transfer, user_acceptance) },
};

static int read_field(struct reading *p, const json_t *object, const struct field *field,
		      size_t number, const char **out)
{
	const struct ge_place at = { field->key, number };

	switch (field->kind) {
	case FIELD_IEC:
		return ge_field_iec(&p->fields, object, &at, out);
	case FIELD_TEXT:
		return ge_field_text(&p->fields, object, &at, field->max, out);
	case FIELD_INSTANT:
		return ge_field_instant(&p->fields, object, &at, out);
	case FIELD_DAY:
		return ge_field_day(&p->fields, object, &at, out);
	}
	return -1;
}

/* An entry in which no field says anything is skipped, as null is: a row
 * of nothing but NULLs would tell nobody anything. */
static int read_transfer(struct reading *p, const json_t *object, size_t position)
{
	struct transfer *t = &p->transfers[p->transfers_count];
	bool says_something = false;

	*t = (struct transfer){ .position = position };
	for (size_t i = 0; i < sizeof(transfer_fields) / sizeof(transfer_fields[0]); i++) {
		const char **out = (const char **)((char *)t + transfer_fields[i].offset);

		if (read_field(p, object, &transfer_fields[i], position + 1, out) < 0)
			return -1;
		says_something |= *out != NULL;
	}
	if (!t->status)
		t->status = "";
	p->transfers_count += says_something;
	return 0;
}

static int read_transfers(struct reading *p)
{
	const json_t *list = json_object_get(p->root, GE_KEY_TRANSFERS), *entry;
	size_t i;

	if (is_empty_block(list))
		return 0;
	if (!json_is_array(list))
		return ge_field_bad(p->fields.err, "a " GE_KEY_TRANSFERS " that is no list");
	if (json_array_size(list) > TRANSFERS_MAX)
		return ge_field_bad(p->fields.err, "%zu transfers, more than the %d that are believed",
				    json_array_size(list), TRANSFERS_MAX);
	p->transfers = need(calloc(json_array_size(list), sizeof(*p->transfers)));
	json_array_foreach(list, i, entry) {
		if (json_is_null(entry))
			continue;
		if (!json_is_object(entry))
			return ge_field_bad(p->fields.err, "a transfer %zu that is no object", i + 1);
		if (read_transfer(p, entry, i) < 0)
			return -1;
	}
	return 0;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_key(const void *left, const void *right)
{
	const struct transfer *a = *(struct transfer *const *)left;
	const struct transfer *b = *(struct transfer *const *)right;
	int order = compare_texts(a->from_iec, b->from_iec);

	if (!order)
		order = compare_texts(a->to_iec, b->to_iec);
	if (!order)
		order = compare_texts(a->initiated, b->initiated);
	return order;
}

static int by_key_and_position(const void *left, const void *right)
{
	const struct transfer *a = *(struct transfer *const *)left;
	const struct transfer *b = *(struct transfer *const *)right;
	int order = by_key(left, right);

	return order ? order : a->position < b->position ? -1 : 1;
}

/* Marks all but the last of the transfers which have one key. */
static void mark_repeated(struct reading *p)
{
	size_t n = p->transfers_count;
	struct transfer **sorted;

	if (n < 2)
		return;
	sorted = need(calloc(n, sizeof(*sorted)));
	for (size_t i = 0; i < n; i++)
		sorted[i] = &p->transfers[i];
	qsort(sorted, n, sizeof(*sorted), by_key_and_position);
	for (size_t i = 0; i + 1 < n; i++)
		sorted[i]->repeated = !by_key(&sorted[i], &sorted[i + 1]);
	free(sorted);
}

static bool is_approved(const struct transfer *t)
{
	return strlen(t->status) == strlen("approved") && ge_text_begins(t->status, "approved");
}

/* The latest by initiation, which sorts as text (ge_date.h). Without one it
 * sorts lowest; of equal ones the later in the list counts. */
static const struct transfer *latest(const struct reading *p, bool approved_only)
{
	const struct transfer *best = NULL;

	for (size_t i = 0; i < p->transfers_count; i++) {
		const struct transfer *t = &p->transfers[i];

		if (t->repeated || (approved_only && !is_approved(t)))
			continue;
		if (!best || compare_texts(t->initiated, best->initiated) >= 0)
			best = t;
	}
	return best;
}

static void choose_owner(struct reading *p)
{
	const struct transfer *t = latest(p, true);

	if (t && t->to_iec)
		p->owner = (struct company){ .iec = t->to_iec, .name = t->to_name };
	else if (p->block.iec)
		p->owner = p->block;
}

static void add_company(struct reading *p, const char *iec, const char *name)
{
	if (!iec)
		return;
	p->companies[p->companies_count] = (struct company){ iec, name, p->companies_count };
	p->companies_count++;
}

static int by_iec(const void *left, const void *right)
{
	const struct company *a = left, *b = right;
	int order = strcmp(a->iec, b->iec);

	if (!order)
		order = !a->name - !b->name;    /* who has a name wins */
	return order ? order : a->position < b->position ? -1 : 1;
}

static struct company *find_company(const struct reading *p, const char *iec)
{
	for (size_t low = 0, high = p->companies_count; iec && low < high; ) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(p->companies[middle].iec, iec);

		if (!order)
			return &p->companies[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The owner and everybody in a transfer, each once. Of several names the owner's
 * counts, then the first in the list. */
static void collect_companies(struct reading *p)
{
	struct company *found;
	size_t kept = 0;

	p->companies = need(calloc(2 * p->transfers_count + 1, sizeof(*p->companies)));
	add_company(p, p->owner.iec, p->owner.name);
	for (size_t i = 0; i < p->transfers_count; i++) {
		add_company(p, p->transfers[i].from_iec, p->transfers[i].from_name);
		add_company(p, p->transfers[i].to_iec, p->transfers[i].to_name);
	}
	qsort(p->companies, p->companies_count, sizeof(*p->companies), by_iec);
	for (size_t i = 0; i < p->companies_count; i++)
		if (!kept || strcmp(p->companies[kept - 1].iec, p->companies[i].iec))
			p->companies[kept++] = p->companies[i];
	p->companies_count = kept;

	found = find_company(p, p->block.iec);
	if (found && !found->name)
		found->name = p->block.name;
	found = find_company(p, p->owner.iec);
	if (found)
		p->owner.name = found->name;
}

/* "<status> -> <to name>" of a transfer that is still under way. Where the name is
 * missing, the reply's other name of that company stands in, or its IEC. */
static void make_status(struct reading *p)
{
	const struct transfer *t = latest(p, false);
	const struct company *company;
	const char *name;

	if (!t || is_approved(t))
		return;
	company = find_company(p, t->to_iec);
	name = t->to_name ? t->to_name : company && company->name ? company->name : t->to_iec;
	if (!name && !*t->status)
		return;
	if (!name)
		name = "";
	p->file_transfer_status = need_text("%s%s\u2192%s%s", t->status, *t->status ? " " : "",
					    *name ? " " : "", name);
}

static json_t *text_json(const char *text)
{
	return need(text ? json_string(text) : json_null());
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		abort();
}

static json_t *company_json(const struct company *company)
{
	json_t *object = need(json_object());

	set(object, "iec", text_json(company->iec));
	set(object, "name", text_json(company->name));
	return object;
}

static json_t *transfer_json(const struct transfer *t)
{
	json_t *object = need(json_object());

	set(object, "from_iec", text_json(t->from_iec));
	set(object, "to_iec", text_json(t->to_iec));
	set(object, "initiated", text_json(t->initiated));
	set(object, "date", text_json(t->date));
	set(object, "status", text_json(t->status));
	set(object, "accepted", text_json(t->accepted));
	set(object, "cbic_status", text_json(t->cbic_status));
	set(object, "cbic_date", text_json(t->cbic_date));
	set(object, "user_initiation", text_json(t->user_initiation));
	set(object, "user_acceptance", text_json(t->user_acceptance));
	return object;
}

static char *record_json(const struct reading *p)
{
	json_t *record = need(json_object());
	json_t *companies = need(json_array()), *transfers = need(json_array());
	char *text;

	for (size_t i = 0; i < p->companies_count; i++)
		if (json_array_append_new(companies, company_json(&p->companies[i])) < 0)
			abort();
	for (size_t i = 0; i < p->transfers_count; i++)
		if (!p->transfers[i].repeated &&
		    json_array_append_new(transfers, transfer_json(&p->transfers[i])) < 0)
			abort();
	set(record, "owner", p->owner.iec ? company_json(&p->owner) : json_null());
	set(record, "file_transfer_status", text_json(p->file_transfer_status));
	set(record, "companies", companies);
	set(record, "transfers", transfers);
	text = need(json_dumps(record, JSON_COMPACT));
	json_decref(record);
	return text;
}

int ge_record_make(char **json, const json_t *root, struct err *err)
{
	struct reading r = { .fields = { .err = err }, .root = root };
	int rc = -1;

	*json = NULL;
	/* Of the original owner nothing is stored, so nothing of it is read. */
	if (read_block(&r) < 0 || read_transfers(&r) < 0)
		goto out;
	mark_repeated(&r);
	choose_owner(&r);
	collect_companies(&r);
	make_status(&r);
	*json = record_json(&r);
	rc = 0;
out:
	free(r.file_transfer_status);
	free(r.companies);
	free(r.transfers);
	ge_fields_clear(&r.fields);
	return rc;
}
