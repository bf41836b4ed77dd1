/* test_config.c - a configuration file, and behind bytes 1 what --set gets. Whatever came of it is printed, read again
 * and the same. */
#include "orw/flow.h"
#include "orw/loop.h"
#include "orw/method.h"
#include "orw/scene.h"

#include "fuzz.h"

static const orw_option lists[] = {
    {"sweep.alpha", ORW_REALS, "", "0", 0, 1e9, NULL, "x", NULL},
    {"sweep.seeds", ORW_INTS, "", "1,2", 0, 2147483647, NULL, "x", NULL},
    {"sweep.words", ORW_WORDS, "", "", 0, 0, NULL, "x", ORW_INCIDENTAL},
    {.key = NULL},
};
static const orw_option *const tables[] = {orw_train_options,
                                           orw_pretrain_options,
                                           orw_finetune_options,
                                           orw_solver_options,
                                           orw_method_options,
                                           orw_scene_keys,
                                           orw_images_options,
                                           orw_model_options,
                                           lists,
                                           NULL};

static void set_all(orw_config *config, char *assignments) {
    for (char *one; (one = strsep(&assignments, "\001"));) fuzz_read(orw_config_set(config, one));
}

static void read_lists(const orw_config *config) {
    double reals[8];
    int integers[8];
    char word[64];
    orw_config_reals(config, "sweep.alpha", 8, reals);
    orw_config_ints(config, "sweep.seeds", 8, integers);
    int words = orw_config_words(config, "sweep.words", 0, word, sizeof word);
    for (int i = 1; i < words && i < 9; i++) orw_config_words(config, "sweep.words", i, word, sizeof word);
}

static void read_again(const orw_config *config) {
    orw_config *again = NULL;
    char *text = orw_config_to_text(config), *identity = orw_config_identity(config, NULL);
    fuzz_must(orw_config_create(&again, tables), "a second configuration");
    fuzz_must(orw_config_read(again, scratch_write("again.conf", text, strlen(text))), "a configuration as printed");
    char *text_again = orw_config_to_text(again), *identity_again = orw_config_identity(again, NULL);
    if (strcmp(text, text_again) != 0 || strcmp(identity, identity_again) != 0)
        fuzz_fail("another configuration came back");
    free(identity_again);
    free(text_again);
    free(identity);
    free(text);
    orw_config_destroy(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    orw_config *config = NULL;
    const uint8_t *mark = size > 0 ? memchr(data, 1, size) : NULL;
    size_t length = mark ? (size_t)(mark - data) : size;
    fuzz_must(orw_config_create(&config, tables), "a configuration");
    fuzz_read(orw_config_read(config, scratch_write("a.conf", data, length)));
    if (mark) {
        char *assignments = fuzz_text(mark + 1, size - length - 1);
        set_all(config, assignments);
        free(assignments);
    }
    read_lists(config);
    read_again(config);
    orw_config_destroy(&config);
    return 0;
}
