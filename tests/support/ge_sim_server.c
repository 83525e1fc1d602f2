/* ge_sim_server.c - connections and waiting answers of the GE simulator.
 *
 *      read -> check -> [held until release] -> [latency] -> answer -> write
 *
 * One epoll loop. A request waits in its connection's queue until all before it are
 * answered (pipelining), and meanwhile on the list of the held or in the heap of
 * those with a time. What an answer says is decided when it is sent, so that a test
 * can change an entry while its request is held. A connection is freed after the
 * round of events in which it died. */
#include "ge_sim_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define READ_SIZE 65536
#define REQUEST_MAX (8u << 20)  /* a raw body that a test gives an entry */
#define PIPELINE_MAX 256        /* waiting on one connection; then it is read no further */

static const char login_page[] =
	"<!DOCTYPE html>\n<html><head><title>Login</title></head><body>"
	"<form action=\"/login\">Your session has expired. Please log in.</form></body></html>\n";

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- answers ------------------------------------------------------------------ */

static void put(struct conn *c, const char *bytes, size_t len)
{
	if (c->out_len + len > c->out_size) {
		c->out_size = 2 * (c->out_len + len);
		c->out = must(realloc(c->out, c->out_size));
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
}

static void put_answer(struct conn *c, int status, const char *type, const char *headers,
		       const char *body, size_t len)
{
	char head[256];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n", status,
			 status == 200 ? "OK" : "Other", len);

	put(c, head, (size_t)n);
	if (type) {
		n = snprintf(head, sizeof(head), "Content-Type: %s\r\n", type);
		put(c, head, (size_t)n);
	}
	put(c, headers, strlen(headers));
	put(c, "\r\n", 2);
	put(c, body, len);
}

/* What an entry says now. Bad days which are more than other bytes belong here. */
static int put_entry(struct conn *c, struct ge_sim_entry *entry, bool gzip)
{
	static const char unknown[] = "{\"message\":\"No Record Found\"}", json[] = "application/json;charset=UTF-8";
	const char *body = entry->body, *type = entry->has_type ? NULL : json;
	char headers[4096] = "";
	size_t len = entry->body_len;

	if (!body) {
		put_answer(c, 200, json, "", unknown, sizeof(unknown) - 1);
		return 200;
	}
	if (gzip && len) {
		body = ge_sim_gzip(entry, &len);
		snprintf(headers, sizeof(headers), "Content-Encoding: gzip\r\n%s", entry->headers ? entry->headers : "");
	}
	put_answer(c, entry->status, type, *headers ? headers : entry->headers ? entry->headers : "", body, len);
	return entry->status;
}

static void log_answer(struct sim *sim, const struct request *r, int status)
{
	if (sim->log)
		fprintf(sim->log, "licence=%s status=%d connection=%lu took_ms=%" PRId64 " awsalb=%s why=\"%s\"\n",
			r->entry ? r->entry->license : "-", status, r->conn->id,
			(now_us() - r->begun_us) / 1000, *r->awsalb ? r->awsalb : "-", r->text ? r->text : "");
}

static void send_answer(struct sim *sim, struct request *r)
{
	int status = r->text_status;

	if (r->text) {
		put_answer(r->conn, status, r->control ? "application/json" : "text/plain", "", r->text, strlen(r->text));
	} else if (r->verdict == GE_SIM_EXPIRED) {
		status = 200;
		put_answer(r->conn, status, "text/html;charset=UTF-8", "", login_page, sizeof(login_page) - 1);
	} else {
		status = put_entry(r->conn, r->entry, r->gzip);
	}
	if (!r->control)
		log_answer(sim, r, status);
	r->conn->closing |= r->close;
}

/* Takes a request out of all lists but its connection's, and frees it. */
static void request_free(struct sim *sim, struct request *r)
{
	if (r->held)
		ge_sim_held_remove(sim, r);
	if (r->heap_at != GE_SIM_NOT_IN_HEAP)
		ge_sim_heap_remove(sim, r);
	if (!r->control)
		sim->stats.running--;
	if (r->entry)
		r->entry->running--;
	free(r->text);
	free(r);
}

/* --- connections -------------------------------------------------------------- */

static void conn_kill(struct sim *sim, struct conn *c)
{
	if (c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
	sim->stats.connections--;
	while (c->first) {
		struct request *r = c->first;

		c->first = r->next;
		sim->stats.aborted += !r->control;
		request_free(sim, r);
	}
	*(c->prev ? &c->prev->next : &sim->conns) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->next = sim->dead;
	sim->dead = c;
}

static void free_dead(struct sim *sim)
{
	while (sim->dead) {
		struct conn *c = sim->dead;

		sim->dead = c->next;
		free(c->in);
		free(c->out);
		free(c);
	}
}

static void conn_watch(struct sim *sim, struct conn *c)
{
	struct epoll_event ev = { .data.ptr = c };

	if (!c->closing && c->waiting < PIPELINE_MAX)
		ev.events |= EPOLLIN;
	if (c->out_at < c->out_len)
		ev.events |= EPOLLOUT;
	if (ev.events != c->events)
		epoll_ctl(sim->epoll, EPOLL_CTL_MOD, c->fd, &ev);
	c->events = ev.events;
}

static void conn_write(struct sim *sim, struct conn *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			conn_kill(sim, c);
			return;
		}
		c->out_at += (size_t)n;
	}
	c->out_at = c->out_len = 0;
	if (c->closing && !c->first)
		conn_kill(sim, c);
}

static void conn_answer_ready(struct sim *sim, struct conn *c)
{
	while (c->first && c->first->ready) {
		struct request *r = c->first;

		send_answer(sim, r);
		c->first = r->next;
		if (!c->first)
			c->last = NULL;
		c->waiting--;
		request_free(sim, r);
	}
}

static bool take_request(struct sim *sim, struct conn *c);

/* Brings a connection forward as far as it goes. */
static void conn_pump(struct sim *sim, struct conn *c)
{
	bool more;

	if (c->fd < 0)
		return;
	do {
		more = false;
		while (!c->closing && c->waiting < PIPELINE_MAX && take_request(sim, c))
			more = true;
		conn_answer_ready(sim, c);
	} while (more);
	if (c->in_at) {
		memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
	}
	conn_write(sim, c);
	if (c->fd >= 0)
		conn_watch(sim, c);
}

/* --- requests ------------------------------------------------------------------ */

static int64_t pick_latency_us(struct sim *sim)
{
	const struct ge_sim_options *o = sim->options;
	uint64_t span = (uint64_t)(o->latency_max - o->latency_min) * 1000 + 1;

	sim->noise ^= sim->noise << 13;         /* xorshift64, the same in every run */
	sim->noise ^= sim->noise >> 7;
	sim->noise ^= sim->noise << 17;
	return o->latency_min * 1000 + (int64_t)(sim->noise % span);
}

static struct request *request_new(struct conn *c)
{
	struct request *r = must(calloc(1, sizeof(*r)));

	r->conn = c;
	r->heap_at = GE_SIM_NOT_IN_HEAP;
	r->begun_us = now_us();
	*(c->last ? &c->last->next : &c->first) = r;
	c->last = r;
	c->waiting++;
	return r;
}

static void count(unsigned long *now, unsigned long *max)
{
	if (++*now > *max)
		*max = *now;
}

static void keep_awsalb(struct request *r, const char *cookies)
{
	const char *at = strstr(cookies, "AWSALB=");

	if (at)
		snprintf(r->awsalb, sizeof(r->awsalb), "%.*s", (int)strcspn(at + 7, "; "), at + 7);
}

/* No more to wait for but the latency. */
static void request_go(struct sim *sim, struct request *r)
{
	int64_t wait_us = pick_latency_us(sim);

	if (r->entry)
		wait_us += r->entry->delay_ms * 1000;
	if (wait_us) {
		r->due_us = now_us() + wait_us;
		ge_sim_heap_add(sim, r);
	} else {
		r->ready = true;
	}
}

static void ask_ge(struct sim *sim, struct request *r, const struct ge_sim_http *http)
{
	char why[GE_SIM_WHY_SIZE];

	sim->stats.requests++;
	count(&sim->stats.running, &sim->stats.running_max);
	keep_awsalb(r, http->header[GE_SIM_COOKIE]);
	r->verdict = ge_sim_check(&sim->options->rules, sim->data, http, &r->entry, why);
	if (r->entry) {
		r->entry->requests++;
		count(&r->entry->running, &r->entry->running_max);
	}
	r->gzip = sim->options->gzip && strstr(http->header[GE_SIM_ACCEPT_ENCODING], "gzip");
	if (r->verdict == GE_SIM_BAD) {
		sim->stats.bad++;
		r->text = must(strdup(why));
		r->text_status = 400;
		r->ready = true;        /* a mistake need not wait */
		return;
	}
	if (r->verdict == GE_SIM_EXPIRED)
		sim->stats.expired++;
	else
		sim->stats.good++;
	if (sim->holding || (r->entry && r->entry->hold))
		ge_sim_held_add(sim, r);
	else
		request_go(sim, r);
}

static bool wants_close(const struct ge_sim_http *http)
{
	const char *connection = http->header[GE_SIM_CONNECTION];

	if (!strcmp(http->version, "HTTP/1.0"))
		return strcasecmp(connection, "keep-alive");
	return !strcasecmp(connection, "close");
}

/* One request from the buffer, if a whole one is there. */
static bool take_request(struct sim *sim, struct conn *c)
{
	int64_t len = ge_sim_http_length(c->in + c->in_at, c->in_len - c->in_at, REQUEST_MAX);
	struct ge_sim_http http;
	struct request *r;

	if (!len)
		return false;
	r = request_new(c);
	if (len < 0 || ge_sim_http_parse(&http, c->in + c->in_at, (size_t)len) < 0 ||
	    *http.header[GE_SIM_TRANSFER_ENCODING]) {
		sim->stats.requests++;
		sim->stats.bad++;
		count(&sim->stats.running, &sim->stats.running_max);
		r->text = must(strdup("this is no HTTP request that the simulator takes"));
		r->text_status = 400;
		r->ready = r->close = true;
		c->in_at = c->in_len;   /* nobody knows where the next would begin */
		return false;
	}
	r->close = wants_close(&http);
	if (!strncmp(http.path, "/_control/", 10))
		ge_sim_control(sim, r, &http);
	else
		ask_ge(sim, r, &http);
	c->in_at += (size_t)len;
	return !r->close;
}

/* --- the loop ------------------------------------------------------------------- */

static void on_readable(struct sim *sim, struct conn *c)
{
	ssize_t n;

	if (c->in_size - c->in_len < READ_SIZE / 4) {
		c->in_size = c->in_size ? 2 * c->in_size : READ_SIZE / 4;
		c->in = must(realloc(c->in, c->in_size));
	}
	n = recv(c->fd, c->in + c->in_len, c->in_size - c->in_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_kill(sim, c);
		return;
	}
	c->in_len += (size_t)n;
	conn_pump(sim, c);
}

static void on_connection(struct sim *sim)
{
	int fd;

	while ((fd = accept4(sim->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = must(calloc(1, sizeof(*c)));
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
		int one = 1;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c->fd = fd;
		c->id = ++sim->stats.connections_total;
		c->events = EPOLLIN;
		c->next = sim->conns;
		if (c->next)
			c->next->prev = c;
		sim->conns = c;
		count(&sim->stats.connections, &sim->stats.connections_max);
		epoll_ctl(sim->epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

static void run_due(struct sim *sim)
{
	int64_t now = sim->heap_len ? now_us() : 0;

	while (sim->heap_len && sim->heap[0]->due_us <= now) {
		struct request *r = sim->heap[0];

		ge_sim_heap_remove(sim, r);
		r->ready = true;
		conn_pump(sim, r->conn);
	}
}

static int next_timeout_ms(const struct sim *sim)
{
	int64_t wait;

	if (!sim->heap_len)
		return -1;
	wait = (sim->heap[0]->due_us - now_us() + 999) / 1000;
	return wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait;
}

static void on_event(struct sim *sim, const struct epoll_event *ev)
{
	struct conn *c = ev->data.ptr;

	if (ev->data.ptr == &sim->listener) {
		on_connection(sim);
	} else if (ev->data.ptr == &sim->signals) {
		sim->stop = true;
	} else if (c->fd >= 0) {
		if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			on_readable(sim, c);
		if (c->fd >= 0 && (ev->events & EPOLLOUT))
			conn_pump(sim, c);
	}
}

static void run(struct sim *sim)
{
	struct epoll_event events[EVENTS];

	while (!sim->stop) {
		int n = epoll_wait(sim->epoll, events, EVENTS, next_timeout_ms(sim));

		for (int i = 0; i < n; i++)
			on_event(sim, &events[i]);
		run_due(sim);
		free_dead(sim);
		if (sim->log)
			fflush(sim->log);
	}
}

static int open_listener(struct sim *sim, int *port)
{
	const char *listen_on = sim->options->listen, *colon = strrchr(listen_on, ':');
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	char host[64];
	int one = 1;

	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - listen_on) : 0, listen_on);
	if (!colon || inet_pton(AF_INET, host, &addr.sin_addr) != 1) {
		fprintf(stderr, "ge_sim: --listen wants ADDR:PORT, 127.0.0.1:0 for a free port\n");
		return 2;
	}
	addr.sin_port = htons((uint16_t)atoi(colon + 1));
	sim->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(sim->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sim->listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(sim->listener, 4096) < 0) {
		fprintf(stderr, "ge_sim: cannot listen on %s: %m\n", listen_on);
		return 1;
	}
	getsockname(sim->listener, (struct sockaddr *)&addr, &len);
	*port = ntohs(addr.sin_port);
	return 0;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Whole or not at all: who waits for the file may read it as soon as it is there. */
static int write_port_file(const char *path, int port)
{
	char part[4096];
	FILE *f;

	snprintf(part, sizeof(part), "%s.part", path);
	f = fopen(part, "we");
	if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) || rename(part, path) < 0) {
		fprintf(stderr, "ge_sim: cannot write %s: %m\n", path);
		return 1;
	}
	return 0;
}

static int open_all(struct sim *sim)
{
	const struct ge_sim_options *o = sim->options;
	struct rlimit files;
	char why[GE_SIM_WHY_SIZE];
	int port = 0, rc;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (o->data && ge_sim_data_load(sim->data, o->data, why) < 0) {
		fprintf(stderr, "ge_sim: %s\n", why);
		return 2;
	}
	if (o->log && !(sim->log = fopen(o->log, "ae"))) {
		fprintf(stderr, "ge_sim: cannot write %s: %m\n", o->log);
		return 1;
	}
	sim->epoll = epoll_create1(EPOLL_CLOEXEC);
	sim->signals = open_signals();
	rc = open_listener(sim, &port);
	if (rc)
		return rc;
	epoll_ctl(sim->epoll, EPOLL_CTL_ADD, sim->listener,
		  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &sim->listener });
	epoll_ctl(sim->epoll, EPOLL_CTL_ADD, sim->signals,
		  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &sim->signals });
	if (o->port_file && write_port_file(o->port_file, port))
		return 1;
	printf("listening on %.*s:%d\n", (int)(strrchr(o->listen, ':') - o->listen), o->listen, port);
	fflush(stdout);
	return 0;
}

static void close_all(struct sim *sim)
{
	while (sim->conns)
		conn_kill(sim, sim->conns);
	free_dead(sim);
	free(sim->heap);
	if (sim->log)
		fclose(sim->log);
	for (int i = 0, fds[] = { sim->epoll, sim->signals, sim->listener }; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	ge_sim_data_free(sim->data);
}

int ge_sim_serve(struct ge_sim_options *options)
{
	struct sim sim = {
		.options = options, .data = ge_sim_data_new(options->generate),
		.epoll = -1, .listener = -1, .signals = -1, .noise = 88172645463325252u,
	};
	int rc = open_all(&sim);

	if (!rc)
		run(&sim);
	close_all(&sim);
	return rc;
}
