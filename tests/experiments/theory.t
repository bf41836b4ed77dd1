# The theory experiment: bad input, a run whose verdicts are printed and kept, on any number of ranks, and a check that fails.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/theory
config=$ORW_ROOT/experiments/theory/smoke.conf
short="--set theory.tests=T2 --set pretrain.updates=800 --set theory.samples=2048 --set theory.draws=12 --set theory.rounds=1"

fails "theory.seeds.*1 seeds" "one seed" "$program" "$config" --set theory.seeds=1
fails "theory.tests.*T9" "a test that does not exist" "$program" "$config" --set theory.tests=T1,T9
fails "points.at.*7 numbers" "coordinates that are no pairs" "$program" "$config" --set points.at=1,2,3,4,5,6,7
fails "points.rewards.*1,2" "too few rewards" "$program" "$config" --set points.rewards=1,2
fails "points.shares.*zeros" "shares of nothing" "$program" "$config" --set points.shares=0,0,0,0
fails "mixture.alphas.*1,2" "alphas that do not start at 0" "$program" "$config" --set theory.tests=T4 --set mixture.alphas=1,2
fails "minimiser.alphas" "likewise for T3" "$program" "$config" --set theory.tests=T3 --set minimiser.alphas=1
fails "theory.sigma.*-1" "a negative deviation" "$program" "$config" --set theory.sigma=-1

# shellcheck disable=SC2086
"$program" "$config" $short --out one > one.tsv 2> one.err
case $? in 0 | 1) report 0 "a run ends with a verdict" ;; *) report 1 "a run ends with a verdict" ;; esac
is "$(head -n 1 one.tsv | cut -f 1-8 | tr '\t' ' ')" \
    "test quantity setting expected measured standard_error allowance verdict" "the heading names the columns"
is "$(awk -F '\t' 'NR > 1 && NF == 8 && ($8 == "pass" || $8 == "FAIL")' one.tsv | wc -l)" 4 "four rows for T2"
is "$(awk -F '\t' '$2 == "mean, linear reward" { print $4 }' one.tsv)" 0.82 "the mean is expected at mu + N tau a sigma^2"
is "$(awk -F '\t' '$2 == "precision, quadratic reward" { print $4 }' one.tsv)" 2.0625 "the precision at 1/sigma^2 + N tau c"
is "$("$BUILD/bin/orw" export one/theory/results/run.h5 verdicts | grep -vc '^#')" 4 "the rows are kept in results/run.h5"
is "$("$BUILD/bin/orw" export one/theory/runs/gaussian-linear-seed1/run.h5 metrics | grep -vc '^#')" 12 \
    "the runs have the suite's own layout"

if command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    mpirun --oversubscribe -n 2 "$program" "$config" $short --out two > two.tsv 2> two.err
    cmp -s one.tsv two.tsv
    report $? "two ranks print the same bytes"
else
    skip "mpirun is not installed"
fi

# One update per draw of two: far too little training. The control, which need not move, hardly errs: the checks must fail.
# shellcheck disable=SC2086
"$program" "$config" $short --set theory.draws=2 --set theory.updates_per_draw=1 --set theory.tau=1 --out lazy > lazy.tsv 2> lazy.err
is $? 1 "training that does not converge is not excused: exit status 1"
is "$(awk -F '\t' '$2 == "mean, linear reward" { print $8 }' lazy.tsv)" FAIL "the mean that has not moved is the reason"

done_testing
