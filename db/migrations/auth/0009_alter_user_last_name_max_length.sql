-- User.last_name holds 150 characters.
--
-- depends: auth.0008_alter_user_username_max_length
-- lint: off change-type: a longer varchar, nothing is written anew

ALTER TABLE IF EXISTS auth_user ALTER COLUMN last_name TYPE character varying(150);
