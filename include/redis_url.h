/* redis_url.h - what a Redis URL says (INTERFACE.md section 6). */
#ifndef GESYNC_REDIS_URL_H
#define GESYNC_REDIS_URL_H

#include <stdbool.h>

#include "err.h"

#define REDIS_SENTINELS_MAX 16

struct redis_place {            /* where a connection goes to */
	char host[256];         /* "" for a Unix socket */
	int port;
	char path[256];         /* of the Unix socket; "" otherwise */
	bool tls;
};

struct redis_url {
	struct redis_place at;  /* all empty with sentinels: they tell */
	char user[128];         /* "" for none */
	char password[256];     /* "" for none; secret */
	int db;
	char master[128];       /* the name that sentinels know it by; "" without any */
	struct redis_place sentinels[REDIS_SENTINELS_MAX];
	int nsentinels;
};

/*   redis://[user[:password]@]host[:port][/db]
 *   rediss://...                               the same by TLS
 *   unix://[user[:password]@]/path
 *   redis+sentinel://[user[:password]@]host[:port][,host[:port]...]/master[/db]
 *
 * each also with ?db=N; the user is Redis', not the sentinels'. Percent escapes
 * in all names are decoded. Fails (bad_url) with what is wrong and how to put it
 * right, never naming the password. */
int redis_url_parse(struct redis_url *out, const char *url, struct err *err);

#endif
