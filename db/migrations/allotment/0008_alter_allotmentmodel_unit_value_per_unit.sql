-- unit_value_per_unit gets a third decimal.
--
-- depends: allotment.0007_allotmentmodel_created_by_allotmentmodel_created_on_and_more

ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN unit_value_per_unit TYPE numeric(15,3);
