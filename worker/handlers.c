/* handlers.c - which kind of job is run by whom. */
#include "job_check.h"
#include "job_fetch.h"
#include "job_migrate.h"
#include "job_ping.h"
#include "pool.h"

const struct handler *const handlers[QUEUES] = {
	[QUEUE_MIGRATE] = &job_migrate,
	[QUEUE_CHECK] = &job_check,
	[QUEUE_FETCH] = &job_fetch,
	[QUEUE_BULK] = &job_fetch,
	[QUEUE_OFFLINE] = &job_fetch,
	[QUEUE_PING] = &job_ping,
};
