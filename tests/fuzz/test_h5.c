/* test_h5.c - sealed files of every kind that were made, not damaged. The first byte is the kind, the rest what stands
 * behind the user block. The seal is made here; so are, where the first byte has bit 2, the check sums that HDF5 keeps
 * in superblock and object headers, or few changes would come further than these. */
#include <inttypes.h>
#include <xxhash.h>

#include "orw/store.h"

#include "fuzz.h"

enum { run_file, samples_file, checkpoint_file, model_file };
static const char *const kinds[] = {"run", "samples", "checkpoint", "model"};
static const orw_column columns[] = {{"update", "", ""}, {"reward", "1", ""}, {"loss", "", ""}, {NULL, NULL, NULL}};

/* ---------------------------------------------------------------- check sums ------------------------------------ */

/* HDF5's own, Jenkins's lookup3; where the library hides it nothing is mended. */
extern uint32_t H5_checksum_metadata(const void *bytes, size_t count, uint32_t seed) __attribute__((weak));

static uint64_t little_endian(const uint8_t *bytes, size_t count) {
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

/* The sum over `count` bytes, behind them. */
static void mend_sum(uint8_t *bytes, size_t count) {
    uint32_t sum = H5_checksum_metadata(bytes, count, 0);
    for (size_t i = 0; i < 4; i++) bytes[count + i] = (uint8_t)(sum >> (8 * i));
}

/* The blocks that a header's continuation messages name. `messages` are its bytes, `extra` those of each for order. */
static void mend_continuations(uint8_t *bytes, size_t size, const uint8_t *messages, size_t length, size_t extra) {
    for (size_t at = 0, head = 4 + extra; at + head <= length;) {
        size_t body = (size_t)little_endian(messages + at + 1, 2);
        if (messages[at] == 0x10 && body >= 16 && at + head + 16 <= length) {
            uint64_t address = little_endian(messages + at + head, 8),
                     count = little_endian(messages + at + head + 8, 8);
            if (address < size && count >= 8 && count <= size - address) mend_sum(bytes + address, (size_t)count - 4);
        }
        at += head + body;
    }
}

/* An object header of version 2 whose signature stands at `header`. */
static void mend_header(uint8_t *bytes, size_t size, uint8_t *header) {
    size_t left = size - (size_t)(header - bytes);
    uint8_t flags = header[5];
    size_t width = (size_t)1 << (flags & 3), before = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    if (before + width + 4 > left) return;
    uint64_t length = little_endian(header + before, width);
    if (length > left - before - width - 4) return;
    mend_continuations(bytes, size, header + before + width, (size_t)length, flags & 4 ? 2 : 0);
    mend_sum(header, before + width + (size_t)length);
}

static void mend(uint8_t *bytes, size_t size) {
    enum { superblock = 44 };
    if (!H5_checksum_metadata || size < superblock + 4) return;
    if (bytes[8] == 2 || bytes[8] == 3) mend_sum(bytes, superblock);
    for (size_t at = superblock + 4; at + 16 <= size; at++)
        if (memcmp(bytes + at, "OHDR", 4) == 0) mend_header(bytes, size, bytes + at);
}

/* ---------------------------------------------------------------- the file -------------------------------------- */

static const char *write_sealed(const char *name, const char *kind, const uint8_t *data, size_t size, bool mended) {
    const size_t block = 512;
    uint8_t *bytes = calloc(1, block + size);
    memcpy(bytes + block, data, size);
    if (mended) mend(bytes + block, size);
    uint64_t digest = XXH64(bytes + block, size, XXH64(kind, strlen(kind), 0));
    snprintf((char *)bytes, block,
             "orw %s file, sealed\nbytes %" PRIu64 "\nxxh64 %016" PRIx64
             "\nThis is an HDF5 file behind a user block of 512 bytes; the digest is over all that follows it.\n",
             kind, (uint64_t)(block + size), digest);
    const char *path = scratch_write(name, bytes, block + size);
    free(bytes);
    return path;
}

/* ---------------------------------------------------------------- reading --------------------------------------- */

/* HDF5's own refusals are ORW_ERR_SYSTEM: it is not told what the file is to blame for. */
static bool read_h5(orw_status status) {
    return (status != ORW_ERR_SYSTEM || !*orw_error_text()) && fuzz_read(status);
}

static void read_run(const char *path) {
    static const char *const tables[] = {"metrics", "evaluation"};
    for (int t = 0; t < 2; t++) {
        int count;
        char **names;
        int64_t rows;
        double *values;
        if (!read_h5(orw_run_file_read(path, tables[t], &count, &names, &rows, &values))) continue;
        fuzz_touch(values, (size_t)rows * (size_t)count * sizeof *values);
        for (int c = 0; c < count; c++) free(names[c]);
        free(names);
        free(values);
    }
}

static void read_samples(const char *path) {
    orw_samples samples = {0};
    if (!read_h5(orw_samples_read(path, &samples))) return;
    size_t count = (size_t)samples.count;
    fuzz_touch(samples.pixels, count * (size_t)samples.height * (size_t)samples.width * (size_t)samples.channels);
    if (samples.reward) fuzz_touch(samples.reward, count * sizeof *samples.reward);
    if (samples.weight) fuzz_touch(samples.weight, count * sizeof *samples.weight);
    orw_samples_free(&samples);
}

static void read_checkpoint(void) {
    float weights[3];
    int64_t counters[3];
    char *text = NULL;
    bool found;
    orw_checkpoint *checkpoint = NULL;
    orw_table *table = NULL;
    fuzz_must(orw_checkpoint_create(&checkpoint), "a checkpoint");
    fuzz_must(orw_table_create("metrics", columns, &table), "a table");
    orw_checkpoint_add_floats(checkpoint, "weights", weights, 3);
    orw_checkpoint_add_integers(checkpoint, "counters", counters, 3);
    orw_checkpoint_add_table(checkpoint, table);
    orw_checkpoint_add_text(checkpoint, "changes", &text);
    orw_checkpoint_add_identity(checkpoint, "configuration", "[train]\nrounds = 3\n");
    orw_checkpoint_allow_changes(checkpoint);
    read_h5(orw_checkpoint_load(checkpoint, scratch("."), &found));
    free(text);
    orw_checkpoint_destroy(&checkpoint);
    orw_table_destroy(&table);
}

static void read_model(const char *path) {
    orw_network *network = NULL;
    float *values = NULL;
    char digest[17];
    read_h5(orw_model_load(path, &network, &values, digest));
    free(values);
    orw_network_destroy(&network);
}

static void read_contents(const char *path) {
    orw_dictionary *texts = NULL;
    fuzz_must(orw_dictionary_create(&texts), "a dictionary");
    read_h5(orw_store_contents(path, texts));
    orw_dictionary_clear(texts);
    read_h5(orw_run_file_provenance(path, texts));
    orw_dictionary_destroy(&texts);
}

/* Whatever the answer was, nothing stays open. */
static void check_closed(void) {
    static const H5I_type_t types[] = {H5I_FILE, H5I_GROUP, H5I_DATASET, H5I_ATTR, H5I_DATASPACE};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        hsize_t count = 0;
        H5Inmembers(types[t], &count);
        if (count > 0)
            fuzz_fail("%d handles of type %d are left open: %s", (int)count, (int)types[t], orw_error_text());
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    int kind = data[0] & 3;
    const char *name = kind == checkpoint_file ? "checkpoint.h5" : "a.h5";
    const char *path = write_sealed(name, kinds[kind], data + 1, size - 1, data[0] & 4);
    read_contents(path);
    if (kind == run_file) read_run(path);
    if (kind == samples_file) read_samples(path);
    if (kind == checkpoint_file) read_checkpoint();
    if (kind == model_file) read_model(path);
    check_closed();
    return 0;
}
