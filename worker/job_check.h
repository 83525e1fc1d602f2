/* job_check.h - the database against the models. */
#ifndef GESYNC_JOB_CHECK_H
#define GESYNC_JOB_CHECK_H

#include "pool.h"

extern const struct handler job_check;

#endif
