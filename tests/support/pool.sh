# shellcheck shell=bash disable=SC2034,SC2154,SC2155  # for others; of others
# pool.sh - for tests in bash: Redis, PostgreSQL with the application's schema
# and the reference licences, and the GE simulator, in $dir. Sourced after
# scripts/lib.sh and check.sh, from the top folder; stops all of it at the end.
# Before that a test may set generate=N, licences beside the reference, and
# sim_options=(...).

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
[ -z "${generate-}" ] || psql -X -q -1 -v n="$generate" -f tests/support/generate_licences.sql > /dev/null

lib_spawn "$dir/sim.log" "$build/tests/ge_sim" --listen 127.0.0.1:0 --generate --session demo --csrf demo --port-file "$dir/port" \
	--control-port-file "$dir/control" --log "$dir/requests.log" ${sim_options[@]+"${sim_options[@]}"}
lib_wait 10 "the simulator ($dir/sim.log)" test -s "$dir/control"
sim=http://127.0.0.1:$(cat "$dir/control")      # answers also when GE does not

unset "${!GESYNC_@}"
export GESYNC_REDIS_URL=unix://$dir/redis.sock GESYNC_DATABASE_URL="host=$PGHOST user=$PGUSER dbname=$PGDATABASE"
export GESYNC_GE_URL=http://127.0.0.1:$(cat "$dir/port")/degree GESYNC_GE_SESSION=demo GESYNC_GE_CSRF=demo GESYNC_GE_RATE=0 GESYNC_TODAY=2025-11-19
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

# A counter of the day; a test that runs past midnight has two.
today() { redis --scan --pattern 'gesync:stats:2*' | while read -r day; do redis hget "$day" "$1"; done | awk '{ n += $1 } END { print n + 0 }'; }

stats() { curl -sS "$sim/_control/stats?brief" | grep -oE "\"$1\": ?[0-9]+" | grep -oE '[0-9]+$'; }
# Of every request to GE a line: unix ms, licence, good | bad | expired | its bad day.
requests() { curl -sS "$sim/_control/requests" | tr -d ' "' | sed 's/\],\[/\n/g' | tr -d '[]' | tr ',' ' '; }
gone() { ! lib_alive "$1"; }
workers_stop() {        # PID...
	local p
	kill -TERM "$@" 2> /dev/null
	for p; do lib_wait 30 "the end of worker $p" gone "$p"; done
}
# Milliseconds of processor time that a process has used.
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) * 1000 / hz) }' "/proc/$1/stat"; }
now_ms() { date +%s%3N; }
