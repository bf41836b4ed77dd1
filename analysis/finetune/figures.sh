# figures.sh - the figures of a user's own fine-tuning; sourced by analysis/figures.sh (see ../lib.sh for the variables, ../runs.sh for
# the tables).
# shellcheck shell=bash

# Sample sheets: the base model, and the first seed of each alpha.
finetune_grids() {
    local alpha name
    draw_grid grid-base "$results/runs/base/samples/final.h5" "Base model - $dataset, profile $profile" \
        "Samples before fine-tuning; reward $(printf '%.3g' "$(base_level reward_mean)")" ""
    for alpha in $(alphas_of orw); do
        name=$(runs_of orw "$alpha" | head -n 1)
        draw_grid "grid-alpha$alpha" "$results/runs/$name/samples/final.h5" "alpha = $alpha - $dataset, profile $profile" \
            "Samples at the end of fine-tuning, seed ${name##*-seed}; reward $(printf '%.3g' "$(last_value "$name" reward_mean)")" ""
    done
}

draw_finetune() {
    local settings=() alpha method dataset reward update="gradient update"
    list_runs
    if [ -z "$(runs_of orw)" ]; then
        say "skipped finetune: no complete run"
        return 0
    fi
    export_runs classifier_a
    dataset=$(dataset_of_runs)
    reward="mean reward, $(run_provenance run.reward)"
    for method in orw offline control; do
        for alpha in $(alphas_of "$method"); do settings+=("$method|$alpha|$method, alpha = $alpha"); done
    done
    draw_pairs reward_vs_distance "What the reward costs" distance "velocity distance to the base model, mean over elements" \
        reward_mean "$reward" "" "${settings[@]}"
    draw_bands reward_vs_update "Reward while fine-tuning" "$reward" reward_mean evaluation update "$update" "" \
        "$(base_level reward_mean)" "${settings[@]}"
    draw_bands distance_vs_update "Distance to the base model" "velocity distance on the path, mean over elements" distance evaluation \
        update "$update" "" "" "${settings[@]}"
    draw_bands pairwise_variance_vs_update "Spread of the samples" "pairwise variance of the pixels" pairwise_variance evaluation \
        update "$update" "" "$(base_level pairwise_variance)" "${settings[@]}"
    draw_bands sliced_w2_images_vs_update "Distance to real images" "sliced squared W2 to test images" sliced_w2_images evaluation \
        update "$update" "" "$(base_level sliced_w2_images)" "${settings[@]}"
    [ ! -f "$results/base/run.h5" ] || draw_pretraining
    finetune_grids
}
draw_finetune
