/* status_impl.h - what the files of the command status share:
 * status_gather.c  all that is told, as one document
 * status_stuck.c   of it, what stands still beside the queues
 * status_why.c     in words, why nothing moves
 * status.c         the document as text; --watch */
#ifndef GESYNC_CTL_STATUS_IMPL_H
#define GESYNC_CTL_STATUS_IMPL_H

#include <string.h>

#include "ctl.h"

/* Lists under gesync:queue: that nobody serves: their names; NULL on failure. */
json_t *status_strangers(struct ctl *c);
/* NULL on failure. */
json_t *status_workers(struct ctl *c, int64_t now);
json_t *status_gather(struct ctl *c, const json_t *strangers, int64_t *now);
/* Runs whose scheduler died, or gave up, before all their jobs were on the lists. */
json_t *status_stuck_runs(struct ctl *c, int64_t now);
/* Checks and migrates that run, with what they say of themselves. */
json_t *status_structure_jobs(struct ctl *c);
/* What those failed of that are due first. */
json_t *status_retry_errors(struct ctl *c);
/* Text as JSON, whatever bytes it has. */
json_t *status_safe_text(const char *bytes);

/* Why nothing moves, or what does not; owned; NULL if there is nothing to say. */
char *status_why(const json_t *doc, int64_t now);
/* The first living worker of the queue that can serve it (able), or cannot. */
const json_t *status_find_worker(const json_t *workers, const char *queue, bool able);
bool status_needs_ge(const char *queue);
/* Is the name in the comma list? */
bool status_listed(const char *list, const char *name);

static inline int64_t number(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

static inline const char *text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

static inline int64_t sum(const json_t *list, const char *key)
{
	const json_t *v;
	int64_t n = 0;
	size_t i;

	json_array_foreach(list, i, v)
		n += number(v, key);
	return n;
}

#endif
