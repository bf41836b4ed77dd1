/* test_contrast.c - what an image is told from in the dual encoder's training: not from captions that say the same as
 * its own. The piece at hand is private to its file, which is therefore compiled into this program. */
#include <math.h>

#include "../../src/reader/dual_encoder.c"
#include "../tap.h"

enum { ROWS = 3, CANDIDATES = 4, VECTOR = 8 };

static orw_caption say(int first, orw_relation relation, int second) {
    return (orw_caption){
        .count = 2, .object = {{first, ORW_NO_COLOUR}, {second, ORW_NO_COLOUR}}, .relation = {relation}};
}

static orw_network *encoder(void) {
    static const char *const texts[] = {
        "kind", "dual_encoder", "height", "4",        "width", "4",          "in_channels", "3", "channels",
        "4",    "groups",       "2",      "features", "8",     "vocabulary", "20",          NULL};
    orw_dictionary *description = NULL;
    orw_network *network = NULL;
    if (orw_dictionary_create(&description) != ORW_OK) return NULL;
    for (int i = 0; texts[i]; i += 2) orw_dictionary_set(description, texts[i], "%s", texts[i + 1]);
    if (orw_network_create(description, &network) != ORW_OK) diag("%s", orw_error_text());
    orw_dictionary_destroy(&description);
    return network;
}

int main(void) {
    /* 0 and 1 say the same in other words, 3 the same in the same words. */
    const orw_caption captions[CANDIDATES] = {say(0, ORW_LEFT_OF, 1), say(1, ORW_RIGHT_OF, 0), say(0, ORW_ABOVE, 1),
                                              say(0, ORW_LEFT_OF, 1)};
    /* All vectors are 0, hence all similarities: each loss is the logarithm of how many candidates there are. */
    static const double among[2][ROWS] = {{2, 2, 4}, {3, 3, 4}};
    static const float zeros[CANDIDATES * VECTOR];
    orw_tape *tape = NULL;
    contrast self = {.field = {.network = encoder()}};
    if (!ok(self.field.network && orw_tape_create(&tape) == ORW_OK, "a dual encoder")) return done_testing();
    self.field.values = orw_network_values(self.field.network);
    for (int k = 0; k < 2; k++) {
        double worst = 0;
        orw_tape_begin(tape, false);
        const orw_tensor *loss = choose(&self, tape, NULL, orw_tape_copy(tape, zeros, 2, (int[]){ROWS, VECTOR}),
                                        orw_tape_copy(tape, zeros, 2, (int[]){CANDIDATES, VECTOR}), captions, captions,
                                        k ? CANDIDATES - 1 : CANDIDATES);
        for (int i = 0; i < ROWS && loss; i++) worst = fmax(worst, fabs((double)loss->data[i] - log(among[k][i])));
        ok(loss && worst < 1e-6,
           k ? "images of junk behind them say nothing: they take part (off by %.1e)"
             : "captions that say the same take no part, but for the right one (off by %.1e)",
           worst);
    }
    free(self.field.values);
    orw_network *network = (orw_network *)(uintptr_t)self.field.network;
    orw_network_destroy(&network);
    orw_tape_destroy(&tape);
    return done_testing();
}
