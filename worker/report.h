/* report.h - what a worker answers over HTTP. */
#ifndef GESYNC_REPORT_H
#define GESYNC_REPORT_H

#include "pool.h"

/* A serve_cb; data is the pool. /metrics, /healthz (200 only while claims
 * really complete), /readyz (and PostgreSQL answers, where it is needed). */
int report_answer(const char *path, char **body, const char **type, void *data);

#endif
