-- unit_value_per_unit gets a third decimal.
--
-- depends: allotment.0007_allotmentmodel_created_by_allotmentmodel_created_on_and_more

-- Refuses to round. Less than a millionth is the noise of binary fractions.
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
		SELECT tab, col, format('abs(%1$I::numeric - round(%1$I::numeric, %2$s)) >= 0.000001', col, scale) AS cond
		FROM (VALUES
			('allotment_allotmentmodel', 'unit_value_per_unit', 3)
		) AS v (tab, col, scale)
		JOIN pg_attribute ON attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
		ORDER BY tab, col
	LOOP
		EXECUTE format('SELECT count(*), string_agg(id::text, '', '') FILTER (WHERE nth <= 10)
			FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM %I WHERE %s) AS x',
			lost.tab, lost.cond) INTO n, ids;
		IF n > 0 THEN
			way := concat_ws('; ', way, format('%s.%s: %s rows (id %s)', lost.tab, lost.col, n,
				ids || CASE WHEN n > 10 THEN ', ...' ELSE '' END));
		END IF;
	END LOOP;
	IF way IS NOT NULL THEN
		RAISE EXCEPTION 'values would be rounded: %', way
			USING HINT = 'Correct these values, or go on with --allow-data-loss.';
	END IF;
END $$;

ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN unit_value_per_unit TYPE numeric(15,3);
