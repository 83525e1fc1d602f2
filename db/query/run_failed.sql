-- run_failed.sql - licences of a run that failed for good, and those put back.
--
-- $1  run  $2  at most so many; NULL: all
SELECT license, code, message, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
FROM gesync.run_failure
WHERE run = $1
ORDER BY code = 'put_back', code, license
LIMIT $2::bigint;
