/* home.h - where the files that come with gesync lie: models, migrations. */
#ifndef GESYNC_HOME_H
#define GESYNC_HOME_H

/* The folder `what` ("models", "migrations") of db/, owned. setting, where it is
 * not NULL; else the source tree's if the program runs from its build folder;
 * else share/gesync/db beside the program's bin/; else the one below the
 * PREFIX it was built for. It may not exist: opening it tells. */
char *home_dir(const char *setting, const char *what);

#endif
