/* ge_sim.h - the pieces of the GE simulator.
 *
 *      ge_sim_main.c     options and the end
 *      ge_sim_server.c   the loop and connections; ge_sim_listen.c where they come from
 *      ge_sim_request.c  from coming to going; ge_sim_wait.c who waits
 *      ge_sim_answer.c   answers, and how they go over the wire
 *      ge_sim_control.c  /_control, with which a test looks and changes
 *      ge_sim_check.c    one HTTP request, and whether it is what GE wants
 *      ge_sim_data.c     what each licence is answered
 *      ge_sim_day.c      the bad days: a further one is a row there */
#ifndef GESYNC_GE_SIM_H
#define GESYNC_GE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define GE_SIM_LICENSE_SIZE 51  /* 50 characters and NUL */
#define GE_SIM_WHY_SIZE 200     /* of every why below */

static inline void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* How an answer goes over the wire. */
enum ge_sim_wire {
	WIRE_WHOLE, WIRE_RAW, WIRE_CHUNKED, WIRE_GZIP, WIRE_DRIP, WIRE_TRICKLE,
	WIRE_HANG, WIRE_HANG_BODY, WIRE_RESET, WIRE_RESET_BODY, WIRE_CLOSE,
	WIRE_CUT, WIRE_CUT_CHUNKS, WIRE_CUT_GZIP, WIRE_GZIP_BOMB,
	WIRE_OVERSIZED, WIRE_OVERSIZED_CHUNKS, WIRE_ENDLESS, WIRE_ENDLESS_HEADERS,
};

/* A bad day: what is not given is as the licence's own answer. */
struct ge_sim_day {
	const char *name, *what;
	int status;                     /* 0: not given */
	const char *headers;            /* "Name: value\r\n" each, for strftime() with the time in 2 s */
	const char *type, *body;
	char *(*make)(size_t *len);     /* a body, owned by the caller */
	enum ge_sim_wire wire;
};

extern const struct ge_sim_day ge_sim_days[];
extern const size_t ge_sim_days_count;
const struct ge_sim_day *ge_sim_day_find(const char *name);     /* or NULL */

/* What one licence is answered, and how often it was asked. */
struct ge_sim_entry {
	char license[GE_SIM_LICENSE_SIZE];
	char *date, *iec;               /* what must be asked; NULL: anything */
	int status;
	char *headers;                  /* "Name: value\r\n" each, after the sim's own */
	bool has_type;                  /* headers has a Content-Type */
	char *body;                     /* NULL: unknown, "No Record Found" */
	size_t body_len;
	const struct ge_sim_day *day;   /* or NULL */
	unsigned long times;            /* so many requests have the day, then no more */
	int64_t delay_ms;               /* on top of the latency */
	bool hold;                      /* waits for release */
	unsigned long requests, running, running_max;
};

struct ge_sim_data;
struct ge_sim_data *ge_sim_data_new(bool generate);
void ge_sim_data_free(struct ge_sim_data *data);

/* A file of JSON documents, one after the other: objects with a member "license",
 * or objects that map licence numbers to entries. -1 and why on failure. */
int ge_sim_data_load(struct ge_sim_data *data, const char *path, char *why);

/* Replaces one entry by what the JSON text says; null makes it unknown. */
int ge_sim_data_set(struct ge_sim_data *data, const char *license, const char *json, size_t len,
		    char *why);

/* The same for many: a document as in a file. */
int ge_sim_data_set_many(struct ge_sim_data *data, const char *json, size_t len, char *why);

/* The entry of a licence, made where there is none: generated or unknown. Stays where
 * it is until ge_sim_data_free(). */
struct ge_sim_entry *ge_sim_data_find(struct ge_sim_data *data, const char *license, const char *iec);

/* Calls with every entry, in no order. */
void ge_sim_data_each(struct ge_sim_data *data, void (*cb)(struct ge_sim_entry *entry, void *arg), void *arg);

enum ge_sim_header {
	GE_SIM_ACCEPT, GE_SIM_ACCEPT_ENCODING, GE_SIM_CONNECTION, GE_SIM_CONTENT_LENGTH, GE_SIM_CONTENT_TYPE,
	GE_SIM_COOKIE, GE_SIM_ORIGIN, GE_SIM_REFERER, GE_SIM_REQUESTED_WITH, GE_SIM_TRANSFER_ENCODING,
	GE_SIM_USER_AGENT, GE_SIM_HEADERS
};

struct ge_sim_http {                    /* all borrowed from the connection's buffer */
	const char *method, *path, *query, *version;
	const char *header[GE_SIM_HEADERS];     /* "" where missing */
	const char *body;
	size_t body_len;
};

/* Length of the first request in the buffer, 0 while it is not whole, -1 if it is
 * none or would be longer than max. */
int64_t ge_sim_http_length(const char *buf, size_t len, size_t max);

/* Takes a whole request apart, in place; -1 if its first line is none. */
int ge_sim_http_parse(struct ge_sim_http *http, char *buf, size_t len);

/* A field of a form or query, percent-decoded: its length, or -1 where it is
 * missing, there twice, or longer than size. */
int ge_sim_form_get(const char *form, size_t len, const char *name, char *out, size_t size);

struct ge_sim_rules {
	char session[256], csrf[256];   /* "": anything */
	char app_id[64];
};

enum ge_sim_verdict { GE_SIM_GOOD, GE_SIM_BAD, GE_SIM_EXPIRED };

/* A request for a licence: GOOD fills *entry, BAD tells why. */
enum ge_sim_verdict ge_sim_check(const struct ge_sim_rules *rules, struct ge_sim_data *data,
				 const struct ge_sim_http *http, struct ge_sim_entry **entry,
				 char *why);

struct ge_sim_options {
	const char *listen, *data, *port_file, *control_port_file, *log, *days;
	int64_t latency_min, latency_max;       /* ms */
	bool generate, gzip, awsalb;
	struct ge_sim_rules rules;
};

/* "N" or "N-M"; -1 if it is neither. */
int ge_sim_parse_latency(const char *text, int64_t *min, int64_t *max);

/* Serves until TERM or INT. Returns the exit status; messages go to stderr. */
int ge_sim_serve(struct ge_sim_options *options);

#endif
