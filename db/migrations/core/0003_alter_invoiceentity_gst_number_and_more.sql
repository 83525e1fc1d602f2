-- InvoiceEntity: gst_number holds 15 characters, pan_number 10.
--
-- depends: core.0002_invoiceentity_notificationnumber_purchasestatus_and_more
-- lint: off change-type: the table came in 0002

-- Refuses to cut.
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
			('core_invoiceentity', 'pan_number', 'length(pan_number) > 10'),
			('core_invoiceentity', 'gst_number', 'length(gst_number) > 15')
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
		RAISE EXCEPTION 'values would be cut: %', way
			USING HINT = 'Correct these values, or go on with --allow-data-loss.';
	END IF;
END $$;

ALTER TABLE IF EXISTS core_invoiceentity
	ALTER COLUMN pan_number TYPE character varying(10) USING left(pan_number, 10),
	ALTER COLUMN gst_number TYPE character varying(15) USING left(gst_number, 15);
