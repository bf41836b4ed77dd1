package Orw::Verdicts;

# What the verdicts on sweeps share: runs by method, alpha and seed, intervals held against bounds, lines of the claims' table. Rules:
# analysis/README.md.

use strict;
use warnings;
use Exporter 'import';
use Orw::Runs qw(listed_runs);
use Orw::Tables qw(read_table first_of last_of at_x interval differences);
use Orw::Text qw(warning);
our @EXPORT_OK = qw(load ends starts base values_of gain less row check too_few beyond above_zero suspicion doubted holds
    online_over_offline whole);

our $SEEDS = 3;               # fewer decide nothing
our $CONFIDENCE_LOST = 0.03;  # a judge that is less sure than it was of the base model's samples by more than this has become unsure
my $ROUNDING = 1e-12;         # what arithmetic on numbers of about 1 may differ by: no difference

# load(DATA)->{METHOD}{ALPHA}{SEED} = the evaluation table of a complete run, with { run }, its name.
sub load {
    my ($data) = @_;
    my %runs;
    for my $run (grep { $_->{complete} } listed_runs($data)) {
        my $table = read_table("$data/runs/$run->{name}/evaluation.tsv");
        if (!$table) {
            warning("run '$run->{name}' is complete, but its evaluations cannot be read: it is not counted");
            next;
        }
        my $place = \$runs{ $run->{method} }{ 0 + $run->{alpha} }{ $run->{seed} };
        if ($$place) { warning("run '$run->{name}' is '$$place->{run}' again: it is not counted") }
        else { $$place = { %$table, run => $run->{name} } }
    }
    return \%runs;
}

# By seed: a column's last value, and its first (round 0: the base model).
sub ends { my ($of, $name) = @_; return { map { $_ => last_of($of->{$_}, $name) } keys %{ $of || {} } } }
sub starts {
    my ($of, $name) = @_;
    return { map { $_ => (first_of($of->{$_}, 'round') // 1) == 0 ? first_of($of->{$_}, $name) : undef } keys %{ $of || {} } };
}

# The base model is one model, judged on one set of evaluation samples: what the first evaluations of all runs say, each value once.
sub base {
    my ($runs, $name) = @_;
    my %seen;
    for my $of (values %{ $runs->{orw} || {} }) {
        $seen{$_} = 1 for grep { defined } values %{ starts($of, $name) };
    }
    return [ sort { $a <=> $b } keys %seen ];
}

# Lists over seeds: of what ends() and starts() give, its values; what a column gained; how far setting a ends above setting b.
sub values_of { my ($of) = @_; return [ map { $of->{$_} } sort grep { defined $of->{$_} } keys %{ $of || {} } ] }
sub gain { my ($of, $name) = @_; return [ differences(ends($of, $name), starts($of, $name)) ] }
sub less { my ($a, $b, $name) = @_; return [ differences(ends($a, $name), ends($b, $name)) ] }

sub row {
    my ($claim, $quantity, $setting, $paper, $values, $verdict, $reason) = @_;
    my $ours = interval(@$values);
    return { claim => $claim, quantity => $quantity, setting => $setting, paper => $paper, ours => $ours->{mean},
        low => $ours->{low}, high => $ours->{high}, n => $ours->{n}, verdict => $verdict, reason => $reason };
}

# A line beside the claims.
sub check {
    my ($what, $values, $verdict, $reason) = @_;
    my $i = interval(@$values);
    return { what => $what, ours => $i->{mean}, low => $i->{low}, high => $i->{high}, n => $i->{n}, verdict => $verdict,
        reason => $reason };
}

sub too_few {
    my ($n) = @_;
    return if $n >= $SEEDS;
    return ('not tested', $n ? "$n of $SEEDS seeds" : 'no complete run');
}

# Is a quantity at or above (sign 1), or at or below (sign -1), a bound with its whole interval? `strict`: at does not count.
sub beyond {
    my ($values, $sign, $bound, $what, $strict) = @_;
    my $i = interval(@$values);
    my @few = too_few($i->{n});
    return @few if @few;
    my ($near, $mean) = map { $sign * ($_ - $bound) } $sign > 0 ? $i->{low} : $i->{high}, $i->{mean};
    my $least = $strict ? $ROUNDING : -$ROUNDING;
    return ('reproduced', "the interval lies $what") if $near >= $least;
    return ('partly', "the mean lies $what, the interval does not") if $mean >= $least;
    return ('not reproduced', "the mean does not lie $what");
}

sub above_zero { return beyond($_[0], 1, 0, 'above 0', 1) }

# What speaks against the samples that a setting ends with, in words; undef where nothing does. RULES: [COLUMN, 'lost', BOUND, WHAT] where
# the mean fall since the base model is more than BOUND, [COLUMN, 'left', SHARE, WHAT] where less than SHARE of the base model's is left,
# [COLUMN, 'falls', 0, WHAT] where the mean does not fall.
sub suspicion {
    my ($of, @rules) = @_;
    for my $rule (@rules) {
        my ($name, $kind, $bound, $what) = @$rule;
        my ($end, $start) = (ends($of, $name), starts($of, $name));
        my @both = grep { defined $end->{$_} && defined $start->{$_} } sort keys %$end;
        my ($after, $before) = map { my $at = $_; interval(map { $at->{$_} } @both)->{mean} } $end, $start;
        next unless @both;
        return sprintf '%s fell from %.2f to %.2f', $what, $before, $after if $kind eq 'lost' && $before - $after > $bound + $ROUNDING;
        return sprintf '%s went from %.3g to %.3g', $what, $before, $after if $kind eq 'falls' && $after >= $before;
        return sprintf '%s is %.0f %% of the base model\'s', $what, 100 * $after / $before
            if $kind eq 'left' && $before > 0 && $after / $before < $bound - $ROUNDING;
    }
    return undef;
}

# A verdict and its reason, suspect where its number holds, at least in part, on samples that there is something against.
sub doubted {
    my ($verdict, $reason, @suspicions) = @_;
    my ($first) = grep { defined } @suspicions;
    return ($verdict, $reason) unless defined $first && $verdict =~ /^(reproduced|partly)\z/;
    return ('suspect', "$reason, but $first");
}

# The same verdicts in the words of a check.
sub holds {
    my ($verdict) = @_;
    return { reproduced => 'holds', partly => 'unclear', 'not reproduced' => 'fails' }->{$verdict} || $verdict;
}

# C7: online minus offline at alpha = 0 at the largest number of scored samples that both have, seed by seed; RULES as
# for suspicion().
sub online_over_offline {
    my ($runs, @rules) = @_;
    my ($online, $offline) = ($runs->{orw}{0} || {}, $runs->{offline}{0} || {});
    my (@online, @offline, @gain, $scored);
    for my $seed (sort { $a <=> $b } grep { $offline->{$_} } keys %$online) {
        my ($at) = sort { $a <=> $b } grep { defined } map { last_of($_, 'samples_scored') } $online->{$seed}, $offline->{$seed};
        next unless defined $at;
        my ($on, $off) = map { at_x($_, 'samples_scored', 'reward_mean', $at) } $online->{$seed}, $offline->{$seed};
        next unless defined $on && defined $off;
        push @online, $on;
        push @offline, $off;
        push @gain, $on - $off;
        $scored = $at;
    }
    my $where = defined $scored ? "alpha=0, $scored samples scored" : 'alpha=0';
    my @rows = (
        row('C7', 'reward, online', $where, undef, \@online, '-', 'compared in the next lines'),
        row('C7', 'reward, offline', $where, undef, \@offline, '-', 'compared in the next line'),
        row('C7', 'reward gained online, paired by seed', $where, 'more', \@gain,
            doubted(above_zero(\@gain), suspicion($online, @rules))));
    return (@rows, whole('C7', @rows));
}

# The claim as a whole: what all its judged lines agree on, else "partly"; suspect where one of them is.
sub whole {
    my ($claim, @rows) = @_;
    my @judged = grep { $_->{verdict} ne '-' } @rows;
    my @tested = grep { $_->{verdict} ne 'not tested' } @judged;
    my %count;
    $count{ $_->{verdict} }++ for @judged;
    my $verdict = !@tested ? 'not tested'
        : ($count{reproduced} || 0) == @judged ? 'reproduced'
        : ($count{'not reproduced'} || 0) == @tested ? 'not reproduced'
        : $count{suspect} ? 'suspect'
        : 'partly';
    my ($n) = sort { $a <=> $b } map { $_->{n} } @judged;
    return { claim => $claim, quantity => 'the whole claim', setting => 'all', n => $n, verdict => $verdict,
        reason => join(', ', map { "$count{$_} $_" } sort keys %count) };
}

1;
