-- due_by_id.sql - due.sql for a database that has no modified_on yet.
--
-- $1  id of the last row seen, NULL to begin
-- $2  at most so many rows; NULL: all
SELECT d.license_number AS license, d.ge_file_number, d.id
FROM license_licensedetailsmodel d
WHERE d.purchase_status = 'GE' AND d.is_active
AND d.id > coalesce($1::bigint, -9223372036854775808)
ORDER BY d.id
LIMIT $2::bigint;
