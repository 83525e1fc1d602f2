-- Money and quantities become exact: double precision to numeric(15,2).
--
-- depends: allotment.0002_alter_allotmentitems_id_alter_allotmentmodel_id

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
			('allotment_allotmentitems', 'cif_inr', 2),
			('allotment_allotmentitems', 'cif_fc', 2),
			('allotment_allotmentitems', 'qty', 2),
			('allotment_allotmentmodel', 'required_quantity', 2)
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

ALTER TABLE IF EXISTS allotment_allotmentitems
	ALTER COLUMN cif_inr TYPE numeric(15,2),
	ALTER COLUMN cif_fc TYPE numeric(15,2),
	ALTER COLUMN qty TYPE numeric(15,2);

ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN required_quantity TYPE numeric(15,2);

-- Three decimals come in 0008: where a value needs them, the column waits for it.
DO $$
BEGIN
	IF to_regclass('allotment_allotmentmodel') IS NOT NULL AND NOT EXISTS (
		SELECT FROM allotment_allotmentmodel
		WHERE abs(unit_value_per_unit::numeric - round(unit_value_per_unit::numeric, 2)) >= 0.000001)
	THEN
		ALTER TABLE allotment_allotmentmodel ALTER COLUMN unit_value_per_unit TYPE numeric(15,2);
	END IF;
END $$;
