# report.t - the verdicts of analysis/report.pl on tables made here, for results that hold, fail, are too few, or are blobs.
. "$ORW_ROOT/tests/tap.sh"

tab=$(printf '\t')

# world NAME SEEDS: tables for that many seeds. Ends are taken from the variables even_ALPHA, entropy_ALPHA, top (share of digit 6 at
# alpha 0), variance, offline; seed s adds (s - 2) / 500.
world() {
    data=$1/figures/data/target_image
    mkdir -p "$data/runs"
    printf '# name\tmethod\talpha\tseed\tcomplete\n' > "$data/runs.tsv"
    for setting in "orw 0 $even_0 $entropy_0" "orw 0.3 $even_03 $entropy_03" "orw 0.8 $even_08 $entropy_08" \
        "offline 0 $offline 2.0"; do
        # shellcheck disable=SC2086
        set -- $setting "$2"
        seed=1
        while [ $seed -le "$5" ]; do
            run "$1" "$2" $seed "$3" "$4" yes
            seed=$((seed + 1))
        done
        set -- "$data" "$5"
    done
}

run() { # run METHOD ALPHA SEED EVEN ENTROPY COMPLETE
    name=$1-alpha$2-seed$3
    mkdir -p "$data/runs/$name"
    printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$1" "$2" "$3" "$6" >> "$data/runs.tsv"
    printf 'data.train\tmnist-train sha256 00\ncommit\tabc\nhost\tnode%s\nrun.seed\t%s\nconfiguration\t[a]\\nb = 1\\n\n' "$3" "$3" > "$data/runs/$name/provenance.tsv"
    printf '# round\tupdate\tdraw\n0\t20\t1.5\n1\t40\t2.5\n' > "$data/runs/$name/timing.tsv"
    awk -v seed="$3" -v even="$4" -v entropy="$5" -v alpha="$2" -v top="$top" -v variance="$variance" -v nearer="${nearer-}" \
        -v confidence="${confidence:-0.9}" 'BEGIN {
        OFS = "\t"
        print "# round update samples_scored count reward_mean reward_sd judge_even judge_entropy judge_confidence pairwise_variance frechet_even", \
            "distance digit0 digit6"
        step = (seed - 2) / 500
        print 0, 0, 0, 256, 0.45, 0.4, 0.45, 2.25, 0.9, 0.44, 9, 0, 0.1, 0.1
        print 10, 40, 640, 256, even + step, 0.2, even + step, entropy + step, confidence, variance, (nearer == "" ? 2 : nearer) + step, 0.07 - alpha / 40 + step / 10, 0.1, \
            (alpha == 0 ? top : 0.2) + step
    }' | sed '1s/\t/ /g' > "$data/runs/$name/evaluation.tsv"
}

judge() { # judge NAME
    "$ORW_ROOT/analysis/report.pl" --out "$1" --profile quick > "$1/out" 2>&1
    is "$? $(cat "$1/out")" "0 " "$1: the report is written without a word"
}
verdict() { # verdict NAME CLAIM QUANTITY SETTING
    awk -F "$tab" -v claim="$2" -v quantity="$3" -v setting="$4" '$1 == claim && index($2, quantity) == 1 && index($3, setting) == 1 {
        print $9 }' "$1/claims.tsv"
}

# What the paper claims, all of it.
even_0=0.96 even_03=0.95 even_08=0.93 entropy_0=0.5 entropy_03=1.2 entropy_08=1.5 top=0.95 variance=0.4 offline=0.7
world holds 3
printf '# when\tstage\tprofile\tranks\tseconds\toutcome\nx\trun/toy\tquick\t2\t11.5\tstopped\ny\trun/toy\tquick\t4\t20\tdone\n' > holds/times.tsv
printf 'z\trun/toy\tquick\t1\t1.5\tup to date\n' >> holds/times.tsv
judge holds
for claim in C1 C2 C7; do is "$(verdict holds $claim 'the whole' all)" reproduced "all that holds: $claim is reproduced"; done
is "$(head -n 1 holds/claims.tsv)" \
    "$(printf 'claim quantity setting paper ours low high n verdict dataset profile published published_low published_high agreement' |
        sed "s/^/# /; s/ /$tab/2g")" \
    "claims.tsv names its columns"
is "$(awk -F "$tab" 'NF != 15' holds/claims.tsv)" "" "every line has all of them"
is "$(awk -F "$tab" '$1 == "C1" && $3 == "alpha=0" && /reward at the end/ { print $4, $5, $6, $7, $8, $10, $11 }' holds/claims.tsv)" \
    "0.995 0.96 0.955 0.965 3 mnist-train quick" "value, 95 % t interval of three seeds, data set and profile are right"
is "$(awk -F "$tab" '$1 == "C7" && /online, paired/ { print $5, $6, $7 }' holds/claims.tsv)" "0.26 0.26 0.26" \
    "differences are paired by seed"
like "$(cat holds/report.html)" '<strong>C7</strong>' "the page shows the claims"
unlike "$(cat holds/report.html)" '<img[^>]*src="[^d]' "and loads nothing from elsewhere"
like "$(cat holds/report.html)" '<td>run/toy</td><td>31.5</td><td>2</td><td>2, 4</td>' "time per stage: calls that did something, summed"
like "$(cat holds/report.html)" '<td>draw</td><td>30.0</td>' "time per phase: the table counts on from round to round; summed over complete runs"
like "$(cat holds/report.html)" '<td>commit</td><td>abc</td>' "provenance is shown"
like "$(cat holds/report.html)" '<td>host</td><td>node1 | node2 | node3</td>' "where runs differ in it, all that there is"
unlike "$(grep '<td>run' holds/report.html)" 'run.seed' "but for what tells runs apart"
is "$(grep -c '<div class=head>' holds/report.html)" 13 "a line per claim"
is "$(sed -n '/<body>/,/<table>/p' holds/report.html | grep -c '<table>')$(sed -n '/<body>/,/class=head/p' holds/report.html | grep -c '<table>')" 10 \
    "and the first of them stands before any table"
like "$(cat holds/report.html)" 'holds</span>' "the distances are ordered"
unlike "$(cat holds/report.html)" 'states of the code' "nothing is said of code that is the same everywhere"

# ---- results by more than one state of the code
mixed() { # mixed EXPECTED NAME: the report names these
    judge holds
    like "$(cat holds/report.html)" "target_image: these results were made by $1: " "$2"
}
cp -r holds before
file=holds/figures/data/target_image/runs/offline-alpha0-seed3/provenance.tsv
for other in holds/figures/data/target_image/runs/*/provenance.tsv; do printf 'sources\taaaa\n' >> "$other"; done
judge holds
unlike "$(cat holds/report.html)" 'states of the code' "nor of code that is known"
cp "$file" one
sed -i '/^sources/d' "$file"
mixed "2 states of the code, sources aaaa, unknown" "a run by code that is not known is told"
sed 's/^sources.*/sources\tbbbb/' one > "$file"
mixed "2 states of the code, sources aaaa, bbbb" "so is one by other code"
{ cat one; printf 'sources.base\tcccc\n'; } > "$file"
mixed "2 states of the code, sources aaaa, cccc" "a model that a run is made from"
{ cat one; printf 'changes\tat round 3: sources = dddd, now aaaa; isa = avx2, now avx512\n'; } > "$file"
mixed "2 states of the code, sources aaaa, dddd" "and a run that went on by other code"
rm -r holds
mv before holds

# ---- a reward that rises alone
file=holds/figures/data/target_image/runs/offline-alpha0-seed3/evaluation.tsv
cp "$file" whole
awk 'NR == 1 { print $0 " suspect"; next } { print $0 "\t" 0 }' whole > "$file"
judge holds
unlike "$(cat holds/report.html)" 'the reward rose alone' "nothing is said of runs that nothing speaks against"
awk 'NR == 1 { print $0 " suspect"; next } { print $0 "\t" (NR > 2) }' whole > "$file"
judge holds
like "$(cat holds/report.html)" 'target_image: the reward rose alone in offline-alpha0-seed3: ' "a run whose last evaluation is marked is named"
cp whole "$file"

# Everything the other way round.
even_0=0.6 even_03=0.452 even_08=0.40 entropy_0=2.0 entropy_03=1.2 entropy_08=1.0 top=0.2 offline=0.7
world fails 3
judge fails
is "$(verdict fails C1 'reward at the end' alpha=0)" "partly
not reproduced
not reproduced" "a reward that rises too little is partly, one that does not rise or falls is not reproduced"
is "$(verdict fails C1 'the whole' all)" partly "so C1 is partly reproduced"
is "$(verdict fails C2 'entropy gained' alpha | sort -u)" "not reproduced" "an entropy that falls with alpha is not reproduced"
is "$(verdict fails C2 'share of' alpha=0)" "not reproduced" "no collapse, no more concentration: not reproduced"
is "$(verdict fails C7 'the whole' all)" "not reproduced" "offline above online: C7 is not reproduced"

# Two seeds decide nothing.
even_0=0.96 even_03=0.95 even_08=0.93 entropy_0=0.5 entropy_03=1.2 entropy_08=1.5 top=0.95
world few 2
judge few
is "$(awk -F "$tab" '!/^#/ && $9 != "-" { print $9 }' few/claims.tsv | sort -u)" "not tested" "two seeds: nothing is tested"

# A third seed that is not complete does not count.
data=few/figures/data/target_image
run orw 0 3 0.96 0.5 no
judge few
is "$(verdict few C1 'reward at the end' 'alpha=0' | head -n 1)" "not tested" "an incomplete run does not count"

# A mean that supports it, an interval that does not.
even_0=0.882 even_03=0.95 even_08=0.93
world close 3
judge close
is "$(verdict close C1 'reward at the end' 'alpha=0' | head -n 1)" partly "an interval across the threshold is partly"

# Grey blobs.
even_0=0.98 variance=0.01
world blobs 3
judge blobs
is "$(verdict blobs C1 'reward at the end' 'alpha=0' | sort -u)" suspect "a high reward on samples without variance is suspect"
like "$(cat blobs/report.html)" 'suspect</span>' "and is marked"

# Images that do not stay images.
even_0=0.96 even_03=0.95 even_08=0.93 variance=0.4 nearer=9.5
world scribbles 3
judge scribbles
is "$(verdict scribbles C1 'reward at the end' 'alpha=0' | head -n 1)" suspect "a high reward on samples that go away from real digits is suspect"
is "$(verdict scribbles C1 'squared Frechet distance' 'alpha=0' | head -n 1)" "not reproduced" "and that stands among the claim's lines"
is "$(verdict scribbles C1 'the whole' all) $(verdict scribbles C7 'the whole' all)" "suspect suspect" "so the claims are, that of online over offline too"
nearer='' confidence=0.86
world unsure 3
judge unsure
is "$(verdict unsure C1 "judge's confidence lost" 'alpha=0.3') $(verdict unsure C1 'the whole' all)" "not reproduced suspect" \
    "a judge that has become less sure by 0.04"
confidence=0.88
world sure 3
judge sure
is "$(verdict sure C1 'the whole' all)" reproduced "by 0.02 is nothing"
confidence=''

# Collapse in part: alpha = 0 has more of one digit than alpha = 0.8.
even_0=0.96 variance=0.4 top=0.5
world some 3
judge some
is "$(verdict some C2 'share of' alpha=0)" partly "a concentration that is no collapse is partly"

# Nothing there at all.
mkdir -p nothing/figures
judge nothing
is "$(awk -F "$tab" '!/^#/ && $9 != "-" { print $9 }' nothing/claims.tsv | sort -u)" "not tested" "without runs nothing is tested"

is "$(awk -F "$tab" '$2 == "the whole claim" { print $1 }' nothing/claims.tsv | sort -u | wc -l | tr -d ' ')" 13 "and every claim is told"
is "$(verdict holds C6 'the whole' all)" "not tested" "a claim that no run speaks of is told beside the others"

# Bad arguments.
for arguments in "" "--out nowhere" "--out" "--frob"; do
    # shellcheck disable=SC2086
    "$ORW_ROOT/analysis/report.pl" $arguments > out 2> err
    is "$? $(grep -c . err)" "2 1" "report.pl '$arguments' is refused in one line"
done

done_testing
