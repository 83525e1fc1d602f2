-- Import rows: is_restrict goes. No model knows it, and while it stands,
-- NOT NULL and without default, the application cannot insert a row.
--
-- depends: license.0007_add_is_restricted_field
-- lint: off drops-data: no model knows the column

ALTER TABLE IF EXISTS license_licenseimportitemsmodel DROP COLUMN IF EXISTS is_restrict;
