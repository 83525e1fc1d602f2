/* db_dump.h - a backup of the database by pg_dump. */
#ifndef GESYNC_DB_DUMP_H
#define GESYNC_DB_DUMP_H

#include "err.h"
#include "loop.h"

struct db_dump;

/* err NULL: the file is whole and on the disk. Otherwise there is none: db_error
 * (ERR_RETRY) with pg_dump's last line, or why it could not be started. Called once,
 * never before db_dump_start() has returned; the dump is gone then. */
typedef void db_dump_cb(const struct err *err, void *data);

/* In pg_dump's custom format (pg_restore reads it), into a file that is made or overwritten,
 * for its owner alone to read. What conninfo says goes by the environment, the password too:
 * a command line is for all to see. */
struct db_dump *db_dump_start(struct loop *loop, const char *conninfo, const char *path,
			      db_dump_cb *cb, void *data);
void db_dump_stop(struct db_dump *dump);        /* no call after this; NULL is fine */

#endif
