/* loop.c - `orw bench`: the online loop of the target-image experiment at its quick profile, from untrained
 * networks, split by phase as the run's own timing table tells it. */
#include "bench.h"

#include "orw/program.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../table.h"

enum { BATCH = 64, SHARDS = 8, LEAST_ROUNDS = 4, MOST_ROUNDS = 1000 };

static const orw_option *const options[] = {orw_train_options,  orw_model_options,    orw_solver_options,
                                            orw_method_options, orw_finetune_options, NULL};
/* experiments/target_image/quick.conf, as far as the loop's speed depends on it; one evaluation before and one after
 * the rounds that count. */
static const char *const settings[] = {"model.channels=16",
                                       "model.multipliers=1,2,2",
                                       "model.groups=8",
                                       "model.attention_resolutions=7",
                                       "solver.kind=midpoint",
                                       "solver.steps=8",
                                       "finetune.rate=1e-3",
                                       "weight.tau=3",
                                       "evaluate.every=10000000",
                                       "samples.every=16",
                                       "finetune.updates_per_round=4",
                                       NULL};
static const char *const reward_classifier[] = {"kind",  "classifier", "in_channels", "1",        "height",
                                                "28",    "width",      "28",          "channels", "8,16,32",
                                                "depth", "2",          "pool",        "average",  NULL};
static const char *const judge_classifier[] = {"kind",  "classifier", "in_channels", "1",        "height",
                                               "28",    "width",      "28",          "channels", "16,32,48",
                                               "depth", "2",          "pool",        "stride",   NULL};

typedef struct loop {
    const orw_comm *comm;
    orw_config *config;
    orw_dictionary *about;
    orw_model flow, classifier, judge;
    orw_reward *reward;
    char directory[ORW_PATH];
} loop;

/* ---------------------------------------------------------------- what the loop needs --------------------------- */

static orw_status make_model(const orw_dictionary *description, uint64_t seed, orw_model *model) {
    ORW_CALL(orw_network_create(description, &model->network));
    model->values = orw_network_values(model->network);
    if (!model->values) return orw_error(ORW_ERR_SYSTEM, "no memory for the loop's networks");
    orw_network_initialise(model->network, seed, model->values);
    return ORW_OK;
}

static orw_status make_classifier(const char *const *texts, uint64_t seed, orw_model *model) {
    orw_dictionary *description = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status = ORW_OK;
    for (; *texts && status == ORW_OK; texts += 2) status = orw_dictionary_set(description, texts[0], "%s", texts[1]);
    if (status == ORW_OK) status = make_model(description, seed, model);
    orw_dictionary_destroy(&description);
    return status;
}

static orw_status make_flow(const orw_config *config, orw_model *model) {
    orw_dictionary *description = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status = orw_model_describe(config, 28, 28, 1, description);
    if (status == ORW_OK) status = make_model(description, 1, model);
    orw_dictionary_destroy(&description);
    return status;
}

static orw_status set(orw_config *config, const char *key, int value) {
    char text[64];
    snprintf(text, sizeof text, "%s=%d", key, value);
    return orw_config_set(config, text);
}

/* As many shards as the quick profile has, or the next smaller number that divides the batch. */
static int shards_of(int batch) {
    int shards = SHARDS;
    while (batch % shards != 0) shards--;
    return shards;
}

static orw_status configure(loop *self, int batch) {
    const int shards = shards_of(batch);
    ORW_CALL(orw_config_create(&self->config, options));
    for (int i = 0; settings[i]; i++) ORW_CALL(orw_config_set(self->config, settings[i]));
    ORW_CALL(set(self->config, "finetune.batch", batch));
    ORW_CALL(set(self->config, "parallel.shards", shards));
    return set(self->config, "evaluate.count", 2 * shards);
}

/* A directory that all ranks see: below $TMPDIR, or the system's place for such things. */
static orw_status make_directory(loop *self) {
    const char *parent = getenv("TMPDIR");
    orw_status status = ORW_OK;
    if (orw_comm_rank(self->comm) == 0) {
        char path[ORW_PATH];
        if (!parent || !*parent) parent = P_tmpdir;
        if ((size_t)snprintf(path, sizeof path, "%s/orw-bench.XXXXXX", parent) >= sizeof path || !mkdtemp(path))
            status =
                orw_error(ORW_ERR_SYSTEM, "%s: no temporary directory can be made there: %s", parent, strerror(errno));
        else
            memcpy(self->directory, path, sizeof path);
    }
    ORW_CALL(orw_comm_agree(self->comm, status));
    return orw_comm_broadcast(self->comm, self->directory, sizeof self->directory);
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place) {
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static orw_status open_loop(loop *self, int batch) {
    ORW_CALL(configure(self, batch));
    ORW_CALL(make_flow(self->config, &self->flow));
    ORW_CALL(make_classifier(reward_classifier, 2, &self->classifier));
    ORW_CALL(make_classifier(judge_classifier, 3, &self->judge));
    ORW_CALL(orw_reward_open_model("even_digit", &self->classifier, &self->reward));
    ORW_CALL(orw_dictionary_create(&self->about));
    return orw_dictionary_set(self->about, "program", "orw bench");
}

static void close_loop(loop *self) {
    if (*self->directory && orw_comm_rank(self->comm) == 0)
        nftw(self->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    orw_reward_destroy(&self->reward);
    orw_model_clear(&self->judge);
    orw_model_clear(&self->classifier);
    orw_model_clear(&self->flow);
    orw_dictionary_destroy(&self->about);
    orw_config_destroy(&self->config);
}

/* ---------------------------------------------------------------- rounds ---------------------------------------- */

/* A run of its own in DIRECTORY/name; rank 0 reads its timing table. */
static orw_status run_rounds(loop *self, const char *name, int rounds, cli_table *timing) {
    char directory[ORW_PATH + 16], file[ORW_PATH + 32], identity[] = "orw bench";
    orw_method method;
    orw_status status = ORW_OK;
    snprintf(directory, sizeof directory, "%s/%s", self->directory, name);
    snprintf(file, sizeof file, "%s/run.h5", directory);
    ORW_CALL(set(self->config, "finetune.rounds", rounds));
    ORW_CALL(orw_method_make("orw", 0.3, self->config, &method));
    const orw_place place = {
        .comm = self->comm, .config = self->config, .directory = directory, .identity = identity, .about = self->about};
    orw_digits judge = {.judge = &self->judge};
    const orw_rewards rewards = orw_rewards_only(self->reward);
    const orw_observer digits = orw_digits_observer(&judge);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = self->flow.network,
                                      .reference = self->flow.values,
                                      .rewards = &rewards,
                                      .observer = &digits,
                                      .method = &method,
                                      .seed = 1};
    orw_log_enable(false); /* its progress is not ours */
    status = orw_finetune(&setup);
    orw_log_enable(orw_comm_rank(self->comm) == 0);
    if (status == ORW_OK && orw_comm_rank(self->comm) == 0) status = orw_cli_table_read(file, "timing", timing);
    return orw_comm_agree(self->comm, status);
}

/* What a column, which counts from the beginning of the run, grew by from row `from` to row `to`. */
static orw_status growth(const cli_table *timing, const char *column, int64_t from, int64_t to, double *seconds) {
    int c;
    ORW_CALL(orw_cli_table_column(timing, column, &c));
    *seconds = timing->values[to * timing->columns + c] - timing->values[from * timing->columns + c];
    return ORW_OK;
}

/* Rows of rank 0, from its timing table. The first round is left out: it paid for memory. */
static orw_status print_rows(const orw_bench *bench, const orw_bench_item *item, const loop *self,
                             const cli_table *timing) {
    static const char *const phases[] = {"sample", "score", "gradient", "reduce", "evaluate", "write", NULL};
    double times[MOST_ROUNDS], total, inside = 0;
    const int64_t last = timing->rows - 1;
    for (int64_t i = 0; i < last; i++) ORW_CALL(growth(timing, "total", i, i + 1, &times[i]));
    ORW_CALL(growth(timing, "total", 0, last, &total));
    orw_bench_rate(bench, item, orw_bench_summary(times, (int)last), 1, "rounds/s");
    for (int i = 0; phases[i]; i++) {
        double seconds;
        char suffix[32];
        ORW_CALL(growth(timing, phases[i], 0, last, &seconds));
        inside += seconds;
        snprintf(suffix, sizeof suffix, "_%s", phases[i]);
        orw_bench_row(bench, item, suffix, seconds / (double)last, "s/round");
    }
    /* A row's total is read a moment after its phases, hence no less than zero. */
    orw_bench_row(bench, item, "_outside", 100 * fmax(0, 1 - inside / total), "%");
    orw_bench_row(bench, item, "_batch", orw_config_int(self->config, "finetune.batch"), "samples");
    orw_bench_row(bench, item, "_ranks", orw_comm_size(self->comm), "ranks");
    orw_bench_row(bench, item, "_memory", orw_bench_memory_peak(), "MiB");
    return ORW_OK;
}

/* A short run; where it was over before its time, a second one that fills it. */
static orw_status measure_rounds(const orw_bench *bench, const orw_bench_item *item, loop *self) {
    cli_table timing = {0};
    orw_status status = ORW_OK;
    double taken = 0;
    int rounds = 0;
    const bool reads = orw_comm_rank(self->comm) == 0;
    ORW_CALL(make_directory(self));
    ORW_CALL(run_rounds(self, "first", LEAST_ROUNDS, &timing));
    if (reads) {
        status = growth(&timing, "total", 0, LEAST_ROUNDS - 1, &taken);
        rounds = 1 + (int)fmin(MOST_ROUNDS - 1, (LEAST_ROUNDS - 1) * bench->seconds / fmax(taken, 1e-6));
    }
    status = orw_comm_agree(self->comm, status);
    if (status == ORW_OK) status = orw_comm_broadcast(self->comm, &rounds, sizeof rounds);
    if (status == ORW_OK && rounds > LEAST_ROUNDS) {
        if (reads) orw_cli_table_free(&timing);
        timing = (cli_table){0};
        status = run_rounds(self, "second", rounds, &timing);
    }
    if (status == ORW_OK && reads) status = print_rows(bench, item, self, &timing);
    orw_cli_table_free(&timing);
    return orw_comm_agree(self->comm, status);
}

static orw_status measure(const orw_bench *bench, const orw_bench_item *item) {
    const int batch = bench->batch ? bench->batch : BATCH, ranks = orw_comm_size(bench->comm);
    loop self = {.comm = bench->comm};
    if (shards_of(batch) < ranks) {
        orw_bench_skip(bench, item, "a batch of %d makes %d shards, fewer than the %d ranks", batch, shards_of(batch),
                       ranks);
        return ORW_OK;
    }
    orw_bench_memory_begin();
    orw_status status = orw_comm_agree(bench->comm, open_loop(&self, batch));
    if (status == ORW_OK) status = measure_rounds(bench, item, &self);
    close_loop(&self);
    return status;
}

const orw_bench_item orw_bench_loop[] = {{.name = "loop/target_image",
                                          .metric = "rounds",
                                          .help = "online rounds of the quick profile, without data or training before",
                                          .measure = measure},
                                         {.name = NULL}};
