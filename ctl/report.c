/* report.c - the last check or migrate, as it is told where it is waited for. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "mem.h"
#include "structure_report.h"
#include "terminal.h"

static const char *text(const json_t *obj, const char *key)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : "";
}

/* Of all apps, or of one, the latest. JSON null for none; NULL on failure. */
static json_t *last_outcome(struct ctl *c, const char *kind, const char *app)
{
	struct redis_value *v = ctl_ask(c, "HGETALL", ctl_key_of(c, "outcome", kind));
	json_t *last = v ? json_null() : NULL;

	for (size_t i = 0; i + 1 < redis_len(v); i += 2) {
		const struct redis_value *value = redis_at(v, i + 1);
		json_t *one;

		if (app && strcmp(redis_text(redis_at(v, i)), app))
			continue;
		one = json_loadb(redis_text(value), redis_len(value), 0, NULL);
		if (one && strcmp(text(one, "finished_at"), text(last, "finished_at")) > 0) {
			json_decref(last);
			last = one;
		} else {
			json_decref(one);
		}
	}
	redis_value_free(v);
	return last;
}

/* "all", a label, or labels with commas between them. */
static char *labels_of(const json_t *app)
{
	char *labels = NULL;
	const json_t *one;
	size_t i, len;
	FILE *out = need(open_memstream(&labels, &len));

	fputs(json_is_string(app) ? json_string_value(app) : "", out);
	json_array_foreach(app, i, one)
		fprintf(out, "%s%s", i ? ", " : "", json_is_string(one) ? json_string_value(one) : "?");
	if (fclose(out))
		abort();
	return labels;
}

static void print_heading(const char *kind, const json_t *outcome)
{
	char *labels = labels_of(json_object_get(outcome, "app"));

	print_tame(stdout, "%s of %s: %s at %s by %s (job %s)", kind, labels, text(outcome, "status"),
		   text(outcome, "finished_at"), text(outcome, "worker"), text(outcome, "id"));
	free(labels);
}

static int tell(const struct ctl *c, const char *kind, const json_t *outcome)
{
	json_t *result = json_object_get(outcome, "result");

	if (c->opt.json) {
		print_json(result ? json_incref(result) : json_pack("{sO?}", "error", json_object_get(outcome, "error")));
	} else {
		print_heading(kind, outcome);
		if (!strcmp(kind, "check"))
			structure_report_check(stdout, outcome, terminal_colours());
		else
			structure_report_migrate(stdout, outcome, terminal_colours());
	}
	return result ? EXIT_DONE : EXIT_MISSING;
}

int command_report(struct ctl *c)
{
	int rc = ctl_words(c, 1, 1, 2, "report check|migrate [APP]");
	const char *kind, *app;
	json_t *outcome;

	if (rc)
		return rc;
	kind = c->args.v[1];
	app = c->args.n > 2 ? c->args.v[2] : NULL;
	if (strcmp(kind, "check") && strcmp(kind, "migrate"))
		return ctl_usage("report: '%.32s' is neither check nor migrate", kind);
	outcome = last_outcome(c, kind, app);
	if (!outcome)
		return ctl_fail(c);
	if (json_is_null(outcome))
		rc = ctl_missing(c, "no %s%s%.63s has ended yet", kind, app ? " of " : "", app ? app : "");
	else
		rc = tell(c, kind, outcome);
	json_decref(outcome);
	return rc;
}
