/* brightness.c - the mean of a sample's pixels: the smallest reward, to start one's own from. */
#include <stdlib.h>

#include "orw/reward.h"

const orw_option orw_brightness_options[] = {{.key = NULL}}; /* no key of its own */

/* The state: the numbers of one sample. */
static orw_status open(orw_reward *self, const orw_reward_host *host, const char *argument) {
    size_t *numbers = self->state = malloc(sizeof *numbers);
    (void)argument;
    if (!numbers) return orw_error(ORW_ERR_SYSTEM, "no memory for a reward");
    *numbers = (size_t)host->height * (size_t)host->width * (size_t)host->channels;
    return ORW_OK;
}

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    const size_t D = *(const size_t *)self->state;
    (void)tape;
    for (int i = 0; i < samples->count; i++) {
        const float *x = samples->x + (size_t)i * D;
        double sum = 0;
        for (size_t k = 0; k < D; k++) sum += (double)x[k];
        reward[i] = (float)(sum / (double)D);
    }
    return ORW_OK;
}

const orw_reward orw_reward_brightness = {
    .name = "brightness", .help = "mean of the pixels, -1 (black) to 1 (white)", .open = open, .score = score};
