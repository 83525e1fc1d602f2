-- structure.sql - everything about the tables of public that a migration can
-- change, a line each: two databases with the same lines are the same.
SELECT concat_ws('|', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
	CASE WHEN a.attnotnull THEN 'not null' END, nullif(a.attidentity, ''), pg_get_expr(d.adbin, d.adrelid)) AS line
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT concat_ws('|', 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT concat_ws('|', 'index', t.relname, i.relname, pg_get_indexdef(i.oid), CASE WHEN NOT x.indisvalid THEN 'invalid' END)
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace
UNION ALL
SELECT concat_ws('|', 'sequence', sequencename, data_type)
FROM pg_sequences
WHERE schemaname = 'public'
ORDER BY 1;
