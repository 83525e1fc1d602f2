-- run_begin.sql - a run is known, or is still running after all.
--
-- $1  run  $2  mode: full, data, structure, licenses  $3  what was asked for, JSON  $4  unix ms
INSERT INTO gesync.run (run, mode, request, started_at)
VALUES ($1, $2, $3::jsonb, to_timestamp($4::bigint / 1000.0))
ON CONFLICT (run) DO UPDATE SET state = 'running', finished_at = NULL;
