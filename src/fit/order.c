/* order.c - in which order a fit sees the items of a data set. */
#include <stdlib.h>

#include "orw/fit.h"

orw_status orw_order_open(uint64_t seed, int count, int batch, orw_order *order) {
    *order = (orw_order){seed, count, batch, -1, malloc((size_t)count * sizeof(int))};
    return order->order ? ORW_OK : orw_error(ORW_ERR_SYSTEM, "no memory to shuffle %d items", count);
}

void orw_order_close(orw_order *order) {
    free(order->order);
    order->order = NULL;
}

int orw_order_at(orw_order *order, int64_t update, int index) {
    int64_t position = update * order->batch + index, epoch = position / order->count;
    if (epoch != order->epoch) {
        orw_stream stream = orw_stream_open(order->seed, ORW_PURPOSE_SHUFFLE, (uint32_t)epoch, 0);
        orw_stream_permutation(&stream, order->order, order->count);
        order->epoch = epoch;
    }
    return order->order[position % order->count];
}
