/* redis_tls.c - a TLS session by OpenSSL between two buffers.
 *
 *      feed --> [from] --> SSL --> read
 *      take <-- [to]   <--     <-- write
 *
 * The server is always verified: its chain, its dates, and that the certificate
 * is for the host of the URL (RFC 6125; an address must stand in it as one). */
#include "redis_tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "mem.h"

struct redis_tls {
	SSL *ssl;
	BIO *from, *to;         /* of the server; owned by ssl */
};

/* What OpenSSL says last, or why it does not trust the certificate. */
static int tell(struct redis_tls *tls, struct err *err)
{
	long verdict = tls ? SSL_get_verify_result(tls->ssl) : X509_V_OK;
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (verdict != X509_V_OK)
		return err_set(err, ERR_HOLD, "redis_unavailable", "its certificate is refused: %s",
			       X509_verify_cert_error_string(verdict));
	switch (ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0) {
	case SSL_R_WRONG_VERSION_NUMBER:
		return err_set(err, ERR_HOLD, "redis_unavailable", "it does not speak TLS on this port");
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return err_set(err, ERR_HOLD, "redis_unavailable",
			       "it wants a client's certificate, and we have none: set its tls-auth-clients to no");
	default:
		return err_set(err, ERR_HOLD, "redis_unavailable", "TLS: %s", reason ? reason : "it ended in the middle");
	}
}

/* Read anew for each session: an authority that was put into the file counts at once. */
static SSL_CTX *make_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx) {
		SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
		SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_default_verify_paths(ctx);
	}
	return ctx;
}

static int expect_host(SSL *ssl, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host))
		return 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

struct redis_tls *redis_tls_new(const char *host, struct err *err)
{
	struct redis_tls *tls = need(calloc(1, sizeof(*tls)));
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = make_context();
	tls->ssl = ctx ? SSL_new(ctx) : NULL;   /* which keeps the context */
	SSL_CTX_free(ctx);
	if (!tls->ssl || !expect_host(tls->ssl, host)) {
		tell(NULL, err);
		redis_tls_free(tls);
		return NULL;
	}
	tls->from = need(BIO_new(BIO_s_mem()));
	tls->to = need(BIO_new(BIO_s_mem()));
	SSL_set_bio(tls->ssl, tls->from, tls->to);
	SSL_set_connect_state(tls->ssl);
	return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

void redis_tls_feed(struct redis_tls *tls, const char *bytes, size_t len)
{
	size_t done;

	if (!BIO_write_ex(tls->from, bytes, len, &done) || done != len)
		abort();                /* out of memory */
}

/* 0: OpenSSL waits for the server. */
static int waits(struct redis_tls *tls, int rc, struct err *err)
{
	int what = SSL_get_error(tls->ssl, rc);

	if (what == SSL_ERROR_WANT_READ)
		return 0;
	if (what == SSL_ERROR_ZERO_RETURN)
		return err_set(err, ERR_HOLD, "redis_unavailable", "it closed the connection");
	return tell(tls, err);
}

int redis_tls_shake(struct redis_tls *tls, struct err *err)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(tls->ssl);
	return rc == 1 ? 1 : waits(tls, rc, err);
}

ssize_t redis_tls_read(struct redis_tls *tls, char *buf, size_t size, struct err *err)
{
	int n;

	ERR_clear_error();
	n = SSL_read(tls->ssl, buf, size < INT_MAX ? (int)size : INT_MAX);
	return n > 0 ? n : waits(tls, n, err);
}

void redis_tls_write(struct redis_tls *tls, const char *bytes, size_t len)
{
	size_t done;

	ERR_clear_error();
	/* It goes into a buffer that grows: what fails is a session that is over,
	 * and that is told when it is read. */
	SSL_write_ex(tls->ssl, bytes, len, &done);
}

size_t redis_tls_take(struct redis_tls *tls, char *buf, size_t size)
{
	size_t n;

	return BIO_read_ex(tls->to, buf, size, &n) ? n : 0;
}
