# figures.sh - the figures of the text-image experiment; sourced by analysis/figures.sh (see ../lib.sh for the variables, ../runs.sh for
# the tables).
# shellcheck shell=bash

methods_of_runs() { awk -F '\t' '!/^#/ && $5 == "yes" && !seen[$2]++ { print $2 }' "$data/runs.tsv"; }

method_label() {
    case $1 in
        orw) printf 'ORW' ;;
        raft) printf 'RAFT' ;;
        reft) printf 'ReFT' ;;
        control) printf 'no reward (control)' ;;
        offline) printf 'ORW, offline' ;;
        *) printf '%s' "$1" | sed 's/^orw-/ORW, /; s/^raft-/RAFT, /; s/^reft-/ReFT, /' ;;
    esac
}
setting_label() { if [ "$2" = 0 ]; then method_label "$1"; else printf '%s + W2 (alpha %s)' "$(method_label "$1")" "$2"; fi; }

# What every policy does under prompts that it was not fine-tuned on.
export_others() {
    local name
    { printf 'base\n'; awk -F '\t' '!/^#/ && $5 == "yes" { print $1 }' "$data/runs.tsv"; } | while read -r name; do
            [ ! -f "$results/others/$name/policy.h5" ] || export_to "others/$name.tsv" "$results/others/$name/run.h5" evaluation || true
        done
}

# Score against variety at the end: a cross per setting, a point per run, all under the main reward.
draw_score_variety() {
    local method alpha run kind=0 labels='' styles='' n=0
    : > "$data/score-variety.tsv"
    for method in orw raft reft offline control orw-lora raft-lora reft-lora; do
        for alpha in $(alphas_of "$method"); do
            kind=$((kind + 1))
            labels="$labels \"$(setting_label "$method" "$alpha")\""
            styles="$styles $(style_of "$method" "$alpha")"
            for run in $(runs_of "$method" "$alpha"); do
                printf '%s\t%s\t%s\t%s\n' "$kind" "$(last_value "$run" variety)" "$(last_value "$run" "$reward")" \
                    "$(last_value "$run" judge_right)" >> "$data/score-variety.tsv"
                n=$((n + 1))
            done
        done
    done
    for column in "$reward|score_vs_variety|mean $reward score|3" "judge_right|right_vs_variety|share judged right|4"; do
        IFS='|' read -r column name label number <<< "$column"
        draw "$scripts/points.gp" "$name" "What a score costs in variety - profile $profile" \
            "At the end of fine-tuning, a point per run, a large one per setting's mean; n = $n runs" C8 "$(all_run_files)" \
            "xlabel=variety: mean pairwise 1 - cosine of the judge's features" "ylabel=$label" "table=score-variety.tsv" \
            "kinds=$kind" "labels=$labels" "styles=$styles" "ycolumn=$number" "base=$(base_level variety) $(base_level "$column")"
    done
}

all_run_files() { awk -F '\t' '!/^#/ && $5 == "yes" { print $1 }' "$data/runs.tsv" | run_files; }

# Share judged right by prompt: the base model and every method at the largest alpha.
draw_prompts() {
    local count p method alpha methods=() header=$'prompt\tbase' line
    count=$(run_provenance prompts.count)
    for method in orw raft reft; do
        alpha=$(alphas_of "$method" | tail -n 1)
        [ -n "$alpha" ] || continue
        methods+=("$method|$alpha")
        header="$header"$'\t'"$(setting_label "$method" "$alpha")"
        mapfile -t inputs < <(runs_of "$method" "$alpha" | run_files)
        export_to "last-$method-alpha$alpha.tsv" --last --table evaluation "${inputs[@]}" || return 0
    done
    printf '%s\n' "$header" > "$data/prompts.tsv"
    for ((p = 0; p < ${count:-0}; p++)); do
        line="$(run_provenance "prompt.$p" | sed 's/ (held out)/ */; s/ on the / /')"$'\t'"$(base_level "right_$p")"
        for method in "${methods[@]}"; do
            line="$line"$'\t'"$(mean_of "$data/last-${method%|*}-alpha${method#*|}.tsv" "right_$p")"
        done
        printf '%s\n' "$line" >> "$data/prompts.tsv"
    done
    draw "$scripts/prompts.gp" prompts "Prompts that come out right - profile $profile" \
        "By a judge that is no reward, mean over seeds; *: held out from pre-training; $(evaluation_count) samples per policy" C9 \
        "$(all_run_files)" "table=prompts.tsv" "columns=$((${#methods[@]} + 2))"
}
evaluation_count() { last_value "$(runs_of orw | head -n 1)" count; }

# Sheets whose columns are the prompts: the base model and the first seed of every setting.
text_grids() {
    local method alpha run columns prompts
    columns=$(run_provenance prompts.count)
    prompts=$(for ((p = 0; p < columns; p++)); do run_provenance "prompt.$p"; printf '; '; done)
    prompts_grid grid-base "$results/runs/base/samples/final.h5" "Base model" \
        "Columns: ${prompts}judged right $(base_level judge_right)"
    for method in $(methods_of_runs); do
        for alpha in $(alphas_of "$method"); do
            run=$(runs_of "$method" "$alpha" | head -n 1)
            prompts_grid "grid-$method-alpha$alpha" "$results/runs/$run/samples/final.h5" "$(setting_label "$method" "$alpha")" \
                "Columns as for the base model; seed $(seed_of "$run"); judged right $(printf '%.2f' "$(last_value "$run" judge_right)"), variety $(printf '%.2f' "$(last_value "$run" variety)")"
        done
    done
}
prompts_grid() { # prompts_grid NAME SAMPLES TITLE CAPTION
    local reason
    if reason=$(sheet "$2" "$1" $((8 * columns)) "$columns"); then
        about "$1" "$3 - profile $profile" "$4" "C8 C9" "$2"
        say "drawn $1"
    else
        reason=$(printf '%s' "$reason" | tail -n 1)
        unread "not drawn: $1: ${reason//"$out/"/}"
    fi
}

draw_text_image() {
    local settings=() rewards=() sheets=("grid-base|base model") setting label method alpha reward dataset update="gradient update"
    list_runs
    if [ -z "$(runs_of orw)" ]; then
        say "skipped text_image: no complete run"
        return 0
    fi
    export_runs detector judge dual_encoder preference
    export_others
    dataset="captioned scenes"
    reward=$(run_provenance run.reward)
    reward=${reward:-alignment}
    mapfile -t settings < <(settings_of orw raft reft offline control)
    for method in orw orw-alignment orw-detection orw-preference orw-lora; do
        alpha=$(alphas_of "$method" | tail -n 1)
        [ -z "$alpha" ] || rewards+=("$method|$alpha|$(setting_label "$method" "$alpha" | sed "s/^ORW +/ORW, $reward +/")")
    done
    draw_bands judge_vs_update "Prompts that come out right" "share judged right" judge_right evaluation update "$update" C9 \
        "$(base_level judge_right)" "${settings[@]}"
    draw_bands score_vs_update "Score" "mean $reward score" "$reward" evaluation update "$update" C8 "$(base_level "$reward")" "${settings[@]}"
    draw_bands variety_vs_update "Variety" "mean pairwise 1 - cosine of the judge's features" variety evaluation update "$update" C8 \
        "$(base_level variety)" "${settings[@]}"
    draw_bands rewards_judge_vs_update "Prompts that come out right, by reward" "share judged right" judge_right evaluation update \
        "$update" C10 "$(base_level judge_right)" "${rewards[@]}"
    draw_bands pairwise_variance_vs_update "Spread of the samples" "pairwise variance of the pixels" pairwise_variance evaluation \
        update "$update" C8 "$(base_level pairwise_variance)" "${settings[@]}"
    draw_score_variety
    draw_pairs reward_vs_judge "Reward against judge; right and down: the reward is fooled" "$reward" "mean $reward score, the reward" \
        judge_right "share judged right" "C8 C9" "${settings[@]}"
    draw_pairs distance_vs_judge "Distance at matched share right" judge_right "share judged right" distance \
        "velocity distance to the reference" "C8 C9" "${settings[@]}"
    draw_prompts
    draw_pretraining
    text_grids
    for setting in "${settings[@]}"; do
        IFS='|' read -r method alpha label <<< "$setting"
        sheets+=("grid-$method-alpha$alpha|$label")
    done
    draw_page page-methods "Text and image: score, variety and what a judge reads - profile $profile" \
        "Left: a mark per run, a large one per setting; right: $(bands_words); sheets: a column per prompt, the first seed" "C8 C9" \
        "score_vs_variety judge_vs_update" "${sheets[@]}"
    draw_health
}
draw_text_image
