-- What became of each reference licence, for bad_days_test: outcome, attempts, requests
-- that GE saw, and which state its rows are in.
--
--   untouched  not a byte of its rows has changed
--   derived    derived values as the application computes them, all else untouched
--   reply      derived values, and owner and transfer as the test's usual reply has them
--   twice      the same for the one transfer of the bad day "twice"
--   wrong      anything else
CREATE TABLE test.before (license_number text PRIMARY KEY, told text, derived text);
CREATE TABLE test.outcome (outcome jsonb);
CREATE TABLE test.request (license text);

-- All rows of a licence as a text: what GE tells of it, and what follows from its rows.
CREATE VIEW test.rows AS
SELECT l.license_number,
	(to_jsonb(l) - '{balance_cif,is_null,is_expired,modified_on}'::text[])::text ||
		coalesce((SELECT jsonb_agg(t ORDER BY t.id)::text FROM license_licensetransfermodel t WHERE t.license_id = l.id), '') ||
		coalesce((SELECT jsonb_agg(to_jsonb(i) - '{available_value,available_quantity}'::text[] ORDER BY i.id)::text
			FROM license_licenseimportitemsmodel i WHERE i.license_id = l.id), '') AS told,
	(l.balance_cif, l.is_null, l.is_expired, l.modified_on)::text ||
		coalesce((SELECT jsonb_agg(jsonb_build_array(i.available_value, i.available_quantity) ORDER BY i.id)::text
			FROM license_licenseimportitemsmodel i WHERE i.license_id = l.id), '') AS derived
FROM license_licensedetailsmodel l;

-- Rows that no fetch has seen, all derived values wrong.
CREATE PROCEDURE test.reset() LANGUAGE sql AS $$
	DELETE FROM license_licensetransfermodel;
	UPDATE license_licensedetailsmodel SET current_owner_id = NULL, file_transfer_status = 'before', balance_cif = -1;
	UPDATE license_licenseimportitemsmodel SET available_value = -1, available_quantity = -1;
	DELETE FROM core_companymodel WHERE iec LIKE '03%' OR iec LIKE '04%';
	DELETE FROM gesync.fetch;
	DELETE FROM test.before;
	INSERT INTO test.before SELECT license_number, told, derived FROM test.rows;
$$;

-- The owner and the only transfer are as a reply said.
CREATE FUNCTION test.is_told(license text, iec text, name text, accepted timestamptz) RETURNS boolean LANGUAGE sql AS $$
	SELECT coalesce(bool_and(o.iec = $2 AND o.name = $3 AND f.iec = '0300000001' AND f.name = 'A LTD' AND t.to_company_id = o.id AND
			t.transfer_status = 'Approved' AND t.transfer_initiation_date = '2026-02-02 13:12:00+05:30' AND
			t.transfer_acceptance_date IS NOT DISTINCT FROM $4 AND l.file_transfer_status IS NULL)
		AND count(*) = 1, false)
	FROM license_licensedetailsmodel l
	JOIN core_companymodel o ON o.id = l.current_owner_id
	JOIN license_licensetransfermodel t ON t.license_id = l.id
	JOIN core_companymodel f ON f.id = t.from_company_id
	WHERE l.license_number = $1
$$;

CREATE VIEW test.verdict AS
SELECT r.license_number, o->>'status' AS status, coalesce(o->'error'->>'code', '-') AS code,
	coalesce(o->>'attempt', '-') AS attempts,
	(SELECT count(*) FROM test.request q WHERE q.license = r.license_number) AS requests,
	CASE WHEN r.told = b.told AND r.derived = b.derived THEN 'untouched'
		WHEN EXISTS (SELECT FROM test.wrong_balance w WHERE w.license_number = r.license_number) THEN 'wrong'
		WHEN r.told = b.told THEN 'derived'
		WHEN test.is_told(r.license_number, '04' || right(r.license_number, 8), 'OWNER ' || r.license_number,
			'2026-02-03 10:00:00+05:30') THEN 'reply'
		WHEN test.is_told(r.license_number, '0300000002', 'B LTD', NULL) THEN 'twice'
		ELSE 'wrong' END AS rows
FROM test.rows r
JOIN test.before b USING (license_number)
LEFT JOIN test.outcome ON outcome->>'license' = r.license_number
CROSS JOIN LATERAL (SELECT outcome AS o) AS x;
