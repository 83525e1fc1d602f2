-- due_count.sql - how many licences due.sql and due_by_id.sql would list.
SELECT count(*) AS count
FROM license_licensedetailsmodel d
WHERE d.purchase_status = 'GE' AND d.is_active;
