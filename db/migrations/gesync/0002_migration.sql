-- What migrate knows of migrations beside Django's own django_migrations, and
-- of the backups it made.
--
-- Can be run again at any time by the role that made it; a role that may not
-- create in the schema has it run once by one that may.
SELECT pg_advisory_xact_lock(hashtext('gesync.schema'));

CREATE TABLE IF NOT EXISTS gesync.migration (
	app         text NOT NULL,
	name        text NOT NULL,
	checksum    text NOT NULL,
	applied_at  timestamp with time zone NOT NULL DEFAULT now(),
	duration_ms bigint,
	faked       boolean NOT NULL DEFAULT false,
	PRIMARY KEY (app, name)
);
COMMENT ON TABLE gesync.migration IS 'Migrations that gesync applied or recorded, written in one transaction with their rows in django_migrations.';
COMMENT ON COLUMN gesync.migration.checksum IS 'SHA-256 of the file as it was then: an edited file shows';
COMMENT ON COLUMN gesync.migration.duration_ms IS 'NULL where it was recorded without being run';

CREATE TABLE IF NOT EXISTS gesync.backup (
	name    text PRIMARY KEY,
	job     text NOT NULL,
	made_at timestamp with time zone NOT NULL DEFAULT now()
);
COMMENT ON TABLE gesync.backup IS 'Backups that migrate jobs made: a job that is run again does not make its own anew.';
