-- The audit columns once more, for databases that lack them, and a second
-- foreign key on each with ON DELETE SET NULL.
--
-- depends: bill_of_entry.0002_alter_billofentrymodel_options_and_more
-- depends: auth.0001_initial
-- lint: off add-foreign-key: on columns that came in 0002

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();

ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;
ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	DROP CONSTRAINT IF EXISTS bill_of_entry_billofentrymodel_created_by_id_fkey,
	ADD CONSTRAINT bill_of_entry_billofentrymodel_created_by_id_fkey FOREIGN KEY (created_by_id) REFERENCES auth_user (id) ON DELETE SET NULL,
	DROP CONSTRAINT IF EXISTS bill_of_entry_billofentrymodel_modified_by_id_fkey,
	ADD CONSTRAINT bill_of_entry_billofentrymodel_modified_by_id_fkey FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) ON DELETE SET NULL;
ALTER TABLE IF EXISTS bill_of_entry_rowdetails
	DROP CONSTRAINT IF EXISTS bill_of_entry_rowdetails_created_by_id_fkey,
	ADD CONSTRAINT bill_of_entry_rowdetails_created_by_id_fkey FOREIGN KEY (created_by_id) REFERENCES auth_user (id) ON DELETE SET NULL,
	DROP CONSTRAINT IF EXISTS bill_of_entry_rowdetails_modified_by_id_fkey,
	ADD CONSTRAINT bill_of_entry_rowdetails_modified_by_id_fkey FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) ON DELETE SET NULL;
