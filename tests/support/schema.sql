-- schema.sql - the licence-management application's database, made from the
-- facts alone: as it stands after all its migrations, or (before=1) as it stood
-- before the upgrade, then perhaps without the two SION many-to-many tables
-- (sion_gone=1). Run by scripts/create-schema, which names the two files in the
-- environment:
--
--   GESYNC_SCHEMA_JSON=.../schema.json GESYNC_MIGRATIONS_JSON=.../migrations.json \
--	psql -X -1 -v ON_ERROR_STOP=1 -v before=0 -v sion_gone=0 -f schema.sql
--
-- PostgreSQL reads the JSON itself: first tables, then keys and checks, then
-- foreign keys (the tables refer to each other in circles), then indexes.

\set schema `cat "$GESYNC_SCHEMA_JSON"`
\set migrations `cat "$GESYNC_MIGRATIONS_JSON"`
\set QUIET 1
SET client_min_messages = warning;

CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT ord, t->>'table' AS name, t AS def
FROM jsonb_array_elements(:'schema'::jsonb->'tables') WITH ORDINALITY AS x(t, ord);

CREATE TEMPORARY TABLE recorded ON COMMIT DROP AS
SELECT (m->>'order')::integer AS ord, m->>'app' AS app, m->>'name' AS name
FROM jsonb_array_elements(:'migrations'::jsonb->'migrations') AS m
WHERE :before = 0 OR (m->>'recorded_before')::boolean;

DO $$
DECLARE
	stand text[] := array(SELECT name FROM made
		WHERE to_regclass(format('public.%I', name)) IS NOT NULL ORDER BY name);
BEGIN
	IF stand <> '{}' THEN
		RAISE EXCEPTION 'the database is not empty: % of the tables stand already, the first is %',
			cardinality(stand), stand[1];
	END IF;
END $$;

-- Before the upgrade, what no migration makes is as it is now. The users' own
-- table was there already, though the migration that makes it was not recorded.
\if :before
DELETE FROM made WHERE def->>'kind' <> 'legacy' AND name <> 'django_migrations';
\set which '(m->>\'recorded_before\')::boolean OR (m->>\'needs_fake\')::boolean'
\ir replay.sql
\endif
\if :sion_gone
DROP TABLE public.core_sionexportmodel_hs_code, public.core_sionimportmodel_hs_code;
\endif

SELECT format('CREATE TABLE public.%I (%s)', name,
	(SELECT string_agg(concat_ws(' ', quote_ident(c->>'name'), c->>'type',
			CASE WHEN NOT (c->>'nullable')::boolean THEN 'NOT NULL' END,
			'GENERATED ' || upper(c->>'identity') || ' AS IDENTITY'),
		', ' ORDER BY n)
	 FROM jsonb_array_elements(def->'columns') WITH ORDINALITY AS x(c, n)))
FROM made ORDER BY ord \gexec

SELECT format('ALTER TABLE public.%I ADD CONSTRAINT %I PRIMARY KEY (%s)', name,
	def->'primary_key'->>'name',
	(SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
	 FROM jsonb_array_elements_text(def->'primary_key'->'columns') WITH ORDINALITY AS x(c, n)))
FROM made ORDER BY ord \gexec

SELECT format('ALTER TABLE public.%I ADD CONSTRAINT %I UNIQUE (%s)%s', name,
	u->>'name',
	(SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
	 FROM jsonb_array_elements_text(u->'columns') WITH ORDINALITY AS x(c, n)),
	CASE WHEN (u->>'deferrable')::boolean THEN ' DEFERRABLE' END)
FROM made, jsonb_array_elements(def->'unique_constraints') AS u ORDER BY ord \gexec

SELECT format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', name, k->>'name', k->>'definition')
FROM made, jsonb_array_elements(def->'check_constraints') AS k ORDER BY ord \gexec

SELECT format('ALTER TABLE public.%I ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES public.%I (%s) ON DELETE %s %s',
	name, f->>'name',
	(SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
	 FROM jsonb_array_elements_text(f->'columns') WITH ORDINALITY AS x(c, n)),
	f->>'ref_table',
	(SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
	 FROM jsonb_array_elements_text(f->'ref_columns') WITH ORDINALITY AS x(c, n)),
	f->>'db_on_delete',
	concat_ws(' ', CASE WHEN (f->>'deferrable')::boolean THEN 'DEFERRABLE' END,
		CASE WHEN (f->>'initially_deferred')::boolean THEN 'INITIALLY DEFERRED' END))
FROM made, jsonb_array_elements(def->'foreign_keys') AS f ORDER BY ord \gexec

SELECT i->>'definition'
FROM made, jsonb_array_elements(def->'indexes') AS i ORDER BY ord \gexec

INSERT INTO public.django_migrations (app, name, applied)
SELECT app, name, now() FROM recorded ORDER BY ord;
