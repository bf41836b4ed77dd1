/* test_digits.c - what the judge of digits says of samples whose answer is known: real images lie at no distance from
 * themselves, even ones at none from the even ones. */
/* ranks: 1 2 3 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "orw/loop.h"

enum { SIDE = 8, D = SIDE * SIDE, COUNT = 160, EVEN = COUNT / 2, SHARDS = 4, MOST_COLUMNS = 32 };

typedef struct world {
    orw_comm *comm;
    orw_tape *tape;
    orw_dataset data;
    uint8_t pixels[COUNT * D], labels[COUNT];
    orw_model judge;
    float real[COUNT * D], even[COUNT * D]; /* the images, all of them and the even ones (twice), as samples */
} world;

/* Even digits are dark at the top, odd ones at the bottom; the second half of the set is brighter. */
static void paint(world *self) {
    orw_stream stream = orw_stream_open(5, ORW_PURPOSE_TEST, 0, 0);
    int evens = 0;
    self->data = (orw_dataset){
        .count = COUNT, .height = SIDE, .width = SIDE, .channels = 1, .classes = 10, .pixels = self->pixels};
    self->data.labels = self->labels;
    for (int i = 0; i < COUNT; i++) {
        bool even = i * 37 % COUNT < EVEN; /* in no step with how images are chosen */
        self->labels[i] = (uint8_t)(2 * orw_stream_below(&stream, 5) + !even);
        for (int k = 0; k < D; k++)
            self->pixels[i * D + k] = (uint8_t)((even == (k < D / 2) ? 20 : 120) + (i < COUNT / 2 ? 0 : 60) +
                                                (int)orw_stream_below(&stream, 50));
        orw_dataset_image(&self->data, i, false, self->real + (size_t)i * D);
        if (even) memcpy(self->even + (size_t)evens++ * D, self->real + (size_t)i * D, D * sizeof(float));
    }
    memcpy(self->even + (size_t)EVEN * D, self->even, (size_t)EVEN * D * sizeof(float));
}

static bool make_judge(orw_model *judge) {
    const char *const texts[] = {"kind",        "classifier", "height",  "8",  "width",    "8",
                                 "in_channels", "1",          "classes", "10", "channels", "8,16",
                                 "groups",      "8",          "depth",   "1",  NULL};
    orw_dictionary *description = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return false;
    for (const char *const *text = texts; *text; text += 2) orw_dictionary_set(description, text[0], "%s", text[1]);
    bool good = orw_network_create(description, &judge->network) == ORW_OK;
    orw_dictionary_destroy(&description);
    if (!good) return false;
    judge->values = orw_network_values(judge->network);
    orw_network_initialise(judge->network, 3, judge->values);
    return true;
}

/* The observer's row of samples x[count, D]; the same on every rank, or NaN. */
static void look(world *self, orw_digits *digits, int count, const float *x, double *row) {
    const orw_observer observer = orw_digits_observer(digits);
    orw_plan plan;
    orw_batch *batch = NULL;
    double first[MOST_COLUMNS];
    for (int c = 0; c < observer.count; c++) row[c] = NAN;
    if (orw_plan_make(self->comm, count, SHARDS, &plan) != ORW_OK || orw_batch_create(&plan, D, &batch) != ORW_OK)
        return;
    memcpy(batch->x1, x + (size_t)batch->start * D, (size_t)batch->local * D * sizeof *x);
    if (observer.measure(observer.context, self->comm, self->tape, batch, x, row) != ORW_OK)
        diag("%s", orw_error_text());
    memcpy(first, row, sizeof *row * (size_t)observer.count);
    orw_comm_broadcast(self->comm, first, sizeof *row * (size_t)observer.count);
    if (memcmp(first, row, sizeof *row * (size_t)observer.count) != 0) row[0] = NAN;
    orw_batch_destroy(&batch);
}

static double of(orw_digits *digits, const char *name, const double *row) {
    const orw_observer observer = orw_digits_observer(digits);
    for (int c = 0; c < observer.count; c++)
        if (strcmp(observer.columns[c].name, name) == 0) return row[c];
    return NAN;
}

static void test_distances(world *self) {
    static float near[COUNT * D];
    orw_digits digits;
    double real[MOST_COLUMNS], even[MOST_COLUMNS], rounded[MOST_COLUMNS], few[MOST_COLUMNS];
    if (!ok(orw_digits_open(&self->judge, &self->data, COUNT, &digits) == ORW_OK, "real digits are looked at: %s",
            orw_error_text()))
        return;
    for (int k = 0; k < COUNT * D; k++) near[k] = self->real[k] + (k % 2 ? 0.3f : -0.3f) / 127.5f;
    look(self, &digits, COUNT, self->real, real);
    look(self, &digits, COUNT, self->even, even);
    look(self, &digits, COUNT, near, rounded);
    look(self, &digits, 4, self->real, few);
    double apart = of(&digits, "frechet_even", real);
    ok(isfinite(real[0]), "every rank says the same");
    ok(apart > 1e-6, "all digits are far from the even ones: %g", apart);
    ok(fabs(of(&digits, "frechet", real)) < 1e-6 * apart, "and at no distance from themselves: %g",
       of(&digits, "frechet", real));
    /* Each of them twice: the unbiased covariance differs a little. */
    ok(fabs(of(&digits, "frechet_even", even)) < 1e-3 * apart, "even ones are at none from the even ones: %g",
       of(&digits, "frechet_even", even));
    ok(of(&digits, "frechet", even) > 0.1 * apart, "and far from all: %g", of(&digits, "frechet", even));
    ok(of(&digits, "frechet", rounded) == of(&digits, "frechet", real) && of(&digits, "frechet_even", rounded) == apart,
       "samples count as they would be stored, in 8 bits");
    ok(of(&digits, "frechet", few) > 0 && isfinite(of(&digits, "frechet", few)),
       "fewer samples than features have a distance, too");
    ok(digits.images->count == COUNT && digits.even->count == EVEN, "of %d images %d are even", digits.images->count,
       digits.even->count);
    orw_digits_clear(&digits);
    orw_digits_clear(&digits);
}

static void test_choice(world *self) {
    orw_digits digits;
    double dark[MOST_COLUMNS], all[MOST_COLUMNS];
    if (!ok(orw_digits_open(&self->judge, &self->data, COUNT / 2, &digits) == ORW_OK, "half of the images: %s",
            orw_error_text()))
        return;
    look(self, &digits, COUNT / 2, self->real, dark);
    look(self, &digits, COUNT, self->real, all);
    ok(digits.images->count == COUNT / 2, "as many are looked at");
    ok(of(&digits, "frechet", all) < 0.1 * of(&digits, "frechet", dark),
       "from all parts of the data set: %g to all, %g to its first half", of(&digits, "frechet", all),
       of(&digits, "frechet", dark));
    ok(digits.halves > 0 && digits.halves < 0.2 * of(&digits, "frechet", dark),
       "and their two halves are alike, though the set is ordered: %g", digits.halves);
    orw_digits_clear(&digits);
}

static void test_without(world *self) {
    orw_digits digits = {.judge = &self->judge}, opened;
    double without[MOST_COLUMNS], with[MOST_COLUMNS];
    look(self, &digits, COUNT, self->real, without);
    ok(isnan(of(&digits, "frechet", without)) && isnan(of(&digits, "frechet_even", without)),
       "without real digits there are no distances");
    if (!ok(orw_digits_open(&self->judge, &self->data, COUNT, &opened) == ORW_OK, "with them")) return;
    look(self, &opened, COUNT, self->real, with);
    int last = orw_digits_observer(&opened).count - 2;
    ok(last >= 14 && memcmp(with, without, sizeof *with * (size_t)last) == 0, "the other columns are the same bits");
    ok(strcmp(orw_digits_observer(&opened).columns[last].name, "frechet") == 0, "the distances are the last two");
    orw_digits_clear(&opened);
    opened = (orw_digits){0};
    memset(self->labels, 1, sizeof self->labels);
    ok(orw_digits_open(&self->judge, &self->data, COUNT, &opened) == ORW_ERR_INPUT && !opened.images,
       "test images without even digits are refused: %s", orw_error_text());
}

int main(int argc, char **argv) {
    static world self;
    if (orw_cpu_prepare(argc, argv) != ORW_OK || orw_comm_begin(&argc, &argv, &self.comm) != ORW_OK) return 2;
    tap_speak(orw_comm_rank(self.comm) == 0);
    paint(&self);
    if (ok(make_judge(&self.judge) && orw_tape_create(&self.tape) == ORW_OK, "a judge is made")) {
        test_distances(&self);
        test_choice(&self);
        test_without(&self);
    }
    orw_tape_destroy(&self.tape);
    orw_model_clear(&self.judge);
    int exit_status = done_testing();
    return orw_comm_end(&self.comm, ORW_OK) || exit_status;
}
