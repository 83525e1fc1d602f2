/* ge_sim_server.h - what ge_sim_server.c, _wait.c and _control.c share, and nobody else. */
#ifndef GESYNC_GE_SIM_SERVER_H
#define GESYNC_GE_SIM_SERVER_H

#include <stdio.h>

#include "ge_sim.h"

#define GE_SIM_NOT_IN_HEAP SIZE_MAX

struct request {
	struct conn *conn;
	struct request *next;           /* on the connection */
	struct ge_sim_entry *entry;     /* borrowed; NULL where the licence is not known yet */
	enum ge_sim_verdict verdict;
	struct request *held_prev, *held_next;
	bool held, ready, gzip, close;
	size_t heap_at;
	int64_t due_us, begun_us;
	char awsalb[80];
	char *text;                     /* owned: whole answer of /_control, or why it is bad */
	int text_status;
	bool control;
};

struct conn {
	int fd;                         /* -1: dead, to be freed */
	unsigned long id;
	char *in, *out;
	size_t in_len, in_at, in_size, out_len, out_at, out_size;
	struct request *first, *last;
	unsigned waiting;
	bool closing;                   /* reads no more, closes when all is written */
	uint32_t events;
	struct conn *prev, *next;
};

struct stats {
	unsigned long requests, good, bad, expired, aborted, running, running_max, waiting;
	unsigned long connections, connections_max, connections_total;
};

struct sim {
	struct ge_sim_options *options;
	struct ge_sim_data *data;
	int epoll, listener, signals;
	struct conn *conns, *dead;
	struct request *held_first, *held_last;
	struct request **heap;
	size_t heap_len, heap_size;
	bool holding, stop;
	struct stats stats;
	FILE *log;
	uint64_t noise;
};

/* ge_sim_wait.c: those who wait for a time, and those who wait for release. */
void ge_sim_heap_add(struct sim *sim, struct request *r);       /* by due_us */
void ge_sim_heap_remove(struct sim *sim, struct request *r);
void ge_sim_held_add(struct sim *sim, struct request *r);
void ge_sim_held_remove(struct sim *sim, struct request *r);

/* ge_sim_control.c: does what /_control/... says, and gives r its answer. */
void ge_sim_control(struct sim *sim, struct request *r, const struct ge_sim_http *http);

#endif
