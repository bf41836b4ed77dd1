/* info.c - `orw info`: what a file is and holds, or what this build is and runs on. */
#include "orw/data.h"
#include "orw/method.h"
#include "orw/metrics.h"
#include "orw/reward.h"
#include "orw/scene.h"
#include "orw/store.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "table.h"

static const char usage[] =
    "usage: orw info [FILE...]\n"
    "What each FILE is (run, samples, checkpoint, model, safetensors, IDX), what it holds and where it comes from.\n"
    "Without FILE: this build, its libraries, the kernels in use, the data sets that are found, the\n"
    "fine-tuning methods, the rewards.\n";

static void print_pair(const char *key, const char *value) {
    printf("  %-26s %.*s%s\n", key, (int)strcspn(value, "\n"), value, strchr(value, '\n') ? " ..." : "");
}

static void print_pairs(const orw_dictionary *pairs) {
    for (int i = 0; i < orw_dictionary_size(pairs); i++) {
        const char *key, *value;
        orw_dictionary_at(pairs, i, &key, &value);
        print_pair(key, value);
    }
}

/* ---------------------------------------------------------------- sealed HDF5 files ----------------------------- */

static orw_status describe_table(const char *path, const char *name) {
    cli_table table = {0};
    ORW_CALL(orw_cli_table_read(path, name, &table));
    printf("table %s: %" PRId64 " rows%s\n", name, table.rows, table.rows ? ", the last one:" : "");
    for (int c = 0; c < table.columns && table.rows > 0; c++)
        printf("  %-26s %.9g\n", table.names[c], table.values[(table.rows - 1) * table.columns + c]);
    orw_cli_table_free(&table);
    return ORW_OK;
}

static orw_status describe_tables(const char *path, const orw_dictionary *contents) {
    char last[256] = "";
    for (int i = 0; i < orw_dictionary_size(contents); i++) {
        const char *key, *value;
        char name[256];
        orw_dictionary_at(contents, i, &key, &value);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "/@"), key);
        if (strcmp(name, last) == 0) continue;
        strcpy(last, name);
        ORW_CALL(describe_table(path, name));
    }
    return ORW_OK;
}

static orw_status describe_rewards(const char *path) {
    orw_samples samples;
    ORW_CALL(orw_samples_read(path, &samples));
    double sum = 0, least = INFINITY, most = -INFINITY;
    for (int i = 0; samples.reward && i < samples.count; i++) {
        sum += samples.reward[i];
        least = fmin(least, samples.reward[i]);
        most = fmax(most, samples.reward[i]);
    }
    if (samples.reward) printf("reward: mean %.6g, from %.6g to %.6g\n", sum / samples.count, least, most);
    orw_samples_free(&samples);
    return ORW_OK;
}

static orw_status describe_sealed(const char *path) {
    char kind[ORW_STORE_KIND];
    orw_dictionary *contents = NULL, *origin = NULL;
    orw_status status;
    ORW_CALL(orw_store_kind(path, kind));
    ORW_TRY(status, orw_dictionary_create(&contents), done);
    ORW_TRY(status, orw_dictionary_create(&origin), done);
    ORW_TRY(status, orw_store_contents(path, contents), done);
    printf("%s: %s file\n", path, kind);
    if (strcmp(kind, "run") == 0)
        ORW_TRY(status, describe_tables(path, contents), done);
    else
        print_pairs(contents);
    if (strcmp(kind, "samples") == 0) ORW_TRY(status, describe_rewards(path), done);
    if (strcmp(kind, "checkpoint") != 0) { /* a checkpoint's origin is its identity pieces */
        ORW_TRY(status, orw_run_file_provenance(path, origin), done);
        printf("provenance\n");
        print_pairs(origin);
    }
done:
    orw_dictionary_destroy(&contents);
    orw_dictionary_destroy(&origin);
    return status;
}

/* ---------------------------------------------------------------- other files ----------------------------------- */

static const char *type_name(const char *type) {
    return strcmp(type, "f16") == 0 ? "float16" : strcmp(type, "bf16") == 0 ? "bfloat16" : "float32";
}

static orw_status describe_safetensors(const char *path) {
    orw_safetensors *file = NULL;
    ORW_CALL(orw_safetensors_open(path, &file));
    orw_status status = ORW_OK;
    printf("%s: safetensors file, %d tensors\n", path, orw_safetensors_count(file));
    for (int i = 0; i < orw_safetensors_count(file) && status == ORW_OK; i++) {
        int rank;
        int64_t shape[8];
        char text[8 * 24] = "";
        size_t used = 0;
        status = orw_safetensors_shape(file, orw_safetensors_name(file, i), &rank, shape);
        if (status != ORW_OK) break;
        for (int d = 0; d < rank; d++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%" PRId64, d ? "," : "", shape[d]);
        printf("  %-60s %s [%s]\n", orw_safetensors_name(file, i), type_name(orw_safetensors_type(file, i)), text);
    }
    if (orw_dictionary_size(orw_safetensors_metadata(file)) > 0) printf("metadata\n");
    print_pairs(orw_safetensors_metadata(file));
    orw_safetensors_close(&file);
    return status;
}

static uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The header of a raw or compressed IDX file of bytes; *is_idx says whether it is one. */
static orw_status describe_idx(const char *path, bool *is_idx) {
    unsigned char head[4 + 4 * 8];
    gzFile file = gzopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    int got = gzread(file, head, sizeof head);
    gzclose(file);
    int dimensions = got >= 4 ? head[3] : 0;
    *is_idx = got >= 4 && head[0] == 0 && head[1] == 0 && head[2] == 8 && dimensions >= 1 && dimensions <= 8 &&
              got >= 4 + 4 * dimensions;
    if (!*is_idx) return ORW_OK;
    printf("%s: IDX file, uint8 [", path);
    for (int d = 0; d < dimensions; d++) printf("%s%" PRIu32, d ? "," : "", big_endian(head + 4 + 4 * d));
    printf("]\n");
    return ORW_OK;
}

static orw_status describe_file(const char *path) {
    size_t length = strlen(path);
    unsigned char head[8] = "";
    bool is_idx = false;
    FILE *file = fopen(path, "rb");
    if (!file) return orw_error(ORW_ERR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    size_t got = fread(head, 1, sizeof head, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) return orw_error(ORW_ERR_INPUT, "%s: cannot be read", path);
    if (got == 0) return orw_error(ORW_ERR_INPUT, "%s: is empty", path);
    if (memcmp(head, "orw ", 4) == 0 || memcmp(head, "\211HDF", 4) == 0) return describe_sealed(path);
    if (length > 12 && strcmp(path + length - 12, ".safetensors") == 0) return describe_safetensors(path);
    ORW_CALL(describe_idx(path, &is_idx));
    if (is_idx) return ORW_OK;
    return orw_error(ORW_ERR_INPUT,
                     "%s: none of the kinds of files known here (run, samples, checkpoint, model, safetensors, IDX)",
                     path);
}

/* ---------------------------------------------------------------- the build ------------------------------------- */

typedef orw_status (*loader)(const char *directory, bool train, orw_dataset **dataset);

static void describe_dataset(const char *name, loader load, bool train) {
    orw_dataset *dataset = NULL;
    char label[64];
    snprintf(label, sizeof label, "%s:%s", name, train ? "train" : "test");
    if (load(NULL, train, &dataset) == ORW_OK)
        printf("  %-26s %d images %dx%dx%d%s\n", label, dataset->count, dataset->height, dataset->width,
               dataset->channels, strstr(dataset->name, "subset") ? ", a subset" : "");
    else
        print_pair(label, orw_error_text());
    orw_dataset_destroy(&dataset);
}

static void describe_data(void) {
    orw_sprites *sprites = NULL;
    for (int train = 1; train >= 0; train--) describe_dataset("mnist", orw_mnist_load, train);
    if (orw_cifar10_present(NULL))
        for (int train = 1; train >= 0; train--) describe_dataset("cifar10", orw_cifar10_load, train);
    else
        print_pair("cifar10", "not found: data/fetch cifar10 gets it, ORW_DATA says where a copy is");
    if (orw_sprites_load(NULL, &sprites) == ORW_OK)
        printf("  %-26s %d nouns\n", "sprites", sprites->nouns);
    else
        print_pair("sprites", orw_error_text());
    orw_sprites_destroy(&sprites);
}

/* Build, libraries and machine. */
static orw_status print_build(bool version) {
    orw_dictionary *build = NULL;
    ORW_CALL(orw_dictionary_create(&build));
    orw_status status = orw_describe_build(build);
    if (status == ORW_OK) {
        if (version)
            printf("orw %s\n", orw_dictionary_get(build, "commit"));
        else
            printf("build\n");
        print_pairs(build);
    }
    orw_dictionary_destroy(&build);
    return status;
}

orw_status orw_cli_version(void) {
    return print_build(true);
}

static orw_status describe_build(void) {
    ORW_CALL(print_build(false));
    printf("data\n");
    describe_data();
    printf("methods\n");
    for (int i = 0; orw_method_name(i); i++) print_pair(orw_method_name(i), orw_method_help(i));
    printf("\nmetrics, for evaluate.metrics\n");
    for (int i = 0; orw_metric_name(i); i++) print_pair(orw_metric_name(i), orw_metric_help(i));
    printf("\nrewards, for the key reward\n");
    for (int i = 0; orw_reward_kind(i); i++) print_pair(orw_reward_kind(i)->name, orw_reward_kind(i)->help);
    return ORW_OK;
}

int orw_cli_info(int argc, char **argv) {
    const orw_cli_option none = {NULL, ORW_CLI_SWITCH, NULL, 0, 0};
    orw_cli_operands files;
    if (orw_cli_help(argc, argv, usage)) return 0;
    orw_status status = orw_cli_read(argc, argv, usage, &none, 0, INT_MAX, &files);
    if (status == ORW_OK && files.count == 0) status = describe_build();
    for (int i = 0; i < files.count && status == ORW_OK; i++) status = describe_file(files.words[i]);
    return orw_cli_status(status);
}
