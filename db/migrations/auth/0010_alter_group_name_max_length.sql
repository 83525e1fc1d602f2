-- Group.name holds 150 characters.
--
-- depends: auth.0009_alter_user_last_name_max_length

ALTER TABLE IF EXISTS auth_group ALTER COLUMN name TYPE character varying(150);
