-- migrate_blockers.sql - who keeps the session $1 waiting. Without the text of
-- their queries: it may hold data.
SELECT string_agg(format('pid %s (%s, %s for %s s)', a.pid, coalesce(nullif(a.application_name, ''), a.usename, 'unknown'),
		coalesce(a.state, 'busy'), ceil(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change)))),
	', ' ORDER BY a.xact_start) AS blockers
FROM (SELECT a.* FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1::integer)) ORDER BY a.xact_start LIMIT 3) AS a;
