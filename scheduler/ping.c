/* ping.c - pings: the way to a worker and back, without GE or PostgreSQL. */
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "scheduler.h"

/* The place is how many have been sent. */
static int fill(struct app *app, struct run *run, struct err *err)
{
	char *element;

	run->queue = QUEUE_PING;
	for (long i = strtol(run->place, NULL, 10); i < app->opt.count; i++) {
		snprintf(run->place, sizeof(run->place), "%ld", i + 1);
		element = need_text("{\"run\":\"%s\"}", run->id);
		if (run_add(app, run, element, err) < 0)
			return -1;
	}
	return run_push(app, run, true, err);
}

int command_ping(struct app *app)
{
	struct run run;
	struct err err;

	if (run_begin(app, &run, "ping", "ping", NULL, &err) < 0)
		return app_fail(&err);
	if (run.fill && fill(app, &run, &err) < 0)
		return app_fail(&err);
	follow_name(app, &run);
	return follow(app, &run, NULL);
}
