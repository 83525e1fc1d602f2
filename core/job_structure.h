/* job_structure.h - the fields of check and migrate jobs, for job.c. */
#ifndef GESYNC_JOB_STRUCTURE_H
#define GESYNC_JOB_STRUCTURE_H

#include <jansson.h>

#include "job.h"

/* Of a JSON element, and of a bare one. Fill job->fields and job->subject; -1
 * and what is wrong otherwise. */
int job_structure_read(struct job *job, const json_t *obj, const char **wrong);
int job_structure_bare(struct job *job, const char *bytes, size_t len, const char **wrong);

#endif
