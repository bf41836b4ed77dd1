/* tape.c - tensors, their memory, and the list of operators that the backward pass walks. */
#include "tape.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_CLASSES = 160 };

struct orw_tape {
    orw_arena *arena;
    struct node *last;
    bool recording, finished;
    double operations;
    orw_status status;
    char text[400];
    float *free[SIZE_CLASSES]; /* memory given back, by size; each piece begins with the address of the next */
};

/* ---- life ---- */

orw_status orw_tape_create(orw_tape **tape) {
    *tape = calloc(1, sizeof **tape);
    if (!*tape) return orw_error(ORW_ERR_SYSTEM, "out of memory for a tape");
    orw_status status = orw_arena_create(&(*tape)->arena);
    if (status != ORW_OK) {
        free(*tape);
        *tape = NULL;
    }
    return status;
}

void orw_tape_destroy(orw_tape **tape) {
    if (!tape || !*tape) return;
    orw_arena_destroy(&(*tape)->arena);
    free(*tape);
    *tape = NULL;
}

void orw_tape_begin(orw_tape *tape, bool record) {
    orw_arena_reset(tape->arena);
    tape->last = NULL;
    tape->recording = record;
    tape->finished = false;
    tape->operations = 0;
    tape->status = ORW_OK;
    memset(tape->free, 0, sizeof tape->free);
}

size_t orw_tape_peak(const orw_tape *tape) {
    return orw_arena_peak(tape->arena);
}
double orw_tape_operations(const orw_tape *tape) {
    return tape->operations;
}
void orw_tape_count(orw_tape *tape, int products, double multiply_adds) {
    tape->operations += 2 * products * multiply_adds;
}
bool orw_tape_failed(const orw_tape *tape) {
    return tape->status != ORW_OK;
}

orw_status orw_tape_status(const orw_tape *tape) {
    return tape->status == ORW_OK ? ORW_OK : orw_error(tape->status, "%s", tape->text);
}

void *orw_tape_fail(orw_tape *tape, orw_status status, const char *format, ...) {
    if (tape->status != ORW_OK) return NULL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(tape->text, sizeof tape->text, format, arguments);
    va_end(arguments);
    tape->status = orw_error(status, "%s", tape->text);
    return NULL;
}

/* ---- memory ---- */

orw_arena_mark orw_tape_save(const orw_tape *tape) {
    return orw_arena_save(tape->arena);
}
void orw_tape_restore(orw_tape *tape, orw_arena_mark mark) {
    orw_arena_restore(tape->arena, mark);
}

void *orw_tape_scratch(orw_tape *tape, size_t bytes) {
    void *memory = orw_arena_alloc(tape->arena, bytes);
    return memory ? memory : orw_tape_fail(tape, ORW_ERR_SYSTEM, "out of memory: %zu bytes for the tape", bytes);
}

float *orw_tape_floats(orw_tape *tape, size_t count) {
    return orw_tape_scratch(tape, count * sizeof(float));
}

/* Four classes per doubling, so at most a fifth of a piece is waste; *count is rounded up to the class. */
static int size_class_of(size_t *count) {
    size_t base = 64;
    int class = 0;
    while (2 * base <= *count) {
        base *= 2;
        class += 4;
    }
    while (base + base / 4 * (size_t)(class % 4) < *count) {
        class ++;
        if (class % 4 == 0) base *= 2;
    }
    *count = base + base / 4 * (size_t)(class % 4);
    return class;
}

static float *memory_take(orw_tape *tape, size_t count, int *class) {
    *class = size_class_of(&count);
    float *memory = tape->free[*class];
    if (!memory) return orw_tape_floats(tape, count);
    memcpy(&tape->free[*class], memory, sizeof memory);
    return memory;
}

static void memory_give(orw_tape *tape, float **memory, int *class) {
    if (*memory && *class >= 0) {
        memcpy(*memory, &tape->free[*class], sizeof *memory);
        tape->free[*class] = *memory;
        *memory = NULL;
    }
    *class = -1;
}

/* ---- tensors ---- */

size_t orw_tensor_count(const orw_tensor *x) {
    size_t count = 1;
    for (int i = 0; i < x->rank; i++) count *= (size_t)x->shape[i];
    return count;
}

bool orw_same_shape(const orw_tensor *x, const orw_tensor *y) {
    return x->rank == y->rank && memcmp(x->shape, y->shape, (size_t)x->rank * sizeof x->shape[0]) == 0;
}

struct shape_text orw_shape_text(const orw_tensor *x) {
    struct shape_text s = {"["};
    size_t used = 1;
    for (int i = 0; i < x->rank; i++)
        used += (size_t)snprintf(s.text + used, sizeof s.text - used, i ? ",%d" : "%d", x->shape[i]);
    snprintf(s.text + used, sizeof s.text - used, "]");
    return s;
}

/* A tensor with that shape and `storage` (one more reference). */
static orw_tensor *tensor_of(orw_tape *tape, struct storage *storage, int rank, const int *shape) {
    struct tensor *x = orw_tape_scratch(tape, sizeof *x);
    if (!x) return NULL;
    *x = (struct tensor){.face = {.data = storage->data, .grad = storage->grad, .rank = rank}, .storage = storage};
    for (int i = 0; i < rank; i++) x->face.shape[i] = shape[i];
    storage->references++;
    return &x->face;
}

static bool shape_is_sane(orw_tape *tape, int rank, const int *shape) {
    if (orw_tape_failed(tape)) return false;
    if (rank < 0 || rank > 4) {
        orw_tape_fail(tape, ORW_ERR_INTERNAL, "tensor of rank %d, expected 0 to 4", rank);
        return false;
    }
    for (int i = 0; i < rank; i++)
        if (shape[i] < 1) {
            orw_tape_fail(tape, ORW_ERR_INTERNAL, "tensor with extent %d at index %d, expected at least 1", shape[i],
                          i);
            return false;
        }
    return true;
}

orw_tensor *orw_tape_tensor(orw_tape *tape, int rank, const int *shape) {
    if (!shape_is_sane(tape, rank, shape)) return NULL;
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
    struct storage *storage = orw_tape_scratch(tape, sizeof *storage);
    if (!storage) return NULL;
    *storage = (struct storage){.tape = tape, .grad_class = -1};
    storage->data = memory_take(tape, count, &storage->data_class);
    return storage->data ? tensor_of(tape, storage, rank, shape) : NULL;
}

orw_tensor *orw_tape_like(orw_tape *tape, const orw_tensor *x) {
    return orw_tape_tensor(tape, x->rank, x->shape);
}

orw_tensor *orw_tape_view(orw_tape *tape, float *data, float *grad, int rank, const int *shape) {
    if (!shape_is_sane(tape, rank, shape)) return NULL;
    if (!data) return orw_tape_fail(tape, ORW_ERR_INTERNAL, "view of no memory");
    struct storage *storage = orw_tape_scratch(tape, sizeof *storage);
    if (!storage) return NULL;
    *storage = (struct storage){.tape = tape,
                                .data = data,
                                .grad = grad,
                                .data_class = -1,
                                .grad_class = -1,
                                .follows = grad != NULL,
                                .reached = true};
    return tensor_of(tape, storage, rank, shape);
}

orw_tensor *orw_tape_copy(orw_tape *tape, const float *data, int rank, const int *shape) {
    orw_tensor *x = orw_tape_tensor(tape, rank, shape);
    if (x) memcpy(x->data, data, orw_tensor_count(x) * sizeof *data);
    return x;
}

orw_tensor *orw_reshape(orw_tape *tape, orw_tensor *x, int rank, const int *shape) {
    if (!x || !shape_is_sane(tape, rank, shape)) return NULL;
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
    if (count != orw_tensor_count(x))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "reshape: %s has %zu elements, the new shape %zu", SHAPE(x),
                             orw_tensor_count(x), count);
    return tensor_of(tape, ((struct tensor *)x)->storage, rank, shape);
}

/* x's share in its storage is given up; true when it was the last. */
static bool let_go(orw_tensor *x) {
    struct tensor *tensor = (struct tensor *)x;
    if (!x || tensor->released) return false;
    tensor->released = true;
    return --tensor->storage->references == 0;
}

void orw_tape_release(orw_tape *tape, orw_tensor *x) {
    if (!let_go(x) || tape->recording) return; /* the backward pass may read it */
    struct storage *storage = ((struct tensor *)x)->storage;
    float *data = storage->data;
    memory_give(tape, &data, &storage->data_class);
}

void orw_tape_discard(orw_tape *tape, orw_tensor *x) {
    if (!let_go(x)) return;
    struct storage *storage = ((struct tensor *)x)->storage;
    if (storage->data_class < 0) return;
    memory_give(tape, &storage->data, &storage->data_class);
    x->data = NULL; /* whoever reads it after all is found out */
}

/* ---- gradients ---- */

bool orw_tape_follows(const orw_tape *tape, const orw_tensor *x) {
    return tape->recording && x && ((const struct tensor *)x)->storage->follows;
}

void *orw_tape_remember(orw_tape *tape, size_t size, orw_tensor *output, void (*backward)(orw_tape *, struct node *)) {
    struct node *node = orw_tape_scratch(tape, size);
    if (!node) return NULL;
    memset(node, 0, size);
    *node = (struct node){.previous = tape->last, .backward = backward, .output = output};
    ((struct tensor *)output)->storage->follows = true;
    tape->last = node;
    return node;
}

float *orw_gradient(orw_tensor *x, bool *add) {
    if (!x) return NULL;
    struct storage *storage = ((struct tensor *)x)->storage;
    if (!storage->follows) return NULL;
    if (!storage->grad) storage->grad = memory_take(storage->tape, orw_tensor_count(x), &storage->grad_class);
    *add = storage->reached;
    storage->reached = true;
    return x->grad = storage->grad;
}

float *orw_gradient_cleared(orw_tensor *x) {
    bool add;
    float *grad = orw_gradient(x, &add);
    if (grad && !add) memset(grad, 0, orw_tensor_count(x) * sizeof *grad);
    return grad;
}

void orw_gradient_pass_on(struct node *node, orw_tensor *x) {
    struct storage *from = ((struct tensor *)node->output)->storage, *to = x ? ((struct tensor *)x)->storage : NULL;
    if (!to || !to->follows) return;
    if (!to->reached && from->grad_class >= 0) {
        x->grad = to->grad = from->grad;
        to->grad_class = from->grad_class;
        to->reached = true;
        from->grad = NULL;
        from->grad_class = -1;
    } else {
        bool add;
        float *grad = orw_gradient(x, &add);
        if (grad) orw_kernels()->scale(node->output->grad, 1, grad, orw_tensor_count(x), add);
    }
}

/* One operator's backward pass; nothing that comes after it reads its result or the result's gradient. */
static void step_back(orw_tape *tape, struct node *node) {
    struct storage *storage = ((struct tensor *)node->output)->storage;
    if (!storage->reached) return;
    node->output->grad = storage->grad;
    node->backward(tape, node);
    node->output->grad = NULL;
    memory_give(tape, &storage->grad, &storage->grad_class);
    if (storage->references == 0) memory_give(tape, &storage->data, &storage->data_class);
}

orw_status orw_tape_backward(orw_tape *tape, orw_tensor *loss, float seed) {
    if (tape->status != ORW_OK) return orw_tape_status(tape);
    if (!loss || !tape->recording || tape->finished)
        orw_tape_fail(tape, ORW_ERR_INTERNAL, "backward: %s",
                      !loss             ? "no loss"
                      : tape->recording ? "the tape has been walked already"
                                        : "the tape is not recording");
    else if (orw_tensor_count(loss) != 1)
        orw_tape_fail(tape, ORW_ERR_INTERNAL, "backward: loss of shape %s, expected a scalar", SHAPE(loss));
    else if (!orw_tape_follows(tape, loss))
        orw_tape_fail(tape, ORW_ERR_INTERNAL, "backward: the loss depends on nothing that has a gradient");
    if (tape->status != ORW_OK) return tape->status;
    tape->finished = true;
    float *grad = orw_gradient_cleared(loss);
    if (!grad) return orw_tape_status(tape);
    *grad += seed;
    for (struct node *node = tape->last; node && tape->status == ORW_OK; node = node->previous) step_back(tape, node);
    return orw_tape_status(tape);
}
