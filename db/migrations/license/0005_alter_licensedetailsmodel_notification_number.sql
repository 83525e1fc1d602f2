-- notification_number: choices and default of the model alone.
--
-- depends: license.0004_alter_licenseexportitemmodel_fob_exchange_rate_and_more

-- Nothing to do in the database.
