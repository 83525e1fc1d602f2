-- migrate_index.sql - the index $1 (as SQL writes its name): no row where it is
-- not there; valid is f for what a CREATE INDEX CONCURRENTLY that failed left behind.
SELECT i.indisvalid AS valid
FROM pg_index i
WHERE i.indexrelid = to_regclass($1::text);
