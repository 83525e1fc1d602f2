-- Permission.name holds 255 characters.
--
-- depends: auth.0001_initial

ALTER TABLE IF EXISTS auth_permission ALTER COLUMN name TYPE character varying(255);
