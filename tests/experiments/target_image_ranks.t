# The smoke profile on 1, 2 and 3 ranks gives the same models, metrics and samples; a second call does nothing; a killed one goes on
# to the same bits.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
launcher=${MPIRUN:-mpirun --oversubscribe --bind-to none}
command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"
command -v mpirun > /dev/null || [ -n "${MPIRUN:-}" ] || skip_all "mpirun is not installed"

# same A B NAME: A and B hold the same HDF5 files, equal but for timings and provenance. h5diff's status is 0 where shapes differ:
# with -c it says so, and any word of it counts.
same() {
    different=
    [ "$(cd "$1" && find . -name '*.h5' | sort)" = "$(cd "$2" && find . -name '*.h5' | sort)" ] || different="list of files"
    for file in $(cd "$1" && find . -name '*.h5' | sort); do
        said=$(h5diff -c --exclude-path /provenance --exclude-path /timing "$1/$file" "$2/$file" 2>&1) && [ -z "$said" ] ||
            different="$different $file"
    done
    is "$different" "" "$3"
}

$program "$config" --out one > one.log 2>&1
is $? 0 "the smoke profile runs on one rank, without mpirun"
files=$(find one -name '*.h5' | wc -l)
[ "$files" -ge 16 ]
report $? "it wrote models, runs and samples ($files files)"
[ -z "$(find one -name '*.partial' -o -name 'checkpoint*.h5')" ]
report $? "and left no partial files and no checkpoints"

for ranks in 2 3; do
    $launcher -n $ranks "$program" "$config" --out "ranks$ranks" > "ranks$ranks.log" 2>&1
    is $? 0 "it runs on $ranks ranks"
    same one "ranks$ranks" "$ranks ranks give the bits of one"
done

before=$(find one -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort)
$program "$config" --out one > again.log 2>&1
is "$?:$(find one -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort)" "0:$before" "a second call touches nothing"

# Killed as soon as there is a checkpoint; then it goes on, on another number of ranks.
for place in whole killed; do
    mkdir -p "$place/target_image/runs"
    cp -r one/target_image/base one/target_image/classifier_a one/target_image/classifier_b "$place/target_image/"
    cp -r one/target_image/runs/base "$place/target_image/runs/"
done
longer="--set finetune.rounds=24 --set sweep.orw=0.3 --set sweep.offline="
# shellcheck disable=SC2086
$program "$config" $longer --out whole > whole.log 2>&1
is $? 0 "a longer run"
# shellcheck disable=SC2086
$program "$config" $longer --out killed > killed.log 2>&1 &
victim=$!
run=killed/target_image/runs/orw-alpha0.3-seed1
while [ ! -e $run/checkpoint.h5 ] && kill -0 $victim 2> /dev/null; do sleep 0.02; done
kill -9 $victim 2> /dev/null
wait $victim 2> /dev/null
[ ! -e $run/policy.h5 ] && [ -e $run/checkpoint.h5 ]
report $? "killed before its end, it leaves a checkpoint"
# shellcheck disable=SC2086
$launcher -n 2 "$program" "$config" $longer --out killed --resume > resumed.log 2>&1
is $? 0 "the run goes on on two ranks"
like "$(cat resumed.log)" "goes on at round" "from the checkpoint"
same whole killed "and ends with the bits of one that was never stopped"

done_testing
