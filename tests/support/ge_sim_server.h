/* ge_sim_server.h - what ge_sim_server.c, _listen.c, _request.c, _answer.c, _wait.c
 * and _control.c share, and nobody else. */
#ifndef GESYNC_GE_SIM_SERVER_H
#define GESYNC_GE_SIM_SERVER_H

#include <netinet/in.h>
#include <stdio.h>

#include "ge_sim.h"

#define GE_SIM_NOT_IN_HEAP SIZE_MAX
#define GE_SIM_PAST 65536       /* requests that are remembered one by one */

struct request {
	struct conn *conn;
	struct request *next;           /* on the connection */
	struct ge_sim_entry *entry;     /* borrowed; NULL where the licence is not known yet */
	enum ge_sim_verdict verdict;
	const struct ge_sim_day *day;   /* that it has; NULL: none */
	struct request *held_prev, *held_next;
	bool held, ready, answered, gzip, close;
	size_t heap_at;
	int64_t due_us, begun_us;
	char awsalb[80];
	char *text;                     /* owned: whole answer of /_control, or why it is bad */
	int text_status;
	bool control;

	/* An answer that goes on once it has begun. */
	bool going_on;                  /* and says nothing more */
	char *rest;                     /* owned: what drips */
	size_t rest_len, rest_at;
	int64_t step_us;
	uint64_t left;                  /* bytes of an oversized one; UINT64_MAX: endless */
	bool chunks, headers;
};

struct conn {
	int fd;                         /* -1: dead, to be freed */
	bool control;                   /* came by the port for /_control: stays when GE refuses */
	unsigned long id;
	char *in, *out;
	size_t in_len, in_at, in_size, out_len, out_at, out_size;
	struct request *first, *last;
	unsigned waiting;
	bool closing;                   /* reads no more, closes when all is written */
	bool reset;                     /* and does so with a reset */
	bool has_awsalb;                /* was given one: must bring it back */
	uint32_t events;
	struct conn *prev, *next;
};

struct stats {
	unsigned long requests, good, bad, expired, astray, aborted, running, running_max, waiting;
	unsigned long connections, connections_max, connections_total;
};

struct past {
	int64_t at_ms;                  /* unix */
	const struct ge_sim_entry *entry;
	const char *kind;               /* good, bad, expired, or its bad day */
};

struct sim {
	struct ge_sim_options *options;
	struct ge_sim_data *data;
	int epoll, listener, control_listener, signals;
	int control_port;
	struct sockaddr_in addr;        /* with the port that GE is known by */
	int64_t listen_at_us;           /* when GE ends refusing by itself; 0: it does not */
	bool refusing;
	double *rates;                  /* owned: of each day, 0 to 1 */
	unsigned long *day_counts;      /* owned */
	const struct ge_sim_day *page;  /* for whom the session has expired */
	long expires_after;             /* good requests; -1: does not expire */
	unsigned long awsalb;           /* the last that was given */
	struct past *past;              /* owned ring, made when first needed */
	size_t past_count;
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

/* ge_sim_server.c */
int64_t ge_sim_now_us(void);    /* monotonic */
void ge_sim_conn_kill(struct sim *sim, struct conn *c);

/* ge_sim_listen.c */
int ge_sim_open_listeners(struct sim *sim);     /* exit status; says why on stderr */
void ge_sim_refuse(struct sim *sim, int64_t ms, const struct conn *but);        /* 0: until ge_sim_listen() */
void ge_sim_listen(struct sim *sim);

/* ge_sim_request.c */
void ge_sim_wait_us(struct sim *sim, struct request *r, int64_t us);
void ge_sim_count(unsigned long *now, unsigned long *max);
bool ge_sim_take_request(struct sim *sim, struct conn *c);      /* one from the buffer, if a whole one is there */
void ge_sim_request_free(struct sim *sim, struct request *r);

/* ge_sim_answer.c */
int ge_sim_answer(struct sim *sim, struct request *r);          /* its status */
void ge_sim_answer_more(struct request *r);                     /* of one with r->left */
void ge_sim_answer_drip(struct sim *sim, struct request *r);    /* a byte of r->rest */

/* ge_sim_control.c: {"name": rate, ...}; -1 and why. */
int ge_sim_set_rates(struct sim *sim, const char *json, size_t len, char *why);
/* does what /_control/... says, and gives r its answer. */
void ge_sim_control(struct sim *sim, struct request *r, const struct ge_sim_http *http);

#endif
