-- User.email holds 254 characters.
--
-- depends: auth.0002_alter_permission_name_max_length

ALTER TABLE IF EXISTS auth_user ALTER COLUMN email TYPE character varying(254);
