/* resolve.c - getaddrinfo() on libuv's threads.
 *
 * A lookup that already runs cannot be stopped: a cancelled one is forgotten
 * and freed when it ends. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "loop_uv.h"
#include "mem.h"
#include "resolve.h"

struct resolve {
	uv_getaddrinfo_t uv;
	resolve_all_cb *all;    /* one of both is set; none: cancelled */
	resolve_cb *one;
	unsigned attempt;
	void *data;
	char host[];
};

static void answer(struct resolve *r, const char *const *ips, int n,
		   const struct err *err)
{
	if (r->all)
		r->all(ips, n, err, r->data);
	else if (r->one)
		r->one(n ? ips[r->attempt % (unsigned)n] : NULL, err, r->data);
	free(r);
}

static void fail(struct resolve *r, int status)
{
	struct err err;

	err_set(&err, ERR_HOLD, "unresolved", "cannot resolve the host name %s: %s",
		r->host, uv_strerror(status));
	answer(r, NULL, 0, &err);
}

static void on_resolved(uv_getaddrinfo_t *uv, int status, struct addrinfo *found)
{
	struct resolve *r = container_of(uv, struct resolve, uv);
	char text[RESOLVE_MAX][INET6_ADDRSTRLEN + 16];  /* + zone */
	const char *ips[RESOLVE_MAX];
	int n = 0;

	for (struct addrinfo *a = found; !status && a && n < RESOLVE_MAX; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text[n], sizeof(text[n]),
				NULL, 0, NI_NUMERICHOST) == 0) {
			ips[n] = text[n];
			n++;
		}
	}
	uv_freeaddrinfo(found);
	if (n)
		answer(r, ips, n, NULL);
	else
		fail(r, status ? status : UV_EAI_NONAME);
}

static void on_address(void *data)
{
	struct resolve *r = data;
	const char *ip = r->host;

	answer(r, &ip, 1, NULL);
}

static void on_refused(void *data)
{
	fail(data, UV_EAI_NONAME);
}

static struct resolve *ask(struct loop *loop, const char *host, void *data)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	size_t len = strlen(host) + 1;
	struct resolve *r = need(calloc(1, sizeof(*r) + len));
	struct in6_addr addr;

	memcpy(r->host, host, len);
	r->data = data;
	if (inet_pton(AF_INET, host, &addr) == 1 || inet_pton(AF_INET6, host, &addr) == 1)
		loop_defer(loop, on_address, r);
	else if (uv_getaddrinfo(loop_uv(loop), &r->uv, on_resolved, host, NULL, &hints) < 0)
		loop_defer(loop, on_refused, r);        /* empty, too long, no such encoding */
	return r;
}

struct resolve *resolve_all(struct loop *loop, const char *host,
			    resolve_all_cb *cb, void *data)
{
	struct resolve *r = ask(loop, host, data);

	r->all = cb;
	return r;
}

struct resolve *resolve_nth(struct loop *loop, const char *host, unsigned attempt,
			    resolve_cb *cb, void *data)
{
	struct resolve *r = ask(loop, host, data);

	r->one = cb;
	r->attempt = attempt;
	return r;
}

void resolve_cancel(struct resolve *resolve)
{
	if (!resolve)
		return;
	resolve->all = NULL;
	resolve->one = NULL;
	if (resolve->uv.type == UV_GETADDRINFO)
		uv_cancel((uv_req_t *)&resolve->uv);
}
