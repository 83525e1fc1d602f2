-- catalogue.sql - what the database is: one row for each table of the
-- application's schema, as a JSON object in the format of db/models (docs/models.md), with
-- what only a database has besides: "empty", "small" (16 MiB), "invalid", "not_valid", a
-- serial's default. Of what has a table's place and is none, what it "is".
-- Reads pg_catalog alone. Neither the tables of extensions nor partitions count.
-- What a table has is looked up table by table, by the catalogue's own indexes: on a
-- connection that is new, planning large joins takes as long as their work.
WITH rel AS MATERIALIZED (
	SELECT c.oid, c.relname, c.relkind, c.relnamespace
	FROM pg_class c
	WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = coalesce(current_schema(), 'public'))
	AND c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
			AND d.classid = 'pg_class'::regclass AND d.objid = c.oid)
)
SELECT rel.relname AS name, has_table_privilege(rel.oid, 'SELECT') AS readable, json_build_object(
	'table', rel.relname,
	'empty', size.bytes = 0,
	'small', size.bytes <= 16777216,
	'columns', coalesce(columns.list, '[]'),
	'primary_key', keys.primary_key->0,
	'unique', keys.uniques,
	'foreign_keys', keys.foreign_keys,
	'checks', keys.checks,
	'indexes', indexes.list) AS definition
FROM rel
CROSS JOIN LATERAL (SELECT CASE rel.relkind WHEN 'r' THEN pg_relation_size(rel.oid) END AS bytes) AS size
CROSS JOIN LATERAL (
	SELECT json_agg(json_build_object(
		'name', a.attname,
		'type', format_type(a.atttypid, a.atttypmod),
		'nullable', NOT a.attnotnull,
		'default', CASE WHEN a.attgenerated = '' THEN a.def END,
		'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default'
			ELSE CASE WHEN a.def LIKE 'nextval(%' THEN 'serial' END END,
		'generated', CASE WHEN a.attgenerated <> '' THEN a.def END,
		'collation', CASE WHEN a.attcollation NOT IN (0, 100) THEN (
			-- 100 is DEFAULT_COLLATION_OID: nearly every text
			SELECT l.collname FROM pg_type t, pg_collation l
			WHERE t.oid = a.atttypid AND l.oid = a.attcollation AND l.oid <> t.typcollation) END)) AS list
	FROM (
		SELECT a.*, CASE WHEN a.atthasdef THEN (
			SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
			WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END AS def
		FROM pg_attribute a
		WHERE a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attnum OFFSET 0
	) AS a
) AS columns
CROSS JOIN LATERAL (
	SELECT json_agg(json_build_object(
			'name', c.conname, 'columns', c.names, 'deferrable', c.deferral))
			FILTER (WHERE c.contype = 'p') AS primary_key,
		json_agg(json_build_object(
			'name', c.conname, 'columns', c.names, 'deferrable', c.deferral,
			'nulls_not_distinct',
			pg_get_constraintdef(c.oid) LIKE 'UNIQUE NULLS NOT DISTINCT%'))
			FILTER (WHERE c.contype = 'u') AS uniques,
		json_agg(json_build_object(
			'name', c.conname, 'definition',
			CASE WHEN c.convalidated THEN pg_get_constraintdef(c.oid)
				ELSE left(pg_get_constraintdef(c.oid), -length(' NOT VALID')) END,
			'not_valid', NOT c.convalidated))
			FILTER (WHERE c.contype IN ('c', 'x')) AS checks,
		json_agg(json_build_object(
			'name', c.conname, 'columns', c.names,
			'references', (
				SELECT CASE WHEN r.relnamespace = rel.relnamespace THEN r.relname::text
					ELSE n.nspname || '.' || r.relname END
				FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
				WHERE r.oid = c.confrelid),
			'ref_columns', (
				SELECT json_agg(a.attname ORDER BY array_position(c.confkey, a.attnum))
				FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey)),
			'on_delete', CASE c.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
				WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END,
			'on_update', CASE c.confupdtype WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'
				WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END,
			'match_full', c.confmatchtype = 'f',
			'deferrable', c.deferral,
			'not_valid', NOT c.convalidated))
			FILTER (WHERE c.contype = 'f') AS foreign_keys
	FROM (
		SELECT c.*,
			CASE WHEN c.contype IN ('p', 'u', 'f') THEN (
				SELECT json_agg(a.attname ORDER BY array_position(c.conkey, a.attnum))
				FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey))
			END AS names,
			CASE WHEN c.condeferred THEN 'initially deferred'
			     WHEN c.condeferrable THEN 'initially immediate' END AS deferral
		FROM pg_constraint c
		WHERE c.conrelid = rel.oid AND c.conparentid = 0
		ORDER BY c.conname OFFSET 0
	) AS c
) AS keys
CROSS JOIN LATERAL (
	SELECT json_agg(json_build_object(
		'name', i.relname,
		'unique', i.indisunique,
		'definition', CASE WHEN i.reloptions IS NULL THEN substr(i.def, i.kind)
			ELSE regexp_replace(substr(i.def, i.kind), ' WITH \([^)]*\)', '') END,
		'invalid', NOT i.indisvalid)) AS list
	FROM (
		SELECT i.*, strpos(i.def, ' USING ') + 7 AS kind
		FROM (
			SELECT i.indisunique, i.indisvalid, c.relname, c.reloptions, pg_get_indexdef(i.indexrelid) AS def
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE i.indrelid = rel.oid AND NOT EXISTS (
				SELECT FROM pg_constraint k
				WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
			ORDER BY c.relname OFFSET 0
		) AS i OFFSET 0
	) AS i
) AS indexes
UNION ALL
SELECT c.relname, false, json_build_object('table', c.relname, 'columns', '[]'::json,
	'is', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'FOREIGN TABLE' END)
FROM pg_class c
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = coalesce(current_schema(), 'public'))
AND c.relkind IN ('v', 'm', 'f')
