# figures.sh - the figures of the compression experiment; sourced by analysis/figures.sh (see ../lib.sh for the variables, ../runs.sh for
# the tables).
# shellcheck shell=bash

# at_end COLUMN [METHOD]: the file "alpha<TAB>mean<TAB>half width" of the column's last values, over the seeds of each alpha; nothing where
# there are none.
at_end() {
    local column=$1 method=${2:-orw} alpha inputs
    [ "$method" = orw ] || set -- "$column-$method"
    : > "$data/end-$1.tsv"
    for alpha in $(alphas_of "$method"); do
        mapfile -t inputs < <(runs_of "$method" "$alpha" | run_files)
        export_to "ends/$1-alpha$alpha.tsv" --band "$column" --against update --table evaluation "${inputs[@]}" >&2 || continue
        awk -v alpha="$alpha" '!/^#/ && NF { mean = $2; half = $6 } END { if (mean != "") print alpha "\t" mean "\t" (half == "nan" ? 0 : half) }' \
            "$data/ends/$1-alpha$alpha.tsv" >> "$data/end-$1.tsv"
    done
    [ ! -s "$data/end-$1.tsv" ] || printf 'end-%s.tsv' "$1"
}

# The paper's values of a quantity by alpha: they are of CIFAR-10.
paper_by_alpha() { # paper_by_alpha CLAIM QUANTITY
    case $dataset in cifar10*) ;; *) return 0 ;; esac
    awk -F '\t' -v claim="$1" -v quantity="$2" '$1 == claim && $2 == quantity && $3 ~ /^alpha=/ { a = $3; sub(/alpha=/, "", a); print a "\t" $4 }' \
        "$root/analysis/paper/values.tsv" > "$data/paper-$1.tsv"
    printf 'paper-%s.tsv' "$1"
}

seeds_of_runs() {
    printf '%s runs, seeds %s' "$(runs_of orw | grep -c .)" "$(seeds_of orw)"
}

# against_alpha NAME QUANTITY YLABEL CLAIMS BASE LEVEL LEVEL_LABEL PAPER COLUMN|LABEL...
against_alpha() {
    local name=$1 quantity=$2 ylabel=$3 claims=$4 base=$5 level=$6 level_label=$7 paper=$8 setting file files='' labels=''
    shift 8
    for setting in "$@"; do
        file=$(at_end "${setting%%|*}")
        [ -n "$file" ] || continue
        files="$files $file"
        labels="$labels \"${setting#*|}\""
    done
    if [ -z "$files" ]; then
        say "skipped $name: no complete run has ${1%%|*}"
        return 0
    fi
    draw "$scripts/alpha.gp" "$name" "$quantity - $dataset, profile $profile" \
        "At the end of fine-tuning, mean over seeds with its 95 % t interval; $(seeds_of_runs)" "$claims" "$(runs_of orw | run_files)" \
        "ylabel=$ylabel" "files=$files" "labels=$labels" "base=$base" "level=$level" "level_label=$level_label" "paper=$paper"
}

join_ends() { # alpha<TAB>x<TAB>half width<TAB>y<TAB>half width
    awk -F '\t' 'NR == FNR { mean[$1] = $2; half[$1] = $3; next } $1 in mean { print $1 "\t" mean[$1] "\t" half[$1] "\t" $2 "\t" $3 }' \
        "$data/end-$1.tsv" "$data/end-$2.tsv"
}

# frontier NAME QUANTITY XCOLUMN XLABEL YCOLUMN YLABEL CLAIMS DATA PAPER: one column at the end against another.
frontier() {
    local name=$1 quantity=$2 x=$3 xlabel=$4 y=$5 ylabel=$6 claims=$7 images=$8 paper=$9 run at base='' method
    if [ -z "$(at_end "$x")" ] || [ -z "$(at_end "$y")" ]; then
        say "skipped $name: no complete run has $x and $y"
        return 0
    fi
    join_ends "$x" "$y" > "$data/$name.tsv"
    for method in offline control; do
        if [ -n "$(at_end "$x" $method)" ] && [ -n "$(at_end "$y" $method)" ]; then
            join_ends "$x-$method" "$y-$method" | sed "s/\$/\t$method\t$(style_of $method)/"
        fi
    done > "$data/$name-others.tsv"
    for run in $(runs_of orw); do
        printf '%s\t%s\n' "$(last_value "$run" "$x")" "$(last_value "$run" "$y")"
    done > "$data/$name-runs.tsv"
    at=$(base_level "$x")
    [ -z "$at" ] || base="$at $(base_level "$y")"
    draw "$scripts/frontier.gp" "$name" "$quantity - $dataset, profile $profile" \
        "At the end of fine-tuning, mean over seeds with 95 % t intervals; $(seeds_of_runs)" "$claims" "$(runs_of orw | run_files)" \
        "xlabel=$xlabel" "ylabel=$ylabel" "table=$name.tsv" "others=$name-others.tsv" "runs=$name-runs.tsv" "base=$base" "data=$images" "paper=$paper"
}

# The paper's reward against its distance: read off two of its plots.
paper_frontier() {
    local rewards distances
    rewards=$(paper_by_alpha C3 'reward (-kB)')
    distances=$(paper_by_alpha C4 distance)
    [ -n "$rewards" ] || return 0
    (cd "$data" && awk -F '\t' 'NR == FNR { distance[$1] = $2; next } $1 in distance { print distance[$1] "\t" $2 "\t" $1 }' \
        "$distances" "$rewards" > paper-frontier.tsv)
    printf 'paper-frontier.tsv'
}

# Sample sheets with the mean size under each: the base model, and the first seed of each alpha.
compression_grids() {
    local alpha name bytes method
    draw_grid grid-base "$results/runs/base/samples/final.h5" "Base model - $dataset, profile $profile" \
        "Samples before fine-tuning; mean $(printf '%.0f' "$(base_level bytes_mean)") bytes (training images $(run_provenance data.bytes_mean))" "C3 C5"
    for alpha in $(alphas_of orw); do
        name=$(runs_of orw "$alpha" | head -n 1)
        bytes=$(last_value "$name" bytes_mean)
        draw_grid "grid-alpha$alpha" "$results/runs/$name/samples/final.h5" "alpha = $alpha - $dataset, profile $profile" \
            "Samples at the end of fine-tuning, seed $(seed_of "$name"); mean ${bytes:+$(printf '%.0f' "$bytes")} bytes (blank: $(run_provenance data.bytes_floor))" \
            "C3 C5"
    done
    for method in offline control; do
        for alpha in $(alphas_of "$method"); do
            name=$(runs_of "$method" "$alpha" | head -n 1)
            bytes=$(last_value "$name" bytes_mean)
            draw_grid "grid-$method-alpha$alpha" "$results/runs/$name/samples/final.h5" \
                "$(setting_label "$method" "$alpha") - $dataset, profile $profile" \
                "Samples at the end, seed $(seed_of "$name"); mean ${bytes:+$(printf '%.0f' "$bytes")} bytes" "C3 C5"
        done
    done
}

draw_compression() {
    local settings=() own=() every=() dataset update="gradient update" reward="mean reward, -kB as a JPEG file"
    local sheets=("grid-base|base model") setting
    list_runs
    if [ -z "$(runs_of orw)" ]; then
        say "skipped compression: no complete run"
        return 0
    fi
    export_runs classifier_b
    dataset=$(dataset_of_runs)
    mapfile -t settings < <(settings_of orw)
    mapfile -t own < <(settings_of orw control) # those that draw from what they learn: a round's rewards are theirs
    mapfile -t every < <(settings_of orw offline control)

    against_alpha reward_vs_alpha "Reward against alpha" "$reward" C3 "$(base_level reward_mean)" "" "" \
        "$(paper_by_alpha C3 'reward (-kB)')" "reward_mean|ours"
    against_alpha distance_vs_alpha "Distance to the reference against alpha" "velocity distance, mean over elements" C4 "" "" "" \
        "$(paper_by_alpha C4 distance)" "distance|on the path to samples" "distance_trajectory|on the policy's trajectories"
    against_alpha sliced_w2_vs_alpha "Distance of samples against alpha" "sliced squared W2 to the base model's samples" C4 "" "" "" "" \
        "sliced_w2|same noise"
    against_alpha bytes_above_floor_vs_alpha "Bytes above a blank image's against alpha" "mean bytes above the format's floor" C5 \
        "$(base_level bytes_above_floor)" 0 "blank image" "" "bytes_above_floor|ours"
    against_alpha blank_share_vs_alpha "Nearly blank samples against alpha" "share of nearly blank samples" C5 \
        "$(base_level blank_share)" "" "" "" "blank_share|ours"
    against_alpha frechet_vs_alpha "Distance to real images against alpha" "squared Frechet distance in classifier features" "" \
        "$(base_level frechet)" "$(run_provenance data.frechet)" "training images" "" "frechet|ours"
    against_alpha pairwise_distance_vs_alpha "Variety of the samples against alpha" "mean pairwise distance" "" \
        "$(base_level pairwise_distance)" "" "" "" "pairwise_distance|ours"
    frontier reward_vs_distance "What reward costs in distance" distance "velocity distance to the reference, on the path" \
        reward_mean "$reward" "C3 C4" "" "$(paper_frontier)"
    frontier bytes_vs_frechet "What small files cost in quality" frechet "squared Frechet distance to test images, in classifier features" \
        bytes_mean "mean bytes" "" "$(run_provenance data.frechet) $(run_provenance data.bytes_mean)" ""
    draw_bands reward_vs_update "Reward while fine-tuning" "$reward" reward_mean metrics update "$update" C3 \
        "$(base_level reward_mean)" "${own[@]}"
    draw_bands distance_vs_update "Distance to the reference" "velocity distance on the path, mean over elements" \
        distance evaluation update "$update" C4 "" "${every[@]}"
    draw_pairs variety_vs_reward "Variety at matched reward" reward_mean "$reward" pairwise_distance "mean pairwise distance" "" "${every[@]}"
    draw_bands online_vs_offline "Online against offline reward weighting, alpha = 0" "mean reward, evaluation samples" \
        reward_mean evaluation samples_scored "samples scored by the reward" C7 "$(base_level reward_mean)" \
        "orw|0|online" "offline|0|offline"
    draw_pretraining
    compression_grids
    for setting in "${settings[@]}"; do
        setting=${setting#*|}
        sheets+=("grid-alpha${setting%%|*}|${setting#*|}")
    done
    draw_page page-alpha "Compression: reward and distance by alpha - $dataset, profile $profile" \
        "At the end of fine-tuning, mean over seeds, 95 % t interval; dashes: base model; sheets: 64 samples of the first seed" "C3 C4 C5" \
        "reward_vs_alpha distance_vs_alpha" "${sheets[@]}" "grid-offline-alpha0|offline"
    draw_health
}
draw_compression
