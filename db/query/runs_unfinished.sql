-- runs_unfinished.sql - runs whose end has not been noted, the latest first.
SELECT run FROM gesync.run WHERE state = 'running' ORDER BY started_at DESC LIMIT 30;
