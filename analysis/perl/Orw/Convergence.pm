package Orw::Convergence;

# What "converged" means: the slope of the smoothed reward has stayed below a threshold for M updates. The smoothed reward is the
# least-squares line through the rounds of the last M updates; M is a share of the run, the threshold a share of the standard deviation
# that the base model's rewards have. A run that does not get there ends with its budget, and the report says so.

use strict;
use warnings;
use Exporter 'import';
use Orw::Tables qw(column);
our @EXPORT_OK = qw(convergence);

our $WINDOW = 0.25;    # M, as a share of the run's updates
our $THRESHOLD = 0.25; # change over M updates, as a share of the base model's standard deviation

# convergence(METRICS, DEVIATION): METRICS is a run's table of rounds, DEVIATION that of the base model's rewards. Returns undef where
# there is too little to say, else { converged, at, updates, change }: whether the last M updates satisfy the rule, the first update
# from which on all windows do, M, and what the line rises over the last M updates in units of DEVIATION.
sub convergence {
    my ($metrics, $deviation) = @_;
    my @update = column($metrics, 'update');
    my @reward = column($metrics, 'reward_mean');
    return unless $deviation && $deviation > 0 && @update >= 4 && @update == @reward;
    return if grep { !defined } @update, @reward;
    my $updates = $WINDOW * ($update[-1] - $update[0]);
    return unless $updates > 0;
    my ($at, $change);
    for my $end (reverse 0 .. $#update) {
        last if $update[$end] - $update[0] < $updates;
        my $slope = slope(\@update, \@reward, $update[$end] - $updates, $end);
        last unless defined $slope;
        my $rise = $slope * $updates / $deviation;
        $change = $rise unless defined $change;
        last if abs $rise >= $THRESHOLD;
        $at = $update[$end];
    }
    return unless defined $change;
    return { converged => defined $at ? 1 : 0, at => $at, updates => $updates, change => $change };
}

# Of the least-squares line through the points from x >= from to index end; undef below three points.
sub slope {
    my ($x, $y, $from, $end) = @_;
    my @in = grep { $x->[$_] >= $from } 0 .. $end;
    return if @in < 3;
    my ($mean_x, $mean_y) = (0, 0);
    for (@in) { $mean_x += $x->[$_] / @in; $mean_y += $y->[$_] / @in }
    my ($xx, $xy) = (0, 0);
    for (@in) { $xx += ($x->[$_] - $mean_x)**2; $xy += ($x->[$_] - $mean_x) * ($y->[$_] - $mean_y) }
    return $xx > 0 ? $xy / $xx : undef;
}

1;
