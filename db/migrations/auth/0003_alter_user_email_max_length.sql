-- User.email holds 254 characters.
--
-- depends: auth.0002_alter_permission_name_max_length
-- lint: off change-type: a longer varchar, nothing is written anew

ALTER TABLE IF EXISTS auth_user ALTER COLUMN email TYPE character varying(254);
