/* sample.c - `orw sample`: draws from a saved flow model. */
#include "orw/flow.h"
#include "orw/scene.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"

static const char usage[] =
    "usage: orw sample MODEL.h5 OUT [--count N] [--seed S] [--solver NAME] [--steps N] [--tolerance X]\n"
    "                                  [--label L | --prompt TEXT] [--guidance G] [--shift S]\n"
    "                                  [--prompts PROMPTS.h5] [--decoder DECODER.h5]\n"
    "Draws from a saved flow model. OUT is NAME.h5, a samples file, of which `orw grid` makes a sheet; NAME.npy, "
    "uint8\n"
    "[N,H,W,C] for NumPy; or NAME/, a folder of PNG files.\n"
    "\n"
    "  --count N       samples (default 64)\n"
    "  --seed S        of the noise that the flow starts from (default 0)\n"
    "  --solver NAME   euler, midpoint, heun, ab2, ab3 or adaptive (default midpoint)\n"
    "  --steps N       of the solver (default 8); adaptive: the first step tried is 1/N\n"
    "  --tolerance X   of one adaptive step (default 1e-4)\n"
    "  --label L       class, for models that take one\n"
    "  --prompt TEXT   \"a cat on the left of a dog\", for models that take captions\n"
    "  --guidance G    classifier-free guidance, v_none + G (v_cond - v_none) (default 1: none)\n"
    "  --shift S       of the solver's times, as Stable Diffusion 3's; 1: equal steps (default: the model's own)\n"
    "  --prompts FILE  of orw import-prompts, for a Stable Diffusion 3: --label L is its prompt number L, from 0\n"
    "  --decoder FILE  latents become images: the decoder that orw import found beside the model\n"
    "Without --label and --prompt such models are given the empty condition.\n";

enum { BATCH = 64 };

typedef struct request {
    const char *model, *out, *solver, *tolerance, *prompt, *guidance, *shift, *prompts, *decoder;
    int count, seed, steps, label;
} request;

static orw_status read_number(const char *option, const char *text, double least, double most, double *value) {
    char *end;
    *value = strtod(text, &end);
    if (end != text && !*end && *value >= least && *value <= most) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: '%s', expected a number from %g to %g", option, text, least, most);
}

/* Errors name the options, not keys of a configuration. */
static orw_status choose_solver(const request *asked, orw_solver *solver) {
    ORW_CALL(orw_solver_parse(asked->solver, asked->steps, solver));
    if (asked->guidance) ORW_CALL(read_number("--guidance", asked->guidance, 0, 100, &solver->guidance));
    if (asked->shift) ORW_CALL(read_number("--shift", asked->shift, 1e-3, 100, &solver->shift));
    if (solver->guidance != 1 && asked->label < 0 && !asked->prompt)
        return orw_error(ORW_ERR_INPUT, "--guidance: only with --label or --prompt");
    if (!asked->tolerance) return ORW_OK;
    if (solver->kind != ORW_ADAPTIVE)
        return orw_error(ORW_ERR_INPUT, "--tolerance: only for --solver adaptive, found --solver %s", asked->solver);
    return read_number("--tolerance", asked->tolerance, 1e-7, 1, &solver->tolerance);
}

/* The prompt's tokens in the vocabulary of the model's first nouns. */
static orw_status read_prompt(const request *asked, const orw_network *network, int *tokens) {
    const char *vocabulary = orw_dictionary_get(orw_network_description(network), "vocabulary");
    const int nouns = vocabulary ? atoi(vocabulary) - orw_vocabulary_size(0) : 0;
    orw_sprites *sprites = NULL;
    orw_caption caption;
    if (orw_network_condition_width(network) != ORW_CAPTION_TOKENS || nouns < 1)
        return orw_error(ORW_ERR_INPUT, "--prompt: %s holds a %s that takes no captions of the suite", asked->model,
                         orw_network_kind(network));
    ORW_CALL(orw_sprites_load(NULL, &sprites));
    orw_status status = nouns <= sprites->nouns
                            ? orw_caption_parse(sprites, nouns, asked->prompt, &caption)
                            : orw_error(ORW_ERR_INPUT, "--prompt: %s knows %d nouns, but the sprites are %d",
                                        asked->model, nouns, sprites->nouns);
    if (status == ORW_OK) orw_caption_tokens(&caption, tokens);
    orw_sprites_destroy(&sprites);
    return status;
}

/* conditions[BATCH, condition width]: the same for every sample; the caller frees. NULL where the model takes none. */
static orw_status make_conditions(const request *asked, const orw_network *network, int **conditions) {
    const int width = orw_network_condition_width(network);
    *conditions = NULL;
    if (asked->label >= 0 && width != 1)
        return orw_error(ORW_ERR_INPUT, "--label: %s holds a %s that takes no label", asked->model,
                         orw_network_kind(network));
    if (asked->prompt && !width)
        return orw_error(ORW_ERR_INPUT, "--prompt: %s holds a %s that takes no captions", asked->model,
                         orw_network_kind(network));
    if (!width && strcmp(orw_network_kind(network), "mmdit") == 0)
        return orw_error(ORW_ERR_INPUT, "%s: holds a mmdit without a text encoder (key vocabulary): no --prompts given",
                         asked->model);
    if (!width) return ORW_OK;
    *conditions = malloc((size_t)BATCH * (size_t)width * sizeof **conditions);
    if (!*conditions) return orw_error(ORW_ERR_SYSTEM, "no memory for %d conditions", BATCH);
    for (int i = 0; i < width; i++) (*conditions)[i] = asked->label;
    if (asked->prompt) ORW_CALL(read_prompt(asked, network, *conditions));
    for (int i = width; i < BATCH * width; i++) (*conditions)[i] = (*conditions)[i - width];
    return ORW_OK;
}

/* x has room for whole batches: samples of an adaptive solve share their steps, so the last batch is then drawn whole
 * and cut, and a sample does not depend on how many are asked for. */
static orw_status draw(const request *asked, const orw_field *field, const orw_solver *solver, const int *conditions,
                       size_t D, float *x, int64_t *evaluations) {
    orw_tape *tape = NULL;
    orw_progress progress;
    orw_status status = ORW_OK;
    ORW_CALL(orw_tape_create(&tape));
    orw_progress_begin(&progress, "sample", 0, asked->count);
    for (int first = 0; first < asked->count && status == ORW_OK; first += BATCH) {
        int left = asked->count - first, batch = left < BATCH && solver->kind != ORW_ADAPTIVE ? left : BATCH;
        float *part = x + (size_t)first * D;
        for (int i = 0; i < batch; i++) {
            orw_stream stream = orw_stream_open((uint64_t)asked->seed, ORW_PURPOSE_EVALUATE, 0, (uint32_t)(first + i));
            orw_stream_normals(&stream, part + (size_t)i * D, D);
        }
        status = orw_solve(field, tape, solver, batch, part, conditions, evaluations);
        orw_progress_update(&progress, left < BATCH ? asked->count : first + batch, "");
    }
    orw_progress_end(&progress);
    orw_tape_destroy(&tape);
    return status;
}

static orw_status describe(const request *asked, const char *digest, const orw_solver *solver, int64_t evaluations,
                           orw_dictionary *about) {
    ORW_CALL(orw_describe_build(about));
    ORW_CALL(orw_dictionary_set(about, "model", "%s", asked->model));
    ORW_CALL(orw_dictionary_set(about, "model.digest", "%s", digest));
    ORW_CALL(orw_dictionary_set(about, "run.seed", "%d", asked->seed));
    ORW_CALL(orw_dictionary_set(about, "solver.kind", "%s", asked->solver));
    ORW_CALL(orw_dictionary_set(about, "solver.steps", "%d", asked->steps));
    if (solver->kind == ORW_ADAPTIVE)
        ORW_CALL(orw_dictionary_set(about, "solver.tolerance", "%.9g", solver->tolerance));
    ORW_CALL(orw_dictionary_set(about, "solver.evaluations", "%lld", (long long)evaluations));
    if (solver->guidance != 1) ORW_CALL(orw_dictionary_set(about, "solver.guidance", "%.9g", solver->guidance));
    if (asked->shift) ORW_CALL(orw_dictionary_set(about, "solver.shift", "%.9g", solver->shift));
    if (asked->prompt) ORW_CALL(orw_dictionary_set(about, "prompt", "%s", asked->prompt));
    if (asked->prompts) ORW_CALL(orw_dictionary_set(about, "prompts", "%s", asked->prompts));
    if (asked->decoder) ORW_CALL(orw_dictionary_set(about, "decoder", "%s", asked->decoder));
    return asked->label < 0 ? ORW_OK : orw_dictionary_set(about, "label", "%d", asked->label);
}

static bool flows(const orw_network *network) {
    static const char *const kinds[] = {"unet", "mlp", "mmdit", "scene_net"};
    int height, width, channels;
    orw_network_shape(network, &height, &width, &channels);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(orw_network_kind(network), kinds[i]) == 0) return orw_network_outputs(network) == channels;
    return false;
}

/* What is drawn, as it is kept: latents, or the images that the decoder makes of them. */
typedef struct drawn {
    int count, height, width, channels;
    float *x;
} drawn;

/* Pixels, for a format that knows no more. */
static orw_status write_images(const char *out, const drawn *d) {
    orw_dataset images = {.count = d->count, .height = d->height, .width = d->width, .channels = d->channels};
    if (images.channels != 1 && images.channels != 3)
        return orw_error(ORW_ERR_INPUT, "%s: samples of %d channels, expected 1 or 3 for images (NAME.h5 takes any)",
                         out, images.channels);
    const size_t all = (size_t)d->count * (size_t)images.height * (size_t)images.width * (size_t)images.channels;
    images.pixels = malloc(all);
    if (!images.pixels) return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %d images", out, d->count);
    for (size_t i = 0; i < all; i++) images.pixels[i] = orw_pixel(d->x[i]);
    orw_status status = orw_cli_images_write(out, &images, NULL);
    free(images.pixels);
    return status;
}

static orw_status write_samples(const orw_comm *comm, const orw_plan *plan, const char *out, const drawn *d,
                                const orw_dictionary *about) {
    if (orw_cli_is_plain(out)) return write_images(out, d);
    return orw_cli_named(orw_samples_write(comm, plan, out, d->height, d->width, d->channels, d->x, NULL, NULL, about),
                         out);
}

/* A model beside the flow: its prompts, or its decoder. */
typedef struct part {
    orw_network *network;
    float *values;
} part;

static void close_part(part *p) {
    free(p->values);
    orw_network_destroy(&p->network);
}

/* The flow model and, where they were asked for, its prompts and the decoder of its samples. */
typedef struct models {
    part flow, prompts, decoder;
    char digest[17];
} models;

static void close_models(models *m) {
    close_part(&m->flow);
    close_part(&m->prompts);
    close_part(&m->decoder);
}

static orw_status open_decoder(const request *asked, models *m) {
    int height, width, channels, own;
    ORW_CALL(orw_model_load(asked->decoder, &m->decoder.network, &m->decoder.values, NULL));
    orw_network_shape(m->flow.network, &height, &width, &channels);
    orw_network_shape(m->decoder.network, &height, &width, &own);
    if (!orw_decoder_factor(m->decoder.network))
        return orw_error(ORW_ERR_INPUT, "%s: holds a %s, expected a decoder", asked->decoder,
                         orw_network_kind(m->decoder.network));
    if (own == channels) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s: a decoder of %d channels, but %s makes %d", asked->decoder, own, asked->model,
                     channels);
}

static orw_status open_models(const request *asked, models *m) {
    ORW_CALL(orw_model_load(asked->model, &m->flow.network, &m->flow.values, m->digest));
    if (!flows(m->flow.network))
        return orw_error(ORW_ERR_INPUT, "%s: holds a %s, expected a flow model", asked->model,
                         orw_network_kind(m->flow.network));
    if (asked->prompts) {
        orw_prompts prompts;
        ORW_CALL(orw_model_load(asked->prompts, &m->prompts.network, &m->prompts.values, NULL));
        ORW_CALL(orw_cli_named(orw_prompts_of(m->prompts.network, m->prompts.values, &prompts), asked->prompts));
        ORW_CALL(orw_cli_named(orw_network_give_prompts(m->flow.network, &prompts), asked->prompts));
        if (asked->label >= prompts.count)
            return orw_error(ORW_ERR_INPUT, "--label: %d found, but %s has prompts 0 .. %d", asked->label,
                             asked->prompts, prompts.count - 1);
    }
    return asked->decoder ? open_decoder(asked, m) : ORW_OK;
}

/* x[count, H*W*C] of the flow as images; *x is replaced, the shape becomes theirs. */
static orw_status decode(const part *decoder, int count, int *height, int *width, int *channels, float **x) {
    const int factor = orw_decoder_factor(decoder->network), outputs = orw_network_outputs(decoder->network);
    const size_t latent = (size_t)*height * (size_t)*width * (size_t)*channels;
    const size_t D = (size_t)(factor * *height) * (size_t)(factor * *width) * (size_t)outputs;
    float *images = malloc((size_t)count * D * sizeof *images);
    if (!images) return orw_error(ORW_ERR_SYSTEM, "out of memory for %d images", count);
    orw_status status = ORW_OK;
    orw_progress progress;
    orw_progress_begin(&progress, "decode", 0, count);
    for (int i = 0; i < count && status == ORW_OK; i++) {
        status = orw_decoder_image(decoder->network, decoder->values, *height, *width, *x + (size_t)i * latent,
                                   images + (size_t)i * D);
        orw_progress_update(&progress, i + 1, "");
    }
    orw_progress_end(&progress);
    free(*x);
    *x = images;
    *height *= factor;
    *width *= factor;
    *channels = outputs;
    return status;
}

static orw_status sample(const orw_comm *comm, const request *asked) {
    models m = {.digest = ""};
    orw_dictionary *about = NULL;
    float *x = NULL;
    int height, width, channels, *conditions = NULL;
    int64_t evaluations = 0;
    orw_solver solver;
    orw_plan plan;
    orw_status status = choose_solver(asked, &solver);
    if (status == ORW_OK) status = orw_plan_make(comm, asked->count, 1, &plan);
    if (status == ORW_OK) status = open_models(asked, &m);
    if (status != ORW_OK) goto done;
    orw_network_shape(m.flow.network, &height, &width, &channels);
    ORW_TRY(status, make_conditions(asked, m.flow.network, &conditions), done);
    orw_field field = {.network = m.flow.network, .values = m.flow.values};
    size_t D = (size_t)height * (size_t)width * (size_t)channels;
    x = malloc(((size_t)asked->count + BATCH) * D * sizeof *x);
    if (!x) {
        status = orw_error(ORW_ERR_SYSTEM, "out of memory for %d samples", asked->count);
        goto done;
    }
    ORW_TRY(status, draw(asked, &field, &solver, conditions, D, x, &evaluations), done);
    if (asked->decoder) ORW_TRY(status, decode(&m.decoder, asked->count, &height, &width, &channels, &x), done);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, describe(asked, m.digest, &solver, evaluations, about), done);
    status = write_samples(comm, &plan, asked->out, &(drawn){asked->count, height, width, channels, x}, about);
done:
    orw_dictionary_destroy(&about);
    free(x);
    free(conditions);
    close_models(&m);
    return status;
}

int orw_cli_sample(int argc, char **argv) {
    request asked = {.solver = "midpoint", .count = 64, .steps = 8, .label = -1};
    const orw_cli_option options[] = {
        {"--count", ORW_CLI_INT, &asked.count, 1, 1 << 24},    {"--seed", ORW_CLI_INT, &asked.seed, 0, INT_MAX},
        {"--solver", ORW_CLI_TEXT, &asked.solver, 0, 0},       {"--steps", ORW_CLI_INT, &asked.steps, 1, 1 << 20},
        {"--label", ORW_CLI_INT, &asked.label, 0, INT_MAX},    {"--prompt", ORW_CLI_TEXT, &asked.prompt, 0, 0},
        {"--guidance", ORW_CLI_TEXT, &asked.guidance, 0, 0},   {"--shift", ORW_CLI_TEXT, &asked.shift, 0, 0},
        {"--prompts", ORW_CLI_TEXT, &asked.prompts, 0, 0},     {"--decoder", ORW_CLI_TEXT, &asked.decoder, 0, 0},
        {"--tolerance", ORW_CLI_TEXT, &asked.tolerance, 0, 0}, {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    char place[ORW_OUTPUT];
    orw_comm *comm = NULL;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) status = orw_cli_images_place(operands.words[1], operands.words[0], place);
    for (int i = 0; i < 2 && status == ORW_OK; i++) { /* nor one of its other inputs */
        const char *beside = i ? asked.decoder : asked.prompts;
        char unused[ORW_OUTPUT];
        if (beside) status = orw_cli_images_place(operands.words[1], beside, unused);
    }
    if (status != ORW_OK) return orw_cli_status(status);
    if (asked.label >= 0 && asked.prompt)
        return orw_cli_status(orw_error(ORW_ERR_INPUT, "--label: not together with --prompt"));
    asked.model = operands.words[0];
    asked.out = place;
    status = orw_comm_begin(NULL, NULL, &comm);
    if (status == ORW_OK && orw_comm_size(comm) > 1)
        status = orw_error(ORW_ERR_INPUT, "orw sample: started as %d processes, expected one", orw_comm_size(comm));
    if (status == ORW_OK) status = sample(comm, &asked);
    return orw_comm_end(&comm, status);
}
