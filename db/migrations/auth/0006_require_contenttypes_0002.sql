-- Pins the order after contenttypes.0002.
--
-- depends: auth.0005_alter_user_last_login_null
-- depends: contenttypes.0002_remove_content_type_name

-- Nothing to do in the database.
