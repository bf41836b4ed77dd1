package Orw::Tables;

# Tables as `orw export` prints them, and the few statistics that the verdicts rest on.

use strict;
use warnings;
use Exporter 'import';
our @EXPORT_OK = qw(read_table read_pairs column last_of first_of at_x interval differences);

# "# name name ..." and rows of numbers; undef where the file is not there or holds no row.
sub read_table {
    my ($path) = @_;
    open my $file, '<:raw', $path or return undef; # not an empty list: this is often an argument
    my $table = { path => $path, names => [], rows => [] };
    while (my $line = <$file>) {
        chomp $line;
        if ($line =~ s/^#\s*//) {
            $table->{names} = [ split /\t|\s+/, $line ] unless @{ $table->{names} };
        } elsif ($line =~ /\S/) {
            push @{ $table->{rows} }, [ $line =~ /\t/ ? split(/\t/, $line, -1) : split(' ', $line) ];
        }
    }
    return @{ $table->{rows} } ? $table : undef;
}

# "key TAB value" lines, in order: a list of [key, value]. A line without a tab continues the value before it.
sub read_pairs {
    my ($path) = @_;
    open my $file, '<:raw', $path or return;
    my @pairs;
    while (my $line = <$file>) {
        chomp $line;
        if ($line =~ /^([^\t]+)\t(.*)$/) { push @pairs, [ $1, $2 ] }
        elsif (@pairs) { $pairs[-1][1] .= "\n$line" }
    }
    return @pairs;
}

# All values of a column that are numbers; an empty list where there is none of that name.
sub column {
    my ($table, $name) = @_;
    return unless $table;
    my ($i) = grep { $table->{names}[$_] eq $name } 0 .. $#{ $table->{names} };
    return unless defined $i;
    return map { number($_->[$i]) } @{ $table->{rows} };
}

sub number {
    my ($text) = @_;
    return defined $text && $text =~ /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/ ? $text + 0 : undef;
}

sub first_of { my @values = column(@_); return @values ? $values[0] : undef }
sub last_of { my @values = column(@_); return @values ? $values[-1] : undef }

# The value of column y where column x (ascending) is `at`, by straight lines between the rows.
sub at_x {
    my ($table, $x_name, $y_name, $at) = @_;
    my @x = column($table, $x_name);
    my @y = column($table, $y_name);
    return unless @x && @y;
    for my $i (0 .. $#x) {
        next unless defined $x[$i] && defined $y[$i];
        return $y[$i] if $x[$i] == $at;
        next if $i == 0 || !defined $x[ $i - 1 ] || !defined $y[ $i - 1 ];
        return $y[ $i - 1 ] + ($y[$i] - $y[ $i - 1 ]) * ($at - $x[ $i - 1 ]) / ($x[$i] - $x[ $i - 1 ])
            if $x[ $i - 1 ] < $at && $at < $x[$i];
    }
    return;
}

# 97.5 % points of Student's t by degrees of freedom 1 .. 30; beyond, the normal's.
my @T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042);

# Mean and 95 % t interval; low and high are undef below two values.
sub interval {
    my @values = grep { defined } @_;
    my $n = @values;
    return { n => 0 } unless $n;
    my $mean = 0;
    $mean += $_ / $n for @values;
    return { n => 1, mean => $mean } if $n == 1;
    my $square = 0;
    $square += ($_ - $mean)**2 for @values;
    my $half = ($n - 1 <= @T ? $T[ $n - 2 ] : 1.96) * sqrt($square / ($n - 1) / $n);
    return { n => $n, mean => $mean, low => $mean - $half, high => $mean + $half };
}

# a - b over the keys (seeds) that both have.
sub differences {
    my ($a, $b) = @_;
    return map { $a->{$_} - $b->{$_} } grep { defined $a->{$_} && defined $b->{$_} } sort keys %$a;
}

1;
