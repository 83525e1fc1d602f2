/* retry.h - what becomes of a job whose attempt failed. */
#ifndef GESYNC_RETRY_H
#define GESYNC_RETRY_H

#include <stdint.h>

#include "err.h"

enum verdict_kind { VERDICT_RETRY, VERDICT_HOLD, VERDICT_DEAD };

struct verdict {
	enum verdict_kind kind;
	int64_t wait_ms;        /* of VERDICT_RETRY */
};

struct retry_policy {
	int max_attempts;       /* 1 or more */
	int64_t base_ms, cap_ms;
};

/* attempt: the one that failed, 1 for the first. noise: 0 to 1, decides
 * between half and the whole of min(cap, base * 2^(attempt-1)) (INTERFACE.md
 * section 4). */
struct verdict retry_decide(const struct retry_policy *policy, const struct err *err,
			    int attempt, double noise);

/* After so many deaths of workers over it a job runs alone, or is dead. */
#define RETRY_DEATHS_ALONE 2
#define RETRY_DEATHS_DEAD  3

#endif
