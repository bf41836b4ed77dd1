/* reader_options.c - the configuration keys of the networks that read images and captions. */
#include "orw/reader.h"
#include "orw/sections.h"

#define READER_OPTIONS(section, updates, seed, patch, channels, depth, pool)                                           \
    STAGES_OPTIONS(section, updates, seed, "what it is shown", channels, "; multiples of 8", depth, pool),             \
        {section ".patch", ORW_INT, "pixels", patch, 1, 16, NULL, "edge of the blocks that it begins with", section},  \
        {section ".features", ORW_INT, "", "64", 1, 4096, NULL, "numbers per image after the last stage", section},    \
        OPTIMISER_OPTIONS(section, section, "3e-3", "100", "1", "1e-4", "0.99", "0.02")

/* The judge differs from all rewards in architecture, seed and scenes. */
const orw_option orw_reader_options[] = {READER_OPTIONS("detector", "800", "21", "2", "32,64,96", "2", "stride"),
                                         READER_OPTIONS("judge", "800", "22", "1", "16,32,48,64", "1", "average"),
                                         READER_OPTIONS("dual_encoder", "800", "23", "2", "32,64,96", "2", "stride"),
                                         READER_OPTIONS("preference", "800", "24", "2", "32,64,96", "2", "stride"),
                                         {.key = NULL}};

const orw_option orw_class_encoder_options[] = {
    READER_OPTIONS("class_encoder", "800", "25", "1", "16,32,64", "2", "stride"),
    {"class_encoder.flip", ORW_BOOL, "", "true", 0, 0, NULL, "mirror half of the images", "class_encoder"},
    {.key = NULL}};
