/* test_safetensors.c - files that are right come back bit for bit; every kind of damage is refused in one line that
 * names the file and what is wrong, and no cut or changed byte of a good file crashes the parser. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"

#include <math.h>
#include <string.h>

static unsigned char *file_bytes(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file) abort();
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*count);
    if (fread(bytes, 1, *count, file) != *count) abort();
    fclose(file);
    return bytes;
}

/* A file of this header and `data` bytes of data; the length field is right unless `length` says otherwise. */
static const char *compose(const char *header, size_t data, int64_t length) {
    size_t count = strlen(header);
    uint64_t field = length >= 0 ? (uint64_t)length : count;
    unsigned char *bytes = calloc(1, 8 + count + data);
    memcpy(bytes, &field, 8);
    memcpy(bytes + 8, header, count);
    const char *path = scratch_write("damaged.safetensors", bytes, 8 + count + data);
    free(bytes);
    return path;
}

static void refuse_path(const char *path, const char *expected, const char *what) {
    orw_safetensors *file = NULL;
    orw_status status = orw_safetensors_open(path, &file);
    const char *text = orw_error_text();
    ok(status == ORW_ERR_INPUT && !file, "%s is refused", what);
    ok(strstr(text, path) && strstr(text, expected) && !strchr(text, '\n'), "%s: one line with the file and \"%s\": %s",
       what, expected, text);
    orw_safetensors_close(&file);
}

static void refuse(const char *header, size_t data, const char *expected) {
    refuse_path(compose(header, data, -1), expected, header);
}

#define ENTRY(shape, offsets) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void check_damage(void) {
    char raw[8] = {1, 2, 3};
    refuse_path(scratch("absent.safetensors"), "cannot be opened", "a missing file");
    refuse_path(scratch_write("short.safetensors", raw, 7), "7 bytes", "a file shorter than its length field");
    refuse_path(compose("{}", 0, 3), "header of 3 bytes", "a header longer than the file");
    refuse_path(compose("{}", 0, 100000001), "at most", "a header over the cap");
    refuse_path(compose("{}", 0, INT64_MAX), "at most", "an absurd header length");
    refuse_path(scratch("."), "regular", "a directory");
    refuse("", 0, "JSON");
    refuse("{", 0, "JSON");
    refuse("[]", 0, "no JSON object");
    refuse("{} x", 0, "JSON");
    refuse("{\"a\":1}", 0, "tensor a");
    refuse("{\"a\":{}}", 0, "dtype missing");
    refuse("{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "dtype F64");
    refuse("{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype missing");
    refuse("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape missing");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets missing");
    refuse("{\"a\":" ENTRY("[-1]", "[0,4]") "}", 4, "shape[0]");
    refuse("{\"a\":" ENTRY("[1.0]", "[0,4]") "}", 4, "shape[0]");
    refuse("{\"a\":" ENTRY("[\"1\"]", "[0,4]") "}", 4, "shape[0]");
    refuse("{\"a\":" ENTRY("[4294967296,4294967296]", "[0,0]") "}", 0, "more elements");
    refuse("{\"a\":" ENTRY("[4611686018427387904]", "[0,0]") "}", 0, "more elements");
    refuse("{\"a\":" ENTRY("[99999999999999999999]", "[0,0]") "}", 0, "JSON");
    refuse("{\"a\":" ENTRY("[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "9 dimensions");
    refuse("{\"a\":" ENTRY("[1]", "[0]") "}", 4, "data_offsets");
    refuse("{\"a\":" ENTRY("[1]", "[0,4,8]") "}", 4, "data_offsets");
    refuse("{\"a\":" ENTRY("[1]", "[4,0]") "}", 4, "data_offsets [4,0]");
    refuse("{\"a\":" ENTRY("[1]", "[-4,0]") "}", 4, "data_offsets [-4,0]");
    refuse("{\"a\":" ENTRY("[2]", "[0,8]") "}", 4, "the file has 4 bytes of data");
    refuse("{\"a\":" ENTRY("[2]", "[0,4]") "}", 4, "expected 8");
    refuse("{\"a\":" ENTRY("[1]", "[0,4]") "}", 8, "8 bytes of data found, but the tensors cover 4");
    refuse("{\"a\":" ENTRY("[1]", "[4,8]") "}", 8, "leave a gap");
    refuse("{\"a\":" ENTRY("[2]", "[0,8]") ",\"b\":" ENTRY("[2]", "[4,12]") "}", 12, "overlap");
    refuse("{\"a\":" ENTRY("[1]", "[0,4]") ",\"b\":" ENTRY("[1]", "[0,4]") "}", 4, "overlap");
    refuse("{\"a\":" ENTRY("[1]", "[0,4]") ",\"a\":" ENTRY("[1]", "[4,8]") "}", 8, "duplicate");
    refuse("{\"__metadata__\":3}", 0, "__metadata__");
    refuse("{\"__metadata__\":{\"k\":3}}", 0, "key k");
    refuse("{\"a\\nb\":1}", 0, "tensor a");
}

static void check_good(void) {
    orw_safetensors *file = NULL;
    const char *header = "{\"b\":" ENTRY("[2,1]", "[4,12]") ",\"__metadata__\":{\"k\":\"v\"},\"a\":" ENTRY(
        "[]", "[0,4]") ",\"none\":" ENTRY("[0,3]", "[12,12]") "}   ";
    ok(orw_safetensors_open(compose(header, 12, -1), &file) == ORW_OK,
       "tensors in any order, a scalar, an empty one, padding");
    if (!file) return;
    int rank;
    int64_t shape[8];
    const float *data;
    ok(orw_safetensors_count(file) == 3, "three tensors");
    ok(strcmp(orw_dictionary_get(orw_safetensors_metadata(file), "k"), "v") == 0, "metadata");
    ok(orw_safetensors_get(file, "b", &rank, shape, &data) == ORW_OK && rank == 2 && shape[0] == 2 && shape[1] == 1 &&
           data[1] == 0,
       "a tensor of 2x1");
    ok(orw_safetensors_get(file, "a", &rank, shape, &data) == ORW_OK && rank == 0, "a scalar");
    ok(orw_safetensors_get(file, "c", &rank, shape, &data) == ORW_ERR_INPUT, "a missing tensor: %s", orw_error_text());
    orw_safetensors_close(&file);
}

static orw_network *network_of(const char *channels) {
    static const char *const pairs[][2] = {{"kind", "unet"}, {"in_channels", "1"},    {"height", "4"},
                                           {"width", "4"},   {"num_res_blocks", "1"}, {"channel_mult", "1,2"},
                                           {"groups", "4"}};
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) abort();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (orw_dictionary_set(description, pairs[i][0], "%s", pairs[i][1]) != ORW_OK) abort();
    if (orw_dictionary_set(description, "num_channels", "%s", channels) != ORW_OK) abort();
    if (orw_network_create(description, &network) != ORW_OK) abort();
    orw_dictionary_destroy(&description);
    return network;
}

/* Saves a network, reads it back, builds the network from the metadata alone. */
static void check_network(const char *path, const orw_network *network, const float *values) {
    orw_dictionary *about = NULL;
    orw_safetensors *file = NULL;
    orw_network *again = NULL;
    size_t count;
    ok(orw_dictionary_create(&about) == ORW_OK && orw_dictionary_set(about, "epoch", "3") == ORW_OK &&
           orw_dictionary_set(about, "role", "weights") == ORW_OK &&
           orw_safetensors_save_network(path, network, values, about) == ORW_OK,
       "a network is saved");
    unsigned char *bytes = file_bytes(path, &count);
    uint64_t length;
    memcpy(&length, bytes, 8);
    ok(length % 8 == 0 && count == 8 + length + orw_network_numel(network) * sizeof(float),
       "header padded to 8, no gaps");
    free(bytes);
    ok(orw_safetensors_open(path, &file) == ORW_OK, "and opened");
    bool ordered = orw_safetensors_count(file) == orw_network_parameter_count(network);
    for (int i = 0; ordered && i < orw_safetensors_count(file); i++)
        ordered = strcmp(orw_safetensors_name(file, i), orw_network_parameter(network, i)->name) == 0;
    ok(ordered, "tensors stand in PyTorch's order");
    ok(orw_network_create(orw_safetensors_metadata(file), &again) == ORW_OK, "the metadata alone builds the network");
    float *back = orw_network_values(network);
    ok(orw_safetensors_load_network(file, network, back) == ORW_OK &&
           memcmp(back, values, orw_network_size(network) * sizeof *back) == 0,
       "values come back bit for bit");
    orw_network *other = network_of("8");
    ok(orw_safetensors_load_network(file, other, back) == ORW_ERR_INPUT && strstr(orw_error_text(), "expected [32,8]"),
       "another network's shapes are refused: %s", orw_error_text());
    free(back);
    orw_network_destroy(&other);
    orw_network_destroy(&again);
    orw_safetensors_close(&file);
    orw_dictionary_destroy(&about);
}

/* A missing tensor, an extra one, a NaN. */
static void check_tensors(const char *path, const orw_network *network, const float *values) {
    size_t count;
    orw_safetensors *file = NULL;
    float *back = orw_network_values(network), *broken = orw_network_values(network);
    unsigned char *bytes = file_bytes(path, &count);
    char *name = memmem(bytes, count, "\"out.2.bias\"", 12);
    memcpy(name, "\"out.2.vias\"", 12);
    ok(orw_safetensors_open(scratch_write("renamed.safetensors", bytes, count), &file) == ORW_OK &&
           orw_safetensors_load_network(file, network, back) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "1 missing: out.2.bias, 1 extra: out.2.vias"),
       "a missing and an extra tensor are named: %s", orw_error_text());
    orw_safetensors_close(&file);
    memcpy(broken, values, orw_network_size(network) * sizeof *broken);
    broken[orw_network_parameter(network, 1)->offset + 2] = NAN;
    const char *poisoned = scratch("nan.safetensors");
    ok(orw_safetensors_save_network(poisoned, network, broken, NULL) == ORW_OK &&
           orw_safetensors_open(poisoned, &file) == ORW_OK &&
           orw_safetensors_load_network(file, network, back) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "time_embed.0.bias: element 2"),
       "a value that is no number is named: %s", orw_error_text());
    orw_safetensors_close(&file);
    ok(orw_safetensors_save_network(scratch("no/such/place.safetensors"), network, values, NULL) == ORW_ERR_INPUT,
       "a place that cannot be written: %s", orw_error_text());
    ok(!orw_file_exists(scratch("nan.safetensors.partial")), "no partial file is left");
    free(bytes);
    free(back);
    free(broken);
}

/* Many ways of cutting, and one changed bit at many places of the header: opens or is refused, never crashes; what
 * opens is loaded or refused. */
static void check_every_byte(const char *path, const orw_network *network) {
    size_t count;
    unsigned char *bytes = file_bytes(path, &count);
    float *values = orw_network_values(network);
    uint64_t length;
    memcpy(&length, bytes, 8);
    int opened = 0, tried = 0;
    for (size_t cut = 0; cut < count; cut += cut < length + 64 ? 37 : 1999) {
        orw_safetensors *file = NULL;
        opened += orw_safetensors_open(scratch_write("cut.safetensors", bytes, cut), &file) == ORW_OK;
        orw_safetensors_close(&file);
    }
    ok(opened == 0, "no shortened file is opened");
    for (size_t at = 0; at < length + 8; at += 17, tried++) {
        unsigned char kept = bytes[at];
        bytes[at] ^= (unsigned char)(1u << (at / 17 % 8));
        orw_safetensors *file = NULL;
        if (orw_safetensors_open(scratch_write("changed.safetensors", bytes, count), &file) == ORW_OK)
            opened += orw_safetensors_load_network(file, network, values) == ORW_OK;
        orw_safetensors_close(&file);
        bytes[at] = kept;
    }
    ok(true, "%d files with one changed bit in the header: no crash (%d still mean the same tensors)", tried, opened);
    free(bytes);
    free(values);
}

int main(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s", scratch("network.safetensors"));
    orw_network *network = network_of("4");
    float *values = orw_network_values(network);
    orw_network_initialise(network, 1, values);
    check_damage();
    check_good();
    check_network(path, network, values);
    check_tensors(path, network, values);
    check_every_byte(path, network);
    free(values);
    orw_network_destroy(&network);
    return done_testing();
}
