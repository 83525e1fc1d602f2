/* ge_sim_request.c - a request from its coming to its going.
 *
 *      check -> day -> [held until release] -> [latency] -> ready for its answer
 *                \-> hangs: nothing more
 *
 * Meanwhile it is on the list of the held or in the heap of those with a time. Which
 * bad day it has is decided when it comes, what its answer says when it is sent, so
 * that a test can change an entry while its request is held. */
#include "ge_sim_server.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_MAX (8u << 20)  /* a raw body that a test gives an entry */

void ge_sim_wait_us(struct sim *sim, struct request *r, int64_t us)
{
	r->due_us = ge_sim_now_us() + us;
	ge_sim_heap_add(sim, r);
}

/* Takes a request out of all lists but its connection's, and frees it. */
void ge_sim_request_free(struct sim *sim, struct request *r)
{
	if (r->held)
		ge_sim_held_remove(sim, r);
	if (r->heap_at != GE_SIM_NOT_IN_HEAP)
		ge_sim_heap_remove(sim, r);
	if (!r->control)
		sim->stats.running--;
	if (r->entry)
		r->entry->running--;
	free(r->rest);
	free(r->text);
	free(r);
}

static uint64_t noise(struct sim *sim)
{
	sim->noise ^= sim->noise << 13;         /* xorshift64, the same in every run */
	sim->noise ^= sim->noise >> 7;
	sim->noise ^= sim->noise << 17;
	return sim->noise;
}

static int64_t pick_latency_us(struct sim *sim)
{
	const struct ge_sim_options *o = sim->options;
	uint64_t span = (uint64_t)(o->latency_max - o->latency_min) * 1000 + 1;

	return o->latency_min * 1000 + (int64_t)(noise(sim) % span);
}

/* The licence's own, or one of those that happen at a rate. */
static const struct ge_sim_day *pick_day(struct sim *sim, struct ge_sim_entry *entry)
{
	double at = (double)(noise(sim) >> 11) / 9007199254740992.0;    /* 53 bits: 0 to 1 */

	if (entry->day && entry->times) {
		entry->times--;
		return entry->day;
	}
	for (size_t i = 0; i < ge_sim_days_count; i++) {
		at -= sim->rates[i];
		if (at < 0)
			return &ge_sim_days[i];
	}
	return NULL;
}

static struct request *request_new(struct conn *c)
{
	struct request *r = must(calloc(1, sizeof(*r)));

	r->conn = c;
	r->heap_at = GE_SIM_NOT_IN_HEAP;
	r->begun_us = ge_sim_now_us();
	*(c->last ? &c->last->next : &c->first) = r;
	c->last = r;
	c->waiting++;
	return r;
}

void ge_sim_count(unsigned long *now, unsigned long *max)
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

/* One that was given an AWSALB and does not bring one comes to another node, which
 * has never heard of its session. */
static bool is_astray(const struct sim *sim, const struct request *r)
{
	unsigned long number;

	if (!sim->options->awsalb || !r->conn->has_awsalb)
		return false;
	return sscanf(r->awsalb, "node-%lu", &number) != 1 || number > sim->awsalb;
}

static enum ge_sim_verdict judge_session(struct sim *sim, const struct request *r)
{
	if (is_astray(sim, r)) {
		sim->stats.astray++;
		return GE_SIM_EXPIRED;
	}
	if (!sim->expires_after)
		return GE_SIM_EXPIRED;
	if (sim->expires_after > 0)
		sim->expires_after--;
	return GE_SIM_GOOD;
}

static void remember(struct sim *sim, const struct request *r)
{
	static const char *const kinds[] = { [GE_SIM_GOOD] = "good", [GE_SIM_BAD] = "bad", [GE_SIM_EXPIRED] = "expired" };
	struct timespec t;

	if (!sim->past)
		sim->past = must(calloc(GE_SIM_PAST, sizeof(*sim->past)));
	clock_gettime(CLOCK_REALTIME, &t);
	sim->past[sim->past_count++ % GE_SIM_PAST] = (struct past){
		(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000, r->entry, r->day ? r->day->name : kinds[r->verdict]
	};
	if (r->day)
		sim->day_counts[r->day - ge_sim_days]++;
	sim->stats.good += r->verdict == GE_SIM_GOOD;
	sim->stats.bad += r->verdict == GE_SIM_BAD;
	sim->stats.expired += r->verdict == GE_SIM_EXPIRED;
}

static void refuse_request(struct request *r, const char *why)
{
	r->text = must(strdup(why));
	r->text_status = 400;
	r->ready = true;        /* a mistake need not wait */
}

/* No more to wait for but the latency. */
static void request_go(struct sim *sim, struct request *r)
{
	int64_t wait_us = pick_latency_us(sim);

	if (r->entry)
		wait_us += r->entry->delay_ms * 1000;
	if (wait_us)
		ge_sim_wait_us(sim, r, wait_us);
	else
		r->ready = true;
}

static void ask_ge(struct sim *sim, struct request *r, const struct ge_sim_http *http)
{
	char why[GE_SIM_WHY_SIZE];

	sim->stats.requests++;
	ge_sim_count(&sim->stats.running, &sim->stats.running_max);
	keep_awsalb(r, http->header[GE_SIM_COOKIE]);
	r->verdict = ge_sim_check(&sim->options->rules, sim->data, http, &r->entry, why);
	if (r->entry) {
		r->entry->requests++;
		ge_sim_count(&r->entry->running, &r->entry->running_max);
	}
	r->gzip = sim->options->gzip && strstr(http->header[GE_SIM_ACCEPT_ENCODING], "gzip");
	if (r->verdict == GE_SIM_GOOD)
		r->verdict = judge_session(sim, r);
	if (r->verdict == GE_SIM_GOOD)
		r->day = pick_day(sim, r->entry);
	remember(sim, r);
	if (r->verdict == GE_SIM_BAD)
		refuse_request(r, why);
	else if (sim->holding || (r->entry && r->entry->hold))
		ge_sim_held_add(sim, r);
	else if (!r->day || r->day->wire != WIRE_HANG)
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
bool ge_sim_take_request(struct sim *sim, struct conn *c)
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
		ge_sim_count(&sim->stats.running, &sim->stats.running_max);
		r->verdict = GE_SIM_BAD;
		remember(sim, r);
		refuse_request(r, "this is no HTTP request that the simulator takes");
		r->close = true;
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
