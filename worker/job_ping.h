/* job_ping.h - does nothing, so that the way there and back can be seen. */
#ifndef GESYNC_JOB_PING_H
#define GESYNC_JOB_PING_H

#include "pool.h"

extern const struct handler job_ping;

#endif
