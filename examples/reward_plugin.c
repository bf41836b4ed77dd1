/* reward_plugin.c - a reward of your own in C: how bright are the pixels, -1 to 1, on average?
 *   cc -shared -fPIC -O2 -I include -o bright.so examples/reward_plugin.c
 *   orw reward plugin:bright.so --dataset mnist:test */
#include "orw/reward_plugin.h"

static int score(void *state, const orw_plugin_images *images, float *reward) {
    const int size = images->height * images->width * images->channels;
    (void)state;
    for (int i = 0; i < images->count; i++) {
        double sum = 0;
        for (int k = 0; k < size; k++) sum += images->pixels[i * size + k];
        reward[i] = (float)(sum / size);
    }
    return 0;
}

const orw_plugin_reward orw_plugin = {.version = ORW_REWARD_PLUGIN_VERSION, .score = score};
