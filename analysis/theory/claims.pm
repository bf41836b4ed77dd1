package theory::claims;

# The verdict on C11 from the checks of the theory experiment, which judges itself row by row (experiments/theory/README.md).

use strict;
use warnings;
use Orw::Tables qw(read_table column read_provenance);

our $SEEDS = 3; # fewer decide nothing
my @what = (
    undef,
    'T1 finite support: q_n ~ w^n q, Dirac, ties',
    'T2 Gaussians: mean and precision after N rounds',
    'T3 the trained field is the pointwise minimiser',
    'T4 W2 stays below its bound',
    'T5 reward and W2 fall as alpha grows',
    'T6 optimal coupling straightens pre-trained paths',
    'T7 weights corrected for drift end in a fixed tilt',
);
my $BEYOND = 6; # from this one on not in the paper: shown, no part of the claim

# judge(DATA): rows as in target_image::claims; none where the experiment was not run.
sub judge {
    my ($data) = @_;
    my $table = read_table("$data/verdicts.tsv") or return { rows => [], failed => [] };
    my %column = map { $_ => [ column($table, $_) ] } qw(row test holds seeds);
    my %words = map { @$_ } read_provenance("$data/provenance.tsv");
    my (@rows, @failed);
    for my $test (1 .. $#what) {
        my @of = grep { defined $column{row}[$_] && ($column{test}[$_] // 0) == $test } 0 .. $#{ $column{test} };
        my ($seeds) = sort { $a <=> $b } map { $column{seeds}[$_] // 0 } @of;
        my $held = grep { $column{holds}[$_] } @of;
        push @failed, map { $words{ sprintf 'verdict.%03d', $column{row}[$_] } // "row $column{row}[$_]" }
            grep { !$column{holds}[$_] } @of;
        push @rows, row($what[$test], $held, scalar @of, $seeds // 0);
    }
    $rows[ $_ - 1 ]{paper} = 'not in the paper' for $BEYOND .. $#what;
    return { rows => [ @rows, whole(@rows[ 0 .. $BEYOND - 2 ]) ], failed => \@failed };
}

sub row {
    my ($quantity, $held, $checks, $seeds) = @_;
    my ($verdict, $reason) = !$checks ? ('not tested', 'not run')
        : $seeds < $SEEDS ? ('not tested', "$seeds of $SEEDS seeds")
        : ($held == $checks ? 'reproduced' : $held ? 'partly' : 'not reproduced', "$held of $checks checks hold");
    return { claim => 'C11', dataset => 'closed form', quantity => $quantity, setting => 'share of checks', paper => 'theorem', n => $seeds,
        ours => $checks ? $held / $checks : undef, verdict => $verdict, reason => $reason };
}

sub whole {
    my (@rows) = @_;
    my @tested = grep { $_->{verdict} ne 'not tested' } @rows;
    my $good = grep { $_->{verdict} eq 'reproduced' } @tested;
    my $bad = grep { $_->{verdict} eq 'not reproduced' } @tested;
    my $verdict = !@tested ? 'not tested' : $good == @rows ? 'reproduced' : $bad == @tested ? 'not reproduced' : 'partly';
    my ($n) = sort { $a <=> $b } map { $_->{n} } @rows;
    return { claim => 'C11', dataset => 'closed form', quantity => 'the whole claim', setting => 'all', n => $n, verdict => $verdict,
        reason => "$good of " . scalar(@rows) . ' parts reproduced' };
}

1;
