/* job_fuzz.c - an element of a list. The first byte chooses the queue.
 *
 * Whatever it is, what the pool writes before it reads back as the same job
 * with the same bytes; a bad one stays bad, and its outcome is JSON. */
#include "fuzz.h"

#include "job.h"
#include "outcome.h"

static void must_be_same(const struct job *a, const struct job *b)
{
	must(a->queue == b->queue && a->has_id == b->has_id && a->bare == b->bare);
	must(!strcmp(a->id, b->id) && !strcmp(a->run, b->run) && !strcmp(a->subject, b->subject));
	must(a->force == b->force && a->dry_run == b->dry_run && a->max_attempts == b->max_attempts);
	must(a->timeout_ms == b->timeout_ms && a->not_before == b->not_before);
	must(a->attempt == b->attempt && a->deaths == b->deaths && a->queued_ms == b->queued_ms);
	must(json_equal(a->fields, b->fields) || (!a->fields && !b->fields));
}

static void must_be_possible(const struct job *job)
{
	must(!*job->id || job_id_valid(job->id, strlen(job->id)));
	must(!*job->run || job_id_valid(job->run, strlen(job->run)));
	must(!job->has_id || *job->id);
	must(job->max_attempts >= 0 && job->max_attempts <= 1000);
	must(job->timeout_ms >= 0 && job->not_before >= 0);
	must(job->attempt >= 0 && job->deaths >= 0 && job->queued_ms >= 0);
	must(job->queue == QUEUE_PING ? !*job->subject : *job->subject != '\0');
}

static void must_have_outcome(const struct job *job, const struct err *err)
{
	struct outcome o = { .job = job, .worker = "w-1", .status = "dead", .err = err, .started_ms = 1, .now_ms = 2 };
	struct outcome_fields fields;
	char *text = outcome_text(&o);
	json_t *obj = json_loads(text, 0, NULL);

	must(json_is_object(obj) && !strchr(text, '\n'));
	outcome_fields(text, &fields);
	must(fields.n == 2 * json_object_size(obj));
	outcome_fields_clear(&fields);
	json_decref(obj);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct job job, again;
	struct job_record rec;
	struct err err, err2;
	char head[JOB_HEAD_MAX + 64], *element, *record;
	enum settings_queue queue;
	size_t n;
	int rc;

	if (!len)
		return 0;
	queue = (enum settings_queue)(bytes[0] % QUEUES);
	element = text_of(bytes + 1, len - 1);          /* of just its length: a byte past it is found */
	len--;
	rc = job_parse(&job, queue, element, len, &err);
	must(job.head_len <= len);
	if (rc == 0) {
		must_be_possible(&job);
	} else {
		must(err.kind == ERR_PERMANENT && !strcmp(err.code, "bad_job"));
		must_be_message(err.msg);
		job.subject[0] = job.run[0] = '\0';     /* as when it is refused */
	}
	if (!*job.id)
		strcpy(job.id, "made-1");
	must_have_outcome(&job, rc ? &err : NULL);
	n = job_head(&job, rc ? err.code : NULL, "{\"a\":1}", head, sizeof(head));
	must(n > 0);
	record = malloc(n + len);
	must(record != NULL);
	memcpy(record, head, n);
	memcpy(record + n, element + job.head_len, len - job.head_len);
	must(job_record_parse(&rec, record, n + len - job.head_len) == 0);
	must(rec.bytes_len == len - job.head_len && !memcmp(rec.bytes, element + job.head_len, rec.bytes_len));
	must(rec.outcome_len == 7 && !strcmp(rec.id, job.id));
	must(job_parse(&again, queue, record, n + len - job.head_len, &err2) == rc);
	must(again.head_len == n);
	if (rc == 0)
		must_be_same(&job, &again);
	job_clear(&job);
	job_clear(&again);
	free(record);
	free(element);
	return 0;
}
