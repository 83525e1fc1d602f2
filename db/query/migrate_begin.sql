-- migrate_begin.sql - the schema gate, closed until the transaction ends: LOAD and
-- STORE of fetch jobs hold it shared (gate.sql), so they wait, and none is
-- between two of its statements. lock_timeout bounds the wait for them.
SELECT pg_advisory_xact_lock(hashtextextended('gesync.schema_gate', 0));
