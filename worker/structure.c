/* structure.c - what the jobs check and migrate share. */
#include "structure.h"

#include <stdlib.h>
#include <string.h>

#include "fit.h"
#include "mem.h"

struct strings structure_names(const struct job *job, const char *field)
{
	const json_t *v = json_object_get(job->fields, field);
	size_t n = json_is_array(v) ? json_array_size(v) : v && strcmp(json_string_value(v), "all");
	struct strings names = { need(calloc(n ? n : 1, sizeof(char *))), 0 };

	/* The vector's owner may not write to what it holds. */
	for (; names.n < n; names.n++)
		names.v[names.n] = (char *)json_string_value(json_is_array(v) ? json_array_get(v, names.n) : v);
	return names;
}

const char *structure_text(const struct job *job, const char *field)
{
	return json_string_value(json_object_get(job->fields, field));
}

bool structure_flag(const struct job *job, const char *field)
{
	return json_object_get(job->fields, field) != NULL;
}

/* An app or table that is not there is a job that cannot be; nor does its outcome
 * stay under a name that means nothing. */
static bool names_nothing(const struct err *err)
{
	return err && (!strcmp(err->code, "unknown_app") || !strcmp(err->code, "unknown_table"));
}

void structure_finish(struct slot *slot, const struct err *err, json_t *result)
{
	struct err bad;

	if (names_nothing(err)) {
		if (!strcmp(err->code, "unknown_app"))
			slot->held.job.subject[0] = '\0';
		err_set(&bad, ERR_PERMANENT, "bad_job", "%s", err->msg);
		err = &bad;
	}
	if (result)
		fit_object(result, FIT_RESULT_MAX);
	slot_finish(slot, err, result ? json_incref(result) : NULL, -1);
}
