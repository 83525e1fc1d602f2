-- Permissions of proxy models: the application has no proxy model.
--
-- depends: auth.0010_alter_group_name_max_length
-- depends: contenttypes.0002_remove_content_type_name

-- Nothing to do in the database.
