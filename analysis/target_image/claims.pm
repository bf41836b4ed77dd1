package target_image::claims;

# The verdicts on C1, C2 and C7 from the exported tables of the target-image experiment. Rules: analysis/README.md.

use strict;
use warnings;
use Orw::Tables qw(column last_of interval differences);
use Orw::Verdicts qw(load ends starts base row check beyond above_zero suspicion doubted holds online_over_offline whole);

our $ALPHAS = [ '0', '0.3', '0.8' ]; # the settings that the paper's claims are about
our $NEAR_OPTIMUM = 0.88;            # C1: a reward at least this high counts as near the optimum of 1
our $BASE_AT_MOST = 0.50;            # C1: it has to come from at most this much
our $ONE_DIGIT = 0.90;               # C2: a digit with at least this share of the samples is a collapse onto it
our $SPREAD_LEFT = 0.25;             # a pairwise variance below this share of the base model's is no digit any more
my @SURE = ('judge_confidence', 'lost', $Orw::Verdicts::CONFIDENCE_LOST, 'the judge\'s confidence');
my @SPREAD = ('pairwise_variance', 'left', $SPREAD_LEFT, 'the pairwise variance of the pixels');

# judge(DATA, PAPER): DATA is the folder of exported tables, PAPER maps "claim|quantity|setting" to the paper's value.
# Returns { rows => [...], checks => [...] }; a row has claim, quantity, setting, paper, ours, low, high, n, verdict, reason.
sub judge {
    my ($data, $paper) = @_;
    my $runs = load($data);
    my @rows = (first_claim($runs, $paper), second_claim($runs, $paper), online_over_offline($runs, \@SURE, \@SPREAD));
    return { rows => \@rows, checks => [ checks($runs) ] };
}

# A share of even digits that rises to near its optimum.
sub near_optimum {
    my ($of, $name) = @_;
    my $end = ends($of, $name);
    my @end = grep { defined } values %$end;
    my ($verdict, $reason) = beyond(\@end, 1, $NEAR_OPTIMUM, "at or above $NEAR_OPTIMUM");
    return ($verdict, $reason) if $verdict eq 'not tested';
    my ($rise, $why) = above_zero([ differences($end, starts($of, $name)) ]);
    return ('not reproduced', 'no rise over the base model that the interval supports') if $rise ne 'reproduced';
    return ('partly', "rises, but stays below $NEAR_OPTIMUM") if $verdict eq 'not reproduced';
    return ($verdict, $reason);
}

# The samples' pairwise variance at the end as a share of the base model's.
sub spread {
    my ($of) = @_;
    my $end = interval(values %{ ends($of, 'pairwise_variance') })->{mean};
    my $start = interval(values %{ starts($of, 'pairwise_variance') })->{mean};
    return $start && defined $end ? $end / $start : undef;
}

sub first_claim {
    my ($runs, $paper) = @_;
    my @rows = (base_reward($runs, $paper));
    for my $alpha (@$ALPHAS) {
        my $of = $runs->{orw}{ 0 + $alpha };
        my ($verdict, $reason) = near_optimum($of, 'reward_mean');
        my $start = interval(values %{ starts($of, 'reward_mean') })->{mean};
        ($verdict, $reason) = ('partly', sprintf 'reached, but from %.3f, more than %g', $start, $BASE_AT_MOST)
            if $verdict eq 'reproduced' && $start > $BASE_AT_MOST;
        push @rows, row('C1', 'reward at the end', "alpha=$alpha", $paper->{"C1|reward at update 10000|alpha=$alpha"},
            [ values %{ ends($of, 'reward_mean') } ], doubted($verdict, $reason, suspicion($of, \@SURE, \@SPREAD)));
    }
    return (@rows, whole('C1', @rows));
}

# With the interval over the evaluation's samples, as there is one base model.
sub base_reward {
    my ($runs, $paper) = @_;
    my $row = row('C1', 'reward before any update', 'base', $paper->{'C1|reward at update 0|base'}, base($runs, 'reward_mean'), '-',
        "has to be at most $BASE_AT_MOST; one base model, interval over the evaluation samples");
    my ($deviation, $count) = map { base($runs, $_)->[0] } 'reward_sd', 'count';
    if ($row->{n} == 1 && defined $deviation && $count) {
        my $half = 1.96 * $deviation / sqrt($count);
        @$row{ 'low', 'high' } = ($row->{ours} - $half, $row->{ours} + $half);
    }
    return $row;
}

sub second_claim {
    my ($runs, $paper) = @_;
    my ($none, $low, $high) = map { $runs->{orw}{ 0 + $_ } } @$ALPHAS;
    my @top = map { top_digit($none->{$_}) } sort keys %{ $none || {} };
    my @rows = (row('C2', 'share of the most common digit', 'alpha=0', $paper->{'C2|digits seen in an 8x8 grid|alpha=0'}, \@top,
        doubted(collapse($none, $high, \@top), suspicion($none, \@SURE))));
    push @rows, row('C2', 'entropy over digits, nats', 'base', undef, base($runs, 'judge_entropy'), '-', 'for comparison');
    for my $alpha (@$ALPHAS) {
        push @rows, row('C2', 'entropy over digits, nats', "alpha=$alpha", $paper->{"C2|digits seen in an 8x8 grid|alpha=$alpha"},
            [ values %{ ends($runs->{orw}{ 0 + $alpha }, 'judge_entropy') } ], '-', 'compared in the next lines');
    }
    for my $pair ([ 1, 0 ], [ 2, 1 ], [ 2, 0 ]) {
        my ($more, $less) = map { $ALPHAS->[$_] } @$pair;
        my @gain = differences(map { ends($runs->{orw}{ 0 + $_ }, 'judge_entropy') } $more, $less);
        push @rows, row('C2', 'entropy gained, paired by seed', "alpha=$more over $less", 'more', \@gain,
            doubted(above_zero(\@gain), map { suspicion($runs->{orw}{ 0 + $_ }, \@SURE) } $more, $less));
    }
    for my $alpha (@$ALPHAS) {
        my $of = $runs->{orw}{ 0 + $alpha };
        push @rows, row('C2', 'even fraction by the judge', "alpha=$alpha", undef, [ values %{ ends($of, 'judge_even') } ],
            doubted(near_optimum($of, 'judge_even'), suspicion($of, \@SURE, \@SPREAD)));
    }
    return (@rows, whole('C2', @rows));
}

sub top_digit {
    my ($table) = @_;
    my ($top) = sort { $b <=> $a } grep { defined } map { last_of($table, "digit$_") } 0 .. 9;
    return $top;
}

# alpha = 0 on one digit; partly, where it only concentrates more than the largest alpha does.
sub collapse {
    my ($none, $high, $top) = @_;
    my ($verdict, $reason) = beyond($top, 1, $ONE_DIGIT, "at or above $ONE_DIGIT");
    return ($verdict, $reason) if $verdict ne 'not reproduced';
    my %share = map { $_ => top_digit($none->{$_}) } keys %{ $none || {} };
    my %other = map { $_ => top_digit($high->{$_}) } keys %{ $high || {} };
    my ($more) = above_zero([ differences(\%share, \%other) ]);
    return ('partly', "no collapse (below $ONE_DIGIT), but more concentrated than alpha=$ALPHAS->[2]") if $more eq 'reproduced';
    return ('not reproduced', "no digit has a share of $ONE_DIGIT, nor is it more concentrated than alpha=$ALPHAS->[2]");
}

# What a reader should know beside the claims: the order of the distances, and whether images are still images.
sub checks {
    my ($runs) = @_;
    my @checks;
    for my $pair ([ 0, 1 ], [ 1, 2 ]) {
        my ($less, $more) = map { $ALPHAS->[$_] } @$pair;
        my @gap = differences(map { ends($runs->{orw}{ 0 + $_ }, 'distance') } $less, $more);
        my ($verdict, $reason) = above_zero(\@gap);
        push @checks, check("distance to the reference: alpha=$less minus alpha=$more, paired by seed", \@gap,
            holds($verdict), $reason);
    }
    for my $alpha (@$ALPHAS) {
        my $of = $runs->{orw}{ 0 + $alpha } or next;
        my @at = map { distance_at_reward($_, $NEAR_OPTIMUM) } values %$of;
        push @checks, check("distance where the reward first reaches $NEAR_OPTIMUM, alpha=$alpha", [ grep { defined } @at ], '-',
            'matched reward');
        my $spread = spread($of);
        push @checks, check("pairwise variance at the end, alpha=$alpha", [ values %{ ends($of, 'pairwise_variance') } ],
            !defined $spread ? 'unknown' : $spread < $SPREAD_LEFT ? 'suspect' : 'plausible',
            defined $spread ? sprintf('%.0f %% of the base model\'s', 100 * $spread) : 'no value');
        my @confidence = differences(ends($of, 'judge_confidence'), starts($of, 'judge_confidence'));
        push @checks, check("judge's confidence gained over the base model, alpha=$alpha", \@confidence, '-',
            'a loss means that the images became harder to read');
        my @nearer = differences(starts($of, 'frechet_even'), ends($of, 'frechet_even'));
        push @checks, check("squared Frechet distance to real even digits: base model minus end, alpha=$alpha", \@nearer,
            holds((above_zero(\@nearer))[0]), 'in the judge\'s features; it falls where samples become even digits') if @nearer;
    }
    return @checks;
}

sub distance_at_reward {
    my ($table, $reward) = @_;
    my @reward = column($table, 'reward_mean');
    my @distance = column($table, 'distance');
    return unless @distance;
    for my $i (1 .. $#reward) {
        next if grep { !defined } @reward[ $i - 1, $i ], @distance[ $i - 1, $i ];
        next if $reward[$i] < $reward || $reward[ $i - 1 ] >= $reward;
        my $part = ($reward - $reward[ $i - 1 ]) / ($reward[$i] - $reward[ $i - 1 ]);
        return $distance[ $i - 1 ] + $part * ($distance[$i] - $distance[ $i - 1 ]);
    }
    return;
}

1;
