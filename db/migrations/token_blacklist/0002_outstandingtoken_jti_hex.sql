-- The identifier of a token as hexadecimal text, beside the uuid.
--
-- depends: token_blacklist.0001_initial

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken ADD COLUMN IF NOT EXISTS jti_hex character varying(255);
