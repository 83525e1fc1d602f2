-- run_resume.sql - a run goes on: what failed is asked again; how many it has done and changed.
--
-- $1  run
WITH again AS (DELETE FROM gesync.run_failure WHERE run = $1)
SELECT (SELECT count(*) FROM gesync.fetch WHERE run = $1 AND code IS NULL) AS done,
	(SELECT count(*) FROM gesync.run_change WHERE run = $1) AS changed;
