# metrics.t - metrics of the register, asked for by name in an experiment that measures some of the same by itself.
. "$ORW_ROOT/tests/tap.sh"
program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
tiny='--set pretrain.updates=4 --set pretrain.batch=8 --set classifier_a.updates=4 --set classifier_b.updates=4 --set finetune.rounds=1
    --set finetune.batch=8 --set evaluate.count=16 --set sweep.orw=0 --set sweep.offline= --set solver.steps=2 --set sweep.seeds=1
    --set quality.images=200 --set parallel.shards=4'
orw() {
    # shellcheck disable=SC2086
    "$program" "$config" $tiny "$@"
}
evaluation() { "$BUILD/bin/orw" export "$1/target_image/runs/orw-alpha0-seed1/run.h5" evaluation; }
column() { # column FOLDER NAME
    evaluation "$1" | awk -v name="$2" 'NR == 1 { for (i = 2; i <= NF; i++) if ($i == name) c = i - 1; next } { printf "%s%s", (NR > 2 ? " " : ""), c ? $c : "none" }'
}

fails "evaluate.metrics: found 'blnk', expected some of .*census, " "a metric that there is not" orw --out none --set evaluate.metrics=blnk
fails "evaluate.metrics: found 'blnk', expected some of .*census, " "a second one" orw --out none --set evaluate.metrics=blank,blnk
is "$(printf '%s\n' "$err" | grep -o census | wc -l)" 1 "those that there are, each once"
fails "evaluate.metrics: found blank twice" "one twice" orw --out none --set evaluate.metrics=blank,census,blank
fails "blank.below: found 0.5, but blank is not measured; expected it in evaluate.metrics" "a key that nothing uses" \
    orw --out none --set evaluate.metrics=census --set blank.below=0.5
[ ! -e none ]
report $? "nothing was made"

orw --out plain > plain.log 2>&1
is $? 0 "without any"
orw --out all --set evaluate.metrics=difference,real_distance,blank,census --set real_distance.images=200 --set blank.below=2 > all.log 2>&1
is $? 0 "with all of them" || cat all.log
is "$(evaluation all | head -n 1)" "$(evaluation plain | head -n 1 | tr -d '\n')$(printf '\t%s' blank census_entropy census_classes census_confidence difference real_distance)" \
    "their columns stand behind the experiment's own"
is "$(column all census_entropy):$(column all census_confidence)" "$(column all judge_entropy):$(column all judge_confidence)" "census: the digits' own"
is "$(column all real_distance)" "$(column all frechet)" "real_distance: the distance to as many test digits"
is "$(column all blank)" "1 1" "blank: everything is, below the range of a pixel"
is "$(column all difference | awk '{ print ($1 > 0.1 && $1 < 2) }')" 1 "difference: that of two images"
is "$(column all reward_mean)" "$(column plain reward_mean)" "what is measured changes no run"
if command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    mpirun --oversubscribe --bind-to none -n 3 "$program" "$config" $tiny --out three --set evaluate.metrics=difference,real_distance,blank,census \
        --set real_distance.images=200 --set blank.below=2 > three.log 2>&1
    is "$(evaluation three)" "$(evaluation all)" "three ranks measure the same"
else
    skip "mpirun is not installed"
fi
like "$("$BUILD/bin/orw" info)" "real_distance  *Frechet" "orw info lists them"
run "$program" "$config" --identities --set evaluate.metrics=blank --set blank.below=0.5
like "$out" "^evaluate.evaluate.metrics = blank" "results know what they were measured with"
like "$out" "^evaluate.blank.below = 0.5" "and how"

done_testing
