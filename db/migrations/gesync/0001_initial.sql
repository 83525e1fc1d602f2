-- gesync's own tables: fencing tokens and last result of each licence, runs
-- with their failures and changes. No foreign key leads into the application's
-- tables or out of them, so that neither side ever stands in the other's way.
--
-- Can be run again at any time by the role that made it; a role that may not
-- create a schema has it run once by one that may.

-- Two workers may need the schema at the same moment, and IF NOT EXISTS alone
-- does not keep them apart.
SELECT pg_advisory_xact_lock(hashtext('gesync.schema'));

CREATE SCHEMA IF NOT EXISTS gesync;
COMMENT ON SCHEMA gesync IS 'gesync: what its workers know beside the application''s tables. Not part of the application; never an orphan.';

CREATE SEQUENCE IF NOT EXISTS gesync.token AS bigint;
COMMENT ON SEQUENCE gesync.token IS 'Fencing tokens: no two attempts have the same.';

-- Every attempt updates its row twice and no indexed column changes: room in
-- the page keeps these updates in place (HOT), so that the table does not grow.
CREATE TABLE IF NOT EXISTS gesync.fetch (
	license      text PRIMARY KEY,
	token        bigint NOT NULL,
	stored_token bigint,
	job_id       text,
	attempt      integer,
	worker       text,
	run          text,
	code         text,
	result       jsonb,
	stored_at    timestamp with time zone
) WITH (fillfactor = 60);
COMMENT ON TABLE gesync.fetch IS 'One row per licence that a fetch was begun for: who may store, and what was stored last.';
COMMENT ON COLUMN gesync.fetch.license IS 'licence number';
COMMENT ON COLUMN gesync.fetch.token IS 'token of the last attempt that began; nobody with another one can store';
COMMENT ON COLUMN gesync.fetch.stored_token IS 'token of the attempt that stored what the next columns tell; all NULL until the first';
COMMENT ON COLUMN gesync.fetch.job_id IS 'job whose effect was stored last';
COMMENT ON COLUMN gesync.fetch.code IS 'NULL for done; else why only the derived values were recomputed: ge_not_found, license_incomplete';
COMMENT ON COLUMN gesync.fetch.result IS 'result of that job, as its outcome reports it';

CREATE TABLE IF NOT EXISTS gesync.run (
	run         text PRIMARY KEY,
	mode        text NOT NULL,
	request     jsonb NOT NULL DEFAULT '{}',
	started_at  timestamp with time zone NOT NULL DEFAULT now(),
	finished_at timestamp with time zone,
	state       text NOT NULL DEFAULT 'running',
	counts      jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE gesync.run IS 'Runs of the scheduler, kept longer than Redis keeps them.';
COMMENT ON COLUMN gesync.run.request IS 'what was asked for: force, licences, deadline';
COMMENT ON COLUMN gesync.run.counts IS 'total, done, unchanged, changed, failed, dead, when it finished';

CREATE TABLE IF NOT EXISTS gesync.run_failure (
	run     text NOT NULL,
	license text NOT NULL,
	code    text NOT NULL,
	message text NOT NULL,
	at      timestamp with time zone NOT NULL DEFAULT now(),
	PRIMARY KEY (run, license)
);
COMMENT ON TABLE gesync.run_failure IS 'Licences of a run that failed for good, with the last error of each.';

CREATE TABLE IF NOT EXISTS gesync.run_change (
	run     text NOT NULL,
	license text NOT NULL,
	change  jsonb NOT NULL,
	at      timestamp with time zone NOT NULL DEFAULT now(),
	PRIMARY KEY (run, license)
);
COMMENT ON TABLE gesync.run_change IS 'Licences that a run changed; change is the result of the job that did it.';
