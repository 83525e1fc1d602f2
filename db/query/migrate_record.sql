-- migrate_record.sql - records a migration, in its transaction.
--
-- $1  the names it stands for, ["core.0001_initial", ...]: its own, and for a
--     baseline those it replaces
-- $2  checksum of its file
-- $3  ms it took; NULL: not run
WITH want AS (
	SELECT split_part(id, '.', 1) AS app, substr(id, strpos(id, '.') + 1) AS name, at
	FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS j(id, at)
),
django AS (
	INSERT INTO django_migrations (app, name, applied)
	SELECT app, name, now()
	FROM want w
	WHERE NOT EXISTS (SELECT 1 FROM django_migrations d WHERE d.app = w.app AND d.name = w.name)
	ORDER BY at
)
INSERT INTO gesync.migration (app, name, checksum, applied_at, duration_ms, faked)
SELECT app, name, $2::text, now(), $3::bigint, $3::bigint IS NULL
FROM want
ON CONFLICT (app, name) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at,
	duration_ms = excluded.duration_ms, faked = excluded.faked;
