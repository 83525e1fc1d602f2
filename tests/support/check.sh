# shellcheck shell=bash
# check.sh - for tests in bash: sentences that hold or do not, and a pool of
# real servers. Sourced after scripts/lib.sh; a test ends with check_end.

passed=0 failed=0

check() {       # SENTENCE EXPECTED ACTUAL
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
	fi
}

has() {         # SENTENCE PART ACTUAL
	case $3 in
	*"$2"*) check "$1" "" "" ;;
	*) check "$1" "something with: $2" "$3" ;;
	esac
}

# within SECONDS SENTENCE EXPECTED COMMAND... - once the command prints it; the
# seconds are what is promised. It looks less often the longer that takes.
within() {
	local end=$((SECONDS + $1)) sentence=$2 expected=$3 actual hundredths=2
	shift 3
	while actual=$("$@" 2>&1); [ "$actual" != "$expected" ] && [ $SECONDS -lt $end ]; do
		sleep "0.0$hundredths"
		[ $hundredths = 9 ] || hundredths=$((hundredths + 1))
	done
	check "$sentence" "$expected" "$actual"
}

# eventually SECONDS SENTENCE EXPECTED COMMAND... - where nothing is promised: a
# busy machine gets several times as long.
eventually() {
	within $((lib_patience * $1)) "${@:2}"
}

check_end() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}
