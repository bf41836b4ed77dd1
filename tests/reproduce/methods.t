# Methods beside each other: matched rewards by straight lines, intervals over seeds, what does not get there, what an update costs.
. "$ORW_ROOT/tests/tap.sh"

compare=$ORW_ROOT/analysis/methods/compare.pl
mkdir -p data/runs

# run NAME SETTING ALPHA SEED RISE COST SECONDS: from reward 0.5 by RISE at 0, 100, 200 updates; distance a hundredth of the updates' number
# times COST, entropy 2 less that, confidence 0.9; SECONDS per round of 10 updates.
run_of() {
    mkdir -p "data/runs/$1"
    printf '%s\t%s\t%s\t%s\tyes\n' "$1" "$2" "$3" "$4" >> data/runs.tsv
    awk -v rise="$5" -v cost="$6" 'BEGIN {
        print "# round\tupdate\tsamples_scored\treward_mean\tdistance\tpairwise_variance\tjudge_entropy\tjudge_confidence"
        for (u = 0; u <= 200; u += 100) print u / 10 "\t" u "\t" 6.4 * u "\t" 0.5 + rise * u / 200 "\t" cost * u / 100 "\t0.2\t" 2 - cost * u / 100 "\t0.9"
    }' > "data/runs/$1/evaluation.tsv"
    awk 'BEGIN { print "# round\tupdate\tsamples_scored\tevaluations\tloss_evaluations"
        for (r = 0; r < 20; r++) print r "\t" 10 * r "\t" 64 * (r + 1) "\t" 64 * 16 * (r + 1) "\t3" }' > "data/runs/$1/metrics.tsv"
    # stopped after ten rounds: the clock begins again
    awk -v s="$7" 'BEGIN { print "# round\tsample\tscore\tgradient\treduce\tevaluate"
        for (r = 0; r < 20; r++) print r "\t" s * (r % 10 + 1) / 4 "\t" 0 "\t" s * (r % 10 + 1) / 2 "\t" s * (r % 10 + 1) / 4 "\t99" }' \
        > "data/runs/$1/timing.tsv"
}
printf '# name\tmethod\talpha\tseed\tcomplete\n' > data/runs.tsv
run_of o1 orw 0.3 1 0.4 0.1 2
run "$compare" data
is "$status" 1 "one method is no comparison"
run_of o2 orw 0.3 2 0.4 0.3 2
run_of o3 orw 0.3 3 0.4 0.2 3
run_of a1 adrpo-tau2 1 1 0.3 0.1 4
run_of a2 adrpo-tau2 1 2 0.3 0.1 4
run_of c1 control 0 1 -0.1 0.1 2
run_of c2 control 0 2 0.39 0.1 2
printf 'x1\tawm\t0\t1\tno\n' >> data/runs.tsv
run "$compare" data
is "$status$err" 0 "three are one"
like "$out" "base model: reward 0.500; best end: 0.900" "it says between what rewards the levels lie"
row() { awk -F '\t' -v method="$1" -v from="$2" -v to="$3" '$1 == method { for (i = from; i <= to; i++) printf "%s|", $i }' data/methods.tsv; }
is "$(head -n 1 data/methods.tsv | cut -f 4,5,6,8)" "at reward 0.700: distance	judge_entropy	judge_confidence	at reward 0.820: distance" \
    "half and four fifths of the best rise; what stands for diversity and judge"
# orw: 0.7 is half way, after 100 updates; distances 0.1, 0.3, 0.2: t(2) sd / sqrt 3 = 4.303 * 0.1 / 1.732
is "$(row orw 3 7)" "3|0.2000 +- 0.2484|1.800 +- 0.248|0.900 +- 0.000|100 +- 0|" "at half the rise: on the straight line, with its t interval"
is "$(row orw 8 8)$(row orw 11 11)" "0.3200 +- 0.3975|160 +- 0|" "at four fifths"
is "$(row adrpo-tau2 4 4)$(row adrpo-tau2 7 7)$(row adrpo-tau2 8 11)" "0.1333 +- 0.0000|133 +- 0|-|-|-|-|" "what does not get there has no number"
is "$(row control 4 4)" "-|" "nor has what gets there on one seed only"
is "$(row orw 16 18)" "0.200|3.00|4.60|" "least seconds per update, over an interruption; evaluations of v: 3 in the loss, 16 to draw for 10 updates"
is "$(grep -c . data/methods/curves.tsv) $(awk -F '\t' '/^[^#]/ { print $3 }' data/methods/curves.tsv | sort -u | wc -l)" "4 3" "a curve per setting, a colour per method"
is "$(sed -n 3p data/methods/3.tsv | cut -f 1-4)" "100	0.7	0.7	0.7" "a curve's point: update, mean reward and its interval"
is "$(grep -c awm data/methods.tsv)" 0 "a run that is not complete does not count"

if command -v gnuplot > /dev/null; then
    (cd data && gnuplot -d -e "here='$ORW_ROOT/analysis'; title='t'; caption='c'; xlabel='x'; ylabel='y'; files='methods/1.tsv methods/2.tsv methods/3.tsv'; labels='\"a b\" \"c\" \"d\"'; methods='1 2 7'; x='5'; y='2'; format='svg'; output='../f.svg'" \
        "$ORW_ROOT/analysis/methods/frontier.gp") 2> gnuplot.err
    report $? "the figure is drawn"
    like "$(cat f.svg)" "a b" "with a key"
else
    skip "gnuplot is not installed"
    skip "gnuplot is not installed"
fi

done_testing
