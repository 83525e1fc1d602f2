-- InvoiceEntity and ItemNameModel: validators and defaults of the models
-- alone.
--
-- depends: core.0005_alter_hscodedutymodel_igst_levy_and_more

-- Nothing to do in the database.
