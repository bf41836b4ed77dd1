/* test_average.c - the moving averages of the weights, and when v_old takes one over: what the loop drew is drawn again
 * from the policy that it should have had in each round; which policies a loss sees. */
#include "../../src/loop/terms.h"
#include "../fixture.h"

enum { BATCH = 8, D = 2, ROUNDS = 7, UPDATES = 3 };

static const char *const settings[] = {"parallel.shards=1",      "finetune.batch=8",
                                       "finetune.rounds=7",      "finetune.updates_per_round=4",
                                       "finetune.rate=5e-3",     "behaviour.refresh=6",
                                       "behaviour.ema=0.5",      "solver.kind=euler",
                                       "solver.steps=3",         "evaluate.every=1000",
                                       "evaluate.count=2",       "samples.every=0",
                                       "policies.every=1",       "pretrain.batch=4",
                                       "pretrain.rate=1e-2",     "pretrain.warmup=0",
                                       "pretrain.final_share=1", NULL};

/* r = first coordinate. The training batches, one shard of BATCH samples each, are kept; evaluations have two. */
static float drawn[ROUNDS][BATCH * D];
static int batches;

static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self;
    (void)tape;
    if (samples->count == BATCH && batches < ROUNDS) memcpy(drawn[batches++], samples->x, sizeof drawn[0]);
    for (int i = 0; i < samples->count; i++) reward[i] = samples->x[D * i];
    return ORW_OK;
}

/* What the loss is given as v_old and v_ref: the digest of the one in each round, whether the other ever changed. */
static orw_tensor *(*method_loss)(const orw_method *method, orw_terms *terms);
static const fixture *watched;
static uint64_t v_old[ROUNDS];
static int moved_references;

static orw_tensor *watch(const orw_method *method, orw_terms *terms) {
    size_t bytes = orw_network_size(watched->network) * sizeof(float);
    v_old[batches - 1] = orw_digest(terms->behaviour, bytes, 0);
    moved_references += memcmp(terms->reference, watched->reference, bytes) != 0;
    return method_loss(method, terms);
}

static bool finetune(fixture *self, const char *name) {
    orw_reward reward = {.name = "first_coordinate", .score = score};
    orw_method method;
    if (orw_method_make("orw", 0, self->config, &method) != ORW_OK) return false;
    method_loss = method.loss;
    method.loss = watch;
    watched = self;
    const orw_place place = fixture_place(self, name, name);
    batches = 0;
    return fixture_finetune(self, &place, &reward, &method, 7) == ORW_OK;
}

/* The values in ROOT/run/file; the caller frees. NULL: cannot be read. */
static float *values_in(fixture *self, const char *run, const char *file) {
    char path[1300];
    orw_network *network = NULL;
    float *values = NULL;
    snprintf(path, sizeof path, "%s/%s/%s", self->root, run, file);
    if (orw_model_load(path, &network, &values, NULL) != ORW_OK) diag("%s", orw_error_text());
    orw_network_destroy(&network);
    return values;
}

/* The policy that was kept after `rounds` rounds; 0: the reference. */
static float *policy_after(fixture *self, const char *run, int rounds) {
    char file[64];
    if (rounds == 0) {
        float *copy = orw_network_values(self->network);
        memcpy(copy, self->reference, orw_network_size(self->network) * sizeof *copy);
        return copy;
    }
    snprintf(file, sizeof file, "policies/round-%06d.h5", rounds);
    return values_in(self, run, file);
}

/* What `values` draw in a round, into x[BATCH * D]. */
static bool draw(fixture *self, float *values, int round, float *x) {
    const orw_field field = {self->network, values};
    orw_tape *tape = NULL;
    orw_solver solver;
    if (orw_solver_from_config(self->config, &solver) != ORW_OK || orw_tape_create(&tape) != ORW_OK) return false;
    for (int i = 0; i < BATCH; i++) {
        orw_stream stream = orw_stream_open(7, ORW_PURPOSE_DRAW, (uint32_t)round, (uint32_t)i);
        orw_stream_normals(&stream, x + (size_t)i * D, D);
    }
    bool good = orw_solve(&field, tape, &solver, BATCH, x, NULL, NULL) == ORW_OK;
    orw_tape_destroy(&tape);
    return good;
}

/* Four updates per round, a refresh whenever six have passed: at 8 (past 6), 12, 20 (past 18) and 24 updates. */
static void test_behaviour(fixture *self) {
    static const int taken_after[ROUNDS] = {0, 0, 2, 3, 3, 5, 6};
    if (!ok(finetune(self, "behaviour") && batches == ROUNDS, "a run of seven rounds")) return;
    for (int round = 0; round < ROUNDS; round++) {
        float x[BATCH * D], *values = policy_after(self, "behaviour", taken_after[round]);
        bool good = values && draw(self, values, round, x);
        ok(good && memcmp(x, drawn[round], sizeof x) == 0,
           "round %d draws from the average that was taken over after round %d", round, taken_after[round]);
        ok(values && orw_digest(values, orw_network_size(self->network) * sizeof *values, 0) == v_old[round],
           "which is the loss's v_old");
        free(values);
    }
    ok(moved_references == 0, "v_ref never moves");
    float *last = policy_after(self, "behaviour", ROUNDS), *kept = values_in(self, "behaviour", "policy.h5");
    ok(last && kept && memcmp(last, kept, orw_network_size(self->network) * sizeof *kept) == 0,
       "and the result is the average after the last");
    free(last);
    free(kept);
}

/* sum of w |v - u|^2 + alpha |v - v_ref|^2, means over elements (paper, Eq. 10); both sums are reported, before alpha.
 */
static void test_loss(fixture *self, orw_terms *terms) {
    const float weight[3] = {1, 2.5f, 0.25f};
    const float *v = orw_terms_v(terms)->data, *v_ref = orw_terms_v_ref(terms)->data;
    double flow = 0, w2 = 0;
    orw_method method;
    bool good = orw_method_make("orw", 0.7, self->config, &method) == ORW_OK;
    for (int k = 0; k < terms->count * D; k++) {
        flow += (double)weight[k / D] * pow((double)v[k] - (double)terms->u[k], 2) / D;
        w2 += pow((double)v[k] - (double)v_ref[k], 2) / D;
    }
    terms->weight = weight;
    const orw_tensor *found = good ? method.loss(&method, terms) : NULL;
    ok(found && fabs((double)found->data[0] - (flow + 0.7 * w2)) < 1e-5, "the loss of orw: %.6f, expected %.6f",
       found ? (double)found->data[0] : NAN, flow + 0.7 * w2);
    ok(fabs((double)terms->report[ORW_REPORT_FLOW] - flow) < 1e-5 &&
           fabs((double)terms->report[ORW_REPORT_W2] - w2) < 1e-5,
       "its two parts are reported");
}

/* v, v_old and v_ref of three policies that differ, at the t and x_t that were drawn. */
static void test_terms(fixture *self) {
    enum { COUNT = 3 };
    static const orw_time_law uniform = {0};
    static const float x1[COUNT * D] = {0.5f, -1, 2, 0, -0.25f, 1};
    float *values[3], report[ORW_REPORT_SLOTS] = {0};
    orw_tape *tape = NULL, *side = NULL, *own = NULL;
    bool good = orw_tape_create(&tape) == ORW_OK && orw_tape_create(&side) == ORW_OK && orw_tape_create(&own) == ORW_OK;
    for (int k = 0; k < 3; k++) {
        values[k] = orw_network_values(self->network);
        orw_network_initialise(self->network, (uint64_t)(20 + k), values[k]);
    }
    orw_terms terms = {.tape = tape,
                       .side = side,
                       .network = self->network,
                       .values = values[0],
                       .behaviour = values[1],
                       .reference = values[2],
                       .count = COUNT,
                       .D = D,
                       .time = &uniform,
                       .report = report};
    orw_tape_begin(tape, true);
    good = good && orw_terms_draw(&terms, 7, 4, 0, x1, NULL);
    const orw_tensor *said[3] = {orw_terms_v(&terms), orw_terms_v_old(&terms), orw_terms_v_ref(&terms)};
    for (int k = 0; k < 3; k++) {
        static const char *const names[] = {"v", "v_old", "v_ref"};
        const orw_field field = {self->network, values[k]};
        orw_tape_begin(own, false);
        const orw_tensor *expected = orw_field_velocity(&field, own, NULL, COUNT, terms.t, terms.xt, NULL);
        ok(good && said[k] && expected && memcmp(said[k]->data, expected->data, COUNT * D * sizeof(float)) == 0,
           "a loss's %s is that policy's velocity", names[k]);
    }
    test_loss(self, &terms);
    for (int k = 0; k < 3; k++) free(values[k]);
    orw_tape_destroy(&own);
    orw_tape_destroy(&side);
    orw_tape_destroy(&tape);
}

/* Largest difference between average[P] and what the recursion makes of `step`[count][P] from `start`[P]. */
static double off(size_t P, const float *average, const float *start, float *const *step, int count,
                  const double *decay) {
    double worst = 0;
    for (size_t k = 0; k < P; k++) {
        double expected = (double)start[k];
        for (int n = 0; n < count; n++) expected = decay[n] * expected + (1 - decay[n]) * (double)step[n][k];
        worst = fmax(worst, fabs(expected - (double)average[k]));
    }
    return worst;
}

/* v_old stays the reference throughout, so that v does not depend on its average; with decay 0 that is v itself. */
static void test_decay(fixture *self) {
    static const double decay[UPDATES] = {0.5, 0.5, 0.5};
    size_t P = orw_network_size(self->network);
    float *v[UPDATES] = {NULL}, *average = NULL;
    bool good = fixture_set(self, "finetune.updates_per_round=1") && fixture_set(self, "finetune.rounds=3") &&
                fixture_set(self, "behaviour.refresh=1000") && fixture_set(self, "behaviour.ema=0") &&
                finetune(self, "values") && fixture_set(self, "behaviour.ema=0.5") && finetune(self, "average");
    for (int n = 0; n < UPDATES; n++) {
        v[n] = policy_after(self, "values", n + 1);
        good = good && v[n];
    }
    average = policy_after(self, "average", UPDATES);
    double found = good && average ? off(P, average, self->reference, v, UPDATES, decay) : INFINITY;
    ok(found < 1e-6, "behaviour.ema is the decay per update of an average of v from the reference on (off by %.1e)",
       found);
    for (int n = 0; n < UPDATES; n++) free(v[n]);
    free(average);
}

/* ---------------------------------------------------------------- pre-training ---------------------------------- */

static void draw_point(const void *context, orw_stream *stream, float *x1, int *condition) {
    (void)context;
    (void)condition;
    orw_stream_normals(stream, x1, D);
}

static orw_status describe(const void *context, orw_dictionary *description) {
    (void)context;
    ORW_CALL(orw_dictionary_set(description, "kind", "mlp"));
    ORW_CALL(orw_dictionary_set(description, "dimension", "2"));
    return orw_dictionary_set(description, "hidden", "8");
}

/* What so many updates end with; the caller frees. NULL: they failed. */
static float *pretrained(fixture *self, int updates, const char *ema, orw_network **network) {
    const orw_generator generator = {.height = 1, .width = 1, .channels = D, .draw = draw_point, .describe = describe};
    char name[64], assignment[64], digest[17];
    float *values = NULL;
    snprintf(assignment, sizeof assignment, "pretrain.updates=%d", updates);
    bool good = fixture_set(self, assignment);
    snprintf(assignment, sizeof assignment, "pretrain.ema=%s", ema);
    good = good && fixture_set(self, assignment);
    snprintf(name, sizeof name, "pretrained-%d-%s", updates, ema);
    const orw_place place = fixture_place(self, name, name);
    good = good && orw_pretrain_generator(&place, &generator, network, &values, digest) == ORW_OK;
    if (!good) diag("%s", orw_error_text());
    return values;
}

/* A model's file that is sealed and carries the place's identity, and is of no network that there is. */
static void test_unreadable(fixture *self) {
    orw_network *network = NULL;
    char path[1300], expected[1400];
    const orw_place place = fixture_place(self, "unreadable", "unreadable");
    snprintf(path, sizeof path, "%s/model.h5", place.directory);
    snprintf(expected, sizeof expected, "; remove %s to have it made again", place.directory);
    orw_dictionary *about = NULL;
    orw_run_file *run = NULL;
    bool good = orw_make_directories(place.directory) == ORW_OK && orw_dictionary_create(&about) == ORW_OK &&
                orw_dictionary_set(about, "identity", "%s", place.identity) == ORW_OK;
    if (good && orw_comm_rank(self->comm) == 0) /* of another kind */
        good = orw_run_file_create(path, about, NULL, &run) == ORW_OK && orw_run_file_close(&run) == ORW_OK;
    orw_dictionary_destroy(&about);
    const orw_generator generator = {.height = 1, .width = 1, .channels = D, .draw = draw_point, .describe = describe};
    char digest[17];
    float *values = NULL;
    ok(good && orw_comm_agree(self->comm, ORW_OK) == ORW_OK &&
           orw_pretrain_generator(&place, &generator, &network, &values, digest) == ORW_ERR_INPUT && !values,
       "a model that is none of ours is not taken");
    const char *said = strstr(orw_error_text(), expected);
    ok(strncmp(orw_error_text(), path, strlen(path)) == 0 && said && !strchr(orw_error_text(), '\n'),
       "the error names it, and the folder to remove: %s", orw_error_text());
}

/* The average forgets the start faster: decay (1 + n) / (10 + n) after n updates, until it exceeds pretrain.ema. */
static void test_ramp(fixture *self) {
    static const struct {
        const char *ema;
        double decay[UPDATES];
    } cases[] = {{"0.9999", {2.0 / 11, 3.0 / 12, 4.0 / 13}}, {"0.2", {2.0 / 11, 0.2, 0.2}}};
    orw_network *network = NULL;
    float *v[UPDATES] = {NULL}, *start = NULL;
    bool good = true;
    for (int n = 0; n < UPDATES; n++) {
        orw_network_destroy(&network);
        v[n] = pretrained(self, n + 1, "0", &network);
        good = good && v[n];
    }
    if (!ok(good, "without an average the last values are kept")) return;
    start = orw_network_values(network);
    orw_network_initialise(network, 1, start);
    for (int c = 0; c < 2; c++) {
        orw_network *same = NULL;
        float *average = pretrained(self, UPDATES, cases[c].ema, &same);
        double found = average ? off(orw_network_size(network), average, start, v, UPDATES, cases[c].decay) : INFINITY;
        ok(found < 1e-6, "pretrain.ema = %s: the average's decay is (1 + n) / (10 + n) at first (off by %.1e)",
           cases[c].ema, found);
        free(average);
        orw_network_destroy(&same);
    }
    for (int n = 0; n < UPDATES; n++) free(v[n]);
    free(start);
    orw_network_destroy(&network);
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK &&
        ok(fixture_open(&self, &argc, &argv, "average", settings) && fixture_field(&self, "2", "16"),
           "the fixture can be built")) {
        test_behaviour(&self);
        test_terms(&self);
        test_decay(&self);
        test_ramp(&self);
        test_unreadable(&self);
    }
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
