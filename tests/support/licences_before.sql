-- licences_before.sql - n invented licences (default 300) in a database of
-- before the upgrade, whatever its columns are: those that matter are given
-- here, all others that must have a value get an empty one.
--
-- Licences 9200000001 and on; every twentieth is of another status.
\if :{?n}
\else
	\set n 300
\endif
\set QUIET 1

CREATE TEMP TABLE given (tab text, col text, value text);
CREATE TEMP TABLE rows_of (tab text, at integer, rows text);
INSERT INTO rows_of VALUES
	('core_portmodel', 1, 'generate_series(1, 1) AS i'),
	('core_companymodel', 2, 'generate_series(1, 50) AS i'),
	('license_licensedetailsmodel', 3, 'generate_series(1, :n) AS i'),
	('license_licenseexportitemmodel', 4, 'generate_series(1, :n) AS i'),
	('license_licenseimportitemsmodel', 5, 'generate_series(1, :n) AS i, generate_series(0, 1) AS k'),
	('allotment_allotmentmodel', 6, 'generate_series(4, :n, 4) AS i'),
	('allotment_allotmentitems', 7, 'generate_series(4, :n, 4) AS i'),
	('bill_of_entry_rowdetails', 8, 'generate_series(3, :n, 3) AS i');
INSERT INTO given VALUES
	('core_portmodel', 'code', $$'INTEST1'$$),
	('core_companymodel', 'iec', $$'97' || lpad(i::text, 8, '0')$$), ('core_companymodel', 'name', $$'Company ' || i$$),
	('license_licensedetailsmodel', 'license_number', $$'92' || lpad(i::text, 8, '0')$$),
	('license_licensedetailsmodel', 'license_date', $$date '2024-01-01' + i % 300$$),
	('license_licensedetailsmodel', 'license_expiry_date', $$date '2025-06-01' + i % 300$$),
	('license_licensedetailsmodel', 'notification_number', $$'019/2015'$$),
	('license_licensedetailsmodel', 'scheme_code', $$'26'$$),
	('license_licensedetailsmodel', 'purchase_status', $$CASE WHEN i % 20 = 0 THEN 'IP' ELSE 'GE' END$$),
	('license_licensedetailsmodel', 'is_active', 'true'),
	('license_licensedetailsmodel', 'ge_file_number', 'i % 9000'),
	('license_licensedetailsmodel', 'exporter_id', '1 + i % 50'), ('license_licensedetailsmodel', 'port_id', '1'),
	('license_licenseexportitemmodel', 'license_id', 'i'), ('license_licenseexportitemmodel', 'unit', $$'kg'$$),
	('license_licenseexportitemmodel', 'cif_fc', '100 + (i::bigint * 7919 % 100000) / 100.0'),
	('license_licenseimportitemsmodel', 'id', 'i * 2 + k'), ('license_licenseimportitemsmodel', 'license_id', 'i'),
	('license_licenseimportitemsmodel', 'serial_number', 'k + 1'), ('license_licenseimportitemsmodel', 'unit', $$'kg'$$),
	('license_licenseimportitemsmodel', 'quantity', '(i * 31 + k * 17) % 1000 + 0.25'),
	('allotment_allotmentmodel', 'type', $$CASE WHEN i % 8 = 0 THEN 'AT' ELSE 'AR' END$$),
	('allotment_allotmentmodel', 'company_id', '1'),
	('allotment_allotmentitems', 'allotment_id', 'i'), ('allotment_allotmentitems', 'item_id', 'i * 2 + 1'),
	('allotment_allotmentitems', 'cif_fc', '12.25 * (i % 7)'), ('allotment_allotmentitems', 'qty', 'i % 5'),
	('bill_of_entry_rowdetails', 'sr_number_id', 'i * 2'), ('bill_of_entry_rowdetails', 'transaction_type', $$'D'$$),
	('bill_of_entry_rowdetails', 'row_type', $$'AT'$$),
	('bill_of_entry_rowdetails', 'cif_fc', '(i % 50) * 10.5'), ('bill_of_entry_rowdetails', 'qty', 'i % 10');

SELECT format('INSERT INTO %I (%s) SELECT %s FROM %s', r.tab, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
	string_agg(coalesce(g.value, CASE
		WHEN a.attname = 'id' THEN 'i'
		WHEN t.typname = 'bool' THEN 'false'
		WHEN t.typname IN ('varchar', 'text') THEN ''''''
		WHEN t.typname = 'date' THEN 'date ''2025-01-01'''
		WHEN t.typname = 'timestamptz' THEN 'timestamptz ''2025-01-01 00:00:00+00'''
		ELSE '0' END), ', ' ORDER BY a.attnum), replace(r.rows, ':n', :'n'))
FROM rows_of r
JOIN pg_attribute a ON a.attrelid = r.tab::regclass AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN given g ON g.tab = r.tab AND g.col = a.attname
WHERE a.attnotnull OR g.col IS NOT NULL
GROUP BY r.tab, r.at, r.rows
ORDER BY r.at \gexec

\ir reset_sequences.sql
