# figures.sh - the figures of the steering experiment; sourced by analysis/figures.sh (see ../lib.sh for the variables, ../runs.sh for
# the tables).
# shellcheck shell=bash

# Sample sheets with what the reward and the judge say of them: the base model, and the first seed of each alpha.
steering_grids() {
    local alpha name
    draw_grid grid-base "$results/runs/base/samples/final.h5" "Base model - $dataset, profile $profile" \
        "Samples before fine-tuning; $(told_of "$(base_level reward_mean)" "$(base_level judge_right)" "$(base_level variety)")" C6
    for alpha in $(alphas_of orw); do
        name=$(runs_of orw "$alpha" | head -n 1)
        draw_grid "grid-alpha$alpha" "$results/runs/$name/samples/final.h5" "alpha = $alpha - $dataset, profile $profile" \
            "Samples at the end of fine-tuning to \"$text\", seed $(seed_of "$name"); $(told_of "$(last_value "$name" reward_mean)" \
                "$(last_value "$name" judge_right)" "$(last_value "$name" variety)")" C6
    done
    for alpha in $(alphas_of control); do
        name=$(runs_of control "$alpha" | head -n 1)
        draw_grid "grid-control-alpha$alpha" "$results/runs/$name/samples/final.h5" "No reward (control) - $dataset, profile $profile" \
            "Samples at the end, seed $(seed_of "$name"); $(told_of "$(last_value "$name" reward_mean)" "$(last_value "$name" judge_right)" \
                "$(last_value "$name" variety)")" C6
    done
}
told_of() { printf 'reward %.2f, judged right %.2f, variety %.2f' "${1:-nan}" "${2:-nan}" "${3:-nan}"; }

draw_steering() {
    local settings=() sheets=("grid-base|base model") alpha dataset text update="gradient update"
    list_runs
    if [ -z "$(runs_of orw)" ]; then
        say "skipped steering: no complete run"
        return 0
    fi
    export_runs classifier_b class_encoder
    dataset=$(dataset_of_runs)
    text=$(run_provenance run.text)
    mapfile -t settings < <(settings_of orw offline control)
    for alpha in $(alphas_of orw); do sheets+=("grid-alpha$alpha|alpha = $alpha"); done
    draw_bands reward_vs_update "Score under \"$text\" while fine-tuning" "mean cosine of sample and text, the reward" reward_mean \
        evaluation update "$update" C6 "$(base_level reward_mean)" "${settings[@]}"
    draw_bands judge_vs_update "Samples that a judge calls what the text names" "share judged right" judge_right evaluation update \
        "$update" C6 "$(base_level judge_right)" "${settings[@]}"
    draw_bands variety_vs_update "Variety" "mean pairwise 1 - cosine of the judge's features" variety evaluation update "$update" C6 \
        "$(base_level variety)" "${settings[@]}"
    draw_bands pairwise_variance_vs_update "Spread of the samples" "pairwise variance of the pixels" pairwise_variance evaluation \
        update "$update" C6 "$(base_level pairwise_variance)" "${settings[@]}"
    draw_bands distance_vs_update "Distance to the reference" "velocity distance on the path, mean over elements" distance evaluation \
        update "$update" C6 "" "${settings[@]}"
    draw_pairs reward_vs_judge "Reward against judge while fine-tuning" reward_mean "mean cosine of sample and text, the reward" \
        judge_right "share judged right" C6 "${settings[@]}"
    draw_pairs distance_vs_reward "Distance at matched reward" reward_mean "mean cosine of sample and text, the reward" distance \
        "velocity distance to the reference" C6 "${settings[@]}"
    draw_pairs variety_vs_judge "Variety against what a judge sees" judge_right "share judged right" variety \
        "variety: mean pairwise 1 - cosine of the judge's features" C6 "${settings[@]}"
    draw_pretraining
    steering_grids
    draw_page page-alpha "Steering to \"$text\": reward and what a judge sees, by alpha - $dataset, profile $profile" \
        "$(bands_words); sheets: 64 samples of the first seed" C6 "reward_vs_update judge_vs_update" "${sheets[@]}" \
        "grid-control-alpha0|no reward (control)"
    draw_health
}
draw_steering
