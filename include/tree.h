/* tree.h - folders of files, changed as one: copied, removed, exchanged. */
#ifndef GESYNC_TREE_H
#define GESYNC_TREE_H

#include <stddef.h>

#include "err.h"

/* All that report an error: ERR_PERMANENT migration_failed, with path and reason. */

/* Files and folders, with their modes; of other things (links, sockets) it says what is
 * in the way. to must not exist; on failure nothing of it is left. */
int tree_copy(const char *from, const char *to, struct err *err);
/* Of what cannot be removed the rest is; says nothing. */
void tree_remove(const char *dir);
/* DIR/APP/NAME.sql, and DIR/APP where it is missing. */
int tree_write(const char *dir, const char *app, const char *name, const char *text, struct err *err);
/* Removes the files of DIR/APP that end in .sql. */
int tree_empty(const char *dir, const char *app, struct err *err);
/* Everything below is on the disk when it returns. */
int tree_sync(const char *dir, struct err *err);
/* In one moment a has what b had and the other way round. */
int tree_exchange(const char *a, const char *b, struct err *err);

#endif
