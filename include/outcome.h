/* outcome.h - what is recorded of a job (INTERFACE.md section 4). */
#ifndef GESYNC_OUTCOME_H
#define GESYNC_OUTCOME_H

#include <jansson.h>

#include "job.h"

struct outcome {
	const struct job *job;
	const char *worker;             /* NULL: it was in no worker's hands */
	const char *status;             /* done retry dead cancelled */
	const struct err *err;          /* NULL where done */
	json_t *result;                 /* borrowed; NULL for none */
	int64_t started_ms;             /* 0: it did not start */
	int64_t now_ms, next_ms;        /* next_ms: of a retry */
};

/* One line of JSON, owned by the caller. */
char *outcome_text(const struct outcome *o);

/* The same as fields of the job hash: name, value, ...; owned by the caller. */
struct outcome_fields {
	char *v[64];            /* with all fields that a job can have, and more */
	size_t n;
};
void outcome_fields(const char *text, struct outcome_fields *out);
/* The way back: a field of the job hash becomes the outcome's again. */
void outcome_set_field(json_t *outcome, const char *name, const char *value);
void outcome_fields_clear(struct outcome_fields *out);

#endif
