/* redis_url.h - what a Redis URL says (INTERFACE.md section 6). */
#ifndef GESYNC_REDIS_URL_H
#define GESYNC_REDIS_URL_H

#include "err.h"

struct redis_url {
	char host[256];         /* "" for a Unix socket */
	int port;
	char path[256];         /* of the Unix socket; "" otherwise */
	char user[128];         /* "" for none */
	char password[256];     /* "" for none; secret */
	int db;
};

/* redis://[user[:password]@]host[:port][/db], unix:///path[?db=N]. Percent
 * escapes in user, password and path are decoded. Fails (bad_url) with what is
 * wrong, never naming the password. */
int redis_url_parse(struct redis_url *out, const char *url, struct err *err);

#endif
