# end.t - ranks that fail: one line in all, exit status 2, and no job that hangs.
. "$ORW_ROOT/tests/tap.sh"

# start MODE: three ranks; $status, and $said: the lines of ours on stderr.
start() {
    # MPIRUN is a command with its options.
    # shellcheck disable=SC2086
    run ${MPIRUN:-mpirun -q --oversubscribe --bind-to none} -n 3 "$BUILD/tests/parallel/test_end" "$1"
    said=$(printf '%s\n' "$err" | grep '^orw: ')
}
start well
is "$status" 0 "all ranks succeed"
is "$said" "" "nothing is said"
start all
is "$status" 2 "all ranks fail alike"
is "$said" "orw: error: alpha = -1" "one of them says so"
start one
is "$status" 2 "one rank fails at the end"
is "$said" "orw: error: seen by rank 1" "it says so"
start agree
is "$status" 2 "two ranks fail and all agree"
is "$said" "orw: error: seen by rank 1" "the lowest one's text is said once"
start stuck
is "$status" 2 "one rank fails while the others wait for it"
like "$said" "^orw: error: rank 1 is alone (rank 1 of 3" "it says so with its number and ends the job"
done_testing
