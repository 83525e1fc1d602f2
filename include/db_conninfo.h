/* db_conninfo.h - connection strings of libpq. */
#ifndef GESYNC_DB_CONNINFO_H
#define GESYNC_DB_CONNINFO_H

/* The same server and role, another database: key='value' words, owned; it may hold a
 * password. NULL where conninfo cannot be parsed. */
char *db_conninfo_for(const char *conninfo, const char *dbname);

#endif
