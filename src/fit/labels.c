/* labels.c - the accuracy of networks that name an image's class. */

#include "orw/fit.h"

#include <stdlib.h>

enum { CHUNK = 50 };

/* Test images [first, first + count) that are labelled right. */
static orw_status count_right(orw_label_scores scores, void *context, orw_tape *tape, const orw_dataset *test,
                              int first, int count, float *x, float *p, int64_t *right) {
    size_t D = (size_t)test->height * test->width * test->channels;
    int classes = test->classes;
    for (int i = 0; i < count; i++) orw_dataset_image(test, first + i, false, x + (size_t)i * D);
    ORW_CALL(scores(context, tape, count, x, p));
    for (int i = 0; i < count; i++) {
        int best = 0;
        for (int c = 1; c < classes; c++)
            if (p[i * classes + c] > p[i * classes + best]) best = c;
        *right += best == test->labels[first + i];
    }
    return ORW_OK;
}

/* Share of `test` that is labelled right; the ranks take turns. */
static orw_status accuracy(const orw_comm *comm, orw_label_scores scores, void *context, const orw_dataset *test,
                           double *share) {
    size_t D = (size_t)test->height * test->width * test->channels;
    int ranks = orw_comm_size(comm);
    int64_t right = 0;
    float *x = malloc((CHUNK * D + CHUNK * (size_t)test->classes) * sizeof *x), *p = x ? x + CHUNK * D : NULL;
    orw_tape *tape = NULL;
    orw_status status = x ? orw_tape_create(&tape) : orw_error(ORW_ERR_SYSTEM, "no memory to test a classifier");
    for (int first = CHUNK * orw_comm_rank(comm); first < test->count && status == ORW_OK; first += CHUNK * ranks) {
        int count = test->count - first < CHUNK ? test->count - first : CHUNK;
        status = count_right(scores, context, tape, test, first, count, x, p, &right);
    }
    orw_tape_destroy(&tape);
    free(x);
    ORW_CALL(orw_comm_agree(comm, status));
    ORW_MPI(MPI_Allreduce(MPI_IN_PLACE, &right, 1, MPI_INT64_T, MPI_SUM, orw_comm_mpi(comm)));
    *share = (double)right / test->count;
    return ORW_OK;
}

#define EVALUATION(_)                                                                                                  \
    _(accuracy, "", "share of the test images that are labelled right", share)                                         \
    _(images, "", "test images", test->count)
static const orw_column columns[] = {EVALUATION(ORW_COLUMN) ORW_COLUMNS_END};

orw_status orw_place_accuracy(const orw_place *place, const char *what, const orw_dataset *test,
                              orw_label_scores scores, void *context) {
    double share = 0;
    ORW_CALL(accuracy(place->comm, scores, context, test, &share));
    orw_log("%s: %.2f %% of %d test images right", what, 100 * share, test->count);
    const double row[] = {EVALUATION(ORW_VALUE)};
    return orw_place_evaluation(place, columns, row);
}

orw_status orw_same_classes(const orw_dataset *data, const orw_dataset *test) {
    const orw_dataset *without = data->classes < 2 ? data : test;
    if (without->classes < 2)
        return orw_error(ORW_ERR_INPUT, "%s: %s, expected images of two classes or more for a classifier",
                         without->name, without->classes ? "one class" : "no labels");
    if (data->classes == test->classes) return ORW_OK;
    return orw_error(ORW_ERR_INPUT, "%s has %d classes, %s has %d: expected the same", test->name, test->classes,
                     data->name, data->classes);
}
