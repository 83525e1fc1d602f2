/* migration_dir.h - the migration files of a folder, <app>/<NNNN_name>.sql. */
#ifndef GESYNC_MIGRATION_DIR_H
#define GESYNC_MIGRATION_DIR_H

#include "migration.h"

/* Adds all files to set and orders them; gesync's own (the folder gesync) are not
 * among them. Folders that are no app's label, and files that do not end in .sql, are
 * passed over. -1 and err (ERR_PERMANENT migration_failed) where one cannot be read, is too
 * long, or is wrong. */
int migration_dir_load(struct migrations *set, const char *dir, struct err *err);

#endif
