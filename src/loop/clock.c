/* clock.c - where the time of a round goes. */
#include "finetune.h"

void orw_finetune_clock(orw_finetune_state *state, int phase) {
    double now = orw_seconds();
    state->phase[phase] += now - state->phase_started;
    state->phase_started = now;
}
