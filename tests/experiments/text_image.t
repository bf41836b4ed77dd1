# The smoke profile of the text-image experiment: the same bits on one and on two ranks, a second call does nothing; bad input is
# refused in one line.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/text_image
config=$ORW_ROOT/experiments/text_image/smoke.conf
launcher=${MPIRUN:-mpirun --oversubscribe --bind-to none}
[ -x "$program" ] || skip_all "text_image is not built"

run "$program" --help
like "$out" "sweep.raft" "--help lists the methods' alphas"
fails "scenes.*3 objects" "three objects" "$program" "$config" --set scenes.objects=3 --out bad
fails "nowhere/names.tsv" "sprites that are not there" "$program" "$config" --set data.directory=nowhere --out bad
fails "reward: unknown reward 'beauty', the nearest one is .*preference" "an unknown reward" "$program" "$config" --set reward=beauty --out bad
fails "lora.rank.*4000.*32" "adapters wider than the network" "$program" "$config" --set lora.rank=4000 --out bad
fails "scenes.nouns.*2.*at least 3" "two nouns" "$program" "$config" --set scenes.nouns=2 --set scenes.held_out=0 --out bad
fails "prompts.*60 seen.*candidates" "more prompts than candidates" "$program" "$config" --set prompts.seen=60 \
    --set prompts.candidates=20 --out bad
fails "finetune.batch.*4.*5 prompts" "fewer images than prompts" "$program" "$config" --set finetune.batch=4 --set prompts.seen=4 \
    --out bad
fails "method.*rafft" "an unknown method of variants" "$program" "$config" --set variants.methods=orw,rafft --out bad
printf 'a cat on the left of a dgo\n' > wrong.txt
fails "wrong.txt.*dgo.*dog" "an unknown word in a prompt, with the nearest one" "$program" "$config" --set prompts.file=wrong.txt \
    --out bad
printf 'a cat\n' > alone.txt
fails "alone.txt.*two nouns" "a prompt of one object" "$program" "$config" --set prompts.file=alone.txt --out bad
[ ! -e bad/text_image/base ]
report $? "nothing was begun with bad settings"

$program "$config" --out one > one.log 2>&1
is $? 0 "the smoke profile runs on one rank, without mpirun"
for name in base orw-alpha0-seed1 orw-alpha1-seed1 raft-alpha1-seed1 reft-alpha1-seed1 control-alpha0-seed1 orw-lora-alpha1-seed1 \
    orw-detection-alpha1-seed1 orw-preference-alpha1-seed1 raft-lora-alpha1-seed1 raft-detection-alpha1-seed1; do
    [ -f "one/text_image/runs/$name/policy.h5" ] && [ -f "one/text_image/others/$name/run.h5" ]
    report $? "$name is there, and its look at other prompts"
done
found=$("$BUILD/bin/orw" export one/text_image/runs/orw-alpha1-seed1/run.h5 evaluation)
like "$found" "judge_right.*judge_right_held_out.*variety.*alignment.*detection.*preference.*right_0.*right_2" "what is measured"
is "$(printf '%s\n' "$found" | grep -vc '^#')" 2 "before the first round and after the last"
found=$("$BUILD/bin/orw" export --provenance one/text_image/runs/orw-alpha1-seed1/run.h5)
like "$found" "prompt.0.*a .*" "the provenance names the prompts"
like "$found" "prompt.2.*held out" "and says which were held out from pre-training"
unlike "$found" "prompt.3" "and no others"

# same A B: the HDF5 files that differ, but for timings and provenance.
different() {
    for file in $(cd "$1" && find . -name '*.h5' | sort); do
        said=$(h5diff -c --exclude-path /provenance --exclude-path /timing "$1/$file" "$2/$file" 2>&1) && [ -z "$said" ] ||
            echo "$file"
    done
}
if command -v h5diff > /dev/null && { command -v mpirun > /dev/null || [ -n "${MPIRUN:-}" ]; }; then
    $launcher -n 2 "$program" "$config" --out two > two.log 2>&1
    is $? 0 "it runs on two ranks"
    is "$(different one two)" "" "two ranks give the bits of one"
else
    skip "h5diff or mpirun is not installed"
    skip "h5diff or mpirun is not installed"
fi

before=$(find one -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort)
$program "$config" --out one > again.log 2>&1
is "$?:$(find one -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort)" "0:$before" "a second call touches nothing"

# Prompts of one's own, on models that are there.
only="--set sweep.orw=1 --set sweep.raft= --set sweep.reft= --set sweep.control= --set also.lora= --set also.rewards="
printf 'a cat on the left of a dog\na banana under an apple\n' > prompts.txt
# shellcheck disable=SC2086
$program "$config" $only --set prompts.file=prompts.txt --out one > own.log 2>&1
is $? 0 "prompts of one's own"
like "$(cat own.log)" "prompt 1: a banana underneath an apple" "are taken as they are"

done_testing
