#!/usr/bin/env perl
# runs.pl FOLDER - the runs in FOLDER that have a run file, as a table; complete is one that has its final policy. On stderr a line for
# each folder whose name is not a run's. Those moved aside (NAME.replaced-N) and the base model's are passed over.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/perl";
use Orw::Runs qw(parse_run);
use Orw::Text qw(quoted);

die "usage: runs.pl FOLDER\n" unless @ARGV == 1;
print "# name\tmethod\talpha\tseed\tcomplete\n";
opendir my $folder, $ARGV[0] or exit 0;
for my $name (sort readdir $folder) {
    next if $name eq 'base' || $name =~ /\.replaced-[0-9]+\z/ || !-f "$ARGV[0]/$name/run.h5";
    if (my $run = parse_run($name)) {
        print join("\t", @$run{qw(name method alpha seed)}, -f "$ARGV[0]/$name/policy.h5" ? 'yes' : 'no'), "\n";
    } else {
        print STDERR 'skipped run ' . quoted($name) . ": $Orw::Runs::EXPECTED\n";
    }
}
