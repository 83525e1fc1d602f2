/* ge_reply.h - a reply of the GE server becomes an ownership record, or tells
 * why not. All rules of DOMAIN.md section 3 that need no database are here. */
#ifndef GESYNC_GE_REPLY_H
#define GESYNC_GE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* What STORE takes (a member "reply" of its elements), as one JSON object:
 *
 * {"owner": {"iec":"0388066415","name":"..."} | null,   null: the stored owner stays
 *  "file_transfer_status": "<status> → <to name>" | null,
 *  "companies": [{"iec":"..","name":".."|null}, ...],    each IEC once, sorted by IEC
 *  "transfers": [{"from_iec":..,"to_iec":..,"initiated":"2026-02-02T13:12:00+05:30",
 *                 "date":"2026-02-03","status":"Approved","accepted":..,"cbic_status":..,
 *                 "cbic_date":..,"user_initiation":..,"user_acceptance":..}, ...]}
 *
 * Every optional value is null where absent, null or '' (status: '' there).
 * transfers holds each key (from, to, initiated) once: of a repeated transfer
 * the later counts. Texts are cut to nothing: one longer than its column is
 * ge_bad_response. */
struct ge_reply {
	char *json;                     /* owned */
};

/* status, content_type, location: of the HTTP reply ("" where missing).
 * body: len bytes, any bytes at all. Fails with
 *   ge_session_expired (HOLD)  401, 403, HTML, redirect
 *   ge_http_429 (HOLD), ge_http_<status> (RETRY)  any other status than 200
 *   ge_not_found (PERMANENT)   404, or "no record"
 *   ge_bad_response (RETRY)    not JSON, senseless, unreadable dates, too long */
int ge_reply_parse(struct ge_reply *out, int status, const char *content_type,
		   const char *location, const char *body, size_t len,
		   struct err *err);
void ge_reply_clear(struct ge_reply *reply);

#endif
