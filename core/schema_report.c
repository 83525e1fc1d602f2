/* schema_report.c - the comparison as INTERFACE.md section 4's report. */
#include <string.h>
#include <stdlib.h>

#include "core/schema_parts.h"
#include "mem.h"

static const char *const class_names[] = { "expected", "hidden", "legacy", "unknown" };

/* Absent where there is no text. */
static void set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* "ALTER TABLE ...;\nALTER TABLE ...;" */
static json_t *fix_json(const struct schema_fix *fix)
{
	char *text = NULL;
	size_t len;
	FILE *out = need(open_memstream(&text, &len));
	json_t *json;

	for (const struct schema_statement *s = fix->first; s; s = s->next)
		fprintf(out, "%s%s;", s == fix->first ? "" : "\n", s->sql);
	fclose(out);
	json = json_string(text);
	free(text);
	return json;
}

static json_t *missing_json(const struct schema_missing *m)
{
	json_t *o = json_object();

	set_text(o, "table", m->table->name);
	set_text(o, "app", m->table->app);
	set_text(o, "model", m->table->model);
	set_text(o, "severity", schema_severity_names[SCHEMA_ERROR]);
	json_object_set_new(o, "fix", fix_json(&m->fix));
	set_text(o, "actual", m->is);
	json_object_set_new(o, "safe", json_boolean(!m->is));
	return o;
}

static json_t *orphan_json(const struct schema_orphan *orphan)
{
	bool unknown = orphan->class == MANIFEST_UNKNOWN;
	json_t *o = json_object();

	set_text(o, "table", orphan->table);
	json_object_set_new(o, "expected", json_boolean(!unknown));
	set_text(o, "class", class_names[orphan->class]);
	set_text(o, "severity", schema_severity_names[unknown ? SCHEMA_WARNING : SCHEMA_INFO]);
	return o;
}

static json_t *drift_json(const struct schema_drift *d)
{
	json_t *o = json_object();

	set_text(o, "table", d->table->name);
	set_text(o, "column", d->column);
	set_text(o, "name", d->name);
	set_text(o, "kind", schema_kind_names[d->kind]);
	set_text(o, "severity", schema_severity_names[d->severity]);
	json_object_set_new(o, "declared", text_or_null(d->declared));
	json_object_set_new(o, "actual", text_or_null(d->actual));
	set_text(o, "rename", d->renamed_from);
	json_object_set_new(o, "fix", fix_json(&d->fix));
	json_object_set_new(o, "safe", json_boolean(d->safe));
	if (d->loses_data)
		json_object_set_new(o, "loses_data", json_true());
	return o;
}

static size_t drifts(const struct schema *s, const char *app, enum schema_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < s->drift.n; i++)
		n += s->drift.v[i]->severity == severity &&
		     (!app || !strcmp(s->drift.v[i]->table->app, app));
	return n;
}

static size_t models_of(const struct schema *s, const struct schema_scope *scope,
			const struct manifest_app *app)
{
	size_t n = 0;

	for (size_t i = 0; i < app->ntables; i++)
		n += !app->tables[i].many_to_many_of &&
		     schema_scope_has(scope, s->manifest, &app->tables[i]);
	return n;
}

static size_t missing_of(const struct schema *s, const char *app)
{
	size_t n = 0;

	for (size_t i = 0; i < s->missing.n; i++)
		n += !strcmp(s->missing.v[i].table->app, app);
	return n;
}

static json_t *apps_json(const struct schema *s, const struct schema_scope *scope)
{
	json_t *apps = json_object();

	for (size_t i = 0; i < s->manifest->napps; i++) {
		const struct manifest_app *app = &s->manifest->apps[i];
		size_t models = models_of(s, scope, app), missing = missing_of(s, app->label);
		size_t errors = missing + drifts(s, app->label, SCHEMA_ERROR);

		if (models || missing)
			json_object_set_new(apps, app->label, json_pack("{s:I,s:I,s:I}",
				"models", (json_int_t)models, "missing", (json_int_t)missing,
				"errors", (json_int_t)errors));
	}
	return apps;
}

json_t *schema_report(const struct schema *s, const struct schema_scope *scope)
{
	json_t *missing = json_array(), *orphans = json_array(), *drift = json_array();
	size_t errors = s->missing.n + drifts(s, NULL, SCHEMA_ERROR);
	size_t warnings = drifts(s, NULL, SCHEMA_WARNING);

	for (size_t i = 0; i < s->missing.n; i++)
		json_array_append_new(missing, missing_json(&s->missing.v[i]));
	for (size_t i = 0; i < s->orphans.n; i++) {
		json_array_append_new(orphans, orphan_json(&s->orphans.v[i]));
		warnings += s->orphans.v[i].class == MANIFEST_UNKNOWN;
	}
	for (size_t i = 0; i < s->drift.n; i++)
		json_array_append_new(drift, drift_json(s->drift.v[i]));
	return json_pack("{s:I,s:I,s:o,s:o,s:o,s:I,s:o,s:I,s:I}",
			 "models", (json_int_t)s->models, "tables", (json_int_t)s->tables,
			 "missing", missing, "orphaned", orphans, "drift", drift,
			 "hidden", (json_int_t)s->hidden, "apps", apps_json(s, scope),
			 "errors", (json_int_t)errors,
			 "warnings", (json_int_t)warnings);
}

static json_t *columns_json(const struct table *actual, const struct table *declared)
{
	json_t *list = json_array();

	for (size_t i = 0; i < actual->columns.n; i++) {
		const struct table_column *c = &actual->columns.v[i];
		json_t *o = json_pack("{s:s,s:s,s:b,s:o,s:b}", "name", c->name, "type", c->type,
				      "nullable", c->nullable, "default", text_or_null(c->def),
				      "declared", declared && table_column(declared, c->name));

		set_text(o, "identity", c->identity);
		set_text(o, "generated", c->generated);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *schema_columns_report(const struct schema *s, const struct schema_scope *scope)
{
	json_t *tables = json_array();

	for (size_t i = 0; i < s->catalogue->ntables; i++) {
		const struct table *t = &s->catalogue->tables[i];
		const struct table *declared = manifest_table(s->manifest, t->name);
		json_t *o;

		if (t->is || !schema_scope_has(scope, s->manifest, t) || (!declared && !scope->table))
			continue;
		o = json_object();
		set_text(o, "table", t->name);
		set_text(o, "app", declared ? declared->app : NULL);
		json_object_set_new(o, "columns", columns_json(t, declared));
		json_array_append_new(tables, o);
	}
	return tables;
}
