/* test_finetune.c - the online loop on a two-dimensional field with a reward known in closed form. */
/* ranks: 1 2 3 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "orw/train.h"

static const orw_option *const tables[] = {orw_train_options, orw_solver_options, orw_method_options,
                                           orw_finetune_options, NULL};
static const char *const keys[] = {"finetune.", "behaviour.", "weight.", "solver.", "parallel.", NULL};

/* r = first coordinate; from round `fail_at` on it fails in one of three ways. */
typedef struct test_reward {
    orw_reward base;
    int calls, fail_at;
    float bad; /* a value to return for sample 5, or 0: refuse to work */
} test_reward;

static orw_status score(const orw_reward *self, orw_tape *tape, int count, const float *x, const int *labels,
                        float *reward) {
    (void)tape;
    (void)labels;
    test_reward *me = (test_reward *)self;
    bool fail = me->fail_at >= 0 && me->calls++ >= me->fail_at;
    if (fail && me->bad == 0) return orw_error(ORW_ERR_SYSTEM, "the scorer is out of order");
    for (int i = 0; i < count; i++) reward[i] = x[2 * i];
    if (fail) reward[1] = me->bad;
    return ORW_OK;
}

typedef struct fixture {
    orw_comm *comm;
    orw_config *config;
    orw_dictionary *about;
    orw_network *network;
    float *reference;
    char root[1024];
} fixture;

/* A small untrained field as the reference: it moves N(0, I) a little. */
static bool open_fixture(fixture *self, int *argc, char ***argv) {
    static const char *const settings[] = {
        "parallel.shards=6",  "finetune.batch=96", "finetune.rounds=60",  "finetune.updates_per_round=4",
        "finetune.rate=5e-3", "solver.steps=4",    "weight.tau=0.5",      "evaluate.every=30",
        "evaluate.count=96",  "samples.every=25",  "checkpoint.rounds=2", "behaviour.ema=0.5"};
    orw_dictionary *description = NULL;
    *self = (fixture){0};
    bool good = orw_comm_begin(argc, argv, &self->comm) == ORW_OK &&
                orw_config_create(&self->config, tables) == ORW_OK && orw_dictionary_create(&self->about) == ORW_OK &&
                orw_dictionary_create(&description) == ORW_OK;
    tap_speak(orw_comm_rank(self->comm) == 0);
    for (size_t i = 0; good && i < sizeof settings / sizeof *settings; i++)
        good = orw_config_set(self->config, settings[i]) == ORW_OK;
    orw_dictionary_set(description, "kind", "mlp");
    orw_dictionary_set(description, "dimension", "2");
    orw_dictionary_set(description, "hidden", "16");
    good = good && orw_network_create(description, &self->network) == ORW_OK;
    orw_dictionary_destroy(&description);
    if (!good) return false;
    self->reference = orw_network_values(self->network);
    orw_network_initialise(self->network, 3, self->reference);
    const char *root = getenv("ORW_TEST_TMP");
    char fresh[] = "/tmp/orw-finetune-XXXXXX";
    if (!root && orw_comm_rank(self->comm) == 0) root = mkdtemp(fresh);
    if (root) snprintf(self->root, sizeof self->root, "%s/finetune-%d", root, orw_comm_size(self->comm));
    orw_comm_broadcast(self->comm, self->root, sizeof self->root);
    return true;
}

static orw_status run(fixture *self, const char *name, const char *method_name, double alpha, int fail_at, float bad) {
    char directory[1200], parents[64];
    test_reward reward = {{"first_coordinate", score, NULL}, 0, fail_at, bad};
    orw_method method;
    ORW_CALL(orw_method_make(method_name, alpha, self->config, &method));
    snprintf(directory, sizeof directory, "%s/%s", self->root, name);
    snprintf(parents, sizeof parents, "method = %s\nalpha = %g\n", method_name, alpha);
    orw_place place = {.comm = self->comm, .config = self->config, .directory = directory, .about = self->about};
    place.identity = orw_place_identity(self->config, keys, parents);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = self->network,
                                      .reference = self->reference,
                                      .reward = &reward.base,
                                      .method = &method,
                                      .seed = 7};
    orw_status status = orw_finetune(&setup);
    free(place.identity);
    return status;
}

/* Last value of a column of NAME/run.h5's evaluation, read by rank 0 and told to all. */
static double result(fixture *self, const char *name, const char *column) {
    char path[1200], **names = NULL;
    double value = NAN, *values = NULL;
    int columns = 0;
    int64_t rows = 0;
    snprintf(path, sizeof path, "%s/%s/run.h5", self->root, name);
    if (orw_comm_rank(self->comm) == 0 &&
        orw_run_read(path, "evaluation", &columns, &names, &rows, &values) == ORW_OK && rows > 0)
        for (int c = 0; c < columns; c++)
            if (strcmp(names[c], column) == 0) value = values[(rows - 1) * columns + c];
    for (int c = 0; c < columns; c++) free(names[c]);
    free(names);
    free(values);
    orw_comm_broadcast(self->comm, &value, sizeof value);
    return value;
}

static bool same_policy(fixture *self, const char *a, const char *b) {
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

static void test_trade_off(fixture *self) {
    static const struct {
        const char *name, *method;
        double alpha;
    } runs[] = {{"a0", "orw", 0}, {"a1", "orw", 3}, {"a9", "orw", 1000}, {"off", "offline", 0}};
    double reward[4], distance[4];
    for (int i = 0; i < 4; i++) {
        if (!ok(run(self, runs[i].name, runs[i].method, runs[i].alpha, -1, 0) == ORW_OK, "%s alpha %g runs",
                runs[i].method, runs[i].alpha))
            diag("%s", orw_error_text());
        reward[i] = result(self, runs[i].name, "reward_mean");
        distance[i] = result(self, runs[i].name, "distance");
    }
    diag("rewards %.4f %.4f %.4f, offline %.4f; distances %.4f %.4f %.5f, offline %.4f", reward[0], reward[1],
         reward[2], reward[3], distance[0], distance[1], distance[2], distance[3]);
    ok(reward[0] > reward[1] && reward[1] > reward[2], "a larger alpha costs reward");
    ok(distance[0] > distance[1] && distance[1] > 10 * distance[2], "and keeps the field nearer to the reference");
    ok(reward[0] > reward[3] + 0.05, "online goes further than offline at equally many scored samples");
}

static void test_interrupted(fixture *self) {
    char text[2048];
    int per_round = 6 / orw_comm_size(self->comm); /* calls of the scorer per round on a rank with that many shards */
    ok(run(self, "cut", "orw", 3, 7 * per_round, 0) == ORW_ERR_SYSTEM && strstr(orw_error_text(), "out of order"),
       "a scorer's failure ends the run with its text");
    snprintf(text, sizeof text, "%s/cut/policy.h5", self->root);
    ok(access(text, F_OK) != 0, "no result is left behind");
    ok(run(self, "cut", "orw", 3, -1, 0) == ORW_OK, "the run can go on");
    ok(same_policy(self, "cut", "a1"), "and ends with the bits of one that was never stopped");
    ok(run(self, "a1", "orw", 3, 0, 0) == ORW_OK, "a complete run is not run again");
}

static void test_bad_rewards(fixture *self) {
    ok(run(self, "nan", "orw", 0, 0, NAN) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "sample 1") &&
           strstr(orw_error_text(), "seed") && strstr(orw_error_text(), "nan"),
       "a NaN reward names its sample and seed: %s", orw_error_text());
    ok(run(self, "inf", "orw", 0, 0, INFINITY) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "round "),
       "an infinite one its round: %s", orw_error_text());
}

int main(int argc, char **argv) {
    fixture self;
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK && ok(open_fixture(&self, &argc, &argv), "the fixture can be built")) {
        test_trade_off(&self);
        test_interrupted(&self);
        test_bad_rewards(&self);
    }
    free(self.reference);
    orw_network_destroy(&self.network);
    orw_dictionary_destroy(&self.about);
    orw_config_destroy(&self.config);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
