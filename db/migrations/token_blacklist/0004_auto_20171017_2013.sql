-- jti_hex is unique and not NULL.
--
-- depends: token_blacklist.0003_auto_20171017_2007

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken ALTER COLUMN jti_hex SET NOT NULL;

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('token_blacklist_outstandingtoken')
		AND conname = 'token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq')
	THEN
		ALTER TABLE token_blacklist_outstandingtoken ADD CONSTRAINT token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq UNIQUE (jti_hex);
	END IF;
END $$;

CREATE INDEX IF NOT EXISTS token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_like ON token_blacklist_outstandingtoken (jti_hex varchar_pattern_ops);
