/* http_reply.h - what an answer's headers and libcurl's errors mean (http.c only). */
#ifndef GESYNC_IO_HTTP_REPLY_H
#define GESYNC_IO_HTTP_REPLY_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define HTTP_TOO_LONG "the body is longer than 4 MiB"   /* HTTP_BODY_MAX */

/* The value of the header `name` in a line of n bytes, trimmed, owned by the
 * caller; NULL if the line is another header's. */
char *http_header_value(const char *line, size_t n, const char *name);
/* Seconds from now, 0 to 3600, of a Retry-After that is seconds or a date; -1
 * where it is neither. */
int64_t http_retry_after(const char *text);
/* why: libcurl's own words, or "". ca_file: NULL for the system's. */
void http_err_set(struct err *err, CURLcode rc, const char *why, int64_t timeout_ms,
		  const char *ca_file);

#endif
