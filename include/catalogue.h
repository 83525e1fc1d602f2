/* catalogue.h - what the database is: the rows of db/query/catalogue.sql as tables. */
#ifndef GESYNC_CATALOGUE_H
#define GESYNC_CATALOGUE_H

#include <stddef.h>

#include "err.h"
#include "table.h"

struct catalogue {
	struct table *tables;           /* owned, by name; and what `is` none */
	size_t ntables;
};

/* definitions: n JSON texts, one a table; not needed after. NULL: err is db_error
 * (ERR_RETRY): the database said what nobody understands. */
struct catalogue *catalogue_read(const char *const *definitions, size_t n, struct err *err);
void catalogue_free(struct catalogue *catalogue);

const struct table *catalogue_table(const struct catalogue *catalogue, const char *name);
/* What has the name of a table and is none: a view. */
const struct table *catalogue_other(const struct catalogue *catalogue, const char *name);

#endif
