/* test_folder.c - labels.tsv and captions.tsv of a folder of three pictures: the input up to its first byte 1, and the
 * rest. */
#include "orw/data.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t pixel[1] = {7};
    static const char *const files[] = {"f/a.png", "f/b.png", "f/c c.png"};
    static bool made;
    orw_dataset *dataset = NULL;
    char name[PATH_MAX + 16];
    for (int i = 0; i < 3 && !made; i++) {
        fuzz_must(orw_make_directories(scratch("f")), "a folder");
        fuzz_must(orw_png_write(scratch(files[i]), 1, 1, 1, pixel), "a picture");
    }
    made = true;
    const uint8_t *cut = size ? memchr(data, 1, size) : NULL;
    const size_t labels = cut ? (size_t)(cut - data) : size;
    scratch_write("f/labels.tsv", data, labels);
    unlink(scratch("f/captions.tsv"));
    if (cut) scratch_write("f/captions.tsv", cut + 1, size - labels - 1);
    snprintf(name, sizeof name, "folder:%s", scratch("f"));
    if (fuzz_read(orw_dataset_open(name, &dataset))) {
        if (!dataset->labels || (cut && !dataset->captions)) fuzz_fail("labels or captions are missing");
        for (int i = 0; i < 3; i++) {
            if (dataset->labels[i] >= dataset->classes) fuzz_fail("a label beyond the classes");
            if (cut) fuzz_touch(dataset->captions[i], strlen(dataset->captions[i]) + 1);
        }
        if (dataset->nouns) fuzz_touch(dataset->nouns, (size_t)dataset->classes * ORW_NOUN_BYTES);
    }
    orw_dataset_destroy(&dataset);
    return 0;
}
