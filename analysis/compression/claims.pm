package compression::claims;

# The verdicts on C3, C4, C5 and C7 from the exported tables of the compression experiment. Rules: analysis/README.md.

use strict;
use warnings;
use Orw::Convergence qw(convergence);
use Orw::Runs qw(listed_runs provenance_of);
use Orw::Tables qw(read_table number last_of differences interval);
use Orw::Verdicts qw(load ends starts base values_of gain row check too_few beyond above_zero holds online_over_offline whole);

our $VALUES = 6;           # C3: with fewer values of alpha a curve is not shown to be smooth
our $NEAR_NOTHING = 0.10;  # C4: a distance below this share of that at alpha = 0 counts as near 0
our $AT_FLOOR = 0.10;      # C5: bytes above the floor, as a share of the base model's
our $NEARLY_ALL = 0.90;    # C5: share of nearly blank samples
our $SIZE_WITHIN = 0.05;   # the base model's mean size against the training images'

# judge(DATA, PAPER): as target_image::claims; no rows where the experiment was not run.
sub judge {
    my ($data, $paper) = @_;
    return { rows => [], checks => [] } unless listed_runs($data);
    my $runs = load($data);
    my $about = about($data);
    # The paper's numbers are of CIFAR-10.
    my $dataset = ($about->{'data.train'} // 'unknown') =~ /^(\S+)/ ? $1 : 'unknown';
    $paper = {} unless $dataset =~ /^cifar10/;
    my @alphas = sort { $a <=> $b } keys %{ $runs->{orw} || {} };
    my @rows = (rewards($runs, \@alphas, $paper), distances($runs, \@alphas, $paper), blank($runs), online_over_offline($runs));
    $_->{dataset} = $dataset for @rows;
    return { rows => \@rows, checks => [ checks($runs, \@alphas, $about, $data) ], dataset => $dataset };
}

sub about {
    my ($data) = @_;
    my ($first) = grep { $_->{complete} } listed_runs($data);
    return { defined $first ? map { @$_ } provenance_of($data, $first) : () };
}

# A quantity at neighbouring alphas: does it fall from each to the next, paired by seed?
sub falls {
    my ($claim, $what, $runs, $alphas, $name) = @_;
    my @rows;
    for my $i (1 .. $#$alphas) {
        my ($less, $more) = @$alphas[ $i - 1, $i ];
        my @fall = differences(map { ends($runs->{orw}{$_}, $name) } $less, $more);
        push @rows, row($claim, "$what: fall, paired by seed", "alpha=$less to $more", 'falls', \@fall, above_zero(\@fall));
    }
    return @rows;
}

sub rewards {
    my ($runs, $alphas, $paper) = @_;
    my @rows = (row('C3', 'reward (-kB) before any update', 'base', $paper->{'C3|reward (-kB)|base'}, base($runs, 'reward_mean'), '-',
        'every alpha is held against it'));
    for my $alpha (@$alphas) {
        my $of = $runs->{orw}{$alpha};
        my ($verdict, $reason) = above_zero(gain($of, 'reward_mean'));
        $reason =~ s/above 0/above the base model/;
        push @rows, row('C3', 'reward (-kB) at the end', "alpha=$alpha", $paper->{"C3|reward (-kB)|alpha=$alpha"},
            values_of(ends($of, 'reward_mean')), $verdict, $reason);
    }
    push @rows, falls('C3', 'reward', $runs, $alphas, 'reward_mean');
    my $whole = whole('C3', @rows);
    if ($whole->{verdict} eq 'reproduced' && @$alphas < $VALUES) {
        $whole->{verdict} = 'partly';
        $whole->{reason} .= ', but at ' . scalar(@$alphas) . " values of alpha; a smooth curve takes $VALUES";
    }
    return (@rows, $whole);
}

sub distances {
    my ($runs, $alphas, $paper) = @_;
    my @rows;
    for my $alpha (@$alphas) {
        push @rows, row('C4', 'velocity distance, on the path', "alpha=$alpha", $paper->{"C4|distance|alpha=$alpha"},
            values_of(ends($runs->{orw}{$alpha}, 'distance')), '-', 'compared in the next lines');
    }
    for my $pair ([ distance => 'velocity distance, on the path' ],
        [ distance_trajectory => 'velocity distance, on the trajectories' ], [ sliced_w2 => 'sliced W2 of samples' ]) {
        my ($name, $what) = @$pair;
        next unless @$alphas > 1;
        push @rows, falls('C4', $what, $runs, $alphas, $name);
        push @rows, left($runs, $alphas, $name, $what);
    }
    return (@rows, whole('C4', @rows));
}

# What the largest alpha leaves of the distance at alpha = 0.
sub left {
    my ($runs, $alphas, $name, $what) = @_;
    my ($none, $most) = map { ends($runs->{orw}{$_}, $name) } 0, $alphas->[-1];
    my @share = map { $most->{$_} / $none->{$_} } grep { defined $most->{$_} && $none->{$_} } sort keys %$none;
    my ($verdict, $reason) = beyond(\@share, -1, $NEAR_NOTHING, "at or below $NEAR_NOTHING");
    ($verdict, $reason) = ('partly', "falls, yet not below $NEAR_NOTHING of alpha=0's")
        if $verdict eq 'not reproduced' && interval(@share)->{high} < 1;
    return row('C4', "$what: share of alpha=0's that is left", "alpha=$alphas->[-1]", 'near 0', \@share, $verdict, $reason);
}

# Nearly blank images at the format's floor, at alpha = 0.
sub blank {
    my ($runs) = @_;
    my $of = $runs->{orw}{0};
    my ($end, $start) = (ends($of, 'bytes_above_floor'), starts($of, 'bytes_above_floor'));
    my @share = map { $end->{$_} / $start->{$_} } grep { defined $end->{$_} && $start->{$_} } sort keys %$end;
    my ($verdict, $reason) = beyond(\@share, -1, $AT_FLOOR, "at or below $AT_FLOOR of the base model's");
    ($verdict, $reason) = ('partly', "falls, yet stays above $AT_FLOOR of the base model's")
        if $verdict eq 'not reproduced' && interval(@share)->{high} < 1;
    my $blank = values_of(ends($of, 'blank_share'));
    my @rows = (row('C5', 'bytes above the floor at the end', 'alpha=0', undef, values_of($end), '-', 'compared in the next line'),
        row('C5', "bytes above the floor, share of the base model's", 'alpha=0', 'near 0', \@share, $verdict, $reason),
        row('C5', 'share of nearly blank samples', 'alpha=0', 'nearly all', $blank,
            beyond($blank, 1, $NEARLY_ALL, "at or above $NEARLY_ALL")));
    return (@rows, whole('C5', @rows));
}

sub checks {
    my ($runs, $alphas, $about, $data) = @_;
    my @checks = (size_check($runs, $about));
    for my $alpha (@$alphas) { push @checks, convergence_check($runs->{orw}{$alpha}, $alpha, $data) }
    for my $alpha (@$alphas) {
        push @checks, check("Frechet distance in classifier features to the test images, alpha=$alpha",
            values_of(ends($runs->{orw}{$alpha}, 'frechet')), '-', sprintf 'base model %s, as many training images %s',
            map { defined $_ ? sprintf('%.4g', $_) : 'unknown' } base($runs, 'frechet')->[0], number($about->{'data.frechet'}));
    }
    return @checks;
}

# Has the base model learnt its data, as far as sizes tell?
sub size_check {
    my ($runs, $about) = @_;
    my ($size, $images) = (base($runs, 'bytes_mean')->[0], number($about->{'data.bytes_mean'}));
    return unless defined $size && $images;
    my $apart = $size / $images - 1;
    return check("base model's mean size over the training images', minus 1", [$apart], abs $apart <= $SIZE_WITHIN ? 'holds' : 'fails',
        sprintf 'bytes %.0f and %.0f; has to be within %g', $size, $images, $SIZE_WITHIN);
}

sub convergence_check {
    my ($of, $alpha, $data) = @_;
    my (@change, @at, $updates);
    for my $seed (sort { $a <=> $b } keys %$of) {
        my $found = convergence(read_table("$data/runs/$of->{$seed}{run}/metrics.tsv"), starts($of, 'reward_sd')->{$seed}) or next;
        push @change, $found->{change};
        push @at, $found->{at} if $found->{converged};
        $updates = $found->{updates};
    }
    return unless @change;
    my $all = @at == @change;
    return check(sprintf("reward's rise over the last %d updates, in deviations of the base model's rewards, alpha=%s", $updates, $alpha),
        \@change, $all ? 'converged' : "budget's end",
        $all ? sprintf('below %g; every seed has converged by update %d', $Orw::Convergence::THRESHOLD, (sort { $b <=> $a } @at)[0])
        : sprintf('%d of %d seeds have not converged: the values are those at the end of the budget', @change - @at, scalar @change));
}

1;
