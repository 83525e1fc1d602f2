/* outcome.h - what is recorded of a job (INTERFACE.md section 4). */
#ifndef GESYNC_OUTCOME_H
#define GESYNC_OUTCOME_H

#include <jansson.h>

#include "pool.h"

struct outcome {
	const char *status;             /* done retry dead cancelled */
	const struct err *err;          /* NULL where done */
	json_t *result;                 /* borrowed; NULL for none */
	int64_t now_ms, next_ms;        /* next_ms: of a retry */
};

/* One line of JSON, owned by the caller. */
char *outcome_text(const struct slot *slot, const struct outcome *o);

/* The same as fields of the job hash: name, value, ...; owned by the caller. */
struct outcome_fields {
	char *v[40];
	size_t n;
};
void outcome_fields(const char *text, struct outcome_fields *out);
void outcome_fields_clear(struct outcome_fields *out);

#endif
