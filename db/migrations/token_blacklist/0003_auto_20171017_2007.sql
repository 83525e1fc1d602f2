-- Fills jti_hex from the uuid.
--
-- depends: token_blacklist.0002_outstandingtoken_jti_hex

UPDATE token_blacklist_outstandingtoken
SET jti_hex = replace(jti::text, '-', '')
WHERE jti_hex IS NULL;
