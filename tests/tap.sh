# shellcheck shell=sh
# tap.sh - the Test Anything Protocol for shell tests: . "$ORW_ROOT/tests/tap.sh". sh, not bash. tests/launch sets ORW_ROOT and BUILD
# and starts the script in a scratch directory of its own.
#
#   report STATUS NAME               one check
#   is FOUND EXPECTED NAME           equal texts
#   like, unlike FOUND PATTERN NAME  some line matches the pattern (grep's), or none does
#   exists FILE NAME
#   run COMMAND...                   $status, $out and $err of a command
#   fails PATTERN NAME COMMAND...    status 2, nothing on stdout, and on stderr one line that matches the pattern
#   skip REASON                      one check that cannot be made here
#   skip_all REASON                  none can: ends the script
#   done_testing                     at the end

tap_count=0
tap_failed=0

report() {
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
    fi
    return "$1"
}

# tap_show LABEL TEXT...: what a failed check saw, as TAP comments.
tap_show() {
    while [ $# -gt 1 ]; do
        printf '%s: %s\n' "$1" "$2" | sed 's/^/#   /'
        shift 2
    done
}

is() {
    [ "$1" = "$2" ]
    report $? "$3" || tap_show found "$1" expected "$2"
}

like() {
    printf '%s\n' "$1" | grep -q -e "$2"
    report $? "$3" || tap_show found "$1" expected "$2"
}

unlike() {
    ! printf '%s\n' "$1" | grep -q -e "$2"
    report $? "$3" || tap_show found "$1" unexpected "$2"
}

exists() {
    [ -e "$1" ]
    report $? "$2"
}

run() {
    "$@" > tap.out 2> tap.err
    status=$?
    out=$(cat tap.out)
    err=$(cat tap.err)
}

fails() {
    tap_pattern=$1
    tap_name=$2
    shift 2
    run "$@"
    [ "$status" -eq 2 ] && [ -z "$out" ] && [ "$(wc -l < tap.err)" -eq 1 ] && grep -q -e "$tap_pattern" tap.err
    report $? "$tap_name" || tap_show status "$status" stdout "$out" stderr "$err" expected "$tap_pattern"
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count # SKIP $1"
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

done_testing() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}
