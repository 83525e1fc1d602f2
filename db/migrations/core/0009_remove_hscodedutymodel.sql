-- HSCodeDutyModel goes.
--
-- depends: core.0008_fix_product_description_fk

-- Refuses while there are rows.
DO $$
DECLARE
	lost record;
	n    bigint;
	ids  text;
	way  text;
BEGIN
	IF current_setting('gesync.allow_data_loss', true) = 'on' THEN
		RETURN;
	END IF;
	FOR lost IN
		SELECT tab, 'true' AS cond
		FROM (VALUES
			('core_hscodedutymodel', 'id')
		) AS v (tab, col)
		JOIN pg_attribute ON attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
		ORDER BY tab, col
	LOOP
		EXECUTE format('SELECT count(*), string_agg(id::text, '', '') FILTER (WHERE nth <= 10)
			FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM %I WHERE %s) AS x',
			lost.tab, lost.cond) INTO n, ids;
		IF n > 0 THEN
			way := concat_ws('; ', way, format('%s: %s rows (id %s)', lost.tab, n,
				ids || CASE WHEN n > 10 THEN ', ...' ELSE '' END));
		END IF;
	END LOOP;
	IF way IS NOT NULL THEN
		RAISE EXCEPTION 'data would be lost: %', way
			USING HINT = 'Save what is needed elsewhere and empty it, or go on with --allow-data-loss.';
	END IF;
END $$;

DROP TABLE IF EXISTS core_hscodedutymodel;
