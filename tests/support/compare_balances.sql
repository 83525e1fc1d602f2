-- The derived values of the reference licences against what the application computes:
-- test.wrong_balance names the licences that differ.
-- One line: "58 licences, wrong: none", or their numbers.
\set expected `cat tests/data/facts/balance_cases/expected.json`
CREATE SCHEMA IF NOT EXISTS test;
CREATE TABLE IF NOT EXISTS test.expected AS SELECT * FROM jsonb_to_recordset(:'expected'::jsonb)
	AS (license_number text, balance_cif numeric, is_null boolean, is_expired boolean, items jsonb);
CREATE OR REPLACE VIEW test.wrong_balance AS
	SELECT e.license_number FROM test.expected e LEFT JOIN license_licensedetailsmodel l USING (license_number)
	WHERE (l.balance_cif, l.is_null, l.is_expired) IS DISTINCT FROM (e.balance_cif, e.is_null, e.is_expired)
	UNION
	SELECT e.license_number FROM test.expected e, jsonb_to_recordset(e.items)
		AS i(serial_number integer, available_value numeric, available_quantity numeric)
	LEFT JOIN LATERAL (SELECT r.available_value, r.available_quantity FROM license_licenseimportitemsmodel r
		JOIN license_licensedetailsmodel l ON l.id = r.license_id
		WHERE l.license_number = e.license_number AND r.serial_number = i.serial_number) r ON true
	WHERE (r.available_value, r.available_quantity) IS DISTINCT FROM (i.available_value, i.available_quantity);
SELECT (SELECT count(*) FROM test.expected) || ' licences, wrong: ' ||
	coalesce((SELECT string_agg(license_number, ' ' ORDER BY license_number) FROM test.wrong_balance), 'none');
