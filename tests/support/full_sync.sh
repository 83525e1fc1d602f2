# shellcheck shell=bash disable=SC2154
# full_sync.sh - the nightly sync of n licences, from the 55 tables of before
# the upgrade to 64 tables and every licence as the rules say. Sourced with n;
# then tests/system has its parts for some hundreds, tests/soak for 10,000.
. scripts/lib.sh
. tests/support/check.sh

n=$1
build=${GESYNC_BUILD:-build}
dir=$(lib_folder)
trap 'lib_stop; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
lib_start_redis "$dir"
lib_start_postgres "$dir"
export PGHOST=$dir/postgres PGUSER=lmanagement PGDATABASE=lmanagement PGOPTIONS='-c client_min_messages=warning'
scripts/create-schema --before-upgrade --sion-gone "host=$PGHOST user=$PGUSER dbname=$PGDATABASE" > "$dir/schema.log" 2>&1 ||
	lib_die "create-schema: $(tail -n 3 "$dir/schema.log")"
psql -X -q -1 -v ON_ERROR_STOP=1 -v n="$n" -f tests/support/licences_before.sql > /dev/null || lib_die 'no licences'
psql -X -q -d postgres -c 'CREATE DATABASE before TEMPLATE lmanagement'
lib_spawn "$dir/sim.log" "$build/tests/ge_sim" --listen 127.0.0.1:0 --generate --session demo --csrf demo --port-file "$dir/port"
lib_wait 10 "the simulator ($dir/sim.log)" test -s "$dir/port"
sim=http://127.0.0.1:$(cat "$dir/port")
export GESYNC_REDIS_URL=unix://$dir/redis.sock GESYNC_DATABASE_URL="host=$PGHOST user=$PGUSER dbname=$PGDATABASE"
export GESYNC_GE_URL=$sim/degree GESYNC_GE_SESSION=demo GESYNC_GE_CSRF=demo GESYNC_GE_RATE=0 GESYNC_TODAY=2025-11-19
export GESYNC_LEASE=3s GESYNC_RETRY_BASE=100ms
scheduler=$build/bin/gesync-scheduler ctl=$build/bin/gesyncctl
due=$((n - n / 20))

redis() { redis-cli -s "$dir/redis.sock" "$@"; }
sql() { psql -X -q -At -c "$1"; }
run() { redis hget "gesync:run:$1" "$2"; }
control() { curl -sS -X POST "$sim/_control/$1" -d "${2-}"; }
worker() {      # NAME ARGUMENTS... - its process id in $pid
	local name=$1
	shift
	lib_spawn "$dir/$name.log" "$build/bin/gesync-worker" "$@"
	pid=${lib_pids[-1]}
}
stop_workers() {
	kill -TERM "$@"
	eventually 30 'workers leave' 0 redis hlen gesync:workers
}
every_key() {
	redis --scan | LC_ALL=C sort | while read -r key; do
		echo "$key $(redis dump "$key" | md5sum)"
	done
}

# ---- a dry run, with no worker ----
dry_run() {
	redis hset gesync:ge:session jsessionid demo csrf demo > /dev/null
	before=$(every_key)$(pg_dump | grep -v '^\\\(un\)\?restrict' | md5sum)$(find "$dir" db -type f ! -path "$dir/postgres*" ! -name '*.log' ! -name '*.aof' -exec md5sum {} + | LC_ALL=C sort)
	out=$("$scheduler" sync --dry-run)
	check 'a dry run needs no worker' 0 $?
	has 'it says how many it found' "Found $due licenses with GE status" "$out"
	has 'how many a run would sync' "Would sync $due licenses" "$out"
	has 'the first with their file numbers' '  9200000001  (file 1)' "$out"
	has 'what is wrong with the structure' '10 tables missing' "$out"
	has 'what would be migrated' '  would migrate license.0007_add_is_restricted_field' "$out"
	has 'and what would be recorded alone' '  would record as faked accounts.0002_initial' "$out"
	psql -X -q -d postgres -c 'CREATE DATABASE empty'
	out=$(GESYNC_DATABASE_URL="host=$PGHOST user=$PGUSER dbname=empty" "$scheduler" sync --dry-run)
	check 'in an empty database all is to be made: that is no failure' "0 Would sync 0 licenses" "$? $(tail -n 1 <<< "$out")"
	check 'Redis, PostgreSQL and the files are as they were' "$before" \
		"$(every_key)$(pg_dump | grep -v '^\\\(un\)\?restrict' | md5sum)$(find "$dir" db -type f ! -path "$dir/postgres*" ! -name '*.log' ! -name '*.aof' -exec md5sum {} + | LC_ALL=C sort)"
}

# ---- the night ----
night() {
	worker one
	one=$pid
	worker two
	two=$pid
	out=$("$scheduler" sync --full --wait)
	check 'a full sync ends well' 0 $?
	id=$(head -n 1 <<< "$out")
	has 'with 64 tables and a clean check' 'structure: 37 models, 64 tables, 0 errors, 0 migrations pending' "$out"
	has 'what stood already is recorded, and named' 'accounts.0002_initial' "$(sed -n '/^Recorded, not run/,/^$/p' <<< "$out")"
	has 'with every licence' "$due licences: $due done ($due changed, 0 unchanged), 0 failed" "$out"
	check 'there are 64 tables' 64 "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")"
	"$scheduler" check --wait > /dev/null
	check 'check says so too' 0 $?

	# The rules of DOMAIN section 4 for licences without item names, told slowly.
	cat > "$dir/rules.sql" <<-'EOT'
		WITH l AS (SELECT d.id, d.license_number, d.balance_cif, d.is_null, d.is_expired, d.license_expiry_date,
			greatest(0, round(coalesce((SELECT sum(e.cif_fc) FROM license_licenseexportitemmodel e WHERE e.license_id = d.id), 0)
			- coalesce((SELECT sum(b.cif_fc) FROM bill_of_entry_rowdetails b JOIN license_licenseimportitemsmodel r ON r.id = b.sr_number_id
				WHERE r.license_id = d.id AND b.transaction_type = 'D'), 0)
			- coalesce((SELECT sum(a.cif_fc) FROM allotment_allotmentitems a JOIN license_licenseimportitemsmodel r ON r.id = a.item_id
				WHERE r.license_id = d.id AND NOT EXISTS (SELECT FROM bill_of_entry_billofentrymodel_allotment x
					WHERE x.allotmentmodel_id = a.allotment_id)), 0), 2)) AS balance
			FROM license_licensedetailsmodel d WHERE d.purchase_status = 'GE' AND d.is_active),
		r AS (SELECT l.license_number, l.balance, r.available_value, r.available_quantity,
			greatest(0, floor(r.quantity
			- coalesce((SELECT round(sum(b.qty), 2) FROM bill_of_entry_rowdetails b WHERE b.sr_number_id = r.id AND b.transaction_type = 'D'), 0)
			- coalesce((SELECT sum(a.qty) FROM allotment_allotmentitems a JOIN allotment_allotmentmodel m ON m.id = a.allotment_id
				WHERE a.item_id = r.id AND m.type = 'AT' AND NOT EXISTS (SELECT FROM bill_of_entry_billofentrymodel_allotment x
					WHERE x.allotmentmodel_id = a.allotment_id)), 0))) AS quantity
			FROM l JOIN license_licenseimportitemsmodel r ON r.license_id = l.id)
		SELECT (SELECT count(*) FROM l) || ' licences, ' || (SELECT count(*) FROM r) || ' rows, wrong: ' ||
			(SELECT count(*) FROM l WHERE balance_cif <> balance OR is_null <> (balance < 100)
				OR is_expired <> (license_expiry_date <= date '2025-11-19' - 30)) || ' ' ||
			(SELECT count(*) FROM r WHERE available_value <> balance OR available_quantity <> quantity);
	EOT
	check 'every licence is what the rules say' "$due licences, $((2 * due)) rows, wrong: 0 0" "$(psql -X -q -At -f "$dir/rules.sql")"
	check 'the run is in PostgreSQL' "full done $due" "$(sql "SELECT mode, state, counts->>'changed' FROM gesync.run WHERE run = '$id'" | tr '|' ' ')"
	check 'with what it changed' "$((due + 1))" "$("$ctl" run "$id" --changes --csv | wc -l)"
	out=$("$ctl" run "$id" --markdown)
	has 'its summary has the tables before and after' '| before | 55 | 10 |' "$out"
	has 'those that were created' '* `core_schemecode`' "$out"
	has 'the migrations by app' '* **license**: `0002_' "$out"
	has 'the licences' "| $due | $due | 0 | 0 | 0 |" "$out"

	out=$("$scheduler" sync --wait)
	check 'the same again ends well' 0 $?
	has 'and finds nothing to do' "$due licences: $due done (0 changed, $due unchanged), 0 failed" "$out"
}

# ---- one in a hundred fails for good ----
failures() {
	expected=$(for ((i = 1; i <= n; i += 100)); do [ $((i % 20)) = 0 ] || printf '92%08d\n' "$i"; done)
	for license in $expected; do control "license/$license" null > /dev/null; done
	out=$("$scheduler" sync --wait)
	check 'where licences fail, so does the run' 1 $?
	id=$(head -n 1 <<< "$out")
	has 'the first failures stand in its summary' "  9200000001  ge_not_found  " "$out"
	check 'exactly those are listed' "$expected" "$("$ctl" run "$id" --failures --csv | tail -n +2 | cut -d, -f1)"
	check 'and in PostgreSQL' "$expected" "$(sql "SELECT license FROM gesync.run_failure WHERE run = '$id' ORDER BY 1")"
	has 'the summary says what is next' "gesyncctl run $id --failures" "$("$ctl" run "$id" --markdown)"
	for license in $expected; do control "license/$license" '{"reply":{"meisScripCurrentOwnerDtls":{"iec":"0300000011","firm":"OWNER"},"scripTransfer":[]}}' > /dev/null; done

	sql "UPDATE license_licensedetailsmodel SET license_number = E'92\x1b 2' WHERE license_number = '9200000002'"
	out=$("$scheduler" sync --data-only --wait=60)
	check 'a number that no job can have keeps no run from its end' 1 $?
	has 'it fails, alone' "$((due - 1)) done" "$out"
	has 'and is told of, tamed' '  92? 2  bad_job  ' "$out"
	out=$("$ctl" run --failures --csv && "$ctl" run --failures --markdown && "$ctl" run --markdown)
	check 'in every list' '3 0' "$(grep -c '92? 2' <<< "$out") $(grep -c $'\e' <<< "$out")"
	sql "UPDATE license_licensedetailsmodel SET license_number = '9200000002' WHERE license_number = E'92\x1b 2'"
}

# ---- a broken structure ----
broken() {
	sql 'ALTER TABLE core_portmodel RENAME COLUMN code TO kode'
	out=$("$scheduler" sync --wait 2>&1)
	check 'no licence passes a broken structure' 1 $?
	check 'one line says why' 1 "$(grep -c '^stopped: the structure is broken (.*missing_column core_portmodel.code' <<< "$out")"
	check 'nothing is on the list' 0 "$(redis llen gesync:queue:bulk)"
	out=$("$scheduler" sync 2> "$dir/err")
	check 'without --wait too' "1 1" "$? $(grep -c 'the structure is broken' "$dir/err")"
	"$scheduler" sync --data-only --license 9200000002 --wait > /dev/null
	check '--data-only passes it by' 0 $?
	sql 'ALTER TABLE core_portmodel RENAME COLUMN kode TO code'
	"$scheduler" sync --structure-only --wait > "$dir/out"
	check 'mended, --structure-only ends well' 0 $?
	has 'with no licence' '0 licences' "$(cat "$dir/out")"
}

# ---- Redis lost in the middle; a deadline ----
resume() {
	id=$("$scheduler" sync --data-only --deadline "$(date -u -d '12 hours' +%H:%M)")
	at=$(run "$id" deadline)
	GESYNC_GE_RATE=20 GESYNC_GE_BURST=1 worker slow
	stored() { [ "$(sql "SELECT count(*) FROM gesync.fetch WHERE run = '$id'")" -gt 20 ] && echo yes; }
	eventually 20 'some are done' yes stored
	kill -KILL "$pid"
	redis flushall > /dev/null
	out=$("$ctl" runs)
	has 'after losing Redis the runs are listed from PostgreSQL' "$id  sync  lost" "$out"
	out=$("$ctl" run)
	has 'the last one with what it has done' "done       $(sql "SELECT count(*) FROM gesync.fetch WHERE run = '$id' AND code IS NULL")" "$out"
	has 'and how it goes on' 'sync --resume' "$out"
	left=$((due - $(sql "SELECT count(*) FROM gesync.fetch WHERE run = '$id' AND code IS NULL")))
	check 'after losing Redis --resume goes on with the same run' "$id" "$("$scheduler" sync --resume)"
	check 'it enqueues what was not done' $left "$(redis llen gesync:queue:bulk)"
	check 'and keeps the deadline' "$at" "$(run "$id" deadline)"
	worker three
	three=$pid
	eventually 60 'and ends well' 'done' run "$id" state
	check 'with every licence counted once' "$due $due" "$(run "$id" total) $(run "$id" 'done')"
	ended() { sql "SELECT state FROM gesync.run WHERE run = '$id'"; }
	eventually 10 'PostgreSQL knows its end' 'done' ended
	has 'to resume it again is told to be nothing' 'nothing to resume' "$("$scheduler" sync --resume)"

	redis sadd gesync:paused bulk > /dev/null
	id=$("$scheduler" sync --data-only --deadline 00:00)
	at=$(run "$id" deadline)
	check 'a deadline is the next time of its kind' '0 yes' "$((at / 1000 % 86400)) $([ "$at" -gt "$(date +%s)000" ] && echo yes)"
	check 'a second sync joins it' "$id" "$("$scheduler" sync --data-only)"
	eventually 10 'and nothing is enqueued twice' $due redis llen gesync:queue:bulk      # what an idle worker took he gives back
	check 'nor is what waits already' 0 "$(run "$("$scheduler" sync --full)" total)"
	sql "UPDATE gesync.run SET started_at = now() WHERE run = '$id'"        # as one that PostgreSQL heard of late
	check 'a run is listed once' 1 "$("$ctl" runs | grep -c "^$id ")"
	redis hset "gesync:run:$id" deadline 1 > /dev/null      # it is over
	check 'with the deadline of who joins then' "$id $at" "$("$scheduler" sync --data-only --deadline 00:00) $(run "$id" deadline)"
	redis hset "gesync:run:$id" deadline 1 > /dev/null
	redis srem gesync:paused bulk > /dev/null
	eventually 30 'what has not started by then is put back' $due run "$id" put_back
	well() { echo "$(run "$id" state) $(run "$id" failed)"; }
	eventually 10 'nothing has failed' 'done 0' well
	told() { sql "SELECT count(*) FROM gesync.run_failure WHERE run = '$id' AND code = 'put_back'"; }
	eventually 10 'they are listed' $due told
	has 'and counted' "put_back   $due" "$("$ctl" run "$id")"

	# Of them two that were modified longest ago, as though the others had been fetched.
	mapfile -t old < <(sql "WITH old AS (SELECT license_number AS n FROM license_licensedetailsmodel
		WHERE purchase_status = 'GE' AND is_active ORDER BY modified_on, id LIMIT 2),
		gone AS (DELETE FROM gesync.run_failure WHERE run = '$id' AND license NOT IN (SELECT n FROM old))
		SELECT n FROM old ORDER BY n COLLATE \"C\"")
	redis sadd gesync:paused bulk > /dev/null
	check 'a dry run names first what was put back' "${old[*]}" "$("$scheduler" sync --data-only --dry-run | sed -n '2,3s/^ *\([^ ]*\) .*/\1/p' | xargs)"
	id=$("$scheduler" sync --data-only)
	first() { redis lrange gesync:queue:bulk -"$1" -1 | tac | grep -oE '"license":"[^"]*"' | cut -d'"' -f4 | xargs; }
	eventually 10 'the next night begins with it' "${old[*]}" first 2
	check 'and goes on with all others, once' "$due $due" "$(run "$id" total) $(redis lrange gesync:queue:bulk 0 -1 | sort -u | wc -l)"
	redis del gesync:queue:bulk > /dev/null
	redis hset "gesync:run:$id" fanned 0 lease_until 0 place "!${old[0]}" total 1 queued 1 > /dev/null
	check 'a scheduler that takes over behind the first' "$id" "$("$scheduler" sync --data-only)"
	check 'goes on with the second' "${old[1]}" "$(first 1)"
	check 'and enqueues none twice' "$due $((due - 1)) 0" "$(run "$id" total) $(redis llen gesync:queue:bulk) $(
		redis lrange gesync:queue:bulk 0 -1 | grep -c "\"${old[0]}\"")"
	stop_workers "$three"
	redis flushall > /dev/null
	sql "INSERT INTO gesync.run_failure (run, license, code, message) VALUES ('$id', '1', 'x', 'of the former')"
	"$scheduler" sync --structure-only --id "$id" --wait=0 > /dev/null 2>&1
	check 'a run that begins anew under an id of before has nothing of the former' 'structure 0' \
		"$(sql "SELECT mode, (SELECT count(*) FROM gesync.run_failure f WHERE f.run = r.run) FROM gesync.run r WHERE run = '$id'" | tr '|' ' ')"
}

# ---- the scheduler killed at each step ----
killed() {
	psql -X -q -d postgres -c 'DROP DATABASE lmanagement' -c 'CREATE DATABASE lmanagement TEMPLATE before'
	redis flushall > /dev/null
	begin() {       # a sync in the background; its process id in $sync
		setsid "$scheduler" sync > "$dir/sync.out" 2>&1 < /dev/null &
		sync=$!
	}
	# Killed; and what another scheduler would have to wait for is over.
	kill_scheduler() {
		kill -KILL "$sync" 2> /dev/null             # it may have done its work
		wait "$sync" 2> /dev/null
		redis hset "gesync:run:$id" lease_until 0 > /dev/null
	}
	waits() { redis llen "gesync:queue:$1"; }
	out=$("$scheduler" sync --wait=0 2> /dev/null)
	check 'one that gives up waiting: 75' 75 $?
	check 'it has told the id' "$(redis zrange gesync:runs 0 0)" "$out"
	has 'the next goes on with it at once; its document is the run as it is' "{\"id\":\"$out\",\"state\":\"running\"," \
		"$("$scheduler" sync --wait=0 --json 2> /dev/null)"
	begin
	eventually 20 'check is on its list' 1 waits check
	id=$(redis zrange gesync:runs 0 0)
	kill_scheduler
	begin
	known() { [ "$(run "$id" lease_until)" -gt 0 ] && echo yes; }
	eventually 20 'a second scheduler takes the run over' yes known
	check 'with the same check' 1 "$(waits check)"
	kill_scheduler
	worker structure --queues check
	structure=$pid
	begin
	eventually 30 'migrate is on its list' 1 waits migrate
	kill_scheduler
	stop_workers "$structure"
	begin
	eventually 20 'a third takes it over' yes known
	check 'with the same migrate' 1 "$(waits migrate)"
	worker structure --queues check,migrate
	structure=$pid
	some() { [ "$(run "$id" total)" -gt 0 ] && echo yes; }
	eventually 60 'licences come to the list' yes some
	kill_scheduler
	out=$("$scheduler" sync)
	check 'a fourth ends it: one run' "$id 1" "$out $(redis zcard gesync:runs)"
	check 'no licence twice, none missing' "$due $due" \
		"$(redis lrange gesync:queue:bulk 0 -1 | wc -l) $(redis lrange gesync:queue:bulk 0 -1 | grep -o '"license":"[^"]*"' | sort -u | wc -l)"
	stop_workers "$structure"
	worker four
	finished() { echo "$(run "$id" state) $(run "$id" 'done')"; }
	eventually $((30 + n / 50)) 'and every licence is done' "done $due" finished
	stop_workers "$pid"
}
