/* db_link.h - a PGconn on the loop: found, opened, watched, closed (io/db*.c only).
 *
 *      CLOSED --> OPENING --> OPEN
 *        ^           |         |
 *        +-----------+---------+ */
#ifndef GESYNC_IO_DB_LINK_H
#define GESYNC_IO_DB_LINK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

#define DB_CONNECT_MS 10000

struct db_link;

/* All come from the loop, or from within db_link_lost(). */
struct db_link_events {
	/* The connection stands, does not block, and is watched for reading. */
	void (*opened)(void *data);
	/* Only while it stands. events: UV_READABLE, UV_WRITABLE. */
	void (*ready)(int events, void *data);
	/* It could not be opened, or is lost; it is CLOSED already. */
	void (*lost)(const char *why, void *data);
	/* What the server tells unasked; may be NULL. */
	void (*notice)(const char *message, void *data);
};

/* writes: a server that is read-only will not do, unless the conninfo says otherwise. */
struct db_link *db_link_new(struct loop *loop, const char *conninfo, const char *application_name, bool writes,
			    const struct db_link_events *events, void *data);
void db_link_free(struct db_link *link);        /* never from within one of its events */

void db_link_open(struct db_link *link, int64_t timeout_ms, unsigned attempt);  /* when CLOSED */
void db_link_close(struct db_link *link);       /* silently */
/* Closes, then tells why: libpq's own reason where why is NULL. */
void db_link_lost(struct db_link *link, const char *why);

PGconn *db_link_pg(const struct db_link *link); /* NULL while CLOSED */
/* Sends what libpq has kept and watches for what is to come. Returns -1 if the
 * connection cannot go on. */
int db_link_flush(struct db_link *link);

#endif
