-- older.sql - ids as Django made them before 4.1: serial, not identity.
ALTER TABLE core_companymodel ALTER COLUMN id DROP IDENTITY;
CREATE SEQUENCE core_companymodel_id_seq AS integer OWNED BY core_companymodel.id;
ALTER TABLE core_companymodel ALTER COLUMN id SET DEFAULT nextval('core_companymodel_id_seq');
ALTER TABLE license_licensedetailsmodel ALTER COLUMN id DROP IDENTITY;
CREATE SEQUENCE license_licensedetailsmodel_id_seq AS integer OWNED BY license_licensedetailsmodel.id;
ALTER TABLE license_licensedetailsmodel ALTER COLUMN id SET DEFAULT nextval('license_licensedetailsmodel_id_seq');
