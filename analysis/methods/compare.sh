# compare.sh - the methods of one experiment beside each other, where it has runs of two or more: sourced by analysis/figures.sh after that
# experiment's own figures (see ../lib.sh for the variables, ../runs.sh for the tables).
# shellcheck shell=bash

# frontier_of NAME QUANTITY X XLABEL Y YLABEL: X and Y number the axes of compare.pl: reward, distance, diversity, judge.
frontier_of() {
    local name=$1 quantity=$2 x=$3 xlabel=$4 y=$5 ylabel=$6 files labels methods
    files=$(awk -F '\t' '!/^#/ { printf " %s", $1 }' "$data/methods/curves.tsv")
    labels=$(awk -F '\t' '!/^#/ { printf " \"%s\"", $2 }' "$data/methods/curves.tsv")
    methods=$(awk -F '\t' '!/^#/ { printf " %s", $3 }' "$data/methods/curves.tsv")
    draw "$root/analysis/methods/frontier.gp" "$name" "$quantity - $(basename "$results"), profile $profile" \
        "From the base model on, a point per evaluation; means over $(awk -F '\t' '!/^#/ { print $4 }' "$data/methods/curves.tsv" | sort -nu | paste -sd '/') seeds, bands: 95 % t intervals" \
        "" "$(awk -F '\t' '!/^#/ && $5 == "yes" { print $1 }' "$data/runs.tsv" | run_files)" \
        "xlabel=$xlabel" "ylabel=$ylabel" "files=$files" "labels=$labels" "methods=$methods" "x=$((2 + 3 * x))" "y=$((2 + 3 * y))"
}

draw_methods() {
    local column diversity judge
    [ -f "$data/runs.tsv" ] || return 0
    "$root/analysis/methods/compare.pl" "$data" > "$data/methods.md" || { rm -f "$data/methods.md"; return 0; }
    column=$(head -n 1 "$data/methods.tsv")
    diversity=$(cut -f 5 <<< "$column")
    judge=$(cut -f 6 <<< "$column")
    frontier_of methods_reward_distance "Methods: reward against distance" 1 "velocity distance to the reference" 0 "mean reward"
    frontier_of methods_reward_diversity "Methods: reward against diversity" 2 "$diversity" 0 "mean reward"
    frontier_of methods_judge_reward "Methods: judge against reward" 0 "mean reward" 3 "$judge"
}
draw_methods
