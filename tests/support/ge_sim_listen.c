/* ge_sim_listen.c - where the simulator listens, and how it ceases to. */
#include "ge_sim_server.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bound, and not listening yet: who connects is refused, and nobody takes the port.
 * Fills in a port that was 0. */
static int bind_socket(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)addr, len) < 0 || getsockname(fd, (struct sockaddr *)addr, &len) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int start_listening(struct sim *sim, int *fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = fd };

	return listen(*fd, 4096) < 0 || epoll_ctl(sim->epoll, EPOLL_CTL_ADD, *fd, &ev) < 0 ? -1 : 0;
}

void ge_sim_refuse(struct sim *sim, int64_t ms, const struct conn *but)
{
	struct conn *next;

	sim->listen_at_us = ms ? ge_sim_now_us() + ms * 1000 : 0;
	if (sim->refusing)
		return;
	sim->refusing = true;
	close(sim->listener);
	sim->listener = bind_socket(&sim->addr);
	for (struct conn *c = sim->conns; c; c = next) {
		next = c->next;
		c->reset = !c->control && c != but;
		if (c->reset)
			ge_sim_conn_kill(sim, c);
	}
}

void ge_sim_listen(struct sim *sim)
{
	sim->listen_at_us = 0;
	if (sim->refusing && start_listening(sim, &sim->listener) < 0)
		fprintf(stderr, "ge_sim: cannot listen again: %m\n");
	sim->refusing = false;
}

int ge_sim_open_listeners(struct sim *sim)
{
	const char *listen_on = sim->options->listen, *colon = strrchr(listen_on, ':');
	struct sockaddr_in *addr = &sim->addr, control = { .sin_family = AF_INET };
	char host[64];

	addr->sin_family = AF_INET;
	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - listen_on) : 0, listen_on);
	if (!colon || inet_pton(AF_INET, host, &addr->sin_addr) != 1) {
		fprintf(stderr, "ge_sim: --listen wants ADDR:PORT, 127.0.0.1:0 for a free port\n");
		return 2;
	}
	addr->sin_port = htons((uint16_t)atoi(colon + 1));
	control.sin_addr = addr->sin_addr;
	sim->listener = bind_socket(addr);
	sim->control_listener = bind_socket(&control);
	if (sim->listener < 0 || sim->control_listener < 0 || start_listening(sim, &sim->listener) < 0 ||
	    start_listening(sim, &sim->control_listener) < 0) {
		fprintf(stderr, "ge_sim: cannot listen on %s: %m\n", listen_on);
		return 1;
	}
	sim->control_port = ntohs(control.sin_port);
	return 0;
}
