/* serve.h - answers GET requests on one address: /metrics, /healthz, /readyz.
 * libmicrohttpd on the loop, no thread of its own. */
#ifndef GESYNC_SERVE_H
#define GESYNC_SERVE_H

#include "err.h"
#include "loop.h"

struct serve;

/* Answers one GET: returns the status, sets *body (malloc'ed, taken over) and
 * *type. Called for known and unknown paths alike: 404 is the callee's. */
typedef int serve_cb(const char *path, char **body, const char **type, void *data);

/* listen: "127.0.0.1:9090", "[::1]:9090", ":9090" (every address), port 0: any.
 * NULL and err filled if that cannot be had. */
struct serve *serve_new(struct loop *loop, const char *listen, serve_cb *cb,
			void *data, struct err *err);
int serve_port(const struct serve *serve);
void serve_free(struct serve *serve);

#endif
