package Orw::Tables;

# Tables as `orw export` prints them, and the few statistics that the verdicts rest on.

use strict;
use warnings;
use Exporter 'import';
use Orw::Text qw(quoted warning);
our @EXPORT_OK = qw(read_table read_list read_pairs read_provenance column number last_of first_of at_x interval differences);

our $LARGEST = 64 << 20; # bytes; a table of a run has some thousand lines
my $CONTROL = qr/[\x00-\x08\x0b-\x1f\x7f]/;

# A file's lines, without their ends; undef where there is none, and with a warning where it cannot be what was asked for, as it holds
# strange bytes.
sub lines_of {
    my ($path, $strange) = @_;
    return undef unless -e $path;
    return refused($path, 'is no file') unless -f _;
    return refused($path, sprintf 'has %d bytes, expected at most %d', -s _, $LARGEST) if -s _ > $LARGEST;
    open my $file, '<:raw', $path or return refused($path, "$!");
    my $text = do { local $/; <$file> } // '';
    return refused($path, 'holds bytes that no text has') if $text =~ $strange;
    return refused($path, 'ends within a line') if $text =~ /[^\n]\z/;
    return [ split /\n/, $text ];
}

sub refused {
    my ($path, $why) = @_;
    my ($short) = $path =~ m{((?:[^/]+/){0,3}[^/]+)\z};
    warning("$short: not read: $why");
    return undef; # not an empty list: this is often an argument
}

sub cells { my ($line) = @_; return $line =~ /\t/ ? split(/\t/, $line, -1) : split(' ', $line) }

# "# name name ..." and rows of as many numbers (or nan, inf); undef where the file is not there or holds no row. A table of which one row
# is anything else is not read at all.
sub read_table {
    my ($path) = @_;
    my $lines = lines_of($path, $CONTROL) or return undef;
    my $table = { path => $path, names => [], rows => [] };
    for my $i (0 .. $#$lines) {
        my $line = $lines->[$i];
        if ($line =~ s/^#\s*//) {
            $table->{names} = [ cells($line) ] unless @{ $table->{names} };
        } elsif ($line =~ /\S/) {
            my @cells = cells($line);
            my $where = 'line ' . ($i + 1);
            return refused($path, sprintf '%s has %d cells, expected %d', $where, scalar @cells, scalar @{ $table->{names} })
                if @cells != @{ $table->{names} };
            for (@cells) { return refused($path, "$where: " . quoted($_) . ' is no number') unless /^[-+]?(nan|inf)\z/i || is_number($_) }
            push @{ $table->{rows} }, \@cells;
        }
    }
    my %seen;
    for (@{ $table->{names} }) { return refused($path, 'has two columns ' . quoted($_)) if $seen{$_}++ }
    return @{ $table->{rows} } ? $table : undef;
}

# A table of text, "# name TAB name ..." with the names that are expected; rows with another number of cells are warned of and left out.
sub read_list {
    my ($path, @names) = @_;
    my $lines = lines_of($path, $CONTROL) or return undef;
    my $table = { path => $path, names => \@names, rows => [] };
    return refused($path, 'has other columns than ' . join ' ', @names) unless @$lines && $lines->[0] eq '# ' . join("\t", @names);
    for my $i (1 .. $#$lines) {
        my @cells = split /\t/, $lines->[$i], -1;
        if (@cells == @names) { push @{ $table->{rows} }, \@cells }
        else { refused("$path, line " . ($i + 1), scalar(@cells) . ' cells, expected ' . @names) }
    }
    return @{ $table->{rows} } ? $table : undef;
}

# "key TAB value" lines, in order: a list of [key, value]. A line without a key and a tab continues the value before it.
sub read_pairs {
    my ($path) = @_;
    my @pairs;
    for my $line (@{ lines_of($path, qr/\x00/) || [] }) {
        if ($line =~ /^([\w.-]+)\t(.*)\z/) { push @pairs, [ $1, $2 ] }
        elsif (@pairs) { $pairs[-1][1] .= "\n$line" }
    }
    return @pairs;
}

# What `orw export --provenance` prints: a pair a line, whatever stands in the value.
sub read_provenance {
    my ($path) = @_;
    my %plain = (n => "\n", t => "\t", '\\' => '\\');
    my @pairs = map { /^([\w.-]+(?: [\w.-]+)*)\t(.*)\z/ ? [ $1, $2 ] : () } @{ lines_of($path, qr/\x00/) || [] };
    for my $pair (@pairs) { $pair->[1] =~ s/\\(?:([nt\\])|x([0-9a-f]{2}))/defined $1 ? $plain{$1} : chr hex $2/ge }
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

sub is_number { return $_[0] =~ /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\z/ }

# A finite number, or undef.
sub number {
    my ($text) = @_;
    return undef unless defined $text && is_number($text);
    return abs($text) < 9**9**9 ? $text + 0 : undef;
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
    my @values = sort { $a <=> $b } grep { defined } @_; # in one order: a hash has none
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
