/* report_check.c - the database against the models, for people.
 *
 * Short when all is well; else what is wrong, section by section, each with what
 * would mend it, and what to do next. */
#include <string.h>

#include "report_pen.h"
#include "structure_report.h"

static size_t of_severity(const json_t *list, const char *severity)
{
	size_t i, n = 0;
	const json_t *one;

	json_array_foreach(list, i, one)
		n += !strcmp(pen_text(one, "severity"), severity);
	return n;
}

static size_t expected(const json_t *orphaned)
{
	size_t i, n = 0;
	const json_t *one;

	json_array_foreach(orphaned, i, one)
		n += json_is_true(json_object_get(one, "expected"));
	return n;
}

/* ---- summary ---- */

/* what: of one; more have an s. */
static void number_line(struct pen *pen, const char *name, size_t n, enum ink ink, const char *what)
{
	pen_put(pen, INK_PLAIN, "  %-10s", name);
	pen_line(pen, n ? ink : INK_PLAIN, "%6zu%s%s%s", n, *what ? " " : "", what, *what && n != 1 ? "s" : "");
}

static void print_summary(struct pen *pen, const json_t *r)
{
	const json_t *drift = json_object_get(r, "drift"), *orphaned = json_object_get(r, "orphaned");
	size_t fine = expected(orphaned), all = json_array_size(orphaned);

	pen_heading(pen, "Summary");
	number_line(pen, "models", (size_t)pen_number(r, "models"), INK_PLAIN, "");
	number_line(pen, "tables", (size_t)pen_number(r, "tables"), INK_PLAIN, "");
	number_line(pen, "missing", pen_count(r, "missing"), INK_BAD, "");
	number_line(pen, "drift", of_severity(drift, "error"), INK_BAD, "error");
	number_line(pen, "", of_severity(drift, "warning"), INK_WARN, "warning");
	number_line(pen, "", of_severity(drift, "info"), INK_PLAIN, "note");
	pen_put(pen, INK_PLAIN, "  orphaned  ");
	pen_line(pen, fine < all ? INK_WARN : INK_PLAIN, "%6zu (%zu expected)", all, fine);
	number_line(pen, "hidden", (size_t)pen_number(r, "hidden"), INK_PLAIN, "");
	if (json_is_null(json_object_get(r, "pending")))
		pen_line(pen, INK_WARN, "  pending    unknown: this role may not read django_migrations");
	else
		number_line(pen, "pending", pen_count(r, "pending"), INK_WARN, "migration");
}

static bool all_is_well(const json_t *r)
{
	const json_t *drift = json_object_get(r, "drift"), *orphaned = json_object_get(r, "orphaned");

	return !pen_count(r, "missing") && !pen_count(r, "pending") && !json_is_null(json_object_get(r, "pending")) && !of_severity(drift, "error") &&
	       !of_severity(drift, "warning") && expected(orphaned) == json_array_size(orphaned);
}

static void print_well(struct pen *pen, const json_t *r)
{
	size_t notes = pen_count(r, "drift");

	pen_put(pen, INK_GOOD, "ok");
	pen_put(pen, INK_PLAIN, "  %lld models, %lld tables: everything matches (%zu orphans expected, %lld hidden", pen_number(r, "models"),
		pen_number(r, "tables"), pen_count(r, "orphaned"), pen_number(r, "hidden"));
	if (notes)
		pen_put(pen, INK_PLAIN, ", %zu note%s: --json shows them", notes, notes == 1 ? "" : "s");
	pen_line(pen, INK_PLAIN, ")");
}

/* ---- sections ---- */

static void print_missing(struct pen *pen, const json_t *list)
{
	int width = pen_width(list, "table");
	const json_t *one;
	size_t i;

	if (!json_array_size(list))
		return;
	pen_heading(pen, "Missing tables");
	json_array_foreach(list, i, one) {
		pen_put(pen, INK_PLAIN, "  ");
		pen_cell(pen, INK_BAD, width, pen_text(one, "table"));
		if (*pen_text(one, "model"))
			pen_put(pen, INK_PLAIN, "%s.%s", pen_text(one, "app"), pen_text(one, "model"));
		else
			pen_put(pen, INK_PLAIN, "%s (many-to-many)", pen_text(one, "app"));
		pen_line(pen, INK_BAD, "%s%s", *pen_text(one, "actual") ? ": there stands a " : "", pen_text(one, "actual"));
	}
}

static void print_orphaned(struct pen *pen, const json_t *list)
{
	int width = pen_width(list, "table");
	const json_t *one;
	size_t i;

	if (!json_array_size(list))
		return;
	pen_heading(pen, "Orphaned tables");
	json_array_foreach(list, i, one) {
		bool fine = json_is_true(json_object_get(one, "expected"));

		pen_put(pen, INK_PLAIN, "  ");
		pen_cell(pen, fine ? INK_DIM : INK_WARN, width, pen_text(one, "table"));
		pen_line(pen, fine ? INK_DIM : INK_PLAIN, "%s", fine ? "expected" :
			 !strcmp(pen_text(one, "class"), "legacy") ? "legacy" : "no model declares it");
	}
}

/* What an entry of drift is about: table.column, or table and a name. */
static void print_place(struct pen *pen, const json_t *one, enum ink ink)
{
	const char *column = pen_text(one, "column"), *name = pen_text(one, "name");

	pen_put(pen, ink, "  %s%s%s", pen_text(one, "table"), *column ? "." : "", column);
	pen_put(pen, INK_PLAIN, "%s%s  %s", *name ? " " : "", name, pen_text(one, "kind"));
}

static void print_difference(struct pen *pen, const json_t *one)
{
	const char *declared = pen_text(one, "declared"), *actual = pen_text(one, "actual");

	if (*declared)
		pen_put(pen, INK_PLAIN, "  declared %s%s", declared, *actual ? "," : "");
	if (*actual)
		pen_put(pen, INK_PLAIN, "  is %s", actual);
	if (*pen_text(one, "rename"))
		pen_put(pen, INK_PLAIN, "  (probably %s, renamed)", pen_text(one, "rename"));
	pen_line(pen, INK_PLAIN, "%s", "");
}

static void print_fix(struct pen *pen, const json_t *one)
{
	pen_block(pen, INK_DIM, "      ", pen_text(one, "fix"));
	if (json_is_false(json_object_get(one, "safe")) && *pen_text(one, "fix"))
		pen_line(pen, INK_WARN, "      -- not run by --fix: it may lose data, or lock the table for long");
}

/* While migrations are pending they are what mends: the statements come after them. */
static void print_drift(struct pen *pen, const json_t *r, const char *severity, const char *title, enum ink ink)
{
	const json_t *list = json_object_get(r, "drift");
	const json_t *one;
	size_t i;

	if (!of_severity(list, severity))
		return;
	pen_heading(pen, "%s", title);
	json_array_foreach(list, i, one) {
		if (strcmp(pen_text(one, "severity"), severity))
			continue;
		print_place(pen, one, ink);
		print_difference(pen, one);
		if (!pen_count(r, "pending"))
			print_fix(pen, one);
	}
}

static void print_matching(struct pen *pen, json_t *apps)
{
	const char *label;
	json_t *app;

	pen_heading(pen, "Matching");
	pen_line(pen, INK_DIM, "  %-24s %8s %8s %8s", "app", "models", "missing", "errors");
	json_object_foreach(apps, label, app) {
		bool fine = !pen_number(app, "missing") && !pen_number(app, "errors");

		pen_line(pen, fine ? INK_GOOD : INK_BAD, "  %-24s %8lld %8lld %8lld", label, pen_number(app, "models"),
			 pen_number(app, "missing"), pen_number(app, "errors"));
	}
}

static void print_pending(struct pen *pen, const json_t *list)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(list))
		return;
	pen_heading(pen, "Pending migrations");
	json_array_foreach(list, i, one)
		pen_line(pen, INK_PLAIN, "  %s", json_string_value(one));
}

static void print_fixed(struct pen *pen, const json_t *list)
{
	const json_t *one;
	size_t i;

	if (!list)
		return;
	pen_heading(pen, json_array_size(list) ? "Fixed" : "Nothing could be fixed safely");
	json_array_foreach(list, i, one) {
		const json_t *ok = json_object_get(one, "ok");

		pen_line(pen, json_is_false(ok) ? INK_BAD : INK_GOOD, "  %s", json_is_true(ok) ? "done" :
			 json_is_false(ok) ? "failed" : "would run");
		pen_block(pen, INK_DIM, "      ", pen_text(one, "sql"));
		if (json_is_false(ok))
			pen_line(pen, INK_BAD, "      %s", pen_text(one, "error"));
	}
}

static void print_table_columns(struct pen *pen, const json_t *table)
{
	const json_t *columns = json_object_get(table, "columns"), *c;
	int name = pen_width(columns, "name"), type = pen_width(columns, "type");
	size_t i;

	pen_heading(pen, "%s", pen_text(table, "table"));
	json_array_foreach(columns, i, c) {
		bool declared = !json_is_false(json_object_get(c, "declared"));

		pen_put(pen, INK_PLAIN, "  ");
		pen_cell(pen, declared ? INK_PLAIN : INK_WARN, name, pen_text(c, "name"));
		pen_cell(pen, INK_PLAIN, type, pen_text(c, "type"));
		pen_put(pen, INK_DIM, "%s", json_is_true(json_object_get(c, "nullable")) ? "null" : "not null");
		if (*pen_text(c, "default"))
			pen_put(pen, INK_DIM, "  default %s", pen_text(c, "default"));
		if (*pen_text(c, "identity"))
			pen_put(pen, INK_DIM, "  identity %s", pen_text(c, "identity"));
		pen_line(pen, INK_WARN, "%s", declared ? "" : "  no model declares it");
	}
}

static void print_columns(struct pen *pen, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		print_table_columns(pen, one);
}

/* ---- what to do ---- */

/* Of what is no mere note: what --fix would do, or would not. */
static size_t mendable(const json_t *list, bool by_fix)
{
	size_t i, n = 0;
	const json_t *one;

	json_array_foreach(list, i, one)
		n += strcmp(pen_text(one, "severity"), "info") &&
		     (json_is_true(json_object_get(one, "safe")) && *pen_text(one, "fix")) == by_fix;
	return n;
}

static void print_recommendations(struct pen *pen, const json_t *r)
{
	const json_t *drift = json_object_get(r, "drift"), *missing = json_object_get(r, "missing");
	size_t by_fix = mendable(drift, true) + mendable(missing, true);
	size_t unknown = pen_count(r, "orphaned") - expected(json_object_get(r, "orphaned"));

	pen_heading(pen, "Recommendations");
	if (pen_count(r, "pending")) {
		pen_line(pen, INK_PLAIN, "  gesync-scheduler migrate --plan --wait shows what the migrations do, migrate --wait applies them.");
		pen_line(pen, INK_PLAIN, "  Then check again: what mends the rest is shown when none is pending.");
		return;
	}
	if (by_fix)
		pen_line(pen, INK_PLAIN, "  gesync-scheduler check --fix --wait creates what is missing; it never drops or rewrites anything.");
	if (mendable(drift, false))
		pen_line(pen, INK_PLAIN, "  The other statements: read them, run those that you want by hand, after a backup.");
	if (unknown)
		pen_line(pen, INK_PLAIN, "  Orphaned tables: drop what nobody needs, or list it as expected (docs/models.md).");
}

void structure_report_check(FILE *out, const json_t *outcome, bool colours)
{
	struct pen pen = { out, colours, false };
	const json_t *r = json_object_get(outcome, "result");

	pen_outcome(&pen, outcome);
	if (!r)
		return;
	print_fixed(&pen, json_object_get(r, "fixed"));
	print_columns(&pen, json_object_get(r, "columns"));
	if (pen.begun)
		fputc('\n', out);
	if (all_is_well(r)) {
		print_well(&pen, r);
	} else {
		pen.begun = false;
		print_summary(&pen, r);
		print_missing(&pen, json_object_get(r, "missing"));
		print_orphaned(&pen, json_object_get(r, "orphaned"));
		print_drift(&pen, r, "error", "Drift that breaks the application", INK_BAD);
		print_drift(&pen, r, "warning", "Drift to look at", INK_WARN);
		print_matching(&pen, json_object_get(r, "apps"));
		print_pending(&pen, json_object_get(r, "pending"));
		print_recommendations(&pen, r);
	}
	pen_truncated(&pen, r);
}
