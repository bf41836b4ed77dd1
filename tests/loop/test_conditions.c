/* test_conditions.c - conditions from the data to the network and from the setup to reward, method and observer; a
 * share of pre-training without them; the law of t; what an observer adds to the evaluation. */
/* ranks: 1 2 */
#include "../../src/fit/flow_matching.h"
#include "../../src/loop/terms.h"
#include "../fixture.h"

enum { SIDE = 8, D = SIDE * SIDE, CLASSES = 3 };

static const char *const settings[] = {"parallel.shards=4",        "pretrain.updates=3",
                                       "pretrain.batch=8",         "pretrain.warmup=0",
                                       "finetune.rounds=2",        "finetune.batch=16",
                                       "evaluate.count=8",         "solver.steps=2",
                                       "solver.kind=euler",        "solver.guidance=2",
                                       "weight.tau=0.1",           "samples.every=0",
                                       "evaluate.every=1",         "finetune.updates_per_round=1",
                                       "evaluate.trajectory=true", NULL};

/* ---------------------------------------------------------------- pre-training ---------------------------------- */

/* Images of one grey level per class. */
static void draw_class(const void *context, orw_stream *stream, float *x1, int *condition) {
    (void)context;
    int class = (int)orw_stream_below(stream, CLASSES);
    for (int i = 0; i < D; i++) x1[i] = (float)class - 1;
    if (condition) *condition = class;
}

static orw_status describe(const void *context, orw_dictionary *description) {
    static const char *const texts[] = {"kind",
                                        "unet",
                                        "height",
                                        "8",
                                        "width",
                                        "8",
                                        "in_channels",
                                        "1",
                                        "groups",
                                        "4",
                                        "num_channels",
                                        "8",
                                        "channel_mult",
                                        "1",
                                        "num_res_blocks",
                                        "1",
                                        "class_cond",
                                        "true",
                                        "num_classes",
                                        "3",
                                        NULL};
    (void)context;
    for (int i = 0; texts[i]; i += 2) ORW_CALL(orw_dictionary_set(description, texts[i], "%s", texts[i + 1]));
    return ORW_OK;
}

static orw_status pretrain(fixture *self, const char *dropout, int condition_width, orw_model *model) {
    const orw_generator generator = {.height = SIDE,
                                     .width = SIDE,
                                     .channels = 1,
                                     .condition_width = condition_width,
                                     .draw = draw_class,
                                     .describe = describe};
    char name[64], assignment[64];
    snprintf(assignment, sizeof assignment, "pretrain.condition_dropout=%s", dropout);
    ORW_CALL(orw_config_set(self->config, assignment));
    snprintf(name, sizeof name, "base-%s-%d", dropout, condition_width);
    const orw_place place = fixture_place(self, name, name);
    return orw_pretrain_generator(&place, &generator, &model->network, &model->values, model->digest);
}

/* Has the table of the conditions' embeddings moved from where it was initialised? */
static bool conditions_learnt(const orw_model *model) {
    float *start = orw_network_values(model->network);
    orw_network_initialise(model->network, 1, start);
    const orw_parameter *p =
        orw_network_parameter(model->network, orw_network_find(model->network, "label_emb.weight"));
    bool moved = memcmp(start + p->offset, model->values + p->offset, p->count * sizeof *start) != 0;
    free(start);
    return moved;
}

static void test_pretraining(fixture *self, orw_model *base) {
    orw_model never = {0}, wrong = {0};
    ok(pretrain(self, "0.5", 1, base) == ORW_OK && conditions_learnt(base), "the network sees the conditions: %s",
       orw_error_text());
    ok(pretrain(self, "1", 1, &never) == ORW_OK && !conditions_learnt(&never), "and sees none where all are dropped");
    ok(pretrain(self, "0", 2, &wrong) == ORW_ERR_INPUT && strstr(orw_error_text(), "condition of 1"),
       "data with another kind of condition are refused: %s", orw_error_text());
    uint8_t pixel = 0, label = 0;
    int caption[2] = {0, 1};
    const orw_dataset captioned = {.name = "captioned",
                                   .count = 1,
                                   .height = 1,
                                   .width = 1,
                                   .channels = 1,
                                   .classes = 1,
                                   .condition_width = 2,
                                   .conditions = caption,
                                   .pixels = &pixel,
                                   .labels = &label};
    const orw_place place = fixture_place(self, "mirrored", "mirrored");
    ok(orw_config_set(self->config, "pretrain.flip=true") == ORW_OK &&
           orw_pretrain(&place, &captioned, &wrong.network, &wrong.values, wrong.digest) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "pretrain.flip"),
       "captioned images are not mirrored under their captions: %s", orw_error_text());
    (void)orw_config_set(self->config, "pretrain.flip=false");
    orw_model_clear(&wrong);
    orw_model_clear(&never);
}

/* ---------------------------------------------------------------- the law of t ---------------------------------- */

/* v = t, so the loss tells which t was drawn: t = sigmoid(mean + scale n), n the stream's first normal. */
static void test_time(void) {
    enum { N = 4 };
    const float identity[6] = {0, 0, 1, 0, 0, 1};
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    orw_tape *tape = NULL;
    orw_flow_shard shard;
    float report[ORW_REPORT_SLOTS] = {0};
    double expected = 0;
    if (orw_dictionary_create(&description) != ORW_OK || orw_tape_create(&tape) != ORW_OK) return;
    orw_dictionary_set(description, "kind", "mlp");
    orw_dictionary_set(description, "dimension", "2");
    orw_dictionary_set(description, "hidden", "%s", "");
    bool good = orw_network_create(description, &network) == ORW_OK;
    float *values = good ? orw_network_values(network) : NULL;
    if (good) orw_parameter_import(orw_network_parameter(network, 0), identity, values);
    const orw_flow_law law = {.time = {.logit_normal = true, .mean = 0.5, .scale = 1.5}};
    const orw_field field = {network, values};
    orw_tape_begin(tape, false);
    good = good && orw_flow_shard_open(tape, N, 2, 0, &shard);
    for (int i = 0; i < N && good; i++) {
        float normal, x0[2];
        shard.stream[i] = orw_stream_open(4, ORW_PURPOSE_TEST, 0, (uint32_t)i);
        shard.x1[2 * i] = shard.x1[2 * i + 1] = (float)i;
        orw_stream copy = shard.stream[i];
        orw_stream_normals(&copy, &normal, 1);
        orw_stream_normals(&copy, x0, 2);
        double t = 1 / (1 + exp(-(0.5 + 1.5 * (double)normal)));
        for (int k = 0; k < 2; k++) expected += pow(t - ((double)i - x0[k]), 2) / 2;
    }
    good = good && orw_flow_matching(&shard, &field, &law, tape, NULL, report);
    ok(good && fabs(report[ORW_REPORT_FLOW] - expected) < 1e-4, "t is logit-normal as asked for (%.5f, expected %.5f)",
       (double)report[ORW_REPORT_FLOW], expected);
    free(values);
    orw_network_destroy(&network);
    orw_dictionary_destroy(&description);
    orw_tape_destroy(&tape);
}

/* With an optimal coupling x1 goes to other noise, and its condition goes with it: what the loss should be, computed
 * here with partners whose total cost no permutation undercuts (tests/flow), and what it is. */
static void test_coupled(const orw_model *base) {
    enum { N = 6 };
    const orw_field field = {base->network, orw_network_values(base->network)};
    const orw_flow_law law = {.optimal = true, .time = {.logit_normal = true}}; /* t = 1/2 */
    float report[ORW_REPORT_SLOTS] = {0}, x0[N * D], xt[N * D], u[N * D], t[N];
    int partner[N], conditions[N], moved = 0;
    orw_tape *tape = NULL;
    orw_flow_shard shard;
    orw_stream weights = orw_stream_open(8, ORW_PURPOSE_TEST, 1, 0);
    orw_stream_normals(&weights, field.values, orw_network_size(base->network));
    for (size_t k = 0; k < orw_network_size(base->network); k++) field.values[k] *= 0.3f;
    bool good = orw_tape_create(&tape) == ORW_OK;
    if (good) orw_tape_begin(tape, false);
    good = good && orw_flow_shard_open(tape, N, D, 1, &shard);
    for (int i = 0; i < N && good; i++) {
        orw_stream one = orw_stream_open(8, ORW_PURPOSE_TEST, 2, (uint32_t)i);
        shard.stream[i] = orw_stream_open(8, ORW_PURPOSE_TEST, 0, (uint32_t)i);
        shard.conditions[i] = i % CLASSES;
        orw_stream_normals(&one, shard.x1 + i * D, D);
        one = shard.stream[i];
        orw_path_noise(&law.time, &one, D, &t[i], x0 + i * D);
    }
    good = good && orw_coupling_optimal(N, D, x0, shard.x1, partner) == ORW_OK;
    for (int i = 0; i < N && good; i++) {
        conditions[i] = shard.conditions[partner[i]];
        moved += conditions[i] != shard.conditions[i];
        for (int k = 0; k < D; k++) {
            float to = shard.x1[partner[i] * D + k];
            u[i * D + k] = to - x0[i * D + k];
            xt[i * D + k] = (1 - t[i]) * x0[i * D + k] + t[i] * to;
        }
    }
    double expected = 0;
    const orw_tensor *v = good ? orw_field_velocity(&field, tape, NULL, N, t, xt, conditions) : NULL;
    for (int k = 0; k < N * D && v; k++) expected += pow((double)v->data[k] - (double)u[k], 2) / D;
    good = v && orw_flow_matching(&shard, &field, &law, tape, NULL, report);
    ok(good && moved > 0 && fabs(report[ORW_REPORT_FLOW] / expected - 1) < 1e-5,
       "an optimal coupling takes x1 and its condition to their noise (%d conditions moved; loss %.6f, expected %.6f)",
       moved, (double)report[ORW_REPORT_FLOW], expected);
    free(field.values);
    orw_tape_destroy(&tape);
}

/* ---------------------------------------------------------------- fine-tuning ----------------------------------- */

static const int in_turn[6] = {2, 0, 1, 1, 0, 2}; /* of a round: sample i has condition i % 6 */

/* Every call gets one shard; the reward is the condition itself, and goes into `seen` by the order of the calls. */
static orw_status score(const orw_reward *self, orw_tape *tape, const orw_scored *samples, float *reward) {
    (void)self;
    (void)tape;
    if (!samples->conditions) return orw_error(ORW_ERR_INTERNAL, "the reward got no samples->conditions");
    for (int i = 0; i < samples->count; i++) reward[i] = (float)samples->conditions[i];
    return ORW_OK;
}

static int wrong_rewards, wrong_conditions, weighed;

static orw_status weigh(const orw_method *self, orw_batch *batch) {
    (void)self;
    for (int i = 0; i < batch->plan.batch; i++) {
        batch->weight[i] = (float)(i + 1); /* tells the loss which sample it is */
        wrong_rewards += batch->reward[i] != (float)in_turn[i % batch->groups];
    }
    weighed += batch->groups == 6 && batch->condition_width == 1;
    return ORW_OK;
}

static orw_tensor *loss(const orw_method *self, orw_terms *terms) {
    (void)self;
    for (int i = 0; i < terms->count; i++)
        wrong_conditions += terms->conditions[i] != in_turn[((int)terms->weight[i] - 1) % 6];
    orw_tensor *d = orw_squared_error(orw_terms_tape(terms), orw_terms_v(terms), orw_terms_v_ref(terms));
    orw_tensor *e = orw_squared_error(orw_terms_tape(terms), orw_terms_v(terms), orw_terms_u(terms));
    return orw_weighted_sum(orw_terms_tape(terms), orw_add(orw_terms_tape(terms), d, e), orw_terms_weight(terms));
}

/* First number of the global batch, and whether this rank's part of it is what the batch holds. */
static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    int *calls = context;
    (void)comm;
    (void)tape;
    ++*calls;
    row[0] = all[0];
    row[1] =
        memcmp(all + (size_t)batch->start * batch->D, batch->x1, (size_t)batch->local * batch->D * sizeof *all) == 0;
    return ORW_OK;
}

static void test_finetuning(fixture *self, orw_model *base) {
    static const orw_column columns[] = {{"first", "", "number"}, {"same", "", "part of the whole"}};
    int calls = 0;
    const orw_observer observer = {columns, 2, measure, &calls};
    orw_reward reward = {.name = "condition", .score = score};
    const orw_rewards rewards = orw_rewards_only(&reward);
    const orw_method method = {.name = "watch", .online = true, .weigh = weigh, .loss = loss};
    orw_place place = fixture_place(self, "run", "conditions");
    orw_finetune_setup setup = {.place = &place,
                                .network = base->network,
                                .reference = base->values,
                                .rewards = &rewards,
                                .observer = &observer,
                                .method = &method,
                                .seed = 1,
                                .conditions = {6, 1, in_turn}};
    if (!ok(orw_finetune(&setup) == ORW_OK, "a conditional model is fine-tuned under guidance"))
        diag("%s", orw_error_text());
    ok(wrong_conditions == 0, "the loss shows each sample its own condition (%d wrong)", wrong_conditions);
    ok(wrong_rewards == 0 && weighed == 2, "sample i has condition i %% 6 in every round, and the method knows");
    double *row = calloc((size_t)orw_evaluation_width(&rewards, &observer), sizeof *row);
    orw_column *all = NULL;
    ok(orw_evaluation_width(&rewards, &observer) == ORW_EVALUATION_COMMON + 2 &&
           orw_evaluation_columns(&rewards, &observer, &all) == ORW_OK && strcmp(all[0].name, "round") == 0 &&
           strcmp(all[ORW_EVALUATION_COMMON].name, "first") == 0 && !all[ORW_EVALUATION_COMMON + 2].name,
       "the observer's columns come last");
    place = fixture_place(self, "reference", "conditions");
    ok(calls == 3 && orw_evaluate_reference(&setup, row) == ORW_OK && row[ORW_EVALUATION_COMMON + 1] == 1 &&
           row[7] == 0 && row[8] == 0 && row[6] > 0,
       "it measures the global batch, on every rank; the reference is at distance 0 from itself");
    setup.conditions = (orw_conditions){0};
    place = fixture_place(self, "none", "conditions");
    ok(orw_finetune(&setup) == ORW_ERR_INPUT && strstr(orw_error_text(), "conditions"),
       "a conditional model without conditions is refused: %s", orw_error_text());
    free(row);
    free(all);
}

int main(int argc, char **argv) {
    fixture self = {0};
    orw_model base = {0};
    orw_status status = orw_cpu_prepare(argc, argv);
    if (status == ORW_OK && ok(fixture_open(&self, &argc, &argv, "conditions", settings), "the fixture can be built")) {
        test_time();
        test_pretraining(&self, &base);
        test_coupled(&base);
        test_finetuning(&self, &base);
    }
    orw_model_clear(&base);
    fixture_close(&self);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
