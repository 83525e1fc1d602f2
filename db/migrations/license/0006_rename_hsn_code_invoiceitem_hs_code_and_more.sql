-- Invoice items: hsn_code is called hs_code. Import rows: duty_type goes.
--
-- depends: license.0005_alter_licensedetailsmodel_notification_number
-- lint: off rename: the application that comes with it asks for the new name

-- Refuses while there is anything in duty_type.
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
		SELECT tab, col, cond
		FROM (VALUES
			('license_licenseimportitemsmodel', 'duty_type', 'duty_type <> ''''')
		) AS v (tab, col, cond)
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
		RAISE EXCEPTION 'data would be lost: %', way
			USING HINT = 'Save what is needed elsewhere and clear it, or go on with --allow-data-loss.';
	END IF;
END $$;

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('license_invoiceitem')
			AND attname = 'hsn_code' AND NOT attisdropped)
		AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('license_invoiceitem')
			AND attname = 'hs_code' AND NOT attisdropped)
	THEN
		ALTER TABLE license_invoiceitem RENAME COLUMN hsn_code TO hs_code;
	END IF;
END $$;

ALTER TABLE IF EXISTS license_licenseimportitemsmodel DROP COLUMN IF EXISTS duty_type;
