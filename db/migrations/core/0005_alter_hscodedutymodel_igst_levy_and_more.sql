-- Duties, prices and quantities become exact: double precision to
-- numeric(15,2).
--
-- depends: core.0004_delete_meismodel

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
			('core_hscodedutymodel', 'basic_custom_duty', 2),
			('core_hscodedutymodel', 'additional_duty_of_customs', 2),
			('core_hscodedutymodel', 'custom_health_CESS', 2),
			('core_hscodedutymodel', 'social_welfare_surcharge', 2),
			('core_hscodedutymodel', 'additional_CVD', 2),
			('core_hscodedutymodel', 'IGST_levy', 2),
			('core_hscodedutymodel', 'compensation_cess', 2),
			('core_hscodedutymodel', 'total_duty', 2),
			('core_hscodedutymodel', 'sample_on_lakh', 2),
			('core_hscodemodel', 'unit_price', 2),
			('core_itemheadmodel', 'unit_rate', 2),
			('core_sionexportmodel', 'quantity', 2),
			('core_sionimportmodel', 'quantity', 2),
			('core_unitpricemodel', 'unit_price', 2)
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

ALTER TABLE IF EXISTS core_hscodedutymodel
	ALTER COLUMN basic_custom_duty TYPE numeric(15,2),
	ALTER COLUMN additional_duty_of_customs TYPE numeric(15,2),
	ALTER COLUMN "custom_health_CESS" TYPE numeric(15,2),
	ALTER COLUMN social_welfare_surcharge TYPE numeric(15,2),
	ALTER COLUMN "additional_CVD" TYPE numeric(15,2),
	ALTER COLUMN "IGST_levy" TYPE numeric(15,2),
	ALTER COLUMN compensation_cess TYPE numeric(15,2),
	ALTER COLUMN total_duty TYPE numeric(15,2),
	ALTER COLUMN sample_on_lakh TYPE numeric(15,2);

ALTER TABLE IF EXISTS core_hscodemodel ALTER COLUMN unit_price TYPE numeric(15,2);

ALTER TABLE IF EXISTS core_itemheadmodel ALTER COLUMN unit_rate TYPE numeric(15,2);

ALTER TABLE IF EXISTS core_sionexportmodel ALTER COLUMN quantity TYPE numeric(15,2);

ALTER TABLE IF EXISTS core_sionimportmodel ALTER COLUMN quantity TYPE numeric(15,2);

ALTER TABLE IF EXISTS core_unitpricemodel ALTER COLUMN unit_price TYPE numeric(15,2);
