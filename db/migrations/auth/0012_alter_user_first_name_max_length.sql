-- User.first_name holds 150 characters.
--
-- depends: auth.0011_update_proxy_permissions
-- lint: off change-type: a longer varchar, nothing is written anew

ALTER TABLE IF EXISTS auth_user ALTER COLUMN first_name TYPE character varying(150);
