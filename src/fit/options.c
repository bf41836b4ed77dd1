/* options.c - the configuration keys of the training room. */
#include "orw/sections.h"

#include "orw/fit.h"

const orw_option orw_train_options[] = {
    {"parallel.shards", ORW_INT, "shards", "8", 1, 65536, NULL,
     "equal parts that every global batch is cut into, whatever the number of ranks; at least as many as ranks", NULL},
    {"checkpoint.updates", ORW_INT, "updates", "500", 1, 1e9, NULL, "between checkpoints of a fit from data",
     ORW_INCIDENTAL},
    {"checkpoint.rounds", ORW_INT, "rounds", "10", 1, 1e9, NULL, "between checkpoints of fine-tuning", ORW_INCIDENTAL},
    {"checkpoint.keep", ORW_BOOL, "", "false", 0, 0, NULL,
     "a complete run of fine-tuning keeps its last checkpoint as state.h5, from which --extend goes on for more rounds",
     ORW_INCIDENTAL},
    {.key = NULL}};

const orw_option orw_pretrain_options[] = {
    {"pretrain.updates", ORW_INT, "updates", "2000", 1, 1e9, NULL, "of flow matching on the data set", ORW_STAGE_BASE},
    {"pretrain.batch", ORW_INT, "images", "64", 1, 1e6, NULL, "global batch", ORW_STAGE_BASE},
    {"pretrain.seed", ORW_INT, "", "1", 0, 2147483647, NULL, "of initialisation, order, t and x0", ORW_STAGE_BASE},
    {"pretrain.ema", ORW_REAL, "", "0.999", 0, 0.99999999, NULL, "decay of the weights' moving average, which is kept",
     ORW_STAGE_BASE},
    {"pretrain.flip", ORW_BOOL, "", "false", 0, 0, NULL, "mirror half of the images", ORW_STAGE_BASE},
    {"pretrain.coupling", ORW_CHOICE, "", "independent", 0, 0, "independent|optimal",
     "of noise and images; optimal: exact minibatch optimal transport within each shard, for straighter paths",
     ORW_STAGE_BASE},
    TIME_OPTIONS("pretrain", ORW_STAGE_BASE, "law of t"),
    {"pretrain.condition_dropout", ORW_REAL, "", "0", 0, 1, NULL,
     "share of the samples that are shown without their condition, so that guidance has a v_none", ORW_STAGE_BASE},
    {"pretrain.log", ORW_INT, "updates", "50", 1, 1e9, NULL, "between rows of the metrics", ORW_STAGE_BASE},
    OPTIMISER_OPTIONS("pretrain", ORW_STAGE_BASE, "1e-3", "100", "1", "0", "0.999", "0.05"),
    INIT_OPTION("base.init", "pre-training (orw import makes one of a PyTorch checkpoint)"),
    {.key = NULL}};

#define CLASSIFIER_OPTIONS(section, seed, channels, depth, pool)                                                       \
    STAGES_OPTIONS(section, "1000", seed, "order", channels, "", depth, pool),                                         \
        OPTIMISER_OPTIONS(section, section, "3e-3", "50", "1", "1e-4", "0.999", "0.05")

/* Two that differ in architecture, seed and order of the data: A gives the reward, B judges. */
const orw_option orw_classifier_a_options[] = {CLASSIFIER_OPTIONS("classifier_a", "11", "8,16,32", "2", "average"),
                                               {.key = NULL}};
const orw_option orw_classifier_b_options[] = {CLASSIFIER_OPTIONS("classifier_b", "12", "16,32,48", "2", "stride"),
                                               {.key = NULL}};

const orw_option orw_finetune_options[] = {
    {"finetune.rounds", ORW_INT, "rounds", "60", 1, 1e9, NULL, "of draw, score, weigh, update", ORW_STAGE_FINETUNE},
    {"finetune.updates_per_round", ORW_INT, "updates", "4", 1, 1e6, NULL, "gradient steps on one batch of samples",
     ORW_STAGE_FINETUNE},
    {"finetune.batch", ORW_INT, "samples", "64", 1, 1e6, NULL, "global batch: samples drawn and scored per round",
     ORW_STAGE_FINETUNE},
    TIME_OPTIONS("finetune", ORW_STAGE_FINETUNE,
                 "law of t in the loss, the W2 term's too, which bounds W2 at uniform t only"),
    OPTIMISER_OPTIONS("finetune", ORW_STAGE_FINETUNE, "4e-4", "0", "1", "0", "0.999", "1"),
    {"finetune.on_nan", ORW_CHOICE, "", "stop", 0, 0, "stop|skip",
     "a sample whose reward or loss is not finite: stop names its round, index and seed; skip leaves it out",
     ORW_STAGE_EVALUATE},
    {"behaviour.refresh", ORW_INT, "updates", "1", 1, 1e9, NULL,
     "the sampling policy v_old takes over the trained one whenever so many updates have passed (at the end of a "
     "round)",
     ORW_STAGE_FINETUNE},
    {"behaviour.ema", ORW_REAL, "", "0.95", 0, 0.99999999, NULL,
     "decay per update of the moving average of the policy that becomes v_old and is evaluated; 0: the policy itself",
     ORW_STAGE_FINETUNE},
    {"evaluate.every", ORW_INT, "rounds", "10", 1, 1e9, NULL,
     "between evaluations; also before the first and at the end", ORW_STAGE_FINETUNE},
    {"evaluate.count", ORW_INT, "samples", "256", 2, 1e7, NULL, "per evaluation", ORW_STAGE_EVALUATE},
    {"evaluate.seed", ORW_INT, "", "90001", 0, 2147483647, NULL, "of all evaluations, never used in training",
     ORW_STAGE_EVALUATE},
    {"evaluate.trajectory", ORW_BOOL, "", "false", 0, 0, NULL,
     "also measure the distance to v_ref along the policy's own ODE paths", ORW_STAGE_EVALUATE},
    {"samples.every", ORW_INT, "rounds", "20", 0, 1e9, NULL,
     "between rounds whose training samples are kept; 0: only the evaluation's at the end", ORW_STAGE_FINETUNE},
    {"policies.every", ORW_INT, "rounds", "0", 0, 1e9, NULL,
     "between rounds after which the policy is kept in policies/; 0: only the last one, as policy.h5",
     ORW_STAGE_FINETUNE},
    {.key = NULL}};
