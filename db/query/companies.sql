-- companies.sql - creates the companies that a batch of replies speaks of, and
-- fills the names of those which had none. A name that stands is never
-- overwritten. Runs between lock.sql and store.sql, in their transaction.
--
-- $1  the array that store.sql takes; elements whose token is not the
--     licence's any more are passed over
--
-- One row per company written: iec.
WITH told AS MATERIALIZED (
	SELECT DISTINCT ON (k.iec) k.iec, nullif(k.name, '') AS name
	FROM ROWS FROM (jsonb_to_recordset($1::jsonb)
		AS (license text, token bigint, dry_run boolean, reply jsonb))
		WITH ORDINALITY AS j(license, token, dry_run, reply, at)
	CROSS JOIN LATERAL jsonb_to_recordset(j.reply->'companies') AS k(iec text, name text)
	WHERE k.iec <> ''
	AND (j.dry_run OR j.token = (SELECT f.token FROM gesync.fetch f WHERE f.license = j.license))
	ORDER BY k.iec, nullif(k.name, '') IS NULL, j.at
),
wanting AS (
	-- Most companies stand already: only reading them leaves their rows, and
	-- the sequence of ids, alone.
	SELECT t.iec, t.name
	FROM told t
	LEFT JOIN LATERAL (
		SELECT c.id, c.name FROM core_companymodel c WHERE c.iec = t.iec OFFSET 0
	) AS c ON true
	WHERE c.id IS NULL OR (coalesce(c.name, '') = '' AND t.name IS NOT NULL)
	ORDER BY t.iec
)
INSERT INTO core_companymodel AS c (iec, name, bill_colour, created_on, modified_on)
SELECT iec, name, '#333', now(), now()          -- the application's default colour
FROM wanting
ON CONFLICT (iec) DO UPDATE SET name = excluded.name, modified_on = excluded.modified_on
WHERE coalesce(c.name, '') = '' AND excluded.name IS NOT NULL
RETURNING iec;
