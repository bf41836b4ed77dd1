# The steering experiment on sprites, which need no download: bad input, what is measured, the same bits on two ranks, one base model for the
# whole sweep, a second call that does nothing.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/steering
config=$ORW_ROOT/experiments/steering/smoke.conf

run "$program" --help
is "$status" 0 "--help succeeds"
like "$out" "reward.text" "and lists the keys"
sprites="--set data.set=sprites --set sprites.count=200"
# shellcheck disable=SC2086
{
    fails "dgo.*no noun known here, the nearest one is 'dog'" "a misspelt noun" "$program" "$config" $sprites \
        --set "reward.text=an image of a dgo"
    fails "'laptop' is no noun known here" "a class that the data lack" "$program" "$config" $sprites --set sprites.nouns=3 \
        --set "reward.text=an image of a laptop"
    fails "no image of sprites:1:4 shows a" "a class of which there is no image" "$program" "$config" --set data.set=sprites \
        --set sprites.count=4 --set sprites.nouns=20 --set "reward.text=an image of a dog"
    fails "expected nothing after 'dog'" "more than one object" "$program" "$config" $sprites --set "reward.text=a dog on a cat"
    fails "class_encoder.batch.*33" "a batch that shards do not divide" "$program" "$config" $sprites --set class_encoder.batch=33
}
fails "nowhere" "CIFAR-10 where it is not" "$program" "$config" --set data.set=cifar10 --set data.directory=nowhere
[ -z "$(find . -name '*.h5')" ]
report $? "nothing was written"

tiny="$sprites --set sprites.nouns=4 --set sprites.size=16 --set pretrain.updates=20 --set classifier_b.updates=60 --set class_encoder.updates=20
    --set finetune.rounds=2 --set checkpoint.rounds=1"
# shellcheck disable=SC2086
"$program" "$config" $tiny --out one > one.log 2>&1
is $? 0 "it runs"
like "$(cat one.log)" "text: an image of a dog" "and says what the text is"
like "$(cat one.log)" "class_encoder: [0-9.]* % of 200 test images right" "and how well the reward tells the classes apart"
results=one/steering

# value RUN ROW COLUMN
value() {
    "$BUILD/bin/orw" export "$results/runs/$1/run.h5" evaluation | awk -v row="$2" -v name="$3" '/^#/ {
        sub(/^# */, ""); for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
        row == ++n || row == "last" { v = $c } END { print v }'
}
holds() { awk "BEGIN { exit !($1) }"; }

run=orw-alpha0-seed1
for column in reward_mean judge_right judge_probability judge_classes variety; do
    is "$(value $run 1 $column) $(value orw-alpha1-seed1 1 $column)" "$(value base 1 $column) $(value base 1 $column)" \
        "every run starts at the base model: $column"
done
holds "$(value $run last distance) > 0 && $(value $run last reward_mean) != $(value $run 1 reward_mean)"
report $? "and leaves it"
holds "$(value base 1 reward_mean)^2 <= 1 && $(value base 1 judge_right) >= 0 && $(value base 1 judge_right) <= 1 &&
    $(value base 1 judge_probability) > 0 && $(value base 1 judge_probability) < 1 && $(value base 1 variety) > 0 &&
    $(value base 1 variety) < 1 && $(value base 1 judge_classes) >= 1"
report $? "a cosine, shares and a variety lie where they can"
like "$("$BUILD/bin/orw" export --provenance "$results/runs/$run/run.h5")" "^run.text.an image of a dog" "a run names its text"

# The text decides what the judge looks for; another one keeps all models. Over all classes shares and probabilities are those of a whole, and
# what is likeliest is what is named.
mkdir other
cp -r one/steering other/steering
models() { find other/steering -name model.h5 -exec ls -l --time-style=full-iso {} + | sort; }
before=$(models)
results=other/steering
for noun in cat dog banana apple; do
    # shellcheck disable=SC2086
    "$program" "$config" $tiny --out other --stage rewards --set "reward.text=an image of a $noun" > other.log 2>&1
    echo "$(value base 1 judge_probability) $(value base 1 judge_right) $(value base 1 reward_mean)"
done | sort -g > nouns
is "$(models)" "$before" "another text, the same models"
awk '{ p += $1; r += $2; first = NR == 1 ? $2 : first; last = $2 } END { exit !((p - 1)^2 < 1e-8 && r == 1 && first < last) }' nouns
report $? "shares and probabilities of all classes" || cat nouns
is "$(awk '{ print $3 }' nouns | sort -u | wc -l)" 4 "and every text has its own reward"
results=one/steering

if command -v h5diff > /dev/null && command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    mpirun --oversubscribe --bind-to none -n 2 "$program" "$config" $tiny --out two > two.log 2>&1
    is "$("$ORW_ROOT/scripts/same-results.sh" one two)" "" "two ranks give the bits of one"
else
    skip "h5diff or mpirun is not installed"
fi

state() { find $results -name '*.h5' -exec ls -l --time-style=full-iso {} + | sort; }
before=$(state)
# shellcheck disable=SC2086
"$program" "$config" $tiny --out one > again.log 2>&1
is "$? $(state)" "0 $before" "a second call does nothing"
# shellcheck disable=SC2086
"$program" "$config" $tiny --out one --complete > again.log 2>&1
is $? 0 "and all is complete"

done_testing
