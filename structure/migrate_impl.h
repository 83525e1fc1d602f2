/* migrate_impl.h - between the files of the migrate engine, nobody else's.
 *
 * migrate.c          from the request to the result, step by step
 * migrate_pending.c  what remains to be done
 * migrate_run.c      one migration: applied, recorded, or probed
 * migrate_watch.c    tells who keeps us waiting
 * migrate_backup.c   pg_dump
 * migrate_pooler.c   is this session really a session?
 * migrate_models.c   content types and permissions
 * migrate_result.c   the result */
#ifndef GESYNC_STRUCTURE_MIGRATE_IMPL_H
#define GESYNC_STRUCTURE_MIGRATE_IMPL_H

#include "db_session.h"
#include "migration.h"
#include "structure/migrate.h"

struct migrate_run;
struct migrate_watch;
struct migrate_backup;
struct migrate_pooler;

#define MIGRATE_PROGRAM "gesync-migrate"        /* application_name of its sessions */

struct migrate {
	struct loop *loop;                      /* borrowed */
	const struct settings *settings;        /* borrowed */
	struct migrate_request req;             /* owned copy */
	migrate_progress_cb *progress;
	migrate_done_cb *done;
	void *data;
	json_t *result;                         /* owned */

	char *dir;                              /* owned: of the migrations */
	struct migrations set;
	struct migration_records records;
	bool records_read;
	const struct migration **pending;       /* owned vector */
	size_t npending, next;

	struct db_session *session;             /* owned; holds the lock */
	struct timer *timer;                    /* the beginning; between two tries of the lock */
	bool standby, has_django, has_initial, has_migration;   /* what LOOK saw */
	char role[64];
	int backend_pid;
	bool pooler_seen;                       /* and found to keep sessions */
	int64_t asked_ms;                       /* when the lock was first tried; 0: not yet */
	int64_t wait_ms;                        /* up to so long until the next try */
	bool told_wait;
	struct migrate_watch *watch;
	struct migrate_run *run;
	struct migrate_backup *backup;
	struct migrate_pooler *pooler;
	void (*pending_known)(struct migrate *m, const struct err *err);
	void (*models_made)(struct migrate *m, const struct err *err);
};

static inline bool migrate_is_plan(const struct migrate *m)
{
	return m->req.plan || m->req.dry_run;
}

void migrate_say(struct migrate *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ends it: the callback, and m is gone. */
void migrate_finish(struct migrate *m, const struct err *err);

/* ---- migrate_run.c: one at a time ---- */

enum migrate_how { MIGRATE_APPLY, MIGRATE_FAKE, MIGRATE_PROBE };
enum migrate_outcome {
	MIGRATE_APPLIED, MIGRATE_FAKED,
	MIGRATE_STANDS, MIGRATE_STANDS_NOT, MIGRATE_UNKNOWN     /* of a probe */
};
/* With err, m->result has "failed" where a migration is to blame. m->run is gone then. */
typedef void migrate_run_cb(struct migrate *m, const struct migration *mig, enum migrate_outcome outcome,
			    int64_t duration_ms, const struct err *err);
void migrate_run(struct migrate *m, const struct migration *mig, enum migrate_how how, migrate_run_cb *cb);
void migrate_run_stop(struct migrate *m);

/* ---- migrate_watch.c ---- */

/* While a statement runs: after a second, and every few, says who it waits for. what:
 * borrowed until the end. */
struct migrate_watch *migrate_watch_new(struct migrate *m);
void migrate_watch_free(struct migrate_watch *w);
void migrate_watch_begin(struct migrate_watch *w, const char *what);
/* Who it waited for, or "". */
const char *migrate_watch_end(struct migrate_watch *w);

/* ---- the others: one step each; their callback comes once, err is why not ---- */

typedef void migrate_step_cb(struct migrate *m, const struct err *err);

/* Reads the records: m->pending. */
void migrate_pending(struct migrate *m, migrate_step_cb *cb);
bool migrate_is_asked_fake(const struct migrate *m, const struct migration *mig);
/* -1: one that depends on mig is applied already, and not because this request asked for it, so
 * mig cannot be run. */
int migrate_look_at_history(const struct migrate *m, const struct migration *mig, struct err *err);

void migrate_backup(struct migrate *m, migrate_step_cb *cb);
void migrate_backup_stop(struct migrate *m);

void migrate_pooler(struct migrate *m, migrate_step_cb *cb);
void migrate_pooler_stop(struct migrate *m);
void migrate_models(struct migrate *m, migrate_step_cb *cb);

/* ---- migrate_result.c ---- */

void migrate_result_applied(struct migrate *m, const struct migration *mig, int64_t duration_ms);
void migrate_result_faked(struct migrate *m, const struct migration *mig, const char *why);
void migrate_result_planned(struct migrate *m, const struct migration *mig, bool fake, enum migrate_outcome outcome);
/* The statement on `line` failed as the session tells; returns -1 with err filled. */
int migrate_result_failed(struct migrate *m, const struct migration *mig, int line, struct err *err);
void migrate_result_pending(struct migrate *m);

#endif
