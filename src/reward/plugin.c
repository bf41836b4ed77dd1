/* plugin.c - plugin:FILE.so, a shared library of the user's that scores samples (orw/reward_plugin.h). It is loaded,
 * which runs its code, when it is first asked. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "orw/reward_plugin.h"
#include "outside.h"

const orw_option orw_plugin_options[] = {{.key = NULL}}; /* no key of its own */

typedef struct plugin {
    const orw_reward_host *host;
    char path[ORW_PATH];
    void *library, *made; /* library NULL: not loaded yet; made: the plugin's state */
    const orw_plugin_reward *offers;
} plugin;

static orw_status open(orw_reward *self, const orw_reward_host *host, const char *argument) {
    plugin *me = self->state = calloc(1, sizeof *me);
    if (!me) return orw_error(ORW_ERR_SYSTEM, "no memory for a plugin");
    me->host = host;
    /* A name without a slash would be looked for among the system's libraries. */
    snprintf(me->path, sizeof me->path, "%s%s", strchr(argument, '/') ? "" : "./", argument);
    orw_reward_label_file(me->path, self->label);
    return orw_reward_digest_files(host, (const char *const[]){me->path, NULL}, self->identity);
}

static orw_status unload(plugin *me, orw_status status) {
    dlclose(me->library);
    me->library = NULL;
    return status;
}

static orw_status load(plugin *me) {
    me->library = dlopen(me->path, RTLD_NOW | RTLD_LOCAL);
    if (!me->library) {
        const char *why = dlerror();
        return orw_error(ORW_ERR_INPUT, "plugin:%s: cannot be loaded: %s", me->path, why ? why : "");
    }
    me->offers = dlsym(me->library, "orw_plugin");
    if (!me->offers)
        return unload(me, orw_error(ORW_ERR_INPUT, "plugin:%s: has no 'orw_plugin', expected one (orw/reward_plugin.h)",
                                    me->path));
    if (me->offers->version != ORW_REWARD_PLUGIN_VERSION || !me->offers->score)
        return unload(me, orw_error(ORW_ERR_INPUT, "plugin:%s: of version %d%s, expected %d and a function score",
                                    me->path, me->offers->version, me->offers->score ? "" : " without a function score",
                                    ORW_REWARD_PLUGIN_VERSION));
    if (me->offers->open && !(me->made = me->offers->open()))
        return unload(me, orw_error(ORW_ERR_INPUT, "plugin:%s: its open failed", me->path));
    return ORW_OK;
}

static void close_plugin(orw_reward *self) {
    plugin *me = self->state;
    if (me && me->library) {
        if (me->offers->close) me->offers->close(me->made);
        unload(me, ORW_OK);
    }
    free(me);
    self->state = NULL;
}

static orw_status ask(const plugin *me, const orw_scored *samples, const char *const *captions, const int64_t *index,
                      float *reward) {
    const orw_reward_host *host = me->host;
    const orw_plugin_images images = {.count = samples->count,
                                      .height = host->height,
                                      .width = host->width,
                                      .channels = host->channels,
                                      .pixels = samples->x,
                                      .captions = captions,
                                      .index = index};
    const int failed = me->offers->score(me->made, &images, reward);
    return failed ? orw_error(ORW_ERR_SYSTEM, "plugin:%s: its score returned %d, expected 0", me->path, failed)
                  : ORW_OK;
}

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    plugin *me = self->state;
    const size_t count = (size_t)samples->count;
    char *texts = NULL;
    (void)tape;
    if (!me->library) ORW_CALL(load(me));
    orw_status status = orw_reward_captions(me->host, samples, &texts);
    const char **captions = malloc((count + 1) * sizeof *captions), *at = texts;
    int64_t *index = malloc((count + 1) * sizeof *index);
    if (status == ORW_OK && (!captions || !index))
        status = orw_error(ORW_ERR_SYSTEM, "no memory to score %zu samples", count);
    for (size_t i = 0; i < count && status == ORW_OK; i++) {
        index[i] = samples->first + (int64_t)i;
        captions[i] = at;
        if (at) at += strlen(at) + 1;
    }
    if (status == ORW_OK) status = ask(me, samples, texts ? captions : NULL, index, reward);
    free(index);
    free(captions);
    free(texts);
    return status;
}

static orw_status check(const orw_reward_host *host, const char *argument) {
    return orw_reward_try(&orw_reward_plugin, host, argument);
}

const orw_reward orw_reward_plugin = {.name = "plugin",
                                      .help = "a shared library of yours (orw/reward_plugin.h)",
                                      .argument = "FILE.so",
                                      .check = check,
                                      .open = open,
                                      .score = score,
                                      .close = close_plugin};
