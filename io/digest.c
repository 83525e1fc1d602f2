/* digest.c - SHA-256 by OpenSSL. */
#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

char *digest_sha256(const void *bytes, size_t len, char *out)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!EVP_Digest(bytes, len, sum, &n, EVP_sha256(), NULL))
		abort();
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return out;
}

char *digest_session(const char *jsessionid, const char *csrf, char *out)
{
	char *text = need_text("%s\n%s", jsessionid, csrf);

	digest_sha256(text, strlen(text), out);
	explicit_bzero(text, strlen(text));
	free(text);
	return out;
}
