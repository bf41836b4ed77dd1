/* test_finetune.c - the online loop on a two-dimensional field with a reward known in closed form. */
/* ranks: 1 2 3 */
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

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

static orw_status run(fixture *self, const char *name, const char *method_name, double alpha, int fail_at, float bad) {
    char parents[64];
    test_reward reward = {{"first_coordinate", score, NULL}, 0, fail_at, bad};
    orw_method method;
    ORW_CALL(orw_method_make(method_name, alpha, self->config, &method));
    snprintf(parents, sizeof parents, "method = %s\nalpha = %g\n", method_name, alpha);
    const orw_place place = fixture_place(self, name, parents);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = self->network,
                                      .reference = self->reference,
                                      .reward = &reward.base,
                                      .method = &method,
                                      .seed = 7};
    return orw_finetune(&setup);
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

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "finetune", settings) && fixture_field(&self, "2", "16"),
           "the fixture can be built")) {
        test_trade_off(&self);
        test_interrupted(&self);
        test_bad_rewards(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
