-- User.last_login may be NULL.
--
-- depends: auth.0004_alter_user_username_opts

ALTER TABLE IF EXISTS auth_user ALTER COLUMN last_login DROP NOT NULL;
