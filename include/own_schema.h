/* own_schema.h - gesync's own schema in PostgreSQL, made when first needed. */
#ifndef GESYNC_OWN_SCHEMA_H
#define GESYNC_OWN_SCHEMA_H

#include "db.h"

/* err NULL: it is there. Errors as in db_run(); db_error where this role may
 * not make it, which is logged with the way out. */
typedef void own_schema_cb(const struct err *err, void *data);
void own_schema_ensure(struct db *db, own_schema_cb *cb, void *data);

#endif
