-- Product descriptions refer to core_hscodemodel, no longer to
-- core_hscodedutymodel. The ids of the two tables have nothing to do with
-- each other: each description moves to the row of the same HS code.
--
-- depends: core.0007_rename_sr_no_to_serial_number

-- Refuses where a code is not in core_hscodemodel; told to go on, drops the description.
ALTER TABLE IF EXISTS core_productdescriptionmodel
	DROP CONSTRAINT IF EXISTS core_productdescriptionmodel_hs_code_id_f7bf4495_fk;
DO $$
DECLARE
	n   bigint;
	ids text;
BEGIN
	IF to_regclass('core_hscodedutymodel') IS NULL OR to_regclass('core_productdescriptionmodel') IS NULL OR EXISTS (
		SELECT FROM pg_constraint
		WHERE contype = 'f' AND conrelid = to_regclass('core_productdescriptionmodel')
			AND confrelid = to_regclass('core_hscodemodel'))
	THEN
		RETURN;         -- moved already
	END IF;
	SELECT count(*), string_agg(id::text, ', ') FILTER (WHERE nth <= 10) INTO n, ids
	FROM (
		SELECT d.id, row_number() OVER (ORDER BY d.id) AS nth
		FROM core_productdescriptionmodel AS d
		LEFT JOIN core_hscodedutymodel AS duty ON duty.id = d.hs_code_id
		WHERE NOT EXISTS (SELECT FROM core_hscodemodel WHERE hs_code = duty.hs_code)
	) AS x;
	IF n > 0 AND current_setting('gesync.allow_data_loss', true) IS DISTINCT FROM 'on' THEN
		RAISE EXCEPTION 'data would be lost: core_productdescriptionmodel.hs_code_id in % rows (id %) has a code of core_hscodedutymodel that core_hscodemodel lacks',
			n, ids || CASE WHEN n > 10 THEN ', ...' ELSE '' END
			USING HINT = 'Add these codes to core_hscodemodel, or go on with --allow-data-loss: these descriptions go then.';
	END IF;
	DELETE FROM core_productdescriptionmodel AS d
	WHERE NOT EXISTS (SELECT FROM core_hscodedutymodel AS duty
		JOIN core_hscodemodel AS hs ON hs.hs_code = duty.hs_code
		WHERE duty.id = d.hs_code_id);
	UPDATE core_productdescriptionmodel AS d SET hs_code_id = hs.id
	FROM core_hscodedutymodel AS duty
	JOIN core_hscodemodel AS hs ON hs.hs_code = duty.hs_code
	WHERE duty.id = d.hs_code_id;
END $$;

ALTER TABLE IF EXISTS core_productdescriptionmodel
	DROP CONSTRAINT IF EXISTS core_productdescript_hs_code_id_f7bf4495_fk_core_hsco,
	ADD CONSTRAINT core_productdescript_hs_code_id_f7bf4495_fk_core_hsco FOREIGN KEY (hs_code_id) REFERENCES core_hscodemodel (id) DEFERRABLE INITIALLY DEFERRED;
