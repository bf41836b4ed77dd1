# The smoke profile on 1 to 4 ranks gives the same models, metrics and samples; a second call does nothing. (Killed runs: chaos.t.)
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
launcher=${MPIRUN:-mpirun --oversubscribe --bind-to none}
command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"
command -v mpirun > /dev/null || [ -n "${MPIRUN:-}" ] || skip_all "mpirun is not installed"

# same A B NAME: A and B hold the same HDF5 files, equal but for timings and provenance.
same() {
    different=$("$ORW_ROOT/scripts/same-results.sh" "$1" "$2" | paste -sd ' ' -)
    is "$different" "" "$3"
}

mkdir nothing
fails "hold no HDF5 file" "two empty folders are not called the same" "$ORW_ROOT/scripts/same-results.sh" nothing nothing
$program "$config" --out one > one.log 2>&1
is $? 0 "the smoke profile runs on one rank, without mpirun"
files=$(find one -name '*.h5' | wc -l)
[ "$files" -ge 16 ]
report $? "it wrote models, runs and samples ($files files)"
[ -z "$(find one -name '*.partial' -o -name 'checkpoint*.h5')" ]
report $? "and left no partial files and no checkpoints"

for ranks in 2 3 4; do
    $launcher -n $ranks "$program" "$config" --out "ranks$ranks" > "ranks$ranks.log" 2>&1
    is $? 0 "it runs on $ranks ranks"
    same one "ranks$ranks" "$ranks ranks give the bits of one"
done

before=$(find one -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort)
$program "$config" --out one > again.log 2>&1
is "$?:$(find one -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort)" "0:$before" "a second call touches nothing"

done_testing
