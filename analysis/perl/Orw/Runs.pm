package Orw::Runs;

# What a run is: its setting (the method, and a label of what else it overrides), alpha and seed, from the run.* provenance of its run
# file, never from the name of its folder. What passes here is a word of gnuplot, of the shell and of a table.

use strict;
use warnings;
use Exporter 'import';
use Orw::Tables qw(read_list read_provenance);
use Orw::Text qw(quoted warning);
our @EXPORT_OK = qw(is_folder run_of listed_runs provenance_of);

our $EXPECTED_FOLDER = 'expected a folder named by letters, digits and . _ + -';
our $EXPECTED = 'expected run.setting, run.alpha and run.seed of a run in its provenance';
my $FOLDER = qr/[A-Za-z0-9][A-Za-z0-9_.+-]{0,199}/;
my $SETTING = qr/[a-z][a-z0-9_]*(?:-[a-z0-9_.]+)*/;
my $ALPHA = qr/(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[-+]?[0-9]{1,3})?/;
my $SEED = qr/0|[1-9][0-9]{0,9}/;

sub is_folder { return $_[0] =~ /\A$FOLDER\z/ }

# { name, method, alpha, seed }, or undef; method: the setting.
sub run_of {
    my ($name, $setting, $alpha, $seed) = @_;
    return undef if grep { !defined || length > 160 } $setting, $alpha, $seed;
    return undef unless $setting =~ /\A$SETTING\z/ && $alpha =~ /\A$ALPHA\z/ && $seed =~ /\A$SEED\z/;
    return { name => $name, method => $setting, alpha => $alpha, seed => $seed };
}

# The runs in DATA/runs.tsv, with { complete }. Rows that hold none are warned of and left out.
sub listed_runs {
    my ($data) = @_;
    my $list = read_list("$data/runs.tsv", qw(name method alpha seed complete)) or return;
    my @runs;
    for my $row (@{ $list->{rows} }) {
        my $run = is_folder($row->[0]) && run_of(@$row[ 0 .. 3 ]);
        if (!$run) { warning('runs.tsv: ' . quoted($row->[0]) . ': not counted, expected a run\'s folder, setting, alpha and seed'); next }
        push @runs, { %$run, complete => $row->[4] eq 'yes' };
    }
    return @runs;
}

# [key, value] of a run's provenance.
sub provenance_of { my ($data, $run) = @_; return read_provenance("$data/runs/$run->{name}/provenance.tsv") }

1;
