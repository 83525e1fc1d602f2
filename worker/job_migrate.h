/* job_migrate.h - takes the database through its migrations. */
#ifndef GESYNC_JOB_MIGRATE_H
#define GESYNC_JOB_MIGRATE_H

#include "pool.h"

extern const struct handler job_migrate;

#endif
