-- migrate_records.sql - what has been applied: Django's rows with what gesync
-- knows beside them.
SELECT d.app || '.' || d.name AS id,
	to_char(min(d.applied) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at,
	max(g.checksum) AS checksum, max(g.duration_ms) AS duration_ms, coalesce(bool_or(g.faked), false) AS faked
FROM django_migrations d
LEFT JOIN gesync.migration g ON g.app = d.app AND g.name = d.name
GROUP BY 1
ORDER BY min(d.applied), min(d.id);
