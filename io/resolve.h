/* resolve.h - names to addresses without blocking the loop (io/ only):
 * libpq and hiredis resolve names by blocking, so both are given addresses. */
#ifndef GESYNC_IO_RESOLVE_H
#define GESYNC_IO_RESOLVE_H

#include "err.h"
#include "loop.h"

struct resolve;

#define RESOLVE_MAX 8   /* addresses of one name that are worth a try */

/* n (1 to RESOLVE_MAX) numeric addresses in the system's order of preference,
 * borrowed; or n is 0 and err tells why (ERR_HOLD, code "unresolved", the
 * message names the host: the caller puts its own code in). Called once, never
 * before the call which asked has returned. */
typedef void resolve_all_cb(const char *const *ips, int n, const struct err *err,
			    void *data);
/* The same with one address; NULL with err. */
typedef void resolve_cb(const char *ip, const struct err *err, void *data);

/* host: a name, or an address, which comes back as it is. Copied. A lookup
 * has no deadline of its own: resolve_cancel() when yours has passed. The
 * handle is valid until the callback. */
struct resolve *resolve_all(struct loop *loop, const char *host,
			    resolve_all_cb *cb, void *data);
/* The address number `attempt` (modulo how many there are): who counts his
 * attempts gets on where localhost is ::1 first and the server listens on
 * 127.0.0.1 alone. */
struct resolve *resolve_nth(struct loop *loop, const char *host, unsigned attempt,
			    resolve_cb *cb, void *data);
void resolve_cancel(struct resolve *resolve);   /* NULL is fine; no callback after this */

#endif
