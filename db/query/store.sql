-- store.sql - the whole effect of a batch of fetches: transfers, current owner
-- and the derived values (DOMAIN.md sections 3 and 4), and the record of each
-- job with its result. Runs after lock.sql and companies.sql, in their
-- transaction. Writes only rows that differ.
--
-- $1  [{"license":"0310837893", "job":"ops-42", "attempt":1, "worker":"w",
--       "run":null,             or the run's id: changes are noted under it
--       "token":"123",          from load.sql; null in a dry run
--       "force":false,          write all rows that are known, even unchanged
--       "dry_run":false,        records nothing; the transaction is rolled back
--       "reply":{...} or null,  see ge_reply.h; null: derived values alone
--       "code":null}, ...]      the error that the job ends with all the same
--     Each licence once: of a repeated one the first element counts.
-- $2  today, yyyy-mm-dd; NULL: today in India
--
-- One row per element whose licence (still) stands:
--   license
--   fenced   t: somebody else took over, nothing was written, result is NULL
--   result   the object of INTERFACE.md section 4. "changed" tells of real
--            differences, under force too; the counts of transfers and items
--            tell of rows written. An attempt that has stored already gets
--            what it stored, and writes nothing.
--
-- From top to bottom: who may store - what GE told, beside what is known -
-- what the licence's rows add up to - what differs - the writes - the answer.
WITH job AS MATERIALIZED (
	SELECT DISTINCT ON (j.license) j.license, j.job, j.attempt, j.worker, j.run, j.token,
		coalesce(j.force, false) AS force, coalesce(j.dry_run, false) AS dry_run,
		j.reply, j.code, l.*,
		s.mine, s.again, s.mine AND NOT s.again AS live, f.result AS first_result
	FROM ROWS FROM (jsonb_to_recordset($1::jsonb)
		AS (license text, job text, attempt integer, worker text, run text, token bigint,
		    force boolean, dry_run boolean, reply jsonb, code text))
		WITH ORDINALITY AS j(license, job, attempt, worker, run, token, force, dry_run, reply, code, at)
	-- LATERAL with OFFSET 0 (or an aggregate) throughout: index lookups per
	-- licence and per row, whatever the planner believes about a table just
	-- loaded. Lookups by key in the select list serve the same end.
	CROSS JOIN LATERAL (
		SELECT d.id, d.notification_number, d.purchase_status, d.license_expiry_date,
			d.balance_cif, d.is_null, d.is_expired, d.current_owner_id, d.file_transfer_status
		FROM license_licensedetailsmodel d
		WHERE d.license_number = j.license
		OFFSET 0
	) AS l
	LEFT JOIN LATERAL (
		SELECT t.token, t.stored_token, t.result FROM gesync.fetch t WHERE t.license = j.license OFFSET 0
	) AS f ON true
	CROSS JOIN LATERAL (
		SELECT coalesce(j.dry_run, false) OR coalesce(f.token = j.token, false) AS mine,
			j.dry_run IS NOT TRUE AND coalesce(f.stored_token = j.token, false) AS again
	) AS s
	ORDER BY j.license, j.at
),
live AS MATERIALIZED (
	SELECT j.*, e.cif AS export_cif, e.norms,
		coalesce((SELECT c.id FROM core_companymodel c WHERE c.iec = j.reply->'owner'->>'iec'),
			j.current_owner_id) AS new_owner_id,
		CASE WHEN j.reply IS NULL THEN j.file_transfer_status
			ELSE j.reply->>'file_transfer_status' END AS new_status,
		-- companies.sql has stamped what it wrote with this transaction's time.
		coalesce((SELECT bool_or((SELECT c.modified_on = now() FROM core_companymodel c
				WHERE c.iec = k->>'iec'))
			FROM jsonb_array_elements(j.reply->'companies') AS k), false) AS companies_changed
	FROM job j
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(x.cif_fc), 0) AS cif, array_agg(x.norm_class_id) AS norms
		FROM license_licenseexportitemmodel x
		WHERE x.license_id = j.id
	) AS e
	WHERE j.live
),

-- Transfers. The key is (licence, from, to, initiation), NULL being a value.
told AS MATERIALIZED (
	SELECT DISTINCT ON (j.id, t.from_id, t.to_id, t.initiated) j.id AS license_id, j.force, t.*
	FROM live j
	CROSS JOIN LATERAL (
		SELECT (SELECT c.id FROM core_companymodel c WHERE c.iec = r.from_iec) AS from_id,
			(SELECT c.id FROM core_companymodel c WHERE c.iec = r.to_iec) AS to_id,
			r.initiated, r.date, coalesce(r.status, '') AS status, r.accepted,
			r.cbic_status, r.cbic_date, r.user_initiation, r.user_acceptance, r.at
		FROM ROWS FROM (jsonb_to_recordset(j.reply->'transfers')
			AS (from_iec text, to_iec text, initiated timestamptz, date date, status text,
			    accepted timestamptz, cbic_status text, cbic_date timestamptz,
			    user_initiation text, user_acceptance text))
			WITH ORDINALITY AS r(from_iec, to_iec, initiated, date, status, accepted,
				cbic_status, cbic_date, user_initiation, user_acceptance, at)
		OFFSET 0
	) AS t
	ORDER BY j.id, t.from_id, t.to_id, t.initiated, t.at DESC
),
transfer AS MATERIALIZED (
	SELECT t.*, k.id, coalesce(k.differs, false) AS differs
	FROM told t
	LEFT JOIN LATERAL (
		SELECT x.id, (x.transfer_date, x.transfer_status, x.transfer_acceptance_date, x.cbic_status,
				x.cbic_response_date, x.user_id_transfer_initiation, x.user_id_acceptance)
			IS DISTINCT FROM
			(t.date, t.status, t.accepted, t.cbic_status,
				t.cbic_date, t.user_initiation, t.user_acceptance) AS differs
		FROM license_licensetransfermodel x
		WHERE x.license_id = t.license_id
		AND x.from_company_id IS NOT DISTINCT FROM t.from_id
		AND x.to_company_id IS NOT DISTINCT FROM t.to_id
		AND x.transfer_initiation_date IS NOT DISTINCT FROM t.initiated
		-- Old duplicates stay; the first is the one that lives. (+ 0 keeps
		-- the planner from walking the primary key.)
		ORDER BY x.id + 0
		LIMIT 1
	) AS k ON true
),
transfers AS MATERIALIZED (
	SELECT license_id, count(*) FILTER (WHERE id IS NULL) AS added,
		count(*) FILTER (WHERE id IS NOT NULL AND (force OR differs)) AS updated,
		count(*) FILTER (WHERE id IS NOT NULL AND NOT (force OR differs)) AS unchanged,
		bool_or(id IS NULL OR differs) AS changed
	FROM transfer
	GROUP BY license_id
),

-- What each import row adds up to by itself, and its item heads in order.
item AS MATERIALIZED (
	SELECT j.id AS license_id, r.*, d.cif AS debit_cif, d.qty AS debit_qty,
		a.open_cif, a.open_qty, a.unbilled_cif, n.*
	FROM live j
	CROSS JOIN LATERAL (
		SELECT i.id, i.quantity, i.old_quantity, i.available_quantity, i.available_value,
			coalesce(i.is_restricted, false) AS is_restricted,
			bool_or(i.is_restricted) OVER () OR i.old_quantity <> 0 AS heads_matter
		FROM license_licenseimportitemsmodel i
		WHERE i.license_id = j.id
		OFFSET 0
	) AS r
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(b.cif_fc), 0) AS cif, coalesce(sum(b.qty), 0) AS qty
		FROM bill_of_entry_rowdetails b
		WHERE b.sr_number_id = r.id AND b.transaction_type = 'D'
	) AS d
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(o.cif_fc) FILTER (WHERE o.bills = 0), 0) AS open_cif,
			coalesce(sum(o.qty) FILTER (WHERE o.bills = 0 AND o.type = 'AT'), 0) AS open_qty,
			coalesce(sum(o.cif_fc) FILTER (WHERE o.is_boe IS NOT TRUE), 0) AS unbilled_cif
		FROM (
			SELECT x.cif_fc, x.qty, x.is_boe,
				(SELECT m.type FROM allotment_allotmentmodel m WHERE m.id = x.allotment_id) AS type,
				(SELECT count(*) FROM bill_of_entry_billofentrymodel_allotment b
				 WHERE b.allotmentmodel_id = x.allotment_id) AS bills
			FROM allotment_allotmentitems x
			WHERE x.item_id = r.id
			OFFSET 0
		) AS o
	) AS a
	CROSS JOIN LATERAL (
		SELECT coalesce((array_agg(o.is_restricted))[1], false) AS first_restricted,
			coalesce(bool_or(o.usable), false) AS any_usable,
			array_agg(o.id) AS heads,
			(array_agg(o.id) FILTER (WHERE o.usable AND o.restriction_norm_id = ANY (j.norms)))[1] AS head_id
		FROM (
			SELECT h.*, h.is_restricted AND h.restriction_norm_id IS NOT NULL
				AND h.restriction_percentage > 0 AS usable
			FROM license_licenseimportitemsmodel_items m
			CROSS JOIN LATERAL (
				SELECT x.name, x.head_id FROM core_itemnamemodel x WHERE x.id = m.itemnamemodel_id OFFSET 0
			) AS n
			LEFT JOIN LATERAL (
				SELECT x.id, x.name, x.is_restricted, x.restriction_norm_id, x.restriction_percentage
				FROM core_itemheadmodel x WHERE x.id = n.head_id OFFSET 0
			) AS h ON true
			WHERE m.licenseimportitemsmodel_id = r.id AND r.heads_matter
			ORDER BY h.name, n.name
		) AS o
	) AS n
),
-- What has been used under a head: each row of the licence once, however many
-- of its item names hang there.
head_use AS MATERIALIZED (
	SELECT h.license_id, h.head_id, sum(i.debit_cif + i.unbilled_cif) AS cif
	FROM (SELECT DISTINCT license_id, head_id FROM item
		WHERE is_restricted AND head_id IS NOT NULL) AS h
	JOIN item i ON i.license_id = h.license_id AND h.head_id = ANY (i.heads)
	GROUP BY h.license_id, h.head_id
),
balance AS MATERIALIZED (
	SELECT j.id, j.license, j.job, j.attempt, j.worker, j.run, j.token, j.force, j.dry_run, j.code,
		j.notification_number, j.purchase_status, j.license_expiry_date, j.export_cif,
		j.balance_cif, j.is_null, j.is_expired, j.current_owner_id, j.new_owner_id,
		j.file_transfer_status, j.new_status, j.companies_changed,
		u.items, round(greatest(j.export_cif - coalesce(u.cif, 0), 0), 2) AS new_balance
	FROM live j
	LEFT JOIN (
		SELECT license_id, count(*) AS items, sum(debit_cif + open_cif) AS cif
		FROM item GROUP BY license_id
	) AS u ON u.license_id = j.id
),
licence AS MATERIALIZED (
	SELECT b.*, d.*, (b.current_owner_id, b.file_transfer_status, b.balance_cif, b.is_null, b.is_expired)
		IS DISTINCT FROM
		(b.new_owner_id, b.new_status, b.new_balance, d.new_null, d.new_expired) AS differs
	FROM balance b
	CROSS JOIN LATERAL (
		SELECT b.new_balance < 100 AS new_null,
			coalesce(b.license_expiry_date <=
				coalesce($2::date, (now() AT TIME ZONE 'Asia/Kolkata')::date) - 30,
				b.is_expired) AS new_expired
	) AS d
),
worth AS MATERIALIZED (
	SELECT w.*, w.force OR w.differs AS write
	FROM (
		SELECT i.id, i.license_id, l.force, v.*, (i.available_value, i.available_quantity)
			IS DISTINCT FROM (v.new_value, v.new_quantity) AS differs
		FROM item i
		JOIN licence l ON l.id = i.license_id
		LEFT JOIN head_use u ON u.license_id = i.license_id AND u.head_id = i.head_id
		LEFT JOIN LATERAL (
			SELECT h.restriction_percentage FROM core_itemheadmodel h WHERE h.id = i.head_id OFFSET 0
		) AS h ON true
		CROSS JOIN LATERAL (
			SELECT CASE
				WHEN NOT i.is_restricted OR NOT i.any_usable THEN l.new_balance
				WHEN l.notification_number = '098/2009' OR l.purchase_status = 'CO'
					OR i.head_id IS NULL THEN 0
				-- times 0.01: a division would round before we do
				ELSE round(greatest(l.export_cif * h.restriction_percentage * 0.01 - u.cif, 0), 2)
				END AS new_value,
			round(greatest(floor(
				-- The old quantity counts under a restricted first head. (Notification
				-- 019/2015 decides nothing more: without one, quantity it is.)
				CASE WHEN i.first_restricted AND i.old_quantity <> 0 THEN i.old_quantity
					ELSE coalesce(i.quantity, 0) END
				-- half to even: of a tie, half the amount rounds to the even side
				- CASE WHEN i.debit_qty * 100 % 1 IN (0.5, -0.5) THEN 2 * round(i.debit_qty * 0.5, 2)
					ELSE round(i.debit_qty, 2) END
				- i.open_qty), 0), 3) AS new_quantity
		) AS v
	) AS w
),
items AS MATERIALIZED (
	SELECT license_id, count(*) FILTER (WHERE write) AS updated, bool_or(differs) AS changed
	FROM worth
	GROUP BY license_id
),
answer AS MATERIALIZED (
	SELECT l.id, l.license, l.job, l.attempt, l.worker, l.run, l.token, l.code, l.dry_run, c.changed,
		jsonb_build_object(
			'changed', c.changed,
			'owner', (SELECT jsonb_build_object('iec', x.iec, 'name', x.name)
				FROM core_companymodel x WHERE x.id = l.new_owner_id),
			'transfers', jsonb_build_object('added', coalesce(t.added, 0),
				'updated', coalesce(t.updated, 0), 'unchanged', coalesce(t.unchanged, 0)),
			'balance_cif', jsonb_build_object('from', l.balance_cif::text, 'to', l.new_balance::text),
			'items', jsonb_build_object('checked', coalesce(l.items, 0), 'updated', coalesce(i.updated, 0))
		) AS result
	FROM licence l
	LEFT JOIN transfers t ON t.license_id = l.id
	LEFT JOIN items i ON i.license_id = l.id
	CROSS JOIN LATERAL (
		SELECT l.differs OR l.companies_changed OR coalesce(t.changed, false)
			OR coalesce(i.changed, false) AS changed
	) AS c
),

-- The writes. The lists of ids make them index scans, see above.
write_licence AS (
	UPDATE license_licensedetailsmodel d
	SET current_owner_id = l.new_owner_id, file_transfer_status = l.new_status,
		balance_cif = l.new_balance, is_null = l.new_null, is_expired = l.new_expired,
		modified_on = now()
	FROM licence l
	WHERE d.id = l.id AND (l.differs OR l.force)
	AND d.id = ANY (ARRAY(SELECT id FROM licence WHERE differs OR force))
),
write_items AS (
	UPDATE license_licenseimportitemsmodel d
	SET available_value = w.new_value, available_quantity = w.new_quantity
	FROM worth w
	WHERE d.id = w.id AND w.write
	AND d.id = ANY (ARRAY(SELECT id FROM worth WHERE write))
),
write_transfers AS (
	UPDATE license_licensetransfermodel d
	SET transfer_date = t.date, transfer_status = t.status, transfer_acceptance_date = t.accepted,
		cbic_status = t.cbic_status, cbic_response_date = t.cbic_date,
		user_id_transfer_initiation = t.user_initiation, user_id_acceptance = t.user_acceptance
	FROM transfer t
	WHERE d.id = t.id AND (t.force OR t.differs)
	AND d.id = ANY (ARRAY(SELECT id FROM transfer WHERE id IS NOT NULL AND (force OR differs)))
),
add_transfers AS (
	INSERT INTO license_licensetransfermodel (license_id, from_company_id, to_company_id,
		transfer_initiation_date, transfer_date, transfer_status, transfer_acceptance_date,
		cbic_status, cbic_response_date, user_id_transfer_initiation, user_id_acceptance)
	SELECT license_id, from_id, to_id, initiated, date, status, accepted,
		cbic_status, cbic_date, user_initiation, user_acceptance
	FROM transfer
	WHERE id IS NULL
	ORDER BY license_id, at
),
write_record AS (
	UPDATE gesync.fetch f
	SET stored_token = a.token, job_id = a.job, attempt = a.attempt, worker = a.worker,
		run = a.run, code = a.code, result = a.result, stored_at = now()
	FROM answer a
	WHERE f.license = a.license AND NOT a.dry_run
	AND f.license = ANY (ARRAY(SELECT license FROM answer WHERE NOT dry_run))
),
add_change AS (
	INSERT INTO gesync.run_change (run, license, change, at)
	SELECT run, license, result, now()
	FROM answer
	WHERE run IS NOT NULL AND changed AND NOT dry_run
	ON CONFLICT (run, license) DO UPDATE SET change = excluded.change, at = excluded.at
)
SELECT j.license, NOT j.mine AS fenced,
	CASE WHEN j.live THEN a.result WHEN j.mine THEN j.first_result END AS result
FROM job j
LEFT JOIN answer a ON a.id = j.id
ORDER BY j.license;
