-- catalogue.sql - everything about the tables of public that a migration can
-- change, one line each: two databases with the same lines are the same.
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
	CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid),
	CASE WHEN NOT k.convalidated THEN 'not valid' END, NULL, NULL
FROM pg_constraint AS k
JOIN pg_class AS c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', t.relname, i.relname, pg_get_indexdef(i.oid),
	CASE WHEN NOT x.indisvalid THEN 'invalid' END, NULL, NULL
FROM pg_index AS x
JOIN pg_class AS i ON i.oid = x.indexrelid
JOIN pg_class AS t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'sequence', sequencename, NULL, data_type::text, NULL, NULL, NULL
FROM pg_sequences
WHERE schemaname = 'public'
ORDER BY 1, 2, 3, 4;
