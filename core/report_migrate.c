/* report_migrate.c - what a migrate did, or would do, for people. */
#include <string.h>

#include "report_pen.h"
#include "structure_report.h"

static void print_lint(struct pen *pen, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		bool bad = !strcmp(pen_text(one, "severity"), "error");

		pen_line(pen, bad ? INK_BAD : INK_WARN, "-- lint: %s, line %lld: %s", pen_text(one, "rule"), pen_number(one, "line"),
			 pen_text(one, "why"));
		if (*pen_text(one, "instead"))
			pen_line(pen, INK_DIM, "--       instead: %s", pen_text(one, "instead"));
	}
}

static void print_plan(struct pen *pen, const json_t *plan, const json_t *edited)
{
	const json_t *one;
	size_t i;

	json_array_foreach(edited, i, one)
		pen_line(pen, INK_WARN, "-- %s was edited after it had been applied: migrate refuses, unless with --repair",
			 json_string_value(one));
	if (!json_array_size(plan))
		pen_line(pen, INK_GOOD, "-- nothing to do: every migration is applied");
	json_array_foreach(plan, i, one) {
		bool fake = json_is_true(json_object_get(one, "fake"));

		pen_heading(pen, "-- %zu of %zu: %s%s%s", i + 1, json_array_size(plan), pen_text(one, "migration"),
			    fake ? ": recorded, not run (--fake)" : "",
			    json_is_false(json_object_get(one, "transaction")) ? ": outside a transaction" : "");
		if (!fake && json_is_true(json_object_get(one, "can_be_faked")))
			pen_line(pen, INK_WARN, "-- its effect stands already in full: --fake-applied would record it");
		print_lint(pen, json_object_get(one, "lint"));
		if (!fake)
			pen_block(pen, INK_PLAIN, "", pen_text(one, "sql"));  /* the very SQL: to be saved and run */
	}
}

static void print_applied(struct pen *pen, const json_t *list)
{
	int width = pen_width(list, "migration");
	const json_t *one;
	size_t i;

	if (json_array_size(list))
		pen_heading(pen, "Applied");
	json_array_foreach(list, i, one) {
		pen_put(pen, INK_PLAIN, "  ");
		pen_cell(pen, INK_GOOD, width, pen_text(one, "migration"));
		pen_line(pen, INK_DIM, "%6lld ms", pen_number(one, "duration_ms"));
	}
}

static void print_faked(struct pen *pen, const json_t *list)
{
	int width = pen_width(list, "migration");
	const json_t *one;
	size_t i;

	if (json_array_size(list))
		pen_heading(pen, "Recorded, not run");
	json_array_foreach(list, i, one) {
		pen_put(pen, INK_PLAIN, "  ");
		pen_cell(pen, INK_PLAIN, width, pen_text(one, "migration"));
		pen_line(pen, INK_DIM, "%s", !strcmp(pen_text(one, "why"), "stands") ? "its effect stood already" : "asked for");
	}
}

static void print_names(struct pen *pen, const char *title, const json_t *list)
{
	const json_t *one;
	size_t i;

	if (json_array_size(list))
		pen_heading(pen, "%s", title);
	json_array_foreach(list, i, one)
		pen_line(pen, INK_PLAIN, "  %s", json_string_value(one));
}

static void print_failed(struct pen *pen, const json_t *failed)
{
	static const char *const more[] = { "detail", "hint" };

	if (!failed)
		return;
	pen_heading(pen, "Failed");
	pen_put(pen, INK_BAD, "  %s", pen_text(failed, "migration"));
	if (pen_number(failed, "line"))
		pen_put(pen, INK_PLAIN, ", line %lld", pen_number(failed, "line"));
	pen_line(pen, INK_PLAIN, ": %s", pen_text(failed, "message"));
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (*pen_text(failed, more[i]))
			pen_block(pen, INK_PLAIN, "      ", pen_text(failed, more[i]));
	pen_line(pen, INK_DIM, "      %s", json_is_false(json_object_get(failed, "transaction")) ?
		 "it runs without a transaction: what it did before this statement stands" :
		 "it was rolled back: nothing of it stands");
}

static void print_summary(struct pen *pen, const json_t *r, bool done)
{
	size_t applied = pen_count(r, "applied"), faked = pen_count(r, "faked"), pending = pen_count(r, "pending");

	if (!applied && !faked && !pending && !json_object_get(r, "failed")) {
		if (done)               /* else it never came to look */
			pen_line(pen, INK_GOOD, "Nothing to do: every migration is applied.");
		return;
	}
	if (pen->begun)
		fputc('\n', pen->out);
	pen_put(pen, json_object_get(r, "failed") ? INK_BAD : INK_GOOD, "%zu applied", applied);
	pen_put(pen, INK_PLAIN, ", %zu recorded only, %zu pending", faked, pending);
	if (pen_number(r, "content_types") || pen_number(r, "permissions"))
		pen_put(pen, INK_PLAIN, "; %lld content types and %lld permissions made", pen_number(r, "content_types"),
			pen_number(r, "permissions"));
	if (pen_number(r, "waited_ms") >= 1000)
		pen_put(pen, INK_PLAIN, "; waited %lld s for the lock", pen_number(r, "waited_ms") / 1000);
	if (*pen_text(r, "backup"))
		pen_put(pen, INK_PLAIN, "; backup in %s", pen_text(r, "backup"));
	pen_line(pen, INK_PLAIN, "%s", "");
}

void structure_report_migrate(FILE *out, const json_t *outcome, bool colours)
{
	struct pen pen = { out, colours, false };
	const json_t *r = json_object_get(outcome, "result"), *plan = json_object_get(r, "plan");

	pen_outcome(&pen, outcome);
	if (!r)
		return;
	if (plan) {
		print_plan(&pen, plan, json_object_get(r, "edited"));
	} else {
		print_applied(&pen, json_object_get(r, "applied"));
		print_faked(&pen, json_object_get(r, "faked"));
		print_names(&pen, "Edited after they had been applied", json_object_get(r, "edited"));
		print_names(&pen, "Taken as they are now (--repair)", json_object_get(r, "repaired"));
		print_failed(&pen, json_object_get(r, "failed"));
		print_names(&pen, "Pending", json_object_get(r, "pending"));
		print_summary(&pen, r, !json_object_get(outcome, "error"));
	}
	pen_truncated(&pen, r);
}
