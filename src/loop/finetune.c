/* finetune.c - online reward-weighted fine-tuning (paper, Algorithm 1). Which method runs is the method's business: it
 * weighs the global batch and says which squared errors the weights multiply. */
#include <stdio.h>

#include "finetune.h"

static orw_status one_round(orw_finetune_state *state) {
    ORW_CALL(orw_finetune_draw(state));  /* x1 ~ q_old: every rank its shards */
    ORW_CALL(orw_finetune_score(state)); /* r(x1); where that fails the round can be made again */
    ORW_CALL(orw_finetune_weigh(state)); /* w = F(r) over the global batch */
    for (int k = 0; k < state->updates_per_round; k++) ORW_CALL(orw_finetune_update(state)); /* fresh t, x0 */
    orw_finetune_refresh(state);                                                             /* v_old <- v */
    return orw_finetune_record(state);
}

static orw_status loop(orw_finetune_state *state) {
    int every = orw_config_int(state->setup->place->config, "evaluate.every");
    orw_progress progress;
    char note[64], what[256];
    snprintf(what, sizeof what, "%s: round", orw_place_name(state->setup->place));
    if (state->round == 0 && state->evaluation->rows == 0) ORW_CALL(orw_finetune_evaluate(state));
    orw_progress_begin(&progress, what, (int)state->round, state->rounds);
    while (state->round < state->rounds) {
        ORW_CALL(one_round(state));
        if (state->round % every == 0 || state->round == state->rounds) ORW_CALL(orw_finetune_evaluate(state));
        ORW_CALL(orw_finetune_save(state));
        snprintf(note, sizeof note, "reward %.3f", orw_table_get(state->metrics, -1, "reward_mean"));
        orw_progress_update(&progress, (int)state->round, note);
    }
    orw_progress_end(&progress);
    return ORW_OK;
}

orw_status orw_finetune(const orw_finetune_setup *setup) {
    orw_place_state found;
    orw_finetune_state state;
    ORW_CALL(orw_place_inspect(setup->place, "policy.h5", &found));
    if (found == ORW_PLACE_COMPLETE) return ORW_OK;
    orw_status status = orw_finetune_open(setup, &state);
    if (status == ORW_OK) status = loop(&state);
    if (status == ORW_OK) status = orw_work_finish(&state.work, "policy.h5", setup->network, state.behaviour.average);
    orw_finetune_close(&state);
    return status;
}
