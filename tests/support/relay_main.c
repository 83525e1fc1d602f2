/* relay_main.c - a path to Redis that can go dead without a word: of its connections
 * nothing comes any more, yet nobody is told that they have ended.
 *
 *      relay PORT-FILE SOCKET      TCP on a free port of 127.0.0.1, to a Unix socket
 *
 * Every connection is a process of its own, the child of the one that listens: so
 * a test stops one (kill -STOP) and the kernel goes on taking what is sent to it.
 * Which one holds a blocking read shows in its name. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static bool pass(int from, int to, bool names)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof(bytes)), sent = 0, m;

	if (names && n > 0)
		prctl(PR_SET_NAME, memmem(bytes, (size_t)n, "BLMOVE", 6) ? "relay-blocked" : "relay-asking");
	while (sent < n && (m = write(to, bytes + sent, (size_t)(n - sent))) > 0)
		sent += m;
	return n > 0 && sent == n;
}

static void carry(int client, const char *socket_path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pollfd ends[] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
	bool on = true;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
	check(!connect(server, (struct sockaddr *)&to, sizeof(to)), socket_path);
	while (on && poll(ends, 2, -1) > 0) {
		if (ends[0].revents)
			on = pass(client, server, true);
		if (on && ends[1].revents)
			on = pass(server, client, false);
	}
	exit(0);
}

static int listen_somewhere(const char *port_file)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE *out;

	check(!bind(fd, (struct sockaddr *)&at, len) && !listen(fd, 64) &&
	      !getsockname(fd, (struct sockaddr *)&at, &len), "relay");
	out = fopen(port_file, "w");
	check(out && fprintf(out, "%d\n", ntohs(at.sin_port)) > 0 && !fclose(out), port_file);
	return fd;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 3) {
		fputs("usage: relay PORT-FILE SOCKET\n", stderr);
		return 2;
	}
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	fd = listen_somewhere(argv[1]);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client >= 0 && !fork())
			carry(client, argv[2]);
		close(client);
	}
}
