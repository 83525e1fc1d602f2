-- run_changed.sql - licences that a run changed.
--
-- $1  run
SELECT license, change, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
FROM gesync.run_change
WHERE run = $1
ORDER BY license;
