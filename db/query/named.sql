-- named.sql - licences that were asked for by number, in that order.
--
-- $1  ["0310837893", ...]
--
-- license, ge_file_number (NULL: the licence is not in the database)
SELECT w.license, CASE WHEN d.id IS NOT NULL THEN coalesce(d.ge_file_number, 0) END AS ge_file_number
FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS w(license, at)
LEFT JOIN license_licensedetailsmodel d ON d.license_number = w.license
ORDER BY w.at;
