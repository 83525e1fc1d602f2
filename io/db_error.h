/* db_error.h - what an error of PostgreSQL means (io/db*.c only). The codes are
 * those of appendix A of its manual. */
#ifndef GESYNC_IO_DB_ERROR_H
#define GESYNC_IO_DB_ERROR_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "err.h"

/* name: of the statement, for the message. */
void db_error_set(struct err *err, const PGresult *res, const char *name);
/* The connection is of no more use. */
bool db_error_is_fatal(const PGresult *res);
/* What was prepared is gone (a pooler, DISCARD ALL), doubled, or has another
 * result type since a migration: prepared anew, the same request will do. */
bool db_error_is_stale(const PGresult *res);

#endif
