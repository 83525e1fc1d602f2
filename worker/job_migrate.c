/* job_migrate.c - takes the database through its migrations (structure/migrate.h
 * does it). To be stopped at any time is harmless: each is applied and recorded,
 * or neither, and the next attempt goes on behind it. */
#include "job_migrate.h"

#include "log.h"
#include "structure.h"
#include "structure/migrate.h"

static void on_progress(const char *line, void *data)
{
	const struct slot *slot = data;

	log_info("job=%s kind=migrate %s", slot->held.job.id, line);
	queue_progress(slot->pool->queue, &slot->held, line);
}

static void on_migrated(json_t *result, const struct err *err, void *data)
{
	structure_finish(data, err, result);
}

static void start(struct slot *slot)
{
	const struct job *job = &slot->held.job;
	struct migrate_request request = {
		.job = job->id, .apps = structure_names(job, "app"), .to = structure_text(job, "to"),
		.fake = structure_names(job, "fake"), .plan = structure_flag(job, "plan"), .dry_run = job->dry_run,
		.fake_applied = structure_flag(job, "fake_applied"), .repair = structure_flag(job, "repair"),
		.allow_data_loss = structure_flag(job, "allow_data_loss"), .backup = structure_text(job, "backup")
	};

	slot->may_have_stored = true;   /* a backup is found again by the job's id */
	slot->run = migrate_start(slot->pool->loop, slot->pool->set, &request, on_progress, on_migrated, slot);
	strings_clear(&request.apps);
	strings_clear(&request.fake);
}

static bool stop(struct slot *slot)
{
	migrate_stop(slot->run);
	slot->run = NULL;
	return true;
}

const struct handler job_migrate = { .start = start, .stop = stop, .untimed = true, .puts_off = true };
