#!/usr/bin/env perl
# report.pl --out OUT [--profile NAME] - OUT/report.html (one self-contained file) and OUT/claims.tsv, from what figures.sh left in
# OUT/figures. It computes nothing but the verdicts; every number comes from a table that `orw export` printed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/perl";
use MIME::Base64 'encode_base64';
use Orw::Runs qw(listed_runs provenance_of);
use Orw::Tables qw(read_table read_list read_pairs read_provenance column number last_of);
use Orw::Text qw(escape printable quoted warning warnings_of);
use Orw::Convergence;
use Orw::Verdicts;
use compression::claims;
use steering::claims;
use target_image::claims;
use text_image::claims;
use theory::claims;

my ($out, $profile) = ('', 'unnamed');
while (@ARGV) {
    my $option = shift @ARGV;
    fail("$option: found no value, expected one") if $option =~ /^--(out|profile)$/ && !@ARGV;
    if    ($option eq '--out')     { $out     = shift @ARGV }
    elsif ($option eq '--profile') { $profile = shift @ARGV }
    else { fail("unknown argument $option: expected --out OUT [--profile NAME]") }
}
fail("--out: found '$out', expected a folder that figures.sh has filled") unless $out ne '' && -d "$out/figures";

my @claims = @{ tsv("$FindBin::Bin/paper/claims.tsv") };
my %text = map { $_->[0] => $_->[2] } @claims;
my %paper;
for my $value (@{ tsv("$FindBin::Bin/paper/values.tsv") }) {
    my ($claim, $quantity, $setting, $number, $from) = @$value;
    $paper{"$claim|$quantity|$setting"} = $number;
}

my @sweeps = sweeps();
my $theory = theory::claims::judge("$out/figures/data/theory");
my @rows = ((map { @{ $_->{judged}{rows} } } @sweeps), @{ $theory->{rows} });
push @rows, untested(@rows);
my $page = html();
print STDERR "report.pl: warning: $_\n" for warnings_of();
replace("$out/claims.tsv", claims_tsv(@rows));
replace("$out/report.html", $page);
exit 0;

# A claim that no run here speaks of is said to be one.
sub untested {
    my %told = map { $_->{claim} => 1 } grep { $_->{quantity} eq 'the whole claim' } @_;
    return map { { claim => $_->[0], quantity => 'the whole claim', setting => 'all', n => 0, verdict => 'not tested', dataset => '-',
            reason => 'no run in these results tests it' } } grep { !$told{ $_->[0] } } @claims;
}

sub fail { print STDERR 'report.pl: ' . printable($_[0]) . "\n"; exit 2 }

sub tsv {
    my ($path) = @_;
    open my $file, '<:raw', $path or fail("$path: $!, expected the paper's values");
    return [ map { chomp; [ split /\t/, $_, -1 ] } grep { !/^#/ && /\S/ } <$file> ];
}

# The experiments that are sweeps of runs, as far as they were run: where their tables are, their verdicts, what their runs share.
sub sweeps {
    my @all = (
        { name => 'target_image', title => 'Target images', judge => \&target_image::claims::judge,
            classifiers => { classifier_a => 'classifier A (the reward)', classifier_b => 'classifier B (the judge)' },
            beside => 'A solver with too few steps makes samples shrink into grey blobs that a classifier calls even: a high reward '
                . 'counts only while the images stay images.',
            figures => [ qw(reward_vs_update online_vs_offline judge_entropy_vs_update judge_even_vs_update digits distance_vs_update
                distance_vs_reward pairwise_variance_vs_update judge_confidence_vs_update pretraining) ] },
        { name => 'compression', title => 'Compression', judge => \&compression::claims::judge,
            classifiers => { classifier_b => 'classifier of the features' },
            beside => 'Bytes alone do not make a good image: the distance to real images stands beside them. Rewards are called '
                . 'convergent only where their slope has become small.',
            figures => [ qw(reward_vs_alpha distance_vs_alpha sliced_w2_vs_alpha reward_vs_distance bytes_vs_frechet bytes_above_floor_vs_alpha
                blank_share_vs_alpha frechet_vs_alpha pairwise_distance_vs_alpha reward_vs_update distance_vs_update online_vs_offline
                pretraining) ] },
        { name => 'steering', title => 'Steering to a text', judge => \&steering::claims::judge,
            classifiers => { classifier_b => 'judge (never a reward)', class_encoder => 'dual encoder (the reward)' },
            beside => 'Whether samples show what the text names is said by a classifier that no policy was trained on. It knows clean '
                . 'images only, and the same textures may fool both: look at the samples.',
            figures => [ qw(reward_vs_update judge_vs_update variety_vs_update reward_vs_judge distance_vs_update
                pairwise_variance_vs_update pretraining) ] },
        { name => 'text_image', title => 'Text and image', judge => \&text_image::claims::judge,
            classifiers => { judge => 'judge (never a reward)', detector => 'detector (a reward)' },
            beside => 'Whether a prompt came out right is said by a detector that no policy was trained on. A score that rises while '
                . 'that share falls is over-optimisation of the reward.',
            figures => [ qw(judge_vs_update prompts right_vs_variety score_vs_variety reward_vs_judge score_vs_update variety_vs_update
                rewards_judge_vs_update pairwise_variance_vs_update pretraining) ] });
    my @run = grep { -d "$out/figures/data/$_->{name}" } @all;
    @run = ($all[0]) unless @run;
    for my $sweep (@run) {
        $sweep->{data} = "$out/figures/data/$sweep->{name}";
        $sweep->{provenance} = [ provenance($sweep->{data}) ];
        $sweep->{dataset} = 'unknown data set';
        for my $pair (@{ $sweep->{provenance} }) { $sweep->{dataset} = $1 if $pair->[0] eq 'data.train' && $pair->[1] =~ /^(\S+)/ }
        $sweep->{judged} = $sweep->{judge}->($sweep->{data}, \%paper);
        $_->{dataset} //= $sweep->{dataset} for @{ $sweep->{judged}{rows} };
    }
    return @run;
}

# Readers see the old file or the new one.
sub replace {
    my ($path, $content) = @_;
    open my $file, '>:raw', "$path.partial" or fail("$path: $!, expected to write it");
    print {$file} $content;
    close $file or fail("$path: $!, expected to write it");
    rename "$path.partial", $path or fail("$path: $!, expected to write it");
}

# Numbers shortly, text as it is.
sub show {
    my ($value) = @_;
    return '-' unless defined $value && $value ne '';
    return defined number($value) ? sprintf('%.4g', $value) : $value;
}

sub claims_tsv {
    my @lines = ("# claim\tquantity\tsetting\tpaper\tours\tlow\thigh\tn\tverdict\tdataset\tprofile\n");
    for my $row (@_) {
        my @cells = (map({ show($row->{$_}) } qw(claim quantity setting paper ours low high)), $row->{n} // 0, @$row{qw(verdict dataset)},
            $profile);
        tr/\x00-\x1f\x7f/ / for @cells;
        push @lines, join("\t", @cells) . "\n";
    }
    return join '', @lines;
}

# What was run: [key, value] where all runs agree, and what they have where they do not.
sub provenance {
    my ($data) = @_;
    my (%values, @keys);
    for my $run (listed_runs($data)) {
        for my $pair (provenance_of($data, $run)) {
            my ($key, $value) = @$pair;
            next if $key =~ /^run\.(method|alpha|seed|name)$/;
            push @keys, $key unless $values{$key};
            $values{$key}{$value}++;
        }
    }
    return map { [ $_, join ' | ', sort keys %{ $values{$_} } ] } @keys;
}

# ---------------------------------------------------------------- html

# Whatever is written between tags is text and is escaped; only a reference stands for markup made here.
sub markup { my ($content) = @_; return ref $content ? $$content : escape($content) }
sub element { my ($tag, @content) = @_; return "<$tag>" . join('', map { markup($_) } @content) . '</' . $tag =~ s/ .*//r . ">\n" }
sub cells { my ($tag, @cells) = @_; return '<tr>' . join('', map { "<$tag>" . markup($_) . "</$tag>" } @cells) . "</tr>\n" }
sub table { my ($head, @rows) = @_; return "<div class=wide><table>\n" . cells('th', @$head) . join('', map { cells('td', @$_) } @rows) . "</table></div>\n" }

sub verdict {
    my ($verdict) = @_;
    (my $class = $verdict) =~ s/\W+/-/g;
    return \("<span class=\"verdict v-$class\">" . escape($verdict) . '</span>');
}

sub range { my ($row) = @_; return defined $row->{low} ? show($row->{low}) . ' to ' . show($row->{high}) : '-' }

sub html {
    my $title = 'Reproduction report - ' . escape(join ', ', map { $_->{dataset} } @sweeps) . ', profile ' . escape($profile);
    my @sections = (section_claims(), (map { section_sweep($_) } @sweeps), section_theory(), section_run(), section_rules());
    return <<"END";
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
@{[ style() ]}</style>
</head>
<body>
<h1>$title</h1>
<p>Fan et al., <i>Online Reward-Weighted Fine-Tuning of Flow Matching with Wasserstein Regularization</i>, ICLR 2025
(<a href="https://arxiv.org/abs/2502.06061">arXiv 2502.06061</a>), held against our own runs.</p>
@{[ join '', @sections ]}</body>
</html>
END
}

sub style {
    return <<'END';
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fdfdfc; --line: #d5d5d0; --quiet: #666; --card: #fff }
@media (prefers-color-scheme: dark) { :root { --text: #e4e4e0; --page: #191a1b; --line: #3c3d3f; --quiet: #a2a2a0; --card: #f4f4f2 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line) } h3 { font-size: 1rem }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums } .wide { overflow-x: auto }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
.verdict { padding: .05rem .5rem; border-radius: .6rem; white-space: nowrap; color: #fff; background: #777 }
.v-, .v-unknown { background: none; color: inherit } .v-reproduced, .v-holds, .v-converged { background: #00775a } .v-partly, .v-unclear, .v-budget-s-end { background: #9a6a00 }
.v-plausible { background: none; color: inherit } .v-not-reproduced, .v-fails, .v-suspect { background: #b34700 }
figure { margin: 1.5rem 0 } figure img { background: var(--card); max-width: 100%; border-radius: 4px }
.grids { display: flex; flex-wrap: wrap; gap: 1rem } .grids figure { margin: .5rem 0; width: 15.5rem }
.grids img { width: 100%; image-rendering: pixelated } figcaption, .quiet { color: var(--quiet); font-size: .85rem }
details { font-size: .85rem; color: var(--quiet) } pre { overflow-x: auto; font-size: .8rem } code { font-size: .9em }
END
}

sub section_claims {
    my @html = ("<h2>Claims</h2>\n", mixed_code());
    push @html, table([ 'claim', 'what the paper says', 'data set', 'verdict', '' ],
        map { [ $_->{claim}, $text{ $_->{claim} }, $_->{dataset}, verdict($_->{verdict}), $_->{reason} ] }
        grep { $_->{quantity} eq 'the whole claim' } @rows);
    push @html, "<p class=quiet>Ours: mean over seeds with its 95 % t interval, from the last evaluation of each run. The paper's ",
        "values were read off plots (about &plusmn;0.01) after more updates of larger models: other profiles than <code>paper</code> ",
        "show them for orientation.</p>\n";
    push @html, table([ '', 'quantity', 'setting', 'paper', 'ours', 'interval', 'n', 'verdict', 'why' ],
        map { [ @$_{qw(claim quantity setting)}, show($_->{paper}), show($_->{ours}), range($_), $_->{n}, verdict($_->{verdict}),
                $_->{reason} ] } grep { $_->{quantity} ne 'the whole claim' } @rows);
    return @html;
}

# The digests of the sources by which the runs of one experiment, and the models that they are made from, were computed.
sub codes {
    my ($data) = @_;
    my %codes;
    for my $file (grep { -e } glob("$data/runs/*/provenance.tsv"), "$data/provenance.tsv") {
        my $own = 'unknown';
        for my $pair (read_provenance($file)) {
            my ($key, $value) = @$pair;
            $own = $value if $key eq 'sources';
            $codes{$value} = 1 if $key =~ /^sources\./;
            if ($key eq 'changes') { $codes{$1} = 1 while $value =~ /\bsources = (\w+), now/g }
        }
        $codes{$own} = 1;
    }
    return sort keys %codes;
}

sub mixed_code {
    my @html;
    for my $name ((map { $_->{name} } @sweeps), 'theory') {
        my @codes = codes("$out/figures/data/$name");
        push @html, "<p>" . verdict('suspect') . " $name: these results were made by " . @codes . ' states of the code, sources '
            . escape(join ', ', @codes) . ": what differs between them may be the code's doing. <code>--strict</code> refuses to go "
            . "on so, another <code>--out</code> makes all of it again.</p>\n" if @codes > 1;
    }
    return @html;
}

# One experiment: what stands beside its claims, its figures, its base model.
sub section_sweep {
    my ($sweep) = @_;
    my @html = (element('h2', "$sweep->{title} - $sweep->{dataset}"), section_figures($sweep));
    push @html, "<h3>Beside the claims</h3>\n", element('p class=quiet', $sweep->{beside}), table([ 'check', 'value', 'interval', 'n', '', '' ],
        map { [ $_->{what}, show($_->{ours}), range($_), $_->{n}, verdict($_->{verdict}), $_->{reason} ] }
        @{ $sweep->{judged}{checks} });
    return (@html, section_base($sweep));
}

sub section_figures {
    my ($sweep) = @_;
    my (@drawn, @grids);
    my $experiment = $sweep->{name};
    my %place = map { $sweep->{figures}[$_] => $_ } 0 .. $#{ $sweep->{figures} };
    my @names = about_names($experiment);
    for my $name (sort { ($place{$a} // 99) <=> ($place{$b} // 99) || $a cmp $b } grep { !/^grid-/ } @names) {
        push @drawn, figure($experiment, $name, "$name.svg", 'image/svg+xml');
    }
    for my $name (sort { grid_order($a) <=> grid_order($b) || $a cmp $b } grep { /^grid-/ } @names) {
        push @grids, figure($experiment, $name, "$name.png", 'image/png');
    }
    my @html = ("<h3>Figures</h3>\n", @drawn);
    push @html, "<h3>Samples</h3>\n<div class=grids>\n", @grids, "</div>\n" if @grids;
    push @html, "<p>None drawn: no complete run was found.</p>\n" unless @drawn || @grids;
    return @html;
}

# The data, the base model, then by alpha.
sub grid_order { my ($name) = @_; return $name eq 'grid-data' ? -2 : $name eq 'grid-base' ? -1 : $name =~ /alpha([\d.e+-]+)\z/ ? number($1) // 1e9 : 1e9 }

sub about_names {
    my ($experiment) = @_;
    opendir my $folder, "$out/figures/$experiment" or return;
    return map { /^([\w.+-]+)\.about\z/ } sort readdir $folder;
}

# The theory experiment: its figures, every check with its numbers, and what was expected.
sub section_theory {
    my $verdicts = read_table("$out/figures/data/theory/verdicts.tsv") or return;
    my %words = map { @$_ } read_provenance("$out/figures/data/theory/provenance.tsv");
    my %order = (finite_support => 1, gaussians => 2, minimiser => 3, bound_vs_alpha => 4, bound_vs_round => 5, trade => 6, coupling => 7);
    my @html = ("<h2>Theory against closed forms</h2>\n", "<p class=quiet>Small fields trained by the same loop, held against what ",
        "perfect learning would give. A check holds when measured and expected differ by at most four standard errors and the ",
        "allowance, which a control run with w = 1 at the same budget sets; a bound must not be exceeded. ",
        "<code>experiments/theory/README.md</code> has the rules.</p>\n");
    push @html, figure('theory', $_, "$_.svg", 'image/svg+xml')
        for sort { ($order{$a} // 99) <=> ($order{$b} // 99) || $a cmp $b } about_names('theory');
    push @html, table([ 'check', 'expected', 'measured', 'standard error', 'allowance', '' ], map {
        my %of;
        @of{ @{ $verdicts->{names} } } = @$_;
        [ $words{ sprintf 'verdict.%03d', number($of{row}) // 0 } // $of{row}, show($of{expected}), show($of{measured}),
            show($of{standard_error}), show($of{allowance}), verdict(number($of{holds}) ? 'holds' : 'fails') ]
    } @{ $verdicts->{rows} });
    return @html;
}

sub figure {
    my ($experiment, $name, $file, $type) = @_;
    my $path = "$out/figures/$experiment/$file";
    open my $image, '<:raw', $path or return '';
    my $bytes = do { local $/; <$image> };
    my (%about, @sources);
    for my $pair (read_pairs("$out/figures/$experiment/$name.about")) {
        if ($pair->[0] eq 'source') { push @sources, $pair->[1] } else { $about{ $pair->[0] } = $pair->[1] }
    }
    my ($title, $caption, $claims) = map { escape($_) } @about{qw(title caption claims)};
    return '<figure id="' . escape($name) . "\"><img alt=\"$title\" src=\"data:$type;base64," . encode_base64($bytes, '') . "\">\n"
        . "<figcaption>$title. $caption." . ($claims ? " For $claims." : '')
        . '<details><summary>drawn from</summary>' . join('<br>', map { escape($_) } @sources) . "</details></figcaption></figure>\n";
}

sub section_base {
    my ($sweep) = @_;
    my @rows;
    for my $name (sort keys %{ $sweep->{classifiers} }) {
        my $accuracy = last_of(read_table("$sweep->{data}/$name/evaluation.tsv"), 'accuracy');
        push @rows, [ $sweep->{classifiers}{$name}, 'accuracy on the test part', show($accuracy) ] if defined $accuracy;
    }
    my $loss = read_table("$sweep->{data}/base/metrics.tsv");
    push @rows, [ 'base model', 'loss at the end of pre-training', show(last_of($loss, 'loss')) ] if $loss;
    my $evaluation = read_table("$sweep->{data}/base/evaluation.tsv");
    for my $name ($evaluation ? @{ $evaluation->{names} } : ()) {
        next if $name =~ /^(round|update|samples_scored|count|digit\d)$/;
        push @rows, [ 'base model', $name, show(last_of($evaluation, $name)) ];
    }
    return ("<h3>Base model and classifiers</h3>\n",
        @rows ? table([ 'what', 'quantity', 'value' ], @rows) : "<p>No run file of the base model was found.</p>\n");
}

sub section_run {
    my @html = (stages(), map { run_of_sweep($_) } @sweeps);
    return ("<h2>What was run</h2>\n", unread(), @html);
}

# What was found and does not count, by figures.sh and here: known when all else has been read.
sub unread {
    my @lines = ((map { skipped_by_figures($_->{data}) } @sweeps), warnings_of());
    return '' unless @lines;
    return "<h3>Not read</h3>\n<p>These do not count, neither in figures nor in verdicts.</p>\n<ul>\n"
        . join('', map { element('li', $_) } @lines) . "</ul>\n";
}

sub skipped_by_figures {
    my ($data) = @_;
    open my $file, '<:raw', "$data/skipped.txt" or return;
    return map { chomp; $_ } <$file>;
}

sub run_of_sweep {
    my ($sweep) = @_;
    my @html = (element('h3', $sweep->{title}));
    my @runs = listed_runs($sweep->{data});
    my @complete = grep { $_->{complete} } @runs;
    push @html, element('p', scalar(@runs) . ' runs, of which ' . @complete . ' are complete; only those count.');
    my @short = grep { $_->[0] ne 'configuration' } @{ $sweep->{provenance} };
    push @html, table([ 'provenance', 'value, over all runs' ], @short) if @short;
    push @html, phases($sweep, @complete);
    for my $pair (grep { $_->[0] eq 'configuration' } @runs ? provenance_of($sweep->{data}, $runs[0]) : ()) {
        push @html, '<details><summary>configuration of the first run</summary>' . element('pre', $pair->[1]) . "</details>\n";
    }
    return @html;
}

# Wall time per stage over all calls that did something.
sub stages {
    my $table = read_list("$out/times.tsv", qw(when stage profile ranks seconds outcome)) or return '';
    my (%seconds, %calls, %ranks, @order);
    for my $row (@{ $table->{rows} }) {
        my (undef, $stage, undef, $ranks, $seconds, $outcome) = @$row;
        if (my ($bad) = grep { !defined number($_) } $ranks, $seconds) {
            warning('times.tsv: ' . quoted($bad) . ' is no number: that row is not counted');
            next;
        }
        next if $outcome eq 'up to date' || $stage =~ /^(clean|check)$/;
        push @order, $stage unless $calls{$stage}++;
        $seconds{$stage} += $seconds;
        $ranks{$stage}{$ranks} = 1;
    }
    return '' unless @order;
    return "<h3>Time per stage</h3>\n"
        . table([ 'stage', 'seconds', 'calls that did something', 'ranks' ],
        map { [ $_, sprintf('%.1f', $seconds{$_}), $calls{$_}, join(', ', sort { $a <=> $b } keys %{ $ranks{$_} }) ] } @order);
}

# Seconds per phase of the loop, summed over rounds and complete runs.
sub phases {
    my ($sweep, @runs) = @_;
    my (%seconds, @order);
    for my $run (@runs) {
        my $timing = read_table("$sweep->{data}/runs/$run->{name}/timing.tsv") or next;
        for my $phase (grep { !/^(round|update)$/ } @{ $timing->{names} }) {
            push @order, $phase unless defined $seconds{$phase};
            $seconds{$phase} += $_ // 0 for column($timing, $phase);
        }
    }
    return '' unless @order;
    return "<h4>Time per phase of fine-tuning</h4>\n"
        . table([ 'phase', 'seconds, all runs' ], map { [ $_, sprintf('%.1f', $seconds{$_}) ] } @order);
}

sub section_rules {
    return <<"END";
<h2>How verdicts are made</h2>
<p><i>Reproduced</i> needs at least $Orw::Verdicts::SEEDS seeds and a 95 % interval that supports the statement as a whole;
<i>partly</i> means that the mean supports it and the interval does not, or that only part of it holds; <i>not reproduced</i> that the
mean speaks against it; <i>suspect</i> that the number holds, at least in part, on samples that have lost what makes them images: the
judge's confidence by more than $Orw::Verdicts::CONFIDENCE_LOST, or most of the spread; <i>not tested</i> that fewer seeds are there. Near the optimum means a reward of at least
$target_image::claims::NEAR_OPTIMUM, from at most $target_image::claims::BASE_AT_MOST; a collapse means one digit with at least
$target_image::claims::ONE_DIGIT of the samples. Near 0 means at most $compression::claims::NEAR_NOTHING of what alpha = 0 shows; at the floor at
most $compression::claims::AT_FLOOR of the base model's bytes above it; trailing slightly, with more than $steering::claims::SLIGHTLY of the
rise of alpha = 0; converged that the smoothed reward changes by less than
$Orw::Convergence::THRESHOLD of the base model's standard deviation over the last $Orw::Convergence::WINDOW of the updates. A verdict holds for this data set and this profile. <code>analysis/README.md</code> has
the rules in full, <code>claims.tsv</code> this table for machines, <code>figures/data</code> every number behind the figures.</p>
END
}
