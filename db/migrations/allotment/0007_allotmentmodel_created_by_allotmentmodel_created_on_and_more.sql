-- Audit columns of the header. Who created the old rows, and when, nobody
-- knows: NULL, and now.
--
-- depends: allotment.0006_allotmentmodel_created_by_allotmentmodel_created_on_and_more
-- depends: auth.0001_initial
-- lint: off add-foreign-key: on columns that are new, NULL in every row
-- lint: off index-not-concurrent: on columns that are new, NULL in every row

ALTER TABLE IF EXISTS allotment_allotmentmodel
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer;
ALTER TABLE IF EXISTS allotment_allotmentmodel ALTER COLUMN created_on DROP DEFAULT;

ALTER TABLE IF EXISTS allotment_allotmentmodel
	DROP CONSTRAINT IF EXISTS allotment_allotmentm_modified_by_id_28774f9a_fk_auth_user,
	ADD CONSTRAINT allotment_allotmentm_modified_by_id_28774f9a_fk_auth_user FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS allotment_allotmentmodel_created_by_id_3c27962a_fk_auth_user_id,
	ADD CONSTRAINT allotment_allotmentmodel_created_by_id_3c27962a_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX IF NOT EXISTS allotment_allotmentmodel_created_by_id_3c27962a ON allotment_allotmentmodel (created_by_id);
CREATE INDEX IF NOT EXISTS allotment_allotmentmodel_modified_by_id_28774f9a ON allotment_allotmentmodel (modified_by_id);
