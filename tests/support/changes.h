/* changes.h - random single changes of a database's structure, each with what a check must
 * say of it. */
#ifndef GESYNC_TESTS_CHANGES_H
#define GESYNC_TESTS_CHANGES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "manifest.h"

struct change {
	const char *what;       /* the name of its kind */
	char *sql;              /* makes it; lives until the program ends, like the rest */
	const char *list;       /* "drift", "missing", "orphaned"; NULL: nothing is to be told */
	const char *table;
	const char *kind;       /* of a drift */
	const char *column, *name;      /* NULL: any */
	const char *severity;           /* NULL: any */
};

struct changes {
	const struct manifest *manifest;
	PGconn *db;             /* is asked whether the data allows a change */
	uint64_t state;         /* of the random numbers; not 0 */
};

/* A change that can be made to the database as it stands. */
struct change changes_pick(struct changes *changes);

#endif
