/* readers.c - networks that read captioned scenes and whose word is a reward or a verdict:
 *
 *   detector      image -> logits of what is where
 *   dual_encoder  image, caption -> the cosine of their vectors (Radford et al. 2021)
 *   preference    image, caption -> how well liked (the scores of a Bradley-Terry model) */
#include "towers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    orw_image_tower image;
    orw_text_tower text;
    int head, temperature;
} reader;

static orw_status make_plan(orw_network *network, reader **made) {
    *made = network->plan = calloc(1, sizeof **made);
    return *made ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for a %s", network->architecture->kind);
}

/* ---------------------------------------------------------------- detector -------------------------------------- */

static const char *const detector_keys[] = {ORW_IMAGE_TOWER_KEYS, "outputs", NULL};

static orw_status build_detector(orw_network *network, const orw_dictionary *given) {
    reader *r;
    ORW_CALL(make_plan(network, &r));
    ORW_CALL(orw_image_tower_build(network, given, &r->image));
    ORW_CALL(orw_describe_int(network, given, "outputs", 2, 1, 1 << 20, &network->outputs));
    r->head = orw_network_add_linear(network, "head", r->image.features, network->outputs, ORW_INIT_UNIFORM);
    return ORW_OK;
}

static orw_tensor *see(const orw_pass *pass, orw_tensor *x) {
    const reader *r = pass->network->plan;
    orw_tensor *features = orw_image_tower_run(pass, &r->image, x);
    return orw_pass_consume(pass, orw_silu(pass->tape, features), features);
}

static orw_tensor *detect(const orw_pass *pass, const orw_input *in) {
    const reader *r = pass->network->plan;
    orw_tensor *features = see(pass, in->x);
    return orw_pass_consume(pass, orw_pass_linear(pass, features, r->head), features);
}

const orw_architecture orw_detector = {"detector", detector_keys, build_detector, detect, free, false};

int orw_detector_width(const orw_network *network) {
    const reader *r = network->plan;
    return network->architecture == &orw_detector ? r->image.features : 0;
}

orw_status orw_detector_features(const orw_network *network, orw_tape *tape, float *values, int count, const float *x,
                                 float *features) {
    const int shape[4] = {count, network->height, network->width, network->channels};
    const orw_pass pass = {.network = network, .tape = tape, .values = values};
    if (network->architecture != &orw_detector)
        return orw_error(ORW_ERR_INTERNAL, "features: found a %s, expected a detector", network->architecture->kind);
    orw_tape_begin(tape, false);
    const orw_tensor *found = see(&pass, orw_tape_copy(tape, x, 4, shape));
    ORW_CALL(orw_tape_status(tape));
    memcpy(features, found->data, orw_tensor_count(found) * sizeof *features);
    return ORW_OK;
}

/* ---------------------------------------------------------------- dual encoder ---------------------------------- */

static const char *const caption_keys[] = {ORW_IMAGE_TOWER_KEYS, ORW_TEXT_TOWER_KEYS, NULL};

static orw_status build_dual(orw_network *network, const orw_dictionary *given) {
    reader *r;
    ORW_CALL(make_plan(network, &r));
    ORW_CALL(orw_image_tower_build(network, given, &r->image));
    ORW_CALL(orw_text_tower_build(network, given, r->image.features, &r->text));
    r->temperature = orw_network_add_vector(network, "temperature", 1, ORW_INIT_ONE);
    network->outputs = 1;
    return ORW_OK;
}

/* A constant of `count` equal numbers. */
static orw_tensor *constant(orw_tape *tape, int rank, const int *shape, float value) {
    orw_tensor *x = orw_tape_tensor(tape, rank, shape);
    size_t count = x ? orw_tensor_count(x) : 0;
    for (size_t i = 0; i < count; i++) x->data[i] = value;
    return x;
}

/* Rows of length 1: the root mean square of a row of D numbers is its length over the root of D. */
static orw_tensor *unit_rows(orw_tape *tape, orw_tensor *x) {
    if (!x) return NULL;
    int D = x->shape[1];
    orw_tensor *y = orw_rms_norm(tape, x, constant(tape, 1, &D, (float)(1 / sqrt(D))), 1e-12f);
    orw_tape_release(tape, x);
    return y;
}

orw_tensor *orw_dual_encoder_images(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                    orw_tensor *x) {
    const reader *r = network->plan;
    const orw_pass pass = {.network = network, .tape = tape, .values = values, .grads = grads};
    return unit_rows(tape, orw_image_tower_run(&pass, &r->image, x));
}

orw_tensor *orw_dual_encoder_texts(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                   const int *conditions, int count) {
    const reader *r = network->plan;
    const orw_pass pass = {.network = network, .tape = tape, .values = values, .grads = grads};
    return unit_rows(tape, orw_text_tower_run(&pass, &r->text, conditions, count));
}

/* The trained logarithm of the scale is 1 at first. */
orw_tensor *orw_dual_encoder_similarity(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                        orw_tensor *images, orw_tensor *texts) {
    static const float scale = 5;
    const reader *r = network->plan;
    const orw_pass pass = {.network = network, .tape = tape, .values = values, .grads = grads};
    if (!images || !texts) return NULL;
    orw_tensor *temperature = orw_pass_parameter(&pass, r->temperature);
    return orw_scale(tape, orw_scale_exp(tape, orw_linear(tape, images, texts, NULL), temperature), scale);
}

/* Of unit vectors, row by row: [B,1]. */
static orw_tensor *cosine(orw_tape *tape, orw_tensor *a, orw_tensor *b) {
    if (!a || !b) return NULL;
    return orw_linear(tape, orw_multiply(tape, a, b), constant(tape, 2, (int[]){1, a->shape[1]}, 1), NULL);
}

static orw_tensor *compare(const orw_pass *pass, const orw_input *in) {
    orw_tape *tape = pass->tape;
    orw_tensor *image = orw_dual_encoder_images(pass->network, tape, pass->values, pass->grads, in->x);
    if (!image) return NULL;
    orw_tensor *text =
        orw_dual_encoder_texts(pass->network, tape, pass->values, pass->grads, in->conditions, image->shape[0]);
    return cosine(tape, image, text);
}

const orw_architecture orw_dual_encoder = {"dual_encoder", caption_keys, build_dual, compare, free, false};

/* ---------------------------------------------------------------- preference ------------------------------------ */

static orw_status build_preference(orw_network *network, const orw_dictionary *given) {
    ORW_CALL(build_dual(network, given));
    reader *r = network->plan;
    r->head = orw_network_add_linear(network, "head", r->image.features, 1, ORW_INIT_UNIFORM);
    return ORW_OK;
}

/* e^temperature times the cosine of image and caption, plus what the image is worth by itself. */
static orw_tensor *prefer(const orw_pass *pass, const orw_input *in) {
    const reader *r = pass->network->plan;
    orw_tape *tape = pass->tape;
    orw_tensor *image = orw_image_tower_run(pass, &r->image, in->x);
    if (!image) return NULL;
    orw_tensor *worth = orw_pass_linear(pass, orw_silu(tape, image), r->head);
    orw_tensor *text = unit_rows(tape, orw_text_tower_run(pass, &r->text, in->conditions, image->shape[0]));
    orw_tensor *fit = cosine(tape, unit_rows(tape, image), text);
    return orw_add(tape, worth, orw_scale_exp(tape, fit, orw_pass_parameter(pass, r->temperature)));
}

const orw_architecture orw_preference = {"preference", caption_keys, build_preference, prefer, free, false};
