-- Item heads get a restriction: a norm, as text still, and a percentage.
--
-- depends: core.0010_remove_sionimportmodel_hs_code_and_more

ALTER TABLE IF EXISTS core_itemheadmodel
	ADD COLUMN IF NOT EXISTS restriction_norm character varying(50),
	ADD COLUMN IF NOT EXISTS restriction_percentage numeric(5,2) NOT NULL DEFAULT 0;
ALTER TABLE IF EXISTS core_itemheadmodel ALTER COLUMN restriction_percentage DROP DEFAULT;
