/* test_theirs.c - for the shell tests beside it: what a model file computes, against what PyTorch computed.
 *
 *   test_theirs velocity MODEL.h5 CASE.safetensors    prints the relative difference
 *   test_theirs trajectory MODEL.h5 CASE.safetensors  the same of samples; their times must be equal
 *   test_theirs prompt MODEL.h5 PROMPTS.h5 PROMPTS.safetensors  largest difference of v under rows of the table
 *   test_theirs image DECODER.h5 CASE.safetensors     the same of a decoder
 *   test_theirs bands DECODER.h5 CASE.safetensors     of one that computes few rows at a time
 *
 * As a test: a case that is right, and the same with one number changed. */
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "../tap.h"
#include "orw/flow.h"
#include "orw/store.h"

#include "../../src/model/vae/decoder.h"

typedef struct array {
    int rank;
    int64_t shape[8];
    const float *data;
} array;

static array get(const orw_safetensors *file, const char *name) {
    array a;
    if (orw_safetensors_get(file, name, &a.rank, a.shape, &a.data) != ORW_OK) {
        fprintf(stderr, "%s\n", orw_error_text());
        exit(2);
    }
    return a;
}

/* [B,C,H,W] -> [B,H,W,C] */
static float *pixels(const array *a) {
    const size_t B = (size_t)a->shape[0], C = (size_t)a->shape[1], P = (size_t)(a->shape[2] * a->shape[3]);
    float *x = malloc(B * C * P * sizeof *x);
    if (!x) abort();
    for (size_t b = 0; b < B; b++)
        for (size_t c = 0; c < C; c++)
            for (size_t p = 0; p < P; p++) x[(b * P + p) * C + c] = a->data[(b * C + c) * P + p];
    return x;
}

static double difference(const float *ours, const float *theirs, float sign, size_t count) {
    double apart = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        apart += pow((double)ours[i] - sign * theirs[i], 2);
        size += pow(theirs[i], 2);
    }
    return sqrt(apart / size);
}

static double velocity(const orw_network *network, float *values, const orw_safetensors *file) {
    const array x = get(file, "x"), text = get(file, "text"), pooled = get(file, "pooled");
    const array time = get(file, "timestep"), output = get(file, "output");
    const int B = (int)x.shape[0];
    float *in = pixels(&x), *theirs = pixels(&output), t[64];
    orw_tape *tape = NULL;
    if (orw_tape_create(&tape) != ORW_OK) abort();
    for (int i = 0; i < B; i++) t[i] = 1 - time.data[i] / 1000;
    orw_tape_begin(tape, false);
    const orw_input input = {
        .x = orw_tape_view(tape, in, NULL, 4, (int[]){B, (int)x.shape[2], (int)x.shape[3], (int)x.shape[1]}),
        .t = orw_tape_view(tape, t, NULL, 1, &B),
        .text = orw_tape_copy(tape, text.data, 3, (int[]){B, (int)text.shape[1], (int)text.shape[2]}),
        .pooled = orw_tape_copy(tape, pooled.data, 2, (int[]){B, (int)pooled.shape[1]})};
    const orw_tensor *v = orw_network_forward(network, tape, values, NULL, &input);
    if (!v) {
        orw_tape_status(tape);
        fprintf(stderr, "%s\n", orw_error_text());
    }
    const double apart = v ? difference(v->data, theirs, -1, orw_tensor_count(v)) : NAN;
    orw_tape_destroy(&tape);
    free(in);
    free(theirs);
    return apart;
}

/* Two samples under prompts 0 and 1, with guidance, by the model's own shift. */
static double trajectory(orw_network *network, float *values, const orw_safetensors *file) {
    const array x0 = get(file, "x0"), embeds = get(file, "embeds"), pooled = get(file, "pooled"),
                end = get(file, "end");
    const array sigmas = get(file, "sigmas");
    const orw_prompts prompts = {.count = (int)embeds.shape[0] - 1,
                                 .tokens = (int)embeds.shape[1],
                                 .width = (int)embeds.shape[2],
                                 .pooled_width = (int)pooled.shape[1],
                                 .embeds = embeds.data,
                                 .pooled = pooled.data};
    const orw_solver solver = {
        .kind = ORW_EULER, .steps = (int)*get(file, "steps").data, .guidance = *get(file, "guidance").data};
    const orw_field field = {network, values};
    float *x = pixels(&x0), *theirs = pixels(&end);
    double late = 0;
    orw_tape *tape = NULL;
    orw_rollout rollout;
    const int conditions[] = {0, 1};
    const size_t D = (size_t)(x0.shape[1] * x0.shape[2] * x0.shape[3]);
    const orw_sampler sampler = orw_sampler_ode(&solver);
    if (orw_tape_create(&tape) != ORW_OK || orw_network_give_prompts(network, &prompts) != ORW_OK ||
        orw_rollout_create(2, D, solver.steps, &rollout) != ORW_OK)
        abort();
    rollout.x = x;
    if (sampler.draw(&sampler, &field, tape, NULL, conditions, &rollout, NULL) != ORW_OK)
        fprintf(stderr, "%s\n", orw_error_text());
    for (int k = 0; k <= solver.steps; k++) late = fmax(late, fabs(1 - (double)sigmas.data[k] - (double)rollout.t[k]));
    const double apart = late < 1e-6 ? difference(x, theirs, 1, 2 * D) : NAN;
    orw_rollout_clear(&rollout);
    orw_tape_destroy(&tape);
    free(x);
    free(theirs);
    return apart;
}

static double image(const orw_network *network, float *values, const orw_safetensors *file) {
    const array latents = get(file, "latents"), right = get(file, "image");
    const int B = (int)latents.shape[0], h = (int)latents.shape[2], w = (int)latents.shape[3],
              C = (int)latents.shape[1];
    float *z = pixels(&latents), *theirs = pixels(&right);
    orw_tape *tape = NULL;
    if (orw_tape_create(&tape) != ORW_OK) abort();
    orw_tape_begin(tape, false);
    const orw_input input = {.x = orw_tape_view(tape, z, NULL, 4, (int[]){B, h, w, C})};
    const orw_tensor *y = orw_network_forward(network, tape, values, NULL, &input);
    if (!y) {
        orw_tape_status(tape);
        fprintf(stderr, "%s\n", orw_error_text());
    }
    const double apart = y && (int64_t)y->shape[1] == right.shape[2] && (int64_t)y->shape[2] == right.shape[3]
                             ? difference(y->data, theirs, 1, orw_tensor_count(y))
                             : NAN;
    orw_tape_destroy(&tape);
    free(z);
    free(theirs);
    return apart;
}

/* v of one latent under each row of a table, and under the tensors themselves. */
static orw_tensor *under(const orw_network *network, float *values, orw_tape *tape, const int *condition,
                         const array *embeds, const array *pooled, int row) {
    int height, width, channels, one = 1;
    float t = 0.3f;
    orw_network_shape(network, &height, &width, &channels);
    orw_tensor *x = orw_tape_tensor(tape, 4, (int[]){1, height, width, channels});
    for (size_t i = 0; x && i < orw_tensor_count(x); i++) x->data[i] = (float)(i % 7) - 3;
    orw_input in = {.x = x, .t = orw_tape_copy(tape, &t, 1, &one), .conditions = condition};
    if (!condition) {
        const size_t T = (size_t)embeds->shape[1], D = (size_t)embeds->shape[2], P = (size_t)pooled->shape[1];
        in.text = orw_tape_copy(tape, embeds->data + (size_t)row * T * D, 3, (int[]){1, (int)T, (int)D});
        in.pooled = orw_tape_copy(tape, pooled->data + (size_t)row * P, 2, (int[]){1, (int)P});
    }
    return orw_network_forward(network, tape, values, NULL, &in);
}

static int prompt(const char *model, const char *table, const char *tensors) {
    orw_network *network[3] = {NULL};
    float *values[3] = {NULL};
    orw_safetensors *file = NULL;
    orw_prompts prompts;
    orw_tape *tape = NULL;
    double most = 0;
    if (orw_model_load(model, &network[0], &values[0], NULL) != ORW_OK ||
        orw_model_load(model, &network[1], &values[1], NULL) != ORW_OK ||
        orw_model_load(table, &network[2], &values[2], NULL) != ORW_OK ||
        orw_safetensors_open(tensors, &file) != ORW_OK || orw_prompts_of(network[2], values[2], &prompts) != ORW_OK ||
        orw_network_give_prompts(network[0], &prompts) != ORW_OK || orw_tape_create(&tape) != ORW_OK)
        abort();
    for (int row = -1; row < prompts.count; row++) {
        const array embeds = get(file, row < 0 ? "negative_prompt_embeds" : "prompt_embeds");
        const array pooled = get(file, row < 0 ? "negative_pooled_prompt_embeds" : "pooled_prompt_embeds");
        orw_tape_begin(tape, false);
        const orw_tensor *a = under(network[0], values[0], tape, &row, NULL, NULL, 0);
        const orw_tensor *b = under(network[1], values[1], tape, NULL, &embeds, &pooled, row < 0 ? 0 : row);
        for (size_t i = 0; a && b && i < orw_tensor_count(a); i++)
            most = fmax(most, fabs((double)a->data[i] - (double)b->data[i]));
        if (!a || !b) most = INFINITY;
    }
    printf("%g\n", most);
    orw_tape_destroy(&tape);
    orw_safetensors_close(&file);
    for (int i = 0; i < 3; i++) {
        free(values[i]);
        orw_network_destroy(&network[i]);
    }
    return 0;
}

int main(int argc, char **argv) {
    orw_network *network = NULL;
    orw_safetensors *file = NULL;
    float *values = NULL;
    if (argc == 5) return prompt(argv[2], argv[3], argv[4]);
    if (argc != 4) {
        ok(true, "nothing to compare");
        return done_testing();
    }
    if (orw_model_load(argv[2], &network, &values, NULL) != ORW_OK || orw_safetensors_open(argv[3], &file) != ORW_OK) {
        fprintf(stderr, "%s\n", orw_error_text());
        return 2;
    }
    if (strcmp(argv[1], "bands") == 0) orw_decoder_band = 1;
    if (strcmp(argv[1], "velocity") == 0)
        printf("%.3g\n", velocity(network, values, file));
    else if (strcmp(argv[1], "trajectory") == 0)
        printf("%.3g\n", trajectory(network, values, file));
    else
        printf("%.3g\n", image(network, values, file));
    orw_safetensors_close(&file);
    free(values);
    orw_network_destroy(&network);
    return 0;
}
