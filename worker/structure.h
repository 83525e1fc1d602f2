/* structure.h - what the jobs check and migrate share. */
#ifndef GESYNC_WORKER_STRUCTURE_H
#define GESYNC_WORKER_STRUCTURE_H

#include "pool.h"

/* Texts of a field, a text or a list; "all" is none. The vector is the caller's
 * (strings_clear()), the texts are borrowed from the job. */
struct strings structure_names(const struct job *job, const char *field);
const char *structure_text(const struct job *job, const char *field);   /* NULL where absent */
bool structure_flag(const struct job *job, const char *field);

/* The end of such a job: result (borrowed, may be NULL) is made to fit. */
void structure_finish(struct slot *slot, const struct err *err, json_t *result);

#endif
