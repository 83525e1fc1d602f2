/* job_structure.c - the fields of check and migrate jobs.
 *
 * A table says which job takes which field, and of what type. What was given is
 * kept in job->fields in one form, whatever way it was written: `app` is "all", a
 * label, or a list of labels, sorted and each once; lists are lists; what is
 * false, null or absent is not there. */
#include "job_structure.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define LABEL_MAX       63      /* a label is part of a table's name, which has no more */
#define MIGRATION_MAX       200     /* "app.name" (migration.h) */
#define LIST_MAX        256     /* names; the element is bounded too */

static bool is_word(const char *s, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && (!s[i] || !strchr(others, s[i])))
			return false;
	return len > 0;
}

bool job_app_valid(const char *s, size_t len)
{
	return len <= LABEL_MAX && is_word(s, len, "_") && !isdigit((unsigned char)*s);
}

bool job_migration_valid(const char *s, size_t len)
{
	const char *dot = memchr(s, '.', len);

	return dot && len <= MIGRATION_MAX && job_app_valid(s, (size_t)(dot - s)) &&
	       is_word(dot + 1, len - (size_t)(dot + 1 - s), "_-");
}

bool job_table_valid(const char *s, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_char(s + i, len - i);
		if (!n || (unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	}
	return len >= 1 && len <= 63;   /* of a name in PostgreSQL */
}

bool job_backup_valid(const char *s, size_t len)
{
	return len <= 200 && is_word(s, len, "._-") && isalnum((unsigned char)*s);
}

/* ---- values ---- */

typedef bool valid_fn(const char *s, size_t len);

static bool is_text(const json_t *v, valid_fn *valid)
{
	return json_is_string(v) && valid(json_string_value(v), json_string_length(v));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A text or a list of them, as a list: sorted, each once. NULL if one is wrong. */
static json_t *list_of(const json_t *v, valid_fn *valid)
{
	const char *names[LIST_MAX];
	size_t n = json_is_array(v) ? json_array_size(v) : 1;
	json_t *list;

	if (!n || n > LIST_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;

		if (!is_text(one, valid))
			return NULL;
		names[i] = json_string_value(one);
	}
	qsort(names, n, sizeof(*names), by_text);
	list = json_array();
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(names[i], names[i - 1]))
			json_array_append_new(list, json_string(names[i]));
	return list;
}

enum type { NAMES, NAME, TABLE, FILE_NAME, FLAG };

static json_t *value_of(enum type type, const json_t *v)
{
	static valid_fn *const valid[] = {
		[NAME] = job_migration_valid, [TABLE] = job_table_valid, [FILE_NAME] = job_backup_valid
	};

	if (type == FLAG)
		return json_is_boolean(v) ? json_boolean(json_is_true(v)) : NULL;
	if (type == NAMES)
		return list_of(v, job_migration_valid);
	return is_text(v, valid[type]) ? json_string(json_string_value(v)) : NULL;
}

/* ---- fields ---- */

/* A new field is a row here, a line in INTERFACE.md section 3, and its use in the handler. */
static const struct field {
	const char *name;
	enum settings_queue queue;
	enum type type;
	const char *wrong;
} fields[] = {
	{ "table", QUEUE_CHECK, TABLE, "table must be the name of a table, 1 to 63 bytes" },
	{ "show_columns", QUEUE_CHECK, FLAG, "show_columns must be true or false" },
	{ "fix", QUEUE_CHECK, FLAG, "fix must be true or false" },
	{ "plan", QUEUE_MIGRATE, FLAG, "plan must be true or false" },
	{ "fake", QUEUE_MIGRATE, NAMES, "fake must be APP.NAME, or a list of at most 256 of them" },
	{ "fake_applied", QUEUE_MIGRATE, FLAG, "fake_applied must be true or false" },
	{ "to", QUEUE_MIGRATE, NAME, "to must be APP.NAME" },
	{ "repair", QUEUE_MIGRATE, FLAG, "repair must be true or false" },
	{ "backup", QUEUE_MIGRATE, FILE_NAME, "backup must be a plain file name: letters, digits, . _ -, no folder" },
	{ "allow_data_loss", QUEUE_MIGRATE, FLAG, "allow_data_loss must be true or false" },
};

/* Labels with commas between them: no label holds one. */
static int join(struct job *job, const json_t *list)
{
	size_t len = 0;
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		size_t n = json_string_length(one);

		if (len + n + 1 > JOB_SUBJECT_MAX)
			return -1;
		if (i)
			job->subject[len++] = ',';
		memcpy(job->subject + len, json_string_value(one), n + 1);
		len += n;
	}
	return 0;
}

static bool holds_all(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!strcmp(json_string_value(one), "all"))
			return true;
	return false;
}

static int set_apps(struct job *job, const json_t *v, const char **wrong)
{
	json_t *list = v ? list_of(v, job_app_valid) : json_pack("[s]", "all");

	*wrong = "app must be all, an app's label, or a list of labels";
	if (!list)
		return -1;
	if (holds_all(list)) {
		json_array_clear(list);
		json_array_append_new(list, json_string("all"));
	}
	if (join(job, list) < 0) {
		*wrong = "app: the labels together must fit into 200 bytes: name fewer, or all";
		json_decref(list);
		return -1;
	}
	json_object_set_new(job->fields, "app", json_array_size(list) > 1 ? json_incref(list) :
			    json_incref(json_array_get(list, 0)));
	json_decref(list);
	return 0;
}

static const json_t *given(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);

	return json_is_null(v) ? NULL : v;
}

int job_structure_read(struct job *job, const json_t *obj, const char **wrong)
{
	job->fields = json_object();
	if (set_apps(job, given(obj, "app"), wrong) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct field *f = &fields[i];
		const json_t *v = f->queue == job->queue ? given(obj, f->name) : NULL;
		json_t *kept = v ? value_of(f->type, v) : NULL;

		*wrong = f->wrong;
		if (v && !kept)
			return -1;
		if (kept && !json_is_false(kept))
			json_object_set(job->fields, f->name, kept);
		json_decref(kept);
	}
	return 0;
}

int job_structure_bare(struct job *job, const char *bytes, size_t len, const char **wrong)
{
	*wrong = "a bare element is all or an app's label";
	if (!job_app_valid(bytes, len))
		return -1;
	memcpy(job->subject, bytes, len);
	job->subject[len] = '\0';
	job->fields = json_pack("{ss}", "app", job->subject);
	return 0;
}
