/* job_fetch.h - one licence: who owns it says GE, what is left of it say its rows. */
#ifndef GESYNC_JOB_FETCH_H
#define GESYNC_JOB_FETCH_H

#include "pool.h"

extern const struct handler job_fetch;

/* What all fetch jobs of a worker share: connections, batches, the session. */
struct fetcher *fetcher_new(struct pool *pool);
void fetcher_free(struct fetcher *fetcher);
/* "" for what Redis does not have: then the settings' session is in use. */
void fetcher_set_session(struct fetcher *fetcher, const char *jsessionid,
			 const char *csrf, const char *awsalb);
/* Opens the GE queues once there is a URL, and PostgreSQL answers. */
void fetcher_look(struct fetcher *fetcher);

struct fetch_counts { uint64_t requests, loads, stores, stored, fenced; };
struct fetch_counts fetcher_counts(const struct fetcher *fetcher);

#endif
