/* digits.c - an observer: what a digit classifier that is never a reward sees in the samples, and how far
 * they are from real digits in its features. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orw/loop.h"

#define DIGITS(_)                                                                                                      \
    _(judge_even, "", "share that the judge calls an even digit", census.even)                                         \
    _(judge_entropy, "nat", "entropy of the judge's digits, Miller-Madow corrected", census.entropy)                   \
    _(judge_effective_digits, "", "exp(judge_entropy)", census.effective)                                              \
    _(judge_confidence, "", "mean of the judge's largest probability", census.confidence)                              \
    _(digit0, "", "share of digit 0 by the judge", census.share[0])                                                    \
    _(digit1, "", "of digit 1", census.share[1])                                                                       \
    _(digit2, "", "of digit 2", census.share[2])                                                                       \
    _(digit3, "", "of digit 3", census.share[3])                                                                       \
    _(digit4, "", "of digit 4", census.share[4])                                                                       \
    _(digit5, "", "of digit 5", census.share[5])                                                                       \
    _(digit6, "", "of digit 6", census.share[6])                                                                       \
    _(digit7, "", "of digit 7", census.share[7])                                                                       \
    _(digit8, "", "of digit 8", census.share[8])                                                                       \
    _(digit9, "", "of digit 9", census.share[9])                                                                       \
    _(frechet, "", "squared Frechet distance to the test images in the judge's features; NaN: not asked for",          \
      apart.images)                                                                                                    \
    _(frechet_even, "", "the same to the even ones among them", apart.even)
static const orw_column columns[] = {DIGITS(ORW_COLUMN)};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Squared Frechet distances of the samples, as they would be stored. */
typedef struct distances {
    double images, even;
} distances;

/* Every rank does the same work. */
static orw_status find_distances(const orw_digits *digits, orw_tape *tape, const orw_batch *batch, const float *all,
                                 distances *apart) {
    size_t count = (size_t)batch->plan.batch * batch->D;
    orw_gaussian *samples = NULL;
    *apart = (distances){NAN, NAN};
    if (!digits->images) return ORW_OK;
    float *x = malloc(count * sizeof *x);
    if (!x) return orw_error(ORW_ERR_SYSTEM, "no memory to look at %d samples", batch->plan.batch);
    for (size_t k = 0; k < count; k++) x[k] = orw_stored(all[k]);
    orw_status status = orw_features_of_samples(digits->judge, tape, batch->plan.batch, batch->D, x, &samples);
    if (status == ORW_OK) status = orw_frechet_squared(samples, digits->images, &apart->images);
    if (status == ORW_OK) status = orw_frechet_squared(samples, digits->even, &apart->even);
    orw_gaussian_destroy(&samples);
    free(x);
    return status;
}

static orw_status measure(void *context, const orw_comm *comm, orw_tape *tape, const orw_batch *batch, const float *all,
                          double *row) {
    const orw_digits *digits = context;
    orw_class_census census;
    distances apart;
    ORW_CALL(orw_census_of_batch(digits->judge, comm, tape, batch, &census));
    ORW_CALL(orw_comm_agree(comm, find_distances(digits, tape, batch, all, &apart)));
    const double found[] = {DIGITS(ORW_VALUE)};
    memcpy(row, found, sizeof found);
    return ORW_OK;
}

orw_observer orw_digits_observer(orw_digits *digits) {
    return (orw_observer){columns, COLUMNS, measure, digits};
}

/* ---------------------------------------------------------------- real digits ----------------------------------- */

/* Which of the test images count: `most` of them, evenly spread, as MNIST's first half was easier to read. */
typedef struct selection {
    int count, evens;
    int *all, *even, *half[2];
} selection;

static orw_status choose(const orw_dataset *test, int most, selection *s) {
    s->count = test->count < most ? test->count : most;
    size_t count = (size_t)s->count + 1;
    s->all = calloc(4 * count, sizeof *s->all);
    if (!s->all) return orw_error(ORW_ERR_SYSTEM, "no memory for a choice of %d images", s->count);
    s->even = s->all + count;
    s->half[0] = s->even + count;
    s->half[1] = s->half[0] + count;
    for (int i = 0; i < s->count; i++) {
        int image = (int)((int64_t)i * test->count / s->count);
        s->all[i] = s->half[i % 2][i / 2] = image;
        if (test->labels[image] % 2 == 0) s->even[s->evens++] = image;
    }
    return ORW_OK;
}

static orw_status fit(const orw_dataset *test, orw_tape *tape, const selection *s, orw_digits *digits) {
    orw_gaussian *half[2] = {NULL, NULL};
    orw_status status = orw_features_of_images(digits->judge, tape, test, s->all, s->count, &digits->images);
    if (status == ORW_OK) status = orw_features_of_images(digits->judge, tape, test, s->even, s->evens, &digits->even);
    for (int h = 0; h < 2 && status == ORW_OK; h++)
        status = orw_features_of_images(digits->judge, tape, test, s->half[h], (s->count + 1 - h) / 2, &half[h]);
    if (status == ORW_OK) status = orw_frechet_squared(half[0], half[1], &digits->halves);
    orw_gaussian_destroy(&half[1]);
    orw_gaussian_destroy(&half[0]);
    return status;
}

orw_status orw_digits_open(orw_model *judge, const orw_dataset *test, int most, orw_digits *digits) {
    selection chosen = {0};
    orw_tape *tape = NULL;
    *digits = (orw_digits){.judge = judge};
    ORW_CALL(orw_tape_create(&tape));
    orw_status status = choose(test, most, &chosen);
    if (status == ORW_OK) status = fit(test, tape, &chosen, digits);
    free(chosen.all);
    orw_tape_destroy(&tape);
    if (status != ORW_OK) orw_digits_clear(digits);
    return status;
}

void orw_digits_clear(orw_digits *digits) {
    orw_gaussian_destroy(&digits->even);
    orw_gaussian_destroy(&digits->images);
}
