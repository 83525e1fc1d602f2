-- Quantities of import rows get three decimals, exchange rates and mark-up
-- six.
--
-- depends: license.0003_alter_licensedetailsmodel_balance_cif_and_more

ALTER TABLE IF EXISTS license_licenseexportitemmodel ALTER COLUMN fob_exchange_rate TYPE numeric(15,6);

ALTER TABLE IF EXISTS license_licenseimportitemsmodel
	ALTER COLUMN quantity TYPE numeric(15,3),
	ALTER COLUMN old_quantity TYPE numeric(15,3),
	ALTER COLUMN available_quantity TYPE numeric(15,3),
	ALTER COLUMN debited_quantity TYPE numeric(15,3),
	ALTER COLUMN allotted_quantity TYPE numeric(15,3);

ALTER TABLE IF EXISTS license_licensepurchase
	ALTER COLUMN exchange_rate TYPE numeric(15,6),
	ALTER COLUMN markup_pct TYPE numeric(15,6),
	ALTER COLUMN quantity_kg TYPE numeric(15,3);
