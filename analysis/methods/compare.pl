#!/usr/bin/env perl
# compare.pl DATA - an experiment's methods beside each other, from the tables of its runs in DATA (see ../runs.sh). Writes
#   DATA/methods.tsv              a row per setting and alpha: what it has at matched rewards and at its end, and what an update costs
#   DATA/methods/curves.tsv       the curves: file, label, number of the method, seeds
#   DATA/methods/NUMBER.tsv       one curve: a row per evaluation, means over seeds with their 95 % t intervals
# and prints methods.tsv as a table for a README. Exit status 1 where there are not two methods to compare.
#
# Matched: every run is followed from the base model to the first evaluation whose reward is the level or more, and its distance, diversity,
# judge and updates are taken there on the straight line from the evaluation before; then the mean over seeds. A setting of which one
# seed does not get there has "-". The levels are half and four fifths of the way from the base model's reward to the best end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../perl";
use Orw::Runs qw(listed_runs);
use Orw::Tables qw(read_table column interval last_of);

die "usage: compare.pl DATA\n" unless @ARGV == 1;
my ($data) = @ARGV;
my @SHARES = (0.5, 0.8);

# What stands for variety and for the judge: the first that the evaluations have.
my %CHOICES = (diversity => [qw(judge_entropy pairwise_distance pairwise_variance)], judge => [qw(judge_confidence judge_right frechet)]);
my @AXES = qw(reward distance diversity judge);

# ---------------------------------------------------------------- the runs

sub columns_of {
    my ($table) = @_;
    my %name = (reward => 'reward_mean', distance => 'distance');
    for my $axis (keys %CHOICES) {
        ($name{$axis}) = grep { defined last_of($table, $_) } @{ $CHOICES{$axis} };
    }
    return \%name;
}

# { update => [...], reward => [...], ... } of a run's evaluations; undef where it has none.
sub path_of {
    my ($run) = @_;
    my $table = read_table("$data/runs/$run->{name}/evaluation.tsv") or return undef;
    my $name = columns_of($table);
    my %path = (update => [ column($table, 'update') ], names => $name);
    for my $axis (@AXES) { $path{$axis} = $name->{$axis} ? [ column($table, $name->{$axis}) ] : [] }
    return @{ $path{update} } ? \%path : undef;
}

# Seconds since the process began, of all processes that worked at the run.
sub spent {
    my ($table, $column) = @_;
    my ($sum, $before) = (0, 0);
    for my $now (column($table, $column)) {
        next unless defined $now;
        $sum += $now >= $before ? $now - $before : $now;
        $before = $now;
    }
    return $sum;
}

# Seconds per update, and evaluations of v per sample and update: in the loss, and in all (to draw and to weigh, shared by the updates of a
# round).
sub cost_of {
    my ($run) = @_;
    my $timing = read_table("$data/runs/$run->{name}/timing.tsv");
    my $metrics = read_table("$data/runs/$run->{name}/metrics.tsv");
    return {} unless $timing && $metrics;
    my @update = column($metrics, 'update');
    return {} unless @update > 1 && $update[1] > 0;
    my $updates = @update * $update[1];
    my $scored = last_of($metrics, 'samples_scored') / @update;
    my $seconds = 0;
    $seconds += spent($timing, $_) for qw(sample score gradient reduce);
    my $loss = interval(column($metrics, 'loss_evaluations'))->{mean};
    my $drawn = last_of($metrics, 'evaluations');
    return { seconds => $seconds / $updates, loss => $loss, all => defined $loss && defined $drawn ? $loss + $drawn / $scored / $updates : undef };
}

# ---------------------------------------------------------------- at a reward

# { update, distance, diversity, judge } where the path first has the reward; undef where it never does.
sub at_reward {
    my ($path, $level) = @_;
    my $reward = $path->{reward};
    for my $i (1 .. $#$reward) {
        next unless defined $reward->[$i] && defined $reward->[ $i - 1 ];
        next unless $reward->[$i] >= $level && $reward->[ $i - 1 ] < $level;
        my $share = ($level - $reward->[ $i - 1 ]) / ($reward->[$i] - $reward->[ $i - 1 ]);
        my %at;
        for my $what ('update', @AXES) {
            my ($a, $b) = @{ $path->{$what} }[ $i - 1, $i ];
            $at{$what} = defined $a && defined $b ? $a + $share * ($b - $a) : undef;
        }
        return \%at;
    }
    return undef;
}

sub shown {
    my ($format, @values) = @_;
    my $of = interval(@values);
    return '-' unless $of->{n};
    return sprintf($format, $of->{mean}) . (defined $of->{high} ? sprintf(" +- $format", $of->{high} - $of->{mean}) : '');
}

# ---------------------------------------------------------------- settings

my (%setting, @order);
for my $run (grep { $_->{complete} } listed_runs($data)) {
    my $path = path_of($run) or next;
    my $key = "$run->{method} $run->{alpha}";
    push @order, $key unless $setting{$key};
    push @{ $setting{$key}{paths} }, $path;
    push @{ $setting{$key}{costs} }, cost_of($run);
    ($setting{$key}{family}) = $run->{method} =~ /^([a-z0-9_]+)/;
    @{ $setting{$key} }{qw(method alpha)} = @$run{qw(method alpha)};
}
@order = sort { $setting{$a}{method} cmp $setting{$b}{method} || $setting{$a}{alpha} <=> $setting{$b}{alpha} } @order;
my %families = map { $setting{$_}{family} => 1 } @order;
exit 1 if keys %families < 2;
my @families = sort keys %families;
my %number = map { $families[$_] => $_ + 1 } 0 .. $#families;

my @starts = map { $_->{reward}[0] } map { @{ $_->{paths} } } values %setting;
my $base = interval(@starts)->{mean};
my ($best) = sort { $b <=> $a } map { interval(map { $_->{reward}[-1] } @{ $setting{$_}{paths} })->{mean} } @order;
my @levels = map { $base + $_ * ($best - $base) } @SHARES;

# ---------------------------------------------------------------- curves

sub write_file {
    my ($path, @lines) = @_;
    open my $file, '>', $path or die "compare.pl: $path: $!\n";
    print $file map { join("\t", @$_) . "\n" } @lines;
    close $file or die "compare.pl: $path: $!\n";
}

mkdir "$data/methods" or -d "$data/methods" or die "compare.pl: $data/methods: $!\n";
my @curves = ([ '# file', qw(label method seeds) ]);
for my $k (0 .. $#order) {
    my $of = $setting{ $order[$k] };
    my @paths = @{ $of->{paths} };
    my @rows = ([ '# update', map { ($_, "${_}_low", "${_}_high") } @AXES ]);
    for my $i (0 .. $#{ $paths[0]{update} }) {
        my @row = $paths[0]{update}[$i];
        for my $axis (@AXES) {
            my $interval = interval(map { $_->{$axis}[$i] } @paths);
            push @row, map { defined $_ ? sprintf '%.6g', $_ : 'nan' } $interval->{mean}, $interval->{low} // $interval->{mean},
                $interval->{high} // $interval->{mean};
        }
        push @rows, \@row;
    }
    write_file(sprintf('%s/methods/%d.tsv', $data, $k + 1), @rows);
    push @curves, [ sprintf('methods/%d.tsv', $k + 1), "$of->{method}, alpha $of->{alpha}", $number{ $of->{family} }, scalar @paths ];
}
write_file("$data/methods/curves.tsv", @curves);

# ---------------------------------------------------------------- the table

my $names = $setting{ $order[0] }{paths}[0]{names};
my $diversity = $names->{diversity} // 'diversity';
my $judge = $names->{judge} // 'judge';
my @table = ([ '# method', 'alpha', 'seeds', (map { my $at = sprintf 'at reward %.3f', $_; ("$at: distance", $diversity, $judge, 'updates') } @levels),
    'at the end: reward', 'distance', $diversity, $judge, 's per update', 'v per sample and update: in the loss', 'in all' ]);
for my $key (@order) {
    my $of = $setting{$key};
    my @paths = @{ $of->{paths} };
    my @row = ($of->{method}, $of->{alpha}, scalar @paths);
    for my $level (@levels) {
        my @at = map { at_reward($_, $level) } @paths;
        my $all = !grep { !defined } @at;
        push @row, map { my ($axis, $format) = @$_; $all ? shown($format, map { $_->{$axis} } @at) : '-' } [ distance => '%.4f' ],
            [ diversity => '%.3f' ], [ judge => '%.3f' ], [ update => '%.0f' ];
    }
    push @row, map { my ($axis, $format) = @$_; shown($format, map { $_->{$axis}[-1] } @paths) } [ reward => '%.3f' ], [ distance => '%.4f' ],
        [ diversity => '%.3f' ], [ judge => '%.3f' ];
    my @costs = @{ $of->{costs} };
    my ($seconds) = sort { $a <=> $b } grep { defined } map { $_->{seconds} } @costs; # the least disturbed of them
    push @row, (defined $seconds ? sprintf '%.3f', $seconds : '-'), map { my $what = $_; my $m = interval(map { $_->{$what} } @costs)->{mean};
        defined $m ? sprintf '%.2f', $m : '-' } qw(loss all);
    push @table, \@row;
}
write_file("$data/methods.tsv", @table);

my @head = @{ $table[0] };
$head[0] =~ s/^# //;
print "base model: reward ", sprintf('%.3f', $base), "; best end: ", sprintf('%.3f', $best), "\n\n";
print '| ', join(' | ', @head), " |\n|", ' --- |' x @head, "\n";
print '| ', join(' | ', map { s/\+-/±/r } @$_), " |\n" for @table[ 1 .. $#table ];
