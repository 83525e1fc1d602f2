-- run_last.sql - the run of licences that began last.
SELECT run, mode, request, state FROM gesync.run WHERE mode <> 'structure' ORDER BY started_at DESC LIMIT 1;
