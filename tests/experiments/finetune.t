# finetune.t - the driver for anyone's images, rewards and models: what it runs on, what it measures, how it goes on, what it refuses.
. "$ORW_ROOT/tests/tap.sh"
program=$BUILD/bin/finetune
orw=$BUILD/bin/orw
config=$ORW_ROOT/experiments/finetune/smoke.conf
tab=$(printf '\t')
tiny="--set pretrain.updates=8 --set finetune.batch=8 --set evaluate.count=8 --set solver.steps=2 --set sweep.orw=0.5"
one() { # one OPTION...: a small run
    # shellcheck disable=SC2086
    "$program" "$config" $tiny "$@" > one.log 2>&1
}
table() { "$orw" export "$1" evaluation | awk -F '\t' -v name="$2" '/^#/ { sub(/^# */, ""); for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { v = $c } END { print v }'; }

# ---- a folder, a sum of rewards, two temperatures, on one rank and on two
"$orw" export --images pictures/ sprites:3:60 2> /dev/null
own="--set data.set=folder:pictures --set data.size=8 --set model.attention_resolutions=4"
# shellcheck disable=SC2086
one $own --set "reward=0.5*brightness + 2*jpeg_size" --set sweep.tau=1,3 --out one
is $? 0 "a folder and a sum of rewards: $(tail -n 1 one.log)"
run=one/finetune/runs/orw-tau3-alpha0.5-seed1
[ -f "$run/policy.h5" ] || run=$(find one/finetune/runs -name 'orw*tau*3*' | head -n 1)
exists "$run/policy.h5" "a run for each temperature"
is "$(find one/finetune/runs -name policy.h5 | wc -l | tr -d ' ')" 3 "and the base model's"
like "$("$orw" export "$run/run.h5" evaluation | head -n 1)" "part_brightness${tab}part_jpeg_size" "with a column for each part"
awk "BEGIN { exit !($(table "$run/run.h5" sliced_w2) > 0 && $(table "$run/run.h5" sliced_w2_images) > 0) }"
report $? "distances to the base model's samples and to real images"
like "$("$orw" export --provenance "$run/run.h5")" "^data.train${tab}folder:pictures sha256" "the data's digest stands in it"
# shellcheck disable=SC2086
mpirun --oversubscribe --bind-to none -n 2 "$program" "$config" $tiny $own --set "reward=0.5*brightness + 2*jpeg_size" --set sweep.tau=1,3 --out two > two.log 2>&1
is $? 0 "on two ranks: $(tail -n 1 two.log)"
"$ORW_ROOT/scripts/same-results.sh" one two > /dev/null
report $? "the same bits"

# ---- more rounds
one --set finetune.rounds=2 --out more
before=$(sha256sum < more/finetune/runs/orw-alpha0.5-seed1/policy.h5)
one --set finetune.rounds=4 --extend --out more
is $? 0 "more rounds: $(tail -n 1 one.log)"
like "$(cat one.log)" "goes on at round 2" "from where it had ended"
is "$(sha256sum < more/finetune/runs/orw-alpha0.5-seed1.replaced-1/policy.h5)" "$before" "the shorter run stays"
one --set finetune.rounds=4 --out whole
for table in evaluation metrics; do
    is "$("$orw" export more/finetune/runs/orw-alpha0.5-seed1/run.h5 $table)" "$("$orw" export whole/finetune/runs/orw-alpha0.5-seed1/run.h5 $table)" \
        "the longer one is that of so many rounds from the start: $table"
done
"$orw" sample more/finetune/runs/orw-alpha0.5-seed1/policy.h5 more.npy 2> /dev/null
"$orw" sample whole/finetune/runs/orw-alpha0.5-seed1/policy.h5 whole.npy 2> /dev/null
cmp more.npy whole.npy
report $? "and so is its policy"
like "$("$orw" export --provenance more/finetune/runs/orw-alpha0.5-seed1/run.h5)" "^changes${tab}at round 2: finetune.rounds = 2, now 4" "which says so"
one --set finetune.rounds=6 --set finetune.rate=1e-5 --extend --out more
is $? 2 "with another rate as well"
like "$(tail -n 1 one.log)" "error: --extend: .*other settings, expected another finetune.rounds alone: .*finetune.rate = " "it is refused"
rm more/finetune/runs/orw-alpha0.5-seed1/state.h5
one --set finetune.rounds=6 --extend --out more
like "$(tail -n 1 one.log)" "error: --extend: .*state.h5: not there, expected it kept by checkpoint.keep" "likewise without a state"
exists more/finetune/runs/orw-alpha0.5-seed1/policy.h5 "and what is there stays"

# ---- a model of one's own and no images
one --set data.set=none --set base.init=whole/finetune/base/model.h5 --out none
is $? 0 "no data, but a base model: $(tail -n 1 one.log)"
is "$(table none/finetune/runs/orw-alpha0.5-seed1/run.h5 sliced_w2_images)" nan "there are no real images to be far from"
one --set data.set=none --set base.init=mnist --set finetune.rounds=1 --out digits
is $? 0 "one that comes with the source: $(tail -n 1 one.log)"

# ---- classes
one --set data.set=sprites --set sprites.nouns=3 --set model.classes=3 --set finetune.rounds=1 --out classes
is $? 0 "a model of classes: $(tail -n 1 one.log)"

# ---- bad input
refuse() { # refuse PATTERN NAME OPTION...
    pattern=$1 name=$2
    shift 2
    one "$@" --out bad
    is $? 2 "$name"
    like "$(tail -n 1 one.log)" "error: $pattern" "in one line"
}
refuse "data.set: none, expected base.init" "neither images nor a model" --set data.set=none
refuse ".*brightnes.*brightness" "a misspelt reward" --set reward=brightnes
refuse "nowhere: expected a folder" "no folder" --set data.set=folder:nowhere
refuse "data.set: frogs: an unknown data set, expected mnist:train" "no data set" --set data.set=frogs
refuse ".*even_digit" "a reward of classes without labels" --set reward=even_digit --set data.set=none --set base.init=mnist
refuse ".*alignment" "a reward of captions where there are none" --set reward=alignment
[ -z "$(find bad -name '*.h5' 2> /dev/null)" ]
report $? "before anything is made"
done_testing
