-- migrate_look.sql - what migrate has to know before it touches anything.
SELECT pg_is_in_recovery() AS standby,
	pg_backend_pid() AS pid,
	current_user AS role,
	to_regclass('django_migrations') IS NOT NULL AS has_django,
	to_regclass('gesync.fetch') IS NOT NULL AND to_regclass('gesync.run_change') IS NOT NULL AS has_initial,
	to_regclass('gesync.migration') IS NOT NULL AND to_regclass('gesync.backup') IS NOT NULL AS has_migration;
