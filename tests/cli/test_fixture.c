/* test_fixture.c - tiny files of every kind, for the shell tests beside it: test_fixture DIRECTORY writes them there.
 * As a test it makes sure that they can be written. */
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"

static const orw_column metrics[] = {
    {"update", "", "updates made"}, {"reward", "1", "mean reward"}, {"loss", "", "mean loss"}, {NULL, NULL, NULL}};
static const orw_column evaluation[] = {
    {"update", "", "updates made"}, {"distance", "", "of the fields"}, {NULL, NULL, NULL}};

/* Run number `seed`: rows at updates 0, step, 2 step, ...; reward = update / 10 + seed. */
static orw_status write_run(const char *directory, int seed, int rows, int step) {
    char path[4096];
    orw_dictionary *about = NULL;
    orw_table *table = NULL, *last = NULL;
    orw_run_file *run = NULL;
    orw_status status;
    snprintf(path, sizeof path, "%s/seed%d", directory, seed);
    ORW_TRY(status, orw_make_directories(path), done);
    snprintf(path, sizeof path, "%s/seed%d/run.h5", directory, seed);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.method", "orw"), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.alpha", "0.3"), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.tau", "%s", ""), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.seed", "%d", seed), done);
    ORW_TRY(status, orw_table_create("metrics", metrics, &table), done);
    ORW_TRY(status, orw_table_create("evaluation", evaluation, &last), done);
    for (int i = 0; i < rows && status == ORW_OK; i++)
        status = orw_table_append(table, (double[]){i * step, i * step / 10.0 + seed, i == 1 ? NAN : 1.0 / (i + 3)});
    if (status == ORW_OK) status = orw_table_append(last, (double[]){rows * step, 0.25 * seed});
    if (status != ORW_OK) goto done;
    ORW_TRY(status, orw_run_file_create(path, about, NULL, &run), done);
    ORW_TRY(status, orw_run_file_write(run, table), done);
    ORW_TRY(status, orw_run_file_write(run, last), done);
    status = orw_run_file_close(&run);
done:
    orw_run_file_close(&run);
    orw_table_destroy(&table);
    orw_table_destroy(&last);
    orw_dictionary_destroy(&about);
    return status;
}

/* One whose names break lines: of a column, of a method. */
static orw_status write_odd(const char *directory) {
    static const orw_column odd[] = {{"update", "", ""}, {"<b>", "", ""}, {NULL, NULL, NULL}};
    char path[4096];
    orw_dictionary *about = NULL;
    orw_table *table = NULL, *plain = NULL;
    orw_run_file *run = NULL;
    orw_status status;
    snprintf(path, sizeof path, "%s/odd", directory);
    ORW_TRY(status, orw_make_directories(path), done);
    snprintf(path, sizeof path, "%s/odd/run.h5", directory);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, orw_dictionary_set(about, "run.method", "orw\t9"), done);
    ORW_TRY(status, orw_dictionary_set(about, "note", "one\\\nrun.seed\t7\x01\n"), done);
    ORW_TRY(status, orw_table_create("odd", odd, &table), done);
    ORW_TRY(status, orw_table_append(table, (double[]){1, 2}), done);
    ORW_TRY(status, orw_table_create("evaluation", evaluation, &plain), done);
    ORW_TRY(status, orw_table_append(plain, (double[]){1, 2}), done);
    ORW_TRY(status, orw_run_file_create(path, about, NULL, &run), done);
    ORW_TRY(status, orw_run_file_write(run, table), done);
    ORW_TRY(status, orw_run_file_write(run, plain), done);
    status = orw_run_file_close(&run);
done:
    orw_run_file_close(&run);
    orw_table_destroy(&table);
    orw_table_destroy(&plain);
    orw_dictionary_destroy(&about);
    return status;
}

static orw_status write_model(const char *directory, const char *name, const char *const *description) {
    char path[4096];
    orw_dictionary *texts = NULL;
    orw_network *network = NULL;
    float *values = NULL;
    orw_status status;
    snprintf(path, sizeof path, "%s/%s.h5", directory, name);
    ORW_TRY(status, orw_dictionary_create(&texts), done);
    for (int i = 0; description[i]; i += 2)
        ORW_TRY(status, orw_dictionary_set(texts, description[i], "%s", description[i + 1]), done);
    ORW_TRY(status, orw_network_create(texts, &network), done);
    values = orw_network_values(network);
    status = values ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "out of memory");
    if (status != ORW_OK) goto done;
    orw_network_initialise(network, 1, values);
    /* a fresh one returns 0, whatever it is told */
    if (strcmp(name, "scenes") == 0)
        for (size_t i = 0; i < orw_network_size(network); i++) values[i] += 0.1f * (float)sin((double)(7 * i));
    status = orw_model_save(path, network, values, NULL);
done:
    free(values);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&texts);
    return status;
}

/* transformer.h5 with adapters of rank 4 and alpha 4. */
static orw_status write_adapted(const char *directory) {
    char path[4096];
    orw_network *base = NULL, *adapted = NULL;
    float *base_values = NULL, *values = NULL;
    orw_status status;
    snprintf(path, sizeof path, "%s/transformer.h5", directory);
    ORW_TRY(status, orw_model_load(path, &base, &base_values, NULL), done);
    ORW_TRY(status, orw_network_adapt(base, base_values, 4, 4, &adapted), done);
    values = orw_network_values(adapted);
    status = values ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "out of memory");
    if (status != ORW_OK) goto done;
    orw_network_adapt_values(adapted, 2, values);
    snprintf(path, sizeof path, "%s/adapted.h5", directory);
    status = orw_model_save(path, adapted, values, NULL);
done:
    free(base_values);
    free(values);
    orw_network_destroy(&base);
    orw_network_destroy(&adapted);
    return status;
}

static orw_status write_checkpoint(const char *directory) {
    float weights[3] = {1, 2, 3};
    orw_checkpoint *checkpoint = NULL;
    orw_status status;
    ORW_TRY(status, orw_checkpoint_create(&checkpoint), done);
    ORW_TRY(status, orw_checkpoint_add_floats(checkpoint, "weights", weights, 3), done);
    ORW_TRY(status, orw_checkpoint_add_identity(checkpoint, "configuration", "[train]\nrounds = 3\n"), done);
    status = orw_checkpoint_save(checkpoint, directory);
done:
    orw_checkpoint_destroy(&checkpoint);
    return status;
}

/* Four samples of one pixel, rewards 2, -1, 0.5 and 0. */
static orw_status write_samples(const orw_comm *comm, const char *directory) {
    static const float x[4] = {-1, -0.5f, 0.5f, 1}, reward[4] = {2, -1, 0.5f, 0}, weight[4] = {1, 1, 1, 1};
    static const orw_plan plan = {.batch = 4, .shards = 1, .per_shard = 4, .first = 0, .last = 1};
    char path[4096];
    orw_dictionary *about = NULL;
    snprintf(path, sizeof path, "%s/rewarded.h5", directory);
    ORW_CALL(orw_dictionary_create(&about));
    orw_status status = orw_samples_write(comm, &plan, path, 1, 1, 1, x, reward, weight, about);
    orw_dictionary_destroy(&about);
    return status;
}

static orw_status write_all(const orw_comm *comm, const char *directory) {
    static const char *const classifier[] = {"kind",        "classifier", "height",   "8", "width", "8",
                                             "in_channels", "1",          "channels", "8", NULL};
    static const char *const flow[] = {"kind",
                                       "unet",
                                       "height",
                                       "8",
                                       "width",
                                       "8",
                                       "in_channels",
                                       "1",
                                       "num_channels",
                                       "8",
                                       "num_res_blocks",
                                       "1",
                                       "channel_mult",
                                       "1",
                                       "groups",
                                       "4",
                                       "attention_resolutions",
                                       "",
                                       NULL};
    static const char *const transformer[] = {"kind",
                                              "mmdit",
                                              "height",
                                              "8",
                                              "width",
                                              "8",
                                              "in_channels",
                                              "4",
                                              "num_layers",
                                              "2",
                                              "attention_head_dim",
                                              "8",
                                              "dual_attention_layers",
                                              "0",
                                              "zero_init",
                                              "false",
                                              NULL};
    /* two nouns behind the 12 words that every vocabulary has */
    static const char *const scenes[] = {"kind",         "scene_net", "height",     "8",  "width",       "8",
                                         "in_channels",  "3",         "vocabulary", "14", "text_tokens", "8",
                                         "channels",     "8",         "head",       "8",  "trunk_width", "16",
                                         "trunk_blocks", "1",         "text_width", "16", NULL};
    ORW_CALL(write_samples(comm, directory));
    ORW_CALL(write_run(directory, 1, 4, 10));
    ORW_CALL(write_run(directory, 2, 3, 10));
    ORW_CALL(write_run(directory, 3, 2, 20));
    ORW_CALL(write_run(directory, 4, 0, 20));
    ORW_CALL(write_odd(directory));
    ORW_CALL(write_model(directory, "classifier", classifier));
    ORW_CALL(write_model(directory, "flow", flow));
    ORW_CALL(write_model(directory, "transformer", transformer));
    ORW_CALL(write_model(directory, "scenes", scenes));
    ORW_CALL(write_adapted(directory));
    return write_checkpoint(directory);
}

int main(int argc, char **argv) {
    orw_comm *comm = NULL;
    orw_status status = orw_comm_begin(&argc, &argv, &comm);
    if (argc > 1) {
        if (status == ORW_OK) status = write_all(comm, argv[1]);
        return orw_comm_end(&comm, status);
    }
    ok(status == ORW_OK && write_all(comm, scratch(".")) == ORW_OK, "files of every kind are written: %s",
       orw_error_text());
    int failed = done_testing();
    return orw_comm_end(&comm, ORW_OK) || failed;
}
