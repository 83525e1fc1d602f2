-- fill.sql - three rows in every table of public but django_migrations, with a
-- value in every column, whatever the state of the database. Row N refers to the
-- rows N of other tables; numbers have as many decimals as a column ever loses.

SELECT format('INSERT INTO %s (%s) SELECT %s FROM generate_series(1, 3) AS n',
	c.oid::regclass,
	string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
	string_agg(CASE
		-- a trade is not with oneself
		WHEN c.relname = 'trade_licensetrade' AND a.attname = 'from_company_id' THEN 'n % 3 + 1'
		WHEN a.attname = 'id' OR EXISTS (SELECT FROM pg_constraint
			WHERE contype = 'f' AND conrelid = c.oid AND conkey = ARRAY[a.attnum]) THEN 'n'
		WHEN t.typname IN ('int2', 'int4', 'int8') THEN 'n'
		WHEN t.typname = 'float8' THEN 'n + 0.125'
		WHEN t.typname = 'numeric' THEN 'n + 0.25'
		WHEN t.typname = 'bool' THEN 'true'
		WHEN t.typname = 'date' THEN 'date ''2025-01-31'' + n'
		WHEN t.typname = 'timestamptz' THEN 'timestamptz ''2025-01-31 23:45:00+05:30'' + n * interval ''1 day'''
		WHEN t.typname = 'uuid' THEN 'md5(n::text)::uuid'
		WHEN t.typname = 'varchar' THEN format('left(%L, %s) || n', a.attname, a.atttypmod - 5)
		WHEN t.typname = 'text' THEN format('%L || n', a.attname)
		END, ', ' ORDER BY a.attnum))
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'django_migrations'
GROUP BY c.oid ORDER BY c.relname \gexec

\ir reset_sequences.sql
