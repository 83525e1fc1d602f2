-- Audit columns of the lines; quantities of lines become whole numbers.
--
-- depends: allotment.0008_alter_allotmentmodel_unit_value_per_unit
-- depends: auth.0001_initial
-- lint: off add-foreign-key: on columns that are new, NULL in every row
-- lint: off index-not-concurrent: on columns that are new, NULL in every row

-- Refuses to round.
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
			('allotment_allotmentitems', 'qty', 0)
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
	ALTER COLUMN qty TYPE numeric(15,0),
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS allotment_allotmentitems
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS allotment_allotmentitems
	DROP CONSTRAINT IF EXISTS allotment_allotmenti_modified_by_id_29475388_fk_auth_user,
	ADD CONSTRAINT allotment_allotmenti_modified_by_id_29475388_fk_auth_user FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS allotment_allotmentitems_created_by_id_6a1e2093_fk_auth_user_id,
	ADD CONSTRAINT allotment_allotmentitems_created_by_id_6a1e2093_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX IF NOT EXISTS allotment_allotmentitems_created_by_id_6a1e2093 ON allotment_allotmentitems (created_by_id);
CREATE INDEX IF NOT EXISTS allotment_allotmentitems_modified_by_id_29475388 ON allotment_allotmentitems (modified_by_id);
