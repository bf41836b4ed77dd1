/* test_mnist.c - the embedded MNIST, where it is looked for, and that changed content is noticed. */
#include "../scratch.h"
#include "../tap.h"
#include "orw/data.h"

#include <string.h>

static void test_part(bool train, int count, const char *name, const uint8_t first[4]) {
    orw_dataset *d;
    bool loaded = orw_mnist_load(NULL, train, &d) == ORW_OK;
    if (!ok(loaded, "%s: loads and its sums are right %s", name, loaded ? "" : orw_error_text())) return;
    ok(d->count == count && d->height == 28 && d->width == 28 && d->channels == 1 && d->classes == 10, "%s: sizes",
       name);
    ok(strcmp(d->name, name) == 0, "%s: name", name);
    ok(memcmp(d->labels, first, 4) == 0, "%s: begins with %d %d %d %d", name, first[0], first[1], first[2], first[3]);
    int histogram[10] = {0};
    for (int i = 0; i < count; i++) histogram[d->labels[i]]++;
    bool balanced = true;
    for (int k = 0; k < 10; k++) balanced = balanced && histogram[k] > count / 12 && histogram[k] < count / 8;
    ok(balanced, "%s: every digit is there", name);
    orw_dataset_destroy(&d);
}

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...) {
    char command[9000];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof command || system(command) != 0) abort();
}

/* A directory with the test part, in which one stored pixel or label differs. */
static void test_changed(const char *what, const char *other) {
    const char *source = orw_source_directory(), *directory = scratch(what);
    orw_make_directories(directory);
    shell("cat '%s/data/mnist/%s.gz' > '%s/%s.gz'", source, other, directory, other);
    shell("gzip -dc '%s/data/mnist/%s.gz' > '%s/%s'", source, what, directory, what);
    orw_dataset *d;
    bool loaded = orw_mnist_load(scratch(what), false, &d) == ORW_OK;
    ok(loaded, "an explicit directory, one file raw, one compressed");
    orw_dataset_destroy(&d);
    char raw[8192];
    snprintf(raw, sizeof raw, "%s/%s", scratch(what), what);
    FILE *file = fopen(raw, "r+b");
    if (!file || fseek(file, 5000, SEEK_SET) != 0) abort();
    int old = fgetc(file);
    if (fseek(file, 5000, SEEK_SET) != 0) abort();
    fputc(old ^ 1, file);
    fclose(file);
    ok(orw_mnist_load(scratch(what), false, &d) == ORW_ERR_INPUT && !d && strstr(orw_error_text(), what) &&
           strstr(orw_error_text(), "SHA-256"),
       "one changed bit: %s", orw_error_text());
}

/* The names that some distributions give the files, in every mixture. */
static void test_names(void) {
    static const char *const parts[2] = {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    static const char *const dotted[2] = {"t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"};
    for (int kind = 1; kind < 4; kind++) {
        char directory[4096];
        snprintf(directory, sizeof directory, "%s%d", scratch("dotted"), kind);
        orw_make_directories(directory);
        for (int i = 0; i < 2; i++) {
            const char *name = kind & (1 << i) ? dotted[i] : parts[i];
            shell("cat '%s/data/mnist/%s.gz' > '%s/%s.gz'", orw_source_directory(), parts[i], directory, name);
            if (i == 0) shell("gzip -d '%s/%s.gz'", directory, name);
        }
        orw_dataset *d;
        bool loaded = orw_mnist_load(directory, false, &d) == ORW_OK;
        ok(loaded, "%s and %s: %s", kind & 1 ? dotted[0] : parts[0], kind & 2 ? dotted[1] : parts[1],
           loaded ? "" : orw_error_text());
        orw_dataset_destroy(&d);
    }
}

static void test_search(void) {
    orw_dataset *d;
    ok(orw_mnist_load(scratch("nowhere"), true, &d) == ORW_ERR_INPUT && !d &&
           strstr(orw_error_text(), "nowhere/train-images"),
       "a directory that is not there: %s", orw_error_text());
    setenv("ORW_DATA", scratch("data"), 1);
    bool loaded = orw_mnist_load(NULL, false, &d) == ORW_OK;
    ok(loaded, "$ORW_DATA without MNIST: the source tree's");
    orw_dataset_destroy(&d);
    orw_make_directories(scratch("data/mnist"));
    scratch_write("data/mnist/t10k-images-idx3-ubyte", "rubbish", 7);
    ok(orw_mnist_load(NULL, false, &d) == ORW_ERR_INPUT &&
           strstr(orw_error_text(), "data/mnist/t10k-images-idx3-ubyte: magic number"),
       "$ORW_DATA with a damaged one: %s", orw_error_text());
    unsetenv("ORW_DATA");
}

int main(void) {
    test_part(true, 60000, "mnist-train", (const uint8_t[]){5, 0, 4, 1});
    test_part(false, 10000, "mnist-test", (const uint8_t[]){7, 2, 1, 0});
    test_changed("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
    test_changed("t10k-labels-idx1-ubyte", "t10k-images-idx3-ubyte");
    test_names();
    test_search();
    return done_testing();
}
