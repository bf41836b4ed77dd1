# The compression experiment on sprites, which need no download: bad input, what is measured, the same bits on two ranks, one base model for
# the whole sweep.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/compression
config=$ORW_ROOT/experiments/compression/smoke.conf

run "$program" --help
is "$status" 0 "--help succeeds"
like "$out" "data.set" "and lists the keys"
fails "data.set.*frogs" "a data set that does not exist" "$program" "$config" --set data.set=frogs
fails "reward.quality.*101" "a JPEG quality above 100" "$program" "$config" --set reward.quality=101
fails "sweep.orw.*-1" "a negative alpha" "$program" "$config" --set sweep.orw=-1
fails "nowhere" "CIFAR-10 where it is not" "$program" "$config" --set data.set=cifar10 --set data.directory=nowhere --out cifar
fails "quality.images.*1" "one test image" "$program" "$config" --set quality.images=1
[ -z "$(find . -name '*.h5')" ]
report $? "nothing was written"

tiny="--set data.set=sprites --set sprites.count=200 --set pretrain.updates=20 --set classifier_b.updates=10 --set finetune.rounds=2
    --set evaluate.every=2 --set checkpoint.rounds=1"
# shellcheck disable=SC2086
"$program" "$config" $tiny --out one > one.log 2>&1
is $? 0 "it runs"
like "$(cat one.log)" "base model: mean size [0-9]* bytes, the training images' [0-9]*" "and says how the sizes compare"
results=one/compression

table() { "$BUILD/bin/orw" export "$results/runs/$1/run.h5" evaluation; }
# value RUN ROW COLUMN
value() {
    table "$1" | awk -v row="$2" -v name="$3" '/^#/ { sub(/^# */, ""); for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
        row == ++n || row == "last" { v = $c } END { print v }'
}
holds() { awk "BEGIN { exit !($1) }"; }

run=orw-alpha0-seed1
is "$(value $run 1 sliced_w2) $(value $run 1 distance) $(value $run 1 distance_trajectory)" "0 0 0" "a run starts at the base model"
holds "$(value $run last sliced_w2) > 0 && $(value $run last distance) > 0 && $(value $run last distance_trajectory) > 0"
report $? "and leaves it, by every distance"
holds "($(value $run last bytes_mean) + 1000 * $(value $run last reward_mean))^2 < 1e-4"
report $? "bytes are those of the reward"
holds "($(value $run last bytes_mean) - $(value $run last bytes_above_floor) - 641)^2 < 1e-6"
report $? "641 of them are the format's floor"
holds "$(value base 1 frechet) > 0 && $(value base 1 pairwise_distance) > 0 && $(value base 1 blank_share) == 0"
report $? "noisy samples of an untrained model are not blank, and are far from sprites"
holds "$(value base 1 named_share) >= 0 && $(value base 1 named_share) < 0.5"
report $? "few of them have a name, by a classifier that is hardly trained: $(value base 1 named_share)"
# One of 60 classes has always a sixtieth.
# shellcheck disable=SC2086
"$program" "$config" $tiny --set quality.named=0.0166 --stage rewards --out named > /dev/null 2>&1
is "$("$BUILD/bin/orw" export named/compression/runs/base/run.h5 evaluation | tail -n 1 | awk '{ print $NF }')" 1 "all have one, where little is asked"
provenance=$("$BUILD/bin/orw" export --provenance "$results/runs/$run/run.h5")
like "$provenance" "^data.train.*sprites:1:200 sha256" "the data set is named with its digest"
like "$provenance" "^data.frechet.*[0-9]" "and how far real images are from real images"

if command -v h5diff > /dev/null && command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    mpirun --oversubscribe --bind-to none -n 2 "$program" "$config" $tiny --out two > two.log 2>&1
    different=
    for file in $(cd one && find . -name '*.h5'); do
        said=$(h5diff -c --exclude-path /provenance --exclude-path /timing "one/$file" "two/$file" 2>&1) && [ -z "$said" ] ||
            different="$different $file"
    done
    is "$different" "" "two ranks give the bits of one"
else
    skip "h5diff or mpirun is not installed"
fi

state() { find $results -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort; }
before=$(state)
# shellcheck disable=SC2086
"$program" "$config" $tiny --out one --set sweep.orw=0,0.5,2 > again.log 2>&1
is "$(state | grep -v alpha2-)" "$before" "one more alpha touches nothing of what is there, the base model least of all"
exists $results/runs/orw-alpha2-seed1/policy.h5 "and is run"

done_testing
