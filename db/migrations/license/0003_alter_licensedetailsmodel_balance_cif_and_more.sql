-- Money and quantities become exact: double precision to numeric(15,2).
--
-- depends: license.0002_invoice_invoiceitem_licensepurchase_and_more

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
			('license_licensedetailsmodel', 'balance_cif', 2),
			('license_licensedetailsmodel', 'billing_rate', 2),
			('license_licensedetailsmodel', 'billing_amount', 2),
			('license_licenseexportitemmodel', 'net_quantity', 2),
			('license_licenseexportitemmodel', 'old_quantity', 2),
			('license_licenseexportitemmodel', 'fob_fc', 2),
			('license_licenseexportitemmodel', 'fob_inr', 2),
			('license_licenseexportitemmodel', 'value_addition', 2),
			('license_licenseexportitemmodel', 'cif_fc', 2),
			('license_licenseexportitemmodel', 'cif_inr', 2),
			('license_licensepurchase', 'fob_inr', 2),
			('license_licensepurchase', 'cif_inr', 2),
			('license_licensepurchase', 'cif_usd', 2),
			('license_licensepurchase', 'exchange_rate', 2),
			('license_licensepurchase', 'markup_pct', 2),
			('license_licensepurchase', 'quantity_kg', 2),
			('license_licensepurchase', 'rate_inr', 2),
			('license_licensepurchase', 'amount_inr', 2)
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

ALTER TABLE IF EXISTS license_licensedetailsmodel
	ALTER COLUMN balance_cif TYPE numeric(15,2),
	ALTER COLUMN billing_rate TYPE numeric(15,2),
	ALTER COLUMN billing_amount TYPE numeric(15,2);

ALTER TABLE IF EXISTS license_licenseexportitemmodel
	ALTER COLUMN net_quantity TYPE numeric(15,2),
	ALTER COLUMN old_quantity TYPE numeric(15,2),
	ALTER COLUMN fob_fc TYPE numeric(15,2),
	ALTER COLUMN fob_inr TYPE numeric(15,2),
	ALTER COLUMN value_addition TYPE numeric(15,2),
	ALTER COLUMN cif_fc TYPE numeric(15,2),
	ALTER COLUMN cif_inr TYPE numeric(15,2);

ALTER TABLE IF EXISTS license_licensepurchase
	ALTER COLUMN fob_inr TYPE numeric(15,2),
	ALTER COLUMN cif_inr TYPE numeric(15,2),
	ALTER COLUMN cif_usd TYPE numeric(15,2),
	ALTER COLUMN exchange_rate TYPE numeric(15,2),
	ALTER COLUMN markup_pct TYPE numeric(15,2),
	ALTER COLUMN quantity_kg TYPE numeric(15,2),
	ALTER COLUMN rate_inr TYPE numeric(15,2),
	ALTER COLUMN amount_inr TYPE numeric(15,2);

-- Six decimals come in 0004: where a value needs them, the column waits for it.
DO $$
BEGIN
	IF to_regclass('license_licenseexportitemmodel') IS NOT NULL AND NOT EXISTS (
		SELECT FROM license_licenseexportitemmodel
		WHERE abs(fob_exchange_rate::numeric - round(fob_exchange_rate::numeric, 2)) >= 0.000001)
	THEN
		ALTER TABLE license_licenseexportitemmodel ALTER COLUMN fob_exchange_rate TYPE numeric(15,2);
	END IF;
END $$;
