/* retry.c - error kind, attempt and noise become a verdict. */
#include "retry.h"

struct verdict retry_decide(const struct retry_policy *policy, const struct err *err,
			    int attempt, double noise)
{
	double wait = (double)policy->base_ms;

	if (err->kind == ERR_HOLD)
		return (struct verdict){ VERDICT_HOLD, 0 };
	if (err->kind == ERR_PERMANENT || attempt >= policy->max_attempts)
		return (struct verdict){ VERDICT_DEAD, 0 };
	for (int i = 1; i < attempt && wait < (double)policy->cap_ms; i++)
		wait *= 2;
	if (wait > (double)policy->cap_ms)
		wait = (double)policy->cap_ms;
	return (struct verdict){ VERDICT_RETRY, (int64_t)(wait / 2 + wait / 2 * noise) };
}
