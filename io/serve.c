/* serve.c - answers GET requests: libmicrohttpd on the loop.
 *
 * Its epoll descriptor is one more descriptor of ours; what waits inside for a
 * timeout is looked at once a second while connections are open. */
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "loop_uv.h"

#define CONNECTIONS     64
#define TIMEOUT_S       10
#define MEMORY          (16 * 1024)     /* of one connection: request line and headers */
#define LOOK_MS         1000

struct serve {
	struct MHD_Daemon *mhd;
	serve_cb *cb;
	void *data;
	uv_poll_t poll;
	struct timer *look;
};

static enum MHD_Result reply(struct MHD_Connection *conn, int status, char *body, const char *type)
{
	struct MHD_Response *res = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result rc;

	if (!res) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(res, "Content-Type", type);
	rc = MHD_queue_response(conn, (unsigned)status, res);
	MHD_destroy_response(res);
	return rc;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	struct serve *s = data;
	const char *type = "text/plain";
	char *body = NULL;
	int status;

	(void)version;
	(void)upload;
	if (!*state) {                  /* headers only: wait for the end of the request */
		*state = s;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return reply(conn, 405, strdup("only GET is answered here\n"), type);
	status = s->cb(url, &body, &type, s->data);
	return reply(conn, status, body, type);
}

static void turn(struct serve *s)
{
	MHD_run(s->mhd);
	if (MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections)
		timer_set(s->look, LOOK_MS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	turn(container_of(poll, struct serve, poll));
}

static void on_look(void *data)
{
	turn(data);
}

/* Splits "addr:port"; "" is every address. */
static int split(const char *listen, char *host, size_t size, char *port, size_t port_size)
{
	const char *colon = strrchr(listen, ':');
	size_t len = colon ? (size_t)(colon - listen) : 0;

	if (!colon || len >= size || strlen(colon + 1) >= port_size)
		return -1;
	if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
		listen++;
		len -= 2;
	}
	memcpy(host, listen, len);
	host[len] = '\0';
	strcpy(port, colon + 1);
	return 0;
}

static struct MHD_Daemon *start(struct serve *s, const struct sockaddr *addr, int family)
{
	unsigned flags = MHD_USE_EPOLL | (family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
				MHD_OPTION_SOCK_ADDR, addr,
				MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
				MHD_OPTION_END);
}

struct serve *serve_new(struct loop *loop, const char *listen, serve_cb *cb,
			void *data, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *info = NULL;
	struct serve *s = calloc(1, sizeof(*s));
	char host[128], port[16];

	if (!s)
		abort();
	s->cb = cb;
	s->data = data;
	if (split(listen, host, sizeof(host), port, sizeof(port)) < 0 ||
	    getaddrinfo(*host ? host : NULL, port, &hints, &info) || !info) {
		err_set(err, ERR_PERMANENT, "bad_listen", "--listen %s is no ADDRESS:PORT with a numeric address", listen);
	} else if (!(s->mhd = start(s, info->ai_addr, info->ai_family))) {
		err_set(err, ERR_PERMANENT, "bad_listen", "cannot listen on %s: %s", listen, strerror(errno));
	}
	if (info)
		freeaddrinfo(info);
	if (!s->mhd) {
		free(s);
		return NULL;
	}
	s->look = timer_new(loop, on_look, s);
	uv_poll_init(loop_uv(loop), &s->poll, MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	uv_poll_start(&s->poll, UV_READABLE, on_readable);
	uv_unref((uv_handle_t *)&s->poll);
	return s;
}

int serve_port(const struct serve *s)
{
	return MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void on_closed(uv_handle_t *handle)
{
	free(container_of((uv_poll_t *)handle, struct serve, poll));
}

void serve_free(struct serve *s)
{
	if (!s)
		return;
	timer_free(s->look);
	uv_poll_stop(&s->poll);
	MHD_stop_daemon(s->mhd);
	uv_close((uv_handle_t *)&s->poll, on_closed);
}
