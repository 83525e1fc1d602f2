-- SION imports: sr_no is called serial_number.
--
-- depends: core.0006_alter_invoiceentity_gst_number_and_more
-- lint: off rename: the application that comes with it asks for the new name

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('core_sionimportmodel')
			AND attname = 'sr_no' AND NOT attisdropped)
		AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('core_sionimportmodel')
			AND attname = 'serial_number' AND NOT attisdropped)
	THEN
		ALTER TABLE core_sionimportmodel RENAME COLUMN sr_no TO serial_number;
	END IF;
END $$;
