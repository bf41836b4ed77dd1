/* ranks: 1 3 */
/* test_rollouts.c - the way that a sampler took, and a method that trains on its steps: the steps are those that drew
 * the samples, each sample gets one of its own, and what a step is held against is the velocity that took it. */
#include "../fixture.h"

enum { COUNT = 24, STEPS = 5 };
static const char *const settings[] = {"parallel.shards=6",  "finetune.batch=24",
                                       "finetune.rounds=2",  "finetune.updates_per_round=3",
                                       "finetune.rate=1e-7", "evaluate.count=24",
                                       "samples.every=0",    "solver.kind=euler",
                                       "solver.steps=5",     NULL};

/* ---------------------------------------------------------------- the sampler ----------------------------------- */

static void test_ode(fixture *self, const char *kind) {
    static float x0[COUNT * 2], straight[COUNT * 2], kept[COUNT * 2];
    const orw_field field = {self->network, self->reference};
    orw_stream stream = orw_stream_open(4, ORW_PURPOSE_TEST, 0, 0);
    orw_tape *tape = NULL;
    orw_solver solver;
    orw_rollout rollout;
    int64_t evaluations[2] = {0, 0};
    orw_stream_normals(&stream, x0, COUNT * 2);
    memcpy(straight, x0, sizeof x0);
    memcpy(kept, x0, sizeof x0);
    bool good = orw_tape_create(&tape) == ORW_OK && orw_solver_parse(kind, STEPS, &solver) == ORW_OK &&
                orw_rollout_create(COUNT, 2, STEPS, &rollout) == ORW_OK;
    if (!ok(good, "a rollout of %s steps has room", kind)) return;
    const orw_sampler ode = orw_sampler_ode(&solver);
    rollout.x = kept;
    good = orw_solve(&field, tape, &solver, COUNT, straight, NULL, &evaluations[0]) == ORW_OK &&
           ode.draw(&ode, &field, tape, NULL, NULL, &rollout, &evaluations[1]) == ORW_OK;
    ok(good && memcmp(straight, kept, sizeof kept) == 0 && evaluations[0] == evaluations[1],
       "%s: kept or not, the samples are the same bits, for as many evaluations", kind);
    ok(good && rollout.steps == STEPS && memcmp(rollout.state, x0, sizeof x0) == 0 &&
           memcmp(rollout.state + (size_t)STEPS * COUNT * 2, kept, sizeof kept) == 0,
       "%s: from the noise to the samples in %d steps", kind, rollout.steps);
    double worst = 0;
    for (int k = 0; k <= STEPS; k++) worst = fmax(worst, fabs((double)rollout.t[k] - (double)k / STEPS));
    ok(worst < 1e-6, "%s: at equal times", kind);
    orw_rollout_clear(&rollout);
    orw_tape_destroy(&tape);
}

static void test_adaptive(fixture *self) {
    float x[2] = {0.5f, 1};
    const orw_field field = {self->network, self->reference};
    orw_tape *tape = NULL;
    orw_solver solver;
    orw_rollout rollout;
    bool good = orw_tape_create(&tape) == ORW_OK && orw_solver_parse("adaptive", STEPS, &solver) == ORW_OK &&
                orw_rollout_create(1, 2, STEPS, &rollout) == ORW_OK;
    const orw_sampler ode = orw_sampler_ode(&solver);
    rollout.x = x;
    ok(good && ode.draw(&ode, &field, tape, NULL, NULL, &rollout, NULL) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "solver.kind"),
       "steps of an unknown number are refused: %s", orw_error_text());
    orw_rollout_clear(&rollout);
    orw_tape_destroy(&tape);
}

/* ---------------------------------------------------------------- the loop -------------------------------------- */

static struct {
    int seen, times[STEPS];
    double worst, length;
} watched;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self;
    (void)tape;
    for (int i = 0; i < samples->count; i++) reward[i] = samples->x[2 * i];
    return ORW_OK;
}

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    (void)self;
    for (int i = 0; i < batch->plan.batch; i++) batch->weight[i] = 1;
    return ORW_OK;
}

/* With Euler's rule the velocity of a step is v_old at its start. */
static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    const orw_tensor *u = orw_terms_u(terms), *old = orw_terms_v_old(terms);
    const float *gain = orw_terms_gain(terms), *deviation = orw_terms_deviation(terms),
                *chance = orw_terms_log_probability(terms);
    (void)self;
    for (size_t i = 0; u && old && i < orw_tensor_count(u); i++)
        watched.worst = fmax(watched.worst, fabs((double)u->data[i] - (double)old->data[i]));
    for (int i = 0; u && i < u->shape[0]; i++, watched.seen++) {
        watched.length = fmax(watched.length, fabs((double)gain[i] - 1.0 / STEPS) + fabs((double)deviation[i]) +
                                                  fabs((double)chance[i]));
        watched.times[(int)lroundf(orw_terms_t(terms)[i] * STEPS)]++;
    }
    orw_tape *tape = orw_terms_tape(terms);
    orw_tensor *e = orw_squared_error(tape, orw_terms_v(terms), orw_terms_u(terms));
    orw_tensor *flow = orw_weighted_sum(tape, e, orw_terms_weight(terms));
    orw_terms_report(terms, ORW_REPORT_FLOW, flow);
    return flow;
}

static void test_loop(fixture *self) {
    orw_reward reward = {.name = "first", .score = score};
    const orw_method method = {.name = "watch", .online = true, .point = ORW_POINT_STEP, .weigh = weigh, .loss = loss};
    const orw_place place = fixture_place(self, "steps", "steps");
    ok(fixture_finetune(self, &place, &reward, &method, 5) == ORW_OK, "a method trains on the steps of its samples");
    int ranks = orw_comm_size(self->comm), fewest = COUNT;
    for (int k = 0; k < STEPS; k++) fewest = watched.times[k] < fewest ? watched.times[k] : fewest;
    ok(watched.seen * ranks == COUNT * 6 && watched.length < 1e-6, "each of %d samples, six times, at its own step",
       COUNT);
    ok(fewest > 0, "every step has its turn");
    ok(watched.worst < 1e-5, "a step's velocity is v_old where it began, within %.1e", watched.worst);
    double first = fixture_result(self, "steps", "metrics", "loss_flow", -2);
    ok(first < 1e-9, "so a policy that learns from its own steps has nothing to learn: loss %.1e", first);
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "rollouts", settings) && fixture_field(&self, "2", "16,16"),
           "the fixture can be built")) {
        test_ode(&self, "euler");
        test_ode(&self, "midpoint");
        test_ode(&self, "heun");
        test_adaptive(&self);
        test_loop(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
