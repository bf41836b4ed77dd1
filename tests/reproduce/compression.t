# compression.t - figures and verdicts of the compression experiment from tables made here, and what "converged" means.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/reproduce/stub.sh"
tab=$(printf '\t')

# world NAME SEEDS DATASET ALPHA...: end values are taken from the functions of alpha in $reward, $distance, $above (awk expressions in a);
# seed s adds (s - 2) / 1000 to the rewards. The metrics rise until update `settles` and then stay.
world() {
    data=$1/figures/data/compression
    seeds=$2
    dataset=$3
    shift 3
    mkdir -p "$data/runs"
    printf '# name\tmethod\talpha\tseed\tcomplete\n' > "$data/runs.tsv"
    for setting in $(printf 'orw:%s ' "$@") offline:0; do
        seed=1
        while [ $seed -le "$seeds" ]; do
            one_run "${setting%:*}" "${setting#*:}" $seed
            seed=$((seed + 1))
        done
    done
}

one_run() { # one_run METHOD ALPHA SEED
    name=$1-alpha$2-seed$3
    mkdir -p "$data/runs/$name"
    printf '%s\t%s\t%s\t%s\tyes\n' "$name" "$1" "$2" "$3" >> "$data/runs.tsv"
    printf 'data.train\t%s sha256 00\ndata.bytes_mean\t1300\ndata.frechet\t0.2\n' "$dataset" > "$data/runs/$name/provenance.tsv"
    awk -v a="$2" -v seed="$3" -v offline="$([ "$1" = offline ] && echo 0.1)" 'BEGIN {
        OFS = "\t"
        print "# round update samples_scored reward_mean reward_sd distance distance_trajectory sliced_w2 bytes_mean bytes_above_floor",
            "blank_share frechet"
        print 0, 0, 0, -1.31, 0.1, 0, 0, 0, 1310, 669, 0, 1
        print 10, 100, 640, '"$reward"' - offline + (seed - 2) / 1000, 0.1, '"$distance"' + (seed - 2) / 1e5, '"$distance"', '"$distance"' / 3,
            900, '"$above"', '"$blank"', 2
    }' | sed '1s/\t/ /g' > "$data/runs/$name/evaluation.tsv"
    awk -v settles="$settles" 'BEGIN {
        print "# update reward_mean"
        for (u = 0; u <= 100; u += 4) {
            level = -1.31 + 0.006 * (u < settles ? u : settles) + (u % 8 ? 0.002 : -0.002)
            print u "\t" level
        }
    }' > "$data/runs/$name/metrics.tsv"
}

judge() { # judge NAME
    "$ORW_ROOT/analysis/report.pl" --out "$1" --profile quick > "$1/out" 2>&1
    is "$? $(cat "$1/out")" "0 " "$1: the report is written without a word"
}
verdict() { # verdict NAME CLAIM QUANTITY SETTING
    awk -F "$tab" -v claim="$2" -v quantity="$3" -v setting="$4" '$1 == claim && index($2, quantity) == 1 && index($3, setting) == 1 {
        print $9 }' "$1/claims.tsv"
}
cell() { # cell NAME CLAIM QUANTITY SETTING FIELD
    awk -F "$tab" -v claim="$2" -v quantity="$3" -v setting="$4" -v field="$5" '$1 == claim && index($2, quantity) == 1 && $3 == setting {
        print $field }' "$1/claims.tsv"
}

# All that the paper claims, on CIFAR-10 and seven alphas.
reward='-1.25 + 0.55 * exp(-4 * a)' distance='0.09 * exp(-4 * a)' above=20 blank=0.97 settles=50
world holds 3 cifar10-train 0 0.05 0.1 0.2 0.3 0.5 1
judge holds
for claim in C3 C4 C5 C7; do is "$(verdict holds $claim 'the whole' all)" reproduced "all that holds: $claim is reproduced"; done
is "$(cell holds C3 'reward (-kB) at the end' alpha=0 4) $(cell holds C4 'velocity distance, on the path' alpha=0.3 4)" "-0.67 0.016" \
    "the paper's numbers stand beside those of CIFAR-10"
is "$(awk -F "$tab" '!/^#/ && $8 > 0 { print $10 }' holds/claims.tsv | sort -u)" cifar10-train "every line names the data set"
is "$(cell holds C3 'reward: fall' 'alpha=0 to 0.05' 5)" 0.0997 "falls are paired by seed"
is "$(awk -F "$tab" '$1 == "C1" { print $2, $9 }' holds/claims.tsv)" "the whole claim not tested" "an experiment that was not run is not tested"
is "$(grep -o 'converged</span>' holds/report.html | wc -l)" 7 "a reward that has settled is convergent, for every alpha"
like "$(cat holds/report.html)" "minus 1</td><td>0.00769" "the base model's size is held against the images'"

# Too few alphas for a smooth curve; another data set; a base model's level; a reward that still rises.
above=300 blank=0 settles=100
world few 3 sprites:1:200 0 0.1 0.3 1
judge few
is "$(verdict few C3 'the whole' all)" partly "four alphas are no smooth curve"
is "$(cell few C3 'reward (-kB) at the end' alpha=0 4)" - "the paper's numbers are not for other data"
is "$(verdict few C5 'bytes above the floor, share' alpha=0) $(verdict few C5 'share of nearly blank' alpha=0)" "partly not reproduced" \
    "smaller, but not at the floor: partly; nothing blank: not reproduced"
is "$(grep -o "budget's end</span>" few/report.html | wc -l)" 4 "a reward that still rises is one of the budget's end"

# Not monotone, below the base model, distances that stay.
reward='-1.25 - 0.1 * a + 0.05 * (a == 0.3)' distance='0.09 - 0.001 * a'
world crooked 3 sprites:1:200 0 0.1 0.3 1
judge crooked
is "$(verdict crooked C3 'reward: fall' 'alpha=0.1 to')" "not reproduced" "a reward that rises with alpha is seen"
is "$(verdict crooked C3 'reward (-kB) at the end' 'alpha=1')" "not reproduced" "so is one below the base model's"
is "$(verdict crooked C4 'velocity distance, on the path: share' 'alpha=1')" partly "a distance that hardly falls is not near 0"
is "$(verdict crooked C3 'the whole' all)" partly "then the claim is partly reproduced"

# Two seeds decide nothing.
world two 2 sprites:1:200 0 1
judge two
is "$(awk -F "$tab" '!/^#/ && $9 != "-" { print $9 }' two/claims.tsv | sort -u)" "not tested" "two seeds: nothing is tested"

# Figures, with a tool that prints fixed tables.
command -v gnuplot > /dev/null || { skip "gnuplot is not installed"; done_testing; }
cat > orw <<'END'
#!/bin/sh
case "$1 $2" in
    'export --band') printf '# x mean sd min max half_width n\n0\t0.5\t0.01\t0.4\t0.6\t0.02\t3\n10\t0.9\t0.01\t0.8\t1\t0.02\t3\n' ;;
    'export --provenance') printf 'data.train\t%s sha256 00\ndata.frechet\t0.2\ndata.bytes_mean\t1300\n' "$ORW_TEST_SET"; cat "$3" ;;
    'grid '*) echo png > "$3" ;;
    *) printf '# round update samples_scored reward_mean distance bytes_mean bytes_above_floor frechet loss\n0\t0\t0\t-1.3\t0\t1300\t659\t1\t2\n'
       printf '1\t10\t64\t-0.9\t0.1\t900\t259\t2\t1\n' ;;
esac
END
chmod +x orw
for run in base orw-alpha0-seed1 orw-alpha0.3-seed1 offline-alpha0-seed1; do
    stub_run "drawn/compression/runs/$run"
    touch "drawn/compression/runs/$run/samples/final.h5"
done
draw() { ORW=$PWD/orw ORW_TEST_SET=$1 "$ORW_ROOT/analysis/figures.sh" drawn quick > log 2>&1; }
draw sprites:1:200
is $? 0 "figures.sh succeeds"
figures=drawn/figures/compression
missing=
for name in reward_vs_alpha distance_vs_alpha sliced_w2_vs_alpha bytes_above_floor_vs_alpha blank_share_vs_alpha frechet_vs_alpha \
    pairwise_distance_vs_alpha reward_vs_distance bytes_vs_frechet reward_vs_update distance_vs_update online_vs_offline; do
    grep -q 'sprites:1:200, profile quick' $figures/$name.svg 2> /dev/null || missing="$missing $name"
done
is "$missing" "" "all figures are drawn and name the data set"
like "$(cat $figures/reward_vs_alpha.svg)" "base model" "the base model has its line"
unlike "$(cat $figures/reward_vs_alpha.svg $figures/reward_vs_distance.svg)" "off its plot" "the paper's points stay away from other data"
is "$(grep -c . $figures/../data/compression/end-reward_mean.tsv)" 2 "one point per alpha"
like "$(cat $figures/grid-alpha0.3.about)" "mean 900 bytes" "sample sheets have the mean size under them"
draw cifar10-train
like "$(cat $figures/reward_vs_alpha.svg)" "off its plot" "they are drawn where the data set is CIFAR-10"
like "$(cat $figures/reward_vs_distance.svg)" "off its plots" "in the frontier too"

done_testing
