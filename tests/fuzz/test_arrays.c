/* test_arrays.c - an HDF5 file that anyone may have written, with arrays /a and /b/l. */
#include <hdf5.h>

#include "orw/data.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const sets[] = {"/a", "/b/a,/b/l"};
    const char *path = scratch_write("a.h5", data, size);
    for (int s = 0; s < 2; s++) {
        orw_dataset *dataset = NULL;
        char name[PATH_MAX + 32];
        snprintf(name, sizeof name, "hdf5:%s:%s", path, sets[s]);
        if (fuzz_read(orw_dataset_open(name, &dataset))) {
            const size_t all = (size_t)dataset->count * (size_t)dataset->height * (size_t)dataset->width;
            fuzz_touch(dataset->pixels, all * (size_t)dataset->channels);
        }
        orw_dataset_destroy(&dataset);
        if (orw_leaving_at_once()) return 0; /* a fault of HDF5, caught */
        if (H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) > 0) fuzz_fail("something is left open");
    }
    return 0;
}
