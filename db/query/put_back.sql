-- put_back.sql - licences that are due and that a deadline kept the last full
-- fan-out from, unless another run or a person has had them fetched since. What
-- $1 itself fetches stays in the list, so that its successor sees the same one.
--
-- $1  run that asks  $2  true: of runs that asked no GE; false: of the others
--
-- license, ge_file_number, in the order of bytes
WITH last AS (
	SELECT r.run
	FROM gesync.run r
	WHERE r.run <> $1 AND coalesce(r.request->>'offline', 'false') = $2
	AND jsonb_array_length(coalesce(r.request->'licenses', '[]')) = 0
	AND EXISTS (SELECT 1 FROM gesync.run_failure f WHERE f.run = r.run AND f.code = 'put_back')
	ORDER BY r.started_at DESC
	LIMIT 1
)
SELECT f.license, d.ge_file_number
FROM last
JOIN gesync.run_failure f ON f.run = last.run AND f.code = 'put_back'
JOIN license_licensedetailsmodel d ON d.license_number = f.license
WHERE d.purchase_status = 'GE' AND d.is_active
AND NOT EXISTS (SELECT 1 FROM gesync.fetch g
	WHERE g.license = f.license AND g.stored_at > f.at AND g.run IS DISTINCT FROM $1)
ORDER BY f.license COLLATE "C";
