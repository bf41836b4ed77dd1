/* test_shards.c - numbers of two bytes come in as the float32 that they are; a model in several files is one model, and
 * an index that its files contradict is refused in one line. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/store.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static void write_tensors(const char *name, const char *header, const void *data, size_t bytes) {
    uint64_t length = strlen(header);
    FILE *file = fopen(scratch(name), "wb");
    if (!file || fwrite(&length, 8, 1, file) != 1 || fwrite(header, 1, length, file) != length ||
        fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0)
        abort();
}

/* ---------------------------------------------------------------- numbers --------------------------------------- */

enum { ALL = 1 << 16 };

/* By the definition: (-1)^s 2^(e - bias) (1 + m / 2^bits), with e = 0 and e = all ones apart. */
static double decode(unsigned number, int exponents, int bits) {
    const int bias = (1 << (exponents - 1)) - 1, top = (1 << exponents) - 1;
    const int e = (int)(number >> bits) & top, m = (int)number & ((1 << bits) - 1);
    const double sign = number >> 15 ? -1 : 1;
    if (e == top) return m ? NAN : sign * INFINITY;
    return sign * (e ? ldexp(1 + m / ldexp(1, bits), e - bias) : ldexp(m, 1 - bias - bits));
}

static void check_type(const char *type, int exponents, int bits) {
    static uint16_t stored[ALL];
    char header[256];
    orw_safetensors *file = NULL;
    const float *data;
    int rank, wrong = 0;
    int64_t shape[8];
    for (int i = 0; i < ALL; i++) stored[i] = (uint16_t)i;
    snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}", type, ALL,
             2 * ALL);
    write_tensors("all.safetensors", header, stored, sizeof stored);
    if (!ok(orw_safetensors_open(scratch("all.safetensors"), &file) == ORW_OK &&
                orw_safetensors_get(file, "a", &rank, shape, &data) == ORW_OK && shape[0] == ALL,
            "%s: all numbers are read: %s", type, orw_error_text()))
        return;
    for (int i = 0; i < ALL; i++) {
        const double right = decode((unsigned)i, exponents, bits);
        const bool same = isnan(right) ? isnan(data[i]) : data[i] == right && !signbit(data[i]) == !signbit(right);
        wrong += !same;
    }
    ok(wrong == 0, "%s: each is the number that its bits mean (%d are not)", type, wrong);
    orw_safetensors_close(&file);
}

/* ---------------------------------------------------------------- several files --------------------------------- */

#define F32(name, from, to) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" #from "," #to "]}"

static const float data[] = {1, 2, 3};

static const char *index_of(const char *text) {
    return scratch_write("model.safetensors.index.json", text, strlen(text));
}

static void refuse(const char *index, const char *expected, const char *what) {
    orw_safetensors *file = NULL;
    const orw_status status = orw_safetensors_open(index_of(index), &file);
    const char *text = orw_error_text();
    ok(status == ORW_ERR_INPUT && !file && strstr(text, expected) && !strchr(text, '\n'), "%s is refused: %s", what,
       text);
    orw_safetensors_close(&file);
}

#define MAP(text) "{\"metadata\":{\"total_size\":12},\"weight_map\":{" text "}}"

static void check_shards(void) {
    orw_safetensors *file = NULL;
    const float *a, *c;
    int rank;
    int64_t shape[8];
    write_tensors("one.safetensors", "{" F32("a", 0, 4) "," F32("b", 4, 8) "}", data, 8);
    write_tensors("two.safetensors", "{" F32("c", 0, 4) "}", data + 2, 4);
    write_tensors("again.safetensors", "{" F32("b", 0, 4) "}", data, 4);
    ok(orw_safetensors_open(
           index_of(MAP("\"a\":\"one.safetensors\",\"c\":\"two.safetensors\",\"b\":\"one.safetensors\"")), &file) ==
               ORW_OK &&
           orw_safetensors_count(file) == 3 && orw_safetensors_files(file) == 2 &&
           orw_safetensors_get(file, "a", &rank, shape, &a) == ORW_OK && *a == 1 &&
           orw_safetensors_get(file, "c", &rank, shape, &c) == ORW_OK && *c == 3,
       "two files are one list of three tensors: %s", orw_error_text());
    orw_safetensors_close(&file);
    refuse(MAP("\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"c\":\"three.safetensors\""),
           "file three.safetensors is missing: it should hold tensor c", "a missing file");
    refuse(MAP("\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"b\":\"two.safetensors\""), "duplicate object key",
           "a tensor that the index names twice");
    refuse(MAP("\"a\":\"one.safetensors\",\"b\":\"again.safetensors\""), "tensor b: also in",
           "a tensor that two files hold");
    refuse(MAP("\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"d\":\"two.safetensors\""), "tensor d: not in",
           "a tensor that no file holds");
    refuse(MAP("\"a\":\"two.safetensors\",\"b\":\"one.safetensors\",\"c\":\"two.safetensors\""),
           "expected in two.safetensors", "a tensor in another file than said");
    refuse(MAP("\"a\":\"one.safetensors\""), "is not in the index", "a tensor that the index leaves out");
    refuse(MAP("\"a\":\"../one.safetensors\""), "expected the name of one beside the index", "a file elsewhere");
    refuse(MAP("\"a\":\"\""), "expected the name of one beside the index", "a file without a name");
    refuse(MAP("\"a\":7"), "its file's name is no text", "a number for a file");
    refuse("{\"weight_map\":[]}", "weight_map missing", "an index without a map");
    refuse("{}", "weight_map missing", "an index of nothing");
    refuse("{", "no valid JSON", "half an index");
    if (truncate(scratch("two.safetensors"), 40) != 0) abort();
    refuse(MAP("\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"c\":\"two.safetensors\""),
           "two.safetensors: header of", "a file that was cut short");
}

/* What is cut off between opening and reading is an error, not a number. */
static void check_vanishing(void) {
    orw_safetensors *file = NULL;
    const float *a;
    int rank;
    int64_t shape[8];
    write_tensors("short.safetensors", "{" F32("a", 0, 4) "}", data, 4);
    ok(orw_safetensors_open(scratch("short.safetensors"), &file) == ORW_OK, "a file is opened");
    if (truncate(scratch("short.safetensors"), 12) != 0) abort();
    ok(orw_safetensors_get(file, "a", &rank, shape, &a) == ORW_ERR_SYSTEM && strstr(orw_error_text(), "it ended early"),
       "and cut short: %s", orw_error_text());
    orw_safetensors_close(&file);
}

int main(void) {
    check_type("F16", 5, 10);
    check_type("BF16", 8, 7);
    check_shards();
    check_vanishing();
    return done_testing();
}
