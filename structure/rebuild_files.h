/* rebuild_files.h - the folders of a rebuild: the old migrations, the staged ones beside
 * them (structure/rebuild.c only). */
#ifndef GESYNC_STRUCTURE_REBUILD_FILES_H
#define GESYNC_STRUCTURE_REBUILD_FILES_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "baseline.h"
#include "structure/rebuild.h"

struct rebuild_files {                          /* zeroed at first */
	char dir[PATH_MAX];                     /* of the migrations, without links */
	char *staged, *kept;                    /* owned paths beside it */
	bool stands;                            /* staged is there */
	struct manifest *manifest;              /* owned */
	struct migrations old, new;
	const char **apps;                      /* owned list, strings borrowed: those of a baseline */
	size_t napps;
	struct baseline baseline;
};

/* Reads models and migrations, and chooses the apps. */
int rebuild_files_load(struct rebuild_files *f, const struct settings *settings,
		       const struct rebuild_request *request, struct err *err);
/* Removes what is staged, too. */
void rebuild_files_clear(struct rebuild_files *f);
/* The result's "apps". */
void rebuild_files_tell(const struct rebuild_files *f, json_t *apps);
/* The path of a folder that a rebuild which was killed left beside ours: owned, or NULL. */
char *rebuild_files_leftover(const struct rebuild_files *f);
/* Writes the new folder beside the old one. lines: of what the old files build; borrowed. */
int rebuild_files_stage(struct rebuild_files *f, const char *const *lines, struct err *err);
/* Of the n-th file of the baseline. */
const struct migration *rebuild_files_new(const struct rebuild_files *f, size_t n);

/* Apps without a baseline in whose tables something differs, "license, trade": owned, "" if
 * there are none. differs: proof_lines_compare()'s. */
char *rebuild_files_others(const struct rebuild_files *f, const json_t *differs);
/* True if the message begins with a migration of an app that has models, but no baseline. */
bool rebuild_files_is_other(const struct rebuild_files *f, const char *message);

#endif
