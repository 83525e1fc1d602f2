-- run_begin.sql - a run is known, or is still running after all.
--
-- $1  run  $2  mode: full, data, structure  $3  what was asked for, JSON
INSERT INTO gesync.run (run, mode, request)
VALUES ($1, $2, $3::jsonb)
ON CONFLICT (run) DO UPDATE SET state = 'running', finished_at = NULL;
