/* import.c - `orw import`: a PyTorch checkpoint (safetensors) becomes a model file of the suite. */
#include "orw/store.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "diffusers.h"

static const char usage[] =
    "usage: orw import FILE.safetensors OUT.h5 [--config CONFIG.json] [--base BASE.h5]\n"
    "Turns a PyTorch checkpoint in safetensors format into a model file; `orw export-weights` turns it back, bit for "
    "bit.\n"
    "`orw sample` draws from it, and base.init = OUT.h5 makes it the base model of an experiment.\n"
    "\n"
    "The network is built from the file's metadata: model = torchcfm.UNetModelWrapper, in_channels, height, width,\n"
    "num_channels, num_res_blocks and whatever differs from TorchCFM's defaults (all keys: src/model/README.md). "
    "Tensors have\n"
    "their state_dict names and are float32. Which weights these are, the last ones or their moving average (EMA), is\n"
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
    char place[ORW_OUTPUT]; /* where `out` is written to */
} request;

/* Where the model comes from, and the file's own words on it: orw export-weights gives them back. */
static orw_status describe(const char *path, const orw_safetensors *file, orw_dictionary *about) {
    const orw_dictionary *metadata = orw_safetensors_metadata(file);
    char sum[ORW_SHA256_TEXT];
    ORW_CALL(orw_describe_build(about));
    ORW_CALL(orw_sha256_file(path, sum));
    ORW_CALL(orw_dictionary_set(about, "import.file", "%s", path));
    ORW_CALL(orw_dictionary_set(about, "import.sha256", "%s", sum));
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

static orw_status load_checkpoint(const char *path, const orw_safetensors *file, const char *config, imported *made) {
    orw_dictionary *description = NULL;
    orw_status status;
    /* A model that was made with its adapters says so. */
    if (!orw_dictionary_get(orw_safetensors_metadata(file), "lora_rank")) ORW_CALL(refuse_adapters(path, file));
    ORW_CALL(orw_dictionary_create(&description));
    ORW_TRY(status, describe_network(path, file, config, description), done);
    ORW_TRY(status, orw_cli_named(orw_network_create(description, &made->network), path), done);
    /* Before memory is asked for: metadata can claim a network of any size. */
    ORW_TRY(status, orw_safetensors_load_network(file, made->network, NULL), done);
    made->values = orw_network_values(made->network);
    status = made->values
                 ? orw_safetensors_load_network(file, made->network, made->values)
                 : orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu parameters", path, orw_network_size(made->network));
done:
    orw_dictionary_destroy(&description);
    return status;
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

static orw_status import(const request *r) {
    orw_safetensors *file = NULL;
    imported made = {.network = NULL};
    orw_dictionary *about = NULL;
    char digest[17], strength[ORW_OUTPUT + 128];
    orw_status status;
    ORW_CALL(orw_safetensors_open(r->path, &file));
    status = r->base ? load_adapters(r, &made) : load_checkpoint(r->path, file, r->config, &made);
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

int orw_cli_import(int argc, char **argv) {
    request r = {0};
    const orw_cli_option options[] = {{"--config", ORW_CLI_TEXT, &r.config, 0, 0},
                                      {"--base", ORW_CLI_TEXT, &r.base, 0, 0},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) {
        r.path = operands.words[0];
        r.out = operands.words[1];
        const char *const inputs[] = {r.path, r.base ? r.base : r.path, r.config ? r.config : r.path, NULL};
        status = orw_cli_output(r.out, inputs, r.place);
    }
    if (status == ORW_OK) status = import(&r);
    return orw_cli_status(status);
}
