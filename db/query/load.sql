-- load.sql - what a fetch needs to know of a batch of licences, and the
-- fencing tokens that make this attempt the only one that can store.
--
-- $1  [{"license":"0310837893","job":"ops-42","known":false,"dry_run":false}, ...]
--     known: an attempt of this job may have been made already. A job that is
--     new asks GE, though it bears the id of one that has ended
--
-- One row per element whose licence is known, in no particular order; of an
-- unknown licence there is no row:
--   license, job     as given
--   license_date     yyyy-mm-dd or NULL
--   iec              the exporter's, or NULL
--   token            the new token; NULL for a dry run
--   first_result     what this very job stored already, else NULL: its
--                    acknowledgement was lost, and nothing is to be done again.
--                    A job that ended with an error is asked anew: it may have
--                    been given back by hand, to be tried again
--
-- A token is taken whatever was stored before, because the one who stored it
-- may still be running. What was stored stays until somebody stores anew.
WITH want AS MATERIALIZED (
	SELECT w.license, w.job, w.known, coalesce(w.dry_run, false) AS dry_run,
		l.id, l.license_date, l.iec
	FROM jsonb_to_recordset($1::jsonb) AS w(license text, job text, known boolean, dry_run boolean)
	-- LATERAL with OFFSET 0, here and in store.sql: one index lookup per
	-- licence, whatever the planner believes about a table just loaded.
	CROSS JOIN LATERAL (
		SELECT d.id, d.license_date,
			(SELECT nullif(c.iec, '') FROM core_companymodel c WHERE c.id = d.exporter_id) AS iec
		FROM license_licensedetailsmodel d
		WHERE d.license_number = w.license
		OFFSET 0
	) AS l
),
taken AS (
	INSERT INTO gesync.fetch AS f (license, token)
	SELECT license, nextval('gesync.token')
	FROM (SELECT license FROM want WHERE NOT dry_run
		GROUP BY license
		ORDER BY license        -- as everybody who locks several, see lock.sql
	) AS mine
	ON CONFLICT (license) DO UPDATE SET token = excluded.token
	RETURNING f.license, f.token, f.job_id, f.result, f.code
)
SELECT w.license, w.job, to_char(w.license_date, 'YYYY-MM-DD') AS license_date, w.iec, t.token,
	CASE WHEN w.known AND t.job_id = w.job AND t.code IS NULL THEN t.result END AS first_result
FROM want w
LEFT JOIN taken t ON t.license = w.license AND NOT w.dry_run;
