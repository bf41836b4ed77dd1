#!/usr/bin/env perl
# published.pl DIR - README.md of published results, from their tables of claims: every claim with its verdict and its main numbers.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/perl";
use Orw::Compare qw(published_profiles COLUMNS);
use Orw::Tables qw(read_list read_provenance number);

die "published.pl: expected DIR\n" unless @ARGV == 1 && -d $ARGV[0];
my ($folder) = @ARGV;
my %text = map { chomp; my @c = split /\t/; $c[0] => $c[2] } do { open my $f, '<:raw', "$FindBin::Bin/paper/claims.tsv" or die "$!\n"; <$f> };

# For a cell of a table in Markdown.
sub cell { my ($text) = @_; $text =~ s/[\x00-\x1f\x7f]/ /g; $text =~ s/([\\`*_{}\[\]<>|~])/\\$1/g; return $text }

print <<'END';
# Published results

Written by `scripts/publish-results.sh` from folders of results; `./reproduce.sh verify` computes every verdict below again from the tables
here. How verdicts are made: [analysis/README.md](../../analysis/README.md).

END
for my $profile (published_profiles($folder)) {
    my $table = read_list("$folder/$profile/claims.tsv", COLUMNS) or next;
    print "## $profile\n\n", machine($profile), "| claim | what the paper says | data set | verdict | lines |\n|---|---|---|---|---|\n";
    my %lines;
    for my $row (@{ $table->{rows} }) { push @{ $lines{"$row->[0]|$row->[9]"} }, $row if $row->[1] ne 'the whole claim' && $row->[8] ne '-' }
    for my $row (grep { $_->[1] eq 'the whole claim' } @{ $table->{rows} }) {
        my %count;
        $count{ $_->[8] }++ for @{ $lines{"$row->[0]|$row->[9]"} || [] };
        print '| ', join(' | ', map { cell($_) } $row->[0], $text{ $row->[0] } // '', $row->[9], $row->[8], join(', ', map { "$count{$_} $_" } sort keys %count)), " |\n";
    }
    print "\n`$profile/claims.tsv` has all lines, `$profile/figures` the figures (SVG, PNG), `$profile/figures/data` the tables behind them, with\n",
        "`EXPERIMENT/runs/RUN/provenance.tsv`: configuration and provenance of every run; `$profile/samples` final samples of one seed per setting.\n\n";
}

# What it ran on, and how long.
sub machine {
    my ($profile) = @_;
    my (%cpu, %commit, $runs);
    for my $file (glob "$folder/$profile/figures/data/*/runs/*/provenance.tsv") {
        my %about = map { @$_ } read_provenance($file);
        $cpu{ $about{cpu} // 'unknown' } = 1;
        $commit{ $about{commit} // 'unknown' } = 1;
        $runs++;
    }
    my $times = read_list("$folder/$profile/times.tsv", qw(when stage profile ranks seconds outcome));
    my ($hours, $core_hours) = (0, 0);
    for my $row ($times ? @{ $times->{rows} } : ()) {
        my ($ranks, $seconds) = map { number($_) // 0 } @$row[ 3, 4 ];
        next unless $row->[1] =~ m{^run/};
        $hours += $seconds / 3600;
        $core_hours += $ranks * $seconds / 3600;
    }
    return sprintf "%d runs on %s; %.1f hours, %.1f core-hours; commits %s.\n\n", $runs // 0, cell(join(', ', sort keys %cpu) || 'an unknown machine'), $hours, $core_hours,
        cell(join(', ', sort keys %commit) || 'unknown');
}
