/* open_files.h - how many files, sockets among them, this process may have open. */
#ifndef GESYNC_OPEN_FILES_H
#define GESYNC_OPEN_FILES_H

/* Raises the limit as far as the system lets anyone (the hard one: a shell's
 * and systemd's soft ones are 1024 by custom). Returns it, INT_MAX at most. */
int open_files_raise(void);

#endif
