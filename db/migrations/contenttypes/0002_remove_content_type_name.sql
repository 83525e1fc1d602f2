-- The name of a content type comes from its model now.
--
-- depends: contenttypes.0001_initial
-- lint: off drops-data: the name comes from the model

ALTER TABLE IF EXISTS django_content_type DROP COLUMN IF EXISTS name;
