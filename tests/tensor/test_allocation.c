/* test_allocation.c - the tape keeps its memory: after the first pass, neither inference nor training asks the system
 * for any. Allocations are counted by taking malloc's place, which only glibc without a sanitizer permits. */
#include "../tap.h"
#include "orw/flow.h"
#include "orw/model.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define COUNTS 1
static int allocations;
extern void *__libc_malloc(size_t size), *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size), *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
    allocations++;
    return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}
#else
#define COUNTS 0
static int allocations;
#endif

enum { BATCH = 3, PIXELS = 28 * 28 };

/* Every kind of block: attention at 14x14, upsampling, residual blocks with and without a skip convolution. */
static orw_network *make_network(void) {
    static const char *const texts[] = {"kind",
                                        "unet",
                                        "in_channels",
                                        "1",
                                        "height",
                                        "28",
                                        "width",
                                        "28",
                                        "num_channels",
                                        "16",
                                        "num_res_blocks",
                                        "1",
                                        "channel_mult",
                                        "1,2",
                                        "groups",
                                        "8",
                                        "attention_resolutions",
                                        "14",
                                        NULL};
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    for (int i = 0; texts[i]; i += 2) orw_dictionary_set(description, texts[i], "%s", texts[i + 1]);
    orw_network_create(description, &network);
    orw_dictionary_destroy(&description);
    return network;
}

int main(int argc, char **argv) {
    if (orw_cpu_prepare(argc, argv) != ORW_OK) return 1;
    static float x[BATCH * PIXELS], t[BATCH] = {0.1f, 0.5f, 0.9f}, ones[BATCH] = {1, 1, 1};
    orw_network *network = make_network();
    orw_tape *tape = NULL;
    ok(network && orw_tape_create(&tape) == ORW_OK, "a network and a tape");
    if (!tape) return done_testing();
    float *values = orw_network_values(network), *gradient = orw_network_values(network);
    orw_network_initialise(network, 1, values);
    for (int i = 0; i < BATCH * PIXELS; i++) x[i] = (float)(i % 17) / 8 - 1;
    const orw_field field = {network, values};
    for (int train = 0; train < 2; train++) {
        size_t peak = 0;
        for (int step = 0; step < 4; step++) {
            const int before = allocations;
            orw_tape_begin(tape, train);
            const orw_tensor *v = orw_field_velocity(&field, tape, train ? gradient : NULL, BATCH, t, x, NULL);
            orw_status status = orw_tape_status(tape);
            if (train && v) {
                orw_tensor *error = orw_squared_error(tape, (orw_tensor *)v, orw_tape_copy(tape, x, 4, v->shape));
                status = orw_tape_backward(tape, orw_weighted_sum(tape, error, ones), 1);
            }
            const int made = allocations - before;
            const char *what = train ? "training" : "inference";
            ok(v && status == ORW_OK, "%s, step %d", what, step);
            if (step == 0) {
                peak = orw_tape_peak(tape);
                ok(!COUNTS || made > 0, "the first step takes memory, and that is noticed");
                continue;
            }
            ok(orw_tape_peak(tape) == peak, "%s, step %d: no more of the tape's memory is in use", what, step);
            if (COUNTS)
                ok(made == 0, "%s, step %d: nothing is allocated (%d times)", what, step, made);
            else
                skip("allocations cannot be counted here");
        }
    }
    free(values);
    free(gradient);
    orw_tape_destroy(&tape);
    orw_network_destroy(&network);
    return done_testing();
}
