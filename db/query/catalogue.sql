-- catalogue.sql - what the database is: one row for each table of the
-- application's schema, as a JSON object in the format of db/models (docs/models.md), with
-- what only a database has besides: "empty", "small" (16 MiB), "invalid", "not_valid", a
-- serial's default.
-- Reads pg_catalog alone. Neither the tables of extensions nor partitions count.
WITH space AS (
	SELECT oid FROM pg_namespace WHERE nspname = coalesce(current_schema(), 'public')
), rel AS (
	SELECT c.oid, c.relname, c.relkind, c.relnamespace
	FROM pg_class c, space
	WHERE c.relnamespace = space.oid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
			AND d.objid = c.oid AND d.deptype = 'e')
), att AS MATERIALIZED (
	SELECT a.*, pg_get_expr(d.adbin, d.adrelid) AS def
	FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attnum > 0 AND NOT a.attisdropped
), columns AS (
	SELECT a.attrelid, json_agg(json_build_object(
		'name', a.attname,
		'type', format_type(a.atttypid, a.atttypmod),
		'nullable', NOT a.attnotnull,
		'default', CASE WHEN a.attgenerated = '' THEN a.def END,
		'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default'
			ELSE CASE WHEN a.def LIKE 'nextval(%' THEN 'serial' END END,
		'generated', CASE WHEN a.attgenerated <> '' THEN a.def END,
		'collation', CASE WHEN a.attcollation <> t.typcollation THEN l.collname END)
		ORDER BY a.attnum) AS list
	FROM att a JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_collation l ON l.oid = a.attcollation
	GROUP BY a.attrelid
), con AS MATERIALIZED (
	SELECT c.*,
		CASE WHEN c.contype IN ('p', 'u', 'f') THEN
			(SELECT json_agg(a.attname ORDER BY k.n)
			 FROM unnest(c.conkey) WITH ORDINALITY AS k(num, n)
			 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num)
		END AS names,
		CASE WHEN c.condeferred THEN 'initially deferred'
		     WHEN c.condeferrable THEN 'initially immediate' END AS deferral
	FROM rel JOIN pg_constraint c ON c.conrelid = rel.oid
	WHERE c.conparentid = 0
), keys AS (
	SELECT c.conrelid, (json_agg(json_build_object(
			'name', c.conname, 'columns', c.names, 'deferrable', c.deferral))
			FILTER (WHERE c.contype = 'p'))->0 AS primary_key,
		json_agg(json_build_object(
			'name', c.conname, 'columns', c.names, 'deferrable', c.deferral,
			'nulls_not_distinct',
			pg_get_constraintdef(c.oid) LIKE 'UNIQUE NULLS NOT DISTINCT%')
			ORDER BY c.conname) FILTER (WHERE c.contype = 'u') AS uniques,
		json_agg(json_build_object(
			'name', c.conname, 'definition',
			regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', ''),
			'not_valid', NOT c.convalidated)
			ORDER BY c.conname) FILTER (WHERE c.contype IN ('c', 'x')) AS checks
	FROM con c WHERE c.contype IN ('p', 'u', 'c', 'x')
	GROUP BY c.conrelid
), foreign_keys AS (
	SELECT c.conrelid, json_agg(json_build_object(
		'name', c.conname, 'columns', c.names,
		'references', CASE WHEN r.relnamespace = space.oid THEN r.relname::text
			ELSE n.nspname || '.' || r.relname END,
		'ref_columns', (SELECT json_agg(a.attname ORDER BY k.n)
			FROM unnest(c.confkey) WITH ORDINALITY AS k(num, n)
			JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num),
		'on_delete', CASE c.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
			WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END,
		'on_update', CASE c.confupdtype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
			WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END,
		'match_full', c.confmatchtype = 'f',
		'deferrable', c.deferral,
		'not_valid', NOT c.convalidated) ORDER BY c.conname) AS list
	FROM con c JOIN pg_class r ON r.oid = c.confrelid
	JOIN pg_namespace n ON n.oid = r.relnamespace, space
	WHERE c.contype = 'f'
	GROUP BY c.conrelid
), indexes AS (
	SELECT i.indrelid, json_agg(json_build_object(
		'name', c.relname,
		'unique', i.indisunique,
		'definition', regexp_replace(substring(pg_get_indexdef(i.indexrelid) FROM ' USING (.*)'),
			CASE WHEN c.reloptions IS NULL THEN '^$' ELSE ' WITH \([^)]*\)' END, ''),
		'invalid', NOT i.indisvalid) ORDER BY c.relname) AS list
	FROM rel JOIN pg_index i ON i.indrelid = rel.oid JOIN pg_class c ON c.oid = i.indexrelid
	WHERE NOT EXISTS (SELECT FROM con WHERE con.conindid = i.indexrelid
		AND con.contype IN ('p', 'u', 'x'))
	GROUP BY i.indrelid
)
SELECT rel.relname AS name, has_table_privilege(rel.oid, 'SELECT') AS readable, json_build_object(
	'table', rel.relname,
	'empty', size.bytes = 0,
	'small', size.bytes <= 16777216,
	'columns', coalesce(columns.list, '[]'),
	'primary_key', keys.primary_key,
	'unique', keys.uniques,
	'foreign_keys', foreign_keys.list,
	'checks', keys.checks,
	'indexes', indexes.list) AS definition
FROM rel
CROSS JOIN LATERAL (SELECT CASE rel.relkind WHEN 'r' THEN pg_relation_size(rel.oid) END AS bytes) AS size
LEFT JOIN columns ON columns.attrelid = rel.oid
LEFT JOIN keys ON keys.conrelid = rel.oid
LEFT JOIN foreign_keys ON foreign_keys.conrelid = rel.oid
LEFT JOIN indexes ON indexes.indrelid = rel.oid
ORDER BY rel.relname
