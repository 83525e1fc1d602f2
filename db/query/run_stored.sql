-- run_stored.sql - runs that PostgreSQL knows, the latest first.
--
-- $1  just this run; NULL: all
SELECT run, mode, state, request, counts,
	(extract(epoch FROM started_at) * 1000)::bigint AS started_at,
	(extract(epoch FROM finished_at) * 1000)::bigint AS finished_at
FROM gesync.run
WHERE $1::text IS NULL OR run = $1
ORDER BY gesync.run.started_at DESC
LIMIT 30;
