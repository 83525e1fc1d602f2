-- The header gets is_boe, and modified_on becomes a moment: midnight UTC of
-- its date, which is the same date in India. (The audit columns of its name
-- come in 0007.)
--
-- depends: allotment.0005_allotmentmodel_exchange_rate
-- depends: auth.0001_initial

ALTER TABLE IF EXISTS allotment_allotmentmodel
	ALTER COLUMN modified_on TYPE timestamp with time zone USING modified_on::timestamp AT TIME ZONE 'UTC',
	ADD COLUMN IF NOT EXISTS is_boe boolean NOT NULL DEFAULT false;
ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN is_boe DROP DEFAULT;
