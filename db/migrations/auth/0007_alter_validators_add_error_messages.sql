-- User.username: messages of the model alone.
--
-- depends: auth.0006_require_contenttypes_0002

-- Nothing to do in the database.
