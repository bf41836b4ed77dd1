#!/usr/bin/env perl
# tables.pl ROOT COUNT SEED - hands rubbish tables to all Perl that reads tables, in the working directory: the tables of a small sweep
# and of the theory experiment, each time with a few bytes, words or lines changed. No table may make a reader die or never end;
# every 20th time report.pl makes its page of them, which must hold no markup of theirs. Prints what broke, and with it the seed of that one.
use strict;
use warnings;
use File::Path qw(make_path);

my ($root, $count, $seed, $only) = @ARGV;
for my $folder ("$root/analysis", "$root/analysis/perl") { unshift @INC, $folder }
for my $module (qw(Orw::Tables Orw::Convergence Orw::Verdicts compression::claims steering::claims target_image::claims
    text_image::claims theory::claims))
{
    eval "require $module; 1" or die $@;
}

# Our own generator: the same rubbish with every perl.
my $state;
sub draw { $state = ($state * 1103515245 + 12345) % 2147483648; return int($_[0] * $state / 2147483648) }
sub one_of { return $_[ draw(scalar @_) ] }

# ---------------------------------------------------------------- tables that are right

my @columns = qw(round update samples_scored count reward_mean reward_sd judge_even judge_entropy judge_confidence pairwise_variance
    distance sliced_w2 bytes frechet digit0 digit6 accuracy loss);

sub rows_of { # rows_of NUMBER: a table of evaluations or of rounds
    my ($rows) = @_;
    return join '', '# ' . join(' ', @columns) . "\n",
        map { my $r = $_; join("\t", $r, 4 * $r, 64 * $r, 256, map { sprintf '%.3g', 0.4 + $r / 40 + $_ / 100 } 4 .. $#columns) . "\n" } 0 .. $rows - 1;
}

sub world {
    my %files;
    for my $sweep (qw(target_image compression steering text_image)) {
        my $runs = "# name\tmethod\talpha\tseed\tcomplete\n";
        for my $run (map { my $m = $_; map { my $a = $_; map { [ $m, $a, $_ ] } 1 .. 3 } (0, 0.8) } qw(orw offline)) {
            my $name = "$run->[0]-alpha$run->[1]-seed$run->[2]";
            $runs .= join("\t", $name, @$run, 'yes') . "\n";
            $files{"$sweep/runs/$name/evaluation.tsv"} = rows_of(3);
            $files{"$sweep/runs/$name/metrics.tsv"} = rows_of(9);
            $files{"$sweep/runs/$name/timing.tsv"} = "# round\tupdate\tdraw\n0\t0\t1.5\n";
            $files{"$sweep/runs/$name/provenance.tsv"} = "data.train\tmnist-train sha256 00\nconfiguration\t[a]\\nb = 1\n";
        }
        $files{"$sweep/runs.tsv"} = $runs;
        $files{"$sweep/$_/evaluation.tsv"} = rows_of(2) for qw(base judge);
    }
    $files{'theory/verdicts.tsv'} = "# row\ttest\texpected\tmeasured\tstandard_error\tallowance\tholds\tseeds\n"
        . join '', map { "$_\t$_\t1\t1.1\t0.1\t0.2\t1\t3\n" } 1 .. 6;
    $files{'theory/provenance.tsv'} = "verdict.001\tT1: a check\ncommit\tabc\n";
    $files{'../../times.tsv'} = "# when\tstage\tprofile\tranks\tseconds\toutcome\nx\trun/toy\tquick\t2\t11.5\tstopped\n";
    return \%files;
}

# ---------------------------------------------------------------- what is done to them

my @words = ("\t", "\t\t", "\n", "\r\n", '# ', ' ', '-', 'nan', '-inf', '1e999', '1e-999', '-0', '0x10', '1,5', '9' x 400, "\0", "\x{ef}\x{bb}\x{bf}",
    "\x{ff}", '<script>', '"', '&', '$x', '@x', '../..', 'yes', 'orw', 'alpha', 'seed', 'a' x 3000);

sub replace_field {
    my ($text, $word) = @_;
    my @fields = split /(\t|\n)/, $text;
    $fields[ 2 * draw(1 + $#fields / 2) ] = $word;
    return join '', @fields;
}

sub change {
    my ($text) = @_;
    my ($at, $kind) = (draw(length($text) + 1), draw(8));
    my $length = 1 + draw(1 + draw(40));
    return substr($text, 0, $at) if $kind == 0;
    return $text . substr($text, $at, 400) if $kind == 1;
    my @lines = split /^/, $text;
    if ($kind == 2) { splice @lines, draw(scalar @lines), 1 if @lines; return join '', @lines }
    if ($kind == 3) { @lines[ 0, -1 ] = @lines[ -1, 0 ] if @lines; return join '', @lines }
    if ($kind == 4) { substr($text, $at, $length) = chr draw(256) if $at < length $text; return $text }
    return replace_field($text, one_of(@words)) if $kind >= 5 && $kind < 7;
    substr($text, $at, draw(2) * $length) = one_of(@words);
    return $text;
}

sub put {
    my ($path, $text) = @_;
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} $text;
    close $file or die "$path: $!";
}

# ---------------------------------------------------------------- who reads them

sub read_all {
    for my $path (@_) {
        my $table = Orw::Tables::read_table($path);
        Orw::Tables::read_pairs($path);
        Orw::Tables::read_provenance($path);
        for my $name ($table ? @{ $table->{names} } : ()) {
            Orw::Tables::interval(Orw::Tables::column($table, $name));
            Orw::Tables::at_x($table, 'update', $name, 3);
        }
        Orw::Convergence::convergence($table, 0.4) if $table;
    }
}

sub judge_all {
    my ($data) = @_;
    target_image::claims::judge("$data/target_image", {});
    compression::claims::judge("$data/compression", {});
    steering::claims::judge("$data/steering", {});
    text_image::claims::judge("$data/text_image", {});
    theory::claims::judge("$data/theory");
}

sub report {
    my $said = `"$^X" "$root/analysis/report.pl" --out . 2>&1`;
    my $status = $? >> 8;
    return "report.pl ends with status $status: $said" if $? & 127 || ($status != 0 && $status != 2);
    return '' if $status == 2;
    open my $page, '<:raw', 'report.html' or return "no report.html: $!";
    local $/;
    my $html = <$page>;
    my $own = () = $html =~ m{<script>addEventListener\("beforeprint", [^<\n]*</script>\n</body>\n</html>\n\z}g; # the page's last line but two
    my $all = () = $html =~ /<script/gi;
    return $all > $own ? 'report.html holds markup that stood in a table' : '';
}

# ---------------------------------------------------------------- all of it

my $data = 'figures/data';
my $right = world();
make_path(map { my ($folder) = "$data/$_" =~ m{(.*)/}; $folder } keys %$right);
put("$data/$_", $right->{$_}) for keys %$right;
my %named; # by the name without its folder: each kind as often as any other
push @{ $named{ $_ =~ s{.*/}{}r } }, $_ for sort keys %$right;
my @kinds = sort keys %named;
my ($broken, $warned) = (0, 0);
$SIG{__WARN__} = sub { $warned++ };
$SIG{ALRM} = sub { die "no end within 20 s\n" };
for my $i (defined $only ? $only : 0 .. $count - 1) {
    $state = ($seed * 7919 + $i * 104729 + 1) % 2147483648;
    draw(2) for 1 .. 4;
    my @changed = map { one_of(@{ $named{ one_of(@kinds) } }) } 0 .. draw(3);
    push @changed, map { one_of(@{ $named{$_} }) } @kinds if $i % 20 == 0; # whose fields report.pl must not take for markup
    for my $name (@changed) {
        my $text = $right->{$name};
        $text = replace_field($text, '<script>') if $i % 20 == 0;
        $text = change($text) for $i % 20 ? 0 .. draw(4) : ();
        put("$data/$name", $text);
    }
    my $why = eval {
        alarm 20;
        read_all(map { "$data/$_" } @changed);
        judge_all($data);
        my $said = $i % 20 == 0 ? report() : '';
        alarm 0;
        $said;
    };
    $why = $@ unless defined $why;
    if ($why ne '') {
        print "table $i of seed $seed (@changed): $why\n";
        last if ++$broken >= 10;
    }
    next if defined $only;
    put("$data/$_", $right->{$_}) for @changed;
}
print "# $count tables, $warned warnings\n";
exit($broken ? 1 : 0);
