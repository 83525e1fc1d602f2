-- Ids become bigint, and with them the columns that refer to them.
--
-- depends: allotment.0001_initial
-- lint: off add-foreign-key: these tables were written anew just above, under the same lock

ALTER TABLE IF EXISTS allotment_allotmentitems
	DROP CONSTRAINT IF EXISTS allotment_allotmenti_allotment_id_eb2d2353_fk_allotment;

ALTER TABLE IF EXISTS allotment_allotmentitems
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN allotment_id TYPE bigint;

ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN id TYPE bigint;

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel_allotment ALTER COLUMN allotmentmodel_id TYPE bigint;

ALTER TABLE IF EXISTS allotment_allotmentitems
	DROP CONSTRAINT IF EXISTS allotment_allotmentitems_allotment_id_eb2d2353_fk,
	ADD CONSTRAINT allotment_allotmentitems_allotment_id_eb2d2353_fk FOREIGN KEY (allotment_id) REFERENCES allotment_allotmentmodel (id) DEFERRABLE INITIALLY DEFERRED;

-- An older installation has serial ids: their sequences become bigint too.
DO $$
DECLARE
	seq text;
BEGIN
	FOR seq IN
		SELECT seqrelid::regclass
		FROM unnest(ARRAY[
			'allotment_allotmentitems',
			'allotment_allotmentmodel'
		]) AS tab
		JOIN pg_sequence ON to_regclass(tab) IS NOT NULL
			AND seqrelid = pg_get_serial_sequence(tab, 'id')::regclass
		WHERE seqtypid <> 'bigint'::regtype
	LOOP
		EXECUTE format('ALTER SEQUENCE %s AS bigint', seq);
	END LOOP;
END $$;
