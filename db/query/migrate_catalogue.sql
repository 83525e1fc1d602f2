-- migrate_catalogue.sql - one sum over all that a migration could change, taken
-- before and after it in one transaction: the same sum, and no row written, means
-- that its effect stands already. Files of tables (relfilenode) count, so that a
-- rewrite is a change; gesync's own schema does not.
WITH ns AS (
	SELECT oid, nspname FROM pg_namespace
	WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'gesync')
),
rel AS (
	SELECT c.*, ns.nspname FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
),
line (text) AS (
	SELECT format('schema %s', nspname) FROM ns
	UNION ALL
	SELECT format('relation %s.%s %s %s %s %s %s %s', nspname, relname, relkind, relfilenode, relowner, relacl,
		reloptions, relrowsecurity) FROM rel
	UNION ALL
	SELECT format('column %s.%s %s %s %s %s %s %s %s %s', r.nspname, r.relname, a.attnum, a.attname,
		format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation,
		pg_get_expr(d.adbin, d.adrelid))
	FROM rel r
	JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL
	SELECT format('constraint %s %s %s %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid), c.convalidated)
	FROM pg_constraint c JOIN ns ON ns.oid = c.connamespace
	UNION ALL
	SELECT format('index %s %s %s', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered)
	FROM pg_index i JOIN rel r ON r.oid = i.indexrelid
	UNION ALL
	SELECT format('trigger %s %s', pg_get_triggerdef(t.oid), t.tgenabled)
	FROM pg_trigger t JOIN rel r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
	UNION ALL
	SELECT format('function %s %s', p.oid::regprocedure, pg_get_functiondef(p.oid))
	FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
	UNION ALL
	SELECT format('view %s.%s %s', nspname, relname, pg_get_viewdef(oid)) FROM rel WHERE relkind IN ('v', 'm')
	UNION ALL
	SELECT format('sequence %s.%s %s %s %s %s %s', nspname, relname, s.seqtypid, s.seqstart, s.seqincrement, s.seqmax, s.seqcycle)
	FROM rel JOIN pg_sequence s ON s.seqrelid = rel.oid
	UNION ALL
	SELECT format('type %s %s %s %s', t.oid::regtype, t.typtype, t.typbasetype, e.enumlabel)
	FROM pg_type t JOIN ns ON ns.oid = t.typnamespace LEFT JOIN pg_enum e ON e.enumtypid = t.oid
	UNION ALL
	SELECT format('extension %s %s', extname, extversion) FROM pg_extension
	UNION ALL
	SELECT format('comment %s %s', pg_describe_object(classoid, objoid, objsubid), description) FROM pg_description
	WHERE objoid IN (SELECT oid FROM rel)
)
SELECT md5(string_agg(text, E'\n' ORDER BY text)) AS catalogue,
	(SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables) AS written
FROM line;
