-- The header gets an exchange rate.
--
-- depends: allotment.0004_allotmentmodel_cif_fc_allotmentmodel_cif_inr_and_more

ALTER TABLE IF EXISTS allotment_allotmentmodel ADD COLUMN IF NOT EXISTS exchange_rate numeric(15,6);
