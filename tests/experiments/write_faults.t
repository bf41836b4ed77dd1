# A disk that fails at eight operations of a run, one in each eighth of it, leaves no wrong result behind: `make faults`, in short. What is saved
# by itself meets every failure in tests/store/test_faults.c.
. "$ORW_ROOT/tests/tap.sh"

command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"
command -v bash > /dev/null || skip_all "bash is not installed"
command -v "${CC:-cc}" > /dev/null || skip_all "no C compiler is installed"
! grep -q fsanitize "$BUILD/flags" || skip_all "a sanitizer's library must be loaded before any other"
FAULTS=8 FAULTS_DIR=$PWD/faults
export FAULTS FAULTS_DIR
run "$ORW_ROOT/scripts/faults.sh"
printf '%s\n' "$out" | sed 's/^/# /'
is "$status" 0 "eight operations failed, and no result is wrong"
like "$out" "^8 operations failed: [1-9][0-9]* were errors and the run went on afterwards" "some of them were errors"
[ "$status" -eq 0 ] || printf 'write_faults.t: %s\n%s\n' "$out" "$err" >&2 # it will not be the same the next time
FAULTS=some run "$ORW_ROOT/scripts/faults.sh"
is "$status" 2 "a number of operations that is none is refused"
done_testing
