/* job.h - an element of a queue becomes a job, and back.
 *
 * An element is what a producer pushed, bare or a JSON object, or a record:
 * such an element behind a head line that tells what the pool knows of it.
 *
 *   gesync/1 <queue> <subject> <code> <id> <attempt> <deaths> <queued ms> <run>\n
 *   <last outcome, one line of JSON, or nothing>\n
 *   <the element's bytes as they came>
 *
 * The code is that of its last error, or JOB_NEW. '*' stands for nothing. A bare element holds no space, a JSON one begins
 * with '{': so neither is ever taken for a record. Scripts read the head's
 * first words, never the bytes behind it. */
#ifndef GESYNC_JOB_H
#define GESYNC_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "settings.h"

struct json_t;                  /* of jansson */

#define JOB_BYTES_MAX   (64 * 1024)     /* INTERFACE.md section 3 */
#define JOB_ID_MAX      64
#define JOB_SUBJECT_MAX 200             /* bytes: 50 characters of UTF-8, or labels of apps */
#define JOB_NEW         "new"           /* code of a record of which no attempt has been made yet */
#define JOB_HEAD_MAX    640             /* bytes of a head line, its end included */

struct job {
	enum settings_queue queue;
	char id[JOB_ID_MAX + 1];        /* "" until one is made */
	char run[JOB_ID_MAX + 1];       /* "" for none */
	/* The licence; of check and migrate "all", an app, or apps with commas
	 * between them; "" for a ping. */
	char subject[JOB_SUBJECT_MAX + 1];
	bool has_id;                    /* its producer gave it one: it has a job hash */
	bool bare;                      /* nothing but its subject */
	bool force, dry_run;
	bool offline;                   /* of a licence: derived values alone, GE is not asked */
	int max_attempts;               /* 0: the setting */
	int64_t timeout_ms;             /* 0: the setting */
	int64_t not_before;             /* unix ms; 0: now */
	struct json_t *fields;          /* owned; of check and migrate: what was given of
					 * INTERFACE.md section 3's fields, see job_structure.c */

	int attempt;                    /* attempts burnt so far */
	int deaths;                     /* workers that died over it */
	bool known;                     /* it came as a record, and not a new one: an attempt may have been made */
	int64_t queued_ms;              /* unix ms when first seen; 0: now */
	size_t head_len;                /* bytes of the record before the element */
};

/* Reads an element of len bytes, taken from queue. Fails with bad_job
 * (ERR_PERMANENT); the record's fields are valid even then, so that what is
 * known of a bad element is kept. Afterwards, in any case, job_clear(). */
int job_parse(struct job *job, enum settings_queue queue, const char *bytes,
	      size_t len, struct err *err);

void job_clear(struct job *job);        /* frees fields */

/* A migrate, or a check with fix, that is to change the database: a plan or a
 * dry run only looks. */
bool job_changes_structure(const struct job *job);

/* Writes the head of a record, both of its lines, into out; returns its
 * length. code: of the last error, JOB_NEW, or NULL. outcome: one line of JSON, or NULL.
 * size must hold JOB_HEAD_MAX and the outcome. */
size_t job_head(const struct job *job, const char *code, const char *outcome,
		char *out, size_t size);

/* "fetch" for the queues fetch, bulk and offline: the kind is the outcome's name. */
const char *job_kind(enum settings_queue queue);
bool job_is_fetch(const struct job *job);       /* it is about a licence */
/* The queue of that name, or -1. */
int job_queue(const char *name, size_t len);
bool job_id_valid(const char *id, size_t len);
/* 1 to 50 characters of UTF-8 without white space or control characters. */
bool job_license_valid(const char *license, size_t len);
bool job_app_valid(const char *label, size_t len);      /* as Python's identifiers, 1 to 63 bytes */
bool job_migration_valid(const char *name, size_t len); /* APP.NAME, 1 to 200 bytes */
bool job_table_valid(const char *name, size_t len);     /* 1 to 63 bytes of UTF-8 */
bool job_backup_valid(const char *name, size_t len);    /* a file's plain name, 1 to 200 bytes */

/* A record of retry, scheduled or dead, for people to look at. */
struct job_record {
	char queue[16], subject[JOB_SUBJECT_MAX + 1], code[32], id[JOB_ID_MAX + 1];
	char run[JOB_ID_MAX + 1];       /* "" where '*' stands */
	int attempt, deaths;
	int64_t queued_ms;
	const char *outcome;            /* borrowed, outcome_len bytes */
	size_t outcome_len;
	const char *bytes;              /* borrowed: the element as it came */
	size_t bytes_len;
};

int job_record_parse(struct job_record *rec, const char *bytes, size_t len);

#endif
