package target_image::claims;

# The verdicts on C1, C2 and C7 from the exported tables of the target-image experiment. Rules: analysis/README.md.

use strict;
use warnings;
use Orw::Tables qw(column number last_of at_x interval differences);
use Orw::Verdicts qw(load ends starts base row check beyond above_zero suspicion doubted holds online_over_offline whole);

our $ALPHAS = [ '0', '0.3', '0.8' ]; # the settings that the paper's claims are about
our $NEAR_OPTIMUM = 0.88;            # C1: a reward at least this high counts as near the optimum of 1
our $BASE_AT_MOST = 0.50;            # C1: it has to come from at most this much
our $ONE_DIGIT = 0.90;               # C2: a digit with at least this share of the samples is a collapse onto it
our $STILL = 0.05;                   # C12: at tau = 0 the reward moves by no more than this
our $SINGLE = 0.80;                  # C12: a digit with at least this share, at the largest tau
our $EACH_EVEN = 0.05;               # C12: every even digit has at least this share, at the smallest tau
our $SPREAD_LEFT = 0.25;             # a pairwise variance below this share of the base model's is no digit any more
my @SURE = ('judge_confidence', 'lost', $Orw::Verdicts::CONFIDENCE_LOST, 'the judge\'s confidence');
my @NEARER = ('frechet_even', 'falls', 0, 'the Frechet distance to real even digits');
my @SPREAD = ('pairwise_variance', 'left', $SPREAD_LEFT, 'the pairwise variance of the pixels');

# judge(DATA, PAPER): DATA is the folder of exported tables, PAPER maps "claim|quantity|setting" to the paper's value.
# Returns { rows => [...], checks => [...] }; a row has claim, quantity, setting, paper, ours, low, high, n, verdict, reason.
sub judge {
    my ($data, $paper) = @_;
    my $runs = load($data);
    my @rows = (first_claim($runs, $paper), second_claim($runs, $paper), online_over_offline($runs, \@SURE, \@SPREAD, \@NEARER),
        temperatures($runs, $paper));
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
            [ values %{ ends($of, 'reward_mean') } ], doubted($verdict, $reason, suspicion($of, \@SURE, \@SPREAD, \@NEARER)));
    }
    push @rows, images_stay('C1', $runs, $ALPHAS);
    return (@rows, whole('C1', @rows));
}

# A reward counts only while images stay images: the judge is hardly less sure of them than of the base model's, and they come nearer to
# real even digits.
sub images_stay {
    my ($claim, $runs, $alphas) = @_;
    my @rows;
    for my $alpha (@$alphas) {
        my $of = $runs->{orw}{ 0 + $alpha };
        my @lost = differences(starts($of, 'judge_confidence'), ends($of, 'judge_confidence'));
        push @rows, row($claim, 'judge\'s confidence lost since the base model', "alpha=$alpha", undef, \@lost,
            beyond(\@lost, -1, $Orw::Verdicts::CONFIDENCE_LOST, "at or below $Orw::Verdicts::CONFIDENCE_LOST"));
        my @nearer = differences(starts($of, 'frechet_even'), ends($of, 'frechet_even'));
        push @rows, row($claim, 'squared Frechet distance to real even digits: fall since the base model', "alpha=$alpha", undef, \@nearer,
            above_zero(\@nearer));
    }
    return @rows;
}

# C12: tau sets how fast the reward rises and how far the policy collapses. Runs of a sweep over weight.tau at alpha = 0, method orw-tauTAU.
sub temperatures {
    my ($runs, $paper) = @_;
    my %of = map { /^orw-tau(.+)\z/ && defined number($1) && $runs->{$_}{0} ? (number($1) => $runs->{$_}{0}) : () } keys %$runs;
    my @tau = sort { $a <=> $b } keys %of;
    return () unless @tau;
    my ($none, @some) = ($of{0}, grep { $_ > 0 } @tau);
    my @still = $none ? map { abs } differences(ends($none, 'reward_mean'), starts($none, 'reward_mean')) : ();
    my @rows = row('C12', 'reward: change since the base model, either way', 'tau=0', $paper->{'C12|reward, whole run|tau=0'}, \@still,
        beyond(\@still, -1, $STILL, "at or below $STILL"));
    for my $tau (@some) {
        my @end = values %{ ends($of{$tau}, 'reward_mean') };
        push @rows, row('C12', 'reward at the end', "tau=$tau", $paper->{"C1|reward at update 10000|tau=$tau"}, \@end,
            doubted(near_optimum($of{$tau}, 'reward_mean'), suspicion($of{$tau}, \@SURE, \@SPREAD)));
    }
    if (@some) {
        my ($small, $large) = @of{ @some[ 0, -1 ] };
        my @least = grep { defined } map { least_even($small->{$_}) } sort keys %$small;
        push @rows, row('C12', 'share of the rarest even digit', "tau=$some[0]", $paper->{"C12|digits seen in an 8x8 grid|tau=$some[0]"}, \@least,
            doubted(beyond(\@least, 1, $EACH_EVEN, "at or above $EACH_EVEN"), suspicion($small, \@SURE)));
        my @top = grep { defined } map { top_digit($large->{$_}) } sort keys %$large;
        push @rows, row('C12', 'share of the most common digit', "tau=$some[-1]", $paper->{"C12|digits seen in an 8x8 grid|tau=$some[-1]"}, \@top,
            doubted(beyond(\@top, 1, $SINGLE, "at or above $SINGLE"), suspicion($large, \@SURE)));
        my @faster = differences(map { at_quarter($_) } $large, $small);
        push @rows, row('C12', 'reward after a quarter of the updates: gained, paired by seed', "tau=$some[-1] over $some[0]", 'more', \@faster,
            above_zero(\@faster)) if @some > 1;
    }
    return (@rows, whole('C12', @rows));
}

sub least_even {
    my ($table) = @_;
    my @share = map { last_of($table, "digit$_") } 0, 2, 4, 6, 8;
    return (grep { !defined } @share) ? undef : (sort { $a <=> $b } @share)[0];
}
sub at_quarter { my ($of) = @_; return { map { $_ => at_x($of->{$_}, 'update', 'reward_mean', (last_of($of->{$_}, 'update') // 0) / 4) } keys %$of } }

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
            doubted(near_optimum($of, 'judge_even'), suspicion($of, \@SURE, \@SPREAD, \@NEARER)));
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
    }
    for my $name (grep { $runs->{$_}{0} } qw(offline control)) {
        my $of = $runs->{$name}{0};
        for my $pair ([ judge_confidence => "judge's confidence lost since the base model" ],
            [ frechet_even => 'squared Frechet distance to real even digits: fall since the base model' ]) {
            my @fall = differences(starts($of, $pair->[0]), ends($of, $pair->[0]));
            push @checks, check("$pair->[1], $name", \@fall, '-', $name eq 'control' ? 'what the loop does without any reward' : 'offline reward weighting') if @fall;
        }
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
