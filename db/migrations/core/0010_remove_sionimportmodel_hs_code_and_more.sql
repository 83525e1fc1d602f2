-- SION imports: hs_code is called hsn_code. Both refer to core_hscodemodel,
-- so that the new column takes over what the old one holds.
--
-- depends: core.0009_remove_hscodedutymodel

ALTER TABLE IF EXISTS core_sionimportmodel ADD COLUMN IF NOT EXISTS hsn_code_id bigint;

-- Refuses where both columns hold something, and not the same.
DO $$
DECLARE
	n   bigint;
	ids text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('core_sionimportmodel')
		AND attname = 'hs_code_id' AND NOT attisdropped)
	THEN
		RETURN;
	END IF;
	SELECT count(*), string_agg(id::text, ', ') FILTER (WHERE nth <= 10) INTO n, ids
	FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM core_sionimportmodel
		WHERE hs_code_id <> hsn_code_id) AS x;
	IF n > 0 AND current_setting('gesync.allow_data_loss', true) IS DISTINCT FROM 'on' THEN
		RAISE EXCEPTION 'data would be lost: core_sionimportmodel.hs_code_id in % rows (id %) differs from hsn_code_id',
			n, ids || CASE WHEN n > 10 THEN ', ...' ELSE '' END
			USING HINT = 'Correct these values, or go on with --allow-data-loss: hsn_code_id stays then.';
	END IF;
	UPDATE core_sionimportmodel SET hsn_code_id = hs_code_id
	WHERE hsn_code_id IS NULL AND hs_code_id IS NOT NULL;
END $$;
SET CONSTRAINTS ALL IMMEDIATE;

ALTER TABLE IF EXISTS core_sionimportmodel
	DROP COLUMN IF EXISTS hs_code_id,
	DROP CONSTRAINT IF EXISTS core_sionimportmodel_hsn_code_id_216202b4_fk_core_hsco,
	ADD CONSTRAINT core_sionimportmodel_hsn_code_id_216202b4_fk_core_hsco FOREIGN KEY (hsn_code_id) REFERENCES core_hscodemodel (id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX IF NOT EXISTS core_sionimportmodel_hsn_code_id_216202b4 ON core_sionimportmodel (hsn_code_id);
