# published.t - results are published whole or not at all, every published verdict can be computed again from the published tables, an
# edited one is named; numbers of other runs stand beside the published ones and agree or differ by the stated rule.
. "$ORW_ROOT/tests/tap.sh"
tab=$(printf '\t')
mkdir -p build/bin
printf '#!/bin/sh\necho sheet > "$3"\n' > build/bin/orw
chmod +x build/bin/orw
BUILD=$PWD/build export BUILD

# world NAME SEEDS END: results of target_image whose rewards end near END.
world() {
    data=$1/figures/data/target_image
    mkdir -p "$1/figures/target_image/small" "$1/figures/target_image/health" "$data" "$1/target_image/runs/base/samples"
    printf '# name\tmethod\talpha\tseed\tcomplete\n' > "$data/runs.tsv"
    : > "$data/skipped.txt"
    for setting in orw:0 orw:0.3 orw:0.8 offline:0; do
        for seed in $(seq "$2"); do
            name=${setting%:*}-alpha${setting#*:}-seed$seed
            mkdir -p "$data/runs/$name" "$1/target_image/runs/$name/samples"
            touch "$1/target_image/runs/$name/samples/final.h5"
            printf '%s\t%s\t%s\t%s\tyes\n' "$name" "${setting%:*}" "${setting#*:}" "$seed" >> "$data/runs.tsv"
            printf 'data.train\tmnist-train sha256 00\ncpu\tTest CPU\ncommit\tabc\nconfiguration\t[a]\\nb = 1\\n\n' > "$data/runs/$name/provenance.tsv"
            awk -v end="$3" -v s="$seed" -v o="${setting%:*}" -v a="${setting#*:}" 'BEGIN {
                OFS = "\t"; step = (s - 2) / 500
                if (o == "offline") end = 0.7
                print "# round", "update", "samples_scored", "count", "reward_mean", "reward_sd", "judge_even", "judge_entropy", "judge_confidence", "pairwise_variance", "frechet_even", "distance", "digit0", "digit6"
                print 0, 0, 0, 256, 0.45, 0.4, 0.45, 2.25, 0.9, 0.44, 9, 0, 0.1, 0.1
                print 10, 40, 640, 256, end + step, 0.2, end + step, 0.5 + a + step, 0.9, 0.4, 2 + step, 0.07 - a / 40 + step / 10, 0.1, (a == 0 ? 0.95 : 0.2) + step
            }' > "$data/runs/$name/evaluation.tsv"
            awk 'BEGIN { print "# round\treward_mean"; for (i = 0; i < 10; i++) print i "\t" i / 10 }' > "$data/runs/$name/metrics.tsv"
        done
    done
    touch "$1/target_image/runs/base/samples/final.h5" "$1/figures/stamp"
    for file in reward_vs_update.svg reward_vs_update.png reward_vs_update.about page-alpha.pdf health/x.svg small/grid-base.png; do echo "$file" > "$1/figures/target_image/$file"; done
    printf '# when\tstage\tprofile\tranks\tseconds\toutcome\nx\trun/target_image\tstandard\t4\t7200\tdone\n' > "$1/times.tsv"
    "$ORW_ROOT/analysis/report.pl" --out "$1" --profile standard --published none
}
publish() { "$ORW_ROOT/scripts/publish-results.sh" "$@" --to "$PWD/public"; }
verify() { "$ORW_ROOT/scripts/verify-published.sh" "$PWD/public"; }
sums() { (cd public && find . -type f -exec sha256sum {} + | sort); }

world results 3 0.96
echo odd > "results/figures/target_image/a\$(touch executed).svg"
echo other > results/figures/target_image/notes.doc
sed -i "\$s/yes/no/" results/figures/data/target_image/runs.tsv
printf "skipped run 'x': expected another\n" > results/figures/data/target_image/skipped.txt
"$ORW_ROOT/analysis/report.pl" --out results --profile standard --published none
run publish results
is "$status $err" "0 " "results are published"
exists public/standard/claims.tsv "the claims"
is "$(cut -f 1-11 public/standard/claims.tsv)" "$(cut -f 1-11 results/claims.tsv)" "are those of the report"
exists public/standard/figures/target_image/reward_vs_update.svg "figures"
exists public/standard/figures/data/target_image/runs/orw-alpha0-seed1/provenance.tsv "configuration and provenance of every run"
is "$(cd public/standard/samples/target_image && echo *)" "base.png offline-alpha0-seed1.png orw-alpha0-seed1.png orw-alpha0.3-seed1.png orw-alpha0.8-seed1.png" \
    "final samples of one seed per setting"
is "$(find public -name '*.h5' -o -name '*.pdf' -o -path '*/health/*' | head -n 1)" "" "no checkpoints, nothing that can be drawn again"
like "$out" "left out: a file with a strange name, .*touch" "what is left out is said: a strange name"
like "$out" "left out: target_image/notes.doc" "another kind of file"
like "$out" "offline-alpha0-seed3 is not complete: it does not count" "a run that is not complete"
like "$out" "target_image: skipped run 'x'" "and what could not be read"
is "$(find . -name executed)" "" "nothing is executed"
like "$(cat public/README.md)" "| C1 | .* | mnist-train | reproduced | 9 reproduced |\|| C1 | .* | mnist-train | reproduced |" "the page lists the claims"
like "$(cat public/README.md)" "on Test CPU; 2.0 hours, 8.0 core-hours; commits abc" "the machine and the time"
run verify
is "$status $err" "0 " "every verdict is computed again"
like "$out" "^standard${tab}C1${tab}mnist-train${tab}reproduced: as published" "and is told"
before=$(sums)
run publish results
is "$status $(sums)" "0 $before" "published again: the same bytes"

# Edited.
edited() { # edited FILE SED NAME PATTERN [sums]
    cp "public/$1" keep
    cp public/SHA256SUMS keep.sums
    sed -i "$2" "public/$1"
    [ -z "${5-}" ] || (cd public && find . -type f ! -name SHA256SUMS | sort | sed 's,^\./,,' | xargs sha256sum > SHA256SUMS)
    run verify
    [ "$status" -eq 2 ] && [ "$(printf '%s\n' "$err" | grep -c .)" -eq 1 ] && printf '%s' "$err" | grep -q "$4"
    report $? "$3" || tap_show status "$status" stderr "$err" expected "$4"
    cp keep "public/$1"
    cp keep.sums public/SHA256SUMS
}
evaluation=standard/figures/data/target_image/runs/orw-alpha0-seed1/evaluation.tsv
edited $evaluation '$s/0\.9/0.8/' "an edited table is named" "public/$evaluation: not as it was published"
edited standard/claims.tsv 's/partly\|not reproduced/reproduced/; s/0\.95/0.97/' "so is an edited verdict" "public/standard/claims.tsv: not as it was"
edited standard/claims.tsv 's/	0\.96	/	0.99	/' "with its sum made to fit, too" "public/standard/claims.tsv: '.*' is not what its tables give" sums
edited $evaluation '$s/0\.958/0.858/' "and a table that its verdicts do not fit" "is not what its tables give" sums
edited README.md 's/reproduced/proven/' "the page as well" "README.md: not what the tables of claims give" sums
mv public/standard/figures/target_image/reward_vs_update.png keep.png
run verify
is "$status $(printf '%s' "$err" | grep -c 'reward_vs_update.png: not as it was published')" "2 1" "a file that is missing is named"
mv keep.png public/standard/figures/target_image/reward_vs_update.png
echo more > public/standard/more.tsv
fails "public/standard/more.tsv: not in SHA256SUMS" "one too many, too" verify
rm public/standard/more.tsv
run verify
is "$status" 0 "as it was, all is well"
fails "nowhere: nothing published there" "nothing is not taken for something" "$ORW_ROOT/scripts/verify-published.sh" nowhere

# Too large: nothing changes.
head -c 26000000 /dev/zero > results/figures/target_image/large.png
before=$(sums)
run publish results
is "$status $(printf '%s' "$err" | grep -c 'expected at most 25000000; largest: ./figures/target_image 26.0 MB')" "2 1" "more than 25 MB is refused, saying what is large"
is "$(sums)$(find public -name '.*' -type d)" "$before" "and what was published stays as it was"
rm results/figures/target_image/large.png
run publish results --thin 4
is "$(cut -f 1 public/standard/figures/data/target_image/runs/orw-alpha0-seed1/metrics.tsv | paste -sd ' ')" "# round 0 4 8 9" "rows can be thinned, the last one stays"
run verify
is "$status$err" 0 "and verdicts are still those of the tables"
for arguments in "" "nowhere" "results --thin 0" "results --frob" "results more" "results --profile big"; do
    # shellcheck disable=SC2086
    run publish $arguments
    is "$status $(printf '%s\n' "$err" | grep -c .)" "2 1" "publish-results.sh '$arguments' is refused in one line"
done

# Beside published numbers.
beside() { "$ORW_ROOT/analysis/report.pl" --out "$1" --profile standard --published "$PWD/public"; }
agreement() { awk -F "$tab" -v q="$2" -v s="$3" '$1 == "C1" && $2 == q && $3 == s { print $12, $15 }' "$1/claims.tsv"; }
world same 3 0.961
beside same
is "$(agreement same 'reward at the end' alpha=0)" "0.96 agrees" "a number within both errors agrees with the published one"
world other 3 0.90
beside other
is "$(agreement other 'reward at the end' alpha=0)" "0.96 differs" "one beyond them differs"
world one 1 0.962
beside one
is "$(agreement one 'reward at the end' alpha=0)" "0.96 agrees" "a single run may be off by as much as single published runs"
world far 1 0.93
beside far
is "$(agreement far 'reward at the end' alpha=0)" "0.96 differs" "and no more"
like "$(cat one/report.html)" 'Verdicts are those of the published evidence (results/published/standard)' "the page says whose the verdicts are"
like "$(cat one/report.html)" 'v-reproduced">reproduced</span><div class=say>here: not tested</div>' "and what these runs alone would say"
sed -i 's/^x.*/x	run\/target_image	quick	4	1	done/' one/times.tsv
"$ORW_ROOT/analysis/report.pl" --out one --profile quick --published "$PWD/public"
is "$(agreement one 'reward at the end' alpha=0)" "- -" "another profile's numbers are not held against these"
like "$(cat one/report.html)" 'No numbers of this profile are published' "and the page says so"
rule() { perl -I"$ORW_ROOT/analysis/perl" -MOrw::Compare=agreement -e 'my ($a, $b) = map { my %r; @r{qw(ours low high n)} = split /,/; \%r } @ARGV; print agreement($a, $b)' "$1" "$2"; }
is "$(rule 0.5,0.4,0.6,3 0.64,0.54,0.74,3) $(rule 0.5,0.4,0.6,3 0.6425,0.5425,0.7425,3)" "agrees differs" "the root of the sum of the squares"
is "$(rule 0.5,-,-,1 0.69,0.59,0.79,3) $(rule 0.5,-,-,1 0.71,0.61,0.81,3)" "agrees differs" "the half width times the root of n for one run"
is "$(rule 0.5,-,-,1 0.5,-,-,1) $(rule 0.5,-,-,0 -,-,-,0) $(rule only,-,-,3 0.5,0.4,0.6,3)" "- - -" "nothing where nothing can be said"
is "$(rule 2,2,2,3 2,2,2,3) $(rule 2,2,2,3 2.1,2.1,2.1,3)" "agrees differs" "numbers without any spread"

# One number of each experiment again, by a program that stops where it is asked to.
mkdir -p again/bin
HERE=$PWD export HERE
cat > again/bin/target_image <<'END'
#!/bin/sh
for a; do [ "$a" != --print-config ] || { printf '[sweep]\norw = 0,0.3\noffline = 0\nseeds = 1,2,3\n[x]\ny = 1\n'; exit; }; done
printf '%s\n' "$*" > "$HERE/arguments"
while [ $# -gt 0 ]; do [ "$1" != --out ] || out=$2; shift; done
mkdir -p "$out/target_image/runs/orw-alpha0-seed1"
trap 'echo stopped > "$HERE/stopped"; exit 75' USR1
printf '# round\treward_mean\n0\t0.45\n10\t%s\n' "$(cat "$HERE/value")" > "$out/target_image/runs/orw-alpha0-seed1/run.h5"
while :; do sleep 1; done
END
printf '#!/bin/sh\ncat "$2"\n' > again/bin/orw
printf '#!/bin/sh\nshift 2\nexec "$@"\n' > launcher
chmod +x again/bin/* launcher
rerun() { # rerun VALUE
    echo "$1" > value
    run env BUILD="$PWD/again" MPIRUN="$PWD/launcher" "$ORW_ROOT/scripts/rerun-published.sh" "$PWD/public"
}
rerun 0.968
is "$status $(printf '%s' "$out" | cut -f 1,2,5)" "0 target_image${tab}mean reward after 10 rounds, alpha=0${tab}inside" "a number that single runs may give lies inside"
like "$(cat arguments)" "standard.conf --out .* --set sweep.orw=0 --set sweep.seeds=1 --set sweep.offline=$" "by the published configuration, one run of it"
exists stopped "and no more of it than is needed"
rerun 0.972
is "$status $(printf '%s' "$out" | cut -f 5)" "1 outside" "one that they do not give lies outside"

done_testing
