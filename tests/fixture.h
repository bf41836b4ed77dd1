/* fixture.h - what the tests of the loop share: a communicator, a configuration, a scratch directory that all ranks
 * see, a small field, a place, numbers read back from a run. */
#ifndef ORW_TESTS_FIXTURE_H
#define ORW_TESTS_FIXTURE_H

#include <math.h>
#include <string.h>

#include "orw/loop.h"
#include "scratch.h"
#include "tap.h"

typedef struct fixture {
    orw_comm *comm;
    orw_config *config;
    orw_dictionary *about;
    orw_network *network;
    float *reference;
    char root[1024];
} fixture;

/* `settings` ends with NULL. */
static inline bool fixture_open(fixture *self, int *argc, char ***argv, const char *name, const char *const *settings) {
    static const orw_option *const tables[] = {orw_train_options,
                                               orw_pretrain_options,
                                               orw_solver_options,
                                               orw_method_options,
                                               ORW_METHODS(ORW_METHOD_TABLE) orw_finetune_options,
                                               NULL};
    *self = (fixture){0};
    bool good = orw_comm_begin(argc, argv, &self->comm) == ORW_OK &&
                orw_config_create(&self->config, tables) == ORW_OK && orw_dictionary_create(&self->about) == ORW_OK;
    if (!good) return false;
    tap_speak(orw_comm_rank(self->comm) == 0);
    for (; good && *settings; settings++) good = orw_config_set(self->config, *settings) == ORW_OK;
    if (!good) diag("%s", orw_error_text());
    if (orw_comm_rank(self->comm) == 0) snprintf(self->root, sizeof self->root, "%s", scratch(name));
    return orw_comm_broadcast(self->comm, self->root, sizeof self->root) == ORW_OK && good;
}

/* An MLP and an untrained reference: it moves N(0, I) a little. */
static inline bool fixture_field(fixture *self, const char *dimension, const char *hidden) {
    orw_dictionary *description = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return false;
    orw_dictionary_set(description, "kind", "mlp");
    orw_dictionary_set(description, "dimension", "%s", dimension);
    orw_dictionary_set(description, "hidden", "%s", hidden);
    bool good = orw_network_create(description, &self->network) == ORW_OK;
    orw_dictionary_destroy(&description);
    if (!good) return false;
    self->reference = orw_network_values(self->network);
    orw_network_initialise(self->network, 3, self->reference);
    return true;
}

static inline void fixture_close(fixture *self) {
    free(self->reference);
    orw_network_destroy(&self->network);
    orw_dictionary_destroy(&self->about);
    orw_config_destroy(&self->config);
}

static inline bool fixture_set(fixture *self, const char *assignment) {
    return orw_config_set(self->config, assignment) == ORW_OK;
}

/* ROOT/name, whose identity is the settings of the loop and `parents`. The next call takes its memory. */
static inline orw_place fixture_place(fixture *self, const char *name, const char *parents) {
    static char directory[1200], identity[8192];
    char *text = orw_place_identity(self->config, ORW_STAGES_OF_RUN, parents);
    snprintf(directory, sizeof directory, "%s/%s", self->root, name);
    snprintf(identity, sizeof identity, "%s", text ? text : "");
    free(text);
    return (orw_place){
        .comm = self->comm, .config = self->config, .directory = directory, .identity = identity, .about = self->about};
}

/* A run from the reference, at a place and of one reward; what goes wrong is printed. */
static inline orw_status fixture_finetune(fixture *self, const orw_place *place, orw_reward *reward,
                                          const orw_method *method, uint64_t seed) {
    const orw_rewards rewards = orw_rewards_only(reward);
    const orw_finetune_setup setup = {.place = place,
                                      .network = self->network,
                                      .reference = self->reference,
                                      .rewards = &rewards,
                                      .method = method,
                                      .seed = seed};
    const orw_status status = orw_finetune(&setup);
    if (status != ORW_OK) diag("%s", orw_error_text());
    return status;
}

/* Number in a column of a file's table, in a row counted from the end (-1: the last); rank 0 reads, all know. */
static inline double fixture_number(fixture *self, const char *path, const char *table, const char *column, int row) {
    char **names = NULL;
    double value = NAN, *values = NULL;
    int columns = 0;
    int64_t rows = 0;
    if (orw_comm_rank(self->comm) == 0 && orw_run_file_read(path, table, &columns, &names, &rows, &values) == ORW_OK)
        for (int c = 0; c < columns && row < 0 && rows + row >= 0; c++)
            if (strcmp(names[c], column) == 0) value = values[(rows + row) * columns + c];
    for (int c = 0; c < columns; c++) free(names[c]);
    free(names);
    free(values);
    orw_comm_broadcast(self->comm, &value, sizeof value);
    return value;
}

/* The same in ROOT/name/run.h5, and in the one row of a place's evaluation.h5. */
static inline double fixture_result(fixture *self, const char *name, const char *table, const char *column, int row) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s/run.h5", self->root, name);
    return fixture_number(self, path, table, column, row);
}
static inline double fixture_evaluation(fixture *self, const orw_place *place, const char *column) {
    char path[ORW_PATH];
    if (orw_place_path(place, "evaluation.h5", path, sizeof path) != ORW_OK) return NAN;
    return fixture_number(self, path, "evaluation", column, -1);
}

/* Do two runs end with the same policy, bit for bit? */
static inline bool fixture_same_policy(fixture *self, const char *a, const char *b) {
    orw_network *network[2] = {NULL, NULL};
    float *values[2] = {NULL, NULL};
    const char *const names[2] = {a, b};
    bool same = true;
    for (int i = 0; i < 2; i++) {
        char path[1200];
        snprintf(path, sizeof path, "%s/%s/policy.h5", self->root, names[i]);
        same = same && orw_model_load(path, &network[i], &values[i], NULL) == ORW_OK;
    }
    same = same && memcmp(values[0], values[1], orw_network_size(network[0]) * sizeof(float)) == 0;
    for (int i = 0; i < 2; i++) {
        free(values[i]);
        orw_network_destroy(&network[i]);
    }
    return same;
}

#endif
