/* arena.c - bump allocator for what lives as long as one micro-batch. */
#include "orw/base.h"

#include <stdlib.h>

/* Under the address sanitizer released memory is poisoned, so that a tensor that outlives its tape is found. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum { alignment = 64, max_chunks = 64 };
static const size_t smallest_chunk = (size_t)1 << 20;
static const size_t most_bytes = (size_t)1 << 46; /* no process has more: sums of sizes cannot wrap around */

typedef struct arena_chunk {
    char *memory;
    size_t size;
    size_t before; /* bytes in use in the chunks before this one, when it was entered */
} arena_chunk;

struct orw_arena {
    arena_chunk chunks[max_chunks];
    size_t count;         /* chunks that have memory */
    size_t current, used; /* position: everything behind it is free */
    size_t peak;
};

orw_status orw_arena_create(orw_arena **arena) {
    *arena = calloc(1, sizeof **arena);
    return *arena ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory for an arena");
}

static void release_chunk(arena_chunk *chunk) {
    ASAN_UNPOISON_MEMORY_REGION(chunk->memory, chunk->size);
    free(chunk->memory);
    chunk->memory = NULL;
    chunk->size = 0;
}

void orw_arena_destroy(orw_arena **arena) {
    if (!arena || !*arena) return;
    for (size_t i = 0; i < (*arena)->count; i++) release_chunk(&(*arena)->chunks[i]);
    free(*arena);
    *arena = NULL;
}

/* Makes chunks[i] hold at least `bytes`. Chunks double, so that 64 of them suffice for any memory; a free chunk
 * that is too small is replaced, not skipped, so that a repeated pattern settles on few large chunks. */
static bool provide_chunk(orw_arena *arena, size_t i, size_t bytes) {
    if (i < arena->count && arena->chunks[i].size >= bytes) return true;
    if (i >= max_chunks) return false;
    size_t size = i > 0 ? arena->chunks[i - 1].size : smallest_chunk / 2;
    if (size < most_bytes) size *= 2;
    if (size < bytes) size = bytes;
    char *memory = aligned_alloc(alignment, size);
    if (!memory && size > bytes) memory = aligned_alloc(alignment, size = bytes);
    if (!memory) return false;
    if (i < arena->count) {
        release_chunk(&arena->chunks[i]);
    } else {
        arena->count = i + 1;
    }
    ASAN_POISON_MEMORY_REGION(memory, size);
    arena->chunks[i].memory = memory;
    arena->chunks[i].size = size;
    return true;
}

void *orw_arena_alloc(orw_arena *arena, size_t bytes) {
    if (bytes > most_bytes) return NULL;
    size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    if (rounded == 0) rounded = alignment; /* distinct addresses, also for nothing */

    if (arena->count == 0 || arena->chunks[arena->current].size - arena->used < rounded) {
        bool first = arena->current == 0 && arena->used == 0;
        size_t next = first ? 0 : arena->current + 1;
        if (!provide_chunk(arena, next, rounded)) return NULL;
        arena->chunks[next].before = first ? 0 : arena->chunks[arena->current].before + arena->used;
        arena->current = next;
        arena->used = 0;
    }
    arena_chunk *chunk = &arena->chunks[arena->current];
    void *address = chunk->memory + arena->used;
    ASAN_UNPOISON_MEMORY_REGION(address, bytes);
    arena->used += rounded;
    if (chunk->before + arena->used > arena->peak) arena->peak = chunk->before + arena->used;
    return address;
}

orw_arena_mark orw_arena_save(const orw_arena *arena) {
    return (orw_arena_mark){.chunk = arena->current, .used = arena->used};
}

void orw_arena_restore(orw_arena *arena, orw_arena_mark mark) {
    arena->current = mark.chunk;
    arena->used = mark.used;
    for (size_t i = mark.chunk; i < arena->count; i++) {
        size_t kept = i == mark.chunk ? mark.used : 0;
        ASAN_POISON_MEMORY_REGION(arena->chunks[i].memory + kept, arena->chunks[i].size - kept);
    }
}

void orw_arena_reset(orw_arena *arena) {
    orw_arena_restore(arena, (orw_arena_mark){0});
}

size_t orw_arena_peak(const orw_arena *arena) {
    return arena->peak;
}
