-- Group.name holds 150 characters.
--
-- depends: auth.0009_alter_user_last_name_max_length
-- lint: off change-type: a longer varchar, nothing is written anew

ALTER TABLE IF EXISTS auth_group ALTER COLUMN name TYPE character varying(150);
