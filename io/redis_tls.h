/* redis_tls.h - one TLS session with a Redis, without a socket: who calls brings
 * what came from the server and sends what is for it, so that nothing blocks. */
#ifndef GESYNC_IO_REDIS_TLS_H
#define GESYNC_IO_REDIS_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"

struct redis_tls;

/* host: the name or address which the server's certificate must be for; its
 * chain must end at one of OpenSSL's own authorities, the system's, or those of
 * SSL_CERT_FILE and SSL_CERT_DIR. NULL and err where OpenSSL cannot. */
struct redis_tls *redis_tls_new(const char *host, struct err *err);
void redis_tls_free(struct redis_tls *tls);     /* NULL is fine */

/* What came from the server. Copied. */
void redis_tls_feed(struct redis_tls *tls, const char *bytes, size_t len);
/* The next part of the handshake. 1: it is done; 0: the server has the word;
 * -1 and err: no session, and why. Something may be there to take, even then. */
int redis_tls_shake(struct redis_tls *tls, struct err *err);
/* The bytes within what was fed: how many, 0 for none yet; -1 and err: it is over. */
ssize_t redis_tls_read(struct redis_tls *tls, char *buf, size_t size, struct err *err);
/* Only after the handshake. */
void redis_tls_write(struct redis_tls *tls, const char *bytes, size_t len);
/* The next bytes for the server: how many; 0 where there are none. */
size_t redis_tls_take(struct redis_tls *tls, char *buf, size_t size);

#endif
