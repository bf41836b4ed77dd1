# figures.sh - the figures of the target-image experiment; sourced by analysis/figures.sh (see ../lib.sh for the variables, ../runs.sh
# for the tables).
# shellcheck shell=bash

# The paper's rewards, with the update they stand at: comparable only where the setting is the paper's.
paper_rewards() {
    [ "$profile" = paper ] || return 0
    awk -F '\t' '$1 == "C1" && $2 ~ /^reward at update [0-9]+$/ { n = $2; sub(/.* /, "", n); print n "\t" $4 "\t" $3 }' \
        "$root/analysis/paper/values.tsv" > "$data/paper-reward.tsv"
    printf 'paper-reward.tsv'
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

# Sweeps over weight.tau: orw-tauTAU, by TAU.
temperatures_of_runs() { awk -F '\t' '!/^#/ && $5 == "yes" && $2 ~ /^orw-tau[0-9.e-]+$/ { print $2 }' "$data/runs.tsv" | sort -u | sort -k1.8,1g; }

# The paper's figures of target images: one over temperatures beside offline, one over alpha.
draw_pages() {
    local alpha method sheets=("grid-base|base model") row=("grid-base|base model")
    for alpha in $(alphas_of orw); do sheets+=("grid-alpha$alpha|alpha = $alpha"); done
    draw_page page-alpha "Target images: reward and digits by alpha - $dataset, profile $profile" \
        "$(bands_words); sheets: 64 samples of the first seed" "C1 C2" "reward_vs_update judge_entropy_vs_update" "${sheets[@]}"
    for method in $(temperatures_of_runs); do row+=("grid-$method-alpha0|${method#orw-}"); done
    row+=("grid-offline-alpha0|offline")
    draw_page page-temperature "Target images: reward by temperature, beside offline - $dataset, profile $profile" \
        "$(bands_words); sheets: 64 samples of the first seed" "C12 C7" "temperature_vs_update online_vs_offline" "${row[@]}"
}

# Sample sheets: the base model and, for each setting, the first seed at the end.
draw_grids() {
    local alpha name reward method
    draw_grid grid-base "$results/runs/base/samples/final.h5" "Base model - $dataset, profile $profile" \
        "Samples before fine-tuning; mean reward $(base_level reward_mean)" C2
    for alpha in $(alphas_of orw); do
        name=$(runs_of orw "$alpha" | head -n 1)
        reward=$(last_value "$name" reward_mean)
        draw_grid "grid-alpha$alpha" "$results/runs/$name/samples/final.h5" "alpha = $alpha - $dataset, profile $profile" \
            "Samples at the end of fine-tuning, seed $(seed_of "$name"); mean reward ${reward:+$(printf '%.3f' "$reward")}" C2
    done
    for method in $(temperatures_of_runs) offline control; do
        for alpha in $(alphas_of "$method"); do
            name=$(runs_of "$method" "$alpha" | head -n 1)
            reward=$(last_value "$name" reward_mean)
            draw_grid "grid-$method-alpha$alpha" "$results/runs/$name/samples/final.h5" \
                "$(setting_label "$method" "$alpha") - $dataset, profile $profile" \
                "Samples at the end, seed $(seed_of "$name"); mean reward ${reward:+$(printf '%.3f' "$reward")}" C2
        done
    done
}

draw_all() {
    local settings=() temperatures=() own=() every=() dataset
    list_runs
    export_runs classifier_a classifier_b
    dataset=$(dataset_of_runs)
    mapfile -t settings < <(settings_of orw)
    mapfile -t temperatures < <(settings_of $(temperatures_of_runs))
    mapfile -t own < <(settings_of orw control) # those that draw from what they learn: a round's rewards are theirs
    mapfile -t every < <(settings_of orw $(temperatures_of_runs) offline control)
    local update="gradient update" evaluated="evaluation samples"
    local reward="mean reward, P(even) by classifier A (evaluation seeds)"

    paper=$(paper_rewards) draw_bands reward_vs_update "Reward while fine-tuning" "mean reward, P(even) by classifier A" \
        reward_mean metrics update "$update" C1 "$(base_level reward_mean)" "${own[@]}"
    draw_bands online_vs_offline "Online against offline reward weighting, alpha = 0" "mean reward, $evaluated" \
        reward_mean evaluation samples_scored "samples scored by the reward" C7 "$(base_level reward_mean)" \
        "orw|0|online" "offline|0|offline"
    draw_bands judge_entropy_vs_update "Variety of digits" "entropy over digits by classifier B, nats" \
        judge_entropy evaluation update "$update" C2 "$(base_level judge_entropy)" "${settings[@]}"
    draw_bands judge_even_vs_update "Even digits by a judge that is not the reward" "even fraction by classifier B" \
        judge_even evaluation update "$update" "C1 C2" "$(base_level judge_even)" "${settings[@]}"
    draw_bands distance_vs_update "Distance to the reference" "velocity distance, mean over elements" \
        distance evaluation update "$update" C2 "" "${every[@]}"
    draw_pairs distance_vs_reward "Distance at matched reward" reward_mean "$reward" distance "velocity distance to the reference" C2 \
        "${every[@]}"
    draw_pairs frechet_even_vs_reward "Distance to real even digits at matched reward" reward_mean "$reward" frechet_even \
        "squared Frechet distance in B's features, even test digits" "C1 C7" "${every[@]}"
    draw_pairs entropy_vs_reward "Variety at matched reward" reward_mean "$reward" judge_entropy "entropy over digits by classifier B, nats" \
        "C2" "${every[@]}"
    draw_digits
    draw_bands pairwise_variance_vs_update "Spread of the samples" "pairwise variance of the pixels" \
        pairwise_variance evaluation update "$update" C2 "$(base_level pairwise_variance)" "${settings[@]}"
    draw_bands judge_confidence_vs_update "Confidence of the judge" "mean largest probability by classifier B" \
        judge_confidence evaluation update "$update" "C1 C2" "$(base_level judge_confidence)" "${every[@]}"
    draw_bands frechet_even_vs_update "Distance to real even digits" "squared Frechet distance in B's features, even test digits" \
        frechet_even evaluation update "$update" "C1 C2" "$(base_level frechet_even)" "${every[@]}"
    draw_bands frechet_vs_update "Distance to real digits" \
        "squared Frechet distance in B's features, test digits (two halves of them: $(run_provenance data.frechet_halves))" \
        frechet evaluation update "$update" C2 "$(base_level frechet)" "${every[@]}"
    if [ ${#temperatures[@]} -gt 0 ]; then
        draw_bands temperature_vs_update "Reward by temperature" "mean reward, $evaluated" reward_mean evaluation update "$update" C12 \
            "$(base_level reward_mean)" "${temperatures[@]}" "offline|0|offline"
    fi
    draw_pretraining
    draw_grids
    draw_pages
    draw_health
}
draw_all
