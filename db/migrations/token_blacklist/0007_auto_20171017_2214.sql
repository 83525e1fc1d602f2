-- A token may outlive its user, and need not know when it was made.
--
-- depends: token_blacklist.0006_auto_20171017_2113

ALTER TABLE IF EXISTS token_blacklist_outstandingtoken
	ALTER COLUMN created_at DROP NOT NULL,
	ALTER COLUMN user_id DROP NOT NULL;
