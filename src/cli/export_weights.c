/* export_weights.c - `orw export-weights`: a model file as safetensors, for PyTorch and everybody else. */
#include "orw/store.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "diffusers.h"

static const char usage[] =
    "usage: orw export-weights MODEL.h5 OUT.safetensors [--adapters | --peft | --merge] [--config CONFIG.json]\n"
    "Writes a model file (a run's policy.h5, a base model's model.h5, what orw import made) as safetensors: float32 "
    "tensors\n"
    "under PyTorch's names and in its shapes, the network's description as metadata. In PyTorch:\n"
    "\n"
    "  net.load_state_dict(safetensors.torch.load_file(\"OUT.safetensors\"))\n"
    "\n"
    "The weights are the ones that the suite samples from: model.h5 and policy.h5 hold moving averages (pretrain.ema,\n"
    "behaviour.ema), unless these keys were 0.\n"
    "\n"
    "  --adapters     of a model with low-rank adapters (LoRA) these alone, in diffusers' names\n"
    "  --peft         the same in PEFT's names, with its adapter_config.json in the same folder: call it\n"
    "                 adapter_model.safetensors, and PeftModel.from_pretrained reads the folder\n"
    "  --merge        of such a model the plain network that computes the same\n"
    "  --config FILE  of a Stable Diffusion 3 transformer diffusers' config.json, too\n";

/* Of the file's provenance, what says what the weights are; the machine that they were made on stays out of it. */
static bool tells(const char *key) {
    static const char *const told[] = {"program", "commit", "identity", "run.", "import.", "data."};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (strncmp(key, told[i], strlen(told[i])) == 0) return true;
    return false;
}

/* Imported metadata as they were, then about.*: what this suite knows. */
static orw_status describe(const orw_dictionary *provenance, const char *digest, orw_dictionary *metadata) {
    const size_t mark = strlen(ORW_CLI_METADATA);
    const char *key, *value;
    for (int i = 0; i < orw_dictionary_size(provenance); i++) {
        orw_dictionary_at(provenance, i, &key, &value);
        if (strncmp(key, ORW_CLI_METADATA, mark) == 0) ORW_CALL(orw_dictionary_set(metadata, key + mark, "%s", value));
    }
    for (int i = 0; i < orw_dictionary_size(provenance); i++) {
        char name[320];
        orw_dictionary_at(provenance, i, &key, &value);
        snprintf(name, sizeof name, "about.%s", key);
        if (tells(key) && !orw_dictionary_get(metadata, name))
            ORW_CALL(orw_dictionary_set(metadata, name, "%s", value));
    }
    return orw_dictionary_set(metadata, "about.parameters.xxh64", "%s", digest);
}

typedef struct request {
    const char *path, *out, *config;
    char out_place[ORW_OUTPUT], config_place[ORW_OUTPUT]; /* where they are written to */
    bool adapters, peft, merge;
} request;

static orw_status choose_places(request *r) {
    const char *const inputs[] = {r->path, NULL};
    ORW_CALL(orw_cli_output(r->out, inputs, r->out_place));
    if (!r->config) return ORW_OK;
    ORW_CALL(orw_cli_output(r->config, inputs, r->config_place));
    if (strcmp(r->out_place, r->config_place) != 0) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "--config %s: is where the weights go; expected another file", r->config);
}

/* The plain network in the adapted one's place. */
static orw_status merge(orw_network **network, float **values) {
    orw_network *base = NULL;
    float *base_values = NULL;
    if (!orw_network_adapter_rank(*network))
        return orw_error(ORW_ERR_INPUT, "--merge: no adapters found in the model, expected key lora_rank");
    ORW_CALL(orw_network_merge(*network, *values, &base, &base_values));
    free(*values);
    orw_network_destroy(network);
    *network = base;
    *values = base_values;
    return ORW_OK;
}

static orw_status write_files(const request *r, const orw_network *network, const float *values,
                              const orw_dictionary *metadata) {
    if (r->config) ORW_CALL(orw_diffusers_write(r->config_place, network));
    if (r->peft) return orw_adapters_save_peft(r->out_place, network, values, metadata);
    if (r->adapters) return orw_adapters_save(r->out_place, network, values, metadata);
    return orw_safetensors_save_network(r->out_place, network, values, metadata);
}

static orw_status export_weights(const request *r) {
    orw_network *network = NULL;
    orw_dictionary *provenance = NULL, *metadata = NULL;
    float *values = NULL;
    char digest[17];
    orw_status status;
    if (r->adapters + r->peft + r->merge > 1)
        return orw_error(ORW_ERR_INPUT, "%s: not together with %s", r->adapters ? "--adapters" : "--peft",
                         r->merge ? "--merge" : "--peft");
    ORW_CALL(orw_model_load(r->path, &network, &values, digest));
    ORW_TRY(status, orw_dictionary_create(&provenance), done);
    ORW_TRY(status, orw_dictionary_create(&metadata), done);
    ORW_TRY(status, orw_run_file_provenance(r->path, provenance), done);
    ORW_TRY(status, describe(provenance, digest, metadata), done);
    if (r->merge) ORW_TRY(status, merge(&network, &values), done);
    ORW_TRY(status, write_files(r, network, values, metadata), done);
    if (r->adapters || r->peft)
        printf("%s: adapters of rank %d, of the model with digest %s\n", r->out, orw_network_adapter_rank(network),
               digest);
    else
        printf("%s: %s, %d tensors, %zu parameters, %s %s\n", r->out, orw_network_kind(network),
               orw_network_parameter_count(network), orw_network_numel(network),
               r->merge ? "merged from digest" : "digest", digest);
done:
    orw_dictionary_destroy(&metadata);
    orw_dictionary_destroy(&provenance);
    free(values);
    orw_network_destroy(&network);
    return status;
}

int orw_cli_export_weights(int argc, char **argv) {
    request r = {0};
    const orw_cli_option options[] = {{"--adapters", ORW_CLI_SWITCH, &r.adapters, 0, 0},
                                      {"--peft", ORW_CLI_SWITCH, &r.peft, 0, 0},
                                      {"--merge", ORW_CLI_SWITCH, &r.merge, 0, 0},
                                      {"--config", ORW_CLI_TEXT, &r.config, 0, 0},
                                      {NULL, ORW_CLI_SWITCH, NULL, 0, 0}};
    orw_cli_operands operands;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, options, 2, 2, &operands);
    if (status == ORW_OK) {
        r.path = operands.words[0];
        r.out = operands.words[1];
        status = choose_places(&r);
    }
    if (status == ORW_OK) status = export_weights(&r);
    return orw_cli_status(status);
}
