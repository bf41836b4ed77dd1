package Orw::Verdicts;

# What the verdicts on sweeps share: runs by method, alpha and seed, intervals held against bounds, lines of the claims' table. Rules:
# analysis/README.md.

use strict;
use warnings;
use Exporter 'import';
use Orw::Tables qw(read_table first_of last_of at_x interval differences);
our @EXPORT_OK = qw(load ends starts base values_of gain less row check too_few beyond above_zero holds online_over_offline whole);

our $SEEDS = 3; # fewer decide nothing

# load(DATA)->{METHOD}{ALPHA}{SEED} = the evaluation table of a complete run.
sub load {
    my ($data) = @_;
    my %runs;
    my $list = read_table("$data/runs.tsv") or return \%runs;
    for my $row (@{ $list->{rows} }) {
        my ($name, $method, $alpha, $seed, $complete) = @$row;
        my $table = read_table("$data/runs/$name/evaluation.tsv");
        $runs{$method}{ 0 + $alpha }{$seed} = $table if $complete eq 'yes' && $table;
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
    return ('reproduced', "the interval lies $what") if $near > 0 || ($near == 0 && !$strict);
    return ('partly', "the mean lies $what, the interval does not") if $mean > 0 || ($mean == 0 && !$strict);
    return ('not reproduced', "the mean does not lie $what");
}

sub above_zero { return beyond($_[0], 1, 0, 'above 0', 1) }

# The same verdicts in the words of a check.
sub holds {
    my ($verdict) = @_;
    return { reproduced => 'holds', partly => 'unclear', 'not reproduced' => 'fails' }->{$verdict} || $verdict;
}

# C7: online minus offline at alpha = 0 at the largest number of scored samples that both have, seed by seed.
sub online_over_offline {
    my ($runs) = @_;
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
        row('C7', 'reward gained online, paired by seed', $where, 'more', \@gain, above_zero(\@gain)));
    return (@rows, whole('C7', @rows));
}

# The claim as a whole: what all its judged lines agree on, else "partly".
sub whole {
    my ($claim, @rows) = @_;
    my @judged = grep { $_->{verdict} ne '-' } @rows;
    my @tested = grep { $_->{verdict} ne 'not tested' } @judged;
    my %count;
    $count{ $_->{verdict} }++ for @judged;
    my $verdict = !@tested ? 'not tested'
        : ($count{reproduced} || 0) == @judged ? 'reproduced'
        : ($count{'not reproduced'} || 0) == @tested ? 'not reproduced'
        : 'partly';
    my ($n) = sort { $a <=> $b } map { $_->{n} } @judged;
    return { claim => $claim, quantity => 'the whole claim', setting => 'all', n => $n, verdict => $verdict,
        reason => join(', ', map { "$count{$_} $_" } sort keys %count) };
}

1;
