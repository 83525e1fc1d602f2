/* queues.c - queues are paused, and resumed. */
#include <string.h>

#include "ctl.h"

static int set_paused(struct ctl *c, bool pause)
{
	const char *name = c->args.n > 1 ? c->args.v[1] : "";
	struct redis_value *v;
	bool changed;
	int rc = ctl_words(c, 1, 1, 1, pause ? "pause QUEUE" : "resume QUEUE");

	if (rc)
		return rc;
	if (job_queue(name, strlen(name)) < 0)
		return ctl_usage("\"%.64s\" is no queue: give one of migrate, check, fetch, bulk, ping, offline", name);
	v = ctl_ask(c, pause ? "SADD" : "SREM", ctl_key(c, KEY_PAUSED), name);
	if (!v)
		return ctl_fail(c);
	changed = redis_int(v) == 1;
	redis_value_free(v);
	if (c->opt.json)
		print_json(json_pack("{ss sb sb}", "queue", name, "paused", pause, "changed", changed));
	else if (pause)
		printf("%s %s paused. What runs already goes on to its end.\n", name, changed ? "is" : "was");
	else
		printf("%s %s.\n", name, changed ? "is served again" : "was not paused");
	return EXIT_DONE;
}

int command_pause(struct ctl *c)
{
	return set_paused(c, true);
}

int command_resume(struct ctl *c)
{
	return set_paused(c, false);
}
