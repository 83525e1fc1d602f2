-- Ids become bigint, and with them the column that refers to them.
--
-- depends: token_blacklist.0007_auto_20171017_2214
-- lint: off add-foreign-key: these tables were written anew just above, under the same lock

ALTER TABLE IF EXISTS token_blacklist_blacklistedtoken
	DROP CONSTRAINT IF EXISTS token_blacklist_blac_token_id_3cc7fe56_fk_token_bla;

ALTER TABLE IF EXISTS token_blacklist_blacklistedtoken
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN token_id TYPE bigint;

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken ALTER COLUMN id TYPE bigint;

ALTER TABLE IF EXISTS token_blacklist_blacklistedtoken
	DROP CONSTRAINT IF EXISTS token_blacklist_blacklistedtoken_token_id_3cc7fe56_fk,
	ADD CONSTRAINT token_blacklist_blacklistedtoken_token_id_3cc7fe56_fk FOREIGN KEY (token_id) REFERENCES token_blacklist_outstandingtoken (id) DEFERRABLE INITIALLY DEFERRED;

-- An older installation has serial ids: their sequences become bigint too.
DO $$
DECLARE
	seq text;
BEGIN
	FOR seq IN
		SELECT seqrelid::regclass
		FROM unnest(ARRAY[
			'token_blacklist_blacklistedtoken',
			'token_blacklist_outstandingtoken'
		]) AS tab
		JOIN pg_sequence ON to_regclass(tab) IS NOT NULL
			AND seqrelid = pg_get_serial_sequence(tab, 'id')::regclass
		WHERE seqtypid <> 'bigint'::regtype
	LOOP
		EXECUTE format('ALTER SEQUENCE %s AS bigint', seq);
	END LOOP;
END $$;
