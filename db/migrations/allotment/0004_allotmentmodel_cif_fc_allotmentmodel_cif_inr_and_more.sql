-- The header gets cif_fc and cif_inr.
--
-- depends: allotment.0003_alter_allotmentitems_cif_fc_and_more

ALTER TABLE IF EXISTS allotment_allotmentmodel
	ADD COLUMN IF NOT EXISTS cif_fc numeric(15,2),
	ADD COLUMN IF NOT EXISTS cif_inr numeric(15,2);
