/* toy.c - a program outside of the source tree: a field in the plane is fine-tuned to draw points near (1, 0), by a
 * reward of its own, against an installed liborw. cc toy.c $(pkg-config --cflags --libs orw) */
#include <orw/loop.h>
#include <stdlib.h>

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self, (void)tape;
    for (int i = 0; i < samples->count; i++) {
        const float x = samples->x[2 * i] - 1, y = samples->x[2 * i + 1];
        reward[i] = -(x * x + y * y);
    }
    return ORW_OK;
}

static const orw_option *const tables[] = {orw_train_options,
                                           orw_pretrain_options,
                                           orw_solver_options,
                                           orw_method_options,
                                           ORW_METHODS(ORW_METHOD_TABLE) orw_finetune_options,
                                           NULL};
static const char *const settings[] = {
    "finetune.rounds=20", "finetune.batch=64",  "finetune.rate=5e-3", "solver.steps=4",
    "weight.tau=1",       "evaluate.count=256", "samples.every=0",    NULL};

static orw_status make_field(orw_network **network, float **values) {
    orw_dictionary *description = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    ORW_CALL(orw_dictionary_set(description, "kind", "mlp"));
    ORW_CALL(orw_dictionary_set(description, "dimension", "2"));
    ORW_CALL(orw_dictionary_set(description, "hidden", "32,32"));
    orw_status status = orw_network_create(description, network);
    orw_dictionary_destroy(&description);
    ORW_CALL(status);
    *values = orw_network_values(*network);
    if (!*values) return orw_error(ORW_ERR_SYSTEM, "no memory");
    orw_network_initialise(*network, 3, *values);
    return ORW_OK;
}

static orw_status run(orw_comm *comm, char *directory) {
    orw_config *config = NULL;
    orw_dictionary *about = NULL;
    orw_network *network = NULL;
    float *values = NULL;
    orw_method method;
    orw_reward reward = {.name = "near_one", .score = score};
    const orw_rewards rewards = orw_rewards_only(&reward);
    ORW_CALL(orw_config_create(&config, tables));
    for (int i = 0; settings[i]; i++) ORW_CALL(orw_config_set(config, settings[i]));
    ORW_CALL(orw_dictionary_create(&about));
    ORW_CALL(make_field(&network, &values));
    ORW_CALL(orw_method_make("orw", 0.1, config, &method));
    char *identity = orw_place_identity(config, ORW_STAGES_OF_RUN, "reward = near_one\n");
    const orw_place place = {
        .comm = comm, .config = config, .directory = directory, .identity = identity, .about = about};
    const orw_finetune_setup setup = {
        .place = &place, .network = network, .reference = values, .rewards = &rewards, .method = &method, .seed = 1};
    orw_status status = orw_finetune(&setup);
    free(identity);
    orw_method_clear(&method);
    free(values);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&about);
    orw_config_destroy(&config);
    return status;
}

int main(int argc, char **argv) {
    orw_comm *comm = NULL;
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK) status = orw_comm_begin(&argc, &argv, &comm);
    if (status == ORW_OK) status = run(comm, argc > 1 ? argv[1] : "toy");
    return orw_comm_end(&comm, status);
}
