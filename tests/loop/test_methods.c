/* ranks: 1 3 */
/* test_methods.c - methods in the loop: those that can be set to orw's coefficients end with orw's bits; samples that
 * are compared share their noise; the policy's own steps are its own; weights that correct for drift have a limit. */
#include "../fixture.h"

enum { COUNT = 24, STEPS = 4 };
static const char *const settings[] = {"parallel.shards=6",
                                       "finetune.batch=24",
                                       "finetune.rounds=3",
                                       "finetune.updates_per_round=2",
                                       "finetune.rate=1e-2",
                                       "evaluate.count=24",
                                       "samples.every=0",
                                       "solver.kind=euler",
                                       "solver.steps=4",
                                       "weight.tau=0.8",
                                       "behaviour.ema=0.5",
                                       "behaviour.refresh=1",
                                       "checkpoint.rounds=100",
                                       "evaluate.every=100",
                                       NULL};

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self;
    (void)tape;
    for (int i = 0; i < samples->count; i++) reward[i] = samples->x[2 * i] - 0.5f * samples->x[2 * i + 1];
    return ORW_OK;
}

static bool run_with(fixture *self, const orw_method *method, const char *name) {
    const orw_place place = fixture_place(self, name, name);
    orw_reward reward = {.name = "slope", .score = score};
    const orw_rewards rewards = orw_rewards_only(&reward);
    const orw_finetune_setup setup = {.place = &place,
                                      .network = self->network,
                                      .reference = self->reference,
                                      .rewards = &rewards,
                                      .method = method,
                                      .seed = 11};
    bool good = orw_finetune(&setup) == ORW_OK;
    if (!good) diag("%s: %s", name, orw_error_text());
    return good;
}

/* Runs `method` in ROOT/name with settings "key=value key=value", which stay. */
static bool run(fixture *self, const char *method, double alpha, const char *name, const char *changes) {
    char text[256];
    orw_method made = {.name = method};
    snprintf(text, sizeof text, "%s", changes);
    bool good = true;
    for (char *word = strtok(text, " "); word && good; word = strtok(NULL, " ")) good = fixture_set(self, word);
    good = good && orw_method_make(method, alpha, self->config, &made) == ORW_OK && run_with(self, &made, name);
    orw_method_clear(&made);
    return good;
}

static void same(fixture *self, const char *method, double alpha, const char *changes, const char *as,
                 const char *what) {
    char name[64];
    snprintf(name, sizeof name, "%s-as-%s", method, as);
    ok(run(self, method, alpha, name, changes) && fixture_same_policy(self, name, as), "%s", what);
}

static void test_same_bits(fixture *self) {
    ok(run(self, "orw", 0.3, "orw", "") && run(self, "orw", 0, "plain", ""), "orw runs, with and without alpha");
    ok(!fixture_same_policy(self, "orw", "plain"), "alpha makes a difference");
    same(self, "sft", 0.3, "advantage.of=exponential", "orw", "sft with orw's weights has orw's bits");
    same(self, "tilt", 0.3, "tilt.beta=0", "orw", "tilt without its correction likewise");
    same(self, "trajectory", 0, "", "plain", "trajectory without its distance likewise");
    ok(run(self, "tilt", 0.3, "tilted", "tilt.beta=0.5") && !fixture_same_policy(self, "tilted", "orw") &&
           run(self, "trajectory", 0.3, "tracked", "") && !fixture_same_policy(self, "tracked", "orw"),
       "with them they have others");
    ok(run(self, "orw", 0.3, "fresh", "finetune.updates_per_round=1 behaviour.ema=0"), "orw, one update per draw");
    same(self, "awm", 0.3, "", "fresh", "awm with orw's weights has its bits: at v = v_old the ratio is 1");
    ok(run(self, "orw", 0.3, "stale", "behaviour.refresh=1000"), "orw without a refresh");
    same(self, "offline", 0.3, "behaviour.refresh=1", "stale", "offline is orw without a refresh");
    ok(run(self, "orw", 0.3, "even", "weight.tau=0"), "orw with equal weights");
    same(self, "control", 0.3, "", "even", "which the control has,");
    same(self, "raft", 0.3, "raft.keep=1", "even", "raft where it keeps all,");
    same(self, "reft", 0.3, "reft.margin=-1000", "even", "and reft where all are above the threshold");
    ok(run(self, "orw", 0, "all", ""), "orw with equal weights, no alpha");
    same(self, "nft", 0, "nft.range=1e-3 nft.beta=1", "all", "as has nft where all samples are good and beta is 1");
    fixture_set(self, "advantage.of=prompt");
}

/* ---------------------------------------------------------------- what a loss sees ------------------------------ */

static struct {
    int seen, shared, apart, wrong, varied, times[STEPS];
    double worst;
} watched;

static orw_tensor *watch_groups(const orw_method *self, orw_terms *terms) {
    const orw_tensor *u = orw_terms_u(terms);
    const float *t = orw_terms_t(terms);
    for (int i = 0; u && i < u->shape[0]; i++) {
        const int leader = orw_terms_leader(terms, i);
        watched.seen++;
        watched.shared += leader != i && t[i] == t[leader];
        watched.apart += leader == i && i > 0 && t[i] == t[0];
        watched.wrong += leader != i - i % self->group;
    }
    return orw_weighted_sum(orw_terms_tape(terms),
                            orw_squared_error(orw_terms_tape(terms), orw_terms_v(terms), orw_terms_u(terms)), NULL);
}

/* With Euler's rule the velocity of an own step is v_old at its start; the path's point has another one. */
static orw_tensor *watch_own(const orw_method *self, orw_terms *terms) {
    (void)self;
    orw_terms *own = orw_terms_own(terms);
    const orw_tensor *v = own ? orw_terms_v(own) : NULL, *u = v ? orw_terms_u(own) : NULL,
                     *old = u ? orw_terms_v_old(own) : NULL;
    for (size_t i = 0; old && i < orw_tensor_count(u); i++)
        watched.worst = fmax(watched.worst, fabs((double)u->data[i] - (double)old->data[i]));
    for (int i = 0; old && i < u->shape[0]; i++, watched.seen++) {
        watched.apart += orw_terms_t(own)[i] != orw_terms_t(terms)[i];
        watched.varied += orw_terms_t(own)[i] != orw_terms_t(own)[0];
        watched.times[(int)lroundf(orw_terms_t(own)[i] * STEPS)]++;
    }
    return orw_weighted_sum(orw_terms_tape(terms),
                            orw_squared_error(orw_terms_tape(terms), orw_terms_v(terms), orw_terms_u(terms)), NULL);
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    (void)self;
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] = 1;
    return ORW_OK;
}

static void test_points(fixture *self) {
    orw_method method = {.name = "watch", .online = true, .group = 2, .weigh = weigh, .loss = watch_groups};
    memset(&watched, 0, sizeof watched);
    ok(run_with(self, &method, "groups") && watched.seen > 0 && watched.shared == watched.seen / 2 &&
           watched.apart == 0 && watched.wrong == 0,
       "the two of a comparison have one t, and no other has it (%d of %d)", watched.shared, watched.seen);
    method.group = 3;
    ok(!run_with(self, &method, "odd") && strstr(orw_error_text(), "expected a multiple of 3"),
       "a shard of four has no groups of three");
    method.group = 0;
    method.point = ORW_POINT_BOTH;
    method.loss = watch_own;
    memset(&watched, 0, sizeof watched);
    ok(run_with(self, &method, "own") && watched.seen > 0 && watched.worst < 1e-4 && watched.apart == watched.seen,
       "own steps are those that drew the sample: velocity off by %.1e at most", watched.worst);
    ok(watched.varied > watched.seen / 3 && watched.times[0] > 0 && watched.times[1] > 0 && watched.times[2] > 0 &&
           watched.times[3] > 0,
       "each sample has a step of its own, of all there are");
    const double counted = fixture_result(self, "own", "metrics", "loss_evaluations", -1);
    ok(counted == 3, "v twice and v_old once are three evaluations per sample and update: %g", counted);
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "methods", settings) && fixture_field(&self, "2", "16"),
           "the fixture can be built")) {
        test_same_bits(&self);
        test_points(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
