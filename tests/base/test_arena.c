/* test_arena.c - the bump allocator. */
#include "../tap.h"
#include "orw/base.h"

#include <string.h>

static bool is_aligned(const void *address) {
    return ((uintptr_t)address & 63) == 0;
}

static void test_no_overlap(void) {
    enum { count = 400 };
    static unsigned char *blocks[count];
    static size_t sizes[count];
    orw_arena *arena;
    ok(orw_arena_create(&arena) == ORW_OK, "create");
    orw_stream stream = orw_stream_open(1, ORW_PURPOSE_TEST, 0, 0);
    for (int pass = 0; pass < 2; pass++) {
        bool aligned = true, kept = true;
        for (int i = 0; i < count; i++) {
            sizes[i] = 1 + orw_stream_below(&stream, i % 20 == 0 ? 3000000 : 5000);
            blocks[i] = orw_arena_alloc(arena, sizes[i]);
            aligned = aligned && blocks[i] && is_aligned(blocks[i]);
            memset(blocks[i], i & 0xff, sizes[i]);
        }
        for (int i = 0; i < count; i++) {
            for (size_t j = 0; j < sizes[i]; j += 61) kept = kept && blocks[i][j] == (i & 0xff);
            kept = kept && blocks[i][sizes[i] - 1] == (i & 0xff);
        }
        ok(aligned, "pass %d: every block is 64-byte aligned", pass);
        ok(kept, "pass %d: no block overlaps another", pass);
        orw_arena_reset(arena);
    }
    orw_arena_destroy(&arena);
    orw_arena_destroy(&arena);
    orw_arena_destroy(NULL);
    ok(arena == NULL, "destroy clears the handle and accepts NULL");
}

static void test_marks(void) {
    orw_arena *arena;
    orw_arena_create(&arena);
    char *keep = orw_arena_alloc(arena, 100);
    strcpy(keep, "kept");
    orw_arena_mark mark = orw_arena_save(arena);
    char *first = orw_arena_alloc(arena, 1000);
    orw_arena_alloc(arena, (size_t)5 << 20); /* into a further chunk */
    orw_arena_restore(arena, mark);
    ok(orw_arena_alloc(arena, 1000) == first, "after restore the same memory is given again");
    ok(strcmp(keep, "kept") == 0, "what came before the mark is untouched");

    orw_arena_reset(arena);
    ok(orw_arena_alloc(arena, 10) == keep, "after reset everything is given again");
    size_t peak = orw_arena_peak(arena);
    ok(peak >= ((size_t)5 << 20) + 1100 && peak < ((size_t)6 << 20), "peak is the most in use at once: %zu", peak);
    for (int i = 0; i < 1000; i++) {
        orw_arena_reset(arena);
        orw_arena_alloc(arena, (size_t)3 << 20);
        orw_arena_alloc(arena, (size_t)2 << 20);
    }
    ok(orw_arena_peak(arena) == peak, "a thousand micro-batches that are no larger leave it there");
    orw_arena_reset(arena);
    void *one = orw_arena_alloc(arena, 0), *two = orw_arena_alloc(arena, 0);
    ok(one && two && one != two, "nothing at all has an address of its own");
    ok(orw_arena_alloc(arena, SIZE_MAX) == NULL && orw_arena_alloc(arena, SIZE_MAX / 2) == NULL,
       "exhausted memory is NULL, also where a size would wrap around");
    ok(orw_arena_alloc(arena, 64) != NULL, "and the arena goes on afterwards");
    orw_arena_destroy(&arena);
}

int main(void) {
    test_no_overlap();
    test_marks();
    return done_testing();
}
