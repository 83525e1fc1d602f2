/* migration_set.c - all migrations: their order, and what the database lacks of them.
 *
 * The order is that of a walk, depth first, from each migration in order of app and
 * name to its parents: always the same, and each comes as early as it may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "migration.h"

/* ---- the set ---- */

void migrations_add(struct migrations *set, struct migration *m)
{
	set->v = need(reallocarray(set->v, set->n + 1, sizeof(struct migration *)));
	set->v[set->n++] = m;
}

void migrations_clear(struct migrations *set)
{
	for (size_t i = 0; i < set->n; i++)
		migration_free(set->v[i]);
	free(set->v);
	memset(set, 0, sizeof(*set));
}

static bool has_name(const struct migration_names *names, const char *id)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], id))
			return true;
	return false;
}

const struct migration *migrations_find(const struct migrations *set, const char *id)
{
	for (size_t i = 0; i < set->n; i++)
		if (!strcmp(set->v[i]->id, id))
			return set->v[i];
	for (size_t i = 0; i < set->n; i++)
		if (has_name(&set->v[i]->replaces, id))
			return set->v[i];
	return NULL;
}

const char *migrations_app_of(const struct migrations *set, const char *table)
{
	const char *best = NULL;

	for (size_t i = 0; i < set->n; i++) {
		size_t len = strlen(set->v[i]->app);

		if (!strncmp(table, set->v[i]->app, len) && table[len] == '_' && (!best || len > strlen(best)))
			best = set->v[i]->app;
	}
	return best;
}

/* ---- the order ---- */

struct walk {
	const struct migrations *set;
	struct migration **out;
	size_t n;
	enum { UNSEEN, ENTERED, LEFT } *marks;  /* by place in set */
	const struct migration **path;          /* entered and not left */
	size_t depth;
	struct err *err;
};

static size_t place_of(const struct migrations *set, const struct migration *m)
{
	size_t i = 0;

	while (set->v[i] != m)
		i++;
	return i;
}

static int tell_cycle(struct walk *w, const struct migration *again)
{
	char names[200] = "";
	size_t from = 0, used = 0;

	while (w->path[from] != again)
		from++;
	for (size_t i = from; i < w->depth && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s -> ", w->path[i]->id);
	return err_set(w->err, ERR_PERMANENT, "migration_failed",
		       "migrations depend on one another in a circle: %s%s", names, again->id);
}

/* Not by recursion: a chain may be as long as the set. */
static void enter(struct walk *w, const struct migration *m)
{
	w->path[w->depth++] = m;
	w->marks[place_of(w->set, m)] = ENTERED;
}

/* The first parent that has not been left; NULL if all have. */
static int next_parent(struct walk *w, const struct migration *m, const struct migration **parent)
{
	*parent = NULL;
	for (size_t i = 0; i < m->depends.n; i++) {
		const struct migration *p = migrations_find(w->set, m->depends.v[i]);

		if (!p)
			return err_set(w->err, ERR_PERMANENT, "migration_failed",
				       "%s depends on %s, which is not there", m->id, m->depends.v[i]);
		if (p == m && has_name(&m->replaces, m->depends.v[i]))
			continue;       /* within a baseline */
		if (w->marks[place_of(w->set, p)] == ENTERED)
			return tell_cycle(w, p);
		if (w->marks[place_of(w->set, p)] == UNSEEN) {
			*parent = p;
			return 0;
		}
	}
	return 0;
}

static int walk_from(struct walk *w, const struct migration *m)
{
	if (w->marks[place_of(w->set, m)] != UNSEEN)
		return 0;
	enter(w, m);
	while (w->depth) {
		const struct migration *top = w->path[w->depth - 1], *parent;

		if (next_parent(w, top, &parent) < 0)
			return -1;
		if (parent) {
			enter(w, parent);
			continue;
		}
		w->depth--;
		w->marks[place_of(w->set, top)] = LEFT;
		w->out[w->n++] = w->set->v[place_of(w->set, top)];
	}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct migration *x = *(const struct migration *const *)a, *y = *(const struct migration *const *)b;
	int apps = strcmp(x->app, y->app);

	return apps ? apps : strcmp(x->name, y->name);
}

static int find_doubles(const struct migrations *set, struct err *err)
{
	for (size_t i = 1; i < set->n; i++)
		if (!strcmp(set->v[i - 1]->id, set->v[i]->id))
			return err_set(err, ERR_PERMANENT, "migration_failed", "%s is there twice", set->v[i]->id);
	return 0;
}

int migrations_order(struct migrations *set, struct err *err)
{
	struct walk w = { .set = set, .err = err };
	int rc = 0;

	if (!set->n)
		return 0;
	qsort(set->v, set->n, sizeof(struct migration *), by_id);
	if (find_doubles(set, err) < 0)
		return -1;
	w.out = need(calloc(set->n, sizeof(struct migration *)));
	w.marks = need(calloc(set->n, sizeof(*w.marks)));
	w.path = need(calloc(set->n, sizeof(struct migration *)));
	for (size_t i = 0; !rc && i < set->n; i++)
		rc = walk_from(&w, set->v[i]);
	if (!rc)
		memcpy(set->v, w.out, set->n * sizeof(struct migration *));
	free(w.out);
	free(w.marks);
	free(w.path);
	return rc;
}

/* ---- what the database knows ---- */

void migration_records_add(struct migration_records *records, const char *id, const char *applied_at,
			   const char *checksum, int64_t duration_ms, bool faked)
{
	records->v = need(reallocarray(records->v, records->n + 1, sizeof(*records->v)));
	records->v[records->n++] = (struct migration_record){
		.id = need_copy(id), .applied_at = need_copy(applied_at),
		.checksum = need_copy(checksum),
		.duration_ms = duration_ms, .faked = faked,
	};
}

void migration_records_clear(struct migration_records *records)
{
	for (size_t i = 0; i < records->n; i++) {
		free(records->v[i].id);
		free(records->v[i].applied_at);
		free(records->v[i].checksum);
	}
	free(records->v);
	memset(records, 0, sizeof(*records));
}

const struct migration_record *migration_records_find(const struct migration_records *records, const char *id)
{
	for (size_t i = 0; i < records->n; i++)
		if (!strcmp(records->v[i].id, id))
			return &records->v[i];
	return NULL;
}

/* A baseline's names were recorded with its checksum, all of them. Where one has
 * another, they were applied one by one, and their files are gone. */
static bool recorded_as_one(const struct migration *m, const struct migration_records *records, const char *checksum)
{
	for (size_t i = 0; i < m->replaces.n; i++) {
		const struct migration_record *r = migration_records_find(records, m->replaces.v[i]);

		if (!r || !r->checksum || strcmp(r->checksum, checksum))
			return false;
	}
	return true;
}

enum migration_state migration_state(const struct migration *m, const struct migration_records *records)
{
	const struct migration_record *own = migration_records_find(records, m->id);
	size_t there = 0;

	for (size_t i = 0; i < m->replaces.n; i++)
		there += migration_records_find(records, m->replaces.v[i]) != NULL;
	if (m->replaces.n && there < m->replaces.n)
		return there || own ? MIGRATION_PARTLY : MIGRATION_PENDING;
	if (!own)
		return m->replaces.n ? MIGRATION_APPLIED : MIGRATION_PENDING;
	if (own->checksum && strcmp(own->checksum, m->checksum) && recorded_as_one(m, records, own->checksum))
		return MIGRATION_EDITED;
	return MIGRATION_APPLIED;
}

/* ---- what remains ---- */

static bool is_wanted_app(const struct migration_goal *goal, const char *app)
{
	for (size_t i = 0; i < goal->napps; i++)
		if (!strcmp(goal->apps[i], app))
			return true;
	return !goal->napps;
}

static int unknown_app(const struct migrations *set, const char *app, struct err *err)
{
	char *known = NULL;
	size_t len;
	FILE *out = need(open_memstream(&known, &len));

	for (size_t i = 0; i < set->n; i++) {
		size_t k = 0;

		while (strcmp(set->v[k]->app, set->v[i]->app))
			k++;
		if (k == i)     /* the first of its app */
			fprintf(out, "%s%s", i ? ", " : "", set->v[i]->app);
	}
	fclose(out);
	err_set(err, ERR_PERMANENT, "unknown_app", "there is no app '%.60s' among the migrations: give one of %s", app, known);
	free(known);
	return -1;
}

static int look_at_apps(const struct migrations *set, const struct migration_goal *goal, struct err *err)
{
	for (size_t i = 0; i < goal->napps; i++) {
		size_t k = 0;

		while (k < set->n && strcmp(set->v[k]->app, goal->apps[i]))
			k++;
		if (k == set->n)
			return unknown_app(set, goal->apps[i], err);
	}
	return 0;
}

/* Forward only: what lies behind a migration that was applied is no goal. */
static int look_at_to(const struct migrations *set, const struct migration_records *records,
		      const struct migration *to, struct err *err)
{
	if (migration_state(to, records) == MIGRATION_PENDING)
		return 0;
	for (size_t i = place_of(set, to) + 1; i < set->n; i++)
		if (!strcmp(set->v[i]->app, to->app) && migration_state(set->v[i], records) != MIGRATION_PENDING)
			return err_set(err, ERR_PERMANENT, "migration_failed",
				       "%s lies behind %s, which is applied: migrate goes forward only",
				       to->id, set->v[i]->id);
	return 0;
}

static int choose_goal(const struct migrations *set, const struct migration_records *records,
		       const struct migration_goal *goal, bool *chosen, struct err *err)
{
	const struct migration *to = goal->to ? migrations_find(set, goal->to) : NULL;

	if (look_at_apps(set, goal, err) < 0)
		return -1;
	if (goal->to && !to)
		return err_set(err, ERR_PERMANENT, "migration_failed", "there is no migration '%.100s'", goal->to);
	if (to && !is_wanted_app(goal, to->app))
		return err_set(err, ERR_PERMANENT, "migration_failed",
			       "%s is of none of the apps that were asked for", to->id);
	if (to && look_at_to(set, records, to, err) < 0)
		return -1;
	for (size_t i = 0; i < set->n; i++)
		chosen[i] = to ? set->v[i] == to : is_wanted_app(goal, set->v[i]->app);
	return 0;
}

/* Parents stand before their children: one pass from the end finds them all. */
static void choose_parents(const struct migrations *set, bool *chosen)
{
	for (size_t i = set->n; i-- > 0; )
		for (size_t k = 0; chosen[i] && k < set->v[i]->depends.n; k++)
			chosen[place_of(set, migrations_find(set, set->v[i]->depends.v[k]))] = true;
}

int migrations_pending(const struct migrations *set, const struct migration_records *records,
		       const struct migration_goal *goal, const struct migration ***out, size_t *n,
		       struct err *err)
{
	bool *chosen = need(calloc(set->n + 1, sizeof(*chosen)));
	int rc = choose_goal(set, records, goal, chosen, err);

	*n = 0;
	*out = need(calloc(set->n + 1, sizeof(struct migration *)));
	if (!rc)
		choose_parents(set, chosen);
	for (size_t i = 0; !rc && i < set->n; i++) {
		enum migration_state state = migration_state(set->v[i], records);

		if (chosen[i] && state == MIGRATION_PARTLY)
			rc = err_set(err, ERR_PERMANENT, "migration_failed",
				     "%s stands for %zu migrations of which this database has some, not all: "
				     "apply the others with the old files first", set->v[i]->id, set->v[i]->replaces.n);
		else if (chosen[i] && state == MIGRATION_PENDING)
			(*out)[(*n)++] = set->v[i];
	}
	if (rc) {
		free(*out);
		*out = NULL;
	}
	free(chosen);
	return rc;
}

/* ---- what was overtaken ---- */

static bool depends_on_any(const struct migration *m, const struct migration *const *of, size_t n)
{
	for (size_t i = 0; i < m->depends.n; i++)
		for (size_t k = 0; k < n; k++)
			if (!strcmp(m->depends.v[i], of[k]->id) || has_name(&of[k]->replaces, m->depends.v[i]))
				return true;
	return false;
}

const struct migration *migrations_overtaker(const struct migrations *set, const struct migration_records *records,
					     const struct migration *m)
{
	const struct migration **family = need(calloc(set->n, sizeof(*family))), *found = NULL;
	size_t n = 0;

	family[n++] = m;
	for (size_t i = place_of(set, m) + 1; !found && i < set->n; i++) {
		enum migration_state state;

		if (!depends_on_any(set->v[i], family, n))
			continue;
		family[n++] = set->v[i];
		state = migration_state(set->v[i], records);
		if (state == MIGRATION_APPLIED || state == MIGRATION_EDITED)
			found = set->v[i];
	}
	free(family);
	return found;
}
