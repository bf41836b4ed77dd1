/* sections.h - keys that several sections of the configuration declare alike: those of an optimiser, of the law of t.
 */
#ifndef ORW_SECTIONS_H
#define ORW_SECTIONS_H

#define OPTIMISER_OPTIONS(section, stage, rate, warmup, clip, weight_decay, beta2, final_share)                        \
    {section ".rate", ORW_REAL, "", rate, 0, 1, NULL, "learning rate of AdamW", stage},                                \
        {section ".warmup", ORW_INT, "updates", warmup, 0, 1e9, NULL, "linear warm-up", stage},                        \
        {section ".clip", ORW_REAL, "", clip, 0, 1e9, NULL, "largest gradient norm; 0: no clipping", stage},           \
        {section ".weight_decay", ORW_REAL, "", weight_decay, 0, 1, NULL, "decoupled weight decay", stage},            \
        {section ".beta2", ORW_REAL, "", beta2, 0, 0.99999999, NULL, "decay of Adam's second moment", stage}, {        \
        section ".final_share", ORW_REAL, "", final_share, 0, 1, NULL,                                                 \
            "share of the rate that is left after cosine decay; 1: constant rate", stage                               \
    }

#define TIME_OPTIONS(section, stage, what)                                                                             \
    {section ".time",                                                                                                  \
     ORW_CHOICE,                                                                                                       \
     "",                                                                                                               \
     "uniform",                                                                                                        \
     0,                                                                                                                \
     0,                                                                                                                \
     "uniform|logit_normal",                                                                                           \
     what ": uniform on (0, 1), or sigmoid(time_mean + time_scale n), n ~ N(0, 1)",                                    \
     stage},                                                                                                           \
        {section ".time_mean", ORW_REAL, "", "0", -10, 10, NULL, "logit_normal: mean of the logit of t", stage}, {     \
        section ".time_scale", ORW_REAL, "", "1", 0, 10, NULL, "logit_normal: its standard deviation", stage           \
    }

/* A model in place of the one that the section trains. */
#define INIT_OPTION(key, without)                                                                                      \
    {                                                                                                                  \
        key, ORW_TEXT, "", "", 0, 0, NULL,                                                                             \
            "a model to take in place of " without                                                                     \
            ": one that comes with the source, by its bare name (looked for in $ORW_DATA/models, then data/models), "  \
            "or the path of a model file; none or empty: it is trained",                                               \
            ORW_INCIDENTAL                                                                                             \
    }

/* A network of stages of convolutions that is trained under the name of its section: classifiers and readers. */
#define STAGES_OPTIONS(section, updates, seed, of_seed, channels, of_channels, depth, pool)                            \
    {section ".updates", ORW_INT, "updates", updates, 1, 1e9, NULL, "of its training", section},                       \
        {section ".batch", ORW_INT, "images", "64", 1, 1e6, NULL, "global batch", section},                            \
        {section ".seed", ORW_INT, "", seed, 0, 2147483647, NULL, "of initialisation and of " of_seed, section},       \
        {section ".channels",                                                                                          \
         ORW_INTS,                                                                                                     \
         "",                                                                                                           \
         channels,                                                                                                     \
         1,                                                                                                            \
         4096,                                                                                                         \
         NULL,                                                                                                         \
         "of its stages, halving the image between" of_channels,                                                       \
         section},                                                                                                     \
        {section ".depth", ORW_INT, "convolutions", depth, 1, 16, NULL, "per stage", section},                         \
        {section ".pool", ORW_CHOICE, "", pool, 0, 0, "stride|average", "how the image is halved", section},           \
        INIT_OPTION(section ".init", "the one that would be trained")

#endif
