-- User.username: options of the model alone.
--
-- depends: auth.0003_alter_user_email_max_length

-- Nothing to do in the database.
