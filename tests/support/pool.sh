# shellcheck shell=bash
# pool.sh - for tests in bash: Redis, PostgreSQL with the application's schema
# and the reference licences, and the GE simulator, in $dir. Sourced after
# scripts/lib.sh and check.sh, from the top folder; stops all of it at the end.

build=${GESYNC_BUILD:-build}
scheduler=$build/bin/gesync-scheduler
ctl=$build/bin/gesyncctl
dir=$(lib_folder)
trap 'lib_stop; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
facts=tests/data/facts/balance_cases

lib_start_redis "$dir"
# shellcheck disable=SC2034,SC2154  # lib.sh has it
redis_pid=${lib_pids[-1]}
lib_start_postgres "$dir"
export PGHOST=$dir/postgres PGUSER=lmanagement PGDATABASE=lmanagement PGOPTIONS='-c client_min_messages=warning'
scripts/create-schema "host=$PGHOST user=$PGUSER dbname=$PGDATABASE" > "$dir/schema.log" 2>&1 || lib_die "create-schema: $(tail -n 3 "$dir/schema.log")"
psql -X -q -1 -f $facts/data.sql > /dev/null && psql -X -q -f tests/support/reset_sequences.sql > /dev/null

lib_spawn "$dir/sim.log" "$build/tests/ge_sim" --listen 127.0.0.1:0 --generate --session demo --csrf demo --port-file "$dir/port"
lib_wait 10 "the simulator ($dir/sim.log)" test -s "$dir/port"
sim=http://127.0.0.1:$(cat "$dir/port")

unset "${!GESYNC_@}"
export GESYNC_REDIS_URL=unix://$dir/redis.sock GESYNC_DATABASE_URL="host=$PGHOST user=$PGUSER dbname=$PGDATABASE"
export GESYNC_GE_URL=$sim/degree GESYNC_GE_SESSION=demo GESYNC_GE_CSRF=demo GESYNC_GE_RATE=0 GESYNC_TODAY=2025-11-19
export GESYNC_RETRY_BASE=100ms GESYNC_LEASE=3s

redis() { redis-cli -s "$dir/redis.sock" "$@"; }
sql() { psql -X -q -At -c "$1"; }
field() { redis hget gesync:outcome:fetch "$1" | grep -oE "\"$2\":(\"[^\"]*\"|[^,}]*)" | head -n 1 | cut -d: -f2- | tr -d '"'; }
worker() {      # NAME ARGUMENTS... - its process id in $pid
	local name=$1
	shift
	lib_spawn "$dir/$name.log" "$build/bin/gesync-worker" "$@"
	pid=${lib_pids[-1]}
}
control() { curl -sS -X POST "$sim/_control/$1" -d "${2-}"; }
# The process that holds a licence; its name ends in process id and noise.
holder() { redis hget gesync:locks "=$1" | cut -d' ' -f1 | grep -oE '[0-9]+-[0-9a-f]{8}$' | cut -d- -f1; }
started() { [ -n "$(holder "$1")" ] && echo yes; }
