/* db_addr.h - a conninfo with its names resolved (io/db*.c only). */
#ifndef GESYNC_IO_DB_ADDR_H
#define GESYNC_IO_DB_ADDR_H

#include <stdbool.h>

#include "err.h"
#include "loop.h"

struct db_addr;

/* What PQconnectStartParams() takes, NULL-ended and borrowed; or NULL and err
 * (ERR_HOLD db_unavailable). Called once, never before db_addr_find() returned. */
typedef void db_addr_cb(const char *const *keys, const char *const *values,
			const struct err *err, void *data);

/* writes: a server that is read-only will not do. attempt: where in the list of addresses to begin, so that one which swallows
 * packets does not stop us from reaching the next for ever. */
struct db_addr *db_addr_find(struct loop *loop, const char *conninfo,
			     const char *application_name, bool writes, unsigned attempt,
			     db_addr_cb *cb, void *data);
void db_addr_cancel(struct db_addr *addr);      /* NULL is fine; no callback after this */

#endif
