-- run_end.sql - a run has ended; the last 30 are kept, with what belongs to them.
--
-- $1  run  $2  state: done, failed, cancelled  $3  unix ms  $4  counts, JSON
WITH ended AS (
	UPDATE gesync.run
	SET state = $2, finished_at = to_timestamp($3::bigint / 1000.0), counts = $4::jsonb
	WHERE run = $1
),
kept AS (
	SELECT run FROM gesync.run ORDER BY started_at DESC LIMIT 30
),
gone AS (
	DELETE FROM gesync.run r
	WHERE r.run NOT IN (SELECT run FROM kept) AND r.run <> $1
	RETURNING r.run
),
gone_failures AS (
	DELETE FROM gesync.run_failure f USING gone WHERE f.run = gone.run
)
DELETE FROM gesync.run_change c USING gone WHERE c.run = gone.run;
