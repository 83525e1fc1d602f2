/* ping.c - pings: the way to a worker and back, without GE or PostgreSQL. */
#include <stdio.h>
#include <stdlib.h>

#include "scheduler.h"

int command_ping(struct app *app)
{
	struct run run;
	struct err err;
	char *element;

	if (run_begin(app, &run, "ping", "ping", NULL, &err) < 0)
		return app_fail(&err);
	run.queue = QUEUE_PING;
	for (int i = 0; i < app->opt.count; i++) {
		if (asprintf(&element, "{\"run\":\"%s\"}", run.id) < 0)
			abort();
		if (run_add(app, &run, element, &err) < 0)
			return app_fail(&err);
	}
	if (run_push(app, &run, true, &err) < 0)
		return app_fail(&err);
	return follow(app, &run, NULL);
}
