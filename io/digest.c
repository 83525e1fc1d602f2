/* digest.c - SHA-256 by OpenSSL. */
#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	char *text;
	int n = asprintf(&text, "%s\n%s", jsessionid, csrf);

	if (n < 0)
		abort();
	digest_sha256(text, (size_t)n, out);
	explicit_bzero(text, (size_t)n);
	free(text);
	return out;
}
