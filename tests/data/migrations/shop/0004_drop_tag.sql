-- depends: shop.0003_name_index, depot.0001_initial
DO $$ BEGIN
	IF to_regclass('shop_tag') IS NOT NULL AND current_setting('gesync.allow_data_loss', true) IS DISTINCT FROM 'on'
		AND EXISTS (SELECT 1 FROM shop_tag WHERE label <> '') THEN
		RAISE EXCEPTION 'shop_tag holds data that would be lost'
			USING DETAIL = (SELECT string_agg(id::text, ', ') FROM shop_tag WHERE label <> ''), HINT = '--allow-data-loss goes on';
	END IF;
END $$;
DROP TABLE IF EXISTS shop_tag;
