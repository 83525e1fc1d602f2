-- User.username holds 150 characters.
--
-- depends: auth.0007_alter_validators_add_error_messages
-- lint: off change-type: a longer varchar, nothing is written anew

ALTER TABLE IF EXISTS auth_user ALTER COLUMN username TYPE character varying(150);
