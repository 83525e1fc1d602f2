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
	local end=$((SECONDS + $1)) what=$2
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
	local dir=$1 bin memory=posix as
	bin=$(lib_pg_bin)
	as=$(lib_as_postgres)
	mkdir "$dir/postgres"
	[ -z "$as" ] || chown postgres: "$dir/postgres"
	# shellcheck disable=SC2086  # words
	(cd / && HOME=/ $as "$bin/initdb" -D "$dir/postgres/data" -U lmanagement -A trust -E UTF8 \
		--locale=C.UTF-8 --no-sync) > "$dir/initdb.log" 2>&1 ||
		lib_die "initdb failed: $(tail -n 3 "$dir/initdb.log")"
	# A bare chroot or container may lack it.
	[ -d /dev/shm ] && [ -w /dev/shm ] || memory=mmap
	# shellcheck disable=SC2086
	lib_spawn "$dir/postgres.log" $as "$bin/postgres" -D "$dir/postgres/data" -k "$dir/postgres" \
		-c listen_addresses= -c fsync=off -c dynamic_shared_memory_type=$memory -c max_connections=50
	lib_wait 30 "PostgreSQL ($dir/postgres.log)" \
		psql -X -q -h "$dir/postgres" -U lmanagement -d postgres -c 'SELECT 1'
	psql -X -q -h "$dir/postgres" -U lmanagement -d postgres -c 'CREATE DATABASE lmanagement'
}

# TERM, in the reverse order; KILL for what is there 15 s later.
lib_stop() {
	local i pid end
	for ((i = ${#lib_pids[@]} - 1; i >= 0; i--)); do
		pid=${lib_pids[i]}
		# PostgreSQL's TERM waits for its clients; INT does not.
		if [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = postgres ]; then
			kill -INT "$pid" 2> /dev/null
		else
			kill "$pid" 2> /dev/null
		fi
		end=$((SECONDS + 15))
		while kill -0 "$pid" 2> /dev/null && [ $SECONDS -lt $end ]; do
			sleep 0.05
		done
		kill -KILL "$pid" 2> /dev/null
		wait "$pid" 2> /dev/null
	done
	lib_pids=()
}
