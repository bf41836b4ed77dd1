/* options.c - the keys of the text-image experiment. */
#include "text_image.h"

const char *const reward_names[REWARDS] = {"alignment", "detection", "preference"};

const orw_option text_image_options[] = {
    {"data.directory", ORW_TEXT, "", "", 0, 0, NULL,
     "where the sprites lie; empty: $ORW_DATA/sprites, then data/sprites", ORW_INCIDENTAL},
    {"prompts.file", ORW_TEXT, "", "", 0, 0, NULL,
     "prompts to fine-tune on, one a line; empty: chosen among random triples by the base model's judged accuracy",
     "prompts"},
    {"prompts.seen", ORW_INT, "prompts", "4", 0, 64, NULL, "chosen among triples that pre-training has seen",
     "prompts"},
    {"prompts.held_out", ORW_INT, "prompts", "2", 0, 64, NULL, "chosen among those held out from it", "prompts"},
    {"prompts.candidates", ORW_INT, "prompts", "16", 1, 1024, NULL,
     "random seen triples, and as many held-out ones (or all), of which the lowest accuracies are chosen", "prompts"},
    {"prompts.samples", ORW_INT, "samples", "12", 1, 1e6, NULL, "of the base model per candidate", "prompts"},
    {"prompts.seed", ORW_INT, "", "70001", 0, 2147483647, NULL, "of the candidates and their samples, never used again",
     "prompts"},
    {"prompts.others", ORW_INT, "prompts", "4", 0, 64, NULL,
     "of each kind that are not fine-tuned on: does it generalise, does it forget?", "others"},
    {"prompts.others_samples", ORW_INT, "samples", "16", 2, 1e6, NULL, "of each final policy per such prompt",
     "others"},
    ORW_REWARD_KEY("alignment"),
    {"run.adapters", ORW_BOOL, "", "false", 0, 0, NULL,
     "of one run, as its run file has it: are low-rank adapters trained, not all weights?", ORW_STAGE_FINETUNE},
    {"lora.rank", ORW_INT, "", "8", 1, 16384, NULL, "of the adapters of also.lora", "lora"},
    {"lora.alpha", ORW_REAL, "", "8", 0, 1e6, NULL, "they are scaled by alpha / rank", "lora"},
    {"lora.rate", ORW_REAL, "", "3e-3", 0, 1, NULL, "learning rate of adapters, in place of finetune.rate", "lora"},
    {"also.lora", ORW_REALS, "", "", 0, 1e9, NULL, "alphas to run variants.methods on low-rank adapters with",
     ORW_INCIDENTAL},
    {"also.rewards", ORW_REALS, "", "", 0, 1e9, NULL,
     "alphas to run variants.methods with under those of alignment, detection and preference that are not `reward`",
     ORW_INCIDENTAL},
    {"variants.methods", ORW_WORDS, "", "orw", 0, 0, NULL, "of also.lora and also.rewards: orw, raft, reft",
     ORW_INCIDENTAL},
    {.key = NULL}};
