/* test_convolution.c - the 3x3 convolution on awkward shapes: odd sizes, single pixels, channel counts around the
 * vector widths; shapes that Winograd's algorithm takes (from 6x6 pixels and 8 channels on), with tiles that the edges
 * cut and numbers of tiles that make several pieces; and the one that upsamples on the way. */
#include "gradient.h"
#include "kernels.h"

/* option: stride, how many times larger the image is than the input. */
static orw_tensor *run(orw_tape *tape, orw_tensor **input, const struct problem *p) {
    orw_tensor *bias = p->inputs > 2 ? input[2] : NULL;
    return p->option[1] == 2 ? orw_upsample2_conv3x3(tape, input[0], input[1], bias)
                             : orw_conv3x3(tape, input[0], input[1], bias, p->option[0]);
}

static void reference(const struct problem *p, double *y) {
    const int *x = p->shape[0], channels = x[3], outputs = p->shape[1][3], stride = p->option[0], times = p->option[1];
    const int height = x[1] * times, width = x[2] * times;
    const int rows = (height + stride - 1) / stride, columns = (width + stride - 1) / stride;
    for (int i = 0; i < x[0] * rows * columns; i++)
        for (int n = 0; n < outputs; n++) {
            const int image = i / (rows * columns), row = i / columns % rows, column = i % columns;
            double sum = p->inputs > 2 ? p->value[2][n] : 0;
            for (int tap = 0; tap < 9; tap++) {
                const int r = row * stride + tap / 3 - 1, s = column * stride + tap % 3 - 1;
                if (r < 0 || r >= height || s < 0 || s >= width) continue;
                for (int c = 0; c < channels; c++)
                    sum += p->value[0][((image * x[1] + r / times) * x[2] + s / times) * channels + c] *
                           p->value[1][(tap * channels + c) * outputs + n];
            }
            y[i * outputs + n] = sum;
        }
}

static void check_times(int images, int height, int width, int channels, int outputs, int stride, int times,
                        bool bias) {
    char name[100];
    struct problem p = {.run = run, .reference = reference, .option = {stride, times}};
    add_input(&p, 4, images, height, width, channels);
    add_input(&p, 4, 3, 3, channels, outputs);
    if (bias) add_input(&p, 1, outputs, 0, 0, 0);
    p.count = images * ((times * height + stride - 1) / stride) * ((times * width + stride - 1) / stride) * outputs;
    snprintf(name, sizeof name, "%sconv3x3 [%d,%d,%d,%d] to %d, stride %d%s", times == 2 ? "upsample2_" : "", images,
             height, width, channels, outputs, stride, bias ? "" : ", no bias");
    check_operator(&p, name);
    free_problem(&p);
}

static void check(int images, int height, int width, int channels, int outputs, int stride, bool bias) {
    check_times(images, height, width, channels, outputs, stride, 1, bias);
}

static void checks(void) {
    check(1, 1, 1, 1, 1, 1, true);
    check(2, 3, 5, 1, 3, 1, true);
    check(1, 5, 3, 3, 1, 1, false);
    check(2, 4, 4, 17, 33, 1, true);
    check(1, 3, 15, 16, 16, 1, true);
    check(1, 2, 28, 2, 17, 1, true);
    check(2, 7, 7, 5, 32, 1, true);
    check(1, 3, 31, 3, 48, 1, false);
    check(1, 2, 13, 33, 3, 1, true);
    check(2, 5, 9, 33, 4, 1, true);
    check(1, 1, 1, 1, 1, 2, true);
    check(2, 3, 5, 3, 17, 2, true);
    check(1, 7, 7, 16, 16, 2, true);
    check(1, 4, 6, 17, 33, 2, false);
    check(1, 1, 8, 2, 1, 2, true);
    check(1, 5, 1, 4, 3, 2, true);
    check(1, 5, 6, 18, 2, 2, true);
    check(1, 6, 6, 8, 8, 1, true);
    check(1, 7, 7, 16, 16, 1, true);
    check(1, 4, 13, 9, 33, 1, false);
    check(1, 6, 9, 33, 8, 1, true);
    check(7, 1, 36, 8, 8, 1, true);
    check_times(1, 3, 3, 8, 8, 1, 2, true);
    check_times(1, 5, 3, 17, 16, 1, 2, false);
    check_times(1, 2, 2, 3, 5, 1, 2, true);
}

int main(void) {
    return with_each_kernel(checks);
}
