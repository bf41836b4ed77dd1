package Orw::Experiments;

# What the report says of each experiment besides its verdicts: words, the order of its figures, and for each claim the figure that is
# drawn small beside its verdict (`curve`) and the sheets of samples (`sheets`).

use strict;
use warnings;
use Exporter 'import';
use compression::claims;
use finetune::claims;
use steering::claims;
use target_image::claims;
use text_image::claims;
our @EXPORT_OK = qw(experiments);

my @ALL = (
    { name => 'target_image', title => 'Target images', judge => \&target_image::claims::judge,
        classifiers => { classifier_a => 'classifier A (the reward)', classifier_b => 'classifier B (the judge)' },
        beside => 'A solver with too few steps makes samples shrink into grey blobs that a classifier calls even: a high reward '
            . 'counts only while the images stay images.',
        curve => { C1 => 'reward_vs_update', C2 => 'judge_entropy_vs_update', C7 => 'online_vs_offline', C12 => 'temperature_vs_update' },
        sheets => { C7 => [ 'grid-alpha0', 'grid-offline-alpha0' ] },
        figures => [ qw(page-alpha page-temperature reward_vs_update online_vs_offline judge_entropy_vs_update judge_even_vs_update digits
            distance_vs_update distance_vs_reward frechet_even_vs_reward entropy_vs_reward frechet_even_vs_update frechet_vs_update
            pairwise_variance_vs_update judge_confidence_vs_update pretraining) ] },
    { name => 'compression', title => 'Compression', judge => \&compression::claims::judge,
        classifiers => { classifier_b => 'classifier of the features' },
        beside => 'Bytes alone do not make a good image: the distance to real images stands beside them. Rewards are called '
            . 'convergent only where their slope has become small.',
        curve => { C3 => 'reward_vs_alpha', C4 => 'distance_vs_alpha', C5 => 'bytes_above_floor_vs_alpha', C7 => 'online_vs_offline' },
        sheets => { C5 => [ 'grid-base', 'grid-alpha0' ], C7 => [ 'grid-alpha0', 'grid-offline-alpha0' ] },
        figures => [ qw(page-alpha reward_vs_alpha distance_vs_alpha sliced_w2_vs_alpha reward_vs_distance bytes_vs_frechet
            variety_vs_reward bytes_above_floor_vs_alpha blank_share_vs_alpha frechet_vs_alpha pairwise_distance_vs_alpha reward_vs_update
            distance_vs_update online_vs_offline pretraining) ] },
    { name => 'steering', title => 'Steering to a text', judge => \&steering::claims::judge,
        classifiers => { classifier_b => 'judge (never a reward)', class_encoder => 'dual encoder (the reward)' },
        beside => 'Whether samples show what the text names is said by a classifier that no policy was trained on. It knows clean '
            . 'images only, and the same textures may fool both: look at the samples.',
        curve => { C6 => 'judge_vs_update' }, sheets => {},
        figures => [ qw(page-alpha reward_vs_update judge_vs_update variety_vs_update reward_vs_judge distance_vs_reward variety_vs_judge
            distance_vs_update pairwise_variance_vs_update pretraining) ] },
    { name => 'text_image', title => 'Text and image', judge => \&text_image::claims::judge,
        classifiers => { judge => 'judge (never a reward)', detector => 'detector (a reward)' },
        beside => 'Whether a prompt came out right is said by a detector that no policy was trained on. A score that rises while '
            . 'that share falls is over-optimisation of the reward.',
        curve => { C8 => 'score_vs_update', C9 => 'judge_vs_update', C10 => 'rewards_judge_vs_update' }, sheets => {},
        figures => [ qw(page-methods judge_vs_update prompts right_vs_variety score_vs_variety reward_vs_judge distance_vs_judge
            score_vs_update variety_vs_update rewards_judge_vs_update pairwise_variance_vs_update pretraining) ] },
    { name => 'finetune', title => 'Your own images and reward', judge => \&finetune::claims::judge,
        classifiers => { classifier_a => 'classifier A (for rewards that ask for one)' },
        beside => 'No claim of the paper is tested here. A reward that rises while samples grow alike, or leave the real images, has been '
            . 'exploited: look at the samples.',
        curve => {}, sheets => {},
        figures => [ qw(reward_vs_distance reward_vs_update distance_vs_update pairwise_variance_vs_update sliced_w2_images_vs_update
            pretraining) ] });

sub experiments { return map { +{%$_} } @ALL }

1;
