#!/usr/bin/env perl
# child.pl MODE - a reward by the protocol of command:, the mean pixel, that goes wrong as MODE says from the second request on (MODE1:
# from the first). For tests/reward/command.t.
use strict;
use warnings;
binmode STDIN;
binmode STDOUT;
$| = 1;
my ($mode, $asked) = ($ARGV[0] // 'good', 0);
my $at = $mode =~ s/1$// ? 1 : 3; # the first request is the try of one grey image
sub take {
    my ($bytes, $got) = (shift, '');
    while (length $got < $bytes) { read(STDIN, $got, $bytes - length $got, length $got) or exit 0 }
    return $got;
}
print "hello\n" if $mode eq 'hello';
while (1) {
    my (undef, $version, $header, $count, $h, $w, $c, $low, $high, $letters) = unpack 'a4 V6 f<2 V', take(40);
    my $goes_wrong = ++$asked >= $at || $count > 1 && $at == 3;
    exit 3 if $goes_wrong && $mode eq 'exit';
    if ($goes_wrong && $mode eq 'deaf') { close STDIN; sleep 60 }
    my @index = unpack 'Q<*', take(8 * $count);
    my @caption = $letters ? split /\n/, take($letters), -1 : ();
    my $size = $h * $w * $c;
    my @r;
    for (1 .. $count) {
        my $sum = 0;
        $sum += $_ for unpack 'f<*', take(4 * $size);
        push @r, $sum / $size;
    }
    print STDERR "version $version header $header $h x $w x $c from $low to $high index $index[0] to $index[-1] captions "
        . join('|', @caption) . "\n" if $mode eq 'tell';
    print STDERR 'x' x 100, "\n" for 1 .. ($mode eq 'flood' ? 5000 : 0);
    @r = map { $_ * $asked } @r if $mode eq 'drift';
    @r = map { $_ + $count } @r if $mode eq 'crowd';
    if ($goes_wrong) {
        if ($mode eq 'die') { print STDERR "what is wrong\n"; die "on purpose\n" }
        if ($mode eq 'kill') { kill 'KILL', $$ }
        if ($mode eq 'hang') { print STDERR "thinking\n"; sleep 60 }
        if ($mode eq 'nan') { $r[-1] = 'nan' + 0 }
        if ($mode eq 'short') { print pack 'V f<*', $count, @r[0 .. $#r - 1]; exit 0 }
        if ($mode eq 'few') { pop @r }
        if ($mode eq 'many') { push @r, 1 }
        if ($mode eq 'more') { print pack('V f<*', $count, @r), 'more'; next }
        if ($mode eq 'print') { print "scores follow\n" }
        if ($mode eq 'slow') { for my $byte (split //, pack 'V f<*', scalar @r, @r) { print $byte; select undef, undef, undef, 0.001 } next }
    }
    print pack 'V f<*', scalar @r, @r;
    exit 0 if $mode eq 'once';
}
