/* tensor.h - dense float32 tensors, the tape of operators, GEMM.
 *
 * Shape letters: B batch, H, W, C channels, T tokens, D width, N outputs, K inputs. Images are NHWC, last index
 * fastest. A tensor's memory belongs to the tape's arena and is gone at the next orw_tape_begin.
 *
 * Errors are sticky: an operator that fails (shapes, memory) returns NULL and records why; an operator given a NULL
 * tensor returns NULL; orw_tape_status tells once, at the end. So a model's forward pass reads as mathematics.
 * None of these functions is collective. */
#ifndef ORW_TENSOR_H
#define ORW_TENSOR_H

#include "orw/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What numbers are stored as. Values in tensors, and all sums, are float32; of other types are operands of products and
 * numbers at rest. One table knows sizes and conversions. */
typedef enum orw_type { ORW_F32, ORW_BF16, ORW_TYPES } orw_type;
typedef struct orw_type_traits {
    const char *name;                                                /* "f32", "bf16" */
    size_t size;                                                     /* bytes of a number */
    void (*widen)(const void *stored, float *values, size_t count);  /* exact */
    void (*narrow)(const float *values, void *stored, size_t count); /* to the nearest, ties to even; NaN stays NaN */
} orw_type_traits;
const orw_type_traits *orw_type_of(orw_type type);
bool orw_type_find(const char *name, orw_type *type); /* false: no such type */
/* Whether there are kernels whose products have operands of this type, in the instruction set that is in use. */
bool orw_precision_offered(orw_type precision);

typedef struct orw_tensor {
    float *data;
    float *grad; /* same count: a leaf's, the caller's, which operators ADD to; of a result only while its operator's
                  * backward pass runs */
    int rank;    /* 0 (scalar) .. 4 */
    int shape[4];
} orw_tensor;
size_t orw_tensor_count(const orw_tensor *x);

typedef struct orw_tape orw_tape;
orw_status orw_tape_create(orw_tape **tape);
void orw_tape_destroy(orw_tape **tape);
/* Forgets everything; with `record` operators that have an input with a gradient are remembered for the backward pass,
 * without it nothing is taped and orw_tape_release gives memory back at once. */
void orw_tape_begin(orw_tape *tape, bool record);
orw_status orw_tape_status(const orw_tape *tape); /* ORW_OK or the first failure, its text in orw_error_text */
/* For models: records a failure of their own as if an operator had failed (the first one stays); returns NULL. */
void *orw_tape_fail(orw_tape *tape, orw_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t orw_tape_peak(const orw_tape *tape); /* bytes */
/* Floating-point operations since orw_tape_begin: those of products (layers, convolutions, attention), two for each
 * multiply-add of the plain algorithm, whatever a kernel saves or repeats. */
double orw_tape_operations(const orw_tape *tape);
/* x's data will not be read again, but by the backward pass. Inference gives the memory back at once, the backward pass
 * when it is done with it. NULL is accepted. */
void orw_tape_release(orw_tape *tape, orw_tensor *x);
/* The same, and no backward pass will read it either: for what only operators have seen that say so (*). */
void orw_tape_discard(orw_tape *tape, orw_tensor *x);
/* Backward pass from a scalar: d loss / d loss = `seed`, gradients are added into the leaves' grad. */
orw_status orw_tape_backward(orw_tape *tape, orw_tensor *loss, float seed);

/* Leaves. _tensor: uninitialised, no gradient. _view: memory of the caller's (grad may be NULL).  _copy: of data. */
orw_tensor *orw_tape_tensor(orw_tape *tape, int rank, const int *shape);
orw_tensor *orw_tape_view(orw_tape *tape, float *data, float *grad, int rank, const int *shape);
orw_tensor *orw_tape_copy(orw_tape *tape, const float *data, int rank, const int *shape);
void *orw_tape_scratch(orw_tape *tape, size_t bytes); /* lives until the next begin; NULL (sticky) if exhausted */

/* ---- operators: every one differentiates with respect to each tensor argument that has a grad ---- */
/* (*): its backward pass does not read these arguments. */

/* y = x W^T + b over the last index. x[...,K], w[N,K] (PyTorch's order), b[N] or NULL. Also a 1x1 convolution. */
orw_tensor *orw_linear(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b);
/* 3x3 cross-correlation, zero padding 1, stride 1 or 2. x[B,H,W,C], w[3,3,C,N] (kh,kw,in,out), b[N] or NULL
 * -> [B, ceil(H/stride), ceil(W/stride), N]. */
orw_tensor *orw_conv3x3(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b, int stride);
/* orw_conv3x3 of orw_upsample2(x), stride 1, without the large image in between. x[B,H,W,C] -> [B,2H,2W,N]. */
orw_tensor *orw_upsample2_conv3x3(orw_tape *tape, orw_tensor *x, orw_tensor *w, orw_tensor *b);
/* y = [silu]( GN(x) * weight + bias ), or with modulation[B,2C] = [scale, shift]: [silu]( (GN(x) w + b)(1 + scale) +
 * shift ). `groups` groups of C/groups consecutive channels, biased variance, eps inside the root. x[B,...,C] (any
 * pixels). */
orw_tensor *orw_group_norm(orw_tape *tape, orw_tensor *x, orw_tensor *weight, orw_tensor *bias, int groups, float eps,
                           orw_tensor *modulation, bool silu);
orw_tensor *orw_silu(orw_tape *tape, orw_tensor *x);
orw_tensor *orw_add(orw_tape *tape, orw_tensor *x, orw_tensor *y); /* (*) same shapes */
orw_tensor *orw_scale(orw_tape *tape, orw_tensor *x, float factor);
orw_tensor *orw_add_channels(orw_tape *tape, orw_tensor *x, orw_tensor *e); /* (*) x[B,...,C] + e[B,C] at every pixel */
orw_tensor *orw_upsample2(orw_tape *tape, orw_tensor *x);                   /* (*) nearest; [B,H,W,C] -> [B,2H,2W,C] */
orw_tensor *orw_average_pool2(orw_tape *tape, orw_tensor *x);               /* (*) mean of 2x2; H, W even */
orw_tensor *orw_mean_pixels(orw_tape *tape, orw_tensor *x);                 /* [B,...,C] -> [B,C] */
orw_tensor *orw_concat(orw_tape *tape, orw_tensor *x, orw_tensor *y);       /* (*) along the last index, x first */
orw_tensor *orw_reshape(orw_tape *tape, orw_tensor *x, int rank, const int *shape); /* same memory, same gradient */
/* softmax(q k^T / sqrt(width)) v per head, in query blocks: the T x T scores never exist as a whole.
 * qkv[B,...,3C] (any pixels between: T tokens) -> [B,...,C]. grouped = false: TorchCFM's legacy order (head i owns
 * channels 3*width*i.. : its q, k, v); true: q of all heads, then k, then v. */
orw_tensor *orw_attention(orw_tape *tape, orw_tensor *qkv, int heads, bool grouped);
/* [cos(t f_0) .. cos(t f_{h-1}), sin(t f_0) .. sin(t f_{h-1})], f_j = exp(-ln(max_period) j / h), h = width/2; a
 * trailing 0 if width is odd. t[B] -> [B,width]. No gradient. */
orw_tensor *orw_time_features(orw_tape *tape, const orw_tensor *t, int width, float max_period);
/* table[n,D] -> [count,D]; row -1: zeros */
orw_tensor *orw_embedding(orw_tape *tape, orw_tensor *table, const int *rows, int count);
/* ---- tokens: x[B,T,D] (layer_norm, add_gated: any extents between B and D) ---- */
/* (x - mean) / sigma over the last index, biased variance, eps inside the root; with modulation[B,nD], n vectors of D
 * numbers per sample, that times (1 + vector `scale`) plus vector `shift`. modulation NULL: the numbers are ignored. */
orw_tensor *orw_layer_norm(orw_tape *tape, orw_tensor *x, orw_tensor *modulation, int scale, int shift, float eps);
/* z / sqrt(mean z^2 + eps) weight for every run z of D' numbers. x[...,n D'], weight[D'] (n heads: one weight). */
orw_tensor *orw_rms_norm(orw_tape *tape, orw_tensor *x, orw_tensor *weight, float eps);
/* x + h times vector `gate` of modulation[B,nD]. */
orw_tensor *orw_add_gated(orw_tape *tape, orw_tensor *x, orw_tensor *h, orw_tensor *modulation, int gate);
orw_tensor *orw_gelu(orw_tape *tape, orw_tensor *x);                     /* the tanh form */
orw_tensor *orw_multiply(orw_tape *tape, orw_tensor *x, orw_tensor *y);  /* elementwise, same shapes */
orw_tensor *orw_scale_exp(orw_tape *tape, orw_tensor *x, orw_tensor *s); /* e^s x; s: one number */
orw_tensor *orw_add_rows(orw_tape *tape, orw_tensor *x, orw_tensor *e);  /* x[B,...,D] + e[...,D] for every sample */
orw_tensor *orw_slice_tokens(orw_tape *tape, orw_tensor *x, int first, int count);   /* -> [B,count,D] */
orw_tensor *orw_slice_channels(orw_tape *tape, orw_tensor *x, int first, int count); /* [...,D] -> [...,count] */
/* (*) Queries, keys, values of 1 or 2 streams, parts[3 s + (0: q, 1: k, 2: v)] = [B,T_s,C] -> [B,sum of T_s,3C], stream
 * after stream: what orw_attention takes with grouped = true. */
#define ORW_STREAMS 2
orw_tensor *orw_joint_qkv(orw_tape *tape, int streams, orw_tensor *const *parts);
/* Blocks of p x p pixels as channels, number (i p + j) C + c for pixel (i, j) of a block, and back.
 * [B,H,W,C] <-> [B,H/p,W/p,p p C]. */
orw_tensor *orw_space_to_depth(orw_tape *tape, orw_tensor *x, int p);
orw_tensor *orw_depth_to_space(orw_tape *tape, orw_tensor *x, int p);

/* Losses per sample. */
orw_tensor *orw_squared_error(orw_tape *tape, orw_tensor *x,
                              orw_tensor *y); /* [B,...] -> [B]: mean over elements (x-y)^2 */
orw_tensor *orw_cross_entropy(orw_tape *tape, orw_tensor *logits, const int *labels); /* [B,N] -> [B] */
orw_tensor *orw_softmax(orw_tape *tape, orw_tensor *x);                               /* over the last index */
orw_tensor *orw_weighted_sum(orw_tape *tape, orw_tensor *x,
                             const float *weights); /* x[B] -> scalar; weights copied; NULL: ones */
/* Of single numbers, any shape (src/tensor/scalar.c). */
orw_tensor *orw_exp(orw_tape *tape, orw_tensor *x);
orw_tensor *orw_clip(orw_tape *tape, orw_tensor *x, float low, float high); /* no gradient outside [low, high] */
orw_tensor *orw_smaller(orw_tape *tape, orw_tensor *x, orw_tensor *y);      /* same shapes; where equal: x */
orw_tensor *orw_softplus(orw_tape *tape, orw_tensor *x);                    /* log(1 + e^x) = -log sigmoid(-x) */
orw_tensor *orw_stop(orw_tape *tape, const orw_tensor *x); /* the same numbers, and no gradient flows back */

/* ---- GEMM: C = alpha op(A) op(B) + beta C, row-major, leading dimensions in elements ---- */
void orw_gemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
              const float *b, int ldb, float beta, float *c, int ldc);

#ifdef __cplusplus
}
#endif

#endif
