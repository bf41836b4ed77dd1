/* adapters.c - low-rank adapters (LoRA, Hu et al. 2022): a network with them, made from the network without; their own
 * table of parameters; what they amount to when they are added to the weights. */
#include "../network.h"

#include <stdlib.h>
#include <string.h>

static orw_status copy_description(const orw_network *network, bool adapters, orw_dictionary *into) {
    const orw_dictionary *from = orw_network_description(network);
    for (int i = 0; i < orw_dictionary_size(from); i++) {
        const char *key, *value;
        orw_dictionary_at(from, i, &key, &value);
        if (adapters || strncmp(key, "lora_", 5) != 0) ORW_CALL(orw_dictionary_set(into, key, "%s", value));
    }
    return ORW_OK;
}

/* The network again, with adapters of this rank; rank -1: without. */
static orw_status rebuild(const orw_network *network, int rank, double alpha, orw_network **made) {
    orw_dictionary *description = NULL;
    *made = NULL;
    ORW_CALL(orw_dictionary_create(&description));
    orw_status status;
    ORW_TRY(status, copy_description(network, false, description), done);
    if (rank >= 0) {
        ORW_TRY(status, orw_dictionary_set(description, "lora_rank", "%d", rank), done);
        ORW_TRY(status, orw_dictionary_set(description, "lora_alpha", "%.9g", alpha), done);
    }
    status = orw_network_create(description, made);
    if (status == ORW_OK && network->prompts.count) status = orw_network_give_prompts(*made, &network->prompts);
done:
    orw_dictionary_destroy(&description);
    return status;
}

int orw_network_adapter_rank(const orw_network *network) {
    const char *rank = orw_dictionary_get(network->description, "lora_rank");
    return rank ? atoi(rank) : 0;
}

/* The adapters are the table's last entries: what stands before them has the same number in both. */
static void copy_parameters(const orw_network *from, const float *from_values, const orw_network *to,
                            float *to_values) {
    const int count = from->parameters < to->parameters ? from->parameters : to->parameters;
    for (int i = 0; i < count; i++)
        memcpy(orw_parameter_data(&to->parameter[i], to_values), orw_parameter_data(&from->parameter[i], from_values),
               from->parameter[i].count * sizeof(float));
}

orw_status orw_network_adapt(const orw_network *base, const float *base_values, int rank, double alpha,
                             orw_network **adapted) {
    *adapted = NULL;
    if (orw_network_adapter_rank(base))
        return orw_error(ORW_ERR_INPUT, "lora_rank: %d found, but the network has adapters of rank %d already", rank,
                         orw_network_adapter_rank(base));
    ORW_CALL(rebuild(base, rank < 0 ? 0 : rank, alpha, adapted));
    copy_parameters(base, base_values, *adapted, NULL);
    return ORW_OK;
}

orw_status orw_network_merge(const orw_network *adapted, const float *values, orw_network **base, float **base_values) {
    *base_values = NULL;
    ORW_CALL(rebuild(adapted, -1, 0, base));
    *base_values = orw_network_values(*base);
    if (!*base_values) {
        orw_network_destroy(base);
        return orw_error(ORW_ERR_SYSTEM, "no memory for a network's parameters");
    }
    copy_parameters(adapted, values, *base, *base_values);
    const char *alpha = orw_dictionary_get(adapted->description, "lora_alpha");
    const int rank = orw_network_adapter_rank(adapted);
    for (int i = (*base)->parameters; i + 1 < adapted->parameters; i += 2) {
        const orw_parameter *A = &adapted->parameter[i], *B = A + 1;
        char name[sizeof A->name]; /* transformer.NAME.lora_A.weight -> NAME.weight */
        snprintf(name, sizeof name, "%s", A->name + strlen("transformer."));
        strcpy(strstr(name, ".lora_A."), ".weight");
        const orw_parameter *W = &(*base)->parameter[orw_network_find(*base, name)];
        orw_gemm(false, false, B->shape[0], A->shape[1], rank, (float)(atof(alpha) / rank),
                 orw_parameter_data(B, values), rank, orw_parameter_data(A, values), A->shape[1], 1,
                 orw_parameter_data(W, *base_values), A->shape[1]);
    }
    return ORW_OK;
}

/* In diffusers' and PEFT's words. */
static orw_status describe_adapters(const orw_network *adapted, orw_dictionary *description) {
    const int rank = orw_network_adapter_rank(adapted);
    const double alpha = atof(orw_dictionary_get(adapted->description, "lora_alpha"));
    ORW_CALL(orw_dictionary_set(description, "rank", "%d", rank));
    ORW_CALL(orw_dictionary_set(description, "lora_alpha", "%.9g", alpha));
    return orw_dictionary_set(description, "lora_adapter_metadata",
                              "{\"transformer.bias\": \"none\", \"transformer.lora_alpha\": %.9g, "
                              "\"transformer.lora_bias\": false, \"transformer.lora_dropout\": 0.0, "
                              "\"transformer.r\": %d, \"transformer.target_modules\": [\"attn.add_k_proj\", "
                              "\"attn.add_q_proj\", \"attn.add_v_proj\", \"attn.to_add_out\", \"attn.to_k\", "
                              "\"attn.to_out.0\", \"attn.to_q\", \"attn.to_v\"], \"transformer.use_dora\": false, "
                              "\"transformer.use_rslora\": false}",
                              alpha, rank);
}

orw_status orw_network_adapters(const orw_network *adapted, orw_network **table) {
    *table = NULL;
    if (!orw_network_adapter_rank(adapted))
        return orw_error(ORW_ERR_INPUT, "%s: no adapters found in the model, expected key lora_rank",
                         adapted->architecture->kind);
    orw_network *made = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for a table of adapters");
    *made = *adapted;
    made->plan = NULL;
    made->description = NULL;
    made->parameters = made->capacity = 0;
    made->numel = 0;
    made->frozen = NULL;
    made->parameter = calloc((size_t)adapted->parameters, sizeof *made->parameter);
    orw_status status = made->parameter ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for a table of adapters");
    for (int i = 0; status == ORW_OK && i < adapted->parameters; i++)
        if (!adapted->parameter[i].frozen) {
            made->parameter[made->parameters++] = adapted->parameter[i];
            made->numel += adapted->parameter[i].count;
        }
    if (status == ORW_OK) status = orw_dictionary_create(&made->description);
    if (status == ORW_OK) status = describe_adapters(adapted, made->description);
    if (status == ORW_OK)
        *table = made;
    else
        orw_network_destroy(&made);
    return status;
}

void orw_network_name_adapters(orw_network *table, const char *prefix) {
    for (int i = 0; i < table->parameters; i++) {
        char rest[sizeof table->parameter[i].name];
        snprintf(rest, sizeof rest, "%s", table->parameter[i].name + strlen("transformer."));
        snprintf(table->parameter[i].name, sizeof rest, "%.20s%.74s", prefix, rest);
    }
}
