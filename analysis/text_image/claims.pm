package text_image::claims;

# The verdicts on C8, C9 and C10 from the exported tables of the text-image experiment. Rules: analysis/README.md.

use strict;
use warnings;
use Orw::Runs qw(listed_runs provenance_of);
use Orw::Tables qw(read_table number last_of interval);
use Orw::Verdicts qw(load ends base values_of gain less row check above_zero beyond suspicion doubted whole);

our $JUDGE_RIGHT = 0.97;    # the judge reads at least this share of clean scenes right
our $JUDGE_ACCEPTS = 0.02;  # and takes at most this share of junk for a scene
our $RIGHT = 0.5;           # prompts have become right where at least this share of their samples is
our $SPREAD_LEFT = 0.25;    # a pairwise variance below this share of the base model's is no scene any more
our $MOST_PROMPTS = 1000;   # that have a line of their own
our @METHODS = qw(orw raft reft);
our @ALSO = map { my $m = $_; map { "$m-$_" } qw(lora alignment detection preference) } @METHODS;
our %NAME = (orw => 'ORW', raft => 'RAFT', reft => 'ReFT', control => 'no reward (control)', 'orw-lora' => 'ORW on adapters',
    'orw-alignment' => 'ORW, alignment', 'orw-detection' => 'ORW, detection', 'orw-preference' => 'ORW, preference');
# The paper's table, whose scores are of Stable Diffusion 3 on another scale: for orientation.
our %PAPER = ('raft 0' => 'RAFT', 'reft 0' => 'ReFT', 'orw 0' => 'ORW without W2', 'raft 1' => 'RAFT + W2', 'reft 1' => 'ReFT + W2',
    'orw 1' => 'ORW-CFM-W2');

# judge(DATA, PAPER): as target_image::claims; no rows where the experiment was not run.
sub judge {
    my ($data, $paper) = @_;
    return { rows => [], checks => [] } unless listed_runs($data);
    my $runs = load($data);
    my %about = about($data);
    my $main = $about{'run.reward'} // 'alignment';
    my ($alpha) = sort { $b <=> $a } keys %{ $runs->{orw} || {} };
    $alpha = 1 unless $alpha;
    my @rows = (scores($runs, $main, $alpha, $paper), spatial($runs, $alpha, \%about), rewards($runs, $main, $alpha));
    return { rows => \@rows, checks => [ checks($runs, $alpha, $data, $main) ] };
}

sub about {
    my ($data) = @_;
    my ($first) = grep { $_->{complete} && $_->{method} eq 'orw' } listed_runs($data);
    return defined $first ? map { @$_ } provenance_of($data, $first) : ();
}

# What speaks against a setting's samples.
sub doubts { return suspicion($_[0], [ 'pairwise_variance', 'left', $SPREAD_LEFT, 'the pairwise variance of the pixels' ]) }

sub setting {
    my ($method, $alpha) = @_;
    my ($of, $variant) = $method =~ /^(raft|reft)-(.*)/;
    my $name = $NAME{$method} // ($of ? $NAME{$of} . ($variant eq 'lora' ? ' on adapters' : ", $variant") : $method);
    return "$name, alpha=$alpha";
}

# C8: score and variety of every method with and without its W2 term; what is claimed of them, paired by seed.
sub scores {
    my ($runs, $main, $alpha, $paper) = @_;
    my @rows = map { row('C8', $_->[1], 'base', $_->[2], base($runs, $_->[0]), '-', $_->[3]) } (
        [ $main, "score ($main)", $paper->{'C8|score / variety|base'}, 'the paper\'s: score / variety of SD3, another scale' ],
        [ 'variety', 'variety', undef, 'mean pairwise 1 - cosine of the judge\'s features, within prompts' ]);
    for my $method (grep { $runs->{$_} } @METHODS, 'control', @ALSO) {
        for my $a (sort { $a <=> $b } keys %{ $runs->{$method} }) {
            my $name = $PAPER{ "$method " . ($a > 0 ? 1 : 0) };
            push @rows, row('C8', "score ($main)", setting($method, $a), $name ? $paper->{"C8|score / variety|$name"} : undef,
                values_of(ends($runs->{$method}{$a}, $main)), '-', '');
            push @rows, row('C8', 'variety', setting($method, $a), undef, values_of(ends($runs->{$method}{$a}, 'variety')), '-', '');
        }
    }
    my $ours = $runs->{orw}{$alpha};
    for my $other (grep { $runs->{$_} } qw(raft reft)) {
        for my $a (sort { $a <=> $b } keys %{ $runs->{$other} }) {
            my $more = less($ours, $runs->{$other}{$a}, $main);
            push @rows, row('C8', 'score above another method\'s, paired by seed', "ORW-CFM-W2 over " . setting($other, $a), 'more', $more,
                doubted(above_zero($more), doubts($ours)));
        }
    }
    for my $method (@METHODS) {
        my ($with, $without) = map { $runs->{$method}{$_} } $alpha, 0;
        my $kept = $with && $without ? less($with, $without, 'variety') : [];
        push @rows, row('C8', 'variety kept by the W2 term, paired by seed', "$NAME{$method}, alpha=$alpha over 0", 'more', $kept,
            doubted(above_zero($kept), doubts($with)));
    }
    return (@rows, whole('C8', @rows));
}

# C9: prompts that come out right by the judge, all together, seen and held out, one by one.
sub spatial {
    my ($runs, $alpha, $about) = @_;
    my $ours = $runs->{orw}{$alpha};
    my @rows = row('C9', 'share judged right', 'base', undef, base($runs, 'judge_right'), '-', 'on the chosen prompts, new noise');
    for my $pair ([ judge_right => 'all chosen prompts' ], [ judge_right_seen => 'seen in pre-training' ],
        [ judge_right_held_out => 'held out from it' ]) {
        my $gain = gain($ours, $pair->[0]);
        push @rows, row('C9', 'share judged right, gained over the base', "ORW-CFM-W2, $pair->[1]", 'right', $gain,
            doubted(above_zero($gain), doubts($ours))) if @$gain;
    }
    my $end = values_of(ends($ours, 'judge_right'));
    push @rows, row('C9', 'share judged right at the end', 'ORW-CFM-W2, all chosen prompts', 'right', $end,
        doubted(beyond($end, 1, $RIGHT, "at or above $RIGHT"), doubts($ours)));
    my $prompts = number($about->{'prompts.count'}) // 0;
    for my $p (0 .. ($prompts < $MOST_PROMPTS ? $prompts : $MOST_PROMPTS) - 1) {
        my ($start, $end) = map { interval(@$_)->{mean} } base($runs, "right_$p"), values_of(ends($ours, "right_$p"));
        push @rows, row('C9', 'share judged right', "ORW-CFM-W2: " . ($about->{"prompt.$p"} // "prompt $p"), undef,
            values_of(ends($ours, "right_$p")), '-', defined $start ? sprintf('base model %.2f', $start) : '') if defined $end;
    }
    for my $method (grep { $runs->{$_} } @METHODS, 'control', @ALSO) {
        for my $a (sort { $a <=> $b } keys %{ $runs->{$method} }) {
            push @rows, row('C9', 'share judged right', setting($method, $a), undef, values_of(ends($runs->{$method}{$a}, 'judge_right')), '-', '');
        }
    }
    return (@rows, whole('C9', @rows));
}

# C10: under each reward the share judged right rises.
sub rewards {
    my ($runs, $main, $alpha) = @_;
    my @rows;
    for my $reward (qw(alignment detection preference)) {
        my $method = $reward eq $main ? 'orw' : "orw-$reward";
        my $of = $runs->{$method}{$alpha};
        my $gain = $of ? gain($of, 'judge_right') : [];
        push @rows, row('C10', 'share judged right, gained over the base', "reward: $reward, alpha=$alpha", 'rises', $gain,
            doubted(above_zero($gain), doubts($of)));
        push @rows, row('C10', 'the reward itself, gained', "reward: $reward, alpha=$alpha", 'rises', gain($of, $reward), '-', '') if $of;
    }
    return (@rows, whole('C10', @rows));
}

# ---------------------------------------------------------------- beside the claims

sub checks {
    my ($runs, $alpha, $data, $main) = @_;
    my $judge = read_table("$data/judge/evaluation.tsv");
    my @checks = map { bound($judge, @$_) } ([ accuracy => 1, $JUDGE_RIGHT, 'judge: share of clean scenes read right' ],
        [ junk_accepted => -1, $JUDGE_ACCEPTS, 'judge: share of junk taken for a scene' ]);
    push @checks, others($runs, $data);
    for my $method (grep { $runs->{$_} } @METHODS) {
        for my $a (sort { $a <=> $b } keys %{ $runs->{$method} }) {
            my ($reward, $right) = map { interval(@{ gain($runs->{$method}{$a}, $_) })->{mean} } $main, 'judge_right';
            next unless defined $reward && defined $right;
            push @checks, check("share judged right, gained at the end, " . setting($method, $a), gain($runs->{$method}{$a}, 'judge_right'),
                $reward > 0 && $right < 0 ? 'over-optimised' : '-', sprintf('%s rose by %.3f', $main, $reward));
        }
    }
    return @checks;
}

sub bound {
    my ($table, $name, $sign, $bound, $what) = @_;
    my $value = last_of($table, $name);
    return check($what, [ grep { defined } $value ], !defined $value ? 'unknown' : $sign * ($value - $bound) >= 0 ? 'holds' : 'fails',
        sprintf '%s %g', $sign > 0 ? 'at least' : 'at most', $bound);
}

# Prompts that were not fine-tuned on: a loss on seen ones is forgetting, a gain on held-out ones generalisation.
sub others {
    my ($runs, $data) = @_;
    my $base = read_table("$data/others/base.tsv") or return;
    my @checks;
    for my $method (grep { $runs->{$_} } @METHODS, 'control', @ALSO) {
        for my $a (sort { $a <=> $b } keys %{ $runs->{$method} }) {
            for my $pair ([ judge_right_seen => 'seen' ], [ judge_right_held_out => 'held out' ]) {
                my $start = last_of($base, $pair->[0]);
                my @gain = map { defined $_ && defined $start ? $_ - $start : () }
                    map { last_of(read_table("$data/others/$_->{run}.tsv"), $pair->[0]) } values %{ $runs->{$method}{$a} };
                push @checks, check("other prompts, $pair->[1]: share judged right, gained, " . setting($method, $a), \@gain, '-',
                    sprintf 'base model %.2f', $start) if @gain;
            }
        }
    }
    return @checks;
}

1;
