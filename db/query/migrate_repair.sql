-- migrate_repair.sql - takes a file as it is now for what was applied.
--
-- $1  [{"id":"core.0001_initial","checksum":"..."}, ...]
UPDATE gesync.migration m
SET checksum = j.checksum
FROM jsonb_to_recordset($1::jsonb) AS j(id text, checksum text)
WHERE m.app || '.' || m.name = j.id;
