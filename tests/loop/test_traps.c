/* test_traps.c - two mistakes that look fine at a glance, each shown to be caught: weights that stay behind when a
 * coupling moves the samples (and that the loop pairs weight and sample by their global index), and a behaviour policy
 * that is never refreshed. */
#include "../../src/loop/terms.h"
#include "../fixture.h"

static const char *const settings[] = {"parallel.shards=2",
                                       "finetune.batch=256",
                                       "finetune.rounds=90",
                                       "finetune.updates_per_round=10",
                                       "finetune.rate=4e-3",
                                       "finetune.clip=0",
                                       "behaviour.ema=0.9",
                                       "behaviour.refresh=300",
                                       "solver.kind=midpoint",
                                       "solver.steps=6",
                                       "weight.tau=0.6",
                                       "weight.normalise=mean",
                                       "evaluate.every=90",
                                       "evaluate.count=4000",
                                       "samples.every=0",
                                       "checkpoint.rounds=1000",
                                       NULL};

/* The reference is v = 0: its samples are its noise, N(0, 1) exactly. */
static bool still_field(fixture *self) {
    static const char *const last[] = {"layers.2.weight", "layers.2.bias"};
    if (!fixture_field(self, "1", "32,32")) return false;
    for (int i = 0; i < 2; i++) {
        const orw_parameter *p = orw_network_parameter(self->network, orw_network_find(self->network, last[i]));
        memset(self->reference + p->offset, 0, p->count * sizeof(float));
    }
    return true;
}

/* ---------------------------------------------------------------- weights and couplings ------------------------- */

enum { PAIRS = 256 };
typedef enum pairing { SHUFFLED, OPTIMAL } pairing;

/* Weighted flow matching where a coupling moves x1 ~ N(0, 1), w = exp(x1); perfect learning ends in N(1, 1). */
typedef struct coupled {
    const fixture *self;
    float *values;
    int64_t update;
    pairing pairing;
    bool weights_follow; /* false: the trap */
    double covariance, variance_w, variance_r, mean_w, mean_r;
    int64_t pairs;
} coupled;

static orw_tensor *coupled_loss(void *context, orw_tape *tape, float *gradient, int first, int count, float *report) {
    coupled *now = context;
    const orw_field field = {now->self->network, now->values};
    float t[PAIRS], x0[PAIRS] = {0}, x1[PAIRS] = {0}, xt[PAIRS], u[PAIRS], weight[PAIRS];
    int partner[PAIRS];
    (void)report;
    for (int i = 0; i < count; i++) {
        orw_stream stream = orw_stream_open(9, ORW_PURPOSE_TEST, (uint32_t)now->update, (uint32_t)(first + i));
        orw_stream_normals(&stream, &x1[i], 1);
        orw_stream_normals(&stream, &x0[i], 1);
        t[i] = (float)orw_stream_uniform(&stream);
    }
    orw_stream shuffle = orw_stream_open(9, ORW_PURPOSE_SHUFFLE, (uint32_t)now->update, (uint32_t)first);
    orw_stream_permutation(&shuffle, partner, count);
    if (now->pairing == OPTIMAL && orw_coupling_optimal(count, 1, x0, x1, partner) != ORW_OK) return NULL;
    for (int i = 0; i < count; i++) {
        float moved = x1[partner[i]], reward = moved;
        xt[i] = (1 - t[i]) * x0[i] + t[i] * moved;
        u[i] = moved - x0[i];
        weight[i] = expf(x1[now->weights_follow ? partner[i] : i]);
        now->mean_w += weight[i];
        now->mean_r += reward;
        now->variance_w += weight[i] * weight[i];
        now->variance_r += reward * reward;
        now->covariance += weight[i] * reward;
        now->pairs++;
    }
    orw_tensor *v = orw_field_velocity(&field, tape, gradient, count, t, xt, NULL);
    orw_tensor *target = orw_tape_copy(tape, u, 2, (int[]){count, 1});
    return orw_weighted_sum(tape, orw_squared_error(tape, v, target), weight);
}

/* Trains, and returns the mean of what the field then draws; *correlation is that of weight and reward in the pairs. */
static double mean_after_coupling(fixture *self, pairing how, bool weights_follow, double *correlation) {
    size_t P = orw_network_size(self->network);
    coupled now = {
        .self = self, .pairing = how, .weights_follow = weights_follow, .values = orw_network_values(self->network)};
    float *gradient = aligned_alloc(64, (P + ORW_REPORT_SLOTS + 15) / 16 * 16 * sizeof *gradient);
    orw_plan plan;
    orw_engine *engine = NULL;
    orw_optimiser *optimiser = NULL;
    orw_tape *tape = NULL;
    orw_solver solver;
    enum { DRAWN = 4000 };
    static float x[DRAWN];
    double mean = 0;
    memcpy(now.values, self->reference, P * sizeof(float));
    bool good = orw_plan_make(self->comm, PAIRS, 1, &plan) == ORW_OK &&
                orw_engine_create(self->comm, &plan, P, &engine) == ORW_OK &&
                orw_optimiser_create(P, &optimiser) == ORW_OK && orw_tape_create(&tape) == ORW_OK &&
                orw_solver_parse("midpoint", 6, &solver) == ORW_OK;
    if (good) optimiser->rate = 4e-3;
    for (now.update = 0; good && now.update < 500; now.update++)
        good = orw_engine_gradient(engine, coupled_loss, &now, gradient) == ORW_OK &&
               orw_optimiser_step(optimiser, now.values, gradient) == ORW_OK;
    const orw_field field = {self->network, now.values};
    orw_stream stream = orw_stream_open(10, ORW_PURPOSE_TEST, 0, 0);
    orw_stream_normals(&stream, x, DRAWN);
    good = good && orw_solve(&field, tape, &solver, DRAWN, x, NULL, NULL) == ORW_OK;
    for (int i = 0; i < DRAWN; i++) mean += x[i] / DRAWN;
    double n = (double)now.pairs, mw = now.mean_w / n, mr = now.mean_r / n;
    *correlation =
        (now.covariance / n - mw * mr) / sqrt((now.variance_w / n - mw * mw) * (now.variance_r / n - mr * mr));
    orw_tape_destroy(&tape);
    orw_optimiser_destroy(&optimiser);
    orw_engine_destroy(&engine);
    free(gradient);
    free(now.values);
    return good ? mean : NAN;
}

/* corr(e^x, x) = 1 / sqrt(e - 1) = 0.763 for x ~ N(0, 1). */
static bool belongs(double correlation) {
    return fabs(correlation - 0.763) < 0.05;
}

static void test_coupling(fixture *self) {
    double correlation;
    double mean = mean_after_coupling(self, SHUFFLED, true, &correlation);
    diag("shuffled pairs, weights that follow: correlation %.3f, mean %.3f", correlation, mean);
    ok(belongs(correlation), "weights read at the partner belong to the sample that they weigh");
    ok(fabs(mean - 1) < 0.2, "and the field learns the reward-weighted distribution");
    mean = mean_after_coupling(self, SHUFFLED, false, &correlation);
    diag("shuffled pairs, weights that stay: correlation %.3f, mean %.3f", correlation, mean);
    ok(!belongs(correlation) && fabs(correlation) < 0.05, "weights left in the old order do not");
    ok(fabs(mean - 1) > 0.5 && fabs(mean) < 0.2, "and the reward's signal is averaged away");

    mean = mean_after_coupling(self, OPTIMAL, false, &correlation);
    diag("optimal pairs, weights that stay: correlation %.3f, mean %.3f", correlation, mean);
    ok(!belongs(correlation) && fabs(correlation) < 0.05, "an optimal coupling loses them likewise");
    mean = mean_after_coupling(self, OPTIMAL, true, &correlation);
    diag("optimal pairs, weights that follow: correlation %.3f, mean %.3f", correlation, mean);
    ok(belongs(correlation), "and keeps them when they follow");
    /* On the line an optimal coupling makes x1 a function of x0. A weight on the pair then weighs x0 as well and leaves
     * E[u | x_t] as it is: why fine-tuning couples independently. */
    ok(fabs(mean) < 0.2, "yet weights on optimal pairs do not reweight the field");
}

/* ---------------------------------------------------------------- the loop's own pairs -------------------------- */

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self;
    (void)tape;
    memcpy(reward, samples->x, (size_t)samples->count * sizeof *samples->x);
    return ORW_OK;
}

/* The property that fine-tuning rests on: what a method sees of sample i are weight i, x1 i and the noise of i,
 * whatever the shard. x1 = x_t + (1 - t) u, and the weight here is x1 itself. */
typedef struct seen {
    int wrong, count, shards;
} seen;

static orw_tensor *watching_loss(const orw_method *method, orw_terms *terms) {
    seen *now = (seen *)(uintptr_t)method->help;
    const orw_tensor *u = orw_terms_u(terms);
    const float *weight = orw_terms_weight(terms);
    for (int i = 0; i < terms->count && u; i++) {
        double x1 = terms->xt[i] + (1 - terms->t[i]) * u->data[i];
        if (fabs(x1 - weight[i]) > 1e-2) now->wrong++;
        now->count++;
    }
    now->shards++;
    return orw_weighted_sum(orw_terms_tape(terms),
                            orw_squared_error(orw_terms_tape(terms), orw_terms_v(terms), orw_terms_u(terms)), weight);
}

/* The weight is the reward, which is x1: a permutation of one against the other shows in every pair. */
static orw_status weigh_by_reward(const orw_method *method, orw_batch *batch) {
    (void)method;
    memcpy(batch->weight, batch->reward, (size_t)batch->plan.batch * sizeof(float));
    return ORW_OK;
}

static void test_pairs(fixture *self) {
    orw_reward reward = {.name = "x", .score = score};
    seen now = {0};
    orw_method method = {.name = "watch", .help = (const char *)&now, .online = true};
    method.weigh = weigh_by_reward;
    method.loss = watching_loss;
    bool good = fixture_set(self, "parallel.shards=8") && fixture_set(self, "finetune.rounds=3");
    const orw_place place = fixture_place(self, "pairs", "pairs");
    good = good && fixture_finetune(self, &place, &reward, &method, 7) == ORW_OK;
    ok(good && now.shards == 3 * 10 * 8 && now.count == 3 * 10 * 256, "a loss sees %d pairs in %d shards", now.count,
       now.shards);
    ok(good && now.wrong == 0, "the loop gives sample i its own weight in every shard (%d do not)", now.wrong);
    if (!fixture_set(self, "parallel.shards=2")) ok(false, "the shards are set back");
}

/* ---------------------------------------------------------------- the behaviour policy -------------------------- */

/* Mean reward, which is the mean, after three refreshes' worth of rounds; NaN when the run fails. */
static double mean_after_rounds(fixture *self, const char *name, bool online, int rounds) {
    orw_reward reward = {.name = "x", .score = score};
    char assignment[64];
    orw_method method;
    snprintf(assignment, sizeof assignment, "finetune.rounds=%d", rounds);
    if (!fixture_set(self, assignment)) return NAN;
    if (orw_method_make("orw", 0, self->config, &method) != ORW_OK) return NAN;
    method.online = online; /* the trap: v_old stays v_ref */
    const orw_place place = fixture_place(self, name, name);
    if (fixture_finetune(self, &place, &reward, &method, 7) != ORW_OK) return NAN;
    return fixture_result(self, name, "evaluation", "reward_mean", -1);
}

/* q = N(0, 1), w = exp(0.6 x): a round moves the mean by 0.6, three by 1.8. */
static void test_refresh(fixture *self) {
    double one = mean_after_rounds(self, "one", true, 30), online = mean_after_rounds(self, "online", true, 90);
    double stale = mean_after_rounds(self, "stale", false, 90);
    diag("means: one round %.3f, three online %.3f, three from a policy that is never refreshed %.3f", one, online,
         stale);
    ok(fabs(one - 0.6) < 0.15, "one round moves the mean by tau a sigma^2");
    ok(fabs(online - 1.8) < 0.4, "three online rounds by three times that");
    ok(fabs(stale - 0.6) < 0.2 && stale < 0.5 * online, "a policy that is never refreshed stays at one step");
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "traps", settings) && still_field(&self), "the fixture can be built")) {
        test_coupling(&self);
        test_pairs(&self);
        test_refresh(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
