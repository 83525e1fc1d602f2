/* rebuild_proof.h - what a database is that is built from nothing by a folder of
 * migrations (structure/rebuild.c only). */
#ifndef GESYNC_STRUCTURE_REBUILD_PROOF_H
#define GESYNC_STRUCTURE_REBUILD_PROOF_H

#include <jansson.h>
#include <stddef.h>

#include "err.h"
#include "loop.h"
#include "settings.h"

#define REBUILD_PROGRAM "gesync-rebuild"        /* application_name of all its sessions */

struct proof;

/* Called once, the proof is gone then. lines: of db/query/structure.sql, n of them,
 * sorted, borrowed; or err. */
typedef void proof_cb(const char *const *lines, size_t n, const struct err *err, void *data);

/* Makes the database gesync_proof_NAME on the settings' server, builds it, reads it and
 * drops it, also where that fails. NAME begins with the server process of the rebuild's own
 * session and a "_": those of sessions that are gone were left by rebuilds that
 * were killed, and are dropped first. dir: of migrations. All borrowed until the callback. */
struct proof *proof_start(struct loop *loop, const struct settings *settings, const char *name,
			  const char *dir, proof_cb *cb, void *data);
/* No call after this; NULL is fine. The database may stay behind. */
void proof_stop(struct proof *proof);

/* ---- rebuild_lines.c: two such databases ---- */

struct proof_lines { char **v; size_t n; };     /* owned; zeroed at first */

/* A copy in the order of bytes, whatever the server sorts by. */
struct proof_lines proof_lines_sorted(const char *const *v, size_t n);
void proof_lines_clear(struct proof_lines *lines);
/* The lines that only one of the two has, as "old: line" and "new: line": a new reference. */
json_t *proof_lines_compare(const struct proof_lines *before, const struct proof_lines *after);

#endif
