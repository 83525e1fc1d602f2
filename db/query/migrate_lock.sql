-- migrate_lock.sql - tries to take the pool's lock, of the session; if somebody
-- else has it: who. Never waits: a waiter would hold a snapshot, on which his
-- CREATE INDEX CONCURRENTLY waits in turn.
WITH key AS MATERIALIZED (SELECT hashtextextended('gesync.migrate', 0) AS k)
SELECT pg_try_advisory_lock(k) AS got, pg_is_in_recovery() AS standby,
	(SELECT format('pid %s, %s since %s', a.pid, coalesce(nullif(a.application_name, ''), 'unknown program'),
			to_char(a.backend_start, 'HH24:MI:SS'))
	FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_backend_pid()
	AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (l.classid::bigint << 32) + l.objid::bigint = k
	LIMIT 1) AS holder
FROM key;
