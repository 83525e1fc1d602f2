/* run.c - one run: how many of its jobs are where, what failed, what changed.
 *
 * Counts are in Redis as long as it keeps them, else in PostgreSQL, where
 * failures and changes are. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "mem.h"
#include "tame.h"

/* ---- lists ---- */

struct column { const char *title, *path[3]; };

static const struct column failure_columns[] = {
	{ "license", { "license" } }, { "code", { "code" } }, { "died_at", { "died_at" } }, { "message", { "message" } },
};
static const struct column change_columns[] = {
	{ "license", { "license" } }, { "owner_iec", { "change", "owner", "iec" } }, { "owner", { "change", "owner", "name" } },
	{ "balance_from", { "change", "balance_cif", "from" } }, { "balance_to", { "change", "balance_cif", "to" } },
	{ "transfers_added", { "change", "transfers", "added" } }, { "transfers_updated", { "change", "transfers", "updated" } },
	{ "items_updated", { "change", "items", "updated" } }, { "at", { "at" } },
};

/* Owned by the caller. lines: line feeds stay in it. */
static char *cell(const json_t *row, const struct column *col, bool lines)
{
	char *text;

	for (int i = 0; i < 3 && col->path[i]; i++)
		row = json_object_get(row, col->path[i]);
	text = json_is_integer(row) ? need_text("%lld", json_integer_value(row)) :
	       need_copy(json_is_string(row) ? json_string_value(row) : "");
	tame(text, lines);
	return text;
}

/* RFC 4180. What a spreadsheet would take for a formula is told to be text. */
static void print_csv_cell(const char *text)
{
	bool formula = *text && strchr("=+-@", *text) && strspn(text, "+-0123456789.") != strlen(text);

	if (!formula && !strpbrk(text, ",\"\r\n")) {
		fputs(text, stdout);
		return;
	}
	fputs(formula ? "\"'" : "\"", stdout);
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void print_csv(const json_t *list, const struct column *cols, size_t n)
{
	json_t *row;
	size_t i;

	for (size_t k = 0; k < n; k++)
		printf("%s%s", k ? "," : "", cols[k].title);
	fputs("\r\n", stdout);
	json_array_foreach(list, i, row) {
		for (size_t k = 0; k < n; k++) {
			char *text = cell(row, &cols[k], true);

			if (k)
				putchar(',');
			print_csv_cell(text);
			free(text);
		}
		fputs("\r\n", stdout);
	}
}

static void print_markdown(const json_t *list, const struct column *cols, size_t n)
{
	json_t *row;
	size_t i;

	for (size_t k = 0; k < n; k++)
		printf("| %s ", cols[k].title);
	puts("|");
	for (size_t k = 0; k < n; k++)
		fputs("| --- ", stdout);
	puts("|");
	json_array_foreach(list, i, row) {
		for (size_t k = 0; k < n; k++) {
			char *text = cell(row, &cols[k], false);

			fputs("| ", stdout);
			for (const char *c = text; *c; c++)
				printf(*c == '|' ? "\\|" : "%c", *c);
			putchar(' ');
			free(text);
		}
		puts("|");
	}
}

static void print_table(const json_t *list, const struct column *cols, size_t n)
{
	const char *titles[TABLE_COLUMNS + 1] = { NULL };
	struct table t;
	json_t *row;
	size_t i;

	for (size_t k = 0; k < n; k++)
		titles[k] = cols[k].title;
	table_init(&t, titles);
	json_array_foreach(list, i, row)
		for (size_t k = 0; k < n; k++) {
			char *text = cell(row, &cols[k], false);

			table_add(&t, MARK_NONE, "%s", text);
			free(text);
		}
	table_print(&t, stdout);
}

static void print_list(const struct ctl *c, const json_t *list, const struct column *cols, size_t n)
{
	if (c->opt.csv)
		print_csv(list, cols, n);
	else if (c->opt.markdown)
		print_markdown(list, cols, n);
	else if (json_array_size(list))
		print_table(list, cols, n);
	else
		puts(c->opt.changes ? "It changed nothing." : "None of its jobs is given up.");
}

/* ---- the dead, where PostgreSQL does not answer ---- */

struct dead {
	const char *run;
	json_t *list;
};

static bool add_dead(const struct record *r, void *data)
{
	struct dead *d = data;

	if (r->known && !strcmp(r->rec.run, d->run))
		json_array_append_new(d->list, record_json(r, KEY_DEAD));
	return true;
}

/* Of a run of other jobs than licences too. NULL: Redis went away. */
static json_t *find_dead(struct ctl *c, const char *id)
{
	struct dead d = { id, json_array() };

	if (records_each(c, KEY_DEAD, add_dead, &d) == 0)
		return d.list;
	json_decref(d.list);
	return NULL;
}

static json_t *find_failures(struct ctl *c, struct run_store *s, const json_t *run, const char *id)
{
	json_t *list;

	if (strcmp(runs_text(run, "kind"), "sync"))
		return find_dead(c, id);
	list = run_store_failures(s, id);
	if (list)
		return list;
	fprintf(stderr, "gesyncctl: %s; these are the dead that Redis has\n", c->err.msg);
	return find_dead(c, id);
}

/* ---- the command ---- */

/* Since the first of its jobs was on a list: the structure step is over then. What
 * was done before Redis was lost took another time. */
static void print_rate(const json_t *run)
{
	long long ended = runs_number(run, "done") + runs_number(run, "dead") + runs_number(run, "cancelled") + runs_number(run, "put_back");
	long long fresh = ended - runs_number(run, "done_before"), now = runs_number(run, "now"), since = runs_number(run, "pushed_at");
	char span[TIME_MAX];
	double rate;

	if (strcmp(runs_text(run, "state"), "running") || fresh <= 0 || !since)
		return;
	rate = (double)fresh * 1000 / (double)(now > since ? now - since : 1);
	printf("rate       %.1f/s, %s left\n", rate, print_span((int64_t)((double)(runs_number(run, "total") - ended) / rate * 1000), span));
}

static void print_run(const json_t *run, const char *id)
{
	static const char *const counts[] = {
		"total", "queued", "running", "done", "unchanged", "changed", "failed", "dead", "cancelled", "put_back"
	};
	char at[TIME_MAX];

	print_tame(stdout, "run        %s", id);
	print_tame(stdout, "kind       %s", runs_text(run, "kind"));
	print_tame(stdout, "mode       %s", runs_text(run, "mode"));
	print_tame(stdout, "asked by   %s", runs_text(run, "asked_by"));
	print_tame(stdout, "state      %s", runs_text(run, "state"));
	if (json_is_string(json_object_get(run, "error")))
		print_tame(stdout, "stopped    %s", runs_text(run, "error"));
	printf("started    %s\n", print_iso(runs_number(run, "started_at"), at));
	if (runs_number(run, "finished_at"))
		printf("finished   %s\n", print_iso(runs_number(run, "finished_at"), at));
	if (runs_number(run, "deadline"))
		printf("deadline   %s\n", print_iso(runs_number(run, "deadline"), at));
	if (json_object_get(run, "fanned") && !runs_number(run, "fanned") && !strcmp(runs_text(run, "state"), "running"))
		puts("           its jobs are not all on the lists yet");
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		printf("%-10s %lld\n", counts[i], runs_number(run, counts[i]));
	print_rate(run);
	if (!strcmp(runs_text(run, "state"), "lost"))
		puts("Redis has lost it: these counts are PostgreSQL's. gesync-scheduler sync --resume goes on with the last run.");
}

static int show(struct ctl *c, struct run_store *s, json_t *run, const char *id)
{
	json_t *failures = NULL, *changes = NULL;

	if ((c->opt.failures || c->opt.markdown) && !c->opt.changes && !(failures = find_failures(c, s, run, id)))
		return ctl_fail(c);
	if (c->opt.changes && !(changes = run_store_changes(s, id)))
		return ctl_fail(c);
	if (c->opt.json) {
		if (failures)
			json_object_set(run, "failures", failures);
		if (changes)
			json_object_set(run, "changes", changes);
		print_json(json_incref(run));
	} else if (changes) {
		print_list(c, changes, change_columns, sizeof(change_columns) / sizeof(*change_columns));
	} else if (c->opt.failures) {
		if (!c->opt.csv && !c->opt.markdown)
			print_run(run, id);
		print_list(c, failures, failure_columns, sizeof(failure_columns) / sizeof(*failure_columns));
	} else if (c->opt.markdown) {
		run_summary(run, id, failures);
	} else {
		print_run(run, id);
	}
	json_decref(failures);
	json_decref(changes);
	return EXIT_DONE;
}

/* As Redis has it, else as PostgreSQL: NULL, or JSON null for none. */
static json_t *find_run(struct ctl *c, struct run_store *s, const char *id)
{
	json_t *run = runs_read(c, id), *list;

	if (!json_is_null(run))
		return run;
	list = run_store_runs(s, id);
	if (json_array_size(list)) {
		json_decref(run);
		run = json_incref(json_array_get(list, 0));
	}
	json_decref(list);
	return run;
}

static int show_run(struct ctl *c, struct run_store *s, const char *id)
{
	json_t *run = find_run(c, s, id);
	int rc;

	if (!run) {
		rc = ctl_fail(c);
	} else if (json_is_null(run)) {
		rc = ctl_missing(c, "there is no run %s", id);
	} else {
		json_object_set_new(run, "id", json_string(id));
		json_object_set_new(run, "now", json_integer(ctl_now_ms(c)));
		rc = show(c, s, run, id);
	}
	json_decref(run);
	return rc;
}

/* The last that Redis knows, else PostgreSQL. 1 if there is none; -1 on failure. */
static int last_run(struct ctl *c, struct run_store *s, char id[JOB_ID_MAX + 1])
{
	struct redis_value *v = ctl_ask(c, "ZREVRANGE", ctl_key(c, KEY_RUNS), "0", "0");
	json_t *list = v && !redis_len(v) ? run_store_runs(s, NULL) : NULL;
	int rc = !v ? -1 : 0;

	if (redis_len(v))
		snprintf(id, JOB_ID_MAX + 1, "%s", redis_text(redis_at(v, 0)));
	else if (json_array_size(list))
		snprintf(id, JOB_ID_MAX + 1, "%s", runs_text(json_array_get(list, 0), "id"));
	else if (v)
		rc = 1;
	json_decref(list);
	redis_value_free(v);
	return rc;
}

static int show_last(struct ctl *c, struct run_store *s)
{
	char id[JOB_ID_MAX + 1];
	int rc = last_run(c, s, id);

	if (rc < 0)
		return ctl_fail(c);
	return rc ? ctl_missing(c, "no run is known") : show_run(c, s, id);
}

int command_run(struct ctl *c)
{
	struct run_store *s;
	int rc = ctl_words(c, 1, 0, 1, "run [ID] [--failures|--changes] [--json|--csv|--markdown]");

	if (rc)
		return rc;
	if (c->opt.failures && c->opt.changes)
		return ctl_usage("give one of --failures and --changes");
	if (c->opt.json + c->opt.csv + c->opt.markdown > 1)
		return ctl_usage("give one of --json, --csv and --markdown");
	if (c->opt.csv && !c->opt.failures && !c->opt.changes)
		return ctl_usage("--csv is of a list: --failures or --changes");
	if (c->args.n > 1 && !job_id_valid(c->args.v[1], strlen(c->args.v[1])))
		return ctl_usage("\"%.64s\" is no id: gesyncctl runs shows them", c->args.v[1]);
	s = run_store_new(c);
	rc = c->args.n > 1 ? show_run(c, s, c->args.v[1]) : show_last(c, s);
	run_store_free(s);
	return rc;
}
