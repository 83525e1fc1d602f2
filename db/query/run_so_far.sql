-- run_so_far.sql - what a run has done, as its licences tell: of a run that Redis has lost.
--
-- $1  run
SELECT (SELECT count(*) FROM gesync.fetch WHERE run = $1 AND code IS NULL) AS done,
	(SELECT count(*) FROM gesync.run_change WHERE run = $1) AS changed,
	count(*) FILTER (WHERE code <> 'put_back') AS dead,
	count(*) FILTER (WHERE code = 'put_back') AS put_back
FROM gesync.run_failure
WHERE run = $1;
