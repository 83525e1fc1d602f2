-- ready.sql - whether db/migrations/gesync/0001_initial.sql has been run. Asked
-- first, because a role that may not create a schema may not even try to.
SELECT to_regclass('gesync.fetch') IS NOT NULL
	AND to_regclass('gesync.run_change') IS NOT NULL AS ready;
