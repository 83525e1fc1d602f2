-- Import rows get is_restricted.
--
-- depends: license.0006_rename_hsn_code_invoiceitem_hs_code_and_more

ALTER TABLE IF EXISTS license_licenseimportitemsmodel ADD COLUMN IF NOT EXISTS is_restricted boolean NOT NULL DEFAULT false;
ALTER TABLE IF EXISTS license_licenseimportitemsmodel ALTER COLUMN is_restricted DROP DEFAULT;
