# verdicts.t - what the verdicts rest on, number by number: bounds, pairs, budgets, convergence, suspicion, tables that are none.
# Whole reports are in report*.t, compression.t and steering.t.
exec perl -I"$ORW_ROOT/analysis" -I"$ORW_ROOT/analysis/perl" - <<'END'
use strict;
use warnings;
use Test::More;
use Orw::Convergence qw(convergence);
use Orw::Tables qw(read_table read_list read_pairs column last_of first_of at_x interval differences number);
use Orw::Text qw(warnings_of);
use Orw::Verdicts qw(load ends starts base values_of gain less beyond above_zero suspicion doubted holds online_over_offline whole);
use compression::claims;
use steering::claims;
use target_image::claims;
use text_image::claims;
use theory::claims;

my @noise;
$SIG{__WARN__} = sub { push @noise, @_ };

sub file { my ($path, $text) = @_; open my $file, '>:raw', $path or die "$path: $!"; print {$file} $text; close $file; return $path }
sub table { my ($path, @rows) = @_; return file($path, '# ' . join('', map { join("\t", @$_) . "\n" } @rows)) }
sub memory { my ($names, @rows) = @_; return { names => $names, rows => \@rows } }
sub verdict_of { my ($verdict) = @_; return $verdict }
# A run's evaluations: what each column starts from, and ends with.
sub evaluations { my (%of) = @_; my @names = sort keys %of; return memory([ 'round', @names ], [ 0, map { $of{$_}[0] } @names ], [ 9, map { $of{$_}[1] } @names ]) }
sub judged {
    my ($rows, $claim, $quantity, $setting) = @_;
    return (grep { $_->{claim} eq $claim && index($_->{quantity}, $quantity) == 0 && $_->{setting} eq $setting } @$rows)[0];
}

# ---------------------------------------------------------------- intervals and bounds

my $i = interval(1, 2, 3, undef);
is("$i->{n} $i->{mean} " . sprintf('%.4f %.4f', $i->{low}, $i->{high}), '3 2 -0.4843 4.4843', 'mean and 95 % t interval of what is known');
is(join(' ', map { $_ // 'none' } @{ interval(7) }{qw(n mean low high)}), '1 7 none none', 'one value has no interval');
is(interval()->{n}, 0, 'no value has none');
is(sprintf('%.4f', interval((0, 1) x 16)->{high} - 0.5), '0.1760', 'beyond 30 degrees of freedom the normal interval');
is(sprintf('%.4f', interval((0, 1) x 15, 0)->{high} - interval((0, 1) x 15, 0)->{mean}), '0.1863', 'at 30 the t interval');

for my $case (
    [ [ 0.5, 0.5, 0.5 ], 1, 0.5, 0, 'reproduced', 'exactly at the bound from above' ],
    [ [ 0.5, 0.5, 0.5 ], -1, 0.5, 0, 'reproduced', 'exactly at the bound from below' ],
    [ [ 0.88, 0.88, 0.88 ], 1, 0.88, 0, 'reproduced', 'at a bound that has no binary fraction' ],
    [ [ 0.1, 0.1, 0.1, 0.1, 0.1 ], -1, 0.1, 0, 'reproduced', 'from below as well' ],
    [ [ 0.5, 0.5, 0.5 ], 1, 0.5, 1, 'not reproduced', 'exactly at a bound that must be passed' ],
    [ [ 0.3, 0.5, 0.7 ], 1, 0.5, 0, 'partly', 'the mean exactly at the bound' ],
    [ [ 0.3, 0.5, 0.7 ], 1, 0.5, 1, 'not reproduced', 'the mean at a bound that must be passed' ],
    [ [ 0.5, 0.51, 0.52 ], 1, 0.5, 0, 'partly', 'the mean above, the interval across' ],
    [ [ 0.5, 0.51, 0.52 ], -1, 0.5, 0, 'not reproduced', 'which is not below' ],
    [ [ 0.6, 0.61, 0.62 ], 1, 0.5, 0, 'reproduced', 'the interval above' ],
    [ [ 0.4, 0.41, 0.42 ], -1, 0.5, 0, 'reproduced', 'the interval below' ],
    [ [ 0.6, 0.6 ], 1, 0.5, 0, 'not tested', 'two seeds' ],
    [ [ 0.6, 0.6, undef ], 1, 0.5, 0, 'not tested', 'two seeds and one that has no value' ],
    [ [], 1, 0.5, 0, 'not tested', 'no seed' ]) {
    my ($values, $sign, $bound, $strict, $expected, $what) = @$case;
    is(verdict_of(beyond($values, $sign, $bound, '', $strict)), $expected, "a bound: $what");
}
is(verdict_of(above_zero([ map { 0.1 + 0.2 - 0.3 } 1 .. 3 ])), 'not reproduced', 'what arithmetic leaves of nothing is not above 0');
is((beyond([ 1, 1 ], 1, 0, ''))[1], '2 of 3 seeds', 'how many there are is said');
is((beyond([], 1, 0, ''))[1], 'no complete run', 'and that there is none');
is(join(' ', map { holds($_) } 'reproduced', 'partly', 'not reproduced', 'not tested'), 'holds unclear fails not tested', 'verdicts in the words of a check');

# ---------------------------------------------------------------- pairs

is_deeply([ differences({ 1 => 5, 2 => 7, 3 => 9 }, { 1 => 4, 3 => 7, 4 => 1 }) ], [ 1, 2 ], 'only seeds that both have are paired');
is_deeply([ differences({ 1 => 5, 2 => undef }, { 1 => undef, 2 => 3 }) ], [], 'and that have a value');
my %three = map { $_ => evaluations(a => [ 0, $_ ]) } 1 .. 3;
my %two = map { $_ => evaluations(a => [ 0, 0 ]) } 1, 3;
is_deeply(less(\%three, \%two, 'a'), [ 1, 3 ], 'a seed that is missing in one setting is in no pair');
is(verdict_of(above_zero(less(\%three, \%two, 'a'))), 'not tested', 'so that two pairs of three runs decide nothing');
is_deeply(gain(\%three, 'a'), [ 1, 2, 3 ], 'what was gained since round 0');
is_deeply(gain({ 1 => memory([qw(round a)], [ 1, 2 ], [ 2, 3 ]) }, 'a'), [], 'evaluations that do not begin there have no base model');
is_deeply(gain({ 1 => memory([qw(a b)], [ 1, 2 ], [ 2, 3 ]) }, 'a'), [], 'nor those without rounds');
is_deeply(base({ orw => { 0 => \%three, 1 => \%two } }, 'a'), [0], 'the base model is one, however many runs saw it');
is_deeply(base({ orw => { 0.3 => \%three } }, 'a'), [0], 'whichever alpha they ran at');
is_deeply(values_of({ 2 => 4, 1 => 3, 3 => undef }), [ 3, 4 ], 'values by seed, where there are any');

# ---------------------------------------------------------------- C7: equal budgets

sub scored { return memory([qw(round samples_scored reward_mean)], @_) }
my %online = map { $_ => scored([ 0, 0, 0.4 ], [ 1, 100, 0.6 ], [ 2, 400, 0.9 + $_ / 1000 ]) } 1 .. 3;
my %offline = map { $_ => scored([ 0, 0, 0.4 ], [ 1, 200, 0.5 ], [ 2, 800, 0.95 ]) } 1 .. 3;
my @seven = online_over_offline({ orw => { 0 => \%online }, offline => { 0 => \%offline } });
is(sprintf('%s %.4f %.4f', $seven[2]{setting}, $seven[1]{ours}, $seven[2]{ours}), 'alpha=0, 400 samples scored 0.6500 0.2520',
    'online and offline at the smaller budget, offline between its evaluations');
is("$seven[2]{verdict} $seven[3]{verdict}", 'reproduced reproduced', 'where online is ahead');
@seven = online_over_offline({ orw => { 0 => \%offline }, offline => { 0 => \%online } });
is($seven[3]{verdict}, 'not reproduced', 'the other way round it is behind');
@seven = online_over_offline({ orw => { 0 => { 1 => $online{1}, 2 => $online{2} } }, offline => { 0 => \%offline } });
is("$seven[2]{n} $seven[3]{verdict}", '2 not tested', 'a seed that ran only offline is no pair');
@seven = online_over_offline({ orw => { 0.3 => \%online }, offline => { 0 => \%offline } });
is($seven[2]{n}, 0, 'nor is another alpha');
@seven = online_over_offline({ orw => { 0 => \%online }, offline => { 0.3 => \%offline } });
is($seven[2]{n}, 0, 'of neither');
is(at_x(scored([ 0, 100, 1 ], [ 1, 200, 2 ]), 'samples_scored', 'reward_mean', $_->[0]) // 'none', $_->[1], "between evaluations: at $_->[0]")
    for [ 100, 1 ], [ 150, 1.5 ], [ 200, 2 ], [ 99, 'none' ], [ 201, 'none' ];

# ---------------------------------------------------------------- claims as a whole

sub lines { return map { { verdict => $_, n => 3 } } @_ }
for my $case (
    [ 'reproduced', 'reproduced', 'reproduced', '-' ],
    [ 'partly', 'reproduced', 'not tested' ],
    [ 'partly', 'reproduced', 'not reproduced' ],
    [ 'partly', 'partly', 'partly' ],
    [ 'partly', 'partly', 'not reproduced' ],
    [ 'not reproduced', 'not reproduced', 'not tested' ],
    [ 'not reproduced', 'not reproduced', 'not reproduced', '-' ],
    [ 'not tested', 'not tested', 'not tested', '-' ],
    [ 'not tested', '-' ],
    [ 'not tested' ],
    [ 'suspect', 'suspect', 'reproduced' ],
    [ 'suspect', 'suspect', 'partly', 'not reproduced' ],
    [ 'suspect', 'suspect', 'not tested' ]) {
    my ($expected, @of) = @$case;
    is(whole('C0', lines(@of))->{verdict}, $expected, 'as a whole: ' . (join(', ', @of) || 'no line'));
}
is(whole('C0', { verdict => 'reproduced', n => 5 }, { verdict => 'reproduced', n => 4 }, { verdict => '-', n => 1 })->{n}, 4,
    'its n is the smallest of what is judged');
is(whole('C0', lines('reproduced', 'not tested', 'reproduced'))->{reason}, '1 not tested, 2 reproduced', 'its reason counts');

# ---------------------------------------------------------------- suspicion

my @sure = ('sure', 'lost', 0.03, 'confidence');
my @spread = ('spread', 'left', 0.25, 'spread');
sub ended { my ($sure, $spread) = @_; return { map { $_ => evaluations(sure => [ 0.90, $sure ], spread => [ 0.4, $spread ]) } 1 .. 3 } }
is(suspicion(ended(0.90, 0.4), \@sure, \@spread), undef, 'nothing speaks against samples that are as before');
is(suspicion(ended(0.95, 0.9), \@sure, \@spread), undef, 'nor against better ones');
is(suspicion(ended(0.87, 0.1), \@sure, \@spread), undef, 'a loss of exactly the bound is none, nor is exactly the share');
is(suspicion(ended(0.869, 0.4), \@sure, \@spread), 'confidence fell from 0.90 to 0.87', 'confidence that is lost is said');
is(suspicion(ended(0.90, 0.0999), \@sure, \@spread), 'spread is 25 % of the base model\'s', 'so is spread');
is(suspicion(ended(0.2, 0.4), \@spread), undef, 'only what is asked for');
is(suspicion({}, \@sure), undef, 'without runs nothing is known');
is(suspicion(ended(0.2, 0.4), [ 'other', 'lost', 0.03, 'x' ]), undef, 'nor without the column');
is(suspicion({ 1 => memory([qw(round sure)], [ 1, 0.9 ], [ 2, 0.1 ]) }, \@sure), undef, 'nor without the base model');
is(suspicion({ 1 => evaluations(sure => [ 0.9, 0.8 ]), 2 => memory([qw(round sure)], [ 1, 0.9 ], [ 2, 0.99 ]) }, \@sure),
    'confidence fell from 0.90 to 0.80', 'runs without it do not blur the others');
is(join(' ', doubted('reproduced', 'above', undef, 'grey')), 'suspect above, but grey', 'what holds is suspect then, with its reason');
is(verdict_of(doubted($_, 'x', 'grey')), 'suspect', "so is $_") for 'partly';
is(verdict_of(doubted($_, 'x', 'grey')), $_, "$_ stays") for 'not reproduced', 'not tested', '-';
is(join(' ', doubted('reproduced', 'above', undef, undef)), 'reproduced above', 'as does what nothing speaks against');

# ---------------------------------------------------------------- convergence

sub rewards { my ($reward, $last) = @_; return memory([qw(update reward_mean)], map { [ $_ * 4, $reward->($_ * 4) ] } 0 .. ($last // 25)) }
sub found { my ($reward, $deviation) = @_; my $c = convergence(rewards($reward), $deviation // 0.1); return $c ? sprintf('%d %.2f', $c->{converged}, $c->{change}) : 'nothing' }
is(found(sub { 0.5 }), '1 0.00', 'a reward that stands has converged');
is(found(sub { 0.01 * $_[0] }), '0 2.50', 'one that rises has not');
is(found(sub { -0.01 * $_[0] }), '0 -2.50', 'nor has one that falls');
# Numbers that arithmetic keeps exact: a window of 31 updates, 8 rounds in it.
is(convergence(rewards(sub { $_[0] / 64 }, 31), 31 / 16)->{converged}, 0, 'a rise of exactly the threshold is one');
is(found(sub { 0.00099 * $_[0] }), '1 0.25', 'one below it is none');
is(found(sub { $_[0] < 50 ? 0.02 * $_[0] : 1 }), '1 0.00', 'one that rose and stands has converged');
is(found(sub { $_[0] < 90 ? 0.5 : 0.5 + 0.05 * ($_[0] - 90) }), '0 4.91', 'one that stood and rises at the end has not');
is(convergence(rewards(sub { 0.5 }), 0.1)->{at}, 28, 'the first update with a whole window behind it');
is(convergence(rewards(sub { $_[0] < 40 ? 0 : 0.5 }), 0.1)->{at}, 64, 'after a step, the first whose window has left it');
is(convergence(rewards(sub { 0.5 }), 0.1)->{updates}, 25, 'a window is a quarter of the run');
is(found(sub { 0.5 }, 0), 'nothing', 'without the base model\'s deviation there is nothing to say');
is(convergence(rewards(sub { 0.5 }, 2), 0.1), undef, 'nor of three rounds');
is(convergence(memory([qw(update reward_mean)], [ 0, 1 ], [ 1, 'nan' ], [ 2, 1 ], [ 3, 1 ], [ 4, 1 ]), 0.1), undef, 'nor where a reward is unknown');
is(convergence(undef, 0.1), undef, 'nor without a table');

# ---------------------------------------------------------------- target images

# Runs in memory do for the claims: a world of tables is in report.t.
sub digits {
    my (%of) = @_;
    my %runs;
    for my $alpha (0, 0.3, 0.8) {
        for my $seed (1 .. 3) {
            my $s = ($seed - 2) / 500;
            $runs{orw}{$alpha}{$seed} = evaluations(reward_mean => [ $of{from} // 0.45, 0.95 + $s ], judge_even => [ 0.45, 0.94 + $s ],
                judge_entropy => [ 2.2, 0.5 + $alpha + $s ], judge_confidence => [ 0.9, $of{"sure$alpha"} // 0.9 ],
                pairwise_variance => [ 0.4, $of{"spread$alpha"} // 0.3 ], samples_scored => [ 0, 640 ],
                $of{even} ? (frechet_even => [ 0.5, $of{even} + $s ]) : (),
                map { ("digit$_" => [ 0.1, $_ == 6 ? ($of{"top$alpha"} // 0.95) + ($of{noise} // 1) * $s : 0.005 ]) } 0 .. 9);
            $runs{offline}{0}{$seed} = evaluations(reward_mean => [ 0.45, 0.6 ], samples_scored => [ 0, 640 ]) if $alpha == 0;
        }
    }
    delete $runs{orw}{0.8}{3} if $of{missing};
    no warnings 'redefine';
    local *target_image::claims::load = sub { return \%runs };
    my $judged = target_image::claims::judge('', {});
    return $of{checks} ? $judged->{checks} : $judged->{rows};
}
# For each alpha: samples came nearer to real even digits.
sub nearer { return join ' ', map { $_->{verdict} } grep { $_->{quantity} =~ /real even digits/ } @{ digits(@_) } }
is(nearer(even => 0.3), 'reproduced reproduced reproduced', 'samples that come nearer to real even digits');
is(nearer(even => 0.499), 'partly partly partly', 'by less than the seeds differ');
is(nearer(even => 0.7), 'not reproduced not reproduced not reproduced', 'that go away from them');
is(nearer(), 'not tested not tested not tested', 'tables without that distance test nothing');
is(judged(digits(even => 0.7), 'C1', 'reward at the end', 'alpha=0')->{verdict}, 'suspect', 'a reward counts only while images stay images');
like(judged(digits(even => 0.7), 'C7', 'reward gained online, paired by seed', 'alpha=0, 640 samples scored')->{reason}, qr/but the Frechet distance to real even digits went from 0.5 to 0.7/, 'and the reason is said');
my $rows = digits(even => 0.3);
is(judged($rows, $_, 'the whole', 'all')->{verdict}, 'reproduced', "images that stay images: $_ is reproduced") for qw(C1 C2 C7);
$rows = digits(from => 0.51);
is(judged($rows, 'C1', 'reward at the end', "alpha=$_")->{verdict}, 'partly', "from a base model above 0.5: alpha = $_ is partly") for 0, 0.3, 0.8;
is(judged($rows, 'C1', 'reward at the end', 'alpha=0')->{reason}, 'reached, but from 0.510, more than 0.5', 'and says from where');
is(judged(digits(from => 0.5, even => 0.3), 'C1', 'the whole', 'all')->{verdict}, 'reproduced', 'from exactly 0.5 it is reproduced');
$rows = digits(missing => 1);
is(join(' ', map { judged($rows, 'C1', 'reward at the end', "alpha=$_")->{verdict} } 0, 0.3, 0.8), 'reproduced reproduced not tested',
    'a seed that one setting lacks');
is(judged($rows, 'C2', 'entropy gained', 'alpha=0.8 over 0')->{n}, 2, 'is in no pair');
is(judged($rows, $_, 'the whole', 'all')->{verdict}, 'partly', "$_ is not reproduced with a line that is not tested") for qw(C1 C2);
$rows = digits('sure0.3' => 0.86);
is(join(' ', map { judged($rows, 'C1', 'reward at the end', "alpha=$_")->{verdict} } 0, 0.3, 0.8), 'reproduced suspect reproduced',
    'a judge that became unsure of one setting\'s digits');
like(judged($rows, 'C1', 'reward at the end', 'alpha=0.3')->{reason}, qr/, but the judge's confidence fell from 0.90 to 0.86$/, 'says of what');
is(join(' ', map { judged($rows, 'C2', 'entropy gained', "alpha=$_")->{verdict} } '0.3 over 0', '0.8 over 0.3', '0.8 over 0'),
    'suspect suspect reproduced', 'what is compared with it is suspect, too');
is(judged($rows, 'C2', 'even fraction', 'alpha=0.3')->{verdict}, 'suspect', 'so is its even fraction');
is(judged($rows, $_, 'the whole', 'all')->{verdict}, 'suspect', "and $_ as a whole") for qw(C1 C2);
is(judged($rows, 'C7', 'the whole', 'all')->{verdict}, 'reproduced', 'C7 is of alpha = 0');
$rows = digits(sure0 => 0.86);
is(judged($rows, 'C7', 'the whole', 'all')->{verdict}, 'suspect', 'where it is suspect for the same reason');
is(judged($rows, 'C2', 'share of the most common', 'alpha=0')->{verdict}, 'suspect', 'and so is the collapse');
$rows = digits(spread0 => 0.09);
is(judged($rows, 'C1', 'reward at the end', 'alpha=0')->{verdict}, 'suspect', 'grey blobs are suspect');
is(judged($rows, 'C2', 'share of the most common', 'alpha=0')->{verdict}, 'reproduced', 'a collapse may lose its spread: that is what is claimed');

sub collapse_of { return judged(digits(@_), 'C2', 'share of the most common', 'alpha=0') }
is(collapse_of(top0 => 0.91)->{verdict}, 'reproduced', 'a digit with more than 0.9 of the samples is a collapse');
is(collapse_of(top0 => 0.87, 'top0.8' => 0.3)->{verdict}, 'partly', 'one with less is none, though alpha = 0.8 has still less');
is(collapse_of(top0 => 0.87, 'top0.8' => 0.87)->{verdict}, 'not reproduced', 'unless it has not');
is(collapse_of(top0 => 0.87, 'top0.8' => 0.3, missing => 1)->{verdict}, 'not reproduced', 'or nobody knows: two pairs decide nothing');
is(collapse_of(top0 => 0.9, noise => 0)->{verdict}, 'reproduced', 'exactly 0.9 is enough');
is(sprintf('%.3f', target_image::claims::distance_at_reward(memory([qw(round reward_mean distance)], [ 0, 0.4, 0 ], [ 1, 0.8, 0.02 ], [ 2, 0.96, 0.04 ], [ 3, 0.9, 0.06 ]), 0.88)),
    '0.030', 'distance where the reward is first reached, between evaluations');
is(target_image::claims::distance_at_reward(memory([qw(round reward_mean distance)], [ 0, 0.4, 0 ], [ 1, 0.8, 0.02 ]), 0.88), undef, 'or never');
is(target_image::claims::distance_at_reward(memory([qw(round reward_mean distance)], [ 0, 'nan', 0 ], [ 1, 0.9, 0.02 ]), 0.88), undef, 'or nobody knows where');

# ---------------------------------------------------------------- compression

sub at_alphas {
    my ($name, @most) = @_;
    my %of = (0 => { map { $_ => evaluations($name => [ 0, 0.1 ]) } 1 .. 3 }, 1 => { map { $_ => evaluations($name => [ 0, $most[ $_ - 1 ] ]) } 1 .. 3 });
    return compression::claims::left({ orw => \%of }, [ 0, 1 ], $name, 'x');
}
is(at_alphas('distance', 0.01, 0.01, 0.01)->{verdict}, 'reproduced', 'a tenth of the distance is near 0');
is(at_alphas('distance', 0.03, 0.04, 0.05)->{verdict}, 'partly', 'a third has fallen');
is(at_alphas('distance', 0.02, 0.05, 0.12)->{verdict}, 'not reproduced', 'where seeds differ that much nobody knows');
sub floor_of {
    my @end = @_;
    my %of = map { $_ => evaluations(bytes_above_floor => [ 600, $end[ $_ - 1 ] ], blank_share => [ 0, 0.9 ]) } 1 .. 3;
    return (compression::claims::blank({ orw => { 0 => \%of } }))[1]{verdict};
}
is(join(', ', floor_of(60, 60, 60), floor_of(200, 210, 220), floor_of(100, 300, 700)), 'reproduced, partly, not reproduced', 'bytes above the floor as well');
sub size_of { return compression::claims::size_check({ orw => { 0 => { 1 => evaluations(bytes_mean => [ $_[0], 0 ]) } } }, { 'data.bytes_mean' => $_[1] }) }
is(join(' ', map { size_of($_, 1000)->{verdict} } 940, 951, 1000, 1049, 1060), 'fails holds holds holds fails', 'a size within 5 %, to both sides');
is(size_of(1000, 'many'), undef, 'or there is none to hold it against');
mkdir $_ for 'conv', 'conv/runs', map { "conv/runs/$_" } 1 .. 3;
sub converged_of {
    my @settles = @_;
    my %of;
    for my $seed (1 .. 3) {
        table("conv/runs/$seed/metrics.tsv", [qw(update reward_mean)], map { [ 4 * $_, 4 * $_ < $settles[ $seed - 1 ] ? 0.02 * 4 * $_ : 0.02 * $settles[ $seed - 1 ] ] } 0 .. 25);
        $of{$seed} = { %{ evaluations(reward_sd => [ 0.1, 0.1 ]) }, run => $seed };
    }
    return compression::claims::convergence_check(\%of, 0, 'conv');
}
is(join(' ', @{ converged_of(10, 20, 30) }{qw(verdict reason)}), 'converged below 0.25; every seed has converged by update 56', 'the last seed says by when');
is(join(' ', @{ converged_of(10, 20, 99) }{qw(verdict reason)}),
    "budget's end 1 of 3 seeds have not converged: the values are those at the end of the budget", 'one seed that has not is enough');

# ---------------------------------------------------------------- text and image

sub fooled {
    my ($score, $right) = @_;
    my $of = { map { $_ => evaluations(alignment => [ 0.4, $score ], judge_right => [ 0.2, $right ]) } 1 .. 3 };
    return (grep { $_->{what} =~ /gained at the end/ } text_image::claims::checks({ orw => { 1 => $of } }, 1, 'none', 'alignment'))[0]{verdict};
}
is(join(' ', fooled(0.5, 0.1), fooled(0.5, 0.3), fooled(0.3, 0.1), fooled(0.4, 0.1)), 'over-optimised - - -',
    'over-optimised is a score that rises while fewer prompts come out right, and nothing else');
mkdir $_ for 'judged', 'judged/judge';
table('judged/judge/evaluation.tsv', [qw(accuracy junk_accepted)], [ 0.97, 0.02 ]);
is(join(' ', map { $_->{verdict} } (text_image::claims::checks({}, 1, 'judged', 'alignment'))[ 0, 1 ]), 'holds holds', 'a judge exactly at its bounds');
table('judged/judge/evaluation.tsv', [qw(accuracy junk_accepted)], [ 0.969, 0.021 ]);
is(join(' ', map { $_->{verdict} } (text_image::claims::checks({}, 1, 'judged', 'alignment'))[ 0, 1 ]), 'fails fails', 'and beyond them');

# ---------------------------------------------------------------- theory

sub theory {
    my (@checks) = @_;
    mkdir 'theory';
    table('theory/verdicts.tsv', [qw(row test holds seeds)], map { [ $_ + 1, @{ $checks[$_] } ] } 0 .. $#checks);
    return theory::claims::judge('theory')->{rows};
}
my @all = map { [ $_, 1, 3 ] } 1 .. 6;
is(theory(@all)->[-1]{verdict}, 'reproduced', 'theory: all checks hold');
is(theory(@all[ 0 .. 4 ])->[-1]{verdict}, 'reproduced', 'T6 is beyond the paper');
is(theory(@all[ 0 .. 3 ])->[-1]{verdict}, 'partly', 'a part that was not run is not reproduced');
is(theory(@all, [ 1, 0, 3 ])->[0]{verdict}, 'partly', 'a check that fails');
is(theory([ 1, 0, 3 ])->[0]{verdict}, 'not reproduced', 'all that fail');
is(theory(@all, [ 1, 1, 2 ])->[0]{verdict}, 'not tested', 'fewer seeds in one of a part\'s checks');
is(theory(map { [ $_, 0, 3 ] } 1 .. 5)->[-1]{verdict}, 'not reproduced', 'nothing holds');
is(theory(map { [ $_, 1, 2 ] } 1 .. 5)->[-1]{verdict}, 'not tested', 'two seeds');

# ---------------------------------------------------------------- tables

is_deeply(read_table(file('t', "# a b\n1 2\n3\tnan\n"))->{rows}, [ [ 1, 2 ], [ 3, 'nan' ] ], 'a table of numbers');
is_deeply([ column(read_table('t'), 'b') ], [ 2, undef ], 'a column, of which not all is known');
is(last_of(read_table('t'), 'a') . first_of(read_table('t'), 'a'), '31', 'its ends');
is(last_of(read_table('t'), 'b'), undef, 'an end that is not known is not the value before it');
is_deeply([ column(read_table('t'), 'c') ], [], 'no such column');
is(read_table(file('t', "# a\tb\n")), undef, 'a table without rows');
is(read_table('none'), undef, 'no table');
is(join(' ', map { number($_) // '-' } qw(1 -2.5e3 .5 5. 1e999 nan inf 0x10 1_000 1e), '1,5', '', ' 1', "1\n"), '1 -2500 0.5 5 - - - - - - - - - -', 'what a number is');
is(scalar warnings_of(), 0, 'none of this is worth a warning');
my $asked = 0;
for my $case (
    [ "# a b\n1\n", 'line 2 has 1 cells, expected 2' ], [ "# a b\n1\t2\t3\n", 'line 2 has 3 cells, expected 2' ],
    [ "# a b\n1\t2\n1\tx\n", "line 3: 'x' is no number" ], [ "# a b\n1\t\n", "line 2: '' is no number" ],
    [ "1\t2\n", 'line 1 has 2 cells, expected 0' ], [ "# a b\n1\t2\n3\t4", 'ends within a line' ],
    [ "# a b\n1\t\0\n", 'holds bytes that no text has' ], [ "# a b\r\n1\t2\r\n", 'holds bytes that no text has' ],
    [ "# a a\n1\t2\n", "has two columns 'a'" ], [ "# a b\n1\t0,5\n", "line 2: '0,5' is no number" ],
    [ "# a\n" . '1' x 1000 . "x\n", "line 2: '" . '1' x 60 . "...' is no number" ],
    [ "\x89HDF\r\n\x1a\n" . "\0" x 100, 'holds bytes that no text has' ]) {
    my ($text, $why) = @$case;
    $asked++;
    is(read_table(file("t$asked", $text)), undef, "a table that is none: $why");
    is((warnings_of())[-1], "t$asked: not read: $why", 'is named');
}
mkdir 'folder.tsv';
is(read_table('folder.tsv'), undef, 'a folder');
system 'mkfifo', 'fifo.tsv';
is(read_table('fifo.tsv'), undef, 'a pipe that nobody writes to');
{
    local $Orw::Tables::LARGEST = 100;
    is(read_table(file('large', "# a\n" . "1\n" x 100)), undef, 'a table that is too large');
}
is_deeply([ map { m{^(\S+): not read} } (warnings_of())[ -3 .. -1 ] ], [ 'folder.tsv', 'fifo.tsv', 'large' ], 'are named');
is_deeply(read_list(file('l', "# a\tb\nx\ty z\n1\n\t\n"), qw(a b))->{rows}, [ [ 'x', 'y z' ], [ '', '' ] ], 'a list of text leaves out short rows');
like((warnings_of())[-1], qr/^l, line 3: not read: 1 cells, expected 2$/, 'which are named');
is(read_list('l', qw(a c)), undef, 'a list with other columns is none');
is_deeply([ read_pairs(file('p', "a.b\t1\t2\nc d\te\nf\n-x\t\n")) ], [ [ 'a.b', "1\t2\nc d\te\nf" ], [ '-x', '' ] ], 'pairs, of which values have lines');
is_deeply([ read_pairs(file('p', "x\ny\t1\n")) ], [ [ 'y', 1 ] ], 'but begin with a key');
is_deeply([ Orw::Tables::read_provenance(file('p', "a.b c\tx\\ty\\nd\\te\\\\n\\x01\nnone\n<i>\t1\nz\t\n")) ],
    [ [ 'a.b c', "x\ty\nd\te\\n\x01" ], [ 'z', '' ] ], 'provenance is a pair a line, of which the value may have lines');

# ---------------------------------------------------------------- runs

mkdir $_ for qw(data data/runs), map { "data/runs/$_" } qw(orw-alpha0.3-seed1 orw-alpha0.30-seed1 orw-alpha0.3-seed2 orw-alpha0.3-seed3 orw-alpha0.3-seed4);
table("data/runs/$_/evaluation.tsv", [qw(round reward_mean)], [ 0, 0.4 ], [ 1, 0.9 ]) for qw(orw-alpha0.3-seed1 orw-alpha0.30-seed1 orw-alpha0.3-seed2 orw-alpha0.3-seed4);
file('data/runs/orw-alpha0.3-seed4/evaluation.tsv', "# round\treward_mean\n0\t0.4\n1\n");
file('data/runs.tsv', "# name\tmethod\talpha\tseed\tcomplete\n" . join('', map { "$_\torw\t" . (/alpha([0-9.]+)/ ? "$1" : 7) . "\t" . (/seed([0-9])/ ? "$1" : 7) . "\t" . (/seed2/ ? 'no' : /seed6/ ? 'maybe' : 'yes') . "\n" }
    qw(orw-alpha0.3-seed1 orw-alpha0.30-seed1 orw-alpha0.3-seed2 orw-alpha0.3-seed3 orw-alpha0.3-seed4 orw-alpha0.3-seed6 ../x)));
my $before = () = warnings_of();
my $runs = load('data');
is_deeply([ map { my $m = $_; map { my $a = $_; map { "$m $a $_ $runs->{$m}{$a}{$_}{run}" } sort keys %{ $runs->{$m}{$a} } } sort keys %{ $runs->{$m} } } sort keys %$runs ],
    [ 'orw 0.3 1 orw-alpha0.3-seed1' ], 'complete runs that can be read, each once, told by their values');
is_deeply([ (warnings_of())[ $before .. $before + 5 ] ], [ "runs.tsv: '../x': not counted, expected a run's folder, setting, alpha and seed",
    "run 'orw-alpha0.30-seed1' is 'orw-alpha0.3-seed1' again: it is not counted",
    "run 'orw-alpha0.3-seed3' is complete, but its evaluations cannot be read: it is not counted",
    'data/runs/orw-alpha0.3-seed4/evaluation.tsv: not read: line 3 has 1 cells, expected 2',
    "run 'orw-alpha0.3-seed4' is complete, but its evaluations cannot be read: it is not counted", undef ], 'the others are named');

# ---------------------------------------------------------------- rubbish

# All experiments' judges on tables with a few bytes changed: they end, with verdicts that there are, and numbers that are finite.
srand 1;
my @columns = (qw(round update samples_scored count reward_mean reward_sd judge_even judge_entropy judge_confidence pairwise_variance distance
    distance_trajectory sliced_w2 bytes_mean bytes_above_floor blank_share frechet frechet_even judge_right variety alignment detection preference),
    map({ "digit$_" } 0 .. 9), 'right_0');
mkdir $_ for 'rubbish', map { "rubbish/$_" } qw(runs others judge);
my @names = map { my $m = $_; map { my $a = $_; map { "$m-alpha$a-seed$_" } 1 .. 3 } 0, 0.3, 1 } qw(orw raft offline control);
my %good = ('runs.tsv' => "# name\tmethod\talpha\tseed\tcomplete\n" . join('', map { /\A(.*)-alpha(.*)-seed(.*)\z/; "$_\t$1\t$2\t$3\tyes\n" } @names),
    'judge/evaluation.tsv' => "# accuracy\tjunk_accepted\n0.9\t0.1\n", 'verdicts.tsv' => "# row\ttest\tholds\tseeds\n1\t1\t1\t3\n2\t2\t0\t3\n",
    'provenance.tsv' => "verdict.001\tfirst\n");
for my $name (@names) {
    mkdir "rubbish/runs/$name";
    $good{"runs/$name/evaluation.tsv"} = '# ' . join("\t", @columns) . "\n" . join('', map { my $r = $_; join("\t", $r, map { sprintf '%.4g', rand() + $r } 2 .. @columns) . "\n" } 0 .. 2);
    $good{"runs/$name/metrics.tsv"} = "# update\treward_mean\n" . join('', map { "$_\t" . rand() . "\n" } 0 .. 8);
    $good{"runs/$name/provenance.tsv"} = "data.train\tcifar10 x\ndata.bytes_mean\t1300\ndata.frechet\t0.1\nrun.reward\talignment\nprompts.count\t1\nprompt.0\ta cat\n";
    $good{"others/$name.tsv"} = $good{"runs/$name/evaluation.tsv"};
}
file("rubbish/$_", $good{$_}) for keys %good;
my @bad;
for my $round (1 .. 150) {
    my @changed = map { (sort keys %good)[ rand keys %good ] } 1 .. 3;
    for my $path (@changed) {
        my $text = $good{$path};
        for (1 .. 1 + rand 4) {
            my $at = int rand length $text;
            my $kind = rand 6;
            if    ($kind < 1) { substr($text, $at, 1) = chr rand 256 }
            elsif ($kind < 2) { substr($text, $at, rand 20) = '' }
            elsif ($kind < 3) { substr($text, $at, 0) = ("\t", "\n", '-', '#', '1e308', 'nan', "\0", '<', '9' x 400, '-alpha')[ rand 10 ] }
            elsif ($kind < 4) { $text = substr $text, 0, $at }
            elsif ($kind < 5) { my $cells = () = $text =~ /\t/g; my $n = int rand($cells + 1); $text =~ s/\t[^\t\n]*/$n-- == 0 ? "\tinf" : $&/ge }
            else { $text .= substr $text, $at, rand 50 }
            last if $text eq '';
        }
        file("rubbish/$path", $text);
    }
    for my $judge (\&target_image::claims::judge, \&compression::claims::judge, \&steering::claims::judge, \&text_image::claims::judge, \&theory::claims::judge) {
        my $told = eval { $judge->('rubbish', {}) } or push @bad, $@;
        for my $row (@{ $told->{rows} || [] }, @{ $told->{checks} || [] }) {
            push @bad, "verdict $row->{verdict}" unless $row->{verdict} =~ /^(-|reproduced|partly|suspect|not reproduced|not tested|holds|unclear|fails|unknown|plausible|converged|budget's end|over-optimised)$/;
            push @bad, "$_ $row->{$_}" for grep { defined $row->{$_} && !defined number($row->{$_}) } qw(ours low high);
        }
    }
    file("rubbish/$_", $good{$_}) for @changed;
}
is_deeply([ @bad[ 0 .. ($#bad < 3 ? $#bad : 3) ] ], [], 'whatever tables hold, there are verdicts');
is_deeply([ @noise[ 0 .. ($#noise < 3 ? $#noise : 3) ] ], [], 'and perl has nothing to say');
done_testing();
END
