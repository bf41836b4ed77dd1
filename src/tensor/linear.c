/* linear.c - matrix products: GEMM, the fully connected layer, embedding rows. */
#include "tape.h"

#include <cblas.h>
#include <string.h>

void orw_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
              const float *b, int ldb, float beta, float *c, int ldc) {
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, m, n,
                k, alpha, a, lda, b, ldb, beta, c, ldc);
}

struct linear {
    struct node node;
    orw_tensor *x, *w, *b;
};

static void linear_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct linear *record = (struct linear *)node;
    const float *dy = node->output->grad;
    const int rows = (int)orw_rows(record->x), inputs = orw_last(record->x), outputs = orw_last(node->output);
    bool add;
    float *grad = orw_gradient(record->x, &add);
    if (grad)
        orw_gemm(false, false, rows, inputs, outputs, 1, dy, outputs, record->w->data, inputs, add ? 1 : 0, grad,
                 inputs);
    grad = orw_gradient(record->w, &add);
    if (grad)
        orw_gemm(true, false, outputs, inputs, rows, 1, dy, outputs, record->x->data, inputs, add ? 1 : 0, grad,
                 inputs);
    grad = orw_gradient_cleared(record->b);
    if (grad) orw_kernels()->add_column_sums(dy, (size_t)outputs, (size_t)rows, outputs, grad);
}

orw_tensor *orw_linear(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b) {
    if (!x || !w || orw_tape_failed(tape)) return NULL;
    if (x->rank < 1 || w->rank != 2 || orw_last(x) != w->shape[1] ||
        (b && (b->rank != 1 || b->shape[0] != w->shape[0])))
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "linear: x %s, w %s, b %s", SHAPE(x), SHAPE(w),
                             b ? SHAPE(b) : "absent");
    const int rows = (int)orw_rows(x), inputs = w->shape[1], outputs = w->shape[0];
    int shape[4] = {0};
    memcpy(shape, x->shape, sizeof shape);
    shape[x->rank - 1] = outputs;
    orw_tensor *y = orw_tape_tensor(tape, x->rank, shape);
    if (!y) return NULL;
    if (b) orw_kernels()->copy_rows(b->data, 0, y->data, (size_t)outputs, (size_t)rows, outputs, false);
    orw_gemm(false, true, rows, outputs, inputs, 1, x->data, inputs, w->data, inputs, b ? 1 : 0, y->data, outputs);
    if (!orw_tape_follows(tape, x) && !orw_tape_follows(tape, w) && !orw_tape_follows(tape, b)) return y;
    struct linear *record = orw_tape_remember(tape, sizeof *record, y, linear_backward);
    if (!record) return NULL;
    record->x = x;
    record->w = w;
    record->b = b;
    return y;
}

struct embedding {
    struct node node;
    orw_tensor *table;
    int *rows;
};

static void embedding_backward(orw_tape *tape, struct node *node) {
    (void)tape;
    struct embedding *record = (struct embedding *)node;
    const int width = orw_last(record->table);
    float *grad = orw_gradient_cleared(record->table);
    for (int i = 0; i < node->output->shape[0]; i++)
        for (int d = 0; d < width && record->rows[i] >= 0; d++)
            grad[(size_t)record->rows[i] * (size_t)width + (size_t)d] +=
                node->output->grad[(size_t)i * (size_t)width + (size_t)d];
}

orw_tensor *orw_embedding(orw_tape *tape, orw_tensor *table, const int *rows, int count) {
    if (!table || orw_tape_failed(tape)) return NULL;
    if (table->rank != 2)
        return orw_tape_fail(tape, ORW_ERR_INTERNAL, "embedding: table %s, expected rank 2", SHAPE(table));
    for (int i = 0; i < count; i++)
        if (rows[i] < -1 || rows[i] >= table->shape[0])
            return orw_tape_fail(tape, ORW_ERR_INTERNAL, "embedding: row %d of table %s", rows[i], SHAPE(table));
    const int width = table->shape[1];
    orw_tensor *y = orw_tape_tensor(tape, 2, (int[]){count, width});
    if (!y) return NULL;
    for (int i = 0; i < count; i++) {
        float *row = y->data + (size_t)i * (size_t)width;
        if (rows[i] < 0)
            memset(row, 0, (size_t)width * sizeof(float));
        else
            memcpy(row, table->data + (size_t)rows[i] * (size_t)width, (size_t)width * sizeof(float));
    }
    if (!orw_tape_follows(tape, table)) return y;
    struct embedding *record = orw_tape_remember(tape, sizeof *record, y, embedding_backward);
    int *kept = orw_tape_scratch(tape, (size_t)count * sizeof *kept);
    if (!record || !kept) return NULL;
    memcpy(kept, rows, (size_t)count * sizeof *kept);
    record->table = table;
    record->rows = kept;
    return y;
}
