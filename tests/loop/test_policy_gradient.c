/* ranks: 1 2 3 */
/* test_policy_gradient.c - methods that learn from steps left to chance, in the loop, on a two-dimensional field:
 * reward against distance, killed and gone on with, the window, evaluations by the ODE. */
#include "../fixture.h"

static const char *const settings[] = {"parallel.shards=6",  "finetune.batch=96",
                                       "finetune.rounds=20", "finetune.updates_per_round=4",
                                       "finetune.rate=5e-3", "sampler.kind=sde",
                                       "sampler.steps=5",    "flow_grpo.clip=0.2",
                                       "evaluate.every=20",  "evaluate.count=96",
                                       "samples.every=0",    "checkpoint.rounds=5",
                                       "behaviour.ema=0",    NULL};

static int calls, fail_at;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self;
    (void)tape;
    if (fail_at >= 0 && calls++ >= fail_at) return orw_error(ORW_ERR_SYSTEM, "the scorer is out of order");
    for (int i = 0; i < samples->count; i++) reward[i] = samples->x[2 * i];
    return ORW_OK;
}

static orw_status run(fixture *self, const char *name, const char *method_name, double alpha, int cut_at) {
    orw_reward reward = {.name = "first_coordinate", .score = score};
    char parents[64];
    orw_method method;
    calls = 0;
    fail_at = cut_at;
    ORW_CALL(orw_method_make(method_name, alpha, self->config, &method));
    snprintf(parents, sizeof parents, "method = %s\nalpha = %g\n", method_name, alpha);
    const orw_place place = fixture_place(self, name, parents);
    orw_status status = fixture_finetune(self, &place, &reward, &method, 7);
    orw_method_clear(&method);
    return status;
}

static void test_trade_off(fixture *self) {
    static const struct {
        const char *name, *method;
        double alpha;
    } runs[] = {{"g0", "flow_grpo", 0}, {"g1", "flow_grpo", 3}, {"g2", "flow_grpo", 100}, {"d0", "ddpo", 0}};
    double reward[4], distance[4];
    for (int i = 0; i < 4; i++) {
        if (!ok(run(self, runs[i].name, runs[i].method, runs[i].alpha, -1) == ORW_OK, "%s alpha %g runs",
                runs[i].method, runs[i].alpha))
            diag("%s", orw_error_text());
        reward[i] = fixture_result(self, runs[i].name, "evaluation", "reward_mean", -1);
        distance[i] = fixture_result(self, runs[i].name, "evaluation", "distance", -1);
    }
    const double before = fixture_result(self, "g0", "evaluation", "reward_mean", -2);
    diag("reward %.3f before; flow_grpo %.3f %.3f %.3f, ddpo %.3f; distances %.4f %.4f %.5f, %.4f", before, reward[0],
         reward[1], reward[2], reward[3], distance[0], distance[1], distance[2], distance[3]);
    ok(reward[0] > before + 0.5 && reward[3] > before + 0.5, "what is evaluated by the ODE has more reward after it");
    ok(reward[0] > reward[1] && reward[1] > reward[2], "a larger weight of the KL costs reward");
    ok(distance[0] > distance[1] && distance[1] > 10 * distance[2], "and keeps the field nearer to the reference");
    ok(fixture_result(self, "g0", "metrics", "evaluations", -1) == 20 * 96 * 5,
       "five evaluations for each sample drawn");
    ok(fixture_result(self, "g1", "metrics", "loss_w2", -1) > 0, "the distance on the steps is logged");
}

static void test_interrupted(fixture *self) {
    const int per_round = 6 / orw_comm_size(self->comm); /* calls of the scorer per round on a rank */
    ok(run(self, "cut", "flow_grpo", 3, 7 * per_round) == ORW_ERR_SYSTEM, "a run is cut off");
    ok(run(self, "cut", "flow_grpo", 3, -1) == ORW_OK && fixture_same_policy(self, "cut", "g1"),
       "goes on, and ends with the bits of one that was never stopped");
    ok(fixture_set(self, "sampler.window=2") && fixture_set(self, "sampler.window_rounds=3") &&
           run(self, "window", "flow_grpo", 3, -1) == ORW_OK,
       "a window of chance that moves");
    ok(!fixture_same_policy(self, "window", "g1"), "is another run");
    ok(run(self, "cut_window", "flow_grpo", 3, 8 * per_round) == ORW_ERR_SYSTEM &&
           run(self, "cut_window", "flow_grpo", 3, -1) == ORW_OK && fixture_same_policy(self, "cut_window", "window"),
       "and goes on where the window was");
    ok(fixture_set(self, "sampler.window=5") && run(self, "wide", "flow_grpo", 3, -1) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "sampler.window: found 5"),
       "a window that does not fit: %s", orw_error_text());
    fixture_set(self, "sampler.window=0");
}

/* What learns from samples alone draws them by the ODE, whatever sampler.* says. */
static void test_others(fixture *self) {
    ok(run(self, "chance", "orw", 1, -1) == ORW_OK && fixture_set(self, "sampler.kind=ode") &&
           run(self, "none", "orw", 1, -1) == ORW_OK && fixture_same_policy(self, "chance", "none"),
       "orw is the same bits with and without");
    ok(run(self, "needs", "flow_grpo", 1, -1) == ORW_ERR_INPUT && strstr(orw_error_text(), "sampler.kind"),
       "flow_grpo is refused without: %s", orw_error_text());
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "policy_gradient", settings) && fixture_field(&self, "2", "16"),
           "the fixture can be built")) {
        test_trade_off(&self);
        test_interrupted(&self);
        test_others(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
