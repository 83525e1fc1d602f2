/* digest.h - SHA-256, as hexadecimal text. */
#ifndef GESYNC_DIGEST_H
#define GESYNC_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX 65   /* bytes of the text, its end included */

/* Returns out, which holds DIGEST_HEX bytes. */
char *digest_sha256(const void *bytes, size_t len, char *out);

/* Tells one GE session from another without telling it. "" for what is not set. */
char *digest_session(const char *jsessionid, const char *csrf, char *out);

#endif
