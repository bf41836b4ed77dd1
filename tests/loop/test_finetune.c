/* test_finetune.c - the online loop on a two-dimensional field with a reward known in closed form. */
/* ranks: 1 2 3 */
#include <signal.h>
#include <unistd.h>

#include "../fixture.h"

/* r = first coordinate; from call `fail_at` on (-1: never) something goes wrong. */
typedef struct test_reward {
    orw_reward base;
    int calls, fail_at;
    float bad;  /* a value to return for the second sample of every shard, or 0: refuse to work */
    int signal; /* to be raised instead; 0: none */
} test_reward;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)tape;
    test_reward *me = (test_reward *)self;
    bool fail = me->fail_at >= 0 && me->calls++ >= me->fail_at;
    if (fail && me->signal) {
        raise(me->signal);
        fail = false;
    }
    if (fail && me->bad == 0) return orw_error(ORW_ERR_SYSTEM, "the scorer is out of order");
    for (int i = 0; i < samples->count; i++) reward[i] = samples->x[2 * i];
    if (fail) reward[1] = me->bad;
    return ORW_OK;
}

static const char *const settings[] = {"parallel.shards=6",
                                       "finetune.batch=96",
                                       "finetune.rounds=60",
                                       "finetune.updates_per_round=4",
                                       "finetune.rate=5e-3",
                                       "solver.steps=4",
                                       "weight.tau=0.5",
                                       "evaluate.every=30",
                                       "evaluate.count=96",
                                       "samples.every=25",
                                       "checkpoint.rounds=2",
                                       "behaviour.ema=0.5",
                                       NULL};

static orw_status finetune(fixture *self, const orw_place *place, const orw_method *method, test_reward *reward) {
    reward->base = (orw_reward){.name = "first_coordinate", .score = score};
    const orw_rewards rewards = orw_rewards_only(&reward->base);
    const orw_finetune_setup setup = {.place = place,
                                      .network = self->network,
                                      .reference = self->reference,
                                      .rewards = &rewards,
                                      .method = method,
                                      .seed = 7};
    return orw_finetune(&setup);
}

static orw_status run_changed(fixture *self, const char *name, const char *method_name, double alpha, bool allow_change,
                              test_reward reward) {
    char parents[64];
    orw_method method;
    ORW_CALL(orw_method_make(method_name, alpha, self->config, &method));
    snprintf(parents, sizeof parents, "method = %s\nalpha = %g\n", method_name, alpha);
    orw_place place = fixture_place(self, name, parents);
    place.allow_change = allow_change;
    orw_status status = finetune(self, &place, &method, &reward);
    orw_method_clear(&method);
    return status;
}

static orw_status run(fixture *self, const char *name, const char *method_name, double alpha, int fail_at, float bad) {
    return run_changed(self, name, method_name, alpha, false, (test_reward){.fail_at = fail_at, .bad = bad});
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
        reward[i] = fixture_result(self, runs[i].name, "evaluation", "reward_mean", -1);
        distance[i] = fixture_result(self, runs[i].name, "evaluation", "distance", -1);
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
    ok(fixture_same_policy(self, "cut", "a1"), "and ends with the bits of one that was never stopped");
    ok(run(self, "a1", "orw", 3, 0, 0) == ORW_OK, "a complete run is not run again");
}

static void test_bad_rewards(fixture *self) {
    ok(run(self, "nan", "orw", 0, 0, NAN) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "sample 1") &&
           strstr(orw_error_text(), "seed") && strstr(orw_error_text(), "nan"),
       "a NaN reward names its sample and seed: %s", orw_error_text());
    ok(run(self, "inf", "orw", 0, 0, INFINITY) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "round "),
       "an infinite one its round: %s", orw_error_text());
}

/* One rank only is told to stop, in round 55 of 60 (two evaluations have been scored before). From then on every call
 * makes one round. */
static void test_signal(fixture *self) {
    int last = orw_comm_size(self->comm) - 1, per_round = 6 / (last + 1), calls = 0;
    test_reward reward = {.fail_at = -1};
    if (orw_comm_rank(self->comm) == last) reward = (test_reward){.fail_at = 57 * per_round, .signal = SIGUSR1};
    ok(orw_signals_catch() == ORW_OK, "signals are caught");
    orw_status status = run_changed(self, "stopped", "orw", 3, false, reward);
    char path[1200];
    snprintf(path, sizeof path, "%s/stopped/checkpoint.h5", self->root);
    ok(status == ORW_STOPPED && access(path, F_OK) == 0, "a signal to one rank stops all of them, with a checkpoint");
    ok(fixture_result(self, "stopped", "metrics", "round", -1) == 55, "at the end of the round");
    while (status == ORW_STOPPED && calls++ < 10)
        status = run_changed(self, "stopped", "orw", 3, false, (test_reward){.fail_at = -1});
    ok(status == ORW_OK && calls == 4 && fixture_same_policy(self, "stopped", "a1"),
       "stopped after every round, it ends with the bits of one that was never stopped (%d calls)", calls);
}

static void test_changes(fixture *self) {
    int per_round = 6 / orw_comm_size(self->comm);
    test_reward cut = {.fail_at = 7 * per_round}, cut_later = {.fail_at = 6 * per_round}, good = {.fail_at = -1};
    char path[1200];
    orw_dictionary *about = NULL;
    ok(run_changed(self, "changed", "orw", 2, false, cut) == ORW_ERR_SYSTEM && fixture_set(self, "finetune.rate=4e-3"),
       "a run is cut off at round 7, then a setting changes");
    ok(run_changed(self, "changed", "orw", 2, false, good) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "finetune.rate = 0.005, now 0.004"),
       "it does not go on: %s", orw_error_text());
    ok(run_changed(self, "changed", "orw", 2, true, cut_later) == ORW_ERR_SYSTEM &&
           strstr(orw_error_text(), "out of order"),
       "unless that is allowed");
    ok(fixture_set(self, "finetune.clip=2") && run_changed(self, "changed", "orw", 2, true, good) == ORW_OK,
       "and once more: %s", orw_error_text());
    snprintf(path, sizeof path, "%s/changed/policy.h5", self->root);
    const char *found = NULL;
    if (orw_dictionary_create(&about) == ORW_OK && orw_run_file_provenance(path, about) == ORW_OK)
        found = orw_dictionary_get(about, "changes");
    ok(found &&
           strcmp(found, "at round 6: finetune.rate = 0.005, now 0.004\nat round 12: finetune.clip = 1, now 2") == 0,
       "the result says what changed when: %s", found ? found : "nothing");
    orw_dictionary_destroy(&about);
    ok(run_changed(self, "other", "orw", 2, false, cut) == ORW_ERR_SYSTEM, "another run is cut off");
    orw_method method;
    orw_place place = fixture_place(self, "other", "alpha = 5\n");
    place.allow_change = true;
    ok(orw_method_make("orw", 5, self->config, &method) == ORW_OK &&
           finetune(self, &place, &method, &good) == ORW_ERR_INPUT && strstr(orw_error_text(), "alpha = 2, now 5"),
       "what it was made from may not change: %s", orw_error_text());
    ok(fixture_set(self, "finetune.rate=5e-3") && fixture_set(self, "finetune.clip=1"), "the settings are set back");
}

/* Sample 5's weight makes its loss infinite. */
static orw_status weigh_badly(const orw_method *method, orw_batch *batch) {
    (void)method;
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] = i == 5 ? INFINITY : 1;
    return ORW_OK;
}

static void test_left_out(fixture *self) {
    orw_method method;
    ok(fixture_set(self, "finetune.on_nan=skip") && fixture_set(self, "finetune.rounds=3") &&
           fixture_set(self, "evaluate.every=3") && orw_method_make("orw", 1, self->config, &method) == ORW_OK,
       "bad samples may be left out");
    ok(run(self, "skip", "orw", 1, 0, NAN) == ORW_OK &&
           fixture_result(self, "skip", "metrics", "left_out_rewards", -1) == 6 &&
           isfinite(fixture_result(self, "skip", "metrics", "loss_w2", -1)) &&
           isfinite(fixture_result(self, "skip", "metrics", "reward_mean", -1)) &&
           fixture_result(self, "skip", "evaluation", "count", -1) == 90,
       "one of each shard is, and the rest goes on: %s", orw_error_text());
    ok(fixture_result(self, "skip", "metrics", "effective_sample_size", -3) <= 90, "without weight");
    method.weigh = weigh_badly;
    orw_place place = fixture_place(self, "losses", "losses");
    test_reward good = {.fail_at = -1};
    ok(finetune(self, &place, &method, &good) == ORW_OK &&
           fixture_result(self, "losses", "metrics", "left_out_losses", -1) == 4 &&
           isfinite(fixture_result(self, "losses", "metrics", "loss_flow", -1)),
       "so is a sample whose loss is not finite, in every update: %s", orw_error_text());
    if (!fixture_set(self, "finetune.on_nan=stop")) return;
    place = fixture_place(self, "stop", "stop");
    ok(finetune(self, &place, &method, &good) == ORW_ERR_NUMERIC && strstr(orw_error_text(), "round 0") &&
           strstr(orw_error_text(), "update 0, sample 5, seed 7"),
       "or it stops the run, which names it: %s", orw_error_text());
}

/* Nothing is learnt (rate 0), so that the loss of one round is v_ref's, at whatever t the law says. */
static void test_time_law(fixture *self) {
    static const char *const laws[][3] = {
        {"finetune.time=uniform", "finetune.time_mean=0", "finetune.time_scale=1"},
        {"finetune.time=uniform", "finetune.time_mean=5", "finetune.time_scale=0"},
        {"finetune.time=logit_normal", "finetune.time_mean=-9", "finetune.time_scale=0"},
        {"finetune.time=logit_normal", "finetune.time_mean=9", "finetune.time_scale=0"}};
    double loss[4];
    bool good = fixture_set(self, "finetune.rounds=1") && fixture_set(self, "finetune.rate=0");
    for (int i = 0; i < 4; i++) {
        char name[32];
        for (int k = 0; k < 3; k++) good = good && fixture_set(self, laws[i][k]);
        snprintf(name, sizeof name, "law%d", i);
        good = good && run(self, name, "orw", 0, -1, 0) == ORW_OK;
        loss[i] = fixture_result(self, name, "metrics", "loss_flow", -1);
    }
    ok(good && loss[0] == loss[1], "a uniform law has neither mean nor scale (%.6f, %.6f)", loss[0], loss[1]);
    ok(fabs(loss[2] - loss[0]) > 1e-3 && fabs(loss[3] - loss[2]) > 1e-3,
       "t is drawn by the law asked for (loss %.6f at t near 0, %.6f near 1)", loss[2], loss[3]);
    fixture_set(self, laws[0][0]);
    fixture_set(self, "finetune.rate=5e-3");
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "finetune", settings) && fixture_field(&self, "2", "16"),
           "the fixture can be built")) {
        test_trade_off(&self);
        test_interrupted(&self);
        test_bad_rewards(&self);
        test_changes(&self);
        test_left_out(&self);
        test_time_law(&self);
        if (fixture_set(&self, "finetune.rounds=60") && fixture_set(&self, "evaluate.every=30")) test_signal(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
