# report_text_image.t - the verdicts on C8, C9, C10 on tables made here.
. "$ORW_ROOT/tests/tap.sh"

tab=$(printf '\t')

# run METHOD ALPHA SEED SCORE VARIETY RIGHT: a run that ends there; seeds differ by little.
run_table() {
    name=$1-alpha$2-seed$3
    mkdir -p "$data/runs/$name" "$data/others"
    printf '%s\t%s\t%s\t%s\tyes\n' "$name" "$1" "$2" "$3" >> "$data/runs.tsv"
    printf 'data.train\tscenes of 8 nouns\nrun.reward\talignment\nprompts.count\t2\nprompt.0\ta cat on the left of a dog\nprompt.1\ta dog on top of an apple (held out)\n' \
        > "$data/runs/$name/provenance.tsv"
    columns="round update count reward_mean judge_right judge_right_seen judge_right_held_out variety alignment detection preference right_0 right_1 pairwise_variance"
    awk -v seed="$3" -v score="$4" -v variety="$5" -v right="$6" -v columns="$columns" -v spread="${spread:-0.2}" 'BEGIN {
        print "# " columns
        OFS = "\t"
        step = (seed - 2) / 500
        print 0, 0, 64, 0.4, 0.2, 0.2, 0.2, 0.5, 0.4, 0.2, 0.4, 0.2, 0.2, 0.2
        print 10, 60, 64, score + step, right + step, right + step, right + step, variety + step, score + step, right, score, right, right, spread
    }' > "$data/runs/$name/evaluation.tsv"
    cp "$data/runs/$name/evaluation.tsv" "$data/others/$name.tsv"
}
largest=1
# world NAME SEEDS: ORW with the W2 term (alpha = $largest) ends at $score, the others below; without the term variety is $bare.
world() {
    data=$1/figures/data/text_image
    mkdir -p "$data/runs" "$data/judge" "$data/others"
    printf '# name\tmethod\talpha\tseed\tcomplete\n' > "$data/runs.tsv"
    printf '# accuracy\tjunk_accepted\n%s\t%s\n' "$judge" "$junk" > "$data/judge/evaluation.tsv"
    for seed in $(seq "$2"); do
        for method in orw raft reft; do
            run_table $method 0 "$seed" 0.6 "$bare" 0.1
            run_table $method $largest "$seed" 0.65 0.45 0.4
        done
        run_table orw $largest "$seed" "$score" 0.45 "$right"
        run_table orw-detection $largest "$seed" 0.6 0.45 "$right"
        run_table orw-preference $largest "$seed" 0.6 0.45 "$right"
    done
    sort -u "$data/runs.tsv" > "$data/runs.new" && { grep '^#' "$data/runs.new"; grep -v '^#' "$data/runs.new"; } > "$data/runs.tsv"
    head -n 2 "$data/runs/orw-alpha$largest-seed1/evaluation.tsv" > "$data/others/base.tsv"
    "$ORW_ROOT/analysis/report.pl" --out "$1" --profile quick > "$1/out" 2>&1
    is "$? $(cat "$1/out")" "0 " "$1: the report is written without a word"
}
verdict() { # verdict NAME CLAIM QUANTITY SETTING
    awk -F "$tab" -v claim="$2" -v quantity="$3" -v setting="$4" '$1 == claim && index($2, quantity) == 1 && index($3, setting) == 1 {
        print $9 }' "$1/claims.tsv"
}

score=0.7 right=0.6 bare=0.3 judge=0.99 junk=0.01
world holds 3
for claim in C8 C9 C10; do is "$(verdict holds $claim 'the whole' all)" reproduced "all that holds: $claim is reproduced"; done
is "$(verdict holds C9 'share judged right, gained' 'ORW-CFM-W2, held out')" reproduced "held-out prompts have a line"
like "$(cat holds/claims.tsv)" "a dog on top of an apple (held out)" "every prompt has one"
like "$(cat holds/report.html)" "judge: share of clean scenes read right" "the judge's accuracy is in the report"
like "$(cat holds/report.html)" "over-optimised" "a score that rises while fewer prompts come out right is called over-optimised"
like "$(cat holds/report.html)" "other prompts, held out: share judged right" "other prompts are looked at"
like "$(grep 'ORW, alpha=1' holds/claims.tsv)" "35.46" "the paper's values stand beside"

score=0.6 right=0.15 bare=0.5 judge=0.9 junk=0.1
world fails 3
for claim in C8 C9 C10; do is "$(verdict fails $claim 'the whole' all)" "not reproduced" "nothing holds: $claim is not"; done
like "$(tr '>' '\n' < fails/report.html)" "^fails<" "a judge that errs is said to fail"

score=0.7 right=0.4 bare=0.3 judge=0.99 junk=0.01
world less 3
is "$(verdict less C9 'share judged right at the end' ORW-CFM-W2) $(verdict less C9 'the whole' all)" "not reproduced partly" \
    "prompts that come out right more often, but mostly wrong: C9 is partly reproduced"

score=0.7 right=0.6 bare=0.3
world few 2
for claim in C8 C9 C10; do is "$(verdict few $claim 'the whole' all)" "not tested" "two seeds: $claim is not tested"; done

# Whatever the largest alpha is.
largest=0.5
world half 3
for claim in C8 C9 C10; do is "$(verdict half $claim 'the whole' all)" reproduced "alpha = 0.5 is the largest: $claim is of it"; done
largest=1

# Samples that are alike: what holds by its number is suspect.
spread=0.04
world alike 3
for claim in C8 C9 C10; do is "$(verdict alike $claim 'the whole' all)" suspect "less than a quarter of the pixels' variance: $claim is suspect"; done
is "$(awk -F "$tab" '$1 ~ /^C(8|9|10)$/ && $9 == "reproduced"' alike/claims.tsv)" "" "in all its lines"
like "$(grep 'share judged right at the end' alike/report.html)" "but the pairwise variance of the pixels is 20 % of the base model" "with the reason"
spread=0.05
world bare 3
is "$(verdict bare C8 'the whole' all)" reproduced "a quarter is enough"
spread=''

# The verdicts are on the largest alpha of ORW: what it is held against has to have it, in every profile.
for profile in quick standard paper; do
    largest=$(awk '/^\[/ { section = $1 } section ~ /sweep|also/ && $1 ~ /^(orw|raft|reft|lora|rewards)$/ { print $NF + 0 }' \
        "$ORW_ROOT/experiments/text_image/$profile.conf" | sort -u | wc -l)
    is "$largest" 1 "$profile: every method's largest alpha is the same"
done

done_testing
