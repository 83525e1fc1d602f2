-- gate.sql - first statement of LOAD and of STORE: the schema gate, held shared
-- until the transaction ends. A migration holds it alone (migrate_begin.sql), so
-- that no fetch job meets a table half changed. While it is closed this waits,
-- and fails after lock_timeout.
SELECT pg_advisory_xact_lock_shared(hashtextextended('gesync.schema_gate', 0));
