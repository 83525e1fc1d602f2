-- depends: shop.0001_initial
-- lint: off change-type: a fixture
DO $$ BEGIN
	IF (SELECT atttypid FROM pg_attribute WHERE attrelid = 'shop_item'::regclass AND attname = 'price') <> 'numeric'::regtype THEN
		ALTER TABLE shop_item ALTER COLUMN price TYPE numeric(15, 2);
	END IF;
END $$;
