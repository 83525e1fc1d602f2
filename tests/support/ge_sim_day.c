/* ge_sim_day.c - the bad days that a licence, or the whole GE server, can have.
 *
 * Each is what is said (status, headers, body) and how it goes over the wire. A
 * further one is a row of the table, and a maker where its body is not a constant. */
#include "ge_sim.h"

#include <stdlib.h>
#include <string.h>

#define PAGE(title) "<!DOCTYPE html>\n<html><head><title>" title "</title></head><body>" title "</body></html>\n"
#define HTML "text/html;charset=UTF-8"

#define DEEP 100000             /* levels */
#define TRANSFERS 10001         /* one more than is believed */

static char *make_deep(size_t *len)
{
	char *body = must(malloc(2 * DEEP));

	memset(body, '[', DEEP);
	memset(body + DEEP, ']', DEEP);
	*len = 2 * DEEP;
	return body;
}

/* Below 4 MiB, well formed, and of no licence on earth. */
static char *make_many(size_t *len)
{
	static const char head[] = "{\"scripTransfer\":[{\"transferStatus\":\"Approved\"}";
	static const char more[] = ",{\"transferStatus\":\"Approved\",\"toIEC\":\"0300000001\"}";
	size_t size = sizeof(head) + (TRANSFERS - 1) * (sizeof(more) - 1) + 2;
	char *body = must(malloc(size)), *at = stpcpy(body, head);

	for (int i = 1; i < TRANSFERS; i++)
		at = stpcpy(at, more);
	at = stpcpy(at, "]}");
	*len = (size_t)(at - body);
	return body;
}

/* A good reply with four bytes that no UTF-8 text has, or with a NUL. */
static char *make_with(const char *bytes, size_t n, size_t *len)
{
	static const char head[] = "{\"meisScripCurrentOwnerDtls\":{\"iec\":\"0300000001\",\"firm\":\"A", tail[] = "B\"}}";
	char *body = must(malloc(sizeof(head) + n + sizeof(tail)));

	memcpy(body, head, sizeof(head) - 1);
	memcpy(body + sizeof(head) - 1, bytes, n);
	memcpy(body + sizeof(head) - 1 + n, tail, sizeof(tail) - 1);
	*len = sizeof(head) - 1 + n + sizeof(tail) - 1;
	return body;
}

static char *make_invalid_utf8(size_t *len)
{
	return make_with("\xff\xfe\xc3\x28", 4, len);
}

static char *make_nul(size_t *len)
{
	return make_with("\0", 1, len);
}

#define TRANSFER "\"fromIEC\":\"0300000001\",\"toIEC\":\"0300000002\",\"fromIecEntityName\":\"A LTD\"," \
	"\"toIecEntityName\":\"B LTD\",\"transferInitiationDate\":\"2026-02-02 13:12:0.0\""

const struct ge_sim_day ge_sim_days[] = {
	{ "429", "Retry-After: 1", .status = 429, .headers = "Retry-After: 1\r\n", .body = "slow down" },
	{ "429-date", "Retry-After: a date 2 s ahead", .status = 429, .headers = "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n",
	  .body = "slow down" },
	{ "500", "a page", .status = 500, .type = HTML, .body = PAGE("Internal error") },
	{ "502", "a page", .status = 502, .type = HTML, .body = PAGE("Bad gateway") },
	{ "503", "a page", .status = 503, .type = HTML, .body = PAGE("Unavailable") },
	{ "504", "a page", .status = 504, .type = HTML, .body = PAGE("Gateway timeout") },
	{ "404", "a page", .status = 404, .type = HTML, .body = PAGE("Not found") },
	{ "401", "a page", .status = 401, .type = HTML, .body = PAGE("Unauthorized") },
	{ "403", "a page", .status = 403, .type = HTML, .body = PAGE("Forbidden") },
	{ "login", "200 and a login page", .status = 200, .type = HTML, .body = PAGE("Your session has expired. Please log in.") },
	{ "redirect", "302 to the login page", .status = 302, .headers = "Location: /login\r\n", .type = HTML, .body = "" },
	{ "hang", "no answer", .wire = WIRE_HANG },
	{ "hang-body", "half a body, then nothing", .wire = WIRE_HANG_BODY },
	{ "drip", "a byte every millisecond", .wire = WIRE_DRIP },
	{ "trickle", "a byte every second", .wire = WIRE_TRICKLE },
	{ "reset", "a reset instead of an answer", .wire = WIRE_RESET },
	{ "reset-body", "a reset after half a body", .wire = WIRE_RESET_BODY },
	{ "close", "closed without an answer", .wire = WIRE_CLOSE },
	{ "cut", "closed after half a body", .wire = WIRE_CUT },
	{ "cut-chunks", "closed before the last chunk", .wire = WIRE_CUT_CHUNKS },
	{ "chunked", "a good answer in chunks", .wire = WIRE_CHUNKED },
	{ "gzip", "a good answer, compressed", .wire = WIRE_GZIP },
	{ "cut-gzip", "half a compressed body, as if it were all", .wire = WIRE_CUT_GZIP },
	{ "bad-gzip", "called compressed, and is not", .headers = "Content-Encoding: gzip\r\n" },
	{ "gzip-bomb", "16 MB in 16 KB", .wire = WIRE_GZIP_BOMB },
	{ "oversized", "100 MB, and says so", .wire = WIRE_OVERSIZED },
	{ "oversized-chunks", "100 MB in chunks", .wire = WIRE_OVERSIZED_CHUNKS },
	{ "endless", "a body without end", .wire = WIRE_ENDLESS },
	{ "endless-headers", "headers without end", .wire = WIRE_ENDLESS_HEADERS },
	{ "not-http", "a greeting of another protocol", .body = "220 mail ready\r\n", .wire = WIRE_RAW },
	{ "empty", "200 without a body", .status = 200, .body = "" },
	{ "not-json", "wrong JSON", .status = 200, .body = "{\"scripTransfer\":[,]}" },
	{ "cut-json", "JSON cut short, as if it were all", .status = 200, .body = "{\"scripTransfer\":[{\"toIEC\":\"03000" },
	{ "no-keys", "{}", .status = 200, .body = "{}" },
	{ "deep", "JSON 100,000 levels deep", .status = 200, .make = make_deep },
	{ "many", "JSON with 10,001 transfers", .status = 200, .make = make_many },
	{ "wrong-types", "no field has its type", .status = 200,
	  .body = "{\"meisScripCurrentOwnerDtls\":{\"iec\":{},\"firm\":[]},\"scripTransfer\":[{\"fromIEC\":[],\"toIEC\":{},"
	          "\"transferStatus\":true,\"transferInitiationDate\":{},\"transferDate\":[]}]}" },
	{ "bad-date", "a date that nobody can read", .status = 200,
	  .body = "{\"scripTransfer\":[{" TRANSFER ",\"transferStatus\":\"Approved\",\"transferDate\":\"32/13/2026\"}]}" },
	{ "bad-utf8", "bytes that are no text", .status = 200, .make = make_invalid_utf8 },
	{ "nul", "a NUL in a text", .status = 200, .make = make_nul },
	{ "nul-escape", "a NUL in a text, escaped", .status = 200,
	  .body = "{\"meisScripCurrentOwnerDtls\":{\"iec\":\"0300000001\",\"firm\":\"A\\u0000B\"}}" },
	{ "twice", "one transfer twice: pending, then approved", .status = 200,
	  .body = "{\"scripTransfer\":[{" TRANSFER ",\"transferStatus\":\"Transfer - Pending Acceptance\"},"
	          "{" TRANSFER ",\"transferStatus\":\"Approved\"}]}" },
	{ "no-record", "GE does not know it", .status = 200, .body = "{\"message\":\"No Record Found\"}" },
};
const size_t ge_sim_days_count = sizeof(ge_sim_days) / sizeof(*ge_sim_days);

const struct ge_sim_day *ge_sim_day_find(const char *name)
{
	for (size_t i = 0; i < ge_sim_days_count; i++)
		if (!strcmp(ge_sim_days[i].name, name))
			return &ge_sim_days[i];
	return NULL;
}
