/* decoder.c - latents to pixels: the decoder of AutoencoderKL (Rombach et al. 2022), forward only, in bands of rows.
 *
 * An image of 1024 x 1024 with 256 channels is a gigabyte. Here a layer reads and writes whole planes, at most three at
 * once, but computes a band of rows at a time; a convolution's band is read with a row more on either side, so the
 * bands meet without a seam. Group norms want all of an image first: their means and variances come from a pass of
 * their own, and are then a factor and a summand for each channel. What an upsampling convolution makes, the largest
 * plane of all, is never kept: its rows are made again where they are read. */
#include "decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int orw_decoder_band = 1 << 23;

typedef struct plane {
    int height, width, channels;
    float *x;
} plane;

/* What a layer reads: a plane, or what the convolution `upsample` makes of a plane of half the size. */
typedef struct source {
    plane of;
    int upsample; /* number of its weight; -1: the plane itself */
} source;

typedef struct decoding {
    orw_pass pass;
    const orw_decoder *plan;
    orw_tape *tape;
    double *sums;         /* [2, channels] */
    float *scale, *shift; /* [channels] of the norm at hand */
} decoding;

/* ---------------------------------------------------------------- planes and bands ------------------------------ */

static int height_of(const source *s) {
    return s->upsample < 0 ? s->of.height : 2 * s->of.height;
}
static int width_of(const source *s) {
    return s->upsample < 0 ? s->of.width : 2 * s->of.width;
}

static orw_status make_plane(int height, int width, int channels, plane *made) {
    const size_t bytes = (size_t)height * (size_t)width * (size_t)channels * sizeof(float);
    *made = (plane){height, width, channels, malloc(bytes)};
    if (made->x) return ORW_OK;
    return orw_error(ORW_ERR_SYSTEM, "no memory for %dx%dx%d numbers of a decoded image", height, width, channels);
}

static void drop_plane(plane *p) {
    free(p->x);
    p->x = NULL;
}

static float *row_of(const plane *p, int row) {
    return p->x + (size_t)row * (size_t)p->width * (size_t)p->channels;
}

static int band_rows(int width, int channels) {
    const int rows = orw_decoder_band / (width * channels);
    return rows < 4 ? 4 : rows;
}

static orw_tensor *view_rows(decoding *d, const plane *p, int first, int count) {
    return orw_tape_view(d->tape, row_of(p, first), NULL, 4, (int[]){1, count, p->width, p->channels});
}

/* Rows [first, end) of y [1,..] without a copy. */
static orw_tensor *cut_rows(decoding *d, const orw_tensor *y, int first, int count) {
    if (!y) return NULL;
    return orw_tape_view(d->tape, y->data + (size_t)first * (size_t)y->shape[2] * (size_t)y->shape[3], NULL, 4,
                         (int[]){1, count, y->shape[2], y->shape[3]});
}

/* Rows [first, first + count) of what a layer reads. Upsampling convolves two rows more, so that the ones asked for do
 * not touch the band's zero border. */
static orw_tensor *read_rows(decoding *d, const source *s, int first, int count) {
    if (s->upsample < 0) return view_rows(d, &s->of, first, count);
    int from = first / 2 - 1, to = (first + count + 1) / 2 + 1;
    if (from < 0) from = 0;
    if (to > s->of.height) to = s->of.height;
    orw_tensor *y =
        orw_upsample2_conv3x3(d->tape, view_rows(d, &s->of, from, to - from), orw_pass_parameter(&d->pass, s->upsample),
                              orw_pass_parameter(&d->pass, s->upsample + 1));
    return cut_rows(d, y, first - 2 * from, count);
}

/* ---------------------------------------------------------------- group norms ----------------------------------- */

static void add_sums(const orw_tensor *rows, double *sum, double *square) {
    const int channels = rows->shape[3];
    const size_t pixels = (size_t)rows->shape[1] * (size_t)rows->shape[2];
    for (size_t p = 0; p < pixels; p++)
        for (int c = 0; c < channels; c++) {
            const double x = rows->data[p * (size_t)channels + (size_t)c];
            sum[c] += x;
            square[c] += x * x;
        }
}

/* The norm's weight and bias with mean and deviation of each group: d->scale, d->shift. */
static void fold(decoding *d, int norm, int channels, double count) {
    const orw_tensor *weight = orw_pass_parameter(&d->pass, norm), *bias = orw_pass_parameter(&d->pass, norm + 1);
    const int each = channels / d->plan->groups;
    for (int first = 0; weight && bias && first < channels; first += each) {
        double mean = 0, square = 0;
        for (int c = first; c < first + each; c++) {
            mean += d->sums[c] / (count * each);
            square += d->sums[channels + c] / (count * each);
        }
        const double factor = 1 / sqrt(fmax(square - mean * mean, 0) + (double)ORW_DECODER_EPS);
        for (int c = first; c < first + each; c++) {
            d->scale[c] = (float)(factor * weight->data[c]);
            d->shift[c] = (float)(bias->data[c] - mean * factor * weight->data[c]);
        }
    }
}

static orw_status measure(decoding *d, const source *s, int norm, int channels) {
    const int height = height_of(s), width = width_of(s), step = band_rows(width, channels);
    memset(d->sums, 0, 2 * (size_t)channels * sizeof *d->sums);
    for (int first = 0; first < height; first += step) {
        orw_tape_begin(d->tape, false);
        const orw_tensor *rows = read_rows(d, s, first, first + step < height ? step : height - first);
        ORW_CALL(orw_tape_status(d->tape));
        add_sums(rows, d->sums, d->sums + channels);
    }
    fold(d, norm, channels, (double)height * width);
    return orw_tape_status(d->tape);
}

static orw_tensor *normalise(decoding *d, const orw_tensor *rows) {
    orw_tensor *y = rows ? orw_tape_tensor(d->tape, 4, rows->shape) : NULL;
    if (!y) return NULL;
    const size_t channels = (size_t)rows->shape[3], pixels = (size_t)rows->shape[1] * (size_t)rows->shape[2];
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < channels; c++)
            y->data[p * channels + c] = rows->data[p * channels + c] * d->scale[c] + d->shift[c];
    return y;
}

/* ---------------------------------------------------------------- layers ---------------------------------------- */

/* A band to be computed, and the rows that are read for it. */
typedef struct band {
    int first, count; /* of the result */
    int from, rows;   /* read */
} band;

static band next_band(int first, int height, int step) {
    band b = {.first = first, .count = first + step < height ? step : height - first};
    b.from = first > 0 ? first - 1 : 0;
    b.rows = (first + b.count < height ? first + b.count + 1 : height) - b.from;
    return b;
}

/* conv([silu(norm)](rows)), the band's rows of it. */
static orw_tensor *convolve(decoding *d, const band *b, orw_tensor *rows, bool norm, int conv) {
    if (norm) {
        orw_tensor *n = normalise(d, rows), *active = orw_silu(d->tape, n);
        orw_tape_release(d->tape, n);
        rows = active;
    }
    return cut_rows(d, orw_pass_conv3x3(&d->pass, rows, conv, 1), b->first - b->from, b->count);
}

static orw_status put(decoding *d, const orw_tensor *rows, const plane *into, int first) {
    ORW_CALL(orw_tape_status(d->tape));
    memcpy(row_of(into, first), rows->data, orw_tensor_count(rows) * sizeof(float));
    return ORW_OK;
}

static orw_status add_to(decoding *d, const orw_tensor *rows, const plane *into, int first) {
    ORW_CALL(orw_tape_status(d->tape));
    float *x = row_of(into, first);
    const size_t count = orw_tensor_count(rows);
    for (size_t i = 0; i < count; i++) x[i] += rows->data[i];
    return ORW_OK;
}

/* The first half of a residual block: h = conv1(silu(norm1(x))), and beside it what goes around the block. */
static orw_status first_half(decoding *d, const source *s, const orw_decoder_resnet *r, const plane *h,
                             const plane *around) {
    const int step = band_rows(h->width, r->in > r->out ? r->in : r->out);
    for (int first = 0; first < h->height; first += step) {
        const band b = next_band(first, h->height, step);
        orw_tape_begin(d->tape, false);
        orw_tensor *rows = read_rows(d, s, b.from, b.rows);
        ORW_CALL(put(d, convolve(d, &b, rows, true, r->conv1), h, first));
        if (!around) continue;
        rows = cut_rows(d, rows, b.first - b.from, b.count);
        ORW_CALL(put(d, r->skip < 0 ? rows : orw_pass_linear(&d->pass, rows, r->skip), around, first));
    }
    return ORW_OK;
}

static orw_status second_half(decoding *d, const plane *h, const orw_decoder_resnet *r, const plane *out) {
    const source s = {*h, -1};
    const int step = band_rows(h->width, r->out);
    ORW_CALL(measure(d, &s, r->norm2, r->out));
    for (int first = 0; first < h->height; first += step) {
        const band b = next_band(first, h->height, step);
        orw_tape_begin(d->tape, false);
        ORW_CALL(add_to(d, convolve(d, &b, read_rows(d, &s, b.from, b.rows), true, r->conv2), out, first));
    }
    return ORW_OK;
}

/* *s becomes what the block makes of it. A plane that goes around the block unchanged is written over. */
static orw_status resnet(decoding *d, source *s, const orw_decoder_resnet *r) {
    const int height = height_of(s), width = width_of(s);
    const bool in_place = s->upsample < 0 && r->skip < 0;
    plane h = {0}, out = {0};
    ORW_CALL(measure(d, s, r->norm1, r->in));
    orw_status status = make_plane(height, width, r->out, &h);
    if (status == ORW_OK && !in_place) status = make_plane(height, width, r->out, &out);
    if (status == ORW_OK) status = first_half(d, s, r, &h, in_place ? NULL : &out);
    if (status == ORW_OK && in_place) {
        out = s->of;
        s->of.x = NULL;
    }
    drop_plane(&s->of);
    if (status == ORW_OK) status = second_half(d, &h, r, &out);
    drop_plane(&h);
    *s = (source){out, -1};
    return status;
}

/* x + attention of all pixels over all pixels, one head as wide as the plane. */
static orw_status attend(decoding *d, source *s) {
    const orw_decoder *plan = d->plan;
    orw_tape *tape = d->tape;
    ORW_CALL(measure(d, s, plan->group_norm, s->of.channels));
    orw_tape_begin(tape, false);
    const int tokens = s->of.height * s->of.width;
    orw_tensor *n = normalise(d, view_rows(d, &s->of, 0, s->of.height));
    n = orw_reshape(tape, n, 3, (int[]){1, tokens, s->of.channels});
    orw_tensor *parts[3] = {orw_pass_linear(&d->pass, n, plan->query), orw_pass_linear(&d->pass, n, plan->key),
                            orw_pass_linear(&d->pass, n, plan->value)};
    orw_tensor *joint = orw_joint_qkv(tape, 1, parts);
    for (int i = 0; i < 3; i++) orw_tape_release(tape, parts[i]);
    orw_tensor *seen = orw_attention(tape, joint, 1, true);
    orw_tape_release(tape, joint);
    return add_to(d, orw_pass_linear(&d->pass, seen, plan->out), &s->of, 0);
}

/* ---------------------------------------------------------------- the whole ------------------------------------- */

/* z / scaling + shift, and the first convolution. */
static orw_status begin(decoding *d, int height, int width, const float *latent, source *s) {
    const int channels = d->pass.network->channels;
    ORW_CALL(make_plane(height, width, d->plan->channels[0], &s->of));
    orw_tape_begin(d->tape, false);
    orw_tensor *z = orw_tape_tensor(d->tape, 4, (int[]){1, height, width, channels});
    for (size_t i = 0; z && i < orw_tensor_count(z); i++)
        z->data[i] = (float)(latent[i] / d->plan->scaling + d->plan->shift);
    return put(d, orw_pass_conv3x3(&d->pass, z, d->plan->conv_in, 1), &s->of, 0);
}

static orw_status end(decoding *d, const source *s, float *image) {
    const plane out = {s->of.height, s->of.width, d->pass.network->outputs, image};
    const int step = band_rows(s->of.width, s->of.channels);
    ORW_CALL(measure(d, s, d->plan->norm_out, s->of.channels));
    for (int first = 0; first < s->of.height; first += step) {
        const band b = next_band(first, s->of.height, step);
        orw_tape_begin(d->tape, false);
        ORW_CALL(put(d, convolve(d, &b, read_rows(d, s, b.from, b.rows), true, d->plan->conv_out), &out, first));
    }
    return ORW_OK;
}

static orw_status decode(decoding *d, int height, int width, const float *latent, float *image, source *s) {
    const orw_decoder *plan = d->plan;
    ORW_CALL(begin(d, height, width, latent, s));
    ORW_CALL(resnet(d, s, &plan->middle[0]));
    ORW_CALL(attend(d, s));
    ORW_CALL(resnet(d, s, &plan->middle[1]));
    for (int i = 0; i < plan->stages; i++) {
        for (int j = 0; j < plan->layers; j++) ORW_CALL(resnet(d, s, &plan->up[i][j]));
        s->upsample = plan->upsample[i];
    }
    return end(d, s, image);
}

int orw_decoder_factor(const orw_network *network) {
    if (network->architecture != &orw_vae_decoder) return 0;
    return 1 << (((const orw_decoder *)network->plan)->stages - 1);
}

orw_status orw_decoder_image(const orw_network *network, float *values, int height, int width, const float *latent,
                             float *image) {
    if (network->architecture != &orw_vae_decoder)
        return orw_error(ORW_ERR_INPUT, "a %s found, expected a vae_decoder", orw_network_kind(network));
    decoding d = {.plan = network->plan};
    source s = {.upsample = -1};
    int most = 1;
    for (int i = 0; i < d.plan->stages; i++)
        if (d.plan->channels[i] > most) most = d.plan->channels[i];
    d.sums = calloc(4 * (size_t)most, sizeof *d.sums);
    if (!d.sums) return orw_error(ORW_ERR_SYSTEM, "no memory to decode an image");
    d.scale = (float *)(d.sums + 2 * most);
    d.shift = d.scale + most;
    orw_status status = orw_tape_create(&d.tape);
    d.pass = (orw_pass){network, d.tape, values, NULL, NULL};
    if (status == ORW_OK) status = decode(&d, height, width, latent, image, &s);
    drop_plane(&s.of);
    orw_tape_destroy(&d.tape);
    free(d.sums);
    return status;
}

static orw_tensor *forward(const orw_pass *pass, const orw_input *in) {
    const int factor = orw_decoder_factor(pass->network), batch = in->x->shape[0];
    const int height = in->x->shape[1], width = in->x->shape[2];
    if (pass->grads || in->x->grad)
        return orw_tape_fail(pass->tape, ORW_ERR_INTERNAL, "vae_decoder: a gradient asked for: it goes forward only");
    orw_tensor *y =
        orw_tape_tensor(pass->tape, 4, (int[]){batch, factor * height, factor * width, pass->network->outputs});
    for (int i = 0; y && i < batch; i++)
        if (orw_decoder_image(pass->network, pass->values, height, width,
                              in->x->data + (size_t)i * orw_tensor_count(in->x) / (size_t)batch,
                              y->data + (size_t)i * orw_tensor_count(y) / (size_t)batch) != ORW_OK) {
            char reason[512];
            snprintf(reason, sizeof reason, "%s", orw_error_text());
            return orw_tape_fail(pass->tape, ORW_ERR_SYSTEM, "%s", reason);
        }
    return y;
}

const orw_architecture orw_vae_decoder = {"vae_decoder", orw_decoder_keys, orw_decoder_build, forward, free, false};
