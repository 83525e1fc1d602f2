/* http_multi.h - libcurl's multi handles on the loop (http.c only): easy handles
 * go in, and come out done. */
#ifndef GESYNC_IO_HTTP_MULTI_H
#define GESYNC_IO_HTTP_MULTI_H

#include <curl/curl.h>

#include "loop.h"

struct http_multis;             /* as many as are needed */
struct http_multi;              /* one of them */

/* From the loop. The handle is still in its multi: the callee removes it. */
typedef void http_multi_cb(CURL *easy, CURLcode rc);

struct http_multis *http_multis_new(struct loop *loop, http_multi_cb *done);
void http_multis_free(struct http_multis *all); /* when nothing is in flight, and not from a callback */
/* Starts it; the multi that it is in. */
struct http_multi *http_multis_add(struct http_multis *all, CURL *easy);
void http_multi_remove(struct http_multi *m, CURL *easy);

#endif
