-- migrate_models.sql - Django's content types and permissions of models whose
-- tables stand, as `manage.py migrate` makes them after it has applied something.
--
-- $1  [{"app":"core","model":"schemecode","table":"core_schemecode","spelled":"scheme code"}, ...]
WITH model AS MATERIALIZED (
	SELECT j.app, j.model, left(j.spelled, 240) AS spelled, j.at
	FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (app text, model text, "table" text, spelled text))
		WITH ORDINALITY AS j(app, model, "table", spelled, at)
	WHERE to_regclass(quote_ident(j."table")) IS NOT NULL
),
made AS (
	INSERT INTO django_content_type (app_label, model)
	SELECT app, model FROM model ORDER BY at
	ON CONFLICT (app_label, model) DO NOTHING
	RETURNING id, app_label, model
),
type AS (
	SELECT id, app_label, model FROM made
	UNION
	SELECT c.id, c.app_label, c.model FROM django_content_type c JOIN model m ON m.app = c.app_label AND m.model = c.model
),
permission AS (
	INSERT INTO auth_permission (name, content_type_id, codename)
	SELECT format('Can %s %s', a.action, m.spelled), t.id, a.action || '_' || m.model
	FROM model m
	JOIN type t ON t.app_label = m.app AND t.model = m.model
	CROSS JOIN (VALUES ('add', 1), ('change', 2), ('delete', 3), ('view', 4)) AS a(action, at)
	ORDER BY m.at, a.at
	ON CONFLICT (content_type_id, codename) DO NOTHING
	RETURNING id
)
SELECT (SELECT count(*) FROM made) AS content_types, (SELECT count(*) FROM permission) AS permissions;
