-- jti_hex is called jti.
--
-- depends: token_blacklist.0005_remove_outstandingtoken_jti
-- lint: off rename: the application that comes with it asks for the new name

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('token_blacklist_outstandingtoken')
			AND attname = 'jti_hex' AND NOT attisdropped)
		AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('token_blacklist_outstandingtoken')
			AND attname = 'jti' AND NOT attisdropped)
	THEN
		ALTER TABLE token_blacklist_outstandingtoken RENAME COLUMN jti_hex TO jti;
	END IF;
END $$;
