# early.t - where figures are asked for, those of an experiment are drawn as it ends.
. "$ORW_ROOT/tests/tap.sh"
command -v gnuplot > /dev/null || skip_all "gnuplot is not installed"
tiny='--set pretrain.updates=2 --set pretrain.batch=8 --set classifier_a.updates=2 --set classifier_b.updates=2 --set finetune.rounds=1
    --set finetune.batch=8 --set evaluate.count=8 --set solver.steps=2 --set quality.images=100 --set sweep.orw=0 --set sweep.offline=
    --set sweep.seeds=1'
here=$PWD
export BUILD
reproduce() {
    # shellcheck disable=SC2086
    (cd "$ORW_ROOT" && ./reproduce.sh run figures --profile smoke --only target_image --np 1 --out "$here/out" $tiny "$@")
}
run reproduce --quiet
is "$status" 0 "an experiment and its figures"
is "$(printf '%s\n' "$out" | sed -n 's/^== \([a-z_/]*: [a-z ]*\), .* s$/\1/p' | paste -sd ' ')" "run/target_image: done figures: done figures: done" \
    "they are drawn as it ends, and the report is written once more at the end"
is "$(printf '%s\n' "$out" | grep -c '^figures: drawn')" 0 "--quiet: not each of them is named"
exists out/figures/target_image/reward_vs_update.svg "they are there"
exists out/report.html "and the report"
run reproduce
like "$out" "^== run/target_image: up to date" "once more: nothing is run"
like "$out" "^== figures: up to date" "nor drawn"

done_testing
