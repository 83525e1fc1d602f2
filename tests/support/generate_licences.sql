-- generate_licences.sql - some thousands of invented licences around the
-- masters (companies, norms, item heads and names) of the reference data, for
-- demonstrations and benches. The same n always gives the same rows.
--
--   psql -v n=5000 -1 -f generate_licences.sql     after balance_cases/data.sql
--
-- Licences 9100000001 and on, every id above a million. Nine of ten are due in
-- a full sync. Their stored derived values are 0: the first sync writes them,
-- the next finds nothing to do.

\if :{?n}
\else
	\set n 5000
\endif
\set QUIET 1

-- A number from 0 to m - 1 that depends on its other arguments alone.
CREATE FUNCTION pg_temp.pick(m bigint, VARIADIC of integer[]) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT (hashtextextended(of::text, 0) & 9223372036854775807) % m $$;

INSERT INTO core_companymodel (id, iec, name, bill_colour, created_on, modified_on)
SELECT 1000000 + c, '98' || lpad(c::text, 8, '0'), 'Generated Company ' || c, '#333',
	'2025-11-01 00:00:00+00', '2025-11-01 00:00:00+00'
FROM generate_series(1, 200) AS c;

INSERT INTO license_licensedetailsmodel (id, scheme_code, notification_number, license_number, license_date,
	license_expiry_date, is_audit, is_mnm, is_not_registered, is_null, purchase_status, is_au, is_active,
	balance_cif, is_incomplete, is_expired, is_individual, ge_file_number, fob, billing_rate, billing_amount,
	exporter_id, port_id, created_on, modified_on)
SELECT 1000000 + i, '26',
	(ARRAY['019/2015', '019/2015', '019/2015', '025/2023', '098/2009'])[1 + pg_temp.pick(5, i, 1)],
	'91' || lpad(i::text, 8, '0'),
	date '2023-01-01' + pg_temp.pick(900, i, 2)::integer,
	date '2025-01-01' + pg_temp.pick(900, i, 2)::integer,
	false, false, false, false,
	CASE WHEN pg_temp.pick(20, i, 3) = 0 THEN (ARRAY['IP', 'NP', 'CO'])[1 + pg_temp.pick(3, i, 4)] ELSE 'GE' END,
	false, pg_temp.pick(20, i, 5) <> 0,
	0, false, false, false, pg_temp.pick(9000, i, 6), 0, 0, 0,
	1000001 + pg_temp.pick(200, i, 7), 1,
	'2025-11-01 00:00:00+00', timestamptz '2025-11-01 00:00:00+00' + pg_temp.pick(1000000, i, 8) * interval '1 second'
FROM generate_series(1, :n) AS i;

INSERT INTO license_licenseexportitemmodel (id, duty_type, net_quantity, old_quantity, unit, fob_fc, fob_inr,
	fob_exchange_rate, currency, value_addition, cif_fc, cif_inr, license_id, norm_class_id)
SELECT 1000000 + i * 2 + k, 'Basic', 0, 0, 'kg', 0, 0, 0, 'usd', 0,
	5000 + pg_temp.pick(20000000, i, k, 11) / 100.0, 0, 1000000 + i, 1 + pg_temp.pick(5, i, 12)
FROM generate_series(1, :n) AS i, generate_series(0, 1) AS k
WHERE k <= pg_temp.pick(2, i, 13);

INSERT INTO license_licenseimportitemsmodel (id, serial_number, description, quantity, old_quantity, unit, cif_fc,
	cif_inr, available_quantity, available_value, debited_quantity, debited_value, allotted_quantity,
	allotted_value, license_id, is_restricted)
SELECT 1000000 + i * 6 + k, k, '', pg_temp.pick(5000000, i, k, 21) / 1000.0,
	CASE WHEN pg_temp.pick(10, i, k, 22) = 0 THEN pg_temp.pick(5000000, i, k, 23) / 1000.0 ELSE 0 END,
	'kg', 0, 0, 0, 0, 0, 0, 0, 0, 1000000 + i, i % 3 = 0 AND pg_temp.pick(2, i, k, 24) = 0
FROM generate_series(1, :n) AS i, generate_series(1, 6) AS k
WHERE k <= 2 + pg_temp.pick(5, i, 25);

-- One item name each; every third row has a second one.
INSERT INTO license_licenseimportitemsmodel_items (id, licenseimportitemsmodel_id, itemnamemodel_id)
SELECT 1000000 + r.id * 2 + k, r.id, 1 + (pg_temp.pick(14, r.id::integer, 31) + k * 5) % 14
FROM license_licenseimportitemsmodel r, generate_series(0, 1) AS k
WHERE r.id > 1000000 AND (k = 0 OR pg_temp.pick(3, r.id::integer, 32) = 0);

INSERT INTO bill_of_entry_billofentrymodel (id, bill_of_entry_number, bill_of_entry_date, exchange_rate,
	product_name, is_fetch, failed, company_id, port_id, created_on, modified_on)
SELECT 1000000 + i, '91' || i, date '2025-06-01', 0, '', false, 0, 1000001 + i % 200, 1,
	'2025-11-01 00:00:00+00', '2025-11-01 00:00:00+00'
FROM generate_series(1, :n) AS i;

INSERT INTO bill_of_entry_rowdetails (id, row_type, transaction_type, cif_inr, cif_fc, qty, bill_of_entry_id,
	sr_number_id, created_on, modified_on)
SELECT r.id * 2 + k, 'AT', CASE WHEN pg_temp.pick(10, r.id::integer, k, 41) = 0 THEN 'C' ELSE 'D' END, 0,
	pg_temp.pick(200000, r.id::integer, k, 42) / 100.0, pg_temp.pick(100000, r.id::integer, k, 43) / 1000.0,
	1000001 + (r.license_id + k * 7) % :n, r.id, '2025-11-01 00:00:00+00', '2025-11-01 00:00:00+00'
FROM license_licenseimportitemsmodel r, generate_series(0, 1) AS k
WHERE r.id > 1000000 AND pg_temp.pick(2, r.id::integer, k, 44) = 0
ON CONFLICT (bill_of_entry_id, sr_number_id, transaction_type) DO NOTHING;

-- An allotment for every licence, half of them with a bill of entry, over its
-- first two rows and the next licence's first.
INSERT INTO allotment_allotmentmodel (id, type, required_quantity, unit_value_per_unit, item_name, cif_fc, cif_inr,
	exchange_rate, company_id, is_boe, is_allotted, created_on, modified_on)
SELECT 1000000 + i, CASE WHEN i % 4 = 0 THEN 'AR' ELSE 'AT' END, 0, 0, 'goods', 0, 0, 0, 1000001 + i % 200,
	i % 2 = 0, true, '2025-11-01 00:00:00+00', '2025-11-01 00:00:00+00'
FROM generate_series(1, :n) AS i;

INSERT INTO allotment_allotmentitems (id, cif_inr, cif_fc, qty, is_boe, item_id, allotment_id, created_on, modified_on)
SELECT 1000000 + r.license_id % 1000000 * 4 + k, 0, pg_temp.pick(100000, r.id::integer, 51) / 100.0,
	pg_temp.pick(50, r.id::integer, 52), r.license_id % 2 = 0, r.id, a.id,
	'2025-11-01 00:00:00+00', '2025-11-01 00:00:00+00'
FROM license_licenseimportitemsmodel r
CROSS JOIN generate_series(0, 2) AS k
JOIN allotment_allotmentmodel a ON a.id = CASE WHEN k = 2 THEN r.license_id - 1 ELSE r.license_id END
WHERE r.license_id > 1000000 AND r.serial_number = CASE k WHEN 1 THEN 2 ELSE 1 END;

INSERT INTO bill_of_entry_billofentrymodel_allotment (id, billofentrymodel_id, allotmentmodel_id)
SELECT 1000000 + i, 1000000 + i, 1000000 + i
FROM generate_series(2, :n, 2) AS i;

\ir reset_sequences.sql
