-- Audit columns of both tables, bigint ids, exact numbers.
--
-- depends: bill_of_entry.0001_initial
-- depends: auth.0001_initial
-- lint: off add-foreign-key: these tables were written anew just above, under the same lock
-- lint: off index-not-concurrent: on columns that are new, NULL in every row

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
			('bill_of_entry_billofentrymodel', 'exchange_rate', 4),
			('bill_of_entry_rowdetails', 'cif_inr', 2),
			('bill_of_entry_rowdetails', 'cif_fc', 2),
			('bill_of_entry_rowdetails', 'qty', 3)
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

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel_allotment
	DROP CONSTRAINT IF EXISTS bill_of_entry_billof_billofentrymodel_id_b48ac18d_fk_bill_of_e;
ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	DROP CONSTRAINT IF EXISTS bill_of_entry_rowdet_bill_of_entry_id_b00cd11e_fk_bill_of_e;

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN exchange_rate TYPE numeric(12,4),
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel_allotment ALTER COLUMN billofentrymodel_id TYPE bigint;

ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN cif_inr TYPE numeric(15,2),
	ALTER COLUMN cif_fc TYPE numeric(15,2),
	ALTER COLUMN qty TYPE numeric(15,3),
	ALTER COLUMN bill_of_entry_id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	DROP CONSTRAINT IF EXISTS bill_of_entry_billof_created_by_id_f7fde7b4_fk_auth_user,
	ADD CONSTRAINT bill_of_entry_billof_created_by_id_f7fde7b4_fk_auth_user FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS bill_of_entry_billof_modified_by_id_59f71a14_fk_auth_user,
	ADD CONSTRAINT bill_of_entry_billof_modified_by_id_59f71a14_fk_auth_user FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel_allotment
	DROP CONSTRAINT IF EXISTS bill_of_entry_billofentry_billofentrymodel_id_b48ac18d_fk,
	ADD CONSTRAINT bill_of_entry_billofentry_billofentrymodel_id_b48ac18d_fk FOREIGN KEY (billofentrymodel_id) REFERENCES bill_of_entry_billofentrymodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	DROP CONSTRAINT IF EXISTS bill_of_entry_rowdet_modified_by_id_ce24582b_fk_auth_user,
	ADD CONSTRAINT bill_of_entry_rowdet_modified_by_id_ce24582b_fk_auth_user FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS bill_of_entry_rowdetails_bill_of_entry_id_b00cd11e_fk,
	ADD CONSTRAINT bill_of_entry_rowdetails_bill_of_entry_id_b00cd11e_fk FOREIGN KEY (bill_of_entry_id) REFERENCES bill_of_entry_billofentrymodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS bill_of_entry_rowdetails_created_by_id_9e6260f8_fk_auth_user_id,
	ADD CONSTRAINT bill_of_entry_rowdetails_created_by_id_9e6260f8_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX IF NOT EXISTS bill_of_entry_billofentrymodel_created_by_id_f7fde7b4 ON bill_of_entry_billofentrymodel (created_by_id);
CREATE INDEX IF NOT EXISTS bill_of_entry_billofentrymodel_modified_by_id_59f71a14 ON bill_of_entry_billofentrymodel (modified_by_id);
CREATE INDEX IF NOT EXISTS bill_of_entry_rowdetails_created_by_id_9e6260f8 ON bill_of_entry_rowdetails (created_by_id);
CREATE INDEX IF NOT EXISTS bill_of_entry_rowdetails_modified_by_id_ce24582b ON bill_of_entry_rowdetails (modified_by_id);

-- An older installation has serial ids: their sequences become bigint too.
DO $$
DECLARE
	seq text;
BEGIN
	FOR seq IN
		SELECT seqrelid::regclass
		FROM unnest(ARRAY[
			'bill_of_entry_billofentrymodel',
			'bill_of_entry_rowdetails'
		]) AS tab
		JOIN pg_sequence ON to_regclass(tab) IS NOT NULL
			AND seqrelid = pg_get_serial_sequence(tab, 'id')::regclass
		WHERE seqtypid <> 'bigint'::regtype
	LOOP
		EXECUTE format('ALTER SEQUENCE %s AS bigint', seq);
	END LOOP;
END $$;
