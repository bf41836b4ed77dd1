# steering.t - the verdict on C6 and the figures of the steering experiment, on tables made here.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/reproduce/stub.sh"

tab=$(printf '\t')

# run METHOD ALPHA SEED REWARD RIGHT VARIETY: a run that ends there; seeds differ by little.
run_table() {
    method=$1
    shift
    name=$method-alpha$1-seed$2
    mkdir -p "$data/runs/$name"
    printf '%s\t%s\t%s\t%s\tyes\n' "$name" "$method" "$1" "$2" >> "$data/runs.tsv"
    printf 'data.train\tcifar10-train sha256 00\nrun.text\tan image of a dog\n' > "$data/runs/$name/provenance.tsv"
    awk -v seed="$2" -v reward="$3" -v right="$4" -v variety="$5" -v spread="$spread" 'BEGIN {
        print "# round update samples_scored count reward_mean pairwise_variance judge_right variety"
        OFS = "\t"
        step = (seed - 2) / 500
        print 0, 0, 0, 64, 0.1, 0.2, 0.1, 0.4
        print 10, 60, 640, 64, reward + step, spread, right + step, variety + step
    }' > "$data/runs/$name/evaluation.tsv"
}
# world NAME SEEDS: alpha = 0 and 1 end at $reward0, $right0, ..., a control without a reward at $control, if there is one.
control=''
world() {
    data=$1/figures/data/steering
    mkdir -p "$data/runs" "$data/class_encoder"
    printf '# name\tmethod\talpha\tseed\tcomplete\n' > "$data/runs.tsv"
    printf '# accuracy\timages\n0.6543\t1000\n' > "$data/class_encoder/evaluation.tsv"
    for seed in $(seq "$2"); do
        run_table orw 0 "$seed" "$reward0" "$right0" "$variety0"
        run_table orw 1 "$seed" "$reward1" "$right1" "$variety1"
        [ -z "$control" ] || run_table control 0 "$seed" "$control" "$control" 0.2
    done
    "$ORW_ROOT/analysis/report.pl" --out "$1" --profile quick > "$1/out" 2>&1
    is "$? $(cat "$1/out")" "0 " "$1: the report is written without a word"
}
verdict() { # verdict NAME QUANTITY SETTING
    awk -F "$tab" -v quantity="$2" -v setting="$3" '$1 == "C6" && index($2, quantity) == 1 && index($3, setting) == 1 { print $9 }' \
        "$1/claims.tsv"
}
cell() { awk -F "$tab" -v quantity="$2" -v setting="$3" -v field="$4" '$1 == "C6" && $2 == quantity && $3 == setting { print $field }' \
    "$1/claims.tsv"; }

reward0=0.6 right0=0.8 variety0=0.1 reward1=0.5 right1=0.6 variety1=0.3 spread=0.15
world holds 3
is "$(verdict holds 'the whole' all)" reproduced "all that holds: C6 is reproduced"
is "$(cell holds 'reward at the end' alpha=0 4) $(cell holds 'reward at the end' alpha=1 4) $(cell holds 'reward before any update' base 4)" \
    "0.986 0.91 0.425" "the paper's values stand beside"
is "$(cell holds 'reward: rise, paired by seed' alpha=1 5)" 0.4 "the rise is from the base model"
is "$(cell holds "reward: rise beyond 0.5 of alpha=0's, paired by seed" alpha=1 5) $(cell holds 'reward: fall, paired by seed' 'alpha=0 to 1' 5)" "0.15 0.1" \
    "alpha = 1 is held against alpha = 0, seed by seed"
is "$(cell holds 'variety kept, paired by seed' 'alpha=1 over 0' 5)" 0.2 "so is variety"
is "$(awk -F "$tab" '$1 == "C6" { print $10 }' holds/claims.tsv | sort -u)" cifar10-train "every line names the data set"
like "$(cat holds/report.html)" "dual encoder (the reward)</td><td>accuracy on the test part</td><td>0.6543" "the reward's accuracy is in the report"
like "$(cat holds/report.html)" "of the mean rise 0.80 is left" "the share of the rise that is left stands there"
like "$(tr '>' '\n' < holds/report.html)" "^plausible<" "samples that still differ are plausible"

reward0=0.06 right0=0.05 variety0=0.5 reward1=0.09 right1=0.04 variety1=0.4 spread=0.01
world fails 3
is "$(verdict fails 'the whole' all)" "not reproduced" "nothing holds: C6 is not reproduced"
is "$(awk -F "$tab" '$1 == "C6" && $9 != "-" { print $9 }' fails/claims.tsv | sort -u)" "not reproduced" "in none of its lines"
like "$(tr '>' '\n' < fails/report.html)" "^suspect<" "samples that hardly differ are suspect"

reward0=0.6 right0=0.8 variety0=0.1 reward1=0.2 right1=0.6 variety1=0.3 spread=0.15
world far 3
is "$(verdict far 'reward: rise beyond' alpha=1) $(verdict far 'the whole' all)" "not reproduced partly" "far behind is not slightly: partly"

# A control without a reward: what it reaches, too, is no effect of the reward.
reward0=0.6 right0=0.8 variety0=0.1 reward1=0.5 right1=0.6 variety1=0.3 control=0.3
world controlled 3
is "$(cell controlled 'reward: above the control without a reward, paired by seed' alpha=1 5) $(verdict controlled 'the whole' all)" "0.2 reproduced" \
    "both are held against a control"
control=0.55
world drifts 3
is "$(verdict drifts 'reward: above the control' alpha=0) $(verdict drifts 'reward: above the control' alpha=1) $(verdict drifts 'the whole' all)" \
    "reproduced not reproduced partly" "that the control gets there as well is no success"
control=''

# Samples that are alike: what holds by its number is suspect.
spread=0.09
world grey 3
is "$(verdict grey 'reward: rise' alpha=0) $(verdict grey 'share judged right: rise' alpha=1) $(verdict grey 'the whole' all)" "suspect suspect suspect" \
    "less than half of the pixels' variance makes what holds suspect"
like "$(grep 'beyond 0.5' grey/report.html)" "but the pairwise variance of the pixels is 45 % of the base model" "with the reason"
spread=0.15 variety1=0.19
world alike 3
is "$(verdict alike 'reward: rise,' alpha=0) $(verdict alike 'reward: rise,' alpha=1) $(verdict alike 'variety kept' alpha=1) $(verdict alike 'the whole' all)" \
    "reproduced suspect suspect suspect" "variety that is lost although alpha is 1 does, too; at alpha = 0 it is what is claimed"
is "$(verdict alike 'reward: fall' 'alpha=0 to 1') $(verdict alike 'reward: rise beyond' alpha=1)" "suspect suspect" "and what is compared with it"

# alpha = 0 does not rise: alpha = 1 cannot trail it slightly.
reward0=0.05 reward1=0.08 variety1=0.3
world sinks 3
is "$(verdict sinks 'reward: rise beyond' alpha=1)" "not reproduced" "behind a reward that falls nobody trails slightly"
like "$(grep 'beyond 0.5' sinks/report.html)" "alpha=0 itself does not rise" "with the reason"

reward0=0.6 right0=0.05 variety0=0.1 reward1=0.5 right1=0.05 variety1=0.3
world fooled 3
is "$(verdict fooled 'share judged right: rise' alpha=0) $(verdict fooled 'the whole' all)" "not reproduced partly" \
    "a score that the judge does not share is not enough"

world few 2
is "$(verdict few 'the whole' all)" "not tested" "two seeds: C6 is not tested"

# Figures, with a tool that prints fixed tables.
command -v gnuplot > /dev/null || { skip "gnuplot is not installed"; done_testing; }
cat > orw <<'END'
#!/bin/sh
case "$1 $2" in
    'export --band') printf '# x mean sd min max half_width n\n0\t0.5\t0.01\t0.4\t0.6\t0.02\t3\n10\t0.9\t0.01\t0.8\t1\t0.02\t3\n' ;;
    'export --provenance') printf 'data.train\tsprites:1:200 sha256 00\nrun.text\tan image of a dog\n'; cat "$3" ;;
    'grid '*) echo png > "$3" ;;
    *) printf '# round update reward_mean distance judge_right variety pairwise_variance loss\n0\t0\t0.1\t0\t0.1\t0.4\t0.2\t2\n'
       printf '1\t10\t0.6\t0.1\t0.8\t0.2\t0.1\t1\n' ;;
esac
END
chmod +x orw
for run in base orw-alpha0-seed1 orw-alpha1-seed1; do
    stub_run "drawn/steering/runs/$run"
    touch "drawn/steering/runs/$run/samples/final.h5"
done
ORW=$PWD/orw "$ORW_ROOT/analysis/figures.sh" drawn quick > log 2>&1
is $? 0 "figures.sh succeeds"
figures=drawn/figures/steering
missing=
for name in reward_vs_update judge_vs_update variety_vs_update reward_vs_judge distance_vs_update pairwise_variance_vs_update; do
    grep -q 'sprites:1:200, profile quick' $figures/$name.svg 2> /dev/null || missing="$missing $name"
done
is "$missing" "" "all figures are drawn and name the data set" || cat log
like "$(cat $figures/reward_vs_update.svg)" "base model" "the base model has its line"
like "$(cat $figures/reward_vs_update.svg)" "alpha = 1" "and every alpha"
like "$(cat $figures/grid-alpha1.about)" 'an image of a dog.*reward 0.60, judged right 0.80, variety 0.20' "sample sheets say what is seen in them"
like "$(cat $figures/grid-base.about)" "reward 0.10, judged right 0.10" "the base model's, too"

done_testing
