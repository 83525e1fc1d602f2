-- jti_hex is unique and not NULL.
--
-- depends: token_blacklist.0003_auto_20171017_2007

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken ALTER COLUMN jti_hex SET NOT NULL;

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken
	DROP CONSTRAINT IF EXISTS token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq,
	ADD CONSTRAINT token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq UNIQUE (jti_hex);

CREATE INDEX IF NOT EXISTS token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_like ON token_blacklist_outstandingtoken (jti_hex varchar_pattern_ops);
