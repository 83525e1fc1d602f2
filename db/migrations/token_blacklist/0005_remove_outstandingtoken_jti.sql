-- The uuid goes: jti_hex holds the same.
--
-- depends: token_blacklist.0004_auto_20171017_2013
-- lint: off drops-data: 0003 copied it

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken DROP CONSTRAINT IF EXISTS token_blacklist_outstandingtoken_jti_key;

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken DROP COLUMN IF EXISTS jti;
