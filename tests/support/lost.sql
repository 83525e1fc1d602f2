-- lost.sql - what keep.sql set aside and is not found any more: table, column, in
-- how many rows, the least value then and now. A renamed column counts by its new name; a
-- date that became a moment, by its date. NULL, '', 0 and false are nothing.
SET timezone = 'UTC';
CREATE TABLE kept.now (tab text, id text, doc jsonb);
SELECT format('INSERT INTO kept.now SELECT %L, to_jsonb(t)->>%L, to_jsonb(t) FROM public.%I AS t', tab, key, tab)
FROM kept.key WHERE to_regclass(format('public.%I', tab)) IS NOT NULL \gexec

SELECT tab, col, count(*), min(was::text) AS was, min(now::text) AS now
FROM (
	SELECT o.tab, v.col, v.was, coalesce(n.doc->v.col, n.doc->r.new) AS now
	FROM kept.row AS o
	CROSS JOIN LATERAL jsonb_each(o.doc) AS v (col, was)
	LEFT JOIN kept.now AS n USING (tab, id)
	LEFT JOIN (VALUES ('core_sionimportmodel', 'sr_no', 'serial_number')) AS r (tab, old, new)
		ON r.tab = o.tab AND r.old = v.col
) AS x
WHERE was NOT IN ('null', '""', '0', 'false') AND was IS DISTINCT FROM now
	AND left(now #>> '{}', 10) IS DISTINCT FROM was #>> '{}'
GROUP BY tab, col ORDER BY tab, col;
