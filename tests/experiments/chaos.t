# A run that is killed eight times, at random moments, on changing numbers of ranks, ends like one that never was: `make chaos`, in short.
. "$ORW_ROOT/tests/tap.sh"

command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"
command -v mpirun > /dev/null || skip_all "mpirun is not installed"
command -v bash > /dev/null || skip_all "bash is not installed"
KILLS=8 CHAOS=$PWD/chaos
export KILLS CHAOS
run "$ORW_ROOT/scripts/chaos.sh"
printf '%s\n' "$out" | sed 's/^/# /'
is "$status" 0 "eight kills, and every run ended with the same results"
like "$out" "^8 kills, [1-9][0-9]* complete runs" "all of them were made"
[ "$status" -eq 0 ] || printf 'chaos.t: %s\n%s\n' "$out" "$err" >&2 # it will not be the same the next time
KILLS=many run "$ORW_ROOT/scripts/chaos.sh"
is "$status" 2 "a number of kills that is none is refused"
done_testing
