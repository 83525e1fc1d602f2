-- migrate_records_django.sql - migrate_records.sql for a database in which gesync
-- has no tables of its own yet.
SELECT d.app || '.' || d.name AS id,
	to_char(min(d.applied) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at,
	NULL AS checksum, NULL AS duration_ms, false AS faked
FROM django_migrations d
GROUP BY 1
ORDER BY min(d.applied), min(d.id);
