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

fails "base.init.*model.h5" "a base from elsewhere" "$program" "$config" --set base.init=model.h5
fails "--stage" "a stage, which theory has none of" "$program" "$config" --stage base
fails "evaluate.count.*63" "an evaluation that shards do not divide" "$program" "$config" --set evaluate.count=63
fails "pretrain.batch.*510" "a pre-training batch likewise" "$program" "$config" --set pretrain.batch=510
fails "theory.ema.*0.999" "an average that does not forget within a round" "$program" "$config" --set theory.ema=0.999
fails "at most 1000000000" "more updates than can be counted" "$program" "$config" --set theory.draws=1000000 \
    --set theory.updates_per_draw=1000000

# shellcheck disable=SC2086
"$program" "$config" $short --set base.init=none --out one > one.tsv 2> one.err
case $? in 0 | 1) report 0 "a run ends with a verdict" ;; *) report 1 "a run ends with a verdict" ;; esac
is "$(head -n 1 one.tsv | cut -f 1-8 | tr '\t' ' ')" \
    "test quantity setting expected measured standard_error allowance verdict" "the heading names the columns"
is "$(awk -F '\t' 'NR > 1 && NF == 8 && ($8 == "pass" || $8 == "FAIL")' one.tsv | wc -l)" 4 "four rows for T2"
is "$(awk -F '\t' '$2 == "mean, linear reward" { print $4 }' one.tsv)" 0.82 "the mean is expected at mu + N tau a sigma^2"
is "$(awk -F '\t' '$2 == "precision, quadratic reward" { print $4 }' one.tsv)" 2.0625 "the precision at 1/sigma^2 + N tau c"
is "$("$BUILD/bin/orw" export one/theory/results/run.h5 verdicts | grep -vc '^#')" 4 "the rows are kept in results/run.h5"
is "$("$BUILD/bin/orw" export one/theory/runs/orw-gaussian-linear-alpha0-seed1/run.h5 metrics | grep -vc '^#')" 12 \
    "the runs have the suite's own layout"

# Provenance: every place its own.
provenance() { "$BUILD/bin/orw" export "one/theory/$1" --provenance; }
unlike "$(provenance bases/gaussian/model.h5)" "^run\.\|^verdict\." "a base carries nothing of the runs that follow"
like "$(provenance runs/orw-gaussian-linear-alpha0-seed2/run.h5)" "^run.seed.*2" "a run its own seed"
like "$(provenance results/run.h5)" "^policy.orw-gaussian-linear-alpha0-seed1.*[0-9a-f]\{16\}" "the results name the policies they are of"
unlike "$(provenance results/run.h5)" "^run\." "and no single run"
is "$(provenance runs/orw-gaussian-linear-alpha0-seed2/run.h5 | sed -n 's/^run\.\([a-z]*\.[a-z_]*\)\t.*/\1/p' | while read -r key; do
    case $key in *.normalise) value=none ;; *.ema | *share) value=0.5 ;; *) value=8 ;; esac
    said=$("$program" "$config" --set "$key=$value" --out refused 2>&1)
    [ "$?:$said" = "2:orw: error: $key: found $value, which each test of the theory sets for its runs; expected nothing" ] || echo "$key: $said"
done)" "" "what its runs override nobody else may set"

if command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    mpirun --oversubscribe -n 2 "$program" "$config" $short --out two > two.tsv 2> two.err
    cmp -s one.tsv two.tsv
    report $? "two ranks print the same bytes"
else
    skip "mpirun is not installed"
fi

# Again: nothing is computed, the rows and the exit status are those of the first time.
# shellcheck disable=SC2086
"$program" "$config" $short --out one > again.tsv 2> again.err
is $? "$(grep -c FAIL one.tsv | sed 's/[1-9][0-9]*/1/')" "complete results: the same exit status"
cmp -s one.tsv again.tsv
report $? "the same rows"
is "$(cat again.err)" "one/theory: complete; the results are there" "and nothing else"
rm -r one/theory/runs/orw-gaussian-linear-alpha0-seed1
# shellcheck disable=SC2086
"$program" "$config" $short --out one > again.tsv 2> again.err
cmp -s one.tsv again.tsv
report $? "a run that is gone is made again, and the rows with it"
exists one/theory/runs/orw-gaussian-linear-alpha0-seed1/policy.h5 "there it is"

# What is a result by being there is written at once: a disk that fails while it is leaves all its tables, or none.
if command -v "${CC:-cc}" > /dev/null && ! grep -q fsanitize "$BUILD/flags"; then
    "${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE -o fault.so "$ORW_ROOT/tests/fault.c" -ldl
    # start [VARIABLE=VALUE...]: the results anew, of the runs that are there
    start() {
        rm -rf one/theory/results
        # shellcheck disable=SC2086
        env LD_PRELOAD="$PWD/fault.so" ORW_FAULT_FILES=results/run.h5 "$@" "$program" $config $short --out one > fault.tsv 2> fault.err
    }
    start ORW_FAULT_LOG="$PWD/operations"
    total=$(wc -l < operations)
    for share in 20 40 60 80; do
        start ORW_FAULT_AT=$((total * share / 100))
        is "$? $(ls one/theory/results)" "2 " "operation $((total * share / 100)) of $total fails: no results"
    done
else
    for i in 1 2 3 4; do skip "no C compiler, or a sanitizer, whose library must be loaded before any other"; done
fi

# An interrupted run goes on from its base only: other settings do not move that.
# shellcheck disable=SC2086
"$program" "$config" $short --out one > again.tsv 2> again.err
mkdir -p one/theory/runs/orw-gaussian-linear-alpha0-seed9
: > one/theory/runs/orw-gaussian-linear-alpha0-seed9/checkpoint.h5
# shellcheck disable=SC2086
"$program" "$config" $short --set theory.samples=1024 --out one > moved.tsv 2> moved.err
is "$? $(ls -d one/theory/results*)" "$(grep -c FAIL moved.tsv | sed 's/[1-9][0-9]*/1/') one/theory/results
one/theory/results.replaced-1" "from results nothing goes on"
# shellcheck disable=SC2086
fails "one/theory/bases/gaussian was made with other settings, and .*/runs/orw-gaussian-linear-alpha0-seed9" "a base of an interrupted run stays" \
    "$program" "$config" $short --set pretrain.updates=801 --out one
is "$(find one -name '*.replaced-*')" one/theory/results.replaced-1 "and nothing is moved"

# Every test, tiny: too little for most verdicts, enough to run all there is.
tiny="--set theory.hidden=32,32 --set pretrain.updates=300 --set pretrain.batch=128 --set theory.batch=128 --set
    theory.draws=6 --set theory.ema=0.8 --set theory.samples=1024 --set theory.transported=128 --set theory.rounds=1 --set
    points.rounds=1 --set points.limit_rounds=1 --set minimiser.updates=60 --set minimiser.batch=128 --set
    minimiser.alphas=0,1.0000001,1 --set mixture.rounds=1 --set mixture.alphas=0,5 --set coupling.updates=300
    --set tilts.methods=control,orw:0.5,tilt,nft --set tilts.draws=3"
# shellcheck disable=SC2086
"$program" "$config" $tiny --out all > all.tsv 2> all.err
is $? "$(grep -c FAIL all.tsv | sed 's/[1-9][0-9]*/1/')" "the exit status says whether a row fails"
is "$(awk -F '\t' 'NR > 1 && NF == 8 { n[$1]++ } END { print n["T1"], n["T2"], n["T3"], n["T4"], n["T5"], n["T6"], n["T7"] }' all.tsv)" \
    "3 4 8 6 4 3 2" "rows of every test"
exists all/theory/runs/orw-minimiser-alpha1.0000001-seed1/policy.h5 "two alphas that differ late have runs of their own"
is "$(awk -F '\t' '/closed form\t/ && $1 == "T4" { print $8 }' all.tsv | sort | uniq -c | tr -s ' ')" " 3 pass" \
    "T4: W2, integral and bound of a shifted linear field are what the formulas say"
awk -F '\t' '$2 == "W2^2, below the measured bound" { found = $8 == "pass" && 100 * $5 > $4 } END { exit !found }' all.tsv
report $? "that bound is tight: a W2 ten times too large would break it"
is "$(awk -F '\t' '$1 == "T6" { print $8 }' all.tsv | uniq)" pass "T6: optimal coupling makes straighter paths"
is "$(awk -F '\t' '$1 == "T7" && NF == 9 { print $2 ", " $3 }' all.tsv)" "control alpha 0, points
control alpha 0, gaussian
orw alpha 0.5, points
orw alpha 0.5, gaussian
tilt alpha 0, points
tilt alpha 0, gaussian
nft alpha 0, points
nft alpha 0, gaussian" "T7: a row of every method on either problem"
is "$(awk -F '\t' '$1 == "T7" && $3 == "gaussian" && ($9 - 0.5 - 0.64 * $4) ^ 2 > 1e-5' all.tsv)" "" "T7: lambda is the mean's way over a sigma^2"
is "$(awk -F '\t' '$1 == "T7" && NF == 9 && ($8 < $6 - 1e-4 || $6 < -1e-4)' all.tsv)" "" "T7: what is left of the divergence is a part of it"
# shellcheck disable=SC2086
"$program" "$config" $tiny --out all > again.tsv 2> again.err
is "$(sort again.tsv)" "$(sort all.tsv)" "complete results are printed again, T7's with them"
fails "tilts.methods: found 'owr'" "a method that is none" "$program" "$config" --set theory.tests=T7 --set tilts.methods=owr
fails "tilts.methods: found 'orw:x'" "an alpha that is none" "$program" "$config" --set theory.tests=T7 --set tilts.methods=orw:x
fails "sweep.adrpo: found 0" "settings that a method cannot go by" "$program" "$config" --set theory.tests=T7 --set tilts.methods=adrpo
for table in points gaussians minimiser bound trade coupling tilts; do
    like "$("$BUILD/bin/orw" export all/theory/results/run.h5 $table | grep -v '^#')" "[0-9]" "the figure's table $table has rows"
done

# One update per draw of two: far too little training. The control, which need not move, hardly errs: the checks must fail.
# shellcheck disable=SC2086
"$program" "$config" $short --set theory.draws=2 --set theory.updates_per_draw=1 --set theory.ema=0 --set theory.tau=1 --out lazy > lazy.tsv 2> lazy.err
is $? 1 "training that does not converge is not excused: exit status 1"
is "$(awk -F '\t' '$2 == "mean, linear reward" { print $8 }' lazy.tsv)" FAIL "the mean that has not moved is the reason"

done_testing
