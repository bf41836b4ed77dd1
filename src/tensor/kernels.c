/* kernels.c - the inner loops, compiled once per instruction set: -DORW_KERNELS=portable|avx2|avx512 names the table,
 * the compiler's target chooses the vector. */
#include "kernels.h"

#include <math.h>

#include "kernels_vector.part.h"

#include "kernels_convolution.part.h"
#include "kernels_narrow.part.h"
#include "kernels_normalise.part.h"
#include "kernels_winograd.part.h"

#include "kernels_attention.part.h"
#include "kernels_elementwise.part.h"
#include "kernels_token.part.h"

#define TABLE(isa)  TABLE_(isa)
#define TABLE_(isa) orw_kernels_##isa
#define TEXT(isa)   TEXT_(isa)
#define TEXT_(isa)  #isa

const struct orw_kernels TABLE(ORW_KERNELS) = {
    .name = TEXT(ORW_KERNELS),
    .width = WIDTH,
    .block_image = block_image,
    .packed_count = packed_count,
    .pack_weights = pack_weights,
    .unpack_add_weights = unpack_add_weights,
    .convolve = convolve,
    .convolve_weights = convolve_weights,
    .winograd_input = winograd_input,
    .winograd_gradient = winograd_gradient,
    .winograd_output = winograd_output,
    .winograd_weights = winograd_weights,
    .winograd_add_weights = winograd_add_weights,
    .convolve_narrow = convolve_narrow,
    .convolve_weights_narrow = convolve_weights_narrow,
    .copy_rows = copy_rows,
    .add_column_sums = add_column_sums,
    .add_to_rows = add_to_rows,
    .spread = spread,
    .gather = gather,
    .channel_moments = channel_moments,
    .normalise = normalise,
    .normalise_sums = normalise_sums,
    .normalise_backward = normalise_backward,
    .block_rows = block_rows,
    .pack_rows = pack_rows,
    .pack_columns = pack_columns,
    .unpack_rows = unpack_rows,
    .softmax_online = softmax_online,
    .scale_rows = scale_rows,
    .softmax_finish = softmax_finish,
    .softmax_backward = softmax_backward,
    .silu = silu,
    .silu_backward = silu_backward,
    .sum = sum,
    .scale = scale,
    .difference = difference,
    .squared_distance = squared_distance,
    .dot = dot,
    .gelu = gelu,
    .gelu_backward = gelu_backward,
    .multiply = multiply,
    .norm_rows = norm_rows,
    .norm_rows_backward = norm_rows_backward,
    .gate_rows = gate_rows,
    .gate_rows_backward = gate_rows_backward,
};
