/* baseline.h - migrations of apps written afresh from their models.
 *
 * Two files an app: 0001_initial makes its tables, keys and indexes and depends on
 * nothing, 0002_foreign_keys adds what refers to other tables, when those of all
 * apps stand: apps refer to each other in circles. Either can be run where what it
 * makes stands already. */
#ifndef GESYNC_BASELINE_H
#define GESYNC_BASELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "manifest.h"
#include "migration.h"

#define BASELINE_TABLES         "0001_initial"
#define BASELINE_FOREIGN_KEYS   "0002_foreign_keys"

struct baseline_file {
	const char *app;                /* borrowed from the manifest */
	const char *name;
	char *sql;                      /* owned */
};

struct baseline {
	struct baseline_file *v;        /* owned */
	size_t n;
};

/* What a baseline is written from. All borrowed. */
struct baseline_source {
	const struct manifest *manifest;
	const struct migrations *old;   /* all as they are, in order: 0001_initial replaces those of its app */
	const char *const *apps;        /* labels of the manifest: of these a baseline */
	size_t napps;
	/* db/query/structure.sql of what the old files build. No model tells of a foreign key
	 * that stands twice: it is taken from here. NULL-ended. */
	const char *const *lines;
};

void baseline_write(struct baseline *out, const struct baseline_source *from);
void baseline_clear(struct baseline *baseline);

/* True if the migration makes no table: it alters, renames or changes what others made. */
bool baseline_alters(const struct migration *m);

#endif
