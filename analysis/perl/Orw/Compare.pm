package Orw::Compare;

# A number of ours beside the published one, and whether the two agree. The rule takes both errors into account: they agree where they
# differ by no more than the square root of the sum of the squares of what each may be off by, the half widths of their 95 % intervals. A
# single run has no interval of its own; it may be off by as much as single runs of the other side are, the t value times their standard
# deviation. Where neither side has an interval nothing is said.

use strict;
use warnings;
use Exporter 'import';
use Orw::Tables qw(read_list number);
our @EXPORT_OK = qw(published_profiles published_claims agreement COLUMNS);

our @PROFILES = qw(paper standard quick smoke); # evidence: the first that is there
use constant COLUMNS => qw(claim quantity setting paper ours low high n verdict dataset profile published published_low published_high
    agreement);
my $ROUNDING = 5e-4;                            # numbers are printed with four digits

# Profiles with a table of claims in the folder of published results, the best first.
sub published_profiles { my ($folder) = @_; return grep { -f "$folder/$_/claims.tsv" } @PROFILES }

# The lines of a table of claims, by "claim|quantity|setting|dataset".
sub published_claims {
    my ($file) = @_;
    my $table = read_list($file, COLUMNS) or return {};
    my %rows;
    for my $cells (@{ $table->{rows} }) {
        my %row;
        @row{ (COLUMNS) } = @$cells;
        $rows{ join '|', @row{qw(claim quantity setting dataset)} } = \%row;
    }
    return \%rows;
}

# 'agrees', 'differs', or '-' where that cannot be said, of two rows with ours, low, high, n.
sub agreement {
    my ($ours, $theirs) = @_;
    my ($a, $b) = map { number_of($_->{ours}) } $ours, $theirs;
    return '-' unless defined $a && defined $b;
    my @off = map { off_by(@$_) } [ $ours, $theirs ], [ $theirs, $ours ];
    return '-' if grep { !defined } @off;
    my $largest = abs $a > abs $b ? abs $a : abs $b;
    return abs($a - $b) <= sqrt($off[0]**2 + $off[1]**2) + 2 * $ROUNDING * $largest ? 'agrees' : 'differs';
}

sub number_of { my ($value) = @_; return defined $value ? number("$value") : undef }

sub half_width {
    my ($row) = @_;
    my ($low, $high) = map { number_of($row->{$_}) } qw(low high);
    return defined $low && defined $high ? ($high - $low) / 2 : undef;
}

sub off_by {
    my ($row, $other) = @_;
    my $half = half_width($row);
    return $half if defined $half;
    my ($width, $n) = (half_width($other), number_of($other->{n}));
    return undef unless defined $width && defined $n && $n >= 2;
    return $width * sqrt $n; # t (n - 1 degrees) times the deviation: the half width is that over the root of n
}

1;
