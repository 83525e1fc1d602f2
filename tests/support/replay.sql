-- replay.sql - does to the catalogue what facts/migrations.json says, straight
-- from the facts and on empty tables: the state before the upgrade, and what the
-- files of db/migrations are measured against. psql variables:
--
--   migrations   the text of facts/migrations.json
--   which        a condition on m, one migration of it as json
--
-- A renamed column is dropped and added here, as the facts put it.

SELECT sql
FROM (
	SELECT (m->>'order')::integer AS ord, m->'catalogue_change' AS c
	FROM json_array_elements(:'migrations'::json->'migrations') AS m
	WHERE :which
) AS migration
CROSS JOIN LATERAL (
	SELECT 1 AS phase, 0 AS n, format('DROP INDEX IF EXISTS public.%I', i) AS sql
	FROM json_array_elements_text(c->'drop_index') AS i
	UNION ALL
	SELECT 2, 0, format('ALTER TABLE IF EXISTS public.%I DROP CONSTRAINT IF EXISTS %I CASCADE',
		split_part(k, ' on ', 2), split_part(k, ' on ', 1))
	FROM json_array_elements_text(c->'drop_constraint') AS k
	UNION ALL
	SELECT 3, 0, format('DROP TABLE public.%I', t)
	FROM json_array_elements_text(c->'drop_table') AS t
	UNION ALL
	SELECT 4, 0, format('ALTER TABLE public.%I DROP COLUMN %I', split_part(k, '.', 1), split_part(k, '.', 2))
	FROM json_array_elements_text(c->'drop_column') AS k
	UNION ALL
	SELECT 5, 0, format('CREATE TABLE public.%I ()', t)
	FROM json_object_keys(c->'create_table') AS t
	UNION ALL
	SELECT 6, col.n, format('ALTER TABLE public.%I ADD COLUMN %I %s', t, col.name, concat_ws(' ', col.def->>'type',
		CASE WHEN NOT (col.def->>'nullable')::boolean THEN 'NOT NULL' END,
		'DEFAULT ' || (col.def->>'default'),
		'GENERATED ' || upper(col.def->>'identity') || ' AS IDENTITY'))
	FROM (
		SELECT t, name, def, n FROM json_each(c->'create_table') AS x(t, cols),
			json_each(cols) WITH ORDINALITY AS y(name, def, n)
		UNION ALL
		SELECT split_part(k, '.', 1), split_part(k, '.', 2), def, n
		FROM json_each(c->'add_column') WITH ORDINALITY AS x(k, def, n)
	) AS col
	UNION ALL
	SELECT 7, 0, format('ALTER TABLE public.%I ALTER COLUMN %I TYPE %s, ALTER COLUMN %2$I %4$s NOT NULL',
		split_part(k, '.', 1), split_part(k, '.', 2), def->'to'->>'type',
		CASE WHEN (def->'to'->>'nullable')::boolean THEN 'DROP' ELSE 'SET' END)
	FROM json_each(c->'alter_column') AS x(k, def)
	UNION ALL
	SELECT CASE WHEN def LIKE 'FOREIGN KEY%' THEN 9 ELSE 8 END, 0,
		format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', split_part(k, ' on ', 2), split_part(k, ' on ', 1), def)
	FROM json_each_text(c->'add_constraint') AS x(k, def)
	UNION ALL
	SELECT 10, 0, def
	FROM json_each_text(c->'add_index') AS x(name, def)
) AS step
ORDER BY ord, phase, n \gexec
