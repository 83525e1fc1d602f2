/* report.c - what a worker answers over HTTP: /metrics in Prometheus' text
 * format, /healthz and /readyz in one word. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job_fetch.h"
#include "mem.h"

static void metric(FILE *out, const char *name, const char *type, const char *help, double value)
{
	fprintf(out, "# HELP gesync_%s %s\n# TYPE gesync_%s %s\ngesync_%s %.15g\n", name, help, name, type, name, value);
}

static void finished(FILE *out, const struct pool *p)
{
	static const char *const statuses[4] = { "done", "retry", "dead", "cancelled" };

	fputs("# HELP gesync_jobs_total Jobs that left this worker, by status.\n# TYPE gesync_jobs_total counter\n", out);
	for (int i = 0; i < 4; i++)
		fprintf(out, "gesync_jobs_total{status=\"%s\"} %llu\n", statuses[i], (unsigned long long)p->finished[i]);
}

static void metrics(FILE *out, const struct pool *p)
{
	struct queue_counts q = queue_counts(p->queue);
	struct fetch_counts f = fetcher_counts(p->fetcher);

	finished(out, p);
	metric(out, "jobs_running", "gauge", "Jobs this worker holds.", p->busy);
	metric(out, "concurrency", "gauge", "Jobs it may hold.", p->set->concurrency);
	metric(out, "up", "gauge", "1 while claims complete in time.", queue_healthy(p->queue));
	metric(out, "database_up", "gauge", "1 while PostgreSQL answers.", db_up(p->db));
	metric(out, "claims_total", "counter", "Claim scripts sent.", (double)q.claims);
	metric(out, "claimed_total", "counter", "Jobs claimed.", (double)q.claimed);
	metric(out, "recovered_total", "counter", "Jobs of dead workers given back.", (double)q.recovered);
	metric(out, "ge_requests_total", "counter", "Requests to the GE server.", (double)f.requests);
	metric(out, "loads_total", "counter", "Batches read from PostgreSQL.", (double)f.loads);
	metric(out, "stores_total", "counter", "Batches stored in PostgreSQL.", (double)f.stores);
	metric(out, "stored_total", "counter", "Licences stored.", (double)f.stored);
	metric(out, "fenced_total", "counter", "Stores refused since a later attempt had begun.", (double)f.fenced);
}

int report_answer(const char *path, char **body, const char **type, void *data)
{
	const struct pool *p = data;
	size_t len;
	FILE *out = need(open_memstream(body, &len));
	int status = 200;

	*type = "text/plain; charset=utf-8";
	if (!strcmp(path, "/metrics")) {
		*type = "text/plain; version=0.0.4; charset=utf-8";
		metrics(out, p);
	} else if (!strcmp(path, "/healthz")) {
		status = queue_healthy(p->queue) ? 200 : 503;
		fputs(status == 200 ? "ok\n" : "claims do not complete: Redis is away or silent\n", out);
	} else if (!strcmp(path, "/readyz")) {
		status = queue_healthy(p->queue) && !p->leaving && (!p->set->ge_url || db_up(p->db)) ? 200 : 503;
		fputs(status == 200 ? "ok\n" : "not ready: Redis or PostgreSQL does not answer, or this worker is leaving\n", out);
	} else {
		status = 404;
		fputs("there are /metrics, /healthz and /readyz\n", out);
	}
	if (fclose(out))
		abort();
	return status;
}
