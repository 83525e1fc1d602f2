/* manifest.h - the models: what the database should be, app by app, read from the
 * files of db/models (docs/models.md). */
#ifndef GESYNC_MANIFEST_H
#define GESYNC_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "table.h"

struct manifest_app {
	const char *label;
	struct table *tables;           /* owned; of models first, then many-to-many ones */
	size_t ntables;
	size_t nmodels;
};

/* What a table that no model declares is taken for. */
enum manifest_class {
	MANIFEST_EXPECTED,      /* has no model here, and is known to be right */
	MANIFEST_HIDDEN,        /* Django's own: counted, not shown */
	MANIFEST_LEGACY,        /* of apps that were removed: counted, not shown */
	MANIFEST_UNKNOWN
};
#define MANIFEST_CLASSES MANIFEST_UNKNOWN

struct manifest {
	struct manifest_app *apps;      /* by label */
	size_t napps;
	const struct table **tables;    /* owned list of all of them, by name */
	size_t ntables;
	struct table_names patterns[MANIFEST_CLASSES];  /* a name, or a beginning and "*" */
	json_t *docs;                   /* owned: what the strings are borrowed from */
};

/* Reads DIR's *.json, 100 files of 8 MiB at most. NULL: err is bad_models (ERR_PERMANENT),
 * with file, line and field. */
struct manifest *manifest_load(const char *dir, struct err *err);
void manifest_free(struct manifest *manifest);

const struct manifest_app *manifest_app(const struct manifest *manifest, const char *label);
const struct table *manifest_table(const struct manifest *manifest, const char *name);
enum manifest_class manifest_class(const struct manifest *manifest, const char *table);
/* The app whose label, with a "_", begins the table's name, the longest; or NULL. */
const struct manifest_app *manifest_owner(const struct manifest *manifest, const char *table);

#endif
