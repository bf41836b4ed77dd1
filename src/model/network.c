/* network.c - an architecture and the table of its named parameters: creation by kind, places in the flat vector,
 * handing parameters to operators. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

/* Offsets are multiples of 16 floats, so that every parameter starts at a cache line. */
#define ALIGNMENT 16

#define ENTRY(name) &orw_##name,
static const orw_architecture *const architectures[] = {ORW_ARCHITECTURES(ENTRY)};
#define ARCHITECTURES (sizeof architectures / sizeof *architectures)

/* Keys that any description may carry and that say nothing about the network; so may every key that begins with
 * "about.". */
static const char *const descriptive[] = {"kind", "model", "format", "name", "role", "torch_version", NULL};

static bool listed(const char *const *list, const char *key) {
    for (; *list; list++)
        if (strcmp(*list, key) == 0) return true;
    return false;
}

/* Other programs' names of what is a kind here. */
static const char *const models[][2] = {{"torchcfm.UNetModelWrapper", "unet"},
                                        {"diffusers.SD3Transformer2DModel", "mmdit"},
                                        {"diffusers.AutoencoderKL", "vae_decoder"}};

static orw_status find_kind(const orw_dictionary *description, const char **kind) {
    const char *model = orw_dictionary_get(description, "model"), *means = NULL;
    *kind = orw_dictionary_get(description, "kind");
    for (size_t i = 0; model && i < sizeof models / sizeof *models; i++)
        if (strcmp(model, models[i][0]) == 0) means = models[i][1];
    if (model && !means)
        return orw_error(ORW_ERR_INPUT, "model: %s found, expected %s, %s or %s", model, models[0][0], models[1][0],
                         models[2][0]);
    if (!*kind) *kind = means;
    if (means && strcmp(*kind, means) != 0)
        return orw_error(ORW_ERR_INPUT, "kind: %s found, but model: %s is a %s", *kind, model, means);
    return ORW_OK;
}

static orw_status find_architecture(const orw_dictionary *description, const orw_architecture **found) {
    const char *kind;
    char known[256] = "";
    ORW_CALL(find_kind(description, &kind));
    for (size_t i = 0, used = 0; i < ARCHITECTURES; i++) {
        if (kind && strcmp(kind, architectures[i]->kind) == 0) {
            *found = architectures[i];
            return ORW_OK;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? "|" : "", architectures[i]->kind);
    }
    if (!kind) return orw_error(ORW_ERR_INPUT, "kind: missing from the network's description, expected %s", known);
    return orw_error(ORW_ERR_INPUT, "kind: %s found, expected %s", kind, known);
}

static orw_status refuse_unknown_keys(const orw_dictionary *description, const orw_architecture *architecture) {
    for (int i = 0; i < orw_dictionary_size(description); i++) {
        const char *key, *value;
        orw_dictionary_at(description, i, &key, &value);
        if (!listed(architecture->keys, key) && !listed(descriptive, key) && strncmp(key, "about.", 6) != 0)
            return orw_error(ORW_ERR_INPUT, "%s: no key of a %s description (value %s)", key, architecture->kind,
                             value);
    }
    return ORW_OK;
}

/* Bytes of a parameter's numbers, up to the next cache line. */
static size_t bytes_of(const orw_parameter *p) {
    const size_t line = ALIGNMENT * sizeof(float);
    return (p->count * orw_type_of(p->type)->size + line - 1) / line * line;
}

/* Places in the flat vector for what is trained; memory of the network's own for what is not. */
static orw_status lay_out(orw_network *network) {
    size_t frozen = 0;
    for (int i = 0; i < network->parameters; i++) {
        orw_parameter *p = &network->parameter[i];
        if (p->frozen) {
            frozen += bytes_of(p);
        } else {
            p->offset = network->size;
            network->size += bytes_of(p) / sizeof(float);
        }
    }
    if (frozen == 0) return ORW_OK;
    char what[64];
    snprintf(what, sizeof what, "%s with %zu frozen numbers", network->architecture->kind, network->numel);
    ORW_CALL(orw_memory_check(frozen, what));
    char *held = aligned_alloc(64, frozen);
    network->frozen = (float *)held;
    if (!held) return orw_error(ORW_ERR_SYSTEM, "no memory for %zu bytes of frozen parameters", frozen);
    memset(held, 0, frozen);
    for (int i = 0; i < network->parameters; i++) {
        orw_parameter *p = &network->parameter[i];
        if (!p->frozen) continue;
        p->held = (float *)held;
        held += bytes_of(p);
    }
    return ORW_OK;
}

orw_status orw_network_create(const orw_dictionary *description, orw_network **network) {
    *network = NULL;
    const orw_architecture *architecture = NULL;
    ORW_CALL(find_architecture(description, &architecture));
    ORW_CALL(refuse_unknown_keys(description, architecture));
    orw_network *made = calloc(1, sizeof *made);
    if (!made) return orw_error(ORW_ERR_SYSTEM, "no memory for a network");
    made->architecture = architecture;
    orw_status status;
    ORW_TRY(status, orw_dictionary_create(&made->description), fail);
    ORW_TRY(status, orw_dictionary_set(made->description, "kind", "%s", architecture->kind), fail);
    ORW_TRY(status, architecture->build(made, description), fail);
    ORW_TRY(status, made->status, fail);
    ORW_TRY(status, lay_out(made), fail);
    *network = made;
    return ORW_OK;
fail:
    orw_network_destroy(&made);
    return status;
}

void orw_network_destroy(orw_network **network) {
    if (!network || !*network) return;
    if ((*network)->plan) (*network)->architecture->destroy((*network)->plan);
    orw_dictionary_destroy(&(*network)->description);
    free((*network)->frozen);
    free((*network)->parameter);
    free(*network);
    *network = NULL;
}

const orw_dictionary *orw_network_description(const orw_network *network) {
    return network->description;
}
const char *orw_network_kind(const orw_network *network) {
    return network->architecture->kind;
}

void orw_network_shape(const orw_network *network, int *height, int *width, int *channels) {
    *height = network->height;
    *width = network->width;
    *channels = network->channels;
}

int orw_network_outputs(const orw_network *network) {
    return network->outputs;
}
double orw_network_shift(const orw_network *network) {
    return network->shift > 0 ? network->shift : 1;
}
int orw_network_condition_width(const orw_network *network) {
    return network->condition_width;
}
int orw_network_parameter_count(const orw_network *network) {
    return network->parameters;
}
const orw_parameter *orw_network_parameter(const orw_network *network, int i) {
    return &network->parameter[i];
}
size_t orw_network_size(const orw_network *network) {
    return network->size;
}
size_t orw_network_numel(const orw_network *network) {
    return network->numel;
}

int orw_network_find(const orw_network *network, const char *name) {
    for (int i = 0; i < network->parameters; i++)
        if (strcmp(network->parameter[i].name, name) == 0) return i;
    return -1;
}

float *orw_network_values(const orw_network *network) {
    size_t bytes = network->size * sizeof(float); /* a multiple of 64, as aligned_alloc wants it */
    float *values = aligned_alloc(64, bytes);
    if (values) memset(values, 0, bytes);
    return values;
}

/* ---------------------------------------------------------------- the table ------------------------------------- */

static int add(orw_network *network, const char *name, const char *suffix, int rank, const int *shape,
               orw_layout layout, orw_init init, int fan_in) {
    if (network->status != ORW_OK) return 0;
    if (network->parameters == network->capacity) {
        int capacity = network->capacity ? 2 * network->capacity : 64;
        orw_parameter *grown = realloc(network->parameter, (size_t)capacity * sizeof *grown);
        if (!grown) {
            network->status = orw_error(ORW_ERR_SYSTEM, "no memory for a table of %d parameters", capacity);
            return 0;
        }
        network->parameter = grown;
        network->capacity = capacity;
    }
    orw_parameter *made = &network->parameter[network->parameters];
    *made = (orw_parameter){.rank = rank, .layout = layout, .init = init, .fan_in = fan_in};
    made->count = 1;
    for (int i = 0; i < rank; i++) {
        made->shape[i] = shape[i];
        made->count *= (size_t)shape[i]; /* the descriptions' limits keep this far below 2^64 */
    }
    snprintf(made->name, sizeof made->name, suffix ? "%s.%s" : "%s", name, suffix);
    network->numel += made->count;
    return network->parameters++;
}

static int add_layer(orw_network *network, const char *name, int rank, const int *shape, orw_layout layout,
                     orw_init init, int fan_in) {
    int first = add(network, name, "weight", rank, shape, layout, init, fan_in);
    add(network, name, "bias", 1, shape, ORW_LAYOUT_PLAIN, init, fan_in);
    return first;
}

int orw_network_add_linear(orw_network *network, const char *name, int in, int out, orw_init init) {
    return add_layer(network, name, 2, (int[]){out, in}, ORW_LAYOUT_PLAIN, init, in);
}

int orw_network_add_conv1x1(orw_network *network, const char *name, int in, int out, int rank, orw_init init) {
    return add_layer(network, name, rank, (int[]){out, in, 1, 1}, ORW_LAYOUT_PLAIN, init, in);
}

int orw_network_add_conv3x3(orw_network *network, const char *name, int in, int out, orw_init init) {
    return add_layer(network, name, 4, (int[]){out, in, 3, 3}, ORW_LAYOUT_CONV, init, 9 * in);
}

int orw_network_add_norm(orw_network *network, const char *name, int channels) {
    int first = add(network, name, "weight", 1, &channels, ORW_LAYOUT_PLAIN, ORW_INIT_ONE, channels);
    add(network, name, "bias", 1, &channels, ORW_LAYOUT_PLAIN, ORW_INIT_ZERO, channels);
    return first;
}

int orw_network_add_embedding(orw_network *network, const char *name, int rows, int width) {
    return add(network, name, "weight", 2, (int[]){rows, width}, ORW_LAYOUT_PLAIN, ORW_INIT_NORMAL, rows);
}

int orw_network_add_vector(orw_network *network, const char *name, int count, orw_init init) {
    return add(network, name, "weight", 1, &count, ORW_LAYOUT_PLAIN, init, count);
}

int orw_network_add_matrix(orw_network *network, const char *name, int in, int out, orw_init init) {
    return add(network, name, "weight", 2, (int[]){out, in}, ORW_LAYOUT_PLAIN, init, in);
}

int orw_network_add_patches(orw_network *network, const char *name, int in, int out, int patch, orw_init init) {
    return add_layer(network, name, 4, (int[]){out, in, patch, patch}, ORW_LAYOUT_PATCH, init, patch * patch * in);
}

int orw_network_add_table(orw_network *network, const char *name, int rank, const int *shape) {
    return add(network, name, NULL, rank, shape, ORW_LAYOUT_PLAIN, ORW_INIT_ZERO, 1);
}

int orw_network_add_positions(orw_network *network, const char *name, int extent, int width, int base) {
    int i = add(network, name, NULL, 3, (int[]){1, extent * extent, width}, ORW_LAYOUT_PLAIN, ORW_INIT_POSITION, base);
    if (network->status == ORW_OK) network->parameter[i].frozen = true;
    return i;
}

/* ---------------------------------------------------------------- the pass -------------------------------------- */

orw_tensor *orw_pass_parameter(const orw_pass *pass, int i) {
    const orw_parameter *p = &pass->network->parameter[i];
    float *data = orw_parameter_data(p, pass->values);
    float *grad = pass->grads && !p->frozen ? pass->grads + p->offset : NULL;
    if (p->layout == ORW_LAYOUT_CONV)
        return orw_tape_view(pass->tape, data, grad, 4, (int[]){p->shape[2], p->shape[3], p->shape[1], p->shape[0]});
    if (p->layout == ORW_LAYOUT_PATCH)
        return orw_tape_view(pass->tape, data, grad, 2, (int[]){p->shape[0], (int)(p->count / (size_t)p->shape[0])});
    /* A 1x1 convolution is a matrix: PyTorch's trailing ones are dropped. */
    return orw_tape_view(pass->tape, data, grad, p->rank > 2 ? 2 : p->rank, p->shape);
}

void orw_pass_show(const orw_pass *pass, const char *stage, const orw_tensor *x) {
    if (pass->probe && x) pass->probe->see(pass->probe->context, stage, x);
}

orw_tensor *orw_pass_linear(const orw_pass *pass, orw_tensor *x, int first) {
    return orw_linear(pass->tape, x, orw_pass_parameter(pass, first), orw_pass_parameter(pass, first + 1));
}

orw_tensor *orw_pass_conv3x3(const orw_pass *pass, orw_tensor *x, int first, int stride) {
    return orw_conv3x3(pass->tape, x, orw_pass_parameter(pass, first), orw_pass_parameter(pass, first + 1), stride);
}

orw_tensor *orw_pass_norm(const orw_pass *pass, orw_tensor *x, int first, int groups, float eps, orw_tensor *modulation,
                          bool silu) {
    return orw_group_norm(pass->tape, x, orw_pass_parameter(pass, first), orw_pass_parameter(pass, first + 1), groups,
                          eps, modulation, silu);
}

orw_tensor *orw_pass_consume(const orw_pass *pass, orw_tensor *result, orw_tensor *x) {
    orw_tape_release(pass->tape, x);
    return result;
}

orw_tensor *orw_pass_discard(const orw_pass *pass, orw_tensor *result, orw_tensor *x) {
    orw_tape_discard(pass->tape, x);
    return result;
}

/* Whether x and the conditions are what the network was built for; if not, the tape has failed. */
static bool input_fits(const orw_network *network, orw_tape *tape, const orw_input *in) {
    const orw_tensor *x = in->x;
    const char *kind = network->architecture->kind;
    const bool any = network->any_size && x && x->rank == 4;
    int height = any ? x->shape[1] : network->height, width = any ? x->shape[2] : network->width;
    int channels = network->channels;
    if (!x) return false; /* an earlier failure, already on the tape */
    bool image = x->rank == 4 && x->shape[1] == height && x->shape[2] == width && x->shape[3] == channels;
    bool vector = x->rank == 2 && height == 1 && width == 1 && x->shape[1] == channels;
    if (!image && !(vector && network->architecture->accepts_vectors)) {
        orw_tape_fail(tape, ORW_ERR_INTERNAL, "%s: x of rank %d with %zu numbers found, expected [B,%d,%d,%d]", kind,
                      x->rank, orw_tensor_count(x), height, width, channels);
        return false;
    }
    if (network->condition_width && !in->conditions) {
        orw_tape_fail(tape, ORW_ERR_INPUT,
                      "%s: no conditions given, but the network is conditioned on %d of 0 .. %d for each sample", kind,
                      network->condition_width, network->condition_values - 1);
        return false;
    }
    for (int i = 0; i < x->shape[0] * network->condition_width; i++)
        if (in->conditions[i] < -1 || in->conditions[i] >= network->condition_values) {
            orw_tape_fail(tape, ORW_ERR_INPUT, "%s: condition %d found, expected 0 .. %d, or -1 for none", kind,
                          in->conditions[i], network->condition_values - 1);
            return false;
        }
    return true;
}

orw_tensor *orw_network_forward(const orw_network *network, orw_tape *tape, float *values, float *grads,
                                const orw_input *in) {
    if (!input_fits(network, tape, in)) return NULL;
    orw_pass pass = {network, tape, values, grads, in->probe};
    /* cppcheck-suppress returnDanglingLifetime ; the result lives on the tape */
    return network->architecture->forward(&pass, in);
}
