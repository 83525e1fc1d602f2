-- Permission.name holds 255 characters.
--
-- depends: auth.0001_initial
-- lint: off change-type: a longer varchar, nothing is written anew

ALTER TABLE IF EXISTS auth_permission ALTER COLUMN name TYPE character varying(255);
