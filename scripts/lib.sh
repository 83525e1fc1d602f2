# shellcheck shell=bash
# lib.sh - private servers for scripts: a Redis and a PostgreSQL on Unix sockets
# in one temporary folder. For bash; sourced, never run.
#
#   dir=$(lib_folder); trap 'lib_stop; rm -rf "$dir"' EXIT
#   lib_start_redis "$dir"          $dir/redis.sock
#   lib_start_postgres "$dir"       $dir/.s.PGSQL.5432, superuser lmanagement
#
# PostgreSQL refuses to run as root, so that root becomes postgres for it.

export LC_ALL=C.UTF-8
lib_pids=()     # started here, stopped in the reverse order
lib_patience=5  # windows are those of a machine of one's own; a busy one gets so many times as long

lib_die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# A folder that the user postgres can pass; short, as a socket's path must be.
lib_folder() {
	local dir
	dir=$(mktemp -d /tmp/gesync-XXXXXX) || return 1
	chmod 711 "$dir"
	echo "$dir"
}

# Runs "$@" in the background with its output in the file $1. Out of the
# terminal's process group: Ctrl-C is for the script, which then stops it.
lib_spawn() {
	local log=$1
	shift
	setsid "$@" > "$log" 2>&1 < /dev/null &
	lib_pids+=($!)
}

# lib_wait SECONDS WHAT COMMAND... - until the command succeeds.
lib_wait() {
	local end=$((SECONDS + lib_patience * $1)) what=$2
	shift 2
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || lib_die "$what did not come up"
		sleep 0.05
	done
}

lib_start_redis() {
	lib_spawn "$1/redis.log" redis-server --port 0 --unixsocket "$1/redis.sock" --dir "$1" \
		--appendonly yes --appendfsync everysec --save '' --maxmemory-policy noeviction
	lib_wait 20 "Redis ($1/redis.log)" redis-cli -s "$1/redis.sock" ping
}

lib_pg_bin() {
	local bin
	# shellcheck disable=SC2012  # versions are numbers
	bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1)
	[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)") ||
		lib_die "no PostgreSQL server is installed: scripts/deps installs it"
	echo "$bin"
}

# setpriv execs: the process id that was noted is the server's own.
lib_as_postgres() {
	if [ "$(id -u)" = 0 ]; then
		echo setpriv --reuid=postgres --regid=postgres --clear-groups
	fi
}

lib_start_postgres() {
	local dir=$1 bin memory=mmap as
	bin=$(lib_pg_bin)
	export PATH="$bin:$PATH"        # the psql of Debian's PATH is a script in perl, and slow
	as=$(lib_as_postgres)
	mkdir "$dir/postgres"
	[ -z "$as" ] || chown postgres: "$dir/postgres"
	# shellcheck disable=SC2086  # words
	(cd / && HOME=/ $as "$bin/initdb" -D "$dir/postgres/data" -U lmanagement -A trust -E UTF8 \
		--locale=C.UTF-8 --no-sync) > "$dir/initdb.log" 2>&1 ||
		lib_die "initdb failed: $(tail -n 3 "$dir/initdb.log")"
	# A bare chroot or container may lack it, or keep it to root.
	# shellcheck disable=SC2086
	! $as test -w /dev/shm || memory=posix
	# shellcheck disable=SC2086
	lib_spawn "$dir/postgres.log" $as "$bin/postgres" -D "$dir/postgres/data" -k "$dir/postgres" \
		-c listen_addresses= -c fsync=off -c dynamic_shared_memory_type=$memory -c max_connections=50
	lib_wait 30 "PostgreSQL ($dir/postgres.log)" \
		psql -X -q -h "$dir/postgres" -U lmanagement -d postgres -c 'SELECT 1'
	psql -X -q -h "$dir/postgres" -U lmanagement -d postgres -c 'CREATE DATABASE lmanagement'
}

# A zombie whose parent does not look has ended all the same.
lib_alive() {
	kill -0 "$1" 2> /dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2> /dev/null
}

# TERM, in the reverse order; KILL for what is there 15 s later.
lib_stop() {
	local i pid end signal
	for ((i = ${#lib_pids[@]} - 1; i >= 0; i--)); do
		pid=${lib_pids[i]}
		signal=TERM
		# PostgreSQL's TERM waits for its clients; INT does not.
		[ "$(cat "/proc/$pid/comm" 2> /dev/null)" != postgres ] || signal=INT
		kill -$signal "$pid" 2> /dev/null || continue
		end=$((SECONDS + 15))
		while lib_alive "$pid" && [ $SECONDS -lt $end ]; do
			sleep 0.05
		done
		kill -KILL "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
	lib_pids=()
}
