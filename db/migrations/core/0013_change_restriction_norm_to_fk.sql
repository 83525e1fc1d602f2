-- Item heads: restriction_norm, text that holds the id of a norm class,
-- becomes a foreign key.
--
-- depends: core.0012_alter_itemnamemodel_options
-- lint: off rename: the application that comes with it asks for the new name

-- Refuses where the text is not the id of a norm class.
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
			('core_itemheadmodel', 'restriction_norm', 'ltrim(btrim(restriction_norm), ''0'') NOT IN (SELECT '''' UNION SELECT id::text FROM core_sionnormclassmodel)')
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
			USING HINT = 'Correct or clear these values, or go on with --allow-data-loss.';
	END IF;
END $$;

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('core_itemheadmodel')
		AND attname = 'restriction_norm' AND NOT attisdropped)
	THEN
		UPDATE core_itemheadmodel SET restriction_norm = NULL
		WHERE ltrim(btrim(restriction_norm), '0') NOT IN (SELECT id::text FROM core_sionnormclassmodel);
		ALTER TABLE core_itemheadmodel RENAME COLUMN restriction_norm TO restriction_norm_id;
		ALTER TABLE core_itemheadmodel ALTER COLUMN restriction_norm_id TYPE bigint
			USING restriction_norm_id::bigint;
	END IF;
END $$;

ALTER TABLE IF EXISTS core_itemheadmodel
	DROP CONSTRAINT IF EXISTS core_itemheadmodel_restriction_norm_id_5c53610f_fk_core_sion,
	ADD CONSTRAINT core_itemheadmodel_restriction_norm_id_5c53610f_fk_core_sion FOREIGN KEY (restriction_norm_id) REFERENCES core_sionnormclassmodel (id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX IF NOT EXISTS core_itemheadmodel_restriction_norm_id_5c53610f ON core_itemheadmodel (restriction_norm_id);
