/* reward_plugin.h - a reward of your own as a shared library: reward = plugin:FILE.so. This header needs no other of
 * the suite; examples/reward_plugin.c is a whole plugin. Build one with cc -shared -fPIC -O2 -I include -o bright.so
 * bright.c */
#ifndef ORW_REWARD_PLUGIN_H
#define ORW_REWARD_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this interface. A library that was built against another one is refused when it is loaded. */
#define ORW_REWARD_PLUGIN_VERSION 1

typedef struct orw_plugin_images {
    int32_t count, height, width, channels;
    const float *pixels;         /* [count, height, width, channels], -1 (black) to 1 (white), seldom beyond */
    const char *const *captions; /* [count], UTF-8; NULL: the images have none */
    const int64_t *index;        /* [count], the number of each within its batch */
} orw_plugin_images;

typedef struct orw_plugin_reward {
    int32_t version; /* ORW_REWARD_PLUGIN_VERSION */
    /* reward[count], each a function of its own image and caption alone, and always the same. 0; anything else ends the
     * program. `state` is what open returned, or NULL. Called by one thread at a time. */
    int (*score)(void *state, const orw_plugin_images *images, float *reward);
    void *(*open)(void);        /* before the first score, once; NULL is a failure. The function may be NULL */
    void (*close)(void *state); /* after the last; may be NULL */
} orw_plugin_reward;

/* What the library offers, under this name. */
extern const orw_plugin_reward orw_plugin;

#ifdef __cplusplus
}
#endif

#endif
