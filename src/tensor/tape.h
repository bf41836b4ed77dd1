/* tape.h - what the operators of this room share: results, nodes of the tape, gradients.
 *
 * Memory of a tensor is a `storage`, shared by the tensors that orw_reshape makes of it. The gradient of a result gets
 * memory when the backward pass first reaches it, and gives it back as soon as its operator is done; so does the result
 * itself, if the model has released it. What is alive at a time then fits caches that the whole tape would not, and
 * most gradients need no memory of their own.
 *
 * A gradient is not cleared when it is made: the first operator that contributes to it in the backward pass is told to
 * overwrite (orw_gradient), and an operator whose output no gradient has reached is skipped. */
#ifndef ORW_TENSOR_TAPE_H
#define ORW_TENSOR_TAPE_H

#include "kernels.h"

#include "orw/tensor.h"

struct storage {
    orw_tape *tape;
    float *data, *grad;
    int data_class, grad_class; /* -1: not the tape's own, never recycled */
    int references;             /* tensors not yet released */
    bool follows;               /* a gradient flows here */
    bool reached;               /* the gradient holds something */
};

/* What an orw_tensor of this library really is. */
struct tensor {
    orw_tensor face;
    struct storage *storage;
    bool released;
};

/* An operator remembered for the backward pass; each operator's own record begins with one. */
struct node {
    struct node *previous;
    void (*backward)(orw_tape *tape, struct node *node);
    orw_tensor *output;
};

/* Records the first failure and returns NULL. */
void *orw_tape_fail(orw_tape *tape, orw_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool orw_tape_failed(const orw_tape *tape);
/* So many products of `multiply_adds` were made. */
void orw_tape_count(orw_tape *tape, int products, double multiply_adds);

/* A tensor of the same shape, uninitialised. */
orw_tensor *orw_tape_like(orw_tape *tape, const orw_tensor *x);
/* True when recording and x has a gradient (x may be NULL). */
bool orw_tape_follows(const orw_tape *tape, const orw_tensor *x);
/* Puts an operator on the tape; a gradient flows to its output. NULL (sticky) when memory is exhausted. */
void *orw_tape_remember(orw_tape *tape, size_t size, orw_tensor *output, void (*backward)(orw_tape *, struct node *));
/* In a backward function: x's gradient, or NULL if none is wanted or (sticky) memory is exhausted. *add tells whether
 * it must be added to; otherwise every element must be written. To be called before orw_tape_save. */
float *orw_gradient(orw_tensor *x, bool *add);
/* The same for operators that can only add: cleared first where nothing has been written. */
float *orw_gradient_cleared(orw_tensor *x);
/* In a backward function, as its last deed: x's gradient is, or grows by, that of the node's output. Where nothing has
 * been written it takes over the memory. */
void orw_gradient_pass_on(struct node *node, orw_tensor *x);

/* Working memory of one operator, given back all at once. */
orw_arena_mark orw_tape_save(const orw_tape *tape);
void orw_tape_restore(orw_tape *tape, orw_arena_mark mark);
float *orw_tape_floats(orw_tape *tape, size_t count); /* NULL (sticky) when memory is exhausted */

/* "[8,28,28,16]" */
struct shape_text {
    char text[64];
};
struct shape_text orw_shape_text(const orw_tensor *x);
#define SHAPE(x) orw_shape_text(x).text

static inline int orw_last(const orw_tensor *x) {
    return x->rank > 0 ? x->shape[x->rank - 1] : 1;
}
/* Elements before the last index: pixels, tokens or rows of the whole batch. */
static inline size_t orw_rows(const orw_tensor *x) {
    return orw_tensor_count(x) / (size_t)orw_last(x);
}
bool orw_same_shape(const orw_tensor *x, const orw_tensor *y);

#endif
