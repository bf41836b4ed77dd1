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
    "                 one in FILE's folder, when the metadata name no network)\n"
    "  --base FILE    FILE holds low-rank adapters (LoRA) in diffusers' names for this model; OUT.h5 has both\n";

/* What is kept of the metadata goes into text attributes, whose names and values have limits. */
enum { KEY_MOST = 128, VALUE_MOST = 60000 };

static orw_status wrap(orw_status status, const char *path) {
    char reason[1024];
    if (status == ORW_OK) return ORW_OK;
    snprintf(reason, sizeof reason, "%s", orw_error_text());
    return orw_error(status, "%s: %s", path, reason);
}

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
    char beside[4096];
    for (int i = 0; i < orw_dictionary_size(metadata); i++) {
        const char *key, *value;
        orw_dictionary_at(metadata, i, &key, &value);
        ORW_CALL(orw_dictionary_set(description, key, "%s", value));
    }
    if (!config && !orw_dictionary_get(metadata, "kind") && !orw_dictionary_get(metadata, "model")) {
        ORW_CALL(orw_diffusers_beside(path, beside));
        if (orw_file_exists(beside)) config = beside;
    }
    return config ? orw_diffusers_read(config, description) : ORW_OK;
}

typedef struct imported {
    orw_network *network;
    float *values;
} imported;

static orw_status refuse_adapters(const char *path, const orw_safetensors *file) {
    for (int i = 0; i < orw_safetensors_count(file); i++)
        if (strstr(orw_safetensors_name(file, i), ".lora_"))
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
    ORW_TRY(status, wrap(orw_network_create(description, &made->network), path), done);
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

static orw_status load_adapters(const char *path, const char *base_path, imported *made) {
    imported base = {NULL, NULL};
    ORW_CALL(orw_model_load(base_path, &base.network, &base.values, NULL));
    orw_status status = orw_adapters_load(path, base.network, base.values, &made->network, &made->values);
    free(base.values);
    orw_network_destroy(&base.network);
    return status;
}

static orw_status import(const char *path, const char *out, const char *config, const char *base) {
    orw_safetensors *file = NULL;
    imported made = {NULL, NULL};
    orw_dictionary *about = NULL;
    char digest[17];
    orw_status status;
    if (config && base) return orw_error(ORW_ERR_INPUT, "--config %s: not together with --base", config);
    ORW_CALL(orw_safetensors_open(path, &file));
    status = base ? load_adapters(path, base, &made) : load_checkpoint(path, file, config, &made);
    if (status != ORW_OK) goto done;
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, describe(path, file, about), done);
    ORW_TRY(status, orw_model_save(out, made.network, made.values, about), done);
    free(made.values);
    orw_network_destroy(&made.network);
    ORW_TRY(status, orw_model_load(out, &made.network, &made.values, digest), done); /* it is there, and whole */
    printf("%s: %s, %d tensors, %zu parameters, digest %s\n", out, orw_network_kind(made.network),
           orw_network_parameter_count(made.network), orw_network_numel(made.network), digest);
done:
    orw_dictionary_destroy(&about);
    free(made.values);
    orw_network_destroy(&made.network);
    orw_safetensors_close(&file);
    return status;
}

int orw_cli_import(int argc, char **argv) {
    const char *config = NULL, *base = NULL;
    const orw_cli_option options[] = {{"--config", ORW_CLI_TEXT, &config, 0, 0},
                                      {"--base", ORW_CLI_TEXT, &base, 0, 0},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    char place[ORW_OUTPUT];
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) {
        const char *const inputs[] = {operands.words[0], config ? config : operands.words[0], base, NULL};
        status = orw_cli_output(operands.words[1], inputs, place);
    }
    if (status == ORW_OK) status = import(operands.words[0], place, config, base);
    return orw_cli_status(status);
}
