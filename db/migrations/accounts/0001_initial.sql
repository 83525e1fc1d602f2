-- Pins the order after auth.0012.
--
-- depends: auth.0012_alter_user_first_name_max_length

-- Nothing to do in the database.
