/* job.c - an element of a queue becomes a job, and back (job.h has the form).
 *
 * What cannot be a job is told so here, before anything else looks at it. */
#include "job.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job_structure.h"
#include "utf8.h"

#define MARK "gesync/1 "
#define TIMEOUT_MAX_MS 86400000

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PERMANENT, "bad_job", "the element is no job: %s", what);
}

const char *job_kind(enum settings_queue queue)
{
	return queue == QUEUE_BULK || queue == QUEUE_OFFLINE ? "fetch" : queue_names[queue];
}

bool job_is_fetch(const struct job *job)
{
	return job->queue == QUEUE_FETCH || job->queue == QUEUE_BULK || job->queue == QUEUE_OFFLINE;
}

int job_queue(const char *name, size_t len)
{
	for (int q = 0; q < QUEUES; q++)
		if (strlen(queue_names[q]) == len && !memcmp(queue_names[q], name, len))
			return q;
	return -1;
}

bool job_id_valid(const char *id, size_t len)
{
	if (len < 1 || len > JOB_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]) && !strchr("._:-", id[i]))
			return false;
	return !memchr(id, '\0', len);
}

/* White space and control characters: U+0000 to U+0020, U+007F to U+00A0, and
 * the spaces and line ends of other scripts (Unicode's White_Space). */
static bool is_space(const char *at, size_t n)
{
	static const char *const wide[] = {
		"\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
		"\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"
	};
	const unsigned char *p = (const unsigned char *)at;

	if (n == 1)
		return *p <= ' ' || *p == 0x7f;
	if (n == 2)
		return p[0] == 0xc2 && p[1] <= 0xa0;
	for (size_t i = 0; n == 3 && i < sizeof(wide) / sizeof(*wide); i++)
		if (!memcmp(at, wide[i], 3))
			return true;
	return false;
}

/* Characters in len bytes, or -1 where they are no UTF-8, or hold white space
 * or control characters while words are wanted. */
static int characters(const char *s, size_t len, bool word)
{
	int count = 0;

	for (size_t i = 0, n; i < len; i += n, count++) {
		n = utf8_char(s + i, len - i);
		if (!n || (word && is_space(s + i, n)))
			return -1;
	}
	return count;
}

bool job_license_valid(const char *license, size_t len)
{
	int n = len <= JOB_SUBJECT_MAX ? characters(license, len, true) : -1;

	return n >= 1 && n <= 50;
}

/* ---- JSON elements ---- */

static int get_flag(const json_t *obj, const char *key, bool *out)
{
	const json_t *v = json_object_get(obj, key);

	if (!v || json_is_null(v))
		return 0;
	*out = json_is_true(v);
	return json_is_boolean(v) ? 0 : -1;
}

static int get_number(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *out)
{
	const json_t *v = json_object_get(obj, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_number(v) || json_number_value(v) < (double)min || json_number_value(v) > (double)max)
		return -1;
	*out = (int64_t)json_number_value(v);   /* bounds are well below 2^53 */
	return (double)*out == json_number_value(v) ? 0 : -1;
}

static int get_id(const json_t *obj, const char *key, char *out)
{
	const json_t *v = json_object_get(obj, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v) || !job_id_valid(json_string_value(v), json_string_length(v)))
		return -1;
	memcpy(out, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

static bool is_structure(enum settings_queue queue)
{
	return queue == QUEUE_CHECK || queue == QUEUE_MIGRATE;
}

static int get_subject(struct job *job, const json_t *obj, struct err *err)
{
	const json_t *v = json_object_get(obj, job->queue == QUEUE_PING ? "echo" : "license");
	const char *wrong;

	if (job->queue == QUEUE_PING)
		return !v || json_is_string(v) || json_is_null(v) ? 0 : bad(err, "echo is no text");
	if (is_structure(job->queue))
		return job_structure_read(job, obj, &wrong) < 0 ? bad(err, wrong) : 0;
	if (!json_is_string(v))
		return bad(err, "license must be a text (a number would lose its leading zeros)");
	if (!job_license_valid(json_string_value(v), json_string_length(v)))
		return bad(err, "license must have 1 to 50 characters and no white space");
	if (get_flag(obj, "offline", &job->offline) < 0)
		return bad(err, "offline must be true or false");
	memcpy(job->subject, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

static int read_fields(struct job *job, const json_t *obj, struct err *err)
{
	char id[JOB_ID_MAX + 1] = "";
	int64_t attempts = 0;

	if (get_id(obj, "id", id) < 0)
		return bad(err, "id must match [A-Za-z0-9._:-]{1,64}");
	if (*id) {
		job->has_id = true;
		strcpy(job->id, id);
	}
	if (get_id(obj, "run", job->run) < 0)
		return bad(err, "run must match [A-Za-z0-9._:-]{1,64}");
	if (get_flag(obj, "force", &job->force) < 0 || get_flag(obj, "dry_run", &job->dry_run) < 0)
		return bad(err, "force and dry_run must be true or false");
	if (get_number(obj, "max_attempts", 1, 1000, &attempts) < 0)
		return bad(err, "max_attempts must be a whole number from 1 to 1000");
	job->max_attempts = (int)attempts;
	if (get_number(obj, "timeout_ms", 1, TIMEOUT_MAX_MS, &job->timeout_ms) < 0)
		return bad(err, "timeout_ms must be a whole number from 1 to 86400000");
	if (get_number(obj, "not_before", 0, INT64_C(99999999999999), &job->not_before) < 0)
		return bad(err, "not_before must be unix milliseconds");
	return get_subject(job, obj, err);
}

/* A whole number past 64 bits, in a field that is not ours, is no reason to
 * refuse the job: then all of them are read as doubles. */
static json_t *load(const char *bytes, size_t len, json_error_t *je)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
	json_t *obj = json_loadb(bytes, len, flags, je);

	if (!obj && json_error_code(je) == json_error_numeric_overflow)
		obj = json_loadb(bytes, len, flags | JSON_DECODE_INT_AS_REAL, je);
	return obj;
}

static int parse_json(struct job *job, const char *bytes, size_t len, struct err *err)
{
	json_error_t je;
	json_t *obj = load(bytes, len, &je);
	int rc;

	if (!obj)
		return err_set(err, ERR_PERMANENT, "bad_job", "the element is no job: bad JSON at byte %d: %s",
			       je.position, je.text);
	rc = json_is_object(obj) ? read_fields(job, obj, err) : bad(err, "JSON, but no object");
	json_decref(obj);
	return rc;
}

static int parse_bare(struct job *job, const char *bytes, size_t len, struct err *err)
{
	int n = characters(bytes, len, job->queue != QUEUE_PING);
	const char *wrong;

	job->bare = true;
	if (is_structure(job->queue))
		return job_structure_bare(job, bytes, len, &wrong) < 0 ? bad(err, wrong) : 0;
	if (n < 1 || n > 50)
		return bad(err, job->queue == QUEUE_PING ? "a bare ping has 1 to 50 characters" :
			   "a bare element is 1 to 50 characters without white space");
	if (job->queue != QUEUE_PING) {
		memcpy(job->subject, bytes, len);
		job->subject[len] = '\0';
	}
	return 0;
}

/* ---- records ---- */

static int word(const char **p, const char *end, char *out, size_t size)
{
	const char *space = memchr(*p, ' ', (size_t)(end - *p));
	size_t len = (size_t)((space ? space : end) - *p);

	if (!len || len >= size)
		return -1;
	memcpy(out, *p, len);
	out[len] = '\0';
	*p = space ? space + 1 : end;
	return memchr(out, '\0', len) ? -1 : 0;
}

static int number(const char **p, const char *end, int64_t max, int64_t *out)
{
	char text[24], *rest;

	if (word(p, end, text, sizeof(text)) < 0 || !isdigit((unsigned char)*text))
		return -1;
	*out = strtoll(text, &rest, 10);
	return *rest || *out > max ? -1 : 0;
}

static void unstar(char *text)
{
	if (!strcmp(text, "*"))
		*text = '\0';
}

int job_record_parse(struct job_record *rec, const char *bytes, size_t len)
{
	const char *p = bytes + strlen(MARK), *end, *line;
	int64_t attempt, deaths;

	memset(rec, 0, sizeof(*rec));
	if (len <= strlen(MARK) || memcmp(bytes, MARK, strlen(MARK)))
		return -1;
	end = memchr(bytes, '\n', len < JOB_HEAD_MAX ? len : JOB_HEAD_MAX);
	line = end ? memchr(end + 1, '\n', len - (size_t)(end + 1 - bytes)) : NULL;
	if (!line || word(&p, end, rec->queue, sizeof(rec->queue)) < 0 ||
	    word(&p, end, rec->subject, sizeof(rec->subject)) < 0 || word(&p, end, rec->code, sizeof(rec->code)) < 0 ||
	    word(&p, end, rec->id, sizeof(rec->id)) < 0 || number(&p, end, 1000000, &attempt) < 0 ||
	    number(&p, end, 1000000, &deaths) < 0 || number(&p, end, INT64_C(99999999999999), &rec->queued_ms) < 0 ||
	    word(&p, end, rec->run, sizeof(rec->run)) < 0 || p != end)
		return -1;
	rec->attempt = (int)attempt;
	rec->deaths = (int)deaths;
	unstar(rec->subject);
	unstar(rec->code);
	unstar(rec->id);
	unstar(rec->run);
	rec->outcome = end + 1;
	rec->outcome_len = (size_t)(line - end - 1);
	rec->bytes = line + 1;
	rec->bytes_len = len - (size_t)(line + 1 - bytes);
	return 0;
}

static void adopt_record(struct job *job, const struct job_record *rec, const char *bytes)
{
	if (job_id_valid(rec->id, strlen(rec->id)))
		strcpy(job->id, rec->id);
	job->known = strcmp(rec->code, JOB_NEW) != 0;
	job->attempt = rec->attempt;
	job->deaths = rec->deaths;
	job->queued_ms = rec->queued_ms;
	job->head_len = (size_t)(rec->bytes - bytes);
}

/* Any text is a ping; elsewhere a list or a quoted text is a mistake of
 * somebody who meant JSON, and is told so. */
static bool looks_like_json(enum settings_queue queue, char first)
{
	return first == '{' || (queue != QUEUE_PING && (first == '[' || first == '"'));
}

void job_clear(struct job *job)
{
	json_decref(job->fields);
	job->fields = NULL;
}

static int parse_element(struct job *job, const char *bytes, size_t len, struct err *err)
{
	if (len > JOB_BYTES_MAX)
		return err_set(err, ERR_PERMANENT, "bad_job", "the element is no job: %zu bytes, more than 65536", len);
	if (len && looks_like_json(job->queue, bytes[0]))
		return parse_json(job, bytes, len, err);
	return parse_bare(job, bytes, len, err);
}

int job_parse(struct job *job, enum settings_queue queue, const char *bytes,
	      size_t len, struct err *err)
{
	struct job_record rec;
	int rc;

	memset(job, 0, sizeof(*job));
	job->queue = queue;
	if (len && bytes[0] == 'g' && job_record_parse(&rec, bytes, len) == 0) {
		adopt_record(job, &rec, bytes);
		bytes = rec.bytes;
		len = rec.bytes_len;
	}
	rc = parse_element(job, bytes, len, err);
	job->offline |= queue == QUEUE_OFFLINE;
	if (rc < 0)
		job_clear(job);
	return rc;
}

bool job_changes_structure(const struct job *job)
{
	bool check = job->queue == QUEUE_CHECK;
	bool given = json_object_get(job->fields, check ? "fix" : "plan") != NULL;

	return is_structure(job->queue) && !job->dry_run && given == check;
}

static const char *star(const char *text)
{
	return text && *text ? text : "*";
}

size_t job_head(const struct job *job, const char *code, const char *outcome,
		char *out, size_t size)
{
	int n = snprintf(out, size, MARK "%s %s %s %s %d %d %lld %s\n%s\n", queue_names[job->queue],
			 star(job->subject), star(code), star(job->id), job->attempt, job->deaths,
			 (long long)job->queued_ms, star(job->run), outcome ? outcome : "");

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}
