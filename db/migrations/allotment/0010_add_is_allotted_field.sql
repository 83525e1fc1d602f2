-- The header gets is_allotted; 0011 fills it.
--
-- depends: allotment.0009_allotmentitems_created_by_allotmentitems_created_on_and_more

ALTER TABLE IF EXISTS allotment_allotmentmodel ADD COLUMN IF NOT EXISTS is_allotted boolean NOT NULL DEFAULT false;
ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN is_allotted DROP DEFAULT;
