-- keep.sql - sets every row of public aside, in schema kept, for lost.sql.
CREATE SCHEMA kept;
CREATE TABLE kept.row (tab text, id text, doc jsonb);
SELECT format('INSERT INTO kept.row SELECT %L, to_jsonb(t)->>%L, to_jsonb(t) FROM public.%I AS t',
	c.relname, a.attname, c.relname)
FROM pg_class AS c
JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisprimary
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \gexec
CREATE TABLE kept.key AS
SELECT c.relname AS tab, a.attname AS key
FROM pg_class AS c
JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisprimary
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r';
