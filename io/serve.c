/* serve.c - libmicrohttpd driven by the loop: its epoll descriptor is polled,
 * its timeout is a timer, MHD_run() does what is due. Its listening socket and
 * connections are in that epoll set, so one descriptor is all there is to watch. */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "loop_uv.h"
#include "mem.h"
#include "serve.h"

#define CONNECTIONS_MAX 64u     /* probes and scrapers are few */
#define PER_IP_MAX 32u
#define IDLE_S 10u              /* a client who says nothing is sent away */
#define MEMORY_MAX (16u << 10)  /* of one connection: a request line and headers */

struct serve {
	uv_poll_t poll;
	struct timer *timer;
	struct MHD_Daemon *mhd;
	serve_cb *cb;
	void *data;
	int port;
};

static enum MHD_Result reply(struct MHD_Connection *conn, int status, char *body,
			     const char *type, const char *allow)
{
	struct MHD_Response *res;
	enum MHD_Result rc;

	res = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
	if (!res) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(res, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(res, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (allow)
		MHD_add_response_header(res, MHD_HTTP_HEADER_ALLOW, allow);
	rc = MHD_queue_response(conn, (unsigned int)status, res);
	MHD_destroy_response(res);
	return rc;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version,
				  const char *upload, size_t *upload_size, void **seen)
{
	struct serve *s = data;
	const char *type = "text/plain; charset=utf-8";
	char *body = NULL;
	int status;

	(void)version;
	(void)upload;
	/* The first call comes after the headers, the next for each piece of a
	 * body, which is dropped, and the last one when all is there. */
	if (!*seen) {
		*seen = s;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return reply(conn, 405, need_copy("only GET\n"), type, "GET, HEAD");
	status = s->cb(url, &body, &type, s->data);
	return reply(conn, status, body ? body : need_copy(""), type, NULL);
}

static void run(struct serve *s)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(s->mhd);
	if (MHD_get_timeout(s->mhd, &ms) == MHD_YES)
		timer_set(s->timer, ms > INT32_MAX ? INT32_MAX : (int64_t)ms);
	else
		timer_stop(s->timer);
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
	(void)status;
	(void)events;
	run(container_of(uv, struct serve, poll));
}

static void on_timer(void *data)
{
	run(data);
}

/* "host:port", "[v6]:port", ":port" -> host (NULL: every address) and port. */
static int split(char *listen, char **host, char **port)
{
	char *colon = strrchr(listen, ':'), *end;
	unsigned long n;

	if (!colon)
		return -1;
	*colon = '\0';
	*port = colon + 1;
	n = strtoul(*port, &end, 10);
	if (**port < '0' || **port > '9' || *end || n > 65535)
		return -1;
	*host = listen;
	if (*listen == '[') {
		if (colon[-1] != ']')
			return -1;
		colon[-1] = '\0';
		++*host;
	} else if (strchr(listen, ':')) {
		return -1;
	}
	if (!**host)
		*host = NULL;
	return 0;
}

/* Returns a listening socket, or -1 with errno. */
static int listen_on(const struct addrinfo *a, int any)
{
	const int yes = 1, no = 0;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (a->ai_family == AF_INET6)   /* every address: IPv4's as well */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &no : &yes, sizeof(no));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 64) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* An address is tried after the other: IPv6 may be off. */
static int open_socket(const char *text, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	char *listen = need_copy(text), *host, *port;
	struct addrinfo *found = NULL;
	int fd = -1, rc;

	if (split(listen, &host, &port) < 0) {
		err_set(err, ERR_PERMANENT, "listen", "%s is no ADDRESS:PORT to listen on", text);
		goto out;
	}
	rc = getaddrinfo(host, port, &hints, &found);
	if (rc) {
		err_set(err, ERR_PERMANENT, "listen", "cannot listen on %s: %s", text, gai_strerror(rc));
		goto out;
	}
	for (int family = AF_INET6; fd < 0 && family >= 0; family = family == AF_INET6 ? AF_INET : -1)
		for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
			if (a->ai_family == family)
				fd = listen_on(a, !host);
	if (fd < 0)
		err_set(err, ERR_PERMANENT, "listen", "cannot listen on %s: %s", text, strerror(errno));
out:
	if (found)
		freeaddrinfo(found);
	free(listen);
	return fd;
}

static int bound_port(int fd)
{
	union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } addr;
	socklen_t len = sizeof(addr);

	memset(&addr, 0, sizeof(addr));
	if (getsockname(fd, &addr.any, &len) < 0)
		return 0;
	return ntohs(addr.any.sa_family == AF_INET6 ? addr.v6.sin6_port : addr.v4.sin_port);
}

static void on_log(void *data, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void on_log(void *data, const char *fmt, va_list ap)
{
	char text[256];

	(void)data;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_debug("listen: %s", text);
}

struct serve *serve_new(struct loop *loop, const char *listen, serve_cb *cb,
			void *data, struct err *err)
{
	int fd = open_socket(listen, err);
	const union MHD_DaemonInfo *info;
	struct serve *s;

	if (fd < 0)
		return NULL;
	s = need(calloc(1, sizeof(*s)));
	s->cb = cb;
	s->data = data;
	s->port = bound_port(fd);
	s->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, s,
				  MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
				  MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				  MHD_OPTION_PER_IP_CONNECTION_LIMIT, PER_IP_MAX,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX,
				  MHD_OPTION_END);
	info = s->mhd ? MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info || uv_poll_init(loop_uv(loop), &s->poll, info->epoll_fd) < 0) {
		err_set(err, ERR_PERMANENT, "listen", "cannot listen on %s", listen);
		if (s->mhd)
			MHD_stop_daemon(s->mhd);        /* closes the socket */
		else
			close(fd);
		free(s);
		return NULL;
	}
	s->timer = timer_new(loop, on_timer, s);
	uv_poll_start(&s->poll, UV_READABLE, on_ready);
	return s;
}

int serve_port(const struct serve *serve)
{
	return serve->port;
}

static void on_closed(uv_handle_t *h)
{
	free(container_of(h, struct serve, poll));
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	timer_free(serve->timer);
	uv_close((uv_handle_t *)&serve->poll, on_closed);
	MHD_stop_daemon(serve->mhd);
}
