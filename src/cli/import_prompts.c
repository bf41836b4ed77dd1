/* import_prompts.c - `orw import-prompts`: prompts that text encoders outside of the suite have read, as a table. */
#include "orw/store.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: orw import-prompts FILE.safetensors OUT.h5 [--for MODEL.h5]\n"
    "Turns prompts that Stable Diffusion 3's text encoders have read into a table that samples are drawn under.\n"
    "FILE.safetensors has, in F32, F16 or BF16,\n"
    "\n"
    "  prompt_embeds [B, T, 4096]           T = 154 or 333; as diffusers' encode_prompt returns them\n"
    "  pooled_prompt_embeds [B, 2048]       or: pooled\n"
    "  negative_prompt_embeds [1, T, 4096]  of the empty prompt, for guidance\n"
    "  negative_pooled_prompt_embeds [1, 2048]  or: negative_pooled\n"
    "\n"
    "and among its metadata, if wanted, prompts: a JSON list of the B texts, which rewards are given. docs/weights.md "
    "has "
    "the lines\n"
    "of Python that make it.\n"
    "\n"
    "  --for MODEL.h5  also checks that the widths are those that this transformer takes\n";

typedef struct tensors {
    const char *path;
    orw_safetensors *file;
    int64_t prompts, tokens, width, pooled;
} tensors;

/* Of two names the one that the file has. */
static const char *named(const tensors *t, const char *name, const char *other) {
    return other && !orw_safetensors_has(t->file, name) ? other : name;
}

/* Checks rank and extents; 0 is any, and becomes what was found. */
static orw_status expect(const tensors *t, const char *name, int rank, int64_t *const *extents) {
    int64_t shape[8];
    int found;
    ORW_CALL(orw_safetensors_shape(t->file, name, &found, shape));
    if (found != rank)
        return orw_error(ORW_ERR_INPUT, "%s: tensor %s: %d dimensions found, expected %d", t->path, name, found, rank);
    for (int i = 0; i < rank; i++) {
        if (*extents[i] == 0) *extents[i] = shape[i];
        if (shape[i] < 1 || shape[i] > 1 << 20 || shape[i] != *extents[i])
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s: extent %d is %" PRId64 ", expected %s%" PRId64, t->path,
                             name, i, shape[i], shape[i] == *extents[i] ? "at most " : "",
                             shape[i] == *extents[i] ? (int64_t)1 << 20 : *extents[i]);
    }
    return ORW_OK;
}

static orw_status check_shapes(tensors *t) {
    int64_t one = 1;
    const char *const negative = "negative_prompt_embeds";
    ORW_CALL(expect(t, "prompt_embeds", 3, (int64_t *[]){&t->prompts, &t->tokens, &t->width}));
    ORW_CALL(expect(t, named(t, "pooled_prompt_embeds", "pooled"), 2, (int64_t *[]){&t->prompts, &t->pooled}));
    ORW_CALL(expect(t, negative, 3, (int64_t *[]){&one, &t->tokens, &t->width}));
    return expect(t, named(t, "negative_pooled_prompt_embeds", "negative_pooled"), 2, (int64_t *[]){&one, &t->pooled});
}

/* The texts, if there are any: a list of as many strings as there are prompts. */
static orw_status check_texts(const tensors *t, const char *texts) {
    json_error_t error;
    json_t *list = json_loads(texts, 0, &error), *item;
    size_t i;
    bool good = json_is_array(list) && json_array_size(list) == (size_t)t->prompts;
    json_array_foreach(list, i, item) good = good && json_is_string(item);
    json_decref(list);
    if (good && strlen(texts) <= 60000) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "%s: __metadata__ key prompts: expected a JSON list of %" PRId64
                     " texts, of at most 60000 characters",
                     t->path, t->prompts);
}

static orw_status describe(const tensors *t, orw_dictionary *description) {
    const char *texts = orw_dictionary_get(orw_safetensors_metadata(t->file), "prompts");
    ORW_CALL(orw_dictionary_set(description, "kind", "prompt_table"));
    ORW_CALL(orw_dictionary_set(description, "prompts", "%" PRId64, t->prompts));
    ORW_CALL(orw_dictionary_set(description, "tokens", "%" PRId64, t->tokens));
    ORW_CALL(orw_dictionary_set(description, "width", "%" PRId64, t->width));
    ORW_CALL(orw_dictionary_set(description, "pooled_width", "%" PRId64, t->pooled));
    if (!texts) return ORW_OK;
    ORW_CALL(check_texts(t, texts));
    return orw_dictionary_set(description, "texts", "%s", texts);
}

/* count numbers of a tensor. */
static orw_status copy(const tensors *t, const char *name, float *into, size_t count) {
    int64_t shape[8];
    int rank;
    const float *data;
    ORW_CALL(orw_safetensors_get(t->file, name, &rank, shape, &data));
    for (size_t i = 0; i < count; i++)
        if (!isfinite(data[i]))
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s: element %zu is %g, expected a finite number", t->path, name,
                             i, data[i]);
    memcpy(into, data, count * sizeof *into);
    return ORW_OK;
}

static orw_status fill(const tensors *t, const orw_network *network, float *values) {
    const size_t row = (size_t)t->tokens * (size_t)t->width, pooled = (size_t)t->pooled, prompts = (size_t)t->prompts;
    float *embeds = orw_parameter_data(orw_network_parameter(network, 0), values);
    float *pools = orw_parameter_data(orw_network_parameter(network, 1), values);
    ORW_CALL(copy(t, "prompt_embeds", embeds, prompts * row));
    ORW_CALL(copy(t, "negative_prompt_embeds", embeds + prompts * row, row));
    ORW_CALL(copy(t, named(t, "pooled_prompt_embeds", "pooled"), pools, prompts * pooled));
    return copy(t, named(t, "negative_pooled_prompt_embeds", "negative_pooled"), pools + prompts * pooled, pooled);
}

static orw_status check_model(const tensors *t, const char *model, const orw_network *table, const float *values) {
    orw_network *network = NULL;
    float *weights = NULL;
    orw_prompts prompts;
    ORW_CALL(orw_model_load(model, &network, &weights, NULL));
    orw_status status = orw_prompts_of(table, values, &prompts);
    if (status == ORW_OK) status = orw_cli_named(orw_network_give_prompts(network, &prompts), t->path);
    free(weights);
    orw_network_destroy(&network);
    return status;
}

static orw_status save(const tensors *t, const char *place, const orw_network *network, const float *values) {
    orw_dictionary *about = NULL;
    char sum[ORW_SHA256_TEXT];
    orw_status status;
    ORW_CALL(orw_dictionary_create(&about));
    ORW_TRY(status, orw_describe_build(about), done);
    ORW_TRY(status, orw_sha256_file(t->path, sum), done);
    ORW_TRY(status, orw_dictionary_set(about, "import.file", "%s", t->path), done);
    ORW_TRY(status, orw_dictionary_set(about, "import.sha256", "%s", sum), done);
    status = orw_cli_named(orw_model_save(place, network, values, about), place);
done:
    orw_dictionary_destroy(&about);
    return status;
}

static orw_status import(tensors *t, const char *out, const char *place, const char *model) {
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    float *values = NULL;
    orw_status status;
    ORW_CALL(check_shapes(t));
    ORW_CALL(orw_dictionary_create(&description));
    ORW_TRY(status, describe(t, description), done);
    ORW_TRY(status, orw_cli_named(orw_network_create(description, &network), t->path), done);
    values = orw_network_values(network);
    status = values ? fill(t, network, values)
                    : orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu numbers", t->path, orw_network_size(network));
    if (status == ORW_OK && model) status = check_model(t, model, network, values);
    if (status == ORW_OK) status = save(t, place, network, values);
    if (status == ORW_OK)
        printf("%s: %" PRId64 " prompts of %" PRId64 " tokens, and the empty one\n", out, t->prompts, t->tokens);
done:
    orw_dictionary_destroy(&description);
    free(values);
    orw_network_destroy(&network);
    return status;
}

int orw_cli_import_prompts(int argc, char **argv) {
    const char *model = NULL;
    char place[ORW_OUTPUT];
    tensors t = {.path = NULL};
    const orw_cli_option options[] = {{"--for", ORW_CLI_TEXT, &model, 0, 0}, {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) {
        t.path = operands.words[0];
        const char *const inputs[] = {t.path, model ? model : t.path, NULL};
        status = orw_cli_output(operands.words[1], inputs, place);
    }
    if (status == ORW_OK) status = orw_safetensors_open(t.path, &t.file);
    if (status == ORW_OK) status = import(&t, operands.words[1], place, model);
    orw_safetensors_close(&t.file);
    return orw_cli_status(status);
}
