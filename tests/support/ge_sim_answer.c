/* ge_sim_answer.c - what is answered, and how it goes over the wire.
 *
 *      page or reply --> day's own words --> [gzip] --> wire
 *                                                        |
 *           whole, chunked, cut, reset...: in c->out at once
 *           drip: from r->rest, byte by byte, by the heap of those with a time
 *           oversized, endless: made anew whenever c->out is empty */
#include "ge_sim_server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zlib.h>

#define OVERSIZED (100u << 20)
#define BOMB (16u << 20)        /* unfolded; packing it must not keep others waiting */
#define BLOCK 65536             /* of an endless body */

struct saying {
	int status;
	const char *type, *headers;
	char *day_headers;      /* owned */
	const char *body;
	size_t len;
	char *owned;            /* body, where it was made for this */
	bool gzip;
};

static void put(struct conn *c, const char *bytes, size_t len)
{
	if (c->out_len + len > c->out_size) {
		c->out_size = 2 * (c->out_len + len);
		c->out = must(realloc(c->out, c->out_size));
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
}

static void put_text(struct conn *c, const char *text)
{
	put(c, text, strlen(text));
}

static void put_format(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put_format(struct conn *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_text(c, text);
}

/* length: of the body; -1: in chunks. */
static void put_head(struct sim *sim, struct conn *c, const struct saying *s, int64_t length)
{
	put_format(c, "HTTP/1.1 %d %s\r\n", s->status, s->status == 200 ? "OK" : "Other");
	if (length >= 0)
		put_format(c, "Content-Length: %" PRId64 "\r\n", length);
	else
		put_text(c, "Transfer-Encoding: chunked\r\n");
	if (s->type)
		put_format(c, "Content-Type: %s\r\n", s->type);
	if (s->gzip)
		put_text(c, "Content-Encoding: gzip\r\n");
	if (sim->options->awsalb) {
		put_format(c, "Set-Cookie: AWSALB=node-%lu; Path=/\r\n", ++sim->awsalb);
		c->has_awsalb = true;
	}
	put_text(c, s->headers ? s->headers : "");
	put_text(c, s->day_headers ? s->day_headers : "");
	put_text(c, "\r\n");
}

/* Into a body of its own; last: and the end of the compressed text. */
static void compress_body(struct saying *s, size_t times)
{
	z_stream z = { .zalloc = Z_NULL };
	size_t size = 1024 + times * s->len / 500 + s->len;
	char *out = must(malloc(size));

	if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)size;
	while (times--) {
		z.next_in = (Bytef *)(uintptr_t)s->body;
		z.avail_in = (uInt)s->len;
		if (deflate(&z, times ? Z_NO_FLUSH : Z_FINISH) == Z_STREAM_ERROR || z.avail_in)
			abort();
	}
	free(s->owned);
	s->body = s->owned = out;
	s->len = size - z.avail_out;
	s->gzip = true;
	deflateEnd(&z);
}

static void put_bomb(struct sim *sim, struct conn *c, struct saying *s)
{
	char *spaces = must(malloc(BLOCK));

	memset(spaces, ' ', BLOCK);
	free(s->owned);
	s->body = s->owned = spaces;
	s->len = BLOCK;
	compress_body(s, BOMB / BLOCK);
	put_head(sim, c, s, (int64_t)s->len);
	put(c, s->body, s->len);
}

static void put_chunks(struct conn *c, const char *body, size_t len)
{
	for (size_t n; len; body += n, len -= n) {
		n = len > 100 ? 100 : len;
		put_format(c, "%zx\r\n", n);
		put(c, body, n);
		put_text(c, "\r\n");
	}
}

static void begin_drip(struct sim *sim, struct request *r, const struct saying *s, int64_t step_us)
{
	r->rest = must(malloc(s->len + 1));
	memcpy(r->rest, s->body, s->len);
	r->rest_len = s->len;
	r->step_us = step_us;
	if (s->len)
		ge_sim_wait_us(sim, r, step_us);
}

/* Half of it, and what then becomes of the connection. */
static void put_half(struct sim *sim, struct request *r, const struct saying *s, enum ge_sim_wire wire)
{
	put_head(sim, r->conn, s, (int64_t)s->len);
	put(r->conn, s->body, s->len / 2);
	r->going_on = wire == WIRE_HANG_BODY;
	r->conn->closing = !r->going_on;
	r->conn->reset = wire == WIRE_RESET_BODY;
}

static void put_answer(struct sim *sim, struct request *r, struct saying *s, enum ge_sim_wire wire)
{
	struct conn *c = r->conn;

	switch (wire) {
	case WIRE_RAW:
		put(c, s->body, s->len);
		c->closing = true;
		return;
	case WIRE_CHUNKED:
	case WIRE_CUT_CHUNKS:
		put_head(sim, c, s, -1);
		put_chunks(c, s->body, s->len);
		if (wire == WIRE_CHUNKED)
			put_text(c, "0\r\n\r\n");
		else
			c->closing = true;
		return;
	case WIRE_DRIP:
	case WIRE_TRICKLE:
		put_head(sim, c, s, (int64_t)s->len);
		begin_drip(sim, r, s, wire == WIRE_DRIP ? 1000 : 1000000);
		return;
	case WIRE_HANG:                 /* from the beginning: it never comes here */
	case WIRE_RESET:
	case WIRE_CLOSE:
		c->closing = true;
		c->reset = wire == WIRE_RESET;
		return;
	case WIRE_HANG_BODY:
	case WIRE_RESET_BODY:
	case WIRE_CUT:
		put_half(sim, r, s, wire);
		return;
	case WIRE_GZIP_BOMB:
		put_bomb(sim, c, s);
		return;
	case WIRE_OVERSIZED:
	case WIRE_OVERSIZED_CHUNKS:
	case WIRE_ENDLESS:
		put_head(sim, c, s, wire == WIRE_OVERSIZED ? (int64_t)OVERSIZED : -1);
		r->left = wire == WIRE_ENDLESS ? UINT64_MAX : OVERSIZED;
		r->chunks = wire != WIRE_OVERSIZED;
		return;
	case WIRE_ENDLESS_HEADERS:
		put_text(c, "HTTP/1.1 200 OK\r\n");
		r->left = UINT64_MAX;
		r->headers = true;
		return;
	case WIRE_CUT_GZIP:
		s->len /= 2;
		break;
	case WIRE_WHOLE:
	case WIRE_GZIP:
		break;
	}
	put_head(sim, c, s, (int64_t)s->len);
	put(c, s->body, s->len);
}

/* More of an endless or oversized answer, once all before it is written. */
void ge_sim_answer_more(struct request *r)
{
	static char block[BLOCK];
	struct conn *c = r->conn;

	memset(block, r->headers ? 'x' : ' ', BLOCK);
	if (r->headers) {
		put_format(c, "X-Filler-%" PRIu64 ": ", r->left);
		put(c, block, 1000);
		put_text(c, "\r\n");
	} else {
		if (r->chunks)
			put_format(c, "%x\r\n", BLOCK);
		put(c, block, BLOCK);
		if (r->chunks)
			put_text(c, "\r\n");
	}
	if (r->left == UINT64_MAX)
		return;
	r->left -= BLOCK;
	if (!r->left && r->chunks)
		put_text(c, "0\r\n\r\n");
}

void ge_sim_answer_drip(struct sim *sim, struct request *r)
{
	put(r->conn, r->rest + r->rest_at++, 1);
	if (r->rest_at < r->rest_len)
		ge_sim_wait_us(sim, r, r->step_us);
}

/* What the licence's own answer is, then what the day makes of it. */
static void say_entry(struct saying *s, const struct ge_sim_entry *entry)
{
	static const char unknown[] = "{\"message\":\"No Record Found\"}", json[] = "application/json;charset=UTF-8";

	*s = (struct saying){ .status = 200, .type = json, .body = unknown, .len = sizeof(unknown) - 1 };
	if (!entry || !entry->body)
		return;
	s->status = entry->status;
	s->headers = entry->headers;
	s->body = entry->body;
	s->len = entry->body_len;
	if (entry->has_type)
		s->type = NULL;
}

static char *make_headers(const char *format)
{
	time_t at = time(NULL) + 2;
	struct tm tm;
	char *text = must(calloc(1, 256));

	gmtime_r(&at, &tm);
	strftime(text, 256, format, &tm);
	return text;
}

static void say_day(struct saying *s, const struct ge_sim_day *day)
{
	if (day->status)
		s->status = day->status;
	if (day->headers)
		s->day_headers = make_headers(day->headers);
	if (day->type)
		s->type = day->type;
	if (day->body) {
		s->body = day->body;
		s->len = strlen(day->body);
	}
	if (day->make)
		s->body = s->owned = day->make(&s->len);
}

/* Returns the status that is said. */
int ge_sim_answer(struct sim *sim, struct request *r)
{
	const struct ge_sim_day *day = r->verdict == GE_SIM_EXPIRED ? sim->page : r->day;
	enum ge_sim_wire wire = WIRE_WHOLE;
	struct saying s;

	say_entry(&s, r->entry);
	if (r->text) {
		s = (struct saying){ r->text_status, r->control ? "application/json" : "text/plain", .body = r->text,
				     .len = strlen(r->text) };
	} else if (day) {
		say_day(&s, day);
		wire = day->wire;
	}
	if (wire == WIRE_GZIP || wire == WIRE_CUT_GZIP || (r->gzip && s.len && !r->text))
		compress_body(&s, 1);
	put_answer(sim, r, &s, wire);
	free(s.owned);
	free(s.day_headers);
	return s.status;
}
