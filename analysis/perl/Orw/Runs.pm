package Orw::Runs;

# The name of a run, METHOD[-KEYVALUE...]-alphaA-seedS, as src/program/sweep.c makes it. It is read here and nowhere else: what passes is
# a word of gnuplot, of the shell and of a table.

use strict;
use warnings;
use Exporter 'import';
use Orw::Tables qw(read_list read_provenance);
use Orw::Text qw(quoted warning);
our @EXPORT_OK = qw(parse_run listed_runs provenance_of);

our $EXPECTED = 'expected METHOD-alphaA-seedS';
my $METHOD = qr/[a-z][a-z0-9_]*(?:-[a-z0-9_.]+)*/;
my $ALPHA = qr/(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[-+]?[0-9]{1,3})?/;
my $SEED = qr/0|[1-9][0-9]{0,9}/;

# { name, method, alpha, seed }, or undef.
sub parse_run {
    my ($name) = @_;
    return undef unless length $name <= 120 && $name =~ /\A($METHOD)-alpha($ALPHA)-seed($SEED)\z/;
    return { name => $name, method => $1, alpha => $2, seed => $3 };
}

# The runs in DATA/runs.tsv, with { complete }. Rows whose name is none are warned of and left out.
sub listed_runs {
    my ($data) = @_;
    my $list = read_list("$data/runs.tsv", qw(name method alpha seed complete)) or return;
    my @runs;
    for my $row (@{ $list->{rows} }) {
        my $run = parse_run($row->[0]) or do { warning('runs.tsv: ' . quoted($row->[0]) . ": not counted, $EXPECTED"); next };
        push @runs, { %$run, complete => $row->[4] eq 'yes' };
    }
    return @runs;
}

# [key, value] of a run's provenance.
sub provenance_of { my ($data, $run) = @_; return read_provenance("$data/runs/$run->{name}/provenance.tsv") }

1;
