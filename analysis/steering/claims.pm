package steering::claims;

# The verdict on C6 from the exported tables of the steering experiment. Rules: analysis/README.md.

use strict;
use warnings;
use Orw::Tables qw(read_table differences interval);
use Orw::Verdicts qw(load ends starts base values_of gain less row check above_zero whole);

our $SLIGHTLY = 0.5;     # the largest alpha trails "slightly" where it has more than this share of alpha = 0's rise
our $SPREAD_LEFT = 0.25; # of the base model's pairwise variance: below, samples may be blobs

# judge(DATA, PAPER): as target_image::claims; no rows where the experiment was not run.
sub judge {
    my ($data, $paper) = @_;
    return { rows => [], checks => [] } unless read_table("$data/runs.tsv");
    my $orw = load($data)->{orw} || {};
    my @alphas = sort { $a <=> $b } keys %$orw;
    my @rows = (rewards($orw, \@alphas, $paper), between($orw, \@alphas));
    return { rows => [ @rows, whole('C6', @rows) ], checks => [ map { checks($orw->{$_}, $_) } @alphas ] };
}

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
            push @rows, row('C6', "$pair->[1]: rise, paired by seed", "alpha=$alpha", 'rises', $rise, above_zero($rise));
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
    my @more = map { $part->{$_} - $SLIGHTLY * $all->{$_} } grep { defined $part->{$_} } sort keys %$all;
    my ($verdict, $reason) = above_zero(\@more);
    my ($whole, $left) = map { interval(values %$_)->{mean} } $all, $part;
    $reason .= sprintf '; of the mean rise %.2f is left', $left / $whole if $left && $whole && $whole > 0;
    return (row('C6', 'reward: fall, paired by seed', "alpha=0 to $most", 'falls', $behind, above_zero($behind)),
        row('C6', "reward: rise beyond $SLIGHTLY of alpha=0's, paired by seed", "alpha=$most", 'slightly less', \@more, $verdict, $reason),
        row('C6', 'variety kept, paired by seed', "alpha=$most over 0", 'more', $kept, above_zero($kept)));
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
    my ($end, $start) = map { $_->($of, 'pairwise_variance') } \&ends, \&starts;
    my @share = map { $end->{$_} / $start->{$_} } grep { defined $end->{$_} && $start->{$_} } sort keys %$end;
    my $mean = interval(@share)->{mean};
    return check("pairwise variance at the end, share of the base model's, alpha=$alpha", \@share,
        !defined $mean ? 'unknown' : $mean < $SPREAD_LEFT ? 'suspect' : 'plausible', "suspect below $SPREAD_LEFT");
}

1;
