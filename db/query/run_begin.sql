-- run_begin.sql - a run is known, or is still running after all. One that begins
-- anew under an id of before has nothing of the former one.
--
-- $1  run  $2  mode: full, data, structure  $3  what was asked for, JSON  $4  begins anew
WITH failures AS (
	DELETE FROM gesync.run_failure WHERE run = $1 AND $4::boolean
),
changes AS (
	DELETE FROM gesync.run_change WHERE run = $1 AND $4::boolean
)
INSERT INTO gesync.run AS r (run, mode, request)
VALUES ($1, $2, $3::jsonb)
ON CONFLICT (run) DO UPDATE SET state = 'running', finished_at = NULL,
	mode = CASE WHEN $4::boolean THEN excluded.mode ELSE r.mode END,
	request = CASE WHEN $4::boolean THEN excluded.request ELSE r.request END,
	started_at = CASE WHEN $4::boolean THEN now() ELSE r.started_at END;
