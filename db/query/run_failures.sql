-- run_failures.sql - licences of runs that failed for good.
--
-- $1  [{"run":"r","license":"0310837893","code":"ge_not_found","message":"...","at":"2026-..."}, ...]
INSERT INTO gesync.run_failure AS f (run, license, code, message, at)
SELECT DISTINCT ON (o.run, o.license) o.run, o.license, o.code, o.message, o.at
FROM jsonb_to_recordset($1::jsonb) AS o(run text, license text, code text, message text, at timestamptz)
ORDER BY o.run, o.license, o.at DESC
ON CONFLICT (run, license) DO UPDATE
SET code = excluded.code, message = excluded.message, at = excluded.at
WHERE f.at <= excluded.at;
