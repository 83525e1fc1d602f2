-- InvoiceEntity, NotificationNumber, PurchaseStatus and SchemeCode; audit
-- columns; bigint ids, and with them the columns of all apps that refer to
-- them. Old columns and both many-to-many tables of SION norms and HS codes
-- go.
--
-- depends: core.0001_initial
-- depends: auth.0001_initial
-- depends: license.0001_initial
-- depends: allotment.0001_initial
-- depends: bill_of_entry.0001_initial
-- lint: off add-foreign-key: these tables were written anew just above, under the same lock
-- lint: off index-not-concurrent: on columns that are new, NULL in every row

-- Refuses while there is anything in what is dropped below.
DO $$
DECLARE
	lost record;
	n    bigint;
	ids  text;
	way  text;
BEGIN
	IF current_setting('gesync.allow_data_loss', true) = 'on' THEN
		RETURN;
	END IF;
	FOR lost IN
		SELECT tab, col, cond
		FROM (VALUES
			('core_companymodel', 'director_1', 'director_1 <> '''''),
			('core_companymodel', 'director_2', 'director_2 <> '''''),
			('core_companymodel', 'is_fetch', 'is_fetch'),
			('core_companymodel', 'failed', 'failed <> 0'),
			('core_companymodel', 'is_ge', 'is_ge'),
			('core_headsionnormsmodel', 'url', 'url <> '''''),
			('core_headsionnormsmodel', 'is_fetch', 'is_fetch'),
			('core_headsionnormsmodel', 'tpages', 'tpages <> 0'),
			('core_headsionnormsmodel', 'tcurrent', 'tcurrent <> 0'),
			('core_sionexportmodel', 'item_id', 'item_id <> 0'),
			('core_sionimportmodel', 'item_id', 'item_id <> 0'),
			('core_sionnormclassmodel', 'url', 'url <> '''''),
			('core_sionnormclassmodel', 'is_fetch', 'is_fetch'),
			('core_sionnormclassmodel', 'item_id', 'item_id <> 0'),
			('core_sionexportmodel_hs_code', 'hscodemodel_id', 'hscodemodel_id <> 0'),
			('core_sionimportmodel_hs_code', 'hscodemodel_id', 'hscodemodel_id <> 0')
		) AS v (tab, col, cond)
		JOIN pg_attribute ON attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
		ORDER BY tab, col
	LOOP
		EXECUTE format('SELECT count(*), string_agg(id::text, '', '') FILTER (WHERE nth <= 10)
			FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth FROM %I WHERE %s) AS x',
			lost.tab, lost.cond) INTO n, ids;
		IF n > 0 THEN
			way := concat_ws('; ', way, format('%s.%s: %s rows (id %s)', lost.tab, lost.col, n,
				ids || CASE WHEN n > 10 THEN ', ...' ELSE '' END));
		END IF;
	END LOOP;
	IF way IS NOT NULL THEN
		RAISE EXCEPTION 'data would be lost: %', way
			USING HINT = 'Save what is needed elsewhere and clear it, or go on with --allow-data-loss.';
	END IF;
END $$;

ALTER TABLE IF EXISTS allotment_allotmentmodel
	DROP CONSTRAINT IF EXISTS allotment_allotmentm_company_id_216611e9_fk_core_comp,
	DROP CONSTRAINT IF EXISTS allotment_allotmentm_related_company_id_bbfd3169_fk_core_comp,
	DROP CONSTRAINT IF EXISTS allotment_allotmentmodel_port_id_4b2cd7e3_fk_core_portmodel_id;
ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	DROP CONSTRAINT IF EXISTS bill_of_entry_billof_company_id_f84eea08_fk_core_comp,
	DROP CONSTRAINT IF EXISTS bill_of_entry_billof_port_id_00350650_fk_core_port;
ALTER TABLE IF EXISTS core_itemnamemodel
	DROP CONSTRAINT IF EXISTS core_itemnamemodel_head_id_3fdea8c6_fk_core_itemheadmodel_id;
ALTER TABLE IF EXISTS core_productdescriptionmodel
	DROP CONSTRAINT IF EXISTS core_productdescript_hs_code_id_f7bf4495_fk_core_hsco;
ALTER TABLE IF EXISTS core_sionexportmodel
	DROP CONSTRAINT IF EXISTS core_sionexportmodel_item_id_10161406_fk_core_itemnamemodel_id,
	DROP CONSTRAINT IF EXISTS core_sionexportmodel_norm_class_id_30ff5f0d_fk_core_sion,
	DROP CONSTRAINT IF EXISTS core_sionexportmodel_norm_class_id_key;
ALTER TABLE IF EXISTS core_sionimportmodel
	DROP CONSTRAINT IF EXISTS core_sionimportmodel_item_id_46a39ea2_fk_core_itemnamemodel_id,
	DROP CONSTRAINT IF EXISTS core_sionimportmodel_norm_class_id_a90f4121_fk_core_sion;
ALTER TABLE IF EXISTS core_sionnormclassmodel
	DROP CONSTRAINT IF EXISTS core_sionnormclassmo_head_norm_id_19945b71_fk_core_head,
	DROP CONSTRAINT IF EXISTS core_sionnormclassmo_item_id_1b65b71c_fk_core_item;
ALTER TABLE IF EXISTS license_licensedetailsmodel
	DROP CONSTRAINT IF EXISTS license_licensedetai_current_owner_id_867ddd80_fk_core_comp,
	DROP CONSTRAINT IF EXISTS license_licensedetai_exporter_id_9d460980_fk_core_comp,
	DROP CONSTRAINT IF EXISTS license_licensedetai_port_id_bf017001_fk_core_port;
ALTER TABLE IF EXISTS license_licenseexportitemmodel
	DROP CONSTRAINT IF EXISTS license_licenseexpor_item_id_5b26d3a8_fk_core_item,
	DROP CONSTRAINT IF EXISTS license_licenseexpor_norm_class_id_764682fe_fk_core_sion;
ALTER TABLE IF EXISTS license_licenseimportitemsmodel
	DROP CONSTRAINT IF EXISTS license_licenseimpor_hs_code_id_25f4836b_fk_core_hsco,
	DROP CONSTRAINT IF EXISTS license_licenseimpor_item_id_87f31a46_fk_core_item;
ALTER TABLE IF EXISTS license_licensetransfermodel
	DROP CONSTRAINT IF EXISTS license_licensetrans_from_company_id_b7676a17_fk_core_comp,
	DROP CONSTRAINT IF EXISTS license_licensetrans_to_company_id_174d251c_fk_core_comp;

DROP TABLE IF EXISTS core_sionexportmodel_hs_code;
DROP TABLE IF EXISTS core_sionimportmodel_hs_code;

CREATE TABLE IF NOT EXISTS core_invoiceentity (
	id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
	name character varying(255) NOT NULL,
	address_line_1 text NOT NULL,
	address_line_2 text NOT NULL,
	pan_number character varying(50) NOT NULL,
	gst_number character varying(50) NOT NULL,
	logo character varying(100),
	bank_account_number character varying(30) NOT NULL,
	bank_name character varying(100) NOT NULL,
	ifsc_code character varying(11) NOT NULL,
	account_type character varying(10) NOT NULL,
	bill_colour character varying(10),
	signature character varying(100),
	stamp character varying(100),
	CONSTRAINT core_invoiceentity_pkey PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS core_notificationnumber (
	id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
	code character varying(10) NOT NULL,
	label character varying(100) NOT NULL,
	CONSTRAINT core_notificationnumber_pkey PRIMARY KEY (id),
	CONSTRAINT core_notificationnumber_code_key UNIQUE (code)
);
CREATE INDEX IF NOT EXISTS core_notificationnumber_code_ec14403e_like ON core_notificationnumber (code varchar_pattern_ops);

CREATE TABLE IF NOT EXISTS core_purchasestatus (
	id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
	code character varying(2) NOT NULL,
	label character varying(100) NOT NULL,
	CONSTRAINT core_purchasestatus_pkey PRIMARY KEY (id),
	CONSTRAINT core_purchasestatus_code_key UNIQUE (code)
);
CREATE INDEX IF NOT EXISTS core_purchasestatus_code_061a5b81_like ON core_purchasestatus (code varchar_pattern_ops);

CREATE TABLE IF NOT EXISTS core_schemecode (
	id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
	code character varying(10) NOT NULL,
	label character varying(100) NOT NULL,
	CONSTRAINT core_schemecode_pkey PRIMARY KEY (id),
	CONSTRAINT core_schemecode_code_key UNIQUE (code)
);
CREATE INDEX IF NOT EXISTS core_schemecode_code_786ca03e_like ON core_schemecode (code varchar_pattern_ops);

ALTER TABLE IF EXISTS allotment_allotmentmodel
	ALTER COLUMN company_id TYPE bigint,
	ALTER COLUMN port_id TYPE bigint,
	ALTER COLUMN related_company_id TYPE bigint;

ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	ALTER COLUMN company_id TYPE bigint,
	ALTER COLUMN port_id TYPE bigint;

ALTER TABLE IF EXISTS core_companymodel
	DROP COLUMN IF EXISTS director_1,
	DROP COLUMN IF EXISTS director_2,
	DROP COLUMN IF EXISTS is_fetch,
	DROP COLUMN IF EXISTS failed,
	DROP COLUMN IF EXISTS is_ge,
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN pan TYPE character varying(50),
	ADD COLUMN IF NOT EXISTS account_type character varying(20),
	ADD COLUMN IF NOT EXISTS bank_account_number character varying(30),
	ADD COLUMN IF NOT EXISTS bank_name character varying(255),
	ADD COLUMN IF NOT EXISTS bill_colour character varying(20) NOT NULL DEFAULT '#333',
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS gst_number character varying(50),
	ADD COLUMN IF NOT EXISTS ifsc_code character varying(11),
	ADD COLUMN IF NOT EXISTS logo character varying(100),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS signature character varying(100),
	ADD COLUMN IF NOT EXISTS stamp character varying(100);
ALTER TABLE IF EXISTS core_companymodel
	ALTER COLUMN bill_colour DROP DEFAULT,
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_headsionnormsmodel
	DROP COLUMN IF EXISTS url,
	DROP COLUMN IF EXISTS is_fetch,
	DROP COLUMN IF EXISTS tpages,
	DROP COLUMN IF EXISTS tcurrent,
	ALTER COLUMN id TYPE bigint;

ALTER TABLE IF EXISTS core_hscodedutymodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_hscodedutymodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_hscodemodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_hscodemodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_itemheadmodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_itemheadmodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_itemnamemodel
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN head_id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_itemnamemodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_meismodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_meismodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_portmodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_portmodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_productdescriptionmodel
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN hs_code_id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_productdescriptionmodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_sionexportmodel
	DROP COLUMN IF EXISTS item_id,
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN norm_class_id TYPE bigint,
	ADD COLUMN IF NOT EXISTS description character varying(255);

ALTER TABLE IF EXISTS core_sionimportmodel
	DROP COLUMN IF EXISTS item_id,
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN norm_class_id TYPE bigint,
	ADD COLUMN IF NOT EXISTS description character varying(255),
	ADD COLUMN IF NOT EXISTS hs_code_id bigint;

ALTER TABLE IF EXISTS core_sionnormclassmodel
	DROP COLUMN IF EXISTS url,
	DROP COLUMN IF EXISTS is_fetch,
	DROP COLUMN IF EXISTS item_id,
	ALTER COLUMN id TYPE bigint,
	ALTER COLUMN head_norm_id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS description character varying(255),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_sionnormclassmodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_transferlettermodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_transferlettermodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS core_unitpricemodel
	ALTER COLUMN id TYPE bigint,
	ADD COLUMN IF NOT EXISTS created_by_id integer,
	ADD COLUMN IF NOT EXISTS created_on timestamp with time zone NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS modified_by_id integer,
	ADD COLUMN IF NOT EXISTS modified_on timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE IF EXISTS core_unitpricemodel
	ALTER COLUMN created_on DROP DEFAULT,
	ALTER COLUMN modified_on DROP DEFAULT;

ALTER TABLE IF EXISTS license_licensedetailsmodel
	ALTER COLUMN current_owner_id TYPE bigint,
	ALTER COLUMN exporter_id TYPE bigint,
	ALTER COLUMN port_id TYPE bigint;

ALTER TABLE IF EXISTS license_licenseexportitemmodel
	ALTER COLUMN item_id TYPE bigint,
	ALTER COLUMN norm_class_id TYPE bigint;

ALTER TABLE IF EXISTS license_licenseimportitemsmodel
	ALTER COLUMN hs_code_id TYPE bigint,
	ALTER COLUMN item_id TYPE bigint;

ALTER TABLE IF EXISTS license_licensetransfermodel
	ALTER COLUMN from_company_id TYPE bigint,
	ALTER COLUMN to_company_id TYPE bigint;

DO $$
BEGIN
	IF to_regclass('core_hscodedutymodel') IS NOT NULL THEN
		ALTER TABLE core_productdescriptionmodel
			DROP CONSTRAINT IF EXISTS core_productdescriptionmodel_hs_code_id_f7bf4495_fk,
			ADD CONSTRAINT core_productdescriptionmodel_hs_code_id_f7bf4495_fk FOREIGN KEY (hs_code_id) REFERENCES core_hscodedutymodel (id) DEFERRABLE INITIALLY DEFERRED;
	END IF;
END $$;

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = to_regclass('core_sionnormclassmodel')
		AND conname = 'core_sionnormclassmodel_norm_class_a435722a_uniq')
	THEN
		ALTER TABLE core_sionnormclassmodel ADD CONSTRAINT core_sionnormclassmodel_norm_class_a435722a_uniq UNIQUE (norm_class);
	END IF;
END $$;

ALTER TABLE IF EXISTS allotment_allotmentmodel
	DROP CONSTRAINT IF EXISTS allotment_allotmentmodel_company_id_216611e9_fk,
	ADD CONSTRAINT allotment_allotmentmodel_company_id_216611e9_fk FOREIGN KEY (company_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS allotment_allotmentmodel_port_id_4b2cd7e3_fk,
	ADD CONSTRAINT allotment_allotmentmodel_port_id_4b2cd7e3_fk FOREIGN KEY (port_id) REFERENCES core_portmodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS allotment_allotmentmodel_related_company_id_bbfd3169_fk,
	ADD CONSTRAINT allotment_allotmentmodel_related_company_id_bbfd3169_fk FOREIGN KEY (related_company_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS bill_of_entry_billofentrymodel
	DROP CONSTRAINT IF EXISTS bill_of_entry_billofentrymodel_company_id_f84eea08_fk,
	ADD CONSTRAINT bill_of_entry_billofentrymodel_company_id_f84eea08_fk FOREIGN KEY (company_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS bill_of_entry_billofentrymodel_port_id_00350650_fk,
	ADD CONSTRAINT bill_of_entry_billofentrymodel_port_id_00350650_fk FOREIGN KEY (port_id) REFERENCES core_portmodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_companymodel
	DROP CONSTRAINT IF EXISTS core_companymodel_created_by_id_a5bf62c2_fk_auth_user_id,
	ADD CONSTRAINT core_companymodel_created_by_id_a5bf62c2_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_companymodel_modified_by_id_4f20af2d_fk_auth_user_id,
	ADD CONSTRAINT core_companymodel_modified_by_id_4f20af2d_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_hscodedutymodel
	DROP CONSTRAINT IF EXISTS core_hscodedutymodel_created_by_id_385634b7_fk_auth_user_id,
	ADD CONSTRAINT core_hscodedutymodel_created_by_id_385634b7_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_hscodedutymodel_modified_by_id_b3ca854d_fk_auth_user_id,
	ADD CONSTRAINT core_hscodedutymodel_modified_by_id_b3ca854d_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_hscodemodel
	DROP CONSTRAINT IF EXISTS core_hscodemodel_created_by_id_5ac3d7f8_fk_auth_user_id,
	ADD CONSTRAINT core_hscodemodel_created_by_id_5ac3d7f8_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_hscodemodel_modified_by_id_1adeecb9_fk_auth_user_id,
	ADD CONSTRAINT core_hscodemodel_modified_by_id_1adeecb9_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_itemheadmodel
	DROP CONSTRAINT IF EXISTS core_itemheadmodel_created_by_id_6aff0e32_fk_auth_user_id,
	ADD CONSTRAINT core_itemheadmodel_created_by_id_6aff0e32_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_itemheadmodel_modified_by_id_928660cf_fk_auth_user_id,
	ADD CONSTRAINT core_itemheadmodel_modified_by_id_928660cf_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_itemnamemodel
	DROP CONSTRAINT IF EXISTS core_itemnamemodel_created_by_id_d408dd55_fk_auth_user_id,
	ADD CONSTRAINT core_itemnamemodel_created_by_id_d408dd55_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_itemnamemodel_head_id_3fdea8c6_fk,
	ADD CONSTRAINT core_itemnamemodel_head_id_3fdea8c6_fk FOREIGN KEY (head_id) REFERENCES core_itemheadmodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_itemnamemodel_modified_by_id_e64a1e73_fk_auth_user_id,
	ADD CONSTRAINT core_itemnamemodel_modified_by_id_e64a1e73_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_meismodel
	DROP CONSTRAINT IF EXISTS core_meismodel_created_by_id_87591b05_fk_auth_user_id,
	ADD CONSTRAINT core_meismodel_created_by_id_87591b05_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_meismodel_modified_by_id_5bd0221c_fk_auth_user_id,
	ADD CONSTRAINT core_meismodel_modified_by_id_5bd0221c_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_portmodel
	DROP CONSTRAINT IF EXISTS core_portmodel_created_by_id_4697b3c1_fk_auth_user_id,
	ADD CONSTRAINT core_portmodel_created_by_id_4697b3c1_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_portmodel_modified_by_id_02816df5_fk_auth_user_id,
	ADD CONSTRAINT core_portmodel_modified_by_id_02816df5_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_productdescriptionmodel
	DROP CONSTRAINT IF EXISTS core_productdescript_created_by_id_03d88241_fk_auth_user,
	ADD CONSTRAINT core_productdescript_created_by_id_03d88241_fk_auth_user FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_productdescript_modified_by_id_faaf3e16_fk_auth_user,
	ADD CONSTRAINT core_productdescript_modified_by_id_faaf3e16_fk_auth_user FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_sionexportmodel
	DROP CONSTRAINT IF EXISTS core_sionexportmodel_norm_class_id_30ff5f0d_fk,
	ADD CONSTRAINT core_sionexportmodel_norm_class_id_30ff5f0d_fk FOREIGN KEY (norm_class_id) REFERENCES core_sionnormclassmodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_sionimportmodel
	DROP CONSTRAINT IF EXISTS core_sionimportmodel_hs_code_id_75addefb_fk,
	ADD CONSTRAINT core_sionimportmodel_hs_code_id_75addefb_fk FOREIGN KEY (hs_code_id) REFERENCES core_hscodemodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_sionimportmodel_norm_class_id_a90f4121_fk,
	ADD CONSTRAINT core_sionimportmodel_norm_class_id_a90f4121_fk FOREIGN KEY (norm_class_id) REFERENCES core_sionnormclassmodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_sionnormclassmodel
	DROP CONSTRAINT IF EXISTS core_sionnormclassmodel_created_by_id_bd48feeb_fk_auth_user_id,
	ADD CONSTRAINT core_sionnormclassmodel_created_by_id_bd48feeb_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_sionnormclassmodel_head_norm_id_19945b71_fk,
	ADD CONSTRAINT core_sionnormclassmodel_head_norm_id_19945b71_fk FOREIGN KEY (head_norm_id) REFERENCES core_headsionnormsmodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_sionnormclassmodel_modified_by_id_ec33e9b3_fk_auth_user_id,
	ADD CONSTRAINT core_sionnormclassmodel_modified_by_id_ec33e9b3_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_transferlettermodel
	DROP CONSTRAINT IF EXISTS core_transferletterm_modified_by_id_baf16081_fk_auth_user,
	ADD CONSTRAINT core_transferletterm_modified_by_id_baf16081_fk_auth_user FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_transferlettermodel_created_by_id_78411805_fk_auth_user_id,
	ADD CONSTRAINT core_transferlettermodel_created_by_id_78411805_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS core_unitpricemodel
	DROP CONSTRAINT IF EXISTS core_unitpricemodel_created_by_id_115eddf4_fk_auth_user_id,
	ADD CONSTRAINT core_unitpricemodel_created_by_id_115eddf4_fk_auth_user_id FOREIGN KEY (created_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS core_unitpricemodel_modified_by_id_afab2f20_fk_auth_user_id,
	ADD CONSTRAINT core_unitpricemodel_modified_by_id_afab2f20_fk_auth_user_id FOREIGN KEY (modified_by_id) REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS license_licensedetailsmodel
	DROP CONSTRAINT IF EXISTS license_licensedetailsmodel_current_owner_id_867ddd80_fk,
	ADD CONSTRAINT license_licensedetailsmodel_current_owner_id_867ddd80_fk FOREIGN KEY (current_owner_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS license_licensedetailsmodel_exporter_id_9d460980_fk,
	ADD CONSTRAINT license_licensedetailsmodel_exporter_id_9d460980_fk FOREIGN KEY (exporter_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS license_licensedetailsmodel_port_id_bf017001_fk,
	ADD CONSTRAINT license_licensedetailsmodel_port_id_bf017001_fk FOREIGN KEY (port_id) REFERENCES core_portmodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS license_licenseexportitemmodel
	DROP CONSTRAINT IF EXISTS license_licenseexportitemmodel_item_id_5b26d3a8_fk,
	ADD CONSTRAINT license_licenseexportitemmodel_item_id_5b26d3a8_fk FOREIGN KEY (item_id) REFERENCES core_itemnamemodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS license_licenseexportitemmodel_norm_class_id_764682fe_fk,
	ADD CONSTRAINT license_licenseexportitemmodel_norm_class_id_764682fe_fk FOREIGN KEY (norm_class_id) REFERENCES core_sionnormclassmodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS license_licenseimportitemsmodel
	DROP CONSTRAINT IF EXISTS license_licenseimportitemsmodel_hs_code_id_25f4836b_fk,
	ADD CONSTRAINT license_licenseimportitemsmodel_hs_code_id_25f4836b_fk FOREIGN KEY (hs_code_id) REFERENCES core_hscodemodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS license_licenseimportitemsmodel_item_id_87f31a46_fk,
	ADD CONSTRAINT license_licenseimportitemsmodel_item_id_87f31a46_fk FOREIGN KEY (item_id) REFERENCES core_itemnamemodel (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE IF EXISTS license_licensetransfermodel
	DROP CONSTRAINT IF EXISTS license_licensetransfermodel_from_company_id_b7676a17_fk,
	ADD CONSTRAINT license_licensetransfermodel_from_company_id_b7676a17_fk FOREIGN KEY (from_company_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED,
	DROP CONSTRAINT IF EXISTS license_licensetransfermodel_to_company_id_174d251c_fk,
	ADD CONSTRAINT license_licensetransfermodel_to_company_id_174d251c_fk FOREIGN KEY (to_company_id) REFERENCES core_companymodel (id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX IF NOT EXISTS core_sionexportmodel_norm_class_id_30ff5f0d ON core_sionexportmodel (norm_class_id);
CREATE INDEX IF NOT EXISTS core_sionnormclassmodel_norm_class_a435722a_like ON core_sionnormclassmodel (norm_class varchar_pattern_ops);
CREATE INDEX IF NOT EXISTS core_companymodel_created_by_id_a5bf62c2 ON core_companymodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_companymodel_modified_by_id_4f20af2d ON core_companymodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_hscodemodel_created_by_id_5ac3d7f8 ON core_hscodemodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_hscodemodel_modified_by_id_1adeecb9 ON core_hscodemodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_itemheadmodel_created_by_id_6aff0e32 ON core_itemheadmodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_itemheadmodel_modified_by_id_928660cf ON core_itemheadmodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_itemnamemodel_created_by_id_d408dd55 ON core_itemnamemodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_itemnamemodel_modified_by_id_e64a1e73 ON core_itemnamemodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_portmodel_created_by_id_4697b3c1 ON core_portmodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_portmodel_modified_by_id_02816df5 ON core_portmodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_productdescriptionmodel_created_by_id_03d88241 ON core_productdescriptionmodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_productdescriptionmodel_modified_by_id_faaf3e16 ON core_productdescriptionmodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_sionimportmodel_hs_code_id_75addefb ON core_sionimportmodel (hs_code_id);
CREATE INDEX IF NOT EXISTS core_sionnormclassmodel_created_by_id_bd48feeb ON core_sionnormclassmodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_sionnormclassmodel_modified_by_id_ec33e9b3 ON core_sionnormclassmodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_transferlettermodel_created_by_id_78411805 ON core_transferlettermodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_transferlettermodel_modified_by_id_baf16081 ON core_transferlettermodel (modified_by_id);
CREATE INDEX IF NOT EXISTS core_unitpricemodel_created_by_id_115eddf4 ON core_unitpricemodel (created_by_id);
CREATE INDEX IF NOT EXISTS core_unitpricemodel_modified_by_id_afab2f20 ON core_unitpricemodel (modified_by_id);

DO $$
BEGIN
	IF to_regclass('core_hscodedutymodel') IS NOT NULL THEN
		CREATE INDEX IF NOT EXISTS core_hscodedutymodel_created_by_id_385634b7 ON core_hscodedutymodel (created_by_id);
		CREATE INDEX IF NOT EXISTS core_hscodedutymodel_modified_by_id_b3ca854d ON core_hscodedutymodel (modified_by_id);
	END IF;
END $$;

DO $$
BEGIN
	IF to_regclass('core_meismodel') IS NOT NULL THEN
		CREATE INDEX IF NOT EXISTS core_meismodel_created_by_id_87591b05 ON core_meismodel (created_by_id);
		CREATE INDEX IF NOT EXISTS core_meismodel_modified_by_id_5bd0221c ON core_meismodel (modified_by_id);
	END IF;
END $$;

-- An older installation has serial ids: their sequences become bigint too.
DO $$
DECLARE
	seq text;
BEGIN
	FOR seq IN
		SELECT seqrelid::regclass
		FROM unnest(ARRAY[
			'core_companymodel',
			'core_headsionnormsmodel',
			'core_hscodedutymodel',
			'core_hscodemodel',
			'core_itemheadmodel',
			'core_itemnamemodel',
			'core_meismodel',
			'core_portmodel',
			'core_productdescriptionmodel',
			'core_sionexportmodel',
			'core_sionimportmodel',
			'core_sionnormclassmodel',
			'core_transferlettermodel',
			'core_unitpricemodel'
		]) AS tab
		JOIN pg_sequence ON to_regclass(tab) IS NOT NULL
			AND seqrelid = pg_get_serial_sequence(tab, 'id')::regclass
		WHERE seqtypid <> 'bigint'::regtype
	LOOP
		EXECUTE format('ALTER SEQUENCE %s AS bigint', seq);
	END LOOP;
END $$;
