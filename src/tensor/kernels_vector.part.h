/* kernels_vector.part.h - one vector type for all instruction sets: loads, partial loads, maximum, exponential, sums.
 * Included by kernels.c only. */
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define WIDTH     16
#define REGISTERS 28 /* accumulators a microkernel may hold */
#elif defined(__AVX2__)
#include <immintrin.h>
#define WIDTH     8
#define REGISTERS 12
#else
#define WIDTH     4
#define REGISTERS 12
#endif

#define INLINE            static inline __attribute__((always_inline))
#define UNROLL(count)     _Pragma(UNROLL_TEXT(GCC unroll count))
#define UNROLL_TEXT(text) #text

typedef float vector __attribute__((vector_size(WIDTH * 4)));
typedef int vector_int __attribute__((vector_size(WIDTH * 4)));
typedef float vector_unaligned __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));

INLINE vector load(const float *x) {
    return *(const vector_unaligned *)x;
}
INLINE void store(float *x, vector v) {
    *(vector_unaligned *)x = v;
}
INLINE vector broadcast(float x) {
    return x - (vector){0};
}
/* Element j is element from[j] of a and b, one behind the other. */
#ifdef __clang__
INLINE vector shuffle(vector a, vector b, vector_int from) {
    vector v = {0};
    for (int j = 0; j < WIDTH; j++) v[j] = from[j] < WIDTH ? a[from[j]] : b[from[j] - WIDTH];
    return v;
}
#else
#define shuffle __builtin_shuffle
#endif

/* The first `count` elements, 0 < count <= WIDTH; the others are read as zero and not written. */
#if defined(__AVX512F__)
INLINE vector load_part(const float *x, int count) {
    return (vector)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), x);
}
INLINE void store_part(float *x, vector v, int count) {
    _mm512_mask_storeu_ps(x, (__mmask16)((1u << count) - 1), (__m512)v);
}
INLINE vector maximum(vector a, vector b) {
    return (vector)_mm512_max_ps((__m512)a, (__m512)b);
}
INLINE vector minimum(vector a, vector b) {
    return (vector)_mm512_min_ps((__m512)a, (__m512)b);
}
#else
INLINE vector load_part(const float *x, int count) {
    vector v = {0};
    for (int i = 0; i < WIDTH; i++)
        if (i < count) v[i] = x[i];
    return v;
}
INLINE void store_part(float *x, vector v, int count) {
    for (int i = 0; i < WIDTH; i++)
        if (i < count) x[i] = v[i];
}
#if defined(__AVX2__)
INLINE vector maximum(vector a, vector b) {
    return (vector)_mm256_max_ps((__m256)a, (__m256)b);
}
INLINE vector minimum(vector a, vector b) {
    return (vector)_mm256_min_ps((__m256)a, (__m256)b);
}
#else
INLINE vector choose(vector_int which, vector a, vector b) {
    return (vector)((which & (vector_int)a) | (~which & (vector_int)b));
}
INLINE vector maximum(vector a, vector b) {
    return choose(a > b, a, b);
}
INLINE vector minimum(vector a, vector b) {
    return choose(a < b, a, b);
}
#endif
#endif

INLINE vector load_first(const float *x, int count) {
    return count >= WIDTH ? load(x) : load_part(x, count);
}
INLINE void store_first(float *x, vector v, int count) {
    if (count >= WIDTH)
        store(x, v);
    else
        store_part(x, v, count);
}

/* Pairwise, so the order of the additions is the same everywhere for a given width. */
INLINE float sum_of(vector v) {
#if defined(__AVX512F__)
    return _mm512_reduce_add_ps((__m512)v);
#endif
    float x[WIDTH];
    store(x, v);
    for (int half = WIDTH / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) x[i] += x[i + half];
    return x[0];
}
INLINE float largest_of(vector v) {
#if defined(__AVX512F__)
    return _mm512_reduce_max_ps((__m512)v);
#endif
    float x[WIDTH], m;
    store(x, v);
    m = x[0];
    for (int i = 1; i < WIDTH; i++) m = x[i] > m ? x[i] : m;
    return m;
}

/* e^x to about one unit in the last place, for x clamped to [-87.3, 88.3] where e^x is a normal number; NaN stays NaN.
 * x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite); e^r by its polynomial; 2^n by its exponent bits. */
INLINE vector exponential(vector x) {
    const vector magic = broadcast(12582912.0f); /* 1.5 2^23: adding it rounds to an integer, in the low bits */
    x = minimum(broadcast(88.3f), maximum(broadcast(-87.3f), x));
    const vector shifted = x * 1.44269504088896341f + magic;
    const vector n = shifted - magic;
    const vector r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    vector p = broadcast(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const vector_int power = ((vector_int)shifted << 23) + 0x3f800000;
    return p * (vector)power;
}

/* 1/x for normal x, to about one unit in the last place: an estimate and a step of Newton's, several times faster than
 * the division. */
INLINE vector reciprocal(vector x) {
#if defined(__AVX512F__)
    const vector estimate = (vector)_mm512_rcp14_ps((__m512)x);
    return estimate + estimate * (1.0f - x * estimate);
#else
    return 1.0f / x;
#endif
}

INLINE vector sigmoid(vector x) {
    return reciprocal(1.0f + exponential(-x));
}
