-- run_done.sql - licences that a run has done, as far as no later run has fetched them.
--
-- $1  run
SELECT license FROM gesync.fetch WHERE run = $1 AND code IS NULL;
