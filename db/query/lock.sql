-- lock.sql - first statement of the STORE transaction: locks what two workers
-- could both want, so that the snapshots of the statements after it see all
-- that earlier holders committed (READ COMMITTED).
--
-- $1  the array that store.sql takes
--
-- One row per licence that was locked and has a token. The order of all locks,
-- which is why nobody waits in a circle: licences by id, then their rows in
-- gesync.fetch by number, then (companies.sql) companies by IEC.
-- NO KEY UPDATE does not stand in the way of those who insert rows that refer
-- to the licence.
WITH setting AS MATERIALIZED (
	-- For the plan of store.sql, which is made in this transaction: compiling
	-- it would take longer than running it a thousand times, and it never
	-- has a reason to read a whole table.
	SELECT set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true)
),
licence AS MATERIALIZED (
	SELECT l.id, l.license_number
	FROM license_licensedetailsmodel l
	WHERE l.license_number = ANY (ARRAY(
		SELECT j.license FROM setting, jsonb_to_recordset($1::jsonb) AS j(license text)))
	ORDER BY l.id
	FOR NO KEY UPDATE
)
SELECT f.license, f.token
FROM gesync.fetch f
WHERE f.license = ANY (ARRAY(SELECT license_number FROM licence))
ORDER BY f.license
FOR NO KEY UPDATE;
