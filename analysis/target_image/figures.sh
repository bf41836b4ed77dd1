# figures.sh - the figures of the target-image experiment; sourced by analysis/figures.sh (see ../lib.sh for the variables).
# shellcheck shell=bash
#
# Writes $data/runs.tsv (one line per run), $data/runs/NAME/{evaluation,metrics,timing,provenance}.tsv and one table per figure,
# all of them printed by `orw export`; the report reads the same tables.

# Runs of the sweep, METHOD-alphaA-seedS (not those moved aside), into runs.tsv. A run is complete once it has written its final model.
list_runs() {
    local run name complete
    printf '# name\tmethod\talpha\tseed\tcomplete\n' > "$data/runs.tsv"
    for run in "$results"/runs/*/; do
        [ -f "$run/run.h5" ] || continue
        name=$(basename "$run")
        complete=no
        [ ! -f "$run/policy.h5" ] || complete=yes
        printf '%s\n' "$name" | sed -n "s/^\(.*\)-alpha\(.*\)-seed\([0-9]*\)$/&\t\1\t\2\t\3\t$complete/p" >> "$data/runs.tsv"
    done
}

# Names of complete runs of METHOD (with ALPHA), by number of alpha and seed.
runs_of() { # runs_of METHOD [ALPHA]
    awk -F '\t' -v method="$1" -v alpha="${2-}" '!/^#/ && $2 == method && (alpha == "" || $3 == alpha) && $5 == "yes"' \
        "$data/runs.tsv" | sort -t "$(printf '\t')" -k3,3g -k4,4g | cut -f 1
}
alphas_of() { awk -F '\t' -v method="$1" '!/^#/ && $2 == method && $5 == "yes" { print $3 }' "$data/runs.tsv" | sort -gu; }
run_files() { while read -r name; do printf '%s\n' "$results/runs/$name/run.h5"; done; }

export_runs() {
    local name table
    while IFS=$'\t' read -r name _; do
        case $name in '#'*) continue ;; esac
        for table in evaluation metrics timing; do
            export_to "runs/$name/$table.tsv" "$results/runs/$name/run.h5" "$table" || true
        done
        export_to "runs/$name/provenance.tsv" --provenance "$results/runs/$name/run.h5" || true
    done < "$data/runs.tsv"
    if [ -f "$results/base/run.h5" ]; then
        export_to base/metrics.tsv "$results/base/run.h5" metrics || true
    fi
    [ ! -f "$results/runs/base/run.h5" ] || export_to base/evaluation.tsv "$results/runs/base/run.h5" evaluation || true
    for name in classifier_a classifier_b; do
        [ ! -f "$results/$name/evaluation.h5" ] || export_to "$name/evaluation.tsv" "$results/$name/evaluation.h5" evaluation || true
    done
}

# The first evaluation of every complete run, before any update, is the base model's: mean of a column over runs.
base_level() { # base_level COLUMN
    local name file column
    runs_of orw | while read -r name; do
        file=$data/runs/$name/evaluation.tsv
        [ -f "$file" ] || continue
        column=$(column_of "$file" "$1")
        [ -z "$column" ] || awk -v c="$column" '!/^#/ && NF { print $c; exit }' "$file"
    done | awk '{ s += $1; n++ } END { if (n) printf "%.6g", s / n }'
}

# draw_bands NAME QUANTITY YLABEL COLUMN TABLE AGAINST XLABEL CLAIMS BASE SETTING...; SETTING: METHOD ALPHA LABEL, | between.
draw_bands() {
    local name=$1 quantity=$2 ylabel=$3 column=$4 table=$5 against=$6 xlabel=$7 claims=$8 base=$9 setting method alpha label
    local files='' labels='' sources='' seeds='' inputs paper='' smooth='' note='' these='' kinds=''
    # Rewards of one round are of few samples: their moving mean is drawn. Evaluations are drawn as they are.
    if [ "$table" = metrics ]; then
        smooth='--smooth 5'
        note=', moving mean over 5 rounds'
    fi
    shift 9
    for setting in "$@"; do
        IFS='|' read -r method alpha label <<< "$setting"
        mapfile -t inputs < <(runs_of "$method" "$alpha" | run_files)
        [ ${#inputs[@]} -gt 0 ] || continue
        # shellcheck disable=SC2086
        export_to "$name-$method-alpha$alpha.tsv" --band "$column" --against "$against" --table "$table" $smooth "${inputs[@]}" || continue
        files="$files $name-$method-alpha$alpha.tsv"
        labels="$labels \"$label\""
        these="n = ${#inputs[@]}, seeds $(runs_of "$method" "$alpha" | sed 's/.*-seed//' | paste -sd ' ')"
        seeds="$seeds${seeds:+; }$label: $these"
        kinds="$kinds$these"$'\n'
        sources="$sources$(printf '%s\n' "${inputs[@]}")"$'\n'
    done
    # Said once where it is the same for every line.
    if [ "$(printf '%s' "$kinds" | sort -u | wc -l)" -eq 1 ] && [ "$(printf '%s' "$kinds" | wc -l)" -gt 1 ]; then
        seeds="every line: $these"
    fi
    if [ -z "$files" ]; then
        say "skipped $name: no complete run has $column"
        return 0
    fi
    if [ "$name" = reward_vs_update ] && [ "$profile" = paper ]; then paper=$(paper_points); fi
    draw "$scripts/bands.gp" "$name" "$quantity - $dataset, profile $profile" \
        "Mean over seeds$note; band: 95 % t interval. $seeds" "$claims" "$sources" \
        "xlabel=$xlabel" "ylabel=$ylabel" "files=$files" "labels=$labels" "base=$base" "paper=$paper"
}

# The paper's rewards, with the update they stand at: comparable only where the setting is the paper's.
paper_points() {
    awk -F '\t' '$1 == "C1" && $2 ~ /^reward at update [0-9]+$/ { n = $2; sub(/.* /, "", n); print n "\t" $4 "\t" $3 }' \
        "$root/analysis/paper/values.tsv" > "$data/paper-reward.tsv"
    printf 'paper-reward.tsv'
}

draw_distance_vs_reward() {
    local files='' kinds='' labels='' sources='' kind=0 alpha name file x y
    for alpha in $(alphas_of orw); do
        kind=$((kind + 1))
        labels="$labels \"alpha = $alpha\""
        for name in $(runs_of orw "$alpha"); do
            file=$data/runs/$name/evaluation.tsv
            [ -f "$file" ] || continue
            x=$(column_of "$file" reward_mean)
            y=$(column_of "$file" distance)
            files="$files runs/$name/evaluation.tsv"
            kinds="$kinds $kind"
            sources="$sources$results/runs/$name/run.h5"$'\n'
        done
    done
    if [ -z "$files" ] || [ -z "${x:-}" ] || [ -z "${y:-}" ]; then
        say "skipped distance_vs_reward: no complete run has reward_mean and distance"
        return 0
    fi
    draw "$scripts/distance_vs_reward.gp" distance_vs_reward "Distance at matched reward - $dataset, profile $profile" \
        "One line per seed, one point per evaluation; n = $(wc -w <<< "$files") runs" C2 "$sources" \
        "files=$files" "settings=$kinds" "labels=$labels" "xcolumn=$x" "ycolumn=$y"
}

draw_digits() {
    local alphas alpha digit inputs header=$'digit\tbase' line
    mapfile -t alphas < <(alphas_of orw)
    if [ ${#alphas[@]} -eq 0 ] || [ -z "$(base_level digit0)" ]; then
        say "skipped digits: no complete run has digit0 .. digit9"
        return 0
    fi
    for alpha in "${alphas[@]}"; do
        mapfile -t inputs < <(runs_of orw "$alpha" | run_files)
        export_to "last-orw-alpha$alpha.tsv" --last --table evaluation "${inputs[@]}" || return 0
        header="$header"$'\t'"alpha=$alpha"
    done
    printf '%s\n' "$header" > "$data/digits.tsv"
    for digit in 0 1 2 3 4 5 6 7 8 9; do
        line="$digit"$'\t'"$(base_level "digit$digit")"
        for alpha in "${alphas[@]}"; do
            line="$line"$'\t'"$(mean_of "$data/last-orw-alpha$alpha.tsv" "digit$digit")"
        done
        printf '%s\n' "$line" >> "$data/digits.tsv"
    done
    draw "$scripts/digits.gp" digits "Digits at the end of fine-tuning - $dataset, profile $profile" \
        "Mean over $(runs_of orw "${alphas[0]}" | grep -c .) seeds per alpha; base: the same policies before any update" C2 \
        "$(runs_of orw | run_files)" "table=digits.tsv" "columns=$((${#alphas[@]} + 2))"
}

mean_of() { # mean_of FILE COLUMN
    awk -v c="$(column_of "$1" "$2")" '!/^#/ && NF && c { s += $c; n++ } END { if (n) printf "%.6g", s / n; else print "nan" }' "$1"
}

draw_pretraining() {
    local table=$data/base/metrics.tsv
    if [ ! -f "$table" ] || [ -z "$(column_of "$table" loss)" ]; then
        say "skipped pretraining: the base model's run file has no loss"
        return 0
    fi
    draw "$scripts/pretraining.gp" pretraining "Pre-training of the base model - $dataset, profile $profile" \
        "One base model, from which all runs start" "" "$results/base/run.h5" \
        "table=base/metrics.tsv" "xcolumn=$(column_of "$table" update)" "ycolumn=$(column_of "$table" loss)"
}

# Sample sheets: the base model and, for each alpha, the first seed at the end.
draw_grids() {
    local alpha name reward last
    draw_grid grid-base "$results/runs/base/samples/final.h5" "Base model - $dataset, profile $profile" \
        "Samples before fine-tuning; mean reward $(base_level reward_mean)"
    for alpha in $(alphas_of orw); do
        name=$(runs_of orw "$alpha" | head -n 1)
        last=$data/runs/$name/evaluation.tsv
        reward=unknown
        [ ! -f "$last" ] || reward=$(awk -v c="$(column_of "$last" reward_mean)" '!/^#/ && NF { v = $c } END { printf "%.3f", v }' "$last")
        draw_grid "grid-alpha$alpha" "$results/runs/$name/samples/final.h5" "alpha = $alpha - $dataset, profile $profile" \
            "Samples at the end of fine-tuning, seed ${name##*-seed}; mean reward $reward"
    done
}

draw_grid() { # draw_grid NAME SAMPLES TITLE CAPTION
    local reason
    if [ ! -f "$2" ]; then
        say "skipped $1: ${2#"$out"/} is not there"
    elif reason=$("$ORW" grid "$2" "$figures/$1.png" --count 64 --columns 8 --scale 2 2>&1 > /dev/null); then
        about "$1" "$3" "$4" C2 "$2"
        say "drawn $1"
    else
        say "not drawn: $1: $(printf '%s' "$reason" | tail -n 1)"
    fi
}

draw_all() {
    local settings=() alpha first dataset
    list_runs
    export_runs
    first=$(runs_of orw | head -n 1)
    dataset=$(value_of "$data/runs/$first/provenance.tsv" data.train)
    dataset=${dataset%% *}
    dataset=${dataset:-unknown data set}
    for alpha in $(alphas_of orw); do settings+=("orw|$alpha|alpha = $alpha"); done
    local update="gradient update" evaluated="evaluation samples"

    draw_bands reward_vs_update "Reward while fine-tuning" "mean reward, P(even) by classifier A" \
        reward_mean metrics update "$update" C1 "$(base_level reward_mean)" "${settings[@]}"
    draw_bands online_vs_offline "Online against offline reward weighting, alpha = 0" "mean reward, $evaluated" \
        reward_mean evaluation samples_scored "samples scored by the reward" C7 "$(base_level reward_mean)" \
        "orw|0|online" "offline|0|offline"
    draw_bands judge_entropy_vs_update "Variety of digits" "entropy over digits by classifier B, nats" \
        judge_entropy evaluation update "$update" C2 "$(base_level judge_entropy)" "${settings[@]}"
    draw_bands judge_even_vs_update "Even digits by a judge that is not the reward" "even fraction by classifier B" \
        judge_even evaluation update "$update" "C1 C2" "$(base_level judge_even)" "${settings[@]}"
    draw_bands distance_vs_update "Distance to the reference" "velocity distance, mean over elements" \
        distance evaluation update "$update" C2 "" "${settings[@]}"
    draw_distance_vs_reward
    draw_digits
    draw_bands pairwise_variance_vs_update "Spread of the samples" "pairwise variance of the pixels" \
        pairwise_variance evaluation update "$update" C2 "$(base_level pairwise_variance)" "${settings[@]}"
    draw_bands judge_confidence_vs_update "Confidence of the judge" "mean largest probability by classifier B" \
        judge_confidence evaluation update "$update" C2 "$(base_level judge_confidence)" "${settings[@]}"
    draw_pretraining
    draw_grids
}
draw_all
