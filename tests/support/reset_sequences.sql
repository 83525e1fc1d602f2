-- reset_sequences.sql - after rows were loaded with ids of their own, every
-- identity and serial sequence of schema public goes on behind the last id,
-- so that nobody's next INSERT collides. Harmless at any time.

SELECT format('SELECT setval(%L, coalesce(max(%I), 1), max(%I) IS NOT NULL) FROM %s',
	s, a.attname, a.attname, c.oid::regclass)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN LATERAL pg_get_serial_sequence(c.oid::regclass::text, a.attname) AS s
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND s IS NOT NULL
ORDER BY s
\g /dev/null
\o /dev/null
\gexec
\o
