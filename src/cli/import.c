/* import.c - `orw import`: a PyTorch checkpoint (safetensors) or a folder of them becomes a model file of the suite. */
#include "orw/store.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "diffusers.h"
#include "folder.h"
#include "stability.h"

static const char usage[] =
    "usage: orw import SOURCE OUT.h5 [--config CONFIG.json] [--base BASE.h5] [--height H] [--width W] [--shift S]\n"
    "Turns a PyTorch checkpoint into a model file; `orw export-weights` turns it back, bit for bit where it was "
    "float32.\n"
    "`orw sample` draws from it, and base.init = OUT.h5 makes it the base model of an experiment. SOURCE is one of\n"
    "\n"
    "  FILE.safetensors             tensors of dtype F32, F16 or BF16 (they become float32)\n"
    "  FILE.safetensors.index.json  the same in several files\n"
    "  DIR                          a Stable Diffusion 3 or 3.5 of diffusers: its transformer/ and the shift of "
    "scheduler/;\n"
    "                               the decoder in vae/ goes to OUT.decoder.h5\n"
    "  sd3_medium.safetensors       the same as Stability AI publishes it, in one file\n"
    "\n"
    "The network is built from the file's metadata: model = torchcfm.UNetModelWrapper, in_channels, height, width,\n"
    "num_channels, num_res_blocks and whatever differs from TorchCFM's defaults (all keys: src/model/README.md). "
    "Tensors have\n"
    "their state_dict names. Which weights these are, the last ones or their moving average (EMA), is\n"
    "decided where the file is made: TorchCFM's .pt holds both, net_model and ema_model, and samples come from the "
    "second.\n"
    "\n"
    "  --config FILE  diffusers' config.json of a Stable Diffusion 3 transformer describes the network (default: the\n"
    "                 one in the folder of FILE.safetensors, when the metadata name no network)\n"
    "  --base FILE    FILE.safetensors holds low-rank adapters (LoRA) in diffusers', PEFT's or kohya's names for this\n"
    "                 model; OUT.h5 has both. alpha comes from the metadata (lora_adapter_metadata, lora_alpha, "
    "alpha,\n"
    "                 ss_network_alpha), from tensors *.alpha, from PEFT's adapter_config.json (--config, or the one "
    "in\n"
    "                 the folder); what disagrees is refused; where none says it, alpha is the rank, and that is said\n"
    "  --height H, --width W  of the latents, an eighth of the image's, that the model is to be used at (default: its\n"
    "                 config's sample_size)\n"
    "  --shift S      of the sampler's times, where no scheduler_config.json says it\n"
    "\n"
    "A PyTorch file (.pt, .pth, .ckpt, .bin), or a safetensors file without metadata (safetensors.torch.load_file "
    "instead\n"
    "of torch.load), becomes one with metadata by\n"
    "\n"
    "  state = torch.load(\"model.pt\", map_location=\"cpu\", weights_only=True)[\"ema_model\"]\n"
    "  safetensors.torch.save_file({name: t.float().contiguous() for name, t in state.items()}, "
    "\"model.safetensors\",\n"
    "      metadata={\"model\": \"torchcfm.UNetModelWrapper\", \"in_channels\": \"1\", \"height\": \"28\", \"width\": "
    "\"28\",\n"
    "                \"num_channels\": \"32\", \"num_res_blocks\": \"1\"})\n";

/* What is kept of the metadata goes into text attributes, whose names and values have limits. */
enum { KEY_MOST = 128, VALUE_MOST = 60000 };

typedef struct request {
    const char *path, *out, *config, *base;
    const char *height, *width, *shift; /* of the description, where given */
    const char *scheduler;              /* scheduler_config.json, or NULL */
    bool decoder;                       /* of a file that has both, the decoder is meant */
    char place[ORW_OUTPUT];             /* where `out` is written to */
} request;

/* Of an index every file counts. */
static orw_status describe_files(const orw_safetensors *file, orw_dictionary *about) {
    for (int i = 0; orw_safetensors_files(file) > 1 && i < orw_safetensors_files(file); i++) {
        char name[64], sum[ORW_SHA256_TEXT];
        const char *path = orw_safetensors_file(file, i), *slash = strrchr(path, '/');
        ORW_CALL(orw_sha256_file(path, sum));
        snprintf(name, sizeof name, "import.part%d", i + 1);
        ORW_CALL(orw_dictionary_set(about, name, "%s %s", sum, slash ? slash + 1 : path));
    }
    return ORW_OK;
}

/* Where the model comes from, and the file's own words on it: orw export-weights gives them back. */
static orw_status describe(const char *path, const orw_safetensors *file, orw_dictionary *about) {
    const orw_dictionary *metadata = orw_safetensors_metadata(file);
    char sum[ORW_SHA256_TEXT];
    ORW_CALL(orw_describe_build(about));
    ORW_CALL(orw_sha256_file(path, sum));
    ORW_CALL(orw_dictionary_set(about, "import.file", "%s", path));
    ORW_CALL(orw_dictionary_set(about, "import.sha256", "%s", sum));
    ORW_CALL(describe_files(file, about));
    for (int i = 0; i < orw_dictionary_size(metadata); i++) {
        const char *key, *value;
        char name[KEY_MOST + 32];
        orw_dictionary_at(metadata, i, &key, &value);
        if (strlen(key) > KEY_MOST || strlen(value) > VALUE_MOST)
            return orw_error(
                ORW_ERR_INPUT,
                "%s: __metadata__ key %.64s: %zu characters with a value of %zu, expected at most %d and %d", path, key,
                strlen(key), strlen(value), KEY_MOST, VALUE_MOST);
        snprintf(name, sizeof name, ORW_CLI_METADATA "%s", key);
        ORW_CALL(orw_dictionary_set(about, name, "%s", value));
    }
    return ORW_OK;
}

/* What the folder and the command line add to a transformer. */
static orw_status describe_use(const request *r, orw_dictionary *description) {
    if (r->decoder) return ORW_OK;
    if (r->height) ORW_CALL(orw_dictionary_set(description, "height", "%s", r->height));
    if (r->width) ORW_CALL(orw_dictionary_set(description, "width", "%s", r->width));
    if (r->scheduler && r->shift)
        return orw_error(ORW_ERR_INPUT, "--shift: %s given, but %s says it", r->shift, r->scheduler);
    if (r->scheduler) return orw_diffusers_scheduler(r->scheduler, description);
    return r->shift ? orw_dictionary_set(description, "shift", "%s", r->shift) : ORW_OK;
}

/* What the network is built from: the metadata, and config.json where they name no network. */
static orw_status describe_network(const char *path, const orw_safetensors *file, const char *config,
                                   orw_dictionary *description) {
    const orw_dictionary *metadata = orw_safetensors_metadata(file);
    char beside[ORW_OUTPUT];
    for (int i = 0; i < orw_dictionary_size(metadata); i++) {
        const char *key, *value;
        orw_dictionary_at(metadata, i, &key, &value);
        ORW_CALL(orw_dictionary_set(description, key, "%s", value));
    }
    if (!config && !orw_dictionary_get(metadata, "kind") && !orw_dictionary_get(metadata, "model")) {
        ORW_CALL(orw_json_beside(path, "config.json", beside));
        if (!orw_file_exists(beside))
            return orw_error(ORW_ERR_INPUT,
                             "%s: kind: missing; its metadata (%d keys) do not name the network, and there is no "
                             "config.json beside it; `orw import --help` shows how to write them",
                             path, orw_dictionary_size(metadata));
        config = beside;
    }
    return config ? orw_diffusers_read(config, description) : ORW_OK;
}

typedef struct imported {
    orw_network *network;
    float *values;
    orw_adapters_strength strength; /* where adapters were imported; rank 0: none */
} imported;

static orw_status refuse_adapters(const char *path, const orw_safetensors *file) {
    for (int i = 0; i < orw_safetensors_count(file); i++)
        if (strstr(orw_safetensors_name(file, i), ".lora_") || strstr(orw_safetensors_name(file, i), ".lora."))
            return orw_error(ORW_ERR_INPUT, "%s: tensor %s found: adapters need --base, the model that they belong to",
                             path, orw_safetensors_name(file, i));
    return ORW_OK;
}

/* Of an autoencoder, the decoder alone is read. */
static orw_status set_encoder_aside(orw_safetensors *file, const orw_network *network) {
    static const char *const parts[] = {"encoder.", "quant_conv."};
    if (strcmp(orw_network_kind(network), "vae_decoder") != 0) return ORW_OK;
    for (int i = 0; i < orw_safetensors_count(file); i++)
        for (int k = 0; k < 2; k++)
            if (strncmp(orw_safetensors_name(file, i), parts[k], strlen(parts[k])) == 0)
                ORW_CALL(orw_safetensors_rename(file, i, NULL));
    return ORW_OK;
}

/* The network of a checkpoint, whose tensors get the network's names. */
static orw_status build(const request *r, orw_safetensors *file, orw_network **network) {
    orw_dictionary *description = NULL;
    orw_status status = ORW_OK;
    ORW_CALL(orw_dictionary_create(&description));
    if (orw_stability_named(file)) {
        ORW_TRY(status, orw_stability_names(file, r->decoder), done);
        ORW_TRY(status,
                (r->decoder ? orw_stability_describe_decoder : orw_stability_describe)(r->path, file, description),
                done);
    } else
        ORW_TRY(status, describe_network(r->path, file, r->config, description), done);
    ORW_TRY(status, describe_use(r, description), done);
    ORW_TRY(status, orw_cli_named(orw_network_create(description, network), r->path), done);
    status = set_encoder_aside(file, *network);
done:
    orw_dictionary_destroy(&description);
    return status;
}

static orw_status load_checkpoint(const request *r, orw_safetensors *file, imported *made) {
    /* A model that was made with its adapters says so. */
    if (!orw_dictionary_get(orw_safetensors_metadata(file), "lora_rank")) ORW_CALL(refuse_adapters(r->path, file));
    ORW_CALL(build(r, file, &made->network));
    /* Before memory is asked for: metadata can claim a network of any size. */
    ORW_CALL(orw_safetensors_load_network(file, made->network, NULL));
    ORW_CALL(orw_memory_check(orw_network_size(made->network) * sizeof(float), r->path));
    made->values = orw_network_values(made->network);
    if (!made->values)
        return orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu parameters", r->path, orw_network_size(made->network));
    return orw_safetensors_load_network(file, made->network, made->values);
}

static orw_status load_adapters(const request *r, imported *made) {
    imported base = {.network = NULL};
    ORW_CALL(orw_model_load(r->base, &base.network, &base.values, NULL));
    orw_status status = orw_adapters_load(r->path, r->config, base.network, base.values, &made->network, &made->values,
                                          &made->strength);
    free(base.values);
    orw_network_destroy(&base.network);
    return status;
}

/* "rank 4, alpha 8 (metadata key ss_network_alpha), scale 2" */
static void print_strength(const orw_adapters_strength *strength, char *text, size_t capacity) {
    snprintf(text, capacity, "rank %d, alpha %.9g (%s), scale %.9g", strength->rank, strength->alpha,
             *strength->source ? strength->source : "assumed to be the rank: nothing says it",
             strength->alpha / strength->rank);
}

/* OUT is none of the files that the index or the folder led to. */
static orw_status spare_inputs(const request *r, const orw_safetensors *file) {
    char place[ORW_OUTPUT];
    for (int i = 0; i < orw_safetensors_files(file); i++) {
        const char *const inputs[] = {orw_safetensors_file(file, i), NULL};
        ORW_CALL(orw_cli_output(r->out, inputs, place));
    }
    return ORW_OK;
}

static orw_status import(const request *r) {
    orw_safetensors *file = NULL;
    imported made = {.network = NULL};
    orw_dictionary *about = NULL;
    char digest[17], strength[ORW_OUTPUT + 128];
    orw_status status;
    ORW_CALL(orw_safetensors_open(r->path, &file));
    ORW_TRY(status, spare_inputs(r, file), done);
    status = r->base ? load_adapters(r, &made) : load_checkpoint(r, file, &made);
    if (status != ORW_OK) goto done;
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, describe(r->path, file, about), done);
    print_strength(&made.strength, strength, sizeof strength);
    if (r->base) ORW_TRY(status, orw_dictionary_set(about, "import.adapters", "%s", strength), done);
    ORW_TRY(status, orw_cli_named(orw_model_save(r->place, made.network, made.values, about), r->place), done);
    free(made.values);
    orw_network_destroy(&made.network);
    ORW_TRY(status, orw_model_load(r->place, &made.network, &made.values, digest), done); /* it is there, and whole */
    printf("%s: %s, %d tensors, %zu parameters, digest %s\n", r->out, orw_network_kind(made.network),
           orw_network_parameter_count(made.network), orw_network_numel(made.network), digest);
    if (r->base) printf("%s: adapters of %s\n", r->out, strength);
done:
    orw_dictionary_destroy(&about);
    free(made.values);
    orw_network_destroy(&made.network);
    orw_safetensors_close(&file);
    return status;
}

/* ---------------------------------------------------------------- transformer and decoder ----------------------- */

/* Is everything there that the network needs? Nothing is written. */
static orw_status check(const request *r) {
    orw_safetensors *file = NULL;
    imported made = {.network = NULL};
    ORW_CALL(orw_safetensors_open(r->path, &file));
    orw_status status = load_checkpoint(r, file, &made);
    free(made.values);
    orw_network_destroy(&made.network);
    orw_safetensors_close(&file);
    return status;
}

/* Both, or nothing: the decoder, which is small, is read once before anything is written. */
static orw_status import_both(const request *transformer, request *decoder) {
    char out[ORW_OUTPUT], place[ORW_OUTPUT];
    const char *end = strrchr(transformer->out, '.');
    const int length = end && strcmp(end, ".h5") == 0 ? (int)(end - transformer->out) : (int)strlen(transformer->out);
    if (snprintf(out, sizeof out, "%.*s.decoder.h5", length, transformer->out) >= (int)sizeof out)
        return orw_error(ORW_ERR_INPUT, "%.200s..: the name is too long", transformer->out);
    const char *const inputs[] = {transformer->path, decoder->path, NULL};
    ORW_CALL(orw_cli_output(out, inputs, place));
    decoder->out = out;
    memcpy(decoder->place, place, sizeof place);
    decoder->decoder = true;
    ORW_CALL(check(decoder));
    ORW_CALL(import(transformer));
    return import(decoder);
}

static orw_status import_folder(request *r) {
    orw_folder_part part, vae;
    char scheduler[ORW_OUTPUT];
    bool found, decodes;
    if (r->config || r->base)
        return orw_error(ORW_ERR_INPUT, "%s: a folder, expected no %s", r->path, r->config ? "--config" : "--base");
    ORW_CALL(orw_folder_find(r->path, "transformer", &part, &found));
    if (!found)
        return orw_error(ORW_ERR_INPUT, "%s: a folder without transformer/, expected a Stable Diffusion 3 of diffusers",
                         r->path);
    ORW_CALL(orw_folder_find(r->path, "vae", &vae, &decodes));
    if (orw_folder_scheduler(r->path, scheduler)) r->scheduler = scheduler;
    r->path = part.weights;
    r->config = part.config;
    request decoder = {.path = vae.weights, .config = vae.config};
    return decodes ? import_both(r, &decoder) : import(r);
}

/* A file, which may be Stability AI's with the decoder in it. */
static orw_status import_file(const request *r) {
    orw_safetensors *file = NULL;
    bool both = false;
    if (r->base) return import(r);
    ORW_CALL(orw_safetensors_open(r->path, &file));
    both = orw_stability_named(file) && orw_safetensors_has(file, "first_stage_model.decoder.conv_in.weight");
    orw_safetensors_close(&file);
    request decoder = {.path = r->path};
    return both ? import_both(r, &decoder) : import(r);
}

int orw_cli_import(int argc, char **argv) {
    request r = {0};
    const orw_cli_option options[] = {
        {"--config", ORW_CLI_TEXT, &r.config, 0, 0}, {"--base", ORW_CLI_TEXT, &r.base, 0, 0},
        {"--height", ORW_CLI_TEXT, &r.height, 0, 0}, {"--width", ORW_CLI_TEXT, &r.width, 0, 0},
        {"--shift", ORW_CLI_TEXT, &r.shift, 0, 0},   {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) {
        r.path = operands.words[0];
        r.out = operands.words[1];
        const char *const inputs[] = {r.path, r.base ? r.base : r.path, r.config ? r.config : r.path, NULL};
        status = orw_cli_output(r.out, inputs, r.place);
    }
    if (status == ORW_OK) status = orw_is_folder(r.path) ? import_folder(&r) : import_file(&r);
    return orw_cli_status(status);
}
