package steering::claims;

# The verdict on C6 from the exported tables of the steering experiment. Rules: analysis/README.md.

use strict;
use warnings;
use Orw::Runs qw(listed_runs);
use Orw::Tables qw(interval);
use Orw::Verdicts qw(load ends starts base values_of gain less row check above_zero suspicion doubted whole);

our $SLIGHTLY = 0.5;     # the largest alpha trails "slightly" where it has more than this share of alpha = 0's rise
our $SPREAD_LEFT = 0.5;  # of the base model's spread, in pixels and in the judge's features: below, samples may be all alike
my @PIXELS = ('pairwise_variance', 'left', $SPREAD_LEFT, 'the pairwise variance of the pixels');
my @FEATURES = ('variety', 'left', $SPREAD_LEFT, 'the variety');

# judge(DATA, PAPER): as target_image::claims; no rows where the experiment was not run.
sub judge {
    my ($data, $paper) = @_;
    return { rows => [], checks => [] } unless listed_runs($data);
    my $runs = load($data);
    my $orw = $runs->{orw} || {};
    my @alphas = sort { $a <=> $b } keys %$orw;
    my @rows = (rewards($orw, \@alphas, $paper), control($orw, $runs->{control}{0}, \@alphas), between($orw, \@alphas));
    return { rows => [ @rows, whole('C6', @rows) ], checks => [ map { checks($orw->{$_}, $_) } @alphas ] };
}

# What speaks against the samples of an alpha: without the W2 term variety is lost by the claim's own words, with it it is not.
sub doubts { my ($of, $alpha) = @_; return suspicion($of, \@PIXELS, $alpha > 0 ? \@FEATURES : ()) }

# Under every alpha the score rises, and so does the share of samples that the judge calls what the text names.
sub rewards {
    my ($orw, $alphas, $paper) = @_;
    my $runs = { orw => $orw };
    my @rows = (row('C6', 'reward before any update', 'base', $paper->{'C6|reward|base'}, base($runs, 'reward_mean'), '-',
            'the paper\'s: another image-text model, whose score has another scale'),
        row('C6', 'share judged right before any update', 'base', undef, base($runs, 'judge_right'), '-', ''),
        row('C6', 'variety before any update', 'base', undef, base($runs, 'variety'), '-', 'mean pairwise 1 - cosine of the judge\'s features'));
    for my $alpha (@$alphas) {
        my $of = $orw->{$alpha};
        push @rows, map { row('C6', "$_->[1] at the end", "alpha=$alpha", $_->[2], values_of(ends($of, $_->[0])), '-', '') }
            [ reward_mean => 'reward', $paper->{"C6|reward at update 1000|alpha=$alpha"} ], [ judge_right => 'share judged right' ],
            [ variety => 'variety' ];
        for my $pair ([ reward_mean => 'reward' ], [ judge_right => 'share judged right' ]) {
            my $rise = gain($of, $pair->[0]);
            push @rows, row('C6', "$pair->[1]: rise, paired by seed", "alpha=$alpha", 'rises', $rise,
                doubted(above_zero($rise), doubts($of, $alpha)));
        }
    }
    return @rows;
}

# A model that learns from its own samples drifts without any reward, and its score with it: what there is beyond that.
sub control {
    my ($orw, $even, $alphas) = @_;
    return () unless $even;
    my @rows;
    for my $pair ([ reward_mean => 'reward' ], [ judge_right => 'share judged right' ]) {
        push @rows, row('C6', "$pair->[1] at the end", 'no reward (control), alpha=0', undef, values_of(ends($even, $pair->[0])), '-', '');
        for my $alpha (@$alphas) {
            my $more = less($orw->{$alpha}, $even, $pair->[0]);
            push @rows, row('C6', "$pair->[1]: above the control without a reward, paired by seed", "alpha=$alpha", 'more', $more,
                doubted(above_zero($more), doubts($orw->{$alpha}, $alpha)));
        }
    }
    return @rows;
}

# The largest alpha against 0: a little less reward, more variety.
sub between {
    my ($orw, $alphas) = @_;
    my $most = @$alphas && $alphas->[-1] > 0 ? $alphas->[-1] : 1;
    my ($none, $with) = @$orw{ 0, $most };
    my ($behind, $kept) = (less($none, $with, 'reward_mean'), less($with, $none, 'variety'));
    my ($all, $part) = map { rises($_) } $none, $with;
    my @both = grep { defined $part->{$_} } sort keys %$all;
    my @more = map { $part->{$_} - $SLIGHTLY * $all->{$_} } @both;
    my ($verdict, $reason) = above_zero(\@more);
    my ($whole, $left) = map { my $of = $_; interval(map { $of->{$_} } @both)->{mean} } $all, $part;
    ($verdict, $reason) = ('not reproduced', 'alpha=0 itself does not rise') if defined $whole && $whole <= 0;
    $reason .= sprintf '; of the mean rise %.2f is left', $left / $whole if defined $left && $whole && $whole > 0;
    my @doubts = (doubts($with, $most), doubts($none, 0));
    return (row('C6', 'reward: fall, paired by seed', "alpha=0 to $most", 'falls', $behind, doubted(above_zero($behind), @doubts)),
        row('C6', "reward: rise beyond $SLIGHTLY of alpha=0's, paired by seed", "alpha=$most", 'slightly less', \@more,
            doubted($verdict, $reason, @doubts)),
        row('C6', 'variety kept, paired by seed', "alpha=$most over 0", 'more', $kept, doubted(above_zero($kept), $doubts[0])));
}

# By seed: what the reward gained.
sub rises {
    my ($of) = @_;
    my ($end, $start) = map { $_->($of, 'reward_mean') } \&ends, \&starts;
    return { map { $_ => $end->{$_} - $start->{$_} } grep { defined $end->{$_} && defined $start->{$_} } keys %$end };
}

# Beside the claim: are samples still images?
sub checks {
    my ($of, $alpha) = @_;
    my @checks;
    for my $pair ([ pairwise_variance => 'pairwise variance of the pixels' ], [ variety => 'variety in the judge\'s features' ]) {
        my ($end, $start) = map { $_->($of, $pair->[0]) } \&ends, \&starts;
        my @share = map { $end->{$_} / $start->{$_} } grep { defined $end->{$_} && $start->{$_} } sort keys %$end;
        my $mean = interval(@share)->{mean};
        push @checks, check("$pair->[1] at the end, share of the base model's, alpha=$alpha", \@share,
            !defined $mean ? 'unknown' : $mean < $SPREAD_LEFT ? 'suspect' : 'plausible', "suspect below $SPREAD_LEFT: all samples may be alike");
    }
    return @checks;
}

1;
