/* ge_sim_server.c - the GE simulator's loop and its connections.
 *
 * One epoll loop. A request waits in its connection's queue until all before it are
 * answered (pipelining). A connection is freed after the round of events in which it
 * died. */
#include "ge_sim_server.h"

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
#define PIPELINE_MAX 256        /* waiting on one connection; then it is read no further */

int64_t ge_sim_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void log_answer(struct sim *sim, const struct request *r, int status)
{
	if (sim->log)
		fprintf(sim->log, "licence=%s status=%d connection=%lu took_ms=%" PRId64 " awsalb=%s why=\"%s\"\n",
			r->entry ? r->entry->license : "-", status, r->conn->id,
			(ge_sim_now_us() - r->begun_us) / 1000, *r->awsalb ? r->awsalb : "-", r->text ? r->text : "");
}

/* --- connections -------------------------------------------------------------- */

void ge_sim_conn_kill(struct sim *sim, struct conn *c)
{
	if (c->fd < 0)
		return;
	if (c->reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(c->fd);
	c->fd = -1;
	sim->stats.connections--;
	while (c->first) {
		struct request *r = c->first;

		c->first = r->next;
		sim->stats.aborted += !r->control;
		ge_sim_request_free(sim, r);
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
	if (c->out_at < c->out_len || (c->first && c->first->left))
		ev.events |= EPOLLOUT;
	if (ev.events != c->events)
		epoll_ctl(sim->epoll, EPOLL_CTL_MOD, c->fd, &ev);
	c->events = ev.events;
}

/* False: the socket takes no more now, or is gone. */
static bool conn_write(struct sim *sim, struct conn *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			ge_sim_conn_kill(sim, c);
			return false;
		}
		c->out_at += (size_t)n;
	}
	c->out_at = c->out_len = 0;
	return true;
}

static bool is_over(const struct request *r)
{
	return !r->going_on && !r->left && r->rest_at == r->rest_len;
}

static void conn_answer_ready(struct sim *sim, struct conn *c)
{
	while (c->first && c->first->ready) {
		struct request *r = c->first;

		if (!r->answered) {
			int status = ge_sim_answer(sim, r);

			r->answered = true;
			if (!r->control)
				log_answer(sim, r, status);
		}
		if (!is_over(r))
			return;
		c->closing |= r->close;
		c->first = r->next;
		if (!c->first)
			c->last = NULL;
		c->waiting--;
		ge_sim_request_free(sim, r);
	}
}

/* A loop's turn has an end even where an answer has none. */
static void conn_write_all(struct sim *sim, struct conn *c)
{
	for (int i = 0; i < 64 && conn_write(sim, c) && c->first && c->first->left; i++) {
		ge_sim_answer_more(c->first);
		conn_answer_ready(sim, c);
	}
	if (c->fd >= 0 && c->closing && !c->first && c->out_at == c->out_len)
		ge_sim_conn_kill(sim, c);
}

/* Brings a connection forward as far as it goes. */
static void conn_pump(struct sim *sim, struct conn *c)
{
	bool more;

	if (c->fd < 0)
		return;
	do {
		more = false;
		while (!c->closing && c->waiting < PIPELINE_MAX && ge_sim_take_request(sim, c))
			more = true;
		conn_answer_ready(sim, c);
	} while (more);
	if (c->in_at) {
		memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
	}
	conn_write_all(sim, c);
	if (c->fd >= 0)
		conn_watch(sim, c);
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
		ge_sim_conn_kill(sim, c);
		return;
	}
	c->in_len += (size_t)n;
	conn_pump(sim, c);
}

static void on_connection(struct sim *sim, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = must(calloc(1, sizeof(*c)));
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
		int one = 1;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c->fd = fd;
		c->control = listener == sim->control_listener;
		c->id = ++sim->stats.connections_total;
		c->events = EPOLLIN;
		c->next = sim->conns;
		if (c->next)
			c->next->prev = c;
		sim->conns = c;
		ge_sim_count(&sim->stats.connections, &sim->stats.connections_max);
		epoll_ctl(sim->epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

static void run_due(struct sim *sim)
{
	int64_t now = sim->heap_len ? ge_sim_now_us() : 0;

	while (sim->heap_len && sim->heap[0]->due_us <= now) {
		struct request *r = sim->heap[0];

		ge_sim_heap_remove(sim, r);
		if (r->answered)
			ge_sim_answer_drip(sim, r);
		r->ready = true;
		conn_pump(sim, r->conn);
	}
	if (sim->listen_at_us && sim->listen_at_us <= ge_sim_now_us())
		ge_sim_listen(sim);
}

static int next_timeout_ms(const struct sim *sim)
{
	int64_t due = sim->heap_len ? sim->heap[0]->due_us : INT64_MAX, wait;

	if (sim->listen_at_us && sim->listen_at_us < due)
		due = sim->listen_at_us;
	if (due == INT64_MAX)
		return -1;
	wait = (due - ge_sim_now_us() + 999) / 1000;
	return wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait;
}

static void on_event(struct sim *sim, const struct epoll_event *ev)
{
	struct conn *c = ev->data.ptr;

	if (ev->data.ptr == &sim->listener) {
		on_connection(sim, sim->listener);
	} else if (ev->data.ptr == &sim->control_listener) {
		on_connection(sim, sim->control_listener);
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
	int port, rc;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (o->data && ge_sim_data_load(sim->data, o->data, why) < 0) {
		fprintf(stderr, "ge_sim: %s\n", why);
		return 2;
	}
	if (o->days && ge_sim_set_rates(sim, o->days, strlen(o->days), why) < 0) {
		fprintf(stderr, "ge_sim: --days: %s\n", why);
		return 2;
	}
	if (o->log && !(sim->log = fopen(o->log, "ae"))) {
		fprintf(stderr, "ge_sim: cannot write %s: %m\n", o->log);
		return 1;
	}
	sim->epoll = epoll_create1(EPOLL_CLOEXEC);
	sim->signals = open_signals();
	rc = ge_sim_open_listeners(sim);
	if (rc)
		return rc;
	port = ntohs(sim->addr.sin_port);
	epoll_ctl(sim->epoll, EPOLL_CTL_ADD, sim->signals,
		  &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &sim->signals });
	if ((o->port_file && write_port_file(o->port_file, port)) ||
	    (o->control_port_file && write_port_file(o->control_port_file, sim->control_port)))
		return 1;
	printf("listening on %.*s:%d\n", (int)(strrchr(o->listen, ':') - o->listen), o->listen, port);
	fflush(stdout);
	return 0;
}

static void close_all(struct sim *sim)
{
	while (sim->conns)
		ge_sim_conn_kill(sim, sim->conns);
	free_dead(sim);
	free(sim->heap);
	free(sim->rates);
	free(sim->day_counts);
	free(sim->past);
	if (sim->log)
		fclose(sim->log);
	for (int i = 0, fds[] = { sim->epoll, sim->signals, sim->listener, sim->control_listener }; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	ge_sim_data_free(sim->data);
}

int ge_sim_serve(struct ge_sim_options *options)
{
	struct sim sim = {
		.options = options, .data = ge_sim_data_new(options->generate),
		.epoll = -1, .listener = -1, .control_listener = -1, .signals = -1, .noise = 88172645463325252u,
		.rates = must(calloc(ge_sim_days_count, sizeof(double))),
		.day_counts = must(calloc(ge_sim_days_count, sizeof(unsigned long))),
		.page = ge_sim_day_find("login"), .expires_after = -1,
	};
	int rc = open_all(&sim);

	if (!rc)
		run(&sim);
	close_all(&sim);
	return rc;
}
