-- due.sql - the licences that a full sync visits, most recently modified
-- first, in pages by key: the sync itself changes modified_on, which only ever
-- moves a licence to where the pages have been already.
--
-- $1, $2  modified_on and id of the last row seen, NULL to begin
-- $3      at most so many rows; NULL: all
--
-- license, ge_file_number (0: none), and the key of the row: modified_on, id.
SELECT d.license_number AS license, d.ge_file_number, d.modified_on, d.id
FROM license_licensedetailsmodel d
WHERE d.purchase_status = 'GE' AND d.is_active
AND ($1::timestamptz IS NULL OR (d.modified_on, d.id) < ($1::timestamptz, $2::bigint))
ORDER BY d.modified_on DESC, d.id DESC
LIMIT $3::bigint;
