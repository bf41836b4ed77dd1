#!/usr/bin/env perl
# runs.pl ORW FOLDER - the runs in FOLDER that have a run file, as a table; complete is one that has its final policy. What a run is, `ORW
# export --provenance` tells. On stderr a line for each folder that holds none. Those moved aside (NAME.replaced-N) and the base model's
# are passed over.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/perl";
use Orw::Runs qw(is_folder run_of);
use Orw::Text qw(quoted);

die "usage: runs.pl ORW FOLDER\n" unless @ARGV == 2;
my ($orw, $folder) = @ARGV;

# (provenance, undef) or (undef, why not).
sub provenance {
    my ($file) = @_;
    my $child = open(my $said, '-|') // die "runs.pl: no process: $!\n";
    if (!$child) {
        open STDERR, '>&', \*STDOUT;
        exec { $orw } $orw, 'export', '--provenance', $file or die "$orw: $!\n";
    }
    chomp(my @lines = <$said>);
    return (undef, $lines[-1] // "$orw failed") unless close $said;
    return ({ map { /\A([^\t]*)\t(.*)\z/s ? ($1, $2) : () } @lines }, undef);
}

print "# name\tmethod\talpha\tseed\tcomplete\n";
opendir my $listing, $folder or exit 0;
for my $name (sort readdir $listing) {
    next if $name eq 'base' || $name =~ /\.replaced-[0-9]+\z/ || !-f "$folder/$name/run.h5";
    my ($about, $why, $run) = is_folder($name) ? provenance("$folder/$name/run.h5") : (undef, $Orw::Runs::EXPECTED_FOLDER);
    $run = run_of($name, @$about{qw(run.setting run.alpha run.seed)}) if $about;
    if ($run) {
        print join("\t", @$run{qw(name method alpha seed)}, -f "$folder/$name/policy.h5" ? 'yes' : 'no'), "\n";
    } else {
        print STDERR 'skipped run ' . quoted($name) . ': ' . ($why // $Orw::Runs::EXPECTED) . "\n";
    }
}
