/* import.c - `orw import`: a PyTorch checkpoint (safetensors) becomes a model file of the suite. */
#include "orw/store.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char usage[] =
    "usage: orw import FILE.safetensors OUT.h5\n"
    "Turns a PyTorch checkpoint in safetensors format into a model file; `orw export-weights` turns it back, bit for "
    "bit.\n"
    "`orw sample` draws from it, and base.init = OUT.h5 makes it the base model of an experiment.\n"
    "\n"
    "The network is built from the file's metadata alone: model = torchcfm.UNetModelWrapper, in_channels, height, "
    "width,\n"
    "num_channels, num_res_blocks and whatever differs from TorchCFM's defaults (all keys: src/model/README.md). "
    "Tensors have\n"
    "their state_dict names and are float32. Which weights these are, the last ones or their moving average (EMA), is\n"
    "decided where the file is made: TorchCFM's .pt holds both, net_model and ema_model, and samples come from the "
    "second.\n";

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

static orw_status import(const char *path, const char *out) {
    orw_safetensors *file = NULL;
    orw_network *network = NULL;
    orw_dictionary *about = NULL;
    float *values = NULL;
    char digest[17];
    orw_status status;
    ORW_CALL(orw_safetensors_open(path, &file));
    ORW_TRY(status, wrap(orw_network_create(orw_safetensors_metadata(file), &network), path), done);
    /* Before memory is asked for: metadata can claim a network of any size. */
    ORW_TRY(status, orw_safetensors_load_network(file, network, NULL), done);
    values = orw_network_values(network);
    if (!values) {
        status = orw_error(ORW_ERR_SYSTEM, "%s: no memory for %zu parameters", path, orw_network_size(network));
        goto done;
    }
    ORW_TRY(status, orw_safetensors_load_network(file, network, values), done);
    ORW_TRY(status, orw_dictionary_create(&about), done);
    ORW_TRY(status, describe(path, file, about), done);
    ORW_TRY(status, orw_model_save(out, network, values, about), done);
    free(values);
    orw_network_destroy(&network);
    ORW_TRY(status, orw_model_load(out, &network, &values, digest), done); /* it is there, and whole */
    printf("%s: %s, %d tensors, %zu parameters, digest %s\n", out, orw_network_kind(network),
           orw_network_parameter_count(network), orw_network_numel(network), digest);
done:
    orw_dictionary_destroy(&about);
    free(values);
    orw_network_destroy(&network);
    orw_safetensors_close(&file);
    return status;
}

int orw_cli_import(int argc, char **argv) {
    const orw_cli_option options[] = {{NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) status = import(operands.words[0], operands.words[1]);
    return orw_cli_status(status);
}
