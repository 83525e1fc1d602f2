/* job_check.c - the database against the models (structure/check.h does it). */
#include "job_check.h"

#include "structure.h"
#include "structure/check.h"

static void on_checked(json_t *report, const struct err *err, void *data)
{
	structure_finish(data, err, report);
}

static void start(struct slot *slot)
{
	const struct job *job = &slot->held.job;
	struct check_request request = {
		.apps = structure_names(job, "app"), .table = structure_text(job, "table"),
		.show_columns = structure_flag(job, "show_columns"), .fix = structure_flag(job, "fix"),
		.dry_run = job->dry_run
	};

	slot->run = check_start(slot->pool->loop, slot->pool->set, &request, on_checked, slot);
	strings_clear(&request.apps);
}

static bool stop(struct slot *slot)
{
	check_stop(slot->run);
	slot->run = NULL;
	return true;
}

const struct handler job_check = { .start = start, .stop = stop, .puts_off = true };
